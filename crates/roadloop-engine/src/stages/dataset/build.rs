//! A dataset out of all that was gathered: classes agreed, images read once, split, frozen.

use std::collections::{BTreeMap, HashMap};

use roadloop_base::{FrameId, PictureHash, Report, counted};
use roadloop_dataset::{
    Applied, Card, ClassRules, Counts, DatasetName, DatasetRef, ImagePlace, Origin, Sample, Split,
    SplitSettings, merge_classes, order, split_of_classes, unit_key,
};
use roadloop_label::Labels;

use super::gather::{Gathered, Source, gather};
use super::look::{MISFIT, Seen, Unseen, look};
use super::names::tell_apart;
use super::shelf::{self, Made};
use crate::stages::label::now;
use crate::stages::label::refs::Switch;
use crate::{Ctx, EngineError};

/// What is to be built, and how.
#[derive(Clone, Debug)]
pub struct BuildSettings {
    pub name: DatasetName,
    /// Of an image that several speak of, the last one counts.
    pub sources: Vec<Source>,
    pub classes: ClassRules,
    /// Images that nobody looked at are kept, without labels.
    pub keep_unlabelled: bool,
    /// How references of manifests are written here.
    pub switch: Switch,
    pub split: SplitSettings,
    /// An earlier version whose groups stay where they are.
    pub keep_split_of: Option<DatasetRef>,
    pub about: About,
}

/// What people say of a dataset.
#[derive(Clone, Debug, Default)]
pub struct About {
    pub license: Option<String>,
    pub description: Option<String>,
    pub made_by: String,
    /// The command that makes it again.
    pub command: String,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Built {
    pub made: Made,
    /// Images that could not be read are named; they are in the dataset, without content.
    pub report: Report,
}

/// Makes a dataset, or finds that its newest version says the same; `dry` says what it would
/// be and keeps nothing.
pub async fn build(
    ctx: &Ctx,
    labels: Option<&Labels>,
    settings: BuildSettings,
    dry: bool,
) -> Result<Built, EngineError> {
    let tables = ctx.catalog.versions().await?;
    let mut gathered = Vec::new();
    for source in &settings.sources {
        gathered.push(gather(ctx, labels, source, &settings.switch).await?);
    }
    let mut warnings = Vec::new();
    if ctx.catalog.versions().await? != tables {
        warnings.push(
            "the catalog changed while this was built: build again for one state of it".to_owned(),
        );
    }
    let mut joined = join(gathered, settings.keep_unlabelled)?;
    let Applied { classes, dropped } =
        settings.classes.apply(&joined.classes, &mut joined.samples)?;
    for (class, boxes) in dropped {
        let boxes = counted(boxes, "box");
        warnings.push(format!("{boxes} of {class} left out: not among the classes asked for"));
    }
    if joined.samples.is_empty() {
        return Err(EngineError::EmptyDataset { left_out: left_out_in_words(&joined.origins) });
    }
    let kept = match &settings.keep_split_of {
        Some(earlier) => splits_of(ctx, earlier, &settings.split).await?,
        None => HashMap::new(),
    };
    let Joined { samples, mut origins, mut looks, .. } = joined;
    let unseen = samples.into_iter().map(|sample| {
        let look = sample.frame.as_ref().and_then(|frame| looks.remove(frame));
        Unseen { sample, look }
    });
    let Seen { samples, report, misfits } = look(ctx, unseen.collect()).await?;
    for (origin, count) in misfits {
        if let Some(origin) = origins.get_mut(origin as usize) {
            *origin.left_out.entry(MISFIT.to_owned()).or_default() += count;
        }
    }
    let samples = one_of_each(samples, &mut origins);
    if samples.is_empty() {
        return Err(EngineError::EmptyDataset { left_out: left_out_in_words(&origins) });
    }
    let (split_settings, about) = (settings.split, settings.about);
    let draft = Draft {
        name: settings.name,
        tables,
        origins,
        classes,
        samples,
        split: split_settings,
        kept,
        warnings,
        about,
    };
    Ok(Built { made: draft.freeze(ctx, dry).await?, report })
}

fn left_out_in_words(origins: &[Origin]) -> String {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, count) in origins.iter().flat_map(|origin| &origin.left_out) {
        *reasons.entry(reason).or_default() += count;
    }
    let words = reasons.iter().map(|(reason, count)| format!("{count} left out: {reason}"));
    words.collect::<Vec<_>>().join("; ")
}

/// What all sources say together.
struct Joined {
    classes: Vec<String>,
    samples: Vec<Sample>,
    origins: Vec<Origin>,
    looks: HashMap<FrameId, PictureHash>,
}

const NOT_LABELLED: &str = "nobody has labelled it";
const LABELLED_AGAIN: &str = "another source has it too, which counts before this one";

/// One list of classes, and one sample an image.
fn join(gathered: Vec<Gathered>, keep_unlabelled: bool) -> Result<Joined, EngineError> {
    let lists: Vec<&[String]> = gathered.iter().map(|source| source.classes.as_slice()).collect();
    let (classes, places) = merge_classes(&lists);
    let mut joined =
        Joined { classes, samples: Vec::new(), origins: Vec::new(), looks: HashMap::new() };
    let mut met: HashMap<String, usize> = HashMap::new();
    for (origin, (source, places)) in gathered.into_iter().zip(places).enumerate() {
        joined.origins.push(source.origin);
        joined.looks.extend(source.looks);
        for mut sample in source.samples {
            if sample.boxes.is_none() && !keep_unlabelled {
                let left_out = &mut joined.origins[origin].left_out;
                *left_out.entry(NOT_LABELLED.to_owned()).or_default() += 1;
                continue;
            }
            for found in sample.boxes.iter_mut().flatten() {
                let place = places.get(found.class as usize).copied();
                found.class = place.ok_or_else(|| EngineError::DamagedDataset {
                    key: sample.name.to_string(),
                    reason: format!("a box of class {}, which is none", found.class),
                })?;
            }
            sample.origin = origin as u32;
            match met.get(&identity(&sample)) {
                Some(place) => {
                    let before = std::mem::replace(&mut joined.samples[*place], sample);
                    let left_out = &mut joined.origins[before.origin as usize].left_out;
                    *left_out.entry(LABELLED_AGAIN.to_owned()).or_default() += 1;
                }
                None => {
                    met.insert(identity(&sample), joined.samples.len());
                    joined.samples.push(sample);
                }
            }
        }
    }
    Ok(joined)
}

/// The same picture at two places, as a file and as the copy that was imported, is one image
/// too, where two sources speak of it. Frames are told apart by their names.
fn one_of_each(samples: Vec<Sample>, origins: &mut [Origin]) -> Vec<Sample> {
    let mut met: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<Sample> = Vec::with_capacity(samples.len());
    for sample in samples {
        let content = sample.image.content.as_ref().map(|content| content.sha256.clone());
        let there = content.as_ref().and_then(|content| met.get(content)).copied();
        let before = there.and_then(|place| kept.get_mut(place)).filter(|before| {
            before.origin != sample.origin && (before.frame.is_none() || sample.frame.is_none())
        });
        let Some(before) = before else {
            if let Some(content) = content {
                met.insert(content, kept.len());
            }
            kept.push(sample);
            continue;
        };
        let (mut last, other) = match before.origin < sample.origin {
            true => (sample, before.clone()),
            false => (before.clone(), sample),
        };
        // What is known of the image stays known.
        if last.frame.is_none() && other.frame.is_some() {
            last.frame.clone_from(&other.frame);
            last.image.place = other.image.place;
            (last.group, last.taken_at, last.name) = (other.group, other.taken_at, other.name);
        }
        if let Some(origin) = origins.get_mut(other.origin as usize) {
            *origin.left_out.entry(LABELLED_AGAIN.to_owned()).or_default() += 1;
        }
        *before = last;
    }
    kept
}

/// What makes two samples be of the same image.
fn identity(sample: &Sample) -> String {
    match (&sample.frame, &sample.image.place) {
        (Some(frame), _) => format!("frame {frame}"),
        (None, ImagePlace::Key(key)) => format!("key {key}"),
        (None, ImagePlace::Uri(uri)) => format!("uri {uri}"),
    }
}

/// Where an earlier version has its groups.
async fn splits_of(
    ctx: &Ctx,
    earlier: &DatasetRef,
    settings: &SplitSettings,
) -> Result<HashMap<String, Split>, EngineError> {
    let card = shelf::card(ctx, earlier).await?;
    let group = settings.group;
    let rows = shelf::rows(ctx, &card).await?;
    let read = move || {
        let each = rows.map(|row| row.map(|sample| (unit_key(&sample, group), sample.split)));
        each.collect::<Result<HashMap<String, Split>, _>>()
    };
    Ok(ctx.cpu.run(read).await??)
}

/// Samples with all that their card says.
pub(super) struct Draft {
    pub(super) name: DatasetName,
    pub(super) tables: BTreeMap<String, u64>,
    pub(super) origins: Vec<Origin>,
    pub(super) classes: Vec<String>,
    pub(super) samples: Vec<Sample>,
    pub(super) split: SplitSettings,
    pub(super) kept: HashMap<String, Split>,
    pub(super) warnings: Vec<String>,
    pub(super) about: About,
}

impl Draft {
    /// Names, splits, counts and keeps.
    pub(super) async fn freeze(self, ctx: &Ctx, dry: bool) -> Result<Made, EngineError> {
        let (card, frozen) = ctx.cpu.run(move || self.frozen()).await??;
        if dry {
            return Ok(Made { card: Card { id: frozen.id, ..card }, is_new: true });
        }
        shelf::save(ctx, card, frozen).await
    }

    /// What nobody can learn from.
    fn check_classes(&self) -> Result<(), EngineError> {
        match self.classes.iter().any(|class| class.trim().is_empty()) {
            true => Err(EngineError::NamelessClass),
            false => Ok(()),
        }
    }

    fn frozen(mut self) -> Result<(Card, shelf::Frozen), EngineError> {
        self.check_classes()?;
        order(&mut self.samples);
        tell_apart(&mut self.samples);
        let (samples, classes) = (&mut self.samples, &self.classes);
        self.warnings.extend(split_of_classes(samples, classes, &self.split, &self.kept)?);
        self.warnings.extend(leaks(&self.samples));
        order(&mut self.samples);
        for sample in &self.samples {
            if let Some(origin) = self.origins.get_mut(sample.origin as usize) {
                origin.images += 1;
                origin.boxes += sample.boxes.as_ref().map_or(0, Vec::len) as u64;
            }
        }
        let unread =
            self.samples.iter().filter(|sample| sample.image.content.is_none()).count() as u64;
        if unread > 0 {
            let images = counted(unread, "image");
            self.warnings.push(format!(
                "{images} could not be read: their labels are here, and nothing can be trained on \
                 them before they are"
            ));
        }
        let frozen = shelf::freeze(&self.classes, &self.samples)?;
        let card = Card {
            format: Card::FORMAT,
            name: self.name,
            version: 1,
            id: String::new(),
            made_at: to_the_second(&now().iso()),
            made_by: self.about.made_by,
            command: self.about.command,
            tables: self.tables,
            origins: self.origins,
            counts: Counts::of(&self.samples, self.classes.len()),
            classes: self.classes,
            split: self.split,
            license: self.about.license,
            description: self.about.description,
            warnings: self.warnings,
        };
        Ok((card, frozen))
    }
}

/// The same picture in two splits: sources may say so where they give the splits.
fn leaks(samples: &[Sample]) -> Option<String> {
    let mut splits: HashMap<&str, Split> = HashMap::new();
    let mut leaked = std::collections::HashSet::new();
    for sample in samples {
        let Some(content) = &sample.image.content else { continue };
        let first = *splits.entry(&content.sha256).or_insert(sample.split);
        if first != sample.split {
            leaked.insert(content.sha256.as_str());
        }
    }
    (!leaked.is_empty()).then(|| {
        format!(
            "{} in two splits, byte for byte: what is measured on them is too good; split \
             anew, with --split",
            counted(leaked.len() as u64, "image")
        )
    })
}

/// `2026-11-30T22:02:15Z`
fn to_the_second(time: &str) -> String {
    time.get(..19).map_or_else(|| time.to_owned(), |time| format!("{time}Z"))
}

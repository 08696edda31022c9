//! Samples from what there is: jobs, manifests, selections, earlier datasets.
//!
//! Labels made on anonymised copies are joined to the raw frames here: a frame is known by
//! its id, and what a dataset names is the image as it was recorded.

mod job;
mod manifest;
mod selection;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use roadloop_base::{FrameId, FrameRow, PictureHash};
use roadloop_catalog::SelectionRef;
use roadloop_dataset::{
    DatasetRef, ImagePlace, ImageRef, Origin, OriginKind, Sample, SampleBox, SampleName, Split,
};
use roadloop_label::{JobName, Labels};
use roadloop_store::public_part;

use super::look::MISFIT;
use super::names::name_and_group_of_address;
use super::shelf;
use crate::stages::label::refs::Switch;
use crate::{Ctx, EngineError};

/// What a dataset is made from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// What people said in a labelling job, where nobody is to say more.
    Job(JobName),
    /// An augmented manifest: a file, or its address.
    Manifest { address: String, attribute: Option<String> },
    /// The frames of a saved selection, with what is known of them.
    Selection { name: SelectionRef, labels: SelectionLabels },
    /// An earlier dataset, or an imported one.
    Dataset(DatasetRef),
}

/// Whose boxes a selection's frames are taken with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SelectionLabels {
    /// What people drew in the studio; other frames are not labelled.
    People,
    /// Objects a model found, as sure at least; no truth, but a start.
    Models { confidence: f32 },
}

/// What a source gives.
pub(super) struct Gathered {
    pub(super) origin: Origin,
    pub(super) classes: Vec<String>,
    /// Their classes are places in that list.
    pub(super) samples: Vec<Sample>,
    /// What the catalog knows of the look of frames.
    pub(super) looks: HashMap<FrameId, PictureHash>,
}

/// What a source says of an image.
#[derive(Default)]
struct Said {
    /// Of the image that its boxes were drawn on; 0 by 0 where nobody knows.
    size: (u32, u32),
    boxes: Option<Vec<SampleBox>>,
    line: Option<String>,
    /// Where the source says.
    split: Option<Split>,
}

impl Gathered {
    fn new(kind: OriginKind, name: String) -> Gathered {
        let origin = Origin {
            kind,
            name,
            revision: None,
            detail: None,
            images: 0,
            boxes: 0,
            left_out: BTreeMap::new(),
        };
        Gathered { origin, classes: Vec::new(), samples: Vec::new(), looks: HashMap::new() }
    }

    fn leave_out(&mut self, reason: &str) {
        *self.origin.left_out.entry(reason.to_owned()).or_default() += 1;
    }

    /// The place of a class, which is added where it is new.
    fn class(&mut self, name: &str) -> u32 {
        let known = self.classes.iter().position(|class| class == name);
        let place = known.unwrap_or_else(|| {
            self.classes.push(name.to_owned());
            self.classes.len() - 1
        });
        place as u32
    }

    /// A raw frame, and what is said of it.
    fn push_frame(&mut self, row: &FrameRow, said: Said) {
        let Said { size, boxes, line, split } = said;
        let has_boxes = boxes.as_ref().is_some_and(|boxes| !boxes.is_empty());
        let is_known = size.0 > 0 && size.1 > 0;
        if has_boxes && is_known && size != (row.width, row.height) {
            self.leave_out(MISFIT);
            return;
        }
        if let Some(look) = row.look {
            self.looks.insert(row.id.clone(), look);
        }
        let file = row.image.rsplit('/').next().unwrap_or(&row.image);
        self.samples.push(Sample {
            name: SampleName::from_path(&format!("{}/{file}", row.id.recording), "png"),
            image: ImageRef {
                place: ImagePlace::Key(row.image.clone()),
                width: row.width,
                height: row.height,
                content: None,
            },
            split: split.unwrap_or_default(),
            group: row.id.recording.to_string(),
            origin: 0,
            frame: Some(row.id.clone()),
            taken_at: Some(row.taken_at),
            boxes,
            line,
        });
    }

    /// An image that is no frame of the catalog.
    fn push_other(&mut self, uri: &str, said: Said) {
        let Said { size: (width, height), boxes, line, split } = said;
        let (name, group) = name_and_group_of_address(&public_part(uri));
        self.samples.push(Sample {
            name,
            image: ImageRef {
                place: ImagePlace::Uri(uri.to_owned()),
                width,
                height,
                content: None,
            },
            split: split.unwrap_or_default(),
            group,
            origin: 0,
            frame: None,
            taken_at: None,
            boxes,
            line,
        });
    }
}

/// Whatever a source gives.
pub(super) async fn gather(
    ctx: &Ctx,
    labels: Option<&Labels>,
    source: &Source,
    switch: &Switch,
) -> Result<Gathered, EngineError> {
    match source {
        Source::Job(name) => {
            let labels =
                labels.ok_or_else(|| EngineError::NoJobsHere { wanted: name.to_string() })?;
            job::gather(ctx, labels, name, switch).await
        }
        Source::Manifest { address, attribute } => {
            manifest::gather(ctx, address, attribute.as_deref(), switch).await
        }
        Source::Selection { name, labels } => selection::gather(ctx, name, *labels).await,
        Source::Dataset(wanted) => dataset(ctx, wanted).await,
    }
}

async fn dataset(ctx: &Ctx, wanted: &DatasetRef) -> Result<Gathered, EngineError> {
    let card = shelf::card(ctx, wanted).await?;
    let name = format!("{}@{}", card.name, card.version);
    let mut gathered = Gathered::new(OriginKind::Import, name);
    gathered.origin.revision = Some(card.id.clone());
    gathered.samples = shelf::samples(ctx, &card).await?;
    gathered.classes = card.classes;
    Ok(gathered)
}

/// Frames asked for together.
const PAGE: usize = 2000;

/// The rows of frames that are in the catalog.
pub(super) async fn frames(
    ctx: &Ctx,
    ids: impl IntoIterator<Item = FrameId>,
) -> Result<HashMap<FrameId, FrameRow>, EngineError> {
    let mut ids: Vec<FrameId> = ids.into_iter().collect();
    ids.sort();
    ids.dedup();
    let mut rows = HashMap::new();
    for page in ids.chunks(PAGE) {
        for hit in ctx.catalog.frames_named(page).await? {
            rows.insert(hit.frame.id.clone(), hit.frame);
        }
    }
    Ok(rows)
}

/// A path of this machine as a reference that means the same from anywhere on it.
pub(in crate::stages::dataset) fn absolute(path: PathBuf) -> String {
    std::path::absolute(&path).unwrap_or(path).display().to_string()
}

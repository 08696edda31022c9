//! A dataset of others: its labels read whole, its images copied into the store, and then
//! frozen as any other.
//!
//! Labels first, all of them: what is wrong with one is an error before anything is kept.
//! Images lie under their content, so that one that comes twice is kept once; only the card,
//! last, makes them a dataset.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use roadloop_base::{FrameId, FrameRow, Skip};
use roadloop_dataset::formats::{Images, Read, ReadImage, ReadSample, read};
use roadloop_dataset::{
    Content, DatasetName, Format, ImagePlace, ImageRef, Origin, OriginKind, Sample, SplitSettings,
    record_image,
};
use roadloop_store::{Staged, StoreError};
use roadloop_vision::image_size;

use super::build::{About, Built, Draft};
use super::gather::{absolute, frames};
use super::look::{MISFIT, Seen, Trouble, Unread, bytes_of, fit, look_at, place_in_words, sha256};
use super::names::name_and_group;
use crate::pictures::media_type_of;
use crate::stages::label::refs::frame_of;
use crate::{Ctx, EngineError, JobStart, Unit};

/// What is to be imported, and as what.
#[derive(Clone, Debug)]
pub struct ImportSettings {
    pub path: PathBuf,
    pub format: Format,
    pub name: DatasetName,
    pub split: SplitSettings,
    pub about: About,
}

/// Images made visible together: each time, folders are synced.
const PUBLISH_IMAGES: usize = 64;

/// Of a header; JPEGs have a preview before their size at times.
const HEADER_BYTES: u64 = 1 << 20;

/// Sizes of images on this machine's disk.
struct OnDisk;

impl Images for OnDisk {
    fn size(&self, path: &Path) -> Option<(u32, u32)> {
        use std::io::Read as _;
        // Opening a pipe would wait for ever.
        std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let file = std::fs::File::open(path).ok()?;
        let mut head = Vec::new();
        file.take(HEADER_BYTES).read_to_end(&mut head).ok()?;
        image_size(&head)
    }

    fn size_of(&self, image: &[u8]) -> Option<(u32, u32)> {
        image_size(image)
    }
}

/// Takes a dataset of others.
pub async fn import(ctx: &Ctx, settings: ImportSettings, dry: bool) -> Result<Built, EngineError> {
    let (path, format) = (settings.path.clone(), settings.format);
    let reading = move || read(format, &path, &OnDisk);
    let Read { classes, samples, notes } =
        tokio::task::spawn_blocking(reading).await.map_err(EngineError::stopped)??;
    if samples.is_empty() {
        return Err(EngineError::EmptyDataset { left_out: notes.join("; ") });
    }
    let tables = ctx.catalog.versions().await?;
    let named = samples.iter().filter_map(|read| frame_named(&read.image));
    let frames = frames(ctx, named).await?;
    let taking = Taking { ctx, frames, format, dry };
    let Seen { samples, mut report, misfits } = taking.all(samples).await?;
    // What its labels say and is not taken is as good as skipped.
    report.skipped.extend(notes.iter().map(|note| Skip::new("labels", note)));
    if samples.is_empty() {
        let first = report
            .skipped
            .first()
            .map_or_else(String::new, |skip| format!("{}: {}", skip.place, skip.reason));
        return Err(EngineError::EmptyDataset { left_out: first });
    }
    let mut origin = Origin {
        kind: OriginKind::Import,
        name: settings.path.display().to_string(),
        revision: None,
        detail: Some(format.name().to_owned()),
        images: 0,
        boxes: 0,
        left_out: BTreeMap::new(),
    };
    for count in misfits.into_values() {
        origin.left_out.insert(MISFIT.to_owned(), count);
    }
    if let Some(file) = settings.path.file_name() {
        origin.name = file.to_string_lossy().into_owned();
    }
    let draft = Draft {
        name: settings.name,
        tables,
        origins: vec![origin],
        classes,
        samples,
        split: settings.split,
        kept: HashMap::new(),
        warnings: notes,
        about: settings.about,
    };
    Ok(Built { made: draft.freeze(ctx, dry).await?, report })
}

/// The frame that an image is of, by its key in a store like ours.
fn frame_named(image: &ReadImage) -> Option<FrameId> {
    match image {
        ReadImage::Uri(uri) => frame_of(uri),
        ReadImage::File(_) | ReadImage::Record { .. } => None,
    }
}

/// A sample with its image on the way into the store.
struct Kept {
    sample: Sample,
    staged: Option<Staged>,
    trouble: Option<Trouble>,
}

/// Samples of others become ours.
struct Taking<'a> {
    ctx: &'a Ctx,
    /// Those of this catalog that they are of: such stay where they are.
    frames: HashMap<FrameId, FrameRow>,
    format: Format,
    /// Images are looked at, and not kept.
    dry: bool,
}

impl Taking<'_> {
    async fn all(&self, samples: Vec<ReadSample>) -> Result<Seen, EngineError> {
        let ctx = self.ctx;
        let (recording, unit, bytes) = (None, Unit::Frames, None);
        let units = Some(samples.len() as u64);
        let meter = ctx.progress.start(JobStart { job: "import", recording, unit, units, bytes });
        let (mut seen, mut staged) = (Seen::default(), Vec::new());
        let ahead = if ctx.store.is_far() { 16 } else { 2 * ctx.cpu.jobs() };
        let taking = stream::iter(samples).map(|read| self.one(read)).buffered(ahead);
        let mut taking = std::pin::pin!(taking);
        while let Some(Kept { sample, staged: image, trouble }) = taking.try_next().await? {
            meter.advance(1, sample.image.content.as_ref().map_or(0, |content| content.bytes));
            seen.add(sample, trouble, meter.as_ref());
            staged.extend(image);
            if staged.len() >= PUBLISH_IMAGES {
                ctx.store.publish(std::mem::take(&mut staged)).await?;
            }
        }
        ctx.store.publish(staged).await?;
        meter.finish(&seen.report);
        Ok(seen)
    }

    async fn one(&self, read: ReadSample) -> Result<Kept, EngineError> {
        let ctx = self.ctx;
        let (mut sample, image) = self.sample(read);
        let place = format!("image {}", place_in_words(&sample.image.place));
        let bytes = match &image {
            image if !self.is_read(&sample, image) => {
                Err("it lies outside of what is imported, and was not read; copy it beside"
                    .to_owned())
            }
            ReadImage::Record { file, offset } => {
                let (file, offset) = (file.clone(), *offset);
                let read = move || record_image(&file, offset).map_err(|error| error.to_string());
                let read = tokio::task::spawn_blocking(read).await.map_err(EngineError::stopped)?;
                read.map(Bytes::from)
            }
            ReadImage::File(_) | ReadImage::Uri(_) => bytes_of(ctx, &sample.image.place).await?,
        };
        let looked = match bytes {
            Ok(bytes) => look_whole(ctx, bytes).await?,
            Err(reason) => Err(reason),
        };
        let (bytes, content, size) = match looked {
            Ok(looked) => looked,
            Err(reason) => {
                let trouble = Some(Trouble::Unread(Skip::new(place, reason)));
                return Ok(Kept { sample, staged: None, trouble });
            }
        };
        let trouble = size.and_then(|size| fit(&mut sample, size, &place));
        if let Some(Trouble::Misfit(_)) = trouble {
            return Ok(Kept { sample, staged: None, trouble });
        }
        let mut staged = None;
        if sample.frame.is_none() {
            let key = key_of(&content, &bytes);
            sample.image.place = ImagePlace::Key(key.clone());
            if !self.dry && !is_there(ctx, &key, &content).await? {
                staged = Some(ctx.store.stage(&key, bytes).await?);
            }
        }
        sample.image.content = Some(content);
        Ok(Kept { sample, staged, trouble })
    }

    /// A sample whose image was not looked at yet, and where that is.
    fn sample(&self, read: ReadSample) -> (Sample, ReadImage) {
        let ReadSample { path, image, width, height, split, boxes, line } = read;
        let (name, group) = name_and_group(&path);
        let place = match &image {
            ReadImage::File(path) | ReadImage::Record { file: path, .. } => absolute(path.clone()),
            ReadImage::Uri(uri) => uri.clone(),
        };
        let mut sample = Sample {
            name,
            group,
            image: ImageRef { place: ImagePlace::Uri(place), width, height, content: None },
            split: split.unwrap_or_default(),
            origin: 0,
            frame: None,
            taken_at: None,
            boxes,
            line,
        };
        if let Some(row) = frame_named(&image).and_then(|frame| self.frames.get(&frame)) {
            sample.image.place = ImagePlace::Key(row.image.clone());
            sample.group = row.id.recording.to_string();
            sample.taken_at = Some(row.taken_at);
            sample.frame = Some(row.id.clone());
        }
        (sample, image)
    }

    /// Only manifests are of images that lie anywhere. What other forms name outside of their
    /// folder is not read, nor what leads out of it: who made them may not know what lies on
    /// this machine, or ask for it.
    fn is_read(&self, sample: &Sample, image: &ReadImage) -> bool {
        let ReadImage::Uri(uri) = image else { return true };
        let is_whole = uri.contains("://") || Path::new(uri).is_absolute();
        sample.frame.is_some() || (self.format == Format::GroundTruth && is_whole)
    }
}

/// Whether an image was kept before, and is the one that its key says still.
async fn is_there(ctx: &Ctx, key: &str, content: &Content) -> Result<bool, EngineError> {
    match ctx.store.glance(key).await {
        Ok(there) if there.bytes != content.bytes => Ok(false),
        // A bucket keeps what it was given; a disk is read again.
        Ok(_) if ctx.store.is_far() => Ok(true),
        Ok(_) => {
            let bytes = ctx.store.get(key).await?;
            Ok(ctx.cpu.run(move || sha256(&bytes)).await? == content.sha256)
        }
        Err(StoreError::NotFound { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

type Looked = (Bytes, Content, Option<(u32, u32)>);

async fn look_whole(ctx: &Ctx, bytes: Bytes) -> Result<Result<Looked, Unread>, EngineError> {
    let looked = ctx.cpu.run(move || look_at(&bytes, None).map(|(what, size)| (bytes, what, size)));
    Ok(looked.await?.map_err(|error| error.to_string()))
}

/// Where an image lies that came with a dataset.
fn key_of(content: &Content, bytes: &[u8]) -> String {
    let end = match media_type_of(bytes) {
        "image/png" => "png",
        "image/webp" => "webp",
        _ => "jpg",
    };
    let digits = content.sha256.get(..2).unwrap_or("00");
    format!("imported/{digits}/{}.{end}", content.sha256)
}

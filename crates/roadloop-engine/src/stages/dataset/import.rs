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

use roadloop_base::Skip;
use roadloop_dataset::formats::{Images, Read, ReadImage, ReadSample, read};
use roadloop_dataset::{
    Content, DatasetName, Format, ImagePlace, ImageRef, Origin, OriginKind, Sample, SampleName,
    Split, SplitSettings, record_image,
};
use roadloop_store::{Staged, StoreError};
use roadloop_vision::image_size;

use super::build::{About, Built, Draft};
use super::gather::absolute;
use super::look::{MISFIT, Seen, Trouble, Unread, bytes_of, fit, look_at, place_in_words, sha256};
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
    let Seen { samples, mut report, misfits } = match dry {
        true => Seen {
            samples: samples.into_iter().map(|read| sample_of(read).0).collect(),
            ..Seen::default()
        },
        false => keep_images(ctx, samples, format).await?,
    };
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

/// A sample whose image is not kept yet, and where that is.
fn sample_of(read: ReadSample) -> (Sample, ReadImage) {
    let ReadSample { path, image, width, height, split, boxes, line } = read;
    let place = match &image {
        ReadImage::File(path) | ReadImage::Record { file: path, .. } => absolute(path.clone()),
        ReadImage::Uri(uri) => uri.clone(),
    };
    let frame = match &image {
        ReadImage::Uri(uri) => frame_of(uri),
        _ => None,
    };
    let (name, group) = name_and_group(&path);
    let sample = Sample {
        name,
        group,
        image: ImageRef { place: ImagePlace::Uri(place), width, height, content: None },
        split: split.unwrap_or(Split::Train),
        origin: 0,
        frame,
        taken_at: None,
        boxes,
        line,
    };
    (sample, image)
}

/// Folders that forms have, and that say nothing of where an image is from.
const PLAIN_FOLDERS: [&str; 5] = ["images", "data", "JPEGImages", "obj_train_data", "imgs"];

/// What an image is called, and what it is kept together with: its folder, or what stands
/// before the `__` of a name as ours, which is its recording; an image of which neither is
/// known stands alone.
fn name_and_group(path: &str) -> (SampleName, String) {
    let says = |part: &&str| {
        !part.is_empty() && !PLAIN_FOLDERS.contains(part) && part.parse::<Split>().is_err()
    };
    let (folder, file) = path.rsplit_once(['/', '\\']).unwrap_or(("", path));
    let folders: Vec<&str> = folder.split(['/', '\\']).filter(says).collect();
    let folder = folders.join("/");
    let name = SampleName::from_path(&format!("{folder}/{file}"), "jpg");
    let group = match (folder.is_empty(), file.split_once("__")) {
        (false, _) => folder,
        (true, Some((recording, _))) if !recording.is_empty() => recording.to_owned(),
        (true, _) => name.to_string(),
    };
    (name, group)
}

/// A sample with its image on the way into the store.
struct Kept {
    sample: Sample,
    staged: Option<Staged>,
    trouble: Option<Trouble>,
}

async fn keep_images(
    ctx: &Ctx,
    samples: Vec<ReadSample>,
    format: Format,
) -> Result<Seen, EngineError> {
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let units = Some(samples.len() as u64);
    let meter = ctx.progress.start(JobStart { job: "import", recording, unit, units, bytes });
    let (mut seen, mut staged) = (Seen::default(), Vec::new());
    let ahead = if ctx.store.is_far() { 16 } else { 2 * ctx.cpu.jobs() };
    let keeping = stream::iter(samples).map(|read| keep(ctx, read, format)).buffered(ahead);
    let mut keeping = std::pin::pin!(keeping);
    while let Some(Kept { sample, staged: image, trouble }) = keeping.try_next().await? {
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

/// Only manifests are of images that lie anywhere. What other forms name outside of their
/// folder is not read: who made them may not know what lies on this machine, or ask for it.
fn is_read(format: Format, sample: &Sample, image: &ReadImage) -> bool {
    !matches!(image, ReadImage::Uri(_)) || format == Format::GroundTruth || sample.frame.is_some()
}

async fn keep(ctx: &Ctx, read: ReadSample, format: Format) -> Result<Kept, EngineError> {
    let (mut sample, image) = sample_of(read);
    let place = format!("image {}", place_in_words(&sample.image.place));
    // A frame of this catalog stays where it is.
    if let Some(frame) = sample.frame.take()
        && let Some(hit) = ctx.catalog.frame(&frame).await?
    {
        sample.image.place = ImagePlace::Key(hit.frame.image.clone());
        sample.group = frame.recording.to_string();
        sample.taken_at = Some(hit.frame.taken_at);
        sample.frame = Some(frame);
    }
    let bytes = match &image {
        image if !is_read(format, &sample, image) => {
            Err("it lies outside of what is imported, and was not read; copy it beside".to_owned())
        }
        ReadImage::Record { file, offset } => {
            let (file, offset) = (file.clone(), *offset);
            let read = move || record_image(&file, offset).map_err(|error| error.to_string());
            let read = tokio::task::spawn_blocking(read).await.map_err(EngineError::stopped)?;
            read.map(Bytes::from).map_err(|reason| reason.replace('\n', ", "))
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
    let staged = match sample.frame {
        Some(_) => None,
        None => {
            let key = key_of(&content, end_of(&bytes));
            sample.image.place = ImagePlace::Key(key.clone());
            match is_there(ctx, &key, &content).await? {
                true => None,
                false => Some(ctx.store.stage(&key, bytes).await?),
            }
        }
    };
    sample.image.content = Some(content);
    Ok(Kept { sample, staged, trouble })
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
    Ok(looked.await?.map_err(|error| error.to_string().replace('\n', ", ")))
}

/// Where an image lies that came with a dataset.
fn key_of(content: &Content, end: &str) -> String {
    let digits = content.sha256.get(..2).unwrap_or("00");
    format!("imported/{digits}/{}.{end}", content.sha256)
}

/// What the bytes are, whatever their name says.
fn end_of(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'R', b'I', b'F', b'F', ..] => "webp",
        _ => "jpg",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, name: &str, group: &str) {
        let (found, found_group) = name_and_group(path);
        assert_eq!((found.as_str(), found_group.as_str()), (name, group), "{path}");
    }

    #[test]
    fn images_are_called_and_grouped_by_what_their_path_says() {
        check("drive0/000001.png", "drive0__000001.png", "drive0");
        check("images/train/drive0/front/1.png", "drive0__front__1.png", "drive0/front");
        check("images/valid/1.png", "1.png", "1.png");
        check("train\\1.png", "1.png", "1.png");
        check("images/val/drive-1a__front-17.png", "drive-1a__front-17.png", "drive-1a");
        check("1", "1.jpg", "1.jpg");
    }
}

//! What images of a dataset are: read once when it is made, so that it can be told later
//! whether they are the same still.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

use roadloop_base::{PictureHash, Report, Skip};
use roadloop_dataset::{Content, ImagePlace, ImageRef, Sample};
use roadloop_store::{Remote, is_remote, public_part};
use roadloop_vision::{VisionError, decode_bytes, picture_hash};

use crate::{Ctx, EngineError, JobStart, Meter, Unit};

/// Larger files are no images of cameras.
const LARGEST_IMAGE: u64 = 512 << 20;

/// Why an image of a dataset cannot be read, in words; the store being away is an error of
/// another kind.
pub(super) type Unread = String;

/// The bytes of an image, wherever it lies.
pub(super) async fn bytes_of(
    ctx: &Ctx,
    place: &ImagePlace,
) -> Result<Result<Bytes, Unread>, EngineError> {
    match place {
        ImagePlace::Key(key) => match ctx.store.get(key).await {
            Ok(bytes) => Ok(Ok(bytes)),
            Err(error) if error.is_of_the_store() => Err(error.into()),
            Err(error) => Ok(Err(error.to_string())),
        },
        ImagePlace::Uri(uri) if is_remote(uri) => {
            let object = match Remote::new(uri) {
                Ok(remote) => remote.object().await,
                Err(error) => Err(error),
            };
            let object = match object {
                Ok(Some(object)) => object,
                Ok(None) => return Ok(Err("nothing lies there".to_owned())),
                Err(error) => return Ok(Err(error.to_string())),
            };
            let size = object.size().unwrap_or(LARGEST_IMAGE);
            if size > LARGEST_IMAGE {
                return Ok(Err(format!("{size} bytes are no image")));
            }
            let read = tokio::task::spawn_blocking(move || object.read(0, size)).await;
            Ok(read.map_err(EngineError::stopped)?.map_err(|error| error.to_string()))
        }
        ImagePlace::Uri(path) => {
            let path = path.strip_prefix("file://").unwrap_or(path).to_owned();
            let read = tokio::task::spawn_blocking(move || {
                let about = std::fs::metadata(&path)?;
                match about.len() {
                    // Reading of a device or a pipe would have no end.
                    _ if !about.is_file() => Err(std::io::Error::other("it is no file")),
                    size if size > LARGEST_IMAGE => {
                        Err(std::io::Error::other(format!("{size} bytes are no image")))
                    }
                    _ => std::fs::read(&path).map(Bytes::from),
                }
            });
            Ok(read.await.map_err(EngineError::stopped)?.map_err(|error| error.to_string()))
        }
    }
}

/// An image now, held against what it was when the dataset was made.
pub(super) enum Now {
    Same(Bytes),
    Missing(Unread),
    Changed,
}

pub(super) async fn image_now(ctx: &Ctx, image: &ImageRef) -> Result<Now, EngineError> {
    let Some(then) = &image.content else {
        return Ok(Now::Missing("it could not be read when the dataset was made".to_owned()));
    };
    let bytes = match bytes_of(ctx, &image.place).await? {
        Ok(bytes) => bytes,
        Err(reason) => return Ok(Now::Missing(reason)),
    };
    let hashed = ctx.cpu.run(move || (sha256(&bytes), bytes)).await?;
    Ok(match hashed {
        (hash, bytes) if hash == then.sha256 => Now::Same(bytes),
        _ => Now::Changed,
    })
}

/// The bytes of a sample's image as they were when the dataset was made, or what there is in
/// their place.
pub async fn image_bytes(ctx: &Ctx, sample: &Sample) -> Result<Result<Bytes, Skip>, EngineError> {
    let reason = match image_now(ctx, &sample.image).await? {
        Now::Same(bytes) => return Ok(Ok(bytes)),
        Now::Missing(reason) => reason,
        Now::Changed => "it is another one than when the dataset was made".to_owned(),
    };
    Ok(Err(image_skip(sample, reason)))
}

/// An image of a dataset that is left out.
pub(super) fn image_skip(sample: &Sample, reason: impl Into<String>) -> Skip {
    let place = place_in_words(&sample.image.place);
    Skip::new(format!("image {} ({place})", sample.name), reason)
}

/// Where an image lies, in words and without what is secret.
pub(super) fn place_in_words(place: &ImagePlace) -> String {
    match place {
        ImagePlace::Key(key) => key.clone(),
        ImagePlace::Uri(uri) => public_part(uri),
    }
}

/// 64 hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What some bytes are, as an image; its size too. A look that is known is not taken again.
pub(super) fn look_at(
    bytes: &[u8],
    known: Option<PictureHash>,
) -> Result<(Content, Option<(u32, u32)>), VisionError> {
    let (look, size) = match known {
        Some(look) => (look, None),
        None => {
            let pixels = decode_bytes(bytes)?;
            (picture_hash(&pixels), Some((pixels.width(), pixels.height())))
        }
    };
    Ok((Content { bytes: bytes.len() as u64, sha256: sha256(bytes), look }, size))
}

/// A sample whose image is to be looked at, with what the catalog knows of its look.
pub(super) struct Unseen {
    pub(super) sample: Sample,
    pub(super) look: Option<PictureHash>,
}

/// What came of looking at images.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) samples: Vec<Sample>,
    pub(super) report: Report,
    /// How many of each origin are left out, as their labels are of another image.
    pub(super) misfits: BTreeMap<u32, u64>,
}

/// Why a sample is left out, as its card has it.
pub(super) const MISFIT: &str = "its labels are of an image of another size";

/// Reads all images that were not looked at yet. One that cannot be read is named, and
/// its sample stays, without content; one whose labels are of another size is named and
/// left out: nobody knows where its boxes belong.
pub(super) async fn look(ctx: &Ctx, unseen: Vec<Unseen>) -> Result<Seen, EngineError> {
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let units = Some(unseen.len() as u64);
    let meter = ctx.progress.start(JobStart { job: "dataset", recording, unit, units, bytes });
    let mut seen = Seen::default();
    let ahead = if ctx.store.is_far() { 16 } else { 2 * ctx.cpu.jobs() };
    let looks = stream::iter(unseen).map(|unseen| look_once(ctx, unseen)).buffered(ahead);
    let mut looks = std::pin::pin!(looks);
    while let Some((sample, trouble)) = looks.try_next().await? {
        meter.advance(1, sample.image.content.as_ref().map_or(0, |content| content.bytes));
        seen.add(sample, trouble, meter.as_ref());
    }
    meter.finish(&seen.report);
    Ok(seen)
}

/// What is wrong with an image.
pub(super) enum Trouble {
    Unread(Skip),
    Misfit(Skip),
}

impl Seen {
    pub(super) fn add(&mut self, sample: Sample, trouble: Option<Trouble>, meter: &dyn Meter) {
        self.report.done += 1;
        let (is_kept, skip) = match trouble {
            None => (true, None),
            Some(Trouble::Unread(skip)) => (true, Some(skip)),
            Some(Trouble::Misfit(skip)) => (false, Some(skip)),
        };
        if let Some(skip) = skip {
            meter.skipped(&skip);
            self.report.skipped.push(skip);
        }
        match is_kept {
            true => self.samples.push(sample),
            false => *self.misfits.entry(sample.origin).or_default() += 1,
        }
    }
}

async fn look_once(ctx: &Ctx, unseen: Unseen) -> Result<(Sample, Option<Trouble>), EngineError> {
    let Unseen { mut sample, look } = unseen;
    if sample.image.content.is_some() {
        return Ok((sample, None));
    }
    let place = format!("image {}", place_in_words(&sample.image.place));
    let unread = |reason: String| Some(Trouble::Unread(Skip::new(place.clone(), reason)));
    let bytes = match bytes_of(ctx, &sample.image.place).await? {
        Ok(bytes) => bytes,
        Err(reason) => return Ok((sample, unread(reason))),
    };
    match ctx.cpu.run(move || look_at(&bytes, look)).await? {
        Ok((content, size)) => {
            sample.image.content = Some(content);
            let trouble = size.and_then(|size| fit(&mut sample, size, &place));
            Ok((sample, trouble))
        }
        Err(error) => Ok((sample, unread(error.to_string()))),
    }
}

/// Gives a sample the size its image has. Labels that were made for another one are none of
/// it.
pub(super) fn fit(
    sample: &mut Sample,
    (width, height): (u32, u32),
    place: &str,
) -> Option<Trouble> {
    let said = (sample.image.width, sample.image.height);
    (sample.image.width, sample.image.height) = (width, height);
    let has_boxes = sample.boxes.as_ref().is_some_and(|boxes| !boxes.is_empty());
    let is_known = said.0 > 0 && said.1 > 0;
    (has_boxes && is_known && said != (width, height)).then(|| {
        let (said_width, said_height) = said;
        let reason = format!(
            "left out: it is {width}x{height}, and its labels are of one of \
             {said_width}x{said_height}"
        );
        Trouble::Misfit(Skip::new(place, reason))
    })
}

//! A recording's content as plain files in a folder, for people and programs
//! that have no use for a catalog: its images, and an index of them. A folder is
//! of one recording, and its index speaks of all images that are in it.

mod index;
mod journal;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

use roadloop_bag::{Recording, Selection};
use roadloop_base::{EncodedImage, Frame, Report, Skip, Stage, image_key, images_of};
use roadloop_store::{Staged, Store};
use roadloop_vision::{Picture, decode_whole, encode_jpeg, encode_small_png, encode_webp};

use self::index::{Entry, Index};
use self::journal::{Journal, Kept, Owner};
use crate::films::{Films, Shown};
use crate::revision::RevisionBuilder;
use crate::{Cpu, EngineError, JobStart, Progress, Track, Unit};

/// Images are made durable together, so many at a time.
const PUBLISH_IMAGES: usize = 64;

/// Of JPEG files made from other images: no difference to be seen.
pub(crate) const JPEG_QUALITY: u8 = 92;

/// What an image becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageForm {
    /// JPEG, PNG and WebP as they are, byte for byte; pictures of videos as JPEG,
    /// others as PNG.
    #[default]
    Keep,
    Png,
    Jpeg,
    /// Without loss; pictures of sixteen bits become PNG, which holds them.
    WebP,
}

/// How hard PNG files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PngLevel {
    /// A few milliseconds a frame.
    #[default]
    Fast,
    /// A few per cent smaller, in many times the time.
    Small,
}

#[derive(Clone, Debug, Default)]
pub struct ExtractSettings {
    pub selection: Selection,
    pub form: ImageForm,
    pub png_level: PngLevel,
}

/// A folder that holds what is extracted of one recording, and of no other.
#[derive(Debug)]
pub struct ExtractFolder {
    path: PathBuf,
    journal: Arc<Mutex<Journal>>,
}

impl ExtractFolder {
    /// Takes a folder, made when missing, for a recording. Refused are one that holds
    /// files of another recording, and one that another process writes to.
    pub fn open(path: &Path, recording: &Recording) -> Result<ExtractFolder, EngineError> {
        let owner =
            Owner { recording: recording.id().clone(), source: recording.path().to_owned() };
        let journal = Arc::new(Mutex::new(Journal::open(path, &owner)?));
        Ok(ExtractFolder { path: path.to_owned(), journal })
    }
}

/// What became of the images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    pub report: Report,
    /// Images of earlier extractions that were not asked for, but are listed too.
    pub others: u64,
}

/// Writes the selected frames below the folder, one folder for each camera, and
/// `index.csv` and `index.parquet` with a row for each, in the order they were
/// recorded. Images that an earlier extraction made in the same way stay; those that
/// it made of other frames or in another form are listed as well.
pub async fn extract(
    cpu: &Cpu,
    progress: &dyn Progress,
    recording: &Recording,
    folder: &ExtractFolder,
    settings: &ExtractSettings,
) -> Result<Extracted, EngineError> {
    let frames = Films::new(recording.frames(&settings.selection)?);
    let journal = Arc::clone(&folder.journal);
    let folder = &*folder.path;
    let store = roadloop_store::open(&folder.to_string_lossy())?;
    let meter = progress.start(JobStart {
        job: Stage::Extract.name(),
        recording: Some(recording.id().clone()),
        unit: Unit::Frames,
        units: None,
        bytes: Some(recording.size_bytes()),
    });
    let mut report = Report { skipped: recording.damage().to_vec(), ..Report::default() };
    report.skipped.iter().for_each(|skip| meter.skipped(skip));
    let form = (settings.form, settings.png_level);
    let made = made(form);
    let index = Index::create(folder)?;
    let track = Track::read(recording)?;
    let mut listing = Listing { index, track, journal: Arc::clone(&journal), others: 0 };

    let (sender, mut receiver) = mpsc::channel(2 * cpu.jobs());
    let reader = spawn_blocking(move || read(frames, &sender));
    let reads = stream::poll_fn(move |context| receiver.poll_recv(context));
    let (images, known) = (store.clone(), Arc::clone(&journal));
    let work =
        reads.map(move |(bytes_read, read)| {
            let (cpu, store, known) = (cpu.clone(), images.clone(), Arc::clone(&known));
            async move {
                Ok::<_, EngineError>((bytes_read, keep(&cpu, &store, &known, read, form).await?))
            }
        });
    let mut kept = work.buffered(2 * cpu.jobs());
    let mut staged = Vec::new();
    let mut publishing = Publishing { store, journal, made, batch: None };
    while let Some(outcome) = kept.next().await {
        let (bytes_read, outcome) = outcome?;
        match outcome {
            Ok((entry, image)) => {
                listing.add(entry)?;
                match image {
                    Some(image) => {
                        staged.push(image);
                        report.done += 1;
                    }
                    None => report.already_done += 1,
                }
                meter.advance(1, bytes_read);
            }
            Err(skip) => {
                meter.skipped(&skip);
                report.skipped.push(skip);
            }
        }
        if staged.len() >= PUBLISH_IMAGES {
            publishing.begin(std::mem::take(&mut staged)).await?;
        }
    }
    drop(kept);
    publishing.begin(staged).await?;
    publishing.end().await?;
    reader.await.map_err(EngineError::stopped)?;
    // Images first, the index after: it speaks of no image that is not there.
    let others = listing.finish()?;
    meter.finish(&report);
    Ok(Extracted { report, others })
}

/// How an image is made.
fn made((form, level): (ImageForm, PngLevel)) -> u64 {
    // Goes up when the same settings come to write other bytes.
    const FORMAT: u32 = 1;
    let builder = RevisionBuilder::new("files", FORMAT).and(&format!("{form:?} {level:?}"));
    builder.of_frames([]).0.cast_unsigned()
}

/// The index as it grows: what this extraction meets, and between that what earlier
/// ones left.
struct Listing {
    index: Index,
    track: Track,
    journal: Arc<Mutex<Journal>>,
    others: u64,
}

impl Listing {
    fn add(&mut self, entry: Entry) -> Result<(), EngineError> {
        let time = entry.taken_at;
        loop {
            let Some(earlier) = lock(&self.journal).take_before(time) else { break };
            self.write(earlier)?;
            self.others += 1;
        }
        if lock(&self.journal).list(&entry) {
            return self.write(entry);
        }
        // One of the earlier ones after all.
        self.others = self.others.saturating_sub(1);
        Ok(())
    }

    fn write(&mut self, mut entry: Entry) -> Result<(), EngineError> {
        entry.position = self.track.at(entry.taken_at);
        self.index.add(entry)
    }

    /// Makes the index visible; gives how many of its images are none of this
    /// extraction.
    fn finish(mut self) -> Result<u64, EngineError> {
        loop {
            let Some(earlier) = lock(&self.journal).take() else { break };
            self.write(earlier)?;
            self.others += 1;
        }
        self.index.finish()?;
        Ok(self.others)
    }
}

/// An image that is written, but not yet durable.
type New = (Staged, Kept);

/// Makes images durable while the next ones are made; one batch at a time, so a
/// slow disk is waited for.
struct Publishing {
    store: Store,
    journal: Arc<Mutex<Journal>>,
    made: u64,
    batch: Option<JoinHandle<Result<(), EngineError>>>,
}

impl Publishing {
    async fn begin(&mut self, new: Vec<New>) -> Result<(), EngineError> {
        self.end().await?;
        let (store, journal, made) = (self.store.clone(), Arc::clone(&self.journal), self.made);
        self.batch = Some(tokio::spawn(async move {
            let (staged, kept): (Vec<Staged>, Vec<Kept>) = new.into_iter().unzip();
            // The journal first: no image is there that it does not name.
            lock(&journal).add(&kept, made)?;
            Ok(store.publish(staged).await?)
        }));
        Ok(())
    }

    async fn end(&mut self) -> Result<(), EngineError> {
        match self.batch.take() {
            Some(batch) => batch.await.map_err(EngineError::stopped)?,
            None => Ok(()),
        }
    }
}

fn lock(journal: &Mutex<Journal>) -> MutexGuard<'_, Journal> {
    journal.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads on a thread of its own; the channel's bound keeps it from running
/// ahead of the cores.
fn read(mut frames: Films, sender: &mpsc::Sender<(u64, Shown)>) {
    while let Some(read) = frames.next() {
        if sender.blocking_send((frames.bytes_read(), read)).is_err() {
            return; // The other side stopped on an error of its own.
        }
    }
}

/// A frame's row of the index, and its image unless that is there already.
async fn keep(
    cpu: &Cpu,
    store: &Store,
    journal: &Mutex<Journal>,
    shown: Shown,
    form: (ImageForm, PngLevel),
) -> Result<Result<(Entry, Option<New>), Skip>, EngineError> {
    let frame = match shown? {
        Ok(frame) => frame,
        Err(skip) => return Ok(Err(skip)),
    };
    if let Some(kept) = lock(journal).find(&file_of(&frame, ""), made(form)) {
        return Ok(Ok((kept, None)));
    }
    let (entry, image) = match cpu.run(move || prepare(&frame, form)).await? {
        Ok(prepared) => prepared,
        Err(skip) => return Ok(Err(skip)),
    };
    let kept = Kept { entry: entry.clone(), bytes: image.len() as u64 };
    let staged = store.stage(&entry.file, image).await?;
    Ok(Ok((entry, Some((staged, kept)))))
}

/// An image as a file is to have it. It is decoded even where its bytes stay:
/// half a picture is named, not handed on.
fn prepare(frame: &Frame, (form, level): (ImageForm, PngLevel)) -> Result<(Entry, Bytes), Skip> {
    let damaged = |error: roadloop_vision::VisionError| {
        let place = format!("topic {} message {}", frame.topic, frame.id.sequence);
        Skip::new(place, error.to_string())
    };
    let picture = decode_whole(&frame.image).map_err(damaged)?;
    let (image, extension) = match (&frame.image, form) {
        (EncodedImage::Jpeg(bytes), ImageForm::Keep | ImageForm::Jpeg) => (bytes.clone(), "jpg"),
        (EncodedImage::Png(bytes), ImageForm::Keep | ImageForm::Png) => (bytes.clone(), "png"),
        (EncodedImage::WebP(bytes), ImageForm::Keep | ImageForm::WebP) => (bytes.clone(), "webp"),
        (_, ImageForm::Jpeg) | (EncodedImage::Video(_), ImageForm::Keep) => {
            (encode_jpeg(&picture.look(), JPEG_QUALITY).map_err(damaged)?.into(), "jpg")
        }
        (_, ImageForm::WebP) if matches!(picture, Picture::Flat(_)) => {
            (encode_webp(&picture.look()).map_err(damaged)?.into(), "webp")
        }
        _ if level == PngLevel::Small => {
            (encode_small_png(&picture).map_err(damaged)?.into(), "png")
        }
        _ => (picture.encode_png().map_err(damaged)?.into(), "png"),
    };
    let size = (picture.width(), picture.height());
    Ok((entry(frame, file_of(frame, extension), size), image))
}

/// Where its image lies below the folder.
fn file_of(frame: &Frame, extension: &str) -> String {
    let key = image_key(&frame.id, frame.taken_at, extension);
    let below = format!("{}/", images_of(&frame.id.recording));
    key.strip_prefix(&below).unwrap_or(&key).to_owned()
}

fn entry(frame: &Frame, file: String, (width, height): (u32, u32)) -> Entry {
    Entry {
        file,
        camera: frame.id.camera.to_string(),
        topic: frame.topic.to_string(),
        sequence: frame.id.sequence,
        stamp: frame.stamp,
        taken_at: frame.taken_at,
        width,
        height,
        encoding: frame.image.encoding().into(),
        position: None,
    }
}

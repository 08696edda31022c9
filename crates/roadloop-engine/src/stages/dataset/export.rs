//! A dataset in the form of another program, in a folder.
//!
//! Images go where the form has them, several at a time; what is there already with the
//! size it should have is left alone, so an export that was stopped goes on. Labels are
//! written beside, and moved to their place when all is there; the card, `dataset.json`,
//! comes last: where it is, the export came to its end.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use roadloop_base::{Report, Skip};
use roadloop_dataset::formats::{Export, Writer, image_path, writer};
use roadloop_dataset::{Card, Format, ImagePlace, Sample, Split};
use roadloop_vision::PackSettings;

use super::look::{image_bytes, image_skip};
use super::packed;
use super::shelf;
use crate::stages::label::refs::source_ref;
use crate::{Ctx, EngineError, JobStart, NewFile, Unit};

/// What is to be written, and how.
#[derive(Clone, Debug)]
pub struct ExportSettings {
    pub format: Format,
    pub folder: PathBuf,
    /// These only; all where it is empty.
    pub splits: Vec<Split>,
    pub images: ImagesOut,
    /// Of records: how their images are made smaller.
    pub pack: PackSettings,
}

/// What is done with images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImagesOut {
    Copy,
    /// Links to where they lie on this machine.
    Link,
    /// Labels only, which name where images lie.
    None,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Exported {
    /// Images named.
    pub report: Report,
    pub boxes: u64,
    /// Not written, as the form cannot tell them from empty ones.
    pub unlabelled: u64,
}

/// The file that says that an export came to its end, and of what it is.
const CARD: &str = "dataset.json";
/// Of an export under way: of what.
const UNDER_WAY: &str = ".export.json";
/// Where labels are until all is there.
const LABELS: &str = ".labels.partial";

/// What an export is of; another one is not written over it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stamp {
    id: String,
    form: Format,
    splits: Vec<Split>,
    images: ImagesOut,
    /// Of records: short side and quality.
    pack: Option<(Option<u32>, u8)>,
}

/// Writes a dataset to a folder; what was left of the same export is used.
pub async fn export(
    ctx: &Ctx,
    card: &Card,
    settings: &ExportSettings,
) -> Result<Exported, EngineError> {
    let (folder, format) = (&settings.folder, settings.format);
    let stamp = Stamp {
        id: card.id.clone(),
        form: format,
        splits: settings.splits.clone(),
        images: settings.images,
        pack: (format == Format::RecordIo)
            .then_some((settings.pack.short_side, settings.pack.quality)),
    };
    if settings.images == ImagesOut::None && !names_images(format) {
        return Err(EngineError::NamesNoImages { form: format.name() });
    }
    let is_asked = |split: &Split| settings.splits.is_empty() || settings.splits.contains(split);
    if !card.counts.splits.keys().any(is_asked) {
        let name = format!("{}@{}", card.name, card.version);
        return Err(EngineError::NoDatasetImages { name });
    }
    let _lock = claim(folder, &stamp)?;
    let samples = shelf::rows(ctx, card).await?;
    let wanted = settings.splits.clone();
    let is_wanted = move |split: Split| wanted.is_empty() || wanted.contains(&split);
    let splits: Vec<Split> =
        card.counts.splits.keys().copied().filter(|split| is_wanted(*split)).collect();
    let samples =
        samples.filter(move |row| row.as_ref().map_or(true, |sample| is_wanted(sample.split)));
    let labels = folder.join(LABELS);
    let _ = fs::remove_dir_all(&labels);
    fs::create_dir_all(&labels).map_err(EngineError::in_folder(&labels))?;
    let exported = match writer(format, &labels, &Export { card, splits: &splits })? {
        Some(writer) => plain(ctx, card, settings, samples, writer).await?,
        None => packed::write(ctx, card, settings, samples, &splits).await?,
    };
    let (from, to) = (labels.clone(), folder.clone());
    let settle = move || -> Result<(), EngineError> {
        sync(&to);
        move_into(&from, &to)?;
        let _ = fs::remove_dir_all(&from);
        sync(&to);
        Ok(())
    };
    tokio::task::spawn_blocking(settle).await.map_err(EngineError::stopped)??;
    publish_card(folder, card, &stamp, &exported)?;
    Ok(exported)
}

/// Whether labels of a form say where their image lies; of others it lies beside them.
fn names_images(format: Format) -> bool {
    matches!(format, Format::Coco | Format::GroundTruth | Format::LabelStudio | Format::OpenLabel)
}

/// Takes a folder for an export: a new one, an empty one, or one of the same export.
fn claim(folder: &Path, stamp: &Stamp) -> Result<File, EngineError> {
    fs::create_dir_all(folder).map_err(EngineError::in_folder(folder))?;
    let under_way = folder.join(UNDER_WAY);
    let read = |path: &Path| {
        let text = fs::read(path).ok()?;
        serde_json::from_slice::<Whole>(&text).ok().map(|whole| whole.export)
    };
    let found = read(&under_way).or_else(|| read(&folder.join(CARD)));
    let entries = fs::read_dir(folder).map_err(EngineError::in_folder(folder))?;
    let holds_others = entries.flatten().any(|entry| entry.file_name() != UNDER_WAY);
    if found.as_ref() != Some(stamp) && holds_others {
        let what = match found {
            Some(other) => format!("an export of another dataset or form ({})", other.form),
            None => "other files".to_owned(),
        };
        let mut free = folder.as_os_str().to_owned();
        free.push(format!("-{}", stamp.form));
        return Err(EngineError::FolderTaken {
            folder: folder.to_owned(),
            what,
            free: free.into(),
        });
    }
    let text = serde_json::to_vec(&serde_json::json!({ "export": stamp })).unwrap_or_default();
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&under_way)
        .map_err(EngineError::writing(&under_way))?;
    if file.try_lock().is_err() {
        return Err(EngineError::ExportInUse { folder: folder.to_owned() });
    }
    file.set_len(0)
        .and_then(|()| file.write_all(&text))
        .map_err(EngineError::writing(&under_way))?;
    // It is whole no longer, until it is again.
    let _ = fs::remove_file(folder.join(CARD));
    Ok(file)
}

/// The card as an export has it.
#[derive(Deserialize)]
struct Whole {
    export: Stamp,
}

/// Skips that an export's card names; it says how many there were.
const MOST_NAMED: usize = 1000;

fn publish_card(
    folder: &Path,
    card: &Card,
    stamp: &Stamp,
    done: &Exported,
) -> Result<(), EngineError> {
    let path = folder.join(CARD);
    let report = &done.report;
    let written = serde_json::json!({
        "images": report.done + report.already_done,
        "boxes": done.boxes,
        "unlabelled_left_out": done.unlabelled,
        "missing": report.skipped.len(),
        "missing_images": report.skipped.iter().take(MOST_NAMED).collect::<Vec<_>>(),
    });
    let text = serde_json::json!({ "export": stamp, "written": written, "dataset": card });
    let mut file = NewFile::create(&path).map_err(EngineError::writing(&path))?;
    writeln!(file, "{text:#}").map_err(EngineError::writing(&path))?;
    file.publish().map_err(EngineError::writing(&path))?;
    let under_way = folder.join(UNDER_WAY);
    fs::remove_file(&under_way).map_err(EngineError::writing(&under_way))
}

/// All that was written to a folder's disk, at once: each file by itself would take minutes.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = rustix::fs::syncfs(&folder);
    }
}

/// Moves all files below a folder to the same places below another one.
fn move_into(from: &Path, to: &Path) -> Result<(), EngineError> {
    fs::create_dir_all(to).map_err(EngineError::in_folder(to))?;
    for entry in fs::read_dir(from).map_err(EngineError::in_folder(from))? {
        let entry = entry.map_err(EngineError::in_folder(from))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => move_into(&path, &target)?,
            false => fs::rename(&path, &target).map_err(EngineError::writing(&target))?,
        }
    }
    Ok(())
}

/// All forms that have images beside their labels.
async fn plain(
    ctx: &Ctx,
    card: &Card,
    settings: &ExportSettings,
    samples: impl Iterator<Item = Result<Sample, roadloop_dataset::DatasetError>> + Send,
    mut writer: Box<dyn Writer>,
) -> Result<Exported, EngineError> {
    let format = settings.format;
    let (recording, unit, bytes) = (None, Unit::Frames, None);
    let units = Some(card.counts.images).filter(|_| settings.splits.is_empty());
    let meter = ctx.progress.start(JobStart { job: "export", recording, unit, units, bytes });
    let mut done = Exported::default();
    let laid = stream::iter(samples)
        .map(|sample| async { lay(ctx, settings, sample?).await })
        .buffered(at_once(ctx));
    let mut laid = std::pin::pin!(laid);
    while let Some(Laid { sample, image, outcome }) = laid.try_next().await? {
        meter.advance(1, 0);
        match outcome {
            Outcome::Unlabelled => {
                done.unlabelled += 1;
                continue;
            }
            Outcome::There => done.report.already_done += 1,
            Outcome::Written => done.report.done += 1,
            Outcome::Missing(skip) => {
                meter.skipped(&skip);
                done.report.skipped.push(skip);
                continue;
            }
        }
        debug_assert!(sample.boxes.is_some() || format.tells_unlabelled());
        done.boxes += sample.boxes.as_ref().map_or(0, Vec::len) as u64;
        writer.write(&sample, &image)?;
    }
    tokio::task::spawn_blocking(move || writer.finish()).await.map_err(EngineError::stopped)??;
    meter.finish(&done.report);
    Ok(done)
}

/// Images on their way together.
pub(super) fn at_once(ctx: &Ctx) -> usize {
    if ctx.store.is_far() { 32 } else { 4 * ctx.cpu.jobs() }
}

struct Laid {
    sample: Sample,
    /// What the form calls its image.
    image: String,
    outcome: Outcome,
}

enum Outcome {
    Written,
    There,
    Unlabelled,
    Missing(Skip),
}

async fn lay(ctx: &Ctx, settings: &ExportSettings, sample: Sample) -> Result<Laid, EngineError> {
    let format = settings.format;
    if sample.boxes.is_none() && !format.tells_unlabelled() {
        return Ok(Laid { sample, image: String::new(), outcome: Outcome::Unlabelled });
    }
    if (sample.image.width == 0 || sample.image.height == 0) && format != Format::GroundTruth {
        let outcome = missing(&sample, "nobody knows how large it is");
        return Ok(Laid { sample, image: String::new(), outcome });
    }
    let image = image_path(format, &sample);
    let path = settings.folder.join(&image);
    let outcome = match settings.images {
        ImagesOut::None => {
            let image = reference(ctx, &sample.image.place);
            return Ok(Laid { sample, image, outcome: Outcome::Written });
        }
        ImagesOut::Link => link(ctx, &sample, path).await?,
        ImagesOut::Copy => copy(ctx, &sample, path).await?,
    };
    Ok(Laid { sample, image, outcome })
}

/// By what others find an image.
fn reference(ctx: &Ctx, place: &ImagePlace) -> String {
    match place {
        ImagePlace::Key(key) => source_ref(&ctx.store, key),
        ImagePlace::Uri(uri) => uri.clone(),
    }
}

async fn copy(ctx: &Ctx, sample: &Sample, path: PathBuf) -> Result<Outcome, EngineError> {
    let size = sample.image.content.as_ref().map(|content| content.bytes);
    let there = tokio::fs::symlink_metadata(&path).await.ok();
    if there.is_some_and(|there| there.is_file() && Some(there.len()) == size) {
        return Ok(Outcome::There);
    }
    let bytes = match image_bytes(ctx, sample).await? {
        Ok(bytes) => bytes,
        Err(skip) => return Ok(Outcome::Missing(skip)),
    };
    let written = tokio::task::spawn_blocking(move || put(&path, &bytes)).await;
    written.map_err(EngineError::stopped)??;
    Ok(Outcome::Written)
}

fn missing(sample: &Sample, reason: &str) -> Outcome {
    Outcome::Missing(image_skip(sample, reason))
}

/// A file that is there whole or not at all, as far as a process is killed; disks are
/// synced once for all files.
fn put(path: &Path, bytes: &Bytes) -> Result<(), EngineError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(EngineError::in_folder(folder))?;
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, bytes).map_err(EngineError::writing(&partial))?;
    fs::rename(&partial, path).map_err(EngineError::writing(path))
}

async fn link(ctx: &Ctx, sample: &Sample, path: PathBuf) -> Result<Outcome, EngineError> {
    let target = match &sample.image.place {
        ImagePlace::Key(key) => ctx.store.local_path(key),
        ImagePlace::Uri(uri) if !roadloop_store::is_remote(uri) => Some(uri.into()),
        ImagePlace::Uri(_) => None,
    };
    let Some(target) = target else {
        return Ok(missing(sample, "it does not lie on this machine's disk; copy images instead"));
    };
    let make = move || -> Result<Option<Outcome>, EngineError> {
        let Ok(target) = target.canonicalize() else { return Ok(None) };
        if fs::read_link(&path).is_ok_and(|there| there == target) {
            return Ok(Some(Outcome::There));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(EngineError::in_folder(folder))?;
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(&target, &path).map_err(EngineError::writing(&path))?;
        Ok(Some(Outcome::Written))
    };
    let made = tokio::task::spawn_blocking(make).await.map_err(EngineError::stopped)??;
    Ok(made.unwrap_or_else(|| missing(sample, "nothing lies there")))
}

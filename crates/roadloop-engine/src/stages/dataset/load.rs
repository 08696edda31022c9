//! Samples for who trains: decoded by several threads ahead of being asked for, in an order
//! drawn by lot, from images where they lie or from records.

use std::io::{self, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use roadloop_base::{BBox, Skip};
use roadloop_dataset::records::{Bytes as RecordBytes, read_classes};
use roadloop_dataset::{Ahead, AheadSettings, Card, Items, RecordReader, Sample, Split, shuffled};
use roadloop_store::{Store, folder_of, is_remote};
use roadloop_vision::{Pixels, decode_bytes};
use tokio::runtime::Handle;

use super::look::{image_bytes, image_skip};
use super::shelf;
use crate::{Ctx, EngineError};

/// What is read, and how far ahead.
#[derive(Clone, Debug, Default)]
pub struct LoaderSettings {
    /// These only; all where it is empty.
    pub splits: Vec<Split>,
    /// A folder of records, or its address; images where they lie where it is absent.
    pub records: Option<String>,
    /// Images decoded ahead of who reads, at least one.
    pub ahead: usize,
    /// Another seed gives another order.
    pub seed: u64,
}

/// An image as training takes it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its place in the dataset's order of that split.
    pub place: u32,
    /// As the sample is called, or the record.
    pub name: String,
    pub pixels: Pixels,
    pub boxes: Vec<TrainingBox>,
}

/// A box as fractions of the image: what is outside is cut off, what has no inside is left
/// out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingBox {
    /// Place in the card's classes.
    pub class: u32,
    pub bbox: BBox,
}

/// Cheap to clone; clones share what was opened.
#[derive(Clone, Debug)]
pub struct Loader {
    items: Arc<Source>,
    settings: AheadSettings,
    seed: u64,
    left_out: u64,
}

/// Where samples are read from.
struct Source {
    ctx: Ctx,
    /// Threads that decode wait for the store by it.
    handle: Handle,
    from: From,
}

enum From {
    Images(Vec<Sample>),
    /// Readers, and how many records there are up to each.
    Records(Vec<(usize, RecordReader)>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Loader {
    /// Opens what is to be read; images without content or without labels are none of it.
    pub async fn open(
        ctx: &Ctx,
        card: &Card,
        settings: LoaderSettings,
    ) -> Result<Loader, EngineError> {
        let mut left_out = 0;
        let from = match &settings.records {
            Some(records) => records_of(ctx, card, records, &settings.splits).await?,
            None => {
                let mut samples = shelf::samples(ctx, card).await?;
                let splits = &settings.splits;
                samples.retain(|sample| splits.is_empty() || splits.contains(&sample.split));
                let all = samples.len();
                samples.retain(|sample| sample.boxes.is_some() && sample.image.content.is_some());
                left_out = (all - samples.len()) as u64;
                From::Images(samples)
            }
        };
        let items = Arc::new(Source { ctx: ctx.clone(), handle: Handle::current(), from });
        // Those that wait for a network need no core meanwhile.
        let threads = ctx.cpu.jobs() * if ctx.store.is_far() { 8 } else { 1 };
        let settings_of_threads =
            AheadSettings { threads, depth: settings.ahead.max(threads).max(1) };
        Ok(Loader { items, settings: settings_of_threads, seed: settings.seed, left_out })
    }

    /// Samples that cannot be learned from: not labelled, or their image could not be read
    /// when the dataset was made.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Images of an epoch.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// One of them, by its place. Blocks while it is read.
    pub fn get(&self, place: usize) -> Result<Loaded, Skip> {
        self.items.get(place)
    }

    /// All of them once, in the order of that epoch. Blocks where it is waited for.
    pub fn epoch(&self, epoch: u64) -> Box<dyn Iterator<Item = Result<Loaded, Skip>> + Send> {
        let order = shuffled(self.len() as u32, self.seed, epoch);
        match Ahead::new(Arc::clone(&self.items), order, self.settings) {
            Ok(ahead) => Box::new(ahead),
            Err(error) => {
                let skip = Skip::new("loader", format!("no thread can be started: {error}"));
                Box::new(std::iter::once(Err(skip)))
            }
        }
    }
}

impl Items for Source {
    type Item = Loaded;
    type Error = Skip;

    fn len(&self) -> usize {
        match &self.from {
            From::Images(samples) => samples.len(),
            From::Records(readers) => readers.last().map_or(0, |(end, _)| *end),
        }
    }

    fn get(&self, place: usize) -> Result<Loaded, Skip> {
        let (name, bytes, boxes) = match &self.from {
            From::Images(samples) => self.image(samples, place)?,
            From::Records(readers) => record(readers, place)?,
        };
        let bad = |error: roadloop_vision::VisionError| {
            Skip::new(format!("image {name}"), error.to_string())
        };
        let pixels = decode_bytes(&bytes).map_err(bad)?;
        Ok(Loaded { place: place as u32, name, pixels, boxes })
    }
}

type Undecoded = (String, Bytes, Vec<TrainingBox>);

impl Source {
    fn image(&self, samples: &[Sample], place: usize) -> Result<Undecoded, Skip> {
        let missing = || Skip::new(format!("sample {place}"), "there is none");
        let sample = samples.get(place).ok_or_else(missing)?;
        let read = self.handle.block_on(image_bytes(&self.ctx, sample));
        let bytes = read.map_err(|error| image_skip(sample, error.to_string()))??;
        let size = (sample.image.width, sample.image.height);
        let boxes = sample.boxes.iter().flatten().filter_map(|found| {
            let bbox = BBox::from_pixels(found.area.ltrb(), size)?;
            Some(TrainingBox { class: found.class, bbox })
        });
        Ok((sample.name.to_string(), bytes, boxes.collect()))
    }
}

fn record(readers: &[(usize, RecordReader)], place: usize) -> Result<Undecoded, Skip> {
    let missing = || Skip::new(format!("record {place}"), "there is none");
    let at = readers.partition_point(|(end, _)| *end <= place);
    let before = at.checked_sub(1).and_then(|at| readers.get(at)).map_or(0, |(end, _)| *end);
    let (_, reader) = readers.get(at).ok_or_else(missing)?;
    let bad = |error: roadloop_dataset::DatasetError| {
        Skip::new(format!("record {place}"), error.to_string())
    };
    let record = reader.get(place - before).map_err(bad)?;
    let boxes = record.label.boxes.iter().filter_map(|found| {
        let bbox = BBox::clamped(found.left, found.top, found.right, found.bottom)?;
        Some(TrainingBox { class: found.class, bbox })
    });
    Ok((format!("record {}", record.id), record.image.into(), boxes.collect()))
}

/// Records of an export, whose classes must be those of the dataset.
async fn records_of(
    ctx: &Ctx,
    card: &Card,
    address: &str,
    splits: &[Split],
) -> Result<From, EngineError> {
    let splits: Vec<Split> = match splits.is_empty() {
        true => card.counts.splits.keys().copied().collect(),
        false => splits.to_vec(),
    };
    let mut readers = Vec::new();
    let mut end = 0;
    for split in splits {
        let reader = match is_remote(address) && folder_of(address).is_none() {
            true => far_records(address, split, card).await?,
            false => {
                let folder = folder_of(address).unwrap_or_else(|| PathBuf::from(address));
                let classes = card.classes.clone();
                let open = move || near_records(&folder, split, &classes);
                ctx.cpu.run(open).await??
            }
        };
        end += reader.len();
        readers.push((end, reader.with_classes(card.classes.len())));
    }
    Ok(From::Records(readers))
}

fn near_records(
    folder: &Path,
    split: Split,
    classes: &[String],
) -> Result<RecordReader, EngineError> {
    let written = read_classes(folder)?;
    same_classes(written, classes, &folder.display().to_string())?;
    Ok(RecordReader::open(&folder.join(format!("{split}.rec")))?)
}

fn same_classes(
    written: Option<Vec<String>>,
    classes: &[String],
    place: &str,
) -> Result<(), EngineError> {
    match written {
        Some(written) if written != classes => {
            Err(EngineError::OtherRecords { place: place.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Records in a bucket, read record by record.
async fn far_records(
    address: &str,
    split: Split,
    card: &Card,
) -> Result<RecordReader, EngineError> {
    let store = roadloop_store::open(address)?;
    if let Ok(text) = store.get("classes.txt").await {
        let written = String::from_utf8_lossy(&text).lines().map(str::to_owned).collect();
        same_classes(Some(written), &card.classes, address)?;
    }
    let (records, index) = (format!("{split}.rec"), format!("{split}.idx"));
    let length = store.glance(&records).await?.bytes;
    let entries = store.get(&index).await?;
    let bytes =
        Box::new(FarBytes { store, key: records.clone(), length, handle: Handle::current() });
    let path = |name: &str| PathBuf::from(format!("{address}/{name}"));
    let entries = BufReader::new(Cursor::new(entries));
    Ok(RecordReader::with_index(bytes, &path(&records), entries, &path(&index))?)
}

/// Bytes of an object, by ranges.
struct FarBytes {
    store: Store,
    key: String,
    length: u64,
    handle: Handle,
}

impl RecordBytes for FarBytes {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let part = at..at.saturating_add(into.len() as u64);
        let bytes = self.handle.block_on(self.store.get_part(&self.key, part));
        let bytes = bytes.map_err(io::Error::other)?;
        if bytes.len() != into.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        into.copy_from_slice(&bytes);
        Ok(())
    }
}

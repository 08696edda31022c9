//! Packs a folder of images into records, and tells what is in records: what
//! `bench/datasets/packing.py` measures, and `bench/datasets/records.py` compares with MXNet.
//!
//! ```text
//! packing pack <images> <labels.json> <folder to fill> [threads] [as-is] [coco]
//! packing read <file.rec>
//! ```
//!
//! `labels.json` is as `bench/datasets/pictures.py` makes it: `{"classes": […], "images":
//! [{"name": …, "boxes": [[class, left, top, width, height], …]}, …]}`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use roadloop_dataset::formats::{Export, image_path, writer};
use roadloop_dataset::records::{NewRecord, RecordSettings};
use roadloop_dataset::{
    Ahead, AheadSettings, Area, Card, Counts, DatasetName, Format, GroupBy, ImagePlace, ImageRef,
    Items, RecordReader, RecordWriter, Sample, SampleBox, SampleName, Split, SplitBy,
    SplitSettings,
};
use roadloop_vision::{PackSettings, Packed, image_size, pack};
use serde::Deserialize;
use sha2::{Digest, Sha256};

type Failed = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["pack", images, labels, folder, ref rest @ ..] => {
            pack_all(Path::new(images), Path::new(labels), Path::new(folder), rest)
        }
        ["read", file] => read_all(Path::new(file)),
        _ => Err("see the first lines of the example for what it takes".into()),
    }
}

#[derive(Deserialize)]
struct Labels {
    classes: Vec<String>,
    images: Vec<Labelled>,
}

#[derive(Deserialize)]
struct Labelled {
    name: String,
    boxes: Vec<(u32, f64, f64, f64, f64)>,
}

/// Images as they come out of a folder, packed.
struct Folder {
    files: Vec<PathBuf>,
    /// `None`: as they are.
    settings: Option<PackSettings>,
}

/// A packed image, and the size it had before.
struct Image {
    packed: Packed,
    source: (u32, u32),
}

impl Items for Folder {
    type Item = Image;
    type Error = Failed;

    fn len(&self) -> usize {
        self.files.len()
    }

    fn get(&self, place: usize) -> Result<Image, Failed> {
        let file = self.files.get(place).ok_or("no such image")?;
        let bytes = std::fs::read(file)?;
        let size = image_size(&bytes);
        let packed = match (&self.settings, size) {
            (Some(settings), _) => pack(&bytes, settings)?,
            (None, size) => {
                let (width, height) = size.unwrap_or((1280, 720));
                Packed { bytes, width, height }
            }
        };
        let source = size.unwrap_or((packed.width, packed.height));
        Ok(Image { packed, source })
    }
}

fn pack_all(images: &Path, labels: &Path, folder: &Path, rest: &[&str]) -> Result<(), Failed> {
    let labels: Labels = serde_json::from_reader(std::fs::File::open(labels)?)?;
    let mut by_stem = BTreeMap::new();
    for entry in std::fs::read_dir(images)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        by_stem.insert(stem, path);
    }
    let find = |of: &Labelled| by_stem.get(&of.name).cloned().ok_or(format!("no {}", of.name));
    let files = labels.images.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    let threads = rest.iter().find_map(|word| word.parse().ok()).unwrap_or(2);
    let settings = if rest.contains(&"as-is") { None } else { Some(PackSettings::default()) };
    let order = 0..u32::try_from(files.len())?;
    let ahead = AheadSettings { threads, depth: threads * 4 };
    let source = Arc::new(Folder { files, settings });

    let card = card(&labels.classes);
    let export = Export { card: &card, splits: &[Split::Train] };
    let mut coco = match rest.contains(&"coco") {
        true => writer(Format::Coco, folder, &export)?,
        false => None,
    };
    let mut records =
        RecordWriter::create(folder, "train", &labels.classes, RecordSettings::default())?;
    for ((number, of), image) in
        labels.images.iter().enumerate().zip(Ahead::new(source, order, ahead)?)
    {
        let Image { packed, source } = image?;
        let sample = sample(of, source)?;
        let new = NewRecord {
            id: number as u64,
            path: &image_path(Format::RecordIo, &sample),
            image: &packed.bytes,
            width: packed.width,
            height: packed.height,
        };
        records.write(&sample, &new)?;
        if let Some(coco) = &mut coco {
            coco.write(&sample, &image_path(Format::Coco, &sample))?;
        }
    }
    if let Some(coco) = coco {
        coco.finish()?;
    }
    let tally = records.finish()?;
    writeln!(std::io::stdout(), "{} records, {} boxes", tally.records, tally.boxes)?;
    Ok(())
}

fn sample(of: &Labelled, (width, height): (u32, u32)) -> Result<Sample, Failed> {
    let mut boxes = Vec::new();
    for &(class, left, top, width, height) in &of.boxes {
        let area = Area::new(left, top, width, height)?;
        boxes.push(SampleBox { class, area, confidence: None, attributes: BTreeMap::new() });
    }
    let name = SampleName::new(format!("{}.jpg", of.name))?;
    let place = ImagePlace::Key(name.to_string());
    Ok(Sample {
        name,
        image: ImageRef { place, width, height, content: None },
        split: Split::Train,
        group: String::new(),
        origin: 0,
        frame: None,
        taken_at: None,
        boxes: Some(boxes),
        line: None,
    })
}

fn card(classes: &[String]) -> Card {
    Card {
        format: Card::FORMAT,
        name: DatasetName::new("packing").expect("a name"),
        version: 1,
        id: String::new(),
        made_at: "2026-01-01T00:00:00Z".to_owned(),
        made_by: "packing".to_owned(),
        command: String::new(),
        tables: BTreeMap::new(),
        origins: Vec::new(),
        classes: classes.to_vec(),
        split: SplitSettings {
            ratios: [1.0, 0.0, 0.0],
            by: SplitBy::Random,
            group: GroupBy::None,
            stratify: false,
            seed: 0,
        },
        license: None,
        description: None,
        counts: Counts::default(),
        warnings: Vec::new(),
    }
}

/// A line of JSON for each record.
fn read_all(file: &Path) -> Result<(), Failed> {
    let reader = RecordReader::open(file)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for place in 0..reader.len() {
        let record = reader.get(place)?;
        let boxes = record.label.boxes.iter().map(|found| {
            serde_json::json!([found.class, found.left, found.top, found.right, found.bottom])
        });
        let boxes: Vec<_> = boxes.collect();
        let hash = Sha256::digest(&record.image);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let (id, said) = (record.id, record.label.size);
        let found = image_size(&record.image);
        let line = serde_json::json!({
            "id": id, "said": said, "found": found, "boxes": boxes, "sha256": hash,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

//! Writes one dataset in every form, for `bench/datasets/oracles.py` to read with programs
//! that are not ours: `exports <folder> [<manifest>]`. And reads what they write, into a
//! file like `expected.json`: `exports read <form> <folder or file> <to>`.
//!
//! The dataset is the labels of a manifest, the excerpt in `testdata` where none is named,
//! and 200 images made from a seed. Beside the forms, `expected.json` says what is in it.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use roadloop_dataset::formats::{Export, Images, ReadImage, image_path, read, writer};
use roadloop_dataset::{
    Area, Card, Counts, DatasetName, Format, GroupBy, ImagePlace, ImageRef, Sample, SampleBox,
    SampleName, Split, SplitBy, SplitSettings,
};
use serde_json::json;

const MADE: u64 = 200;
const CLASSES: [&str; 4] = ["car", "traffic light", "größe \"<&'", "never used"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [verb, form, from, to] = &arguments[..]
        && verb == "read"
    {
        return read_again(form.parse()?, Path::new(from), Path::new(to));
    }
    let mut arguments = arguments.into_iter().map(PathBuf::from);
    let folder = arguments.next().ok_or("exports <folder> [<manifest>]")?;
    let excerpt = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/manifest/output.manifest");
    let manifest = arguments.next().unwrap_or_else(|| PathBuf::from(excerpt));
    let mut samples = of_manifest(&manifest)?;
    samples.extend((0..MADE).map(made).collect::<Result<Vec<_>, _>>()?);
    let card = card(&samples)?;
    for format in Format::ALL {
        let below = folder.join(format.name());
        std::fs::create_dir_all(&below)?;
        let export = Export { card: &card, splits: &Split::ALL };
        // A form whose writer is not there yet, or that has one of its own, has no folder.
        let Ok(Some(mut writer)) = writer(format, &below, &export) else {
            std::fs::remove_dir_all(&below)?;
            continue;
        };
        for sample in &samples {
            if sample.boxes.is_none() && !format.tells_unlabelled() {
                continue;
            }
            let image = image_path(format, sample);
            writer.write(sample, &image)?;
            let path = below.join(image);
            std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            std::fs::write(path, png(sample.image.width, sample.image.height))?;
        }
        writer.finish()?;
    }
    let expected: Vec<_> = samples.iter().map(|sample| expected(&card, sample)).collect();
    std::fs::write(folder.join("expected.json"), json!({"images": expected}).to_string())?;
    Ok(())
}

/// What another program wrote.
fn read_again(format: Format, from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let found = read(format, from, &Headers)?;
    let images = found.samples.iter().map(|sample| {
        let boxes = sample.boxes.as_ref().map(|boxes| {
            let boxes = boxes.iter().map(|of| written(&found.classes, of));
            boxes.collect::<Vec<_>>()
        });
        let split = sample.split.map(Split::name);
        let (width, height) = (sample.width, sample.height);
        let name = &sample.path;
        json!({"name": name, "split": split, "width": width, "height": height, "boxes": boxes})
    });
    let images: Vec<_> = images.collect();
    let all = json!({"images": images, "classes": found.classes, "notes": found.notes});
    Ok(std::fs::write(to, all.to_string())?)
}

/// Sizes out of the headers of the PNG that [`png`] writes.
struct Headers;

impl Images for Headers {
    fn size(&self, path: &Path) -> Option<(u32, u32)> {
        let bytes = std::fs::read(path).ok()?;
        let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        Some((number(16)?, number(20)?))
    }
}

struct NoImages;

impl Images for NoImages {
    fn size(&self, _: &Path) -> Option<(u32, u32)> {
        None
    }
}

fn of_manifest(path: &Path) -> Result<Vec<Sample>, Box<dyn Error>> {
    let found = read(Format::GroundTruth, path, &NoImages)?;
    let mut samples = Vec::new();
    for (sample, split) in found.samples.into_iter().zip(Split::ALL.into_iter().cycle()) {
        let place = match sample.image {
            ReadImage::Uri(uri) => ImagePlace::Uri(uri),
            image => return Err(format!("an image of the folder: {image:?}").into()),
        };
        let (width, height) = (sample.width, sample.height);
        samples.push(Sample {
            name: SampleName::from_path(&sample.path, "png"),
            image: ImageRef { place, width, height, content: None },
            split,
            group: "manifest".to_owned(),
            origin: 0,
            frame: None,
            taken_at: None,
            boxes: sample.boxes,
            line: sample.line,
        });
    }
    Ok(samples)
}

/// The same for the same number: an image with up to seven boxes within it, a tenth of them
/// with none, a tenth that nobody looked at.
fn made(number: u64) -> Result<Sample, Box<dyn Error>> {
    let mut seed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let (width, height) = (200 + next(600) as u32, 200 + next(400) as u32);
    let mut boxes = Vec::new();
    for _ in 0..next(8) {
        // To a thousandth of a pixel, and at least three pixels wide and high.
        let mut side = |of: u32| {
            let most = u64::from(of) * 1000;
            let begin = next(most - 3000);
            (begin as f64 / 1000.0, (3000 + next(most - 3000 - begin + 1)) as f64 / 1000.0)
        };
        let ((left, wide), (top, high)) = (side(width), side(height));
        boxes.push(SampleBox {
            class: (next(3)) as u32,
            area: Area::new(left, top, wide, high)?,
            confidence: (next(2) == 0).then(|| next(101) as f64 / 100.0),
            attributes: BTreeMap::new(),
        });
    }
    let boxes = match number % 10 {
        3 => None,
        7 => Some(Vec::new()),
        _ => Some(boxes),
    };
    let split = Split::ALL[(number % 3) as usize];
    Ok(Sample {
        name: SampleName::new(format!("made-{number:04}.png"))?,
        image: ImageRef {
            place: ImagePlace::Uri(format!("s3://made/{number}.png")),
            width,
            height,
            content: None,
        },
        split,
        group: "made".to_owned(),
        origin: 0,
        frame: None,
        taken_at: None,
        boxes,
        line: None,
    })
}

fn card(samples: &[Sample]) -> Result<Card, Box<dyn Error>> {
    Ok(Card {
        format: Card::FORMAT,
        name: DatasetName::new("oracles")?,
        version: 1,
        id: "0".repeat(64),
        made_at: "2026-11-30T12:00:00.000000Z".to_owned(),
        made_by: "oracles".to_owned(),
        command: "exports".to_owned(),
        tables: BTreeMap::new(),
        origins: Vec::new(),
        classes: CLASSES.map(str::to_owned).to_vec(),
        split: SplitSettings {
            ratios: [60.0, 20.0, 20.0],
            by: SplitBy::Random,
            group: GroupBy::Recording,
            stratify: false,
            seed: 1,
        },
        license: None,
        description: None,
        counts: Counts::of(samples, CLASSES.len()),
        warnings: Vec::new(),
    })
}

fn expected(card: &Card, sample: &Sample) -> serde_json::Value {
    let boxes = sample
        .boxes
        .as_ref()
        .map(|boxes| boxes.iter().map(|found| written(&card.classes, found)).collect::<Vec<_>>());
    json!({
        "name": sample.name.as_str(),
        "split": sample.split.name(),
        "width": sample.image.width,
        "height": sample.image.height,
        "boxes": boxes,
    })
}

fn written(classes: &[String], found: &SampleBox) -> serde_json::Value {
    let area = found.area;
    let class = classes.get(found.class as usize);
    let sides = [area.left(), area.top(), area.width(), area.height()];
    json!({"class": class, "box": sides, "confidence": found.confidence})
}

/// A grey PNG, its rows not packed: other programs ask images for their size.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    // One bit a pixel, grey.
    header.extend([1, 0, 0, 0, 0]);
    let mut raw = Vec::new();
    for _ in 0..height {
        raw.extend(std::iter::repeat_n(0, 1 + width.div_ceil(8) as usize));
    }
    // Zlib with stored blocks.
    let mut data = vec![0x78, 0x01];
    let blocks = raw.chunks(65535).count();
    for (place, block) in raw.chunks(65535).enumerate() {
        data.push(u8::from(place + 1 == blocks));
        data.extend((block.len() as u16).to_le_bytes());
        data.extend((!(block.len() as u16)).to_le_bytes());
        data.extend(block);
    }
    let (mut low, mut high) = (1u32, 0u32);
    for byte in &raw {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    data.extend(((high << 16) | low).to_be_bytes());
    for (kind, content) in [(b"IHDR", &header[..]), (b"IDAT", &data[..]), (b"IEND", &[][..])] {
        bytes.extend((content.len() as u32).to_be_bytes());
        let part = [&kind[..], content].concat();
        bytes.extend(&part);
        bytes.extend(crc32(&part).to_be_bytes());
    }
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & 0u32.wrapping_sub(crc & 1));
        }
    }
    !crc
}

//! The promises of forms, run for each that is read: any dataset written and read again is
//! the same, as exactly as the form promises.
//!
//! A form with a writer of its own calls [`keeps_its_promises`] with it; all others are
//! written through the seam.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::{
    Area, Attribute, Counts, GroupBy, ImagePlace, ImageRef, SampleName, SplitBy, SplitSettings,
};

/// A dataset to be written.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) card: Card,
    pub(crate) samples: Vec<Sample>,
}

impl Made {
    pub(crate) fn new(classes: Vec<String>, samples: Vec<Sample>) -> Made {
        let card = Card {
            format: Card::FORMAT,
            name: crate::DatasetName::new("cars_and_more").unwrap(),
            version: 3,
            id: "0".repeat(64),
            made_at: "2026-11-30T12:00:00.000000Z".to_owned(),
            made_by: "anna".to_owned(),
            command: "roadloop dataset freeze".to_owned(),
            tables: BTreeMap::new(),
            origins: Vec::new(),
            counts: Counts::of(&samples, classes.len()),
            classes,
            split: SplitSettings {
                ratios: [60.0, 20.0, 20.0],
                by: SplitBy::Random,
                group: GroupBy::Recording,
                stratify: false,
                seed: 1,
            },
            license: Some("CC BY 4.0".to_owned()),
            description: None,
            warnings: Vec::new(),
        };
        Made { card, samples }
    }

    pub(crate) fn splits(&self) -> Vec<Split> {
        let has = |split: &Split| self.samples.iter().any(|sample| sample.split == *split);
        Split::ALL.into_iter().filter(has).collect()
    }
}

/// Knows the size of images that [`image_bytes`] made.
#[derive(Debug)]
pub(crate) struct TextImages;

impl Images for TextImages {
    fn size(&self, path: &Path) -> Option<(u32, u32)> {
        let text = std::fs::read_to_string(path).ok()?;
        let (width, height) = text.split_once('x')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    }
}

/// An image that says nothing but its size.
pub(crate) fn image_bytes(sample: &Sample) -> Vec<u8> {
    format!("{}x{}", sample.image.width, sample.image.height).into_bytes()
}

/// Labels by the form's writer, images where it says. What a form cannot tell from an empty
/// image is not given to it.
pub(crate) fn write_by_seam(format: Format, folder: &Path, made: &Made) {
    let splits = made.splits();
    let export = Export { card: &made.card, splits: &splits };
    let mut writer = writer(format, folder, &export).unwrap().unwrap();
    for sample in expected(format, made) {
        let image = image_path(format, sample);
        writer.write(sample, &image).unwrap();
        let path = folder.join(&image);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, image_bytes(sample)).unwrap();
    }
    writer.finish().unwrap();
}

fn expected(format: Format, made: &Made) -> impl Iterator<Item = &Sample> {
    let is_told = move |sample: &&Sample| format.tells_unlabelled() || sample.boxes.is_some();
    made.samples.iter().filter(is_told)
}

/// What comes back of a sample's boxes: of forms whose readers refuse what is outside of
/// the image, what is within.
fn expected_boxes(format: Format, sample: &Sample) -> Option<Vec<SampleBox>> {
    let mut boxes = sample.boxes.clone()?;
    if !matches!(format, Format::Yolo | Format::RecordIo) {
        return Some(boxes);
    }
    let (width, height) = (sample.image.width, sample.image.height);
    boxes.retain_mut(|found| {
        let whole = found.area;
        found.area = whole.within(width, height);
        let [across, down] = [f64::from(width), f64::from(height)];
        let touches = whole.right() >= 0.0
            && whole.bottom() >= 0.0
            && whole.left() <= across
            && whole.top() <= down;
        let is_flat = |before: f64, after: f64| before > 0.0 && after == 0.0;
        let has_lost = is_flat(whole.width(), found.area.width())
            || is_flat(whole.height(), found.area.height());
        match format {
            Format::Yolo => touches && !has_lost,
            _ => found.area.size() > 0.0,
        }
    });
    Some(boxes)
}

/// Whether a form keeps confidences, and attributes. What it does not promise is not
/// compared.
fn keeps(format: Format) -> (bool, bool) {
    match format {
        Format::Coco => (true, true),
        Format::GroundTruth => (true, false),
        _ => (false, false),
    }
}

/// That what was read is what was made. `is_there` says whether an image is where it was
/// laid, by its sample.
#[track_caller]
pub(crate) fn check_same(
    format: Format,
    made: &Made,
    read: &Read,
    is_there: impl Fn(&Sample, &ReadImage) -> bool,
) {
    assert_eq!(read.classes, made.card.classes, "{format}");
    let mut found: BTreeMap<(Option<Split>, SampleName), &ReadSample> = BTreeMap::new();
    for sample in &read.samples {
        let key = (sample.split, SampleName::from_path(&sample.path, "png"));
        assert!(found.insert(key, sample).is_none(), "{format}: {} is there twice", sample.path);
    }
    for sample in expected(format, made) {
        let name = &sample.name;
        let key = (Some(sample.split), name.clone());
        let read = found.remove(&key).unwrap_or_else(|| panic!("{format}: {name} is gone"));
        assert!(is_there(sample, &read.image), "{format}: {name} is at {:?}", read.image);
        let size = (sample.image.width, sample.image.height);
        assert_eq!((read.width, read.height), size, "{format}: {name}");
        let expected = expected_boxes(format, sample);
        assert_eq!(expected.is_some(), read.boxes.is_some(), "{format}: {name}");
        let (expected, boxes) = (expected.unwrap_or_default(), read.boxes.as_deref());
        let boxes = boxes.unwrap_or_default();
        assert_eq!(expected.len(), boxes.len(), "{format}: boxes of {name}");
        for (expected, found) in expected.iter().zip(boxes) {
            check_box(format, name, expected, found);
        }
    }
    assert_eq!(found.len(), 0, "{format}: more than was written: {:?}", found.keys());
}

#[track_caller]
fn check_box(format: Format, name: &SampleName, expected: &SampleBox, found: &SampleBox) {
    assert_eq!(expected.class, found.class, "{format}: {name}");
    let precision = format.precision();
    if precision == 0.0 {
        assert_eq!(expected.area, found.area, "{format}: {name}");
    }
    let sides = |area: Area| [area.left(), area.top(), area.right(), area.bottom()];
    for (expected, found) in sides(expected.area).into_iter().zip(sides(found.area)) {
        let is_near = precision == 0.0 || (expected - found).abs() <= precision;
        assert!(is_near, "{format}: {name}: {expected} came back as {found}");
    }
    let (confidence, attributes) = keeps(format);
    if confidence {
        assert_eq!(expected.confidence, found.confidence, "{format}: {name}");
    }
    if attributes {
        assert_eq!(expected.attributes, found.attributes, "{format}: {name}");
    }
}

/// All files below a folder, from it on.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    files
}

/// Writes and reads any datasets; `write` makes the folder, `read` gives what is in it.
pub(crate) fn keeps_its_promises(
    format: Format,
    write: impl Fn(&Path, &Made),
    read: impl Fn(&Path) -> Read,
    is_there: impl Fn(&Path, &Sample, &ReadImage) -> bool,
) {
    let mut runner = TestRunner::new(Config { cases: 48, ..Config::default() });
    let run = runner.run(&datasets(format.precision() == 0.0), |made| {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("in");
        std::fs::create_dir(&folder).unwrap();
        write(&folder, &made);
        let files = files_below(outer.path());
        let strays = files.iter().filter(|file| {
            !file.starts_with("in") || file.extension().is_some_and(|end| end == "part")
        });
        assert_eq!(strays.collect::<Vec<_>>(), Vec::<&PathBuf>::new(), "{format}");
        if !made.samples.is_empty() {
            let got = read(&folder);
            check_same(format, &made, &got, |sample, image| is_there(&folder, sample, image));
        }
        Ok(())
    });
    if let Err(error) = run {
        panic!("{format}: {error}");
    }
}

fn through_the_seam(format: Format) {
    keeps_its_promises(
        format,
        |folder, made| write_by_seam(format, folder, made),
        |folder| read(format, folder, &TextImages).unwrap(),
        |folder, sample, image| *image == ReadImage::File(folder.join(image_path(format, sample))),
    );
}

/// Any dataset. `is_wild`: also with sides of which fractions lose digits.
pub(crate) fn datasets(is_wild: bool) -> impl Strategy<Value = Made> {
    let name = prop_oneof!["\\PC{1,20}", "[<>&\"' a-z:#,{}\\\\%-]{1,8}", "[a-z]{1,80}"];
    let name = name.prop_map(|name: String| name.trim().to_owned());
    let classes = proptest::collection::vec(name, 0..6).prop_map(|names| {
        let mut seen = std::collections::HashSet::new();
        let is_new = |name: &String| !name.is_empty() && seen.insert(name.clone());
        names.into_iter().filter(is_new).collect::<Vec<String>>()
    });
    classes.prop_flat_map(move |classes| {
        let count = classes.len() as u32;
        let samples = proptest::collection::vec(any_sample(count, is_wild), 0..9);
        samples.prop_map(move |mut samples| {
            for (number, sample) in samples.iter_mut().enumerate() {
                let (stem, end) = (sample.name.stem(), ["png", "jpg"][number % 2]);
                sample.name = SampleName::new(format!("{stem}{number}.{end}")).unwrap();
            }
            Made::new(classes.clone(), samples)
        })
    })
}

fn any_sample(classes: u32, is_wild: bool) -> impl Strategy<Value = Sample> {
    let most = if classes == 0 { 0 } else { 5 };
    let size = (1u32..4000, 1u32..3000);
    let split = prop_oneof![Just(Split::Train), Just(Split::Val), Just(Split::Test)];
    (size, "s[a-z0-9äßçñé漢字ж_.-]{0,12}_", split).prop_flat_map(move |(size, name, split)| {
        let found = any_box(classes.max(1), size, is_wild);
        let boxes = proptest::option::weighted(0.9, proptest::collection::vec(found, 0..=most));
        boxes.prop_map(move |boxes| Sample {
            name: SampleName::new(format!("{name}.png")).unwrap(),
            image: ImageRef {
                place: ImagePlace::Uri(format!("s3://raw/{name}.png")),
                width: size.0,
                height: size.1,
                content: None,
            },
            split,
            group: "drive".to_owned(),
            origin: 0,
            frame: None,
            taken_at: None,
            boxes,
            line: None,
        })
    })
}

fn any_box(classes: u32, size: (u32, u32), is_wild: bool) -> impl Strategy<Value = SampleBox> {
    let [width, height] = [size.0, size.1].map(f64::from);
    let part = || 0.0..=1.0f64;
    let within = (part(), part(), part(), part()).prop_map(move |(left, top, wide, high)| {
        [left * width, top * height, wide * (1.0 - left) * width, high * (1.0 - top) * height]
    });
    let far = || -1e6..1e6f64;
    let outside = (far(), far(), 0.0..1e6f64, 0.0..1e6f64).prop_map(|(l, t, w, h)| [l, t, w, h]);
    let flat = (part(), part()).prop_map(move |(left, top)| [left * width, top * height, 0.0, 7.5]);
    let whole = Just([0.0, 0.0, width, height]);
    let huge = || prop_oneof![-1e300..1e300f64, -1e-300..1e-300f64, Just(-0.0), Just(1e16)];
    let wild = (huge(), huge(), huge(), huge())
        .prop_map(|(left, top, wide, high)| [left, top, wide.abs(), high.abs()]);
    let weight = u32::from(is_wild);
    let sides = prop_oneof![5 => within, 1 => outside, 1 => flat, 1 => whole, weight => wild];
    let attribute = prop_oneof![
        any::<bool>().prop_map(Attribute::Flag),
        (-1e9..1e9f64).prop_map(Attribute::Number),
        "\\PC{0,9}".prop_map(Attribute::Text),
    ];
    let named = prop_oneof!["occluded|truncated|difficult|iscrowd", "[a-z <&\"]{1,9}"];
    let attributes = proptest::collection::btree_map(named, attribute, 0..3);
    let confidence = proptest::option::of(prop_oneof![Just(0.0), 0.0..=1.0f64]);
    (0..classes, sides, confidence, attributes).prop_map(
        |(class, sides, confidence, attributes)| SampleBox {
            class,
            area: Area::try_from(sides).unwrap(),
            confidence,
            attributes,
        },
    )
}

#[test]
fn coco_keeps_its_promises() {
    through_the_seam(Format::Coco);
}

#[test]
fn yolo_keeps_its_promises() {
    through_the_seam(Format::Yolo);
}

#[test]
fn ground_truth_keeps_its_promises() {
    through_the_seam(Format::GroundTruth);
}

#[test]
fn voc_keeps_its_promises() {
    through_the_seam(Format::Voc);
}

#[test]
fn cvat_keeps_its_promises() {
    through_the_seam(Format::Cvat);
}

#[test]
fn label_studio_keeps_its_promises() {
    through_the_seam(Format::LabelStudio);
}

/// A dataset of what a manifest says, a third of it in each split.
pub(crate) fn of_manifest(path: &Path) -> Made {
    let read = read(Format::GroundTruth, path, &TextImages).unwrap();
    let samples = read.samples.into_iter().enumerate().map(|(number, sample)| Sample {
        name: SampleName::from_path(&sample.path, "png"),
        image: ImageRef {
            place: ImagePlace::Uri(sample.path),
            width: sample.width,
            height: sample.height,
            content: None,
        },
        split: Split::ALL[number % 3],
        group: "drive".to_owned(),
        origin: 0,
        frame: None,
        taken_at: None,
        boxes: sample.boxes,
        line: sample.line,
    });
    Made::new(read.classes, samples.collect())
}

/// Gives images and boxes.
fn check_manifest(path: &Path) -> (u64, u64) {
    let made = of_manifest(path);
    let forms = [Format::GroundTruth, Format::Coco, Format::Yolo];
    for format in forms.into_iter().chain([Format::Voc, Format::Cvat, Format::LabelStudio]) {
        let folder = tempfile::tempdir().unwrap();
        write_by_seam(format, folder.path(), &made);
        let got = read(format, folder.path(), &TextImages).unwrap();
        check_same(format, &made, &got, |_, image| matches!(image, ReadImage::File(_)));
    }
    for format in [Format::FiftyOne, Format::OpenLabel] {
        check_written_only(format, &made);
    }
    check_lines(path, &made);
    (made.card.counts.images, made.card.counts.boxes)
}

/// Where images are called as before, each line is the line that was read.
fn check_lines(path: &Path, made: &Made) {
    let folder = tempfile::tempdir().unwrap();
    let splits = made.splits();
    let export = Export { card: &made.card, splits: &splits };
    let mut writer = writer(Format::GroundTruth, folder.path(), &export).unwrap().unwrap();
    for sample in &made.samples {
        let ImagePlace::Uri(image) = &sample.image.place else { panic!("no uri") };
        writer.write(sample, image).unwrap();
    }
    writer.finish().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    for (split, begin) in Split::ALL.into_iter().zip(0..) {
        let file = folder.path().join(format!("manifests/{split}.manifest"));
        let written = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.lines().skip(begin).step_by(3).collect();
        assert_eq!(written.lines().collect::<Vec<_>>(), lines, "{split}");
    }
}

/// Forms without a reader of ours: as many images and boxes as were made, and of each its
/// class and centre.
#[track_caller]
fn check_written_only(format: Format, made: &Made) {
    let folder = tempfile::tempdir().unwrap();
    write_by_seam(format, folder.path(), made);
    let mut found: Vec<(String, String, [f64; 2])> = Vec::new();
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    };
    for split in made.splits() {
        let file = match format {
            Format::FiftyOne => format!("{split}/labels.json"),
            _ => format!("openlabel_{split}.json"),
        };
        let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        if format == Format::FiftyOne {
            for (image, labels) in value["labels"].as_object().unwrap() {
                let sample = made.samples.iter().find(|s| s.name.stem() == image).unwrap();
                assert_eq!(sample.boxes.is_none(), labels.is_null());
                let size = [sample.image.width, sample.image.height].map(f64::from);
                for label in labels.as_array().into_iter().flatten() {
                    let sides = numbers(&label["bounding_box"]);
                    let centre =
                        [0, 1].map(|side| (sides[side] + sides[side + 2] / 2.0) * size[side]);
                    let class = label["label"].as_str().unwrap();
                    found.push((image.clone(), class.to_owned(), centre));
                }
            }
            continue;
        }
        let all = &value["openlabel"];
        assert_eq!(all["metadata"]["schema_version"], "1.0.0");
        for frame in all["frames"].as_object().unwrap().values() {
            let uri = frame["frame_properties"]["streams"]["camera"]["uri"].as_str().unwrap();
            let name = SampleName::new(uri.strip_prefix("images/").unwrap()).unwrap();
            for (object, data) in frame["objects"].as_object().unwrap() {
                let class = all["objects"][object]["type"].as_str().unwrap();
                let sides = numbers(&data["object_data"]["bbox"][0]["val"]);
                found.push((name.stem().to_owned(), class.to_owned(), [sides[0], sides[1]]));
            }
        }
    }
    let mut expected: Vec<(String, String, [f64; 2])> = Vec::new();
    for sample in &made.samples {
        for made_box in sample.boxes.iter().flatten() {
            let area = made_box.area;
            let centre = [area.left() + area.width() / 2.0, area.top() + area.height() / 2.0];
            let class = made.card.classes[made_box.class as usize].clone();
            expected.push((sample.name.stem().to_owned(), class, centre));
        }
    }
    let order = |a: &(String, String, [f64; 2]), b: &(String, String, [f64; 2])| {
        (&a.0, &a.1).cmp(&(&b.0, &b.1)).then(a.2[0].total_cmp(&b.2[0]))
    };
    found.sort_by(order);
    expected.sort_by(order);
    assert_eq!(found.len(), expected.len(), "{format}");
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!((&expected.0, &expected.1), (&found.0, &found.1), "{format}");
        let off = expected.2[0] - found.2[0];
        assert!(off.abs() <= format.precision(), "{format}: {expected:?} {found:?}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]
    #[test]
    fn forms_that_are_only_written_say_the_same(made in datasets(false)) {
        check_written_only(Format::FiftyOne, &made);
        check_written_only(Format::OpenLabel, &made);
    }
}

#[test]
fn the_real_manifest_goes_through_every_form() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/manifest/output.manifest");
    assert_eq!(check_manifest(Path::new(path)), (8, 43));
}

/// `MANIFEST=… cargo test -p roadloop-dataset -- --ignored whole_manifest`
#[test]
#[ignore = "needs a manifest of your own"]
fn a_whole_manifest_goes_through_every_form() {
    let path = std::env::var("MANIFEST").unwrap();
    let (images, boxes) = check_manifest(Path::new(&path));
    let lines = std::fs::read_to_string(&path).unwrap().lines().count() as u64;
    assert_eq!(images, lines);
    assert!(boxes > 0);
}

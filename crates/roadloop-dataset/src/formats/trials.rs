//! What tests of Pascal VOC, CVAT and Label Studio share: small datasets of any content,
//! written and read again.

use std::path::Path;

use proptest::prelude::*;

use super::suite::Made;
use super::{Export, Format, Images, Read, image_path, read, writer};
use crate::{
    Area, Attribute, DatasetError, ImagePlace, ImageRef, Sample, SampleBox, SampleName, Split,
};

/// No image is there.
pub(super) struct Nothing;

impl Images for Nothing {
    fn size(&self, _: &Path) -> Option<(u32, u32)> {
        None
    }
}

pub(super) fn write(
    format: Format,
    folder: &Path,
    classes: &[String],
    samples: &[Sample],
) -> Result<(), DatasetError> {
    let made = Made::new(classes.to_vec(), samples.to_vec());
    let export = Export { card: &made.card, splits: &made.splits() };
    let mut writer = writer(format, folder, &export)?.unwrap();
    for sample in samples {
        writer.write(sample, &image_path(format, sample))?;
    }
    writer.finish()
}

fn a_box(classes: u32) -> impl Strategy<Value = SampleBox> {
    let side = || prop_oneof![-10.0..3000.0_f64, (0..3000_u32).prop_map(f64::from)];
    let size = || prop_oneof![Just(0.0), 0.0..2000.0_f64];
    let text = "[a-z<>&'\" é]{0,6}z".prop_map(Attribute::Text);
    let value = prop_oneof![
        any::<bool>().prop_map(Attribute::Flag),
        (-1e6..1e6_f64).prop_map(Attribute::Number),
        text
    ];
    let attributes = prop::collection::btree_map("[k-n]{1,3}<?", value, 0..3);
    let confidence = prop::option::of(0.0..=1.0_f64);
    (0..classes, side(), side(), size(), size(), confidence, attributes).prop_map(
        |(class, left, top, width, height, confidence, attributes)| SampleBox {
            class,
            area: Area::new(left, top, width, height).unwrap(),
            confidence,
            attributes,
        },
    )
}

pub(super) fn sample(name: &str, split: Split, boxes: Option<Vec<SampleBox>>) -> Sample {
    Sample {
        name: SampleName::new(name).unwrap(),
        image: ImageRef {
            place: ImagePlace::Key(format!("images/{name}")),
            width: 1921,
            height: 1079,
            content: None,
        },
        split,
        group: String::new(),
        origin: 0,
        frame: None,
        taken_at: None,
        boxes,
        line: None,
    }
}

/// Classes, some of them without a box, and samples.
pub(super) fn datasets() -> impl Strategy<Value = (Vec<String>, Vec<Sample>)> {
    let classes = prop::collection::btree_set("[ <>&'\"a-cé人]{0,5}[a-z&<]", 1..5);
    classes.prop_flat_map(|classes| {
        let classes: Vec<String> = classes.into_iter().collect();
        let boxes = prop::collection::vec(a_box(classes.len() as u32), 0..4);
        let split = prop::sample::select(Split::ALL.to_vec());
        let samples = prop::collection::vec((split, prop::option::of(boxes)), 0..6);
        let samples = samples.prop_map(|samples| {
            let numbered = samples.into_iter().enumerate();
            numbered
                .map(|(at, (split, boxes))| sample(&format!("é_{at}.png"), split, boxes))
                .collect()
        });
        (Just(classes), samples)
    })
}

/// Writes a dataset, reads it, and says where the two differ.
pub(super) fn come_back(
    format: Format,
    classes: &[String],
    mut samples: Vec<Sample>,
) -> Result<(), TestCaseError> {
    if !format.tells_unlabelled() {
        samples.retain(|sample| sample.boxes.is_some());
    }
    let folder = tempfile::tempdir().unwrap();
    write(format, folder.path(), classes, &samples).unwrap();
    let read: Read = read(format, folder.path(), &Nothing).unwrap();
    prop_assert_eq!(&read.classes, classes);
    prop_assert_eq!(&read.notes, &Vec::<String>::new());
    prop_assert_eq!(read.samples.len(), samples.len());
    for (found, sample) in read.samples.iter().zip(&samples) {
        prop_assert_eq!(&found.path, sample.name.as_str());
        prop_assert_eq!((found.width, found.height), (sample.image.width, sample.image.height));
        prop_assert_eq!(found.split, Some(sample.split));
        prop_assert_eq!(found.boxes.is_some(), sample.boxes.is_some());
        let (found, boxes) = (found.boxes.iter().flatten(), sample.boxes.iter().flatten());
        prop_assert_eq!(found.clone().count(), boxes.clone().count());
        for (found, a_box) in found.zip(boxes) {
            prop_assert_eq!(found.class, a_box.class);
            prop_assert_eq!(found.confidence, a_box.confidence);
            prop_assert_eq!(&found.attributes, &a_box.attributes);
            let sides = |area: Area| [area.left(), area.top(), area.right(), area.bottom()];
            for (found, side) in sides(found.area).into_iter().zip(sides(a_box.area)) {
                prop_assert!((found - side).abs() <= format.precision(), "{found} {side}");
            }
        }
    }
    Ok(())
}

/// The file cut off at every byte is an error or is read, but never a panic. It is put back.
pub(super) fn cut_everywhere(format: Format, folder: &Path, file: &str) {
    let path = folder.join(file);
    let whole = std::fs::read(&path).unwrap();
    let mut refused = 0;
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        refused += usize::from(read(format, folder, &Nothing).is_err());
    }
    std::fs::write(&path, &whole).unwrap();
    // All but those that lack no more than the last line's end.
    assert!(refused + 2 >= whole.len(), "{refused} of {}", whole.len());
}

/// What is said of a folder with that one file.
#[track_caller]
pub(super) fn check(format: Format, file: &str, content: impl AsRef<[u8]>, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    check_folder(format, folder.path(), expected);
}

/// The same of a folder as it is: its error, or its notes and samples.
#[track_caller]
pub(super) fn check_folder(format: Format, folder: &Path, expected: &str) {
    let got = match read(format, folder, &Nothing) {
        Ok(read) => format!("{:?} {:?} {:?}", read.classes, read.notes, read.samples),
        Err(error) => error.to_string(),
    };
    assert!(got.contains(expected), "expected {expected}\ngot {got}");
}

/// A file of two gigabytes that takes no room: zeros after a beginning.
pub(super) fn huge(path: &Path, start: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, start).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(2 << 30).unwrap();
}

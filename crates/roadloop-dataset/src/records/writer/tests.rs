//! Cases of the writer, read again by the reader.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::records::{RecordReader, record_image};
use crate::{Area, ImagePlace, ImageRef, SampleName, Split};

fn classes() -> Vec<String> {
    vec!["car".to_owned(), "person".to_owned()]
}

fn found(class: u32, sides: [f64; 4]) -> SampleBox {
    let area = Area::try_from(sides).unwrap();
    SampleBox { class, area, confidence: None, attributes: BTreeMap::new() }
}

fn sample(boxes: Option<Vec<SampleBox>>) -> Sample {
    Sample {
        name: SampleName::new("a.jpg").unwrap(),
        image: ImageRef {
            place: ImagePlace::Key("a.jpg".to_owned()),
            width: 1280,
            height: 720,
            content: None,
        },
        split: Split::Train,
        group: String::new(),
        origin: 0,
        frame: None,
        taken_at: None,
        boxes,
        line: None,
    }
}

fn write(
    writer: &mut RecordWriter,
    id: u64,
    image: &[u8],
    boxes: Option<Vec<SampleBox>>,
) -> Result<Written, DatasetError> {
    let path = format!("train/{id}.jpg");
    let new = NewRecord { id, path: &path, image, width: 640, height: 360 };
    writer.write(&sample(boxes), &new)
}

/// Class and sides in pixels of all records that are in a folder.
type ClassAndSides = (u32, [f64; 4]);

#[track_caller]
fn check(folder: &Path, expected: &[(u64, &[ClassAndSides])]) {
    let reader = RecordReader::open(&folder.join("train.rec")).unwrap().with_classes(2);
    let mut got = Vec::new();
    for place in 0..reader.len() {
        let record = reader.get(place).unwrap();
        assert_eq!(record.label.size, Some((640, 360)));
        let image = record_image(&folder.join("train.rec"), reader.offset(place).unwrap());
        assert_eq!(image.unwrap(), record.image);
        let sides = record.label.boxes.iter().map(|found| {
            let sides: [f64; 4] = found.area(1280, 720).unwrap().into();
            (found.class, sides.map(|side| (side * 100.0).round() / 100.0))
        });
        got.push((record.id, sides.collect::<Vec<_>>()));
    }
    let expected: Vec<_> = expected.iter().map(|(id, boxes)| (*id, boxes.to_vec())).collect();
    assert_eq!(got, expected);
}

#[test]
fn samples_become_records() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordSettings::default();
    let mut writer = RecordWriter::create(folder.path(), "train", &classes(), settings).unwrap();
    let boxes = vec![
        found(1, [10.5, 20.0, 100.0, 50.25]),
        found(0, [-10.0, 700.0, 30.0, 100.0]),
        found(0, [1280.0, 0.0, 10.0, 10.0]),
        found(0, [5.0, 5.0, 0.0, 10.0]),
    ];
    assert_eq!(write(&mut writer, 0, b"image", Some(boxes)).unwrap(), Written::Record);
    assert_eq!(write(&mut writer, 1, b"", None).unwrap(), Written::Unlabelled);
    assert_eq!(write(&mut writer, 2, b"other", Some(vec![])).unwrap(), Written::Record);
    assert!(!folder.path().join("train.rec").exists(), "not before it is whole");
    let tally = writer.finish().unwrap();
    let expected = RecordTally {
        records: 2,
        boxes: 2,
        boxes_without_inside: 2,
        unlabelled_left_out: 1,
        ..RecordTally::default()
    };
    assert_eq!(tally, expected);
    check(
        folder.path(),
        &[(0, &[(1, [10.5, 20.0, 100.0, 50.25]), (0, [0.0, 700.0, 20.0, 20.0])]), (2, &[])],
    );
    let list = fs::read_to_string(folder.path().join("train.lst")).unwrap();
    assert_eq!(list.lines().next_back(), Some("2\t4\t5\t640\t360\t-1\t0\t0\t1\t1\ttrain/2.jpg"));
    assert_eq!(fs::read_to_string(folder.path().join("classes.txt")).unwrap(), "car\nperson\n");
    let reader = RecordReader::open(&folder.path().join("train.rec")).unwrap().with_classes(1);
    let error = reader.get(0).unwrap_err().to_string();
    assert!(error.starts_with("record 0 at byte 0: class 1, where there are 1\npath:"), "{error}");
    // Without its index it is gone through.
    fs::remove_file(folder.path().join("train.idx")).unwrap();
    assert_eq!(RecordReader::open(&folder.path().join("train.rec")).unwrap().len(), 2);
}

#[test]
fn empty_images_may_be_left_out_and_difficult_said() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordSettings { empty: EmptyImages::Skip, rows: RecordRows::WithDifficult };
    let mut writer = RecordWriter::create(folder.path(), "train", &classes(), settings).unwrap();
    assert_eq!(write(&mut writer, 0, b"", Some(vec![])).unwrap(), Written::Empty);
    let mut hard = found(0, [0.0, 0.0, 1280.0, 720.0]);
    hard.attributes.insert("difficult".to_owned(), Attribute::Flag(true));
    write(&mut writer, 1, b"", Some(vec![hard])).unwrap();
    assert_eq!(writer.finish().unwrap().empty_left_out, 1);
    let list = fs::read_to_string(folder.path().join("train.lst")).unwrap();
    assert_eq!(list, "1\t4\t6\t640\t360\t0\t0\t0\t1\t1\t1\ttrain/1.jpg\n");
}

#[test]
fn what_cannot_be_written_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let settings = RecordSettings::default();
    let create = |stem: &str, classes: &[String]| {
        RecordWriter::create(folder.path(), stem, classes, settings).map_err(|e| e.to_string())
    };
    assert!(create("../a", &classes()).unwrap_err().contains("\"../a\""));
    assert!(create("a", &["a\nb".to_owned()]).unwrap_err().contains("cannot stand on a line"));
    let mut writer = create("train", &classes()).unwrap();
    let mut error = |id: u64, class: u32| {
        let boxes = Some(vec![found(class, [0.0, 0.0, 1.0, 1.0])]);
        write(&mut writer, id, b"", boxes).unwrap_err().to_string()
    };
    assert!(
        error(0, 2).contains("a.jpg cannot be written as recordio: class 2, where there are 2")
    );
    write(&mut writer, 5, b"", Some(vec![])).unwrap();
    let again = write(&mut writer, 5, b"", Some(vec![])).unwrap_err().to_string();
    assert!(again.contains("its id 5 is not above"), "{again}");
}

/// Writes some records, ends without finishing, and cuts the three files where a kill might.
fn killed(folder: &Path, records: u64, cuts: [u64; 3]) {
    let settings = RecordSettings::default();
    let mut writer = RecordWriter::create(folder, "train", &classes(), settings).unwrap();
    for id in 0..records {
        write(&mut writer, id, &vec![id as u8; id as usize * 7], Some(vec![])).unwrap();
    }
    let files = writer.files.clone();
    drop(writer);
    for (path, cut) in files.each().into_iter().zip(cuts) {
        let path = partial(path);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len().saturating_sub(cut)).unwrap();
    }
}

fn go_on(folder: &Path, until: u64) -> u64 {
    let settings = RecordSettings::default();
    let mut writer = RecordWriter::resume(folder, "train", &classes(), settings).unwrap();
    let kept = writer.len();
    assert_eq!(writer.next_id(), kept);
    for id in kept..until {
        write(&mut writer, id, &vec![id as u8; id as usize * 7], Some(vec![])).unwrap();
    }
    writer.finish().unwrap();
    kept
}

fn all_bytes(folder: &Path) -> Vec<Vec<u8>> {
    ["rec", "idx", "lst"].map(|end| fs::read(folder.join(format!("train.{end}"))).unwrap()).into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_killed_writer_goes_on(cuts in prop::array::uniform3(0u64..150)) {
        let (whole, cut) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        go_on(whole.path(), 9);
        killed(cut.path(), 6, cuts);
        let kept = go_on(cut.path(), 9);
        prop_assert!(kept <= 6 && (cuts != [0; 3] || kept == 6));
        prop_assert_eq!(all_bytes(cut.path()), all_bytes(whole.path()));
    }
}

#[test]
fn names_given_halfway_and_other_classes() {
    let folder = tempfile::tempdir().unwrap();
    killed(folder.path(), 4, [0; 3]);
    let at = |name: &str| folder.path().join(name);
    fs::rename(at("train.lst.part"), at("train.lst")).unwrap();
    fs::rename(at("train.idx.part"), at("train.idx")).unwrap();
    let settings = RecordSettings::default();
    let other = RecordWriter::resume(folder.path(), "train", &["bus".to_owned()], settings);
    assert!(other.unwrap_err().to_string().starts_with("the classes are others"));
    assert_eq!(go_on(folder.path(), 5), 4);
    let done = RecordWriter::resume(folder.path(), "train", &classes(), settings);
    assert!(done.unwrap_err().to_string().starts_with("the records are whole already"));
}

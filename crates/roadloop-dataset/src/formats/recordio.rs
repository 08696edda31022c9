//! MXNet's RecordIO, read: all `.rec` of a folder, or one.
//!
//! Names are those of the list beside the records, where there is one, classes those of
//! `classes.txt`. Writing is [`RecordWriter`](crate::RecordWriter)'s, who gets the images.

use std::collections::{BTreeMap, HashMap};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::guard::{is_there, open_regular};
use super::places::{entries, has_end, split_of};
use super::{Format, Images, MOST_BOXES, MOST_CLASSES, MOST_IMAGES, Read, ReadImage, ReadSample};
use crate::records::{Record, RecordLabel, RecordReader, read_classes, read_list};
use crate::{Attribute, DatasetError, SampleBox};

pub(super) fn read(path: &Path, images: &dyn Images) -> Result<Read, DatasetError> {
    let (folder, files) = files(path)?;
    let named = read_classes(&folder)?;
    let mut read = Read::default();
    let (mut boxes, mut classes) = (0, 0);
    for file in &files {
        let mut reader = RecordReader::open(file)?;
        if let Some(named) = &named {
            reader = reader.with_classes(named.len());
        }
        let list = names(&file.with_extension("lst"))?;
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stem = stem.unwrap_or_default();
        for place in 0..reader.len() {
            let Record { id, label, image } = reader.get(place)?;
            let offset = reader.offset(place).unwrap_or_default();
            let name = list.get(&id);
            // MXNet takes no size from labels, and programs write others there than images have.
            let size = images.size_of(&image).or(label.size).zip(Some(end(&image)));
            let damaged = |reason: String| {
                DatasetError::damaged(file, format!("record {id} at byte {offset}"), reason)
            };
            let Some((size, end)) = size else {
                return Err(damaged("nothing says how large its image is".to_owned()));
            };
            let path = name.cloned().unwrap_or_else(|| format!("{stem}-{id}.{end}"));
            let image = ReadImage::Record { file: file.clone(), offset };
            let sample = sample(path, image, size, &label).map_err(damaged)?;
            let of_sample = sample.boxes.as_deref().unwrap_or_default();
            boxes += of_sample.len() as u64;
            let highest = of_sample.iter().map(|found| found.class as usize + 1).max();
            classes = classes.max(highest.unwrap_or(0));
            read.samples.push(placed(sample, &stem));
            if boxes > MOST_BOXES {
                return Err(DatasetError::TooMany { most: MOST_BOXES, what: "boxes" });
            }
            if read.samples.len() as u64 > MOST_IMAGES {
                return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
            }
        }
    }
    if classes > MOST_CLASSES {
        return Err(DatasetError::TooMany { most: MOST_CLASSES as u64, what: "classes" });
    }
    if named.is_none() && classes > 0 {
        read.notes.push("no classes.txt names the classes: they have numbers".to_owned());
    }
    let numbered = || (0..classes).map(|class| format!("class {class}")).collect();
    read.classes = named.unwrap_or_else(numbered);
    Ok(read)
}

/// The folder, and its files of records in order.
fn files(path: &Path) -> Result<(PathBuf, Vec<PathBuf>), DatasetError> {
    if !path.is_dir() {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        return Ok((folder, vec![path.to_owned()]));
    }
    // What is called so and is no file is refused when it is opened.
    let mut files = entries(path)?;
    files.retain(|file| has_end(file, "rec"));
    if files.is_empty() {
        let (form, path) = (Format::RecordIo, path.to_owned());
        return Err(DatasetError::NotOfForm { form, path, reason: "no .rec in it".to_owned() });
    }
    Ok((path.to_owned(), files))
}

/// Paths of images by their ids.
fn names(list: &Path) -> Result<HashMap<u64, String>, DatasetError> {
    if !is_there(list)? {
        return Ok(HashMap::new());
    }
    let file = open_regular(list)?;
    let lines = read_list(BufReader::new(file), list)?;
    Ok(lines.into_iter().map(|line| (line.id, line.path)).collect())
}

/// How a file's name ends, by its first bytes.
fn end(image: &[u8]) -> &'static str {
    if image.starts_with(b"\x89PNG") { "png" } else { "jpg" }
}

/// In the split that the stem says, whose folder is no part of the name then.
fn placed(sample: ReadSample, stem: &str) -> ReadSample {
    let split = split_of(stem);
    let within = split.and_then(|split| sample.path.strip_prefix(split.name())?.strip_prefix('/'));
    let path = within.map(str::to_owned).unwrap_or(sample.path);
    ReadSample { split, path, ..sample }
}

fn sample(
    path: String,
    image: ReadImage,
    (width, height): (u32, u32),
    label: &RecordLabel,
) -> Result<ReadSample, String> {
    let mut boxes = Vec::new();
    for (place, found) in label.boxes.iter().enumerate() {
        let area = found.area(width, height);
        let area = area.ok_or_else(|| format!("box {place}: its sides are no box"))?;
        let flag = |is_difficult| ("difficult".to_owned(), Attribute::Flag(is_difficult));
        let attributes: BTreeMap<_, _> = found.difficult.map(flag).into_iter().collect();
        boxes.push(SampleBox { class: found.class, area, confidence: None, attributes });
    }
    let boxes = Some(boxes);
    Ok(ReadSample { path, image, width, height, split: None, boxes, line: None })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Split;
    use crate::records::{NewRecord, RecordSettings, RecordWriter, Written, record_image};
    use crate::{Area, ImagePlace, ImageRef, Sample, SampleName};

    struct NoImages;

    impl Images for NoImages {
        fn size(&self, _: &Path) -> Option<(u32, u32)> {
            None
        }
    }

    fn sample_of(name: &str, boxes: Vec<SampleBox>) -> Sample {
        let place = ImagePlace::Key(name.to_owned());
        Sample {
            name: SampleName::new(name).unwrap(),
            image: ImageRef { place, width: 1920, height: 1080, content: None },
            split: Split::Val,
            group: String::new(),
            origin: 0,
            frame: None,
            taken_at: None,
            boxes: Some(boxes),
            line: None,
        }
    }

    fn boxes(class: u32) -> Vec<SampleBox> {
        let area = Area::new(100.25, 33.0, 517.5, 1000.0).unwrap();
        vec![SampleBox { class, area, confidence: None, attributes: BTreeMap::new() }]
    }

    /// Two records, one with nothing on it.
    fn written(folder: &Path) {
        let classes = ["car".to_owned(), "bus".to_owned()];
        let settings = RecordSettings::default();
        let mut writer = RecordWriter::create(folder, "val", &classes, settings).unwrap();
        for (id, of) in [(0, boxes(1)), (1, Vec::new())] {
            let sample = sample_of(&format!("{id}.jpg"), of);
            let path = super::super::image_path(Format::RecordIo, &sample);
            let new = NewRecord { id, path: &path, image: b"an image", width: 1920, height: 1080 };
            assert_eq!(writer.write(&sample, &new).unwrap(), Written::Record);
        }
        writer.finish().unwrap();
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        let got = read(folder.path(), &NoImages).unwrap();
        assert_eq!((got.classes, got.notes.len()), (vec!["car".to_owned(), "bus".to_owned()], 0));
        let [first, second] = &got.samples[..] else { panic!("{:?}", got.samples) };
        assert_eq!((&first.path[..], first.split), ("0.jpg", Some(Split::Val)));
        assert_eq!((first.width, first.height), (1920, 1080));
        let [found] = &first.boxes.as_ref().unwrap()[..] else { panic!("{first:?}") };
        assert_eq!(found.class, 1);
        let (got, wrote): ([f64; 4], [f64; 4]) = (found.area.into(), boxes(1)[0].area.into());
        for (got, wrote) in got.into_iter().zip(wrote) {
            assert!((got - wrote).abs() <= Format::RecordIo.precision(), "{got} {wrote}");
        }
        assert_eq!(second.boxes, Some(Vec::new()), "somebody looked, and there is nothing");
        let ReadImage::Record { file, offset } = &second.image else { panic!("{second:?}") };
        assert_eq!(record_image(file, *offset).unwrap(), b"an image");
    }

    #[test]
    fn without_list_and_classes_there_are_numbers() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        for file in ["val.lst", "val.idx", "classes.txt"] {
            fs::remove_file(folder.path().join(file)).unwrap();
        }
        let got = read(&folder.path().join("val.rec"), &NoImages).unwrap();
        assert_eq!(got.classes, ["class 0", "class 1"]);
        assert_eq!(got.samples[1].path, "val-1.jpg");
        assert_eq!(got.notes.len(), 1);
    }

    #[track_caller]
    fn check(damage: impl FnOnce(&Path), expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        damage(folder.path());
        let error = read(folder.path(), &NoImages).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn damage_is_named() {
        let other = |file: &'static str, text: &'static str| {
            move |folder: &Path| fs::write(folder.join(file), text).unwrap()
        };
        check(other("classes.txt", "car\n"), "record 0 at byte 0: class 1, where there are 1");
        check(other("val.idx", "0\t4\n"), "the record at byte 4: 0x");
        check(other("val.idx", "0\t4000\n"), "entry 0: no record begins at byte 4000");
        check(other("val.lst", "0\n"), "line 1: an index, a label and a path");
        check(other("val.rec", "#!/bin/sh"), "entry 1: no record begins");
        check(|folder| fs::remove_file(folder.join("val.rec")).unwrap(), "this is no dataset");
    }
}

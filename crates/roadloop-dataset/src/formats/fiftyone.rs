//! FiftyOneImageDetectionDataset, only written: for each split a folder with `data/` and a
//! `labels.json` of `{"classes": […], "labels": {"<image>": [detection, …]}}`.
//!
//! As its documentation has it: an image is named by its file name without the end; boxes
//! are left, top, width and height as fractions of the image; null is an image that nobody
//! looked at, and an empty list one with nothing on it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::spool::Items;
use super::{Export, create};
use crate::{Attribute, DatasetError, Format, Sample, Split};

pub(super) struct Writer {
    folder: PathBuf,
    classes: Vec<String>,
    files: BTreeMap<Split, SplitFile>,
}

struct SplitFile {
    path: PathBuf,
    to: BufWriter<File>,
    labels: Items,
}

#[derive(Serialize)]
struct Detection<'a> {
    label: &'a str,
    bounding_box: [f64; 4],
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
    #[serde(skip_serializing_if = "no_attributes")]
    attributes: &'a BTreeMap<String, Attribute>,
}

fn no_attributes(attributes: &&BTreeMap<String, Attribute>) -> bool {
    attributes.is_empty()
}

impl Writer {
    pub(super) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let classes = export.card.classes.clone();
        let mut writer = Writer { folder: folder.to_owned(), classes, files: BTreeMap::new() };
        for split in export.splits {
            writer.open(*split)?;
        }
        Ok(writer)
    }

    fn open(&mut self, split: Split) -> Result<(), DatasetError> {
        if self.files.contains_key(&split) {
            return Ok(());
        }
        let (path, mut to) = create(&self.folder, &format!("{split}/labels.json"))?;
        let classes = serde_json::json!(self.classes);
        let header = write!(to, "{{\"classes\":{classes},\"labels\":{{");
        header.map_err(DatasetError::write(&path))?;
        self.files.insert(split, SplitFile { path, to, labels: Items::default() });
        Ok(())
    }
}

impl super::Writer for Writer {
    fn write(&mut self, sample: &Sample, _: &str) -> Result<(), DatasetError> {
        self.open(sample.split)?;
        let detections = match &sample.boxes {
            Some(boxes) => {
                let detections = boxes.iter().map(|found| {
                    Ok(Detection {
                        label: super::class_name(Format::FiftyOne, &self.classes, sample, found)?,
                        bounding_box: super::fractions(Format::FiftyOne, sample, found.area)?,
                        confidence: found.confidence,
                        attributes: &found.attributes,
                    })
                });
                Some(detections.collect::<Result<Vec<_>, DatasetError>>()?)
            }
            None => None,
        };
        let Some(SplitFile { path, to, labels }) = self.files.get_mut(&sample.split) else {
            return Ok(());
        };
        let written = labels.begin(to).and_then(|()| {
            serde_json::to_writer(&mut *to, sample.name.stem())?;
            to.write_all(b":")?;
            Ok(serde_json::to_writer(to, &detections)?)
        });
        written.map_err(DatasetError::write(path))
    }

    fn finish(self: Box<Self>) -> Result<(), DatasetError> {
        for SplitFile { path, mut to, .. } in self.files.into_values() {
            let written = to.write_all(b"\n}}\n").and_then(|()| to.flush());
            written.map_err(DatasetError::write(&path))?;
        }
        Ok(())
    }
}

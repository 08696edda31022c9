//! COCO's JSON written as samples come: images at once, annotations in a file of their own
//! until the end, so that memory does not grow with the dataset.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use roadloop_base::Nanos;
use roadloop_manifest::Pixels;
use serde::Serialize;
use serde_json::json;

use super::super::spool::{Items, Spool};
use super::super::{Export, create};
use crate::{Attribute, DatasetError, Sample, Split};

pub(crate) struct Writer {
    folder: PathBuf,
    /// What each file begins with.
    header: String,
    has_license: bool,
    files: BTreeMap<Split, SplitFile>,
    /// Ids are dense over all splits, so that files can be put together.
    images: u64,
    annotations: u64,
}

struct SplitFile {
    path: PathBuf,
    to: BufWriter<File>,
    images: Items,
    spool: Spool,
    annotations: Items,
}

#[derive(Serialize)]
struct Image<'a> {
    id: u64,
    file_name: &'a str,
    width: u32,
    height: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_captured: Option<String>,
}

#[derive(Serialize)]
struct Annotation<'a> {
    id: u64,
    image_id: u64,
    category_id: u64,
    bbox: [Pixels; 4],
    area: Pixels,
    iscrowd: u8,
    segmentation: [f64; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'a str, &'a Attribute>,
}

impl Writer {
    pub(crate) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let card = export.card;
        let named = format!("{}@{}", card.name, card.version);
        let info = json!({
            "description": card.description.as_ref().unwrap_or(&named),
            "version": named,
            "dataset_id": card.id,
            "date_created": card.made_at,
            "contributor": card.made_by,
        });
        let licenses: Vec<_> =
            card.license.iter().map(|name| json!({"id": 1, "name": name, "url": ""})).collect();
        let categories: Vec<_> = (1u64..)
            .zip(&card.classes)
            .map(|(id, name)| json!({"id": id, "name": name, "supercategory": ""}))
            .collect();
        let header = json!({"info": info, "licenses": licenses, "categories": categories});
        // Without its closing brace: images and annotations follow.
        let mut header = header.to_string();
        header.pop();
        let mut writer = Writer {
            folder: folder.to_owned(),
            header,
            has_license: card.license.is_some(),
            files: BTreeMap::new(),
            images: 0,
            annotations: 0,
        };
        for split in export.splits {
            writer.file(*split)?;
        }
        Ok(writer)
    }

    fn file(&mut self, split: Split) -> Result<(), DatasetError> {
        if self.files.contains_key(&split) {
            return Ok(());
        }
        let (path, mut to) = create(&self.folder, &format!("annotations/instances_{split}.json"))?;
        write!(to, "{},\"images\":[", self.header).map_err(DatasetError::write(&path))?;
        let spool = Spool::create(&self.folder, &format!("annotations/.{split}.annotations.part"))?;
        let [images, annotations] = [Items::default(), Items::default()];
        self.files.insert(split, SplitFile { path, to, images, spool, annotations });
        Ok(())
    }
}

impl super::super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        let Some(boxes) = &sample.boxes else { return Ok(()) };
        self.file(sample.split)?;
        let Some(file) = self.files.get_mut(&sample.split) else { return Ok(()) };
        self.images += 1;
        let below = image.strip_prefix(sample.split.name()).and_then(|rest| rest.strip_prefix('/'));
        let row = Image {
            id: self.images,
            file_name: below.unwrap_or(image),
            width: sample.image.width,
            height: sample.image.height,
            license: self.has_license.then_some(1),
            date_captured: sample.taken_at.map(Nanos::iso),
        };
        file.images.put(&mut file.to, &row).map_err(DatasetError::write(&file.path))?;
        for found in boxes {
            self.annotations += 1;
            let area = found.area;
            let crowd = (found.attributes.get("iscrowd") == Some(&Attribute::Flag(true)))
                .then_some("iscrowd");
            let others = found.attributes.iter().filter(|(name, _)| Some(name.as_str()) != crowd);
            let row = Annotation {
                id: self.annotations,
                image_id: self.images,
                category_id: u64::from(found.class) + 1,
                bbox: <[f64; 4]>::from(area).map(Pixels),
                // JSON has no word for what is beyond all numbers.
                area: Pixels(area.size().min(f64::MAX)),
                iscrowd: u8::from(crowd.is_some()),
                segmentation: [],
                score: found.confidence,
                attributes: others.map(|(name, value)| (name.as_str(), value)).collect(),
            };
            let spooled = file.annotations.put(&mut file.spool.to, &row);
            spooled.map_err(DatasetError::write(&file.path))?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), DatasetError> {
        for file in self.files.into_values() {
            let SplitFile { path, to, spool, .. } = file;
            close(to, spool).map_err(DatasetError::write(&path))?;
        }
        Ok(())
    }
}

fn close(mut to: BufWriter<File>, spool: Spool) -> io::Result<()> {
    to.write_all(b"\n],\"annotations\":[")?;
    spool.append_to(&mut to)?;
    to.write_all(b"\n]}\n")?;
    to.flush()
}

//! Label Studio's tasks written, one as each sample comes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::places::is_elsewhere;
use super::super::spool::Items;
use super::super::xml::escaped;
use super::super::{Export, Format, class_name, create, fractions};
use crate::{Attribute, DatasetError, Sample, SampleBox};

pub(crate) struct Writer {
    path: PathBuf,
    to: BufWriter<File>,
    items: Items,
    classes: Vec<String>,
}

#[derive(Serialize)]
struct Task<'a> {
    data: Data<'a>,
    annotations: Vec<Annotation<'a>>,
}

#[derive(Serialize)]
struct Data<'a> {
    image: &'a str,
    name: &'a str,
    split: &'a str,
    width: u32,
    height: u32,
}

#[derive(Serialize)]
struct Annotation<'a> {
    result: Vec<Region<'a>>,
    was_cancelled: bool,
    ground_truth: bool,
}

#[derive(Serialize)]
struct Region<'a> {
    id: String,
    r#type: &'static str,
    from_name: &'static str,
    to_name: &'static str,
    original_width: u32,
    original_height: u32,
    image_rotation: u8,
    value: Rectangle<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
}

#[derive(Serialize)]
struct Rectangle<'a> {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    rotation: u8,
    rectanglelabels: [&'a str; 1],
}

#[derive(Serialize)]
struct Meta<'a> {
    attributes: &'a BTreeMap<String, Attribute>,
}

impl Writer {
    pub(crate) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let classes = export.card.classes.clone();
        let (path, mut to) = create(folder, "label_config.xml")?;
        let mut config = String::from(
            "<View>\n  <Image name=\"image\" value=\"$image\"/>\n  \
             <RectangleLabels name=\"label\" toName=\"image\">\n",
        );
        for class in &classes {
            let name = escaped(class).map_err(|c| {
                let reason = format!("the class {class:?} has {c:?}, which XML has no word for");
                DatasetError::Settings(reason)
            })?;
            config += &format!("    <Label value=\"{name}\"/>\n");
        }
        config += "  </RectangleLabels>\n</View>\n";
        to.write_all(config.as_bytes()).map_err(DatasetError::write(&path))?;
        to.flush().map_err(DatasetError::write(&path))?;
        let (path, mut to) = create(folder, "tasks.json")?;
        to.write_all(b"[").map_err(DatasetError::write(&path))?;
        Ok(Writer { path, to, items: Items::default(), classes })
    }

    fn region<'a>(
        &'a self,
        sample: &Sample,
        number: usize,
        found: &'a SampleBox,
    ) -> Result<Region<'a>, DatasetError> {
        let form = Format::LabelStudio;
        let class = class_name(form, &self.classes, sample, found)?;
        let sides = fractions(form, sample, found.area)?.map(|side| side * 100.0);
        let [x, y, width, height] = sides;
        let has_attributes = !found.attributes.is_empty();
        Ok(Region {
            id: format!("box-{number}"),
            r#type: "rectanglelabels",
            from_name: "label",
            to_name: "image",
            original_width: sample.image.width,
            original_height: sample.image.height,
            image_rotation: 0,
            value: Rectangle { x, y, width, height, rotation: 0, rectanglelabels: [class] },
            score: found.confidence,
            meta: has_attributes.then_some(Meta { attributes: &found.attributes }),
        })
    }
}

/// What is not safe in an address is written as percent and two digits.
fn encoded(path: &str) -> String {
    let mut all = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'~') {
            all.push(char::from(byte));
        } else {
            all.push_str(&format!("%{byte:02X}"));
        }
    }
    all
}

impl super::super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        let is_served = !is_elsewhere(image);
        let served = if is_served {
            format!("{}{}", super::LOCAL_FILES, encoded(image))
        } else {
            image.to_owned()
        };
        let mut annotations = Vec::new();
        if let Some(boxes) = &sample.boxes {
            let mut result = Vec::new();
            for (number, found) in boxes.iter().enumerate() {
                result.push(self.region(sample, number, found)?);
            }
            annotations.push(Annotation { result, was_cancelled: false, ground_truth: false });
        }
        let data = Data {
            image: &served,
            name: sample.name.as_str(),
            split: sample.split.name(),
            width: sample.image.width,
            height: sample.image.height,
        };
        let task = serde_json::to_string(&Task { data, annotations })
            .map_err(|error| DatasetError::write(&self.path)(error.into()))?;
        let mut put = || {
            self.items.begin(&mut self.to)?;
            self.to.write_all(task.as_bytes())
        };
        put().map_err(DatasetError::write(&self.path))
    }

    fn finish(mut self: Box<Self>) -> Result<(), DatasetError> {
        self.to.write_all(b"\n]\n").map_err(DatasetError::write(&self.path))?;
        self.to.flush().map_err(DatasetError::write(&self.path))
    }
}

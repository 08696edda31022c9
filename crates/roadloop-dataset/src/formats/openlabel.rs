//! ASAM OpenLABEL 1.0, only written: `openlabel_<split>.json`, each image a frame with its
//! file as the `uri` of the stream `camera`, each box an object of that frame alone.
//!
//! A `bbox` is its centre, width and height in pixels. A confidence is a number among its
//! attributes, for the standard has no other place for it. File name and size of an image
//! stand beside its stream, where other readers look for them. An image that nobody looked
//! at is not written.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::spool::{Items, Spool};
use super::{Export, create};
use crate::{Attribute, DatasetError, Format, Sample, SampleBox, Split};

pub(super) struct Writer {
    folder: PathBuf,
    metadata: String,
    classes: Vec<String>,
    files: BTreeMap<Split, SplitFile>,
}

struct SplitFile {
    path: PathBuf,
    to: BufWriter<File>,
    frames: Items,
    /// Of images, from 0 on.
    frame: u64,
    spool: Spool,
    objects: Items,
    object: u64,
}

impl Writer {
    pub(super) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let card = export.card;
        let metadata = json!({
            "schema_version": "1.0.0",
            "name": format!("{}@{}", card.name, card.version),
            "annotator": card.made_by,
            "comment": card.description.as_deref().unwrap_or_default(),
            "dataset_id": card.id,
        });
        let mut writer = Writer {
            folder: folder.to_owned(),
            metadata: metadata.to_string(),
            classes: card.classes.clone(),
            files: BTreeMap::new(),
        };
        for split in export.splits {
            writer.open(*split)?;
        }
        Ok(writer)
    }

    fn open(&mut self, split: Split) -> Result<(), DatasetError> {
        if self.files.contains_key(&split) {
            return Ok(());
        }
        let (path, mut to) = create(&self.folder, &format!("openlabel_{split}.json"))?;
        let streams = json!({"camera": {"type": "camera", "uri": "", "description": ""}});
        let metadata = &self.metadata;
        let header = write!(
            to,
            "{{\"openlabel\":{{\"metadata\":{metadata},\"streams\":{streams},\"frames\":{{"
        );
        header.map_err(DatasetError::write(&path))?;
        let spool = Spool::create(&self.folder, &format!(".openlabel_{split}.objects.part"))?;
        let [frames, objects] = [Items::default(), Items::default()];
        let file = SplitFile { path, to, frames, frame: 0, spool, objects, object: 0 };
        self.files.insert(split, file);
        Ok(())
    }
}

impl super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        let Some(boxes) = &sample.boxes else { return Ok(()) };
        self.open(sample.split)?;
        let Some(file) = self.files.get_mut(&sample.split) else { return Ok(()) };
        let mut of_frame = Map::new();
        for found in boxes {
            let class = super::class_name(Format::OpenLabel, &self.classes, sample, found)?;
            let (object, frame) = (file.object, file.frame);
            file.object += 1;
            of_frame.insert(object.to_string(), json!({"object_data": {"bbox": [bbox(found)]}}));
            let about = json!({
                "name": format!("{class} {object}"),
                "type": class,
                "frame_intervals": [{"frame_start": frame, "frame_end": frame}],
            });
            let spooled = entry(&mut file.objects, &mut file.spool.to, object, &about);
            spooled.map_err(DatasetError::write(&file.path))?;
        }
        let mut properties = json!({
            "streams": {"camera": {"uri": image}},
            "file_name": image,
            "width": sample.image.width,
            "height": sample.image.height,
        });
        if let (Some(at), Some(properties)) = (sample.taken_at, properties.as_object_mut()) {
            properties.insert("timestamp".to_owned(), Value::String(at.iso()));
        }
        let frame = json!({"frame_properties": properties, "objects": of_frame});
        let written = entry(&mut file.frames, &mut file.to, file.frame, &frame);
        file.frame += 1;
        written.map_err(DatasetError::write(&file.path))
    }

    fn finish(self: Box<Self>) -> Result<(), DatasetError> {
        for file in self.files.into_values() {
            let SplitFile { path, to, spool, .. } = file;
            close(to, spool).map_err(DatasetError::write(&path))?;
        }
        Ok(())
    }
}

fn entry(items: &mut Items, to: &mut impl Write, key: u64, value: &Value) -> io::Result<()> {
    items.begin(to)?;
    write!(to, "\"{key}\":{value}")
}

fn close(mut to: BufWriter<File>, spool: Spool) -> io::Result<()> {
    to.write_all(b"\n},\"objects\":{")?;
    spool.append_to(&mut to)?;
    to.write_all(b"\n}}}\n")?;
    to.flush()
}

fn bbox(found: &SampleBox) -> Value {
    let area = found.area;
    let centre = [area.left() + area.width() / 2.0, area.top() + area.height() / 2.0];
    let [mut flags, mut numbers, mut texts] = [Vec::new(), Vec::new(), Vec::new()];
    numbers.extend(found.confidence.map(|value| json!({"name": "confidence", "val": value})));
    for (name, value) in &found.attributes {
        match value {
            Attribute::Flag(flag) => flags.push(json!({"name": name, "val": flag})),
            Attribute::Number(number) => numbers.push(json!({"name": name, "val": number})),
            Attribute::Text(text) => texts.push(json!({"name": name, "val": text})),
        }
    }
    let mut attributes = Map::new();
    for (kind, values) in [("boolean", flags), ("num", numbers), ("text", texts)] {
        if !values.is_empty() {
            attributes.insert(kind.to_owned(), Value::Array(values));
        }
    }
    let val = [centre[0], centre[1], area.width(), area.height()];
    let mut bbox = json!({"name": "shape", "stream": "camera", "val": val});
    if let (false, Some(bbox)) = (attributes.is_empty(), bbox.as_object_mut()) {
        bbox.insert("attributes".to_owned(), Value::Object(attributes));
    }
    bbox
}

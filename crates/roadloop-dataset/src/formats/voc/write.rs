//! VOC's XML written, a file as each sample comes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::xml::{attribute_text, escaped, is_set};
use super::super::{Export, Format, class_name, create};
use crate::{Attribute, DatasetError, Sample, SampleBox, Split};

pub(crate) struct Writer {
    folder: PathBuf,
    classes: Vec<String>,
    database: String,
    lists: BTreeMap<Split, (PathBuf, BufWriter<File>)>,
}

impl Writer {
    pub(crate) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let classes = &export.card.classes;
        let (path, mut to) = create(folder, "labels.txt")?;
        for class in classes {
            if class.contains(char::is_control) || class.is_empty() {
                let reason = format!("the class {class:?} cannot stand in a line of labels.txt");
                return Err(DatasetError::Settings(reason));
            }
            writeln!(to, "{class}").map_err(DatasetError::write(&path))?;
        }
        to.flush().map_err(DatasetError::write(&path))?;
        let mut lists = BTreeMap::new();
        for split in export.splits {
            lists.insert(*split, create(folder, &list_name(*split))?);
        }
        // So that a dataset without any labels is one of this form too.
        let annotations = folder.join("Annotations");
        std::fs::create_dir_all(&annotations).map_err(DatasetError::write(&annotations))?;
        let (folder, classes) = (folder.to_owned(), classes.clone());
        let database = format!("{}@{}", export.card.name, export.card.version);
        Ok(Writer { folder, classes, database, lists })
    }

    fn document(&self, sample: &Sample, image: &str) -> Result<String, DatasetError> {
        let text = |text: &str| {
            escaped(text).map_err(|c| DatasetError::Unwritable {
                form: Format::Voc,
                image: sample.name.to_string(),
                reason: format!("XML has no word for the character {c:?}"),
            })
        };
        let (folder, file) = image.rsplit_once('/').unwrap_or(("", image));
        let mut to = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotation>\n");
        to += &format!("  <folder>{}</folder>\n", text(folder)?);
        to += &format!("  <filename>{}</filename>\n", text(file)?);
        to += &format!("  <source>\n    <database>{}</database>\n  </source>\n", self.database);
        to += &format!(
            "  <size>\n    <width>{}</width>\n    <height>{}</height>\n    <depth>3</depth>\n  \
             </size>\n  <segmented>0</segmented>\n",
            sample.image.width, sample.image.height
        );
        for found in sample.boxes.iter().flatten() {
            let class = class_name(Format::Voc, &self.classes, sample, found)?;
            to += "  <object>\n";
            to += &format!("    <name>{}</name>\n", text(class)?);
            to += &flags(found);
            let corners = [
                ("xmin", found.area.left()),
                ("ymin", found.area.top()),
                ("xmax", found.area.right()),
                ("ymax", found.area.bottom()),
            ];
            to += "    <bndbox>\n";
            for (name, corner) in corners {
                // Zero is added so that no `-0` is written.
                to += &format!("      <{name}>{}</{name}>\n", corner.round() + 0.0);
            }
            to += "    </bndbox>\n";
            if let Some(confidence) = found.confidence {
                to += &format!("    <score>{confidence}</score>\n");
            }
            let others = found.attributes.iter().filter(|(name, _)| !is_element(name));
            let mut list = String::new();
            for (name, value) in others {
                let (name, value) = (text(name)?, text(&attribute_text(value))?);
                list += &format!(
                    "      <attribute>\n        <name>{name}</name>\n        \
                     <value>{value}</value>\n      </attribute>\n"
                );
            }
            if !list.is_empty() {
                to += &format!("    <attributes>\n{list}    </attributes>\n");
            }
            to += "  </object>\n";
        }
        to += "</annotation>\n";
        Ok(to)
    }
}

fn is_element(name: &str) -> bool {
    super::FLAGS.contains(&name)
}

fn flags(found: &SampleBox) -> String {
    let flag = |name: &str| found.attributes.get(name).map(|value: &Attribute| is_set(value));
    let [truncated, difficult] =
        ["truncated", "difficult"].map(|name| u8::from(flag(name).unwrap_or(false)));
    let mut to = format!(
        "    <pose>Unspecified</pose>\n    <truncated>{truncated}</truncated>\n    \
         <difficult>{difficult}</difficult>\n"
    );
    if let Some(occluded) = flag("occluded") {
        to += &format!("    <occluded>{}</occluded>\n", u8::from(occluded));
    }
    to
}

fn list_name(split: Split) -> String {
    format!("ImageSets/Main/{split}.txt")
}

impl super::super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        let document = self.document(sample, image)?;
        let stem = sample.name.stem();
        let (path, mut to) = create(&self.folder, &format!("Annotations/{stem}.xml"))?;
        to.write_all(document.as_bytes()).map_err(DatasetError::write(&path))?;
        to.flush().map_err(DatasetError::write(&path))?;
        if !self.lists.contains_key(&sample.split) {
            let list = create(&self.folder, &list_name(sample.split))?;
            self.lists.insert(sample.split, list);
        }
        match self.lists.get_mut(&sample.split) {
            Some((path, list)) => writeln!(list, "{stem}").map_err(DatasetError::write(path)),
            None => Ok(()),
        }
    }

    fn finish(self: Box<Self>) -> Result<(), DatasetError> {
        for (path, mut list) in self.lists.into_values() {
            list.flush().map_err(DatasetError::write(&path))?;
        }
        Ok(())
    }
}

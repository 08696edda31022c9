//! CVAT's XML written, an image as each sample comes.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::super::xml::{attribute_text, escaped, is_set};
use super::super::{Export, Format, class_name, create};
use crate::{DatasetError, Sample, Split};

pub(crate) struct Writer {
    path: PathBuf,
    to: BufWriter<File>,
    classes: Vec<String>,
    images: u64,
}

impl Writer {
    pub(crate) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let card = export.card;
        let (path, mut to) = create(folder, "annotations.xml")?;
        let mut head = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n");
        let size = card.counts.images.saturating_sub(card.counts.unlabelled);
        head += &format!(
            "  <version>1.1</version>\n  <meta>\n    <task>\n      <name>{}@{}</name>\n      \
             <size>{size}</size>\n      <mode>annotation</mode>\n      <overlap>0</overlap>\n      \
             <labels>\n",
            card.name, card.version
        );
        for class in &card.classes {
            let name = escaped(class).map_err(|c| {
                let reason = format!("the class {class:?} has {c:?}, which XML has no word for");
                DatasetError::Settings(reason)
            })?;
            head += &format!(
                "        <label>\n          <name>{name}</name>\n          \
                 <type>rectangle</type>\n          <attributes></attributes>\n        </label>\n"
            );
        }
        let dumped = escaped(&card.made_at).unwrap_or_default();
        head +=
            &format!("      </labels>\n    </task>\n    <dumped>{dumped}</dumped>\n  </meta>\n");
        to.write_all(head.as_bytes()).map_err(DatasetError::write(&path))?;
        Ok(Writer { path, to, classes: card.classes.clone(), images: 0 })
    }

    fn element(&self, sample: &Sample, image: &str) -> Result<String, DatasetError> {
        let text = |text: &str| {
            escaped(text).map_err(|c| DatasetError::Unwritable {
                form: Format::Cvat,
                image: sample.name.to_string(),
                reason: format!("XML has no word for the character {c:?}"),
            })
        };
        // CVAT looks for images by the name below `images/`.
        let name = image.strip_prefix("images/").unwrap_or(image);
        let subset = match sample.split {
            Split::Train => "Train",
            Split::Val => "Validation",
            Split::Test => "Test",
        };
        let mut to = format!(
            "  <image id=\"{}\" name=\"{}\" subset=\"{subset}\" width=\"{}\" height=\"{}\">\n",
            self.images,
            text(name)?,
            sample.image.width,
            sample.image.height
        );
        for found in sample.boxes.iter().flatten() {
            let class = class_name(Format::Cvat, &self.classes, sample, found)?;
            let occluded = found.attributes.get("occluded").is_some_and(is_set);
            let area = found.area;
            to += &format!(
                "    <box label=\"{}\" source=\"manual\" occluded=\"{}\" xtl=\"{}\" ytl=\"{}\" \
                 xbr=\"{}\" ybr=\"{}\" z_order=\"0\">\n",
                text(class)?,
                u8::from(occluded),
                area.left(),
                area.top(),
                area.right(),
                area.bottom()
            );
            if let Some(confidence) = found.confidence {
                to += &format!("      <attribute name=\"score\">{confidence}</attribute>\n");
            }
            let is_said = |name: &str| {
                name == "occluded" || (name == super::SCORE && found.confidence.is_some())
            };
            for (name, value) in found.attributes.iter().filter(|(name, _)| !is_said(name)) {
                let (name, value) = (text(name)?, text(&attribute_text(value))?);
                to += &format!("      <attribute name=\"{name}\">{value}</attribute>\n");
            }
            to += "    </box>\n";
        }
        to += "  </image>\n";
        Ok(to)
    }
}

impl super::super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        let element = self.element(sample, image)?;
        self.images += 1;
        self.to.write_all(element.as_bytes()).map_err(DatasetError::write(&self.path))
    }

    fn finish(mut self: Box<Self>) -> Result<(), DatasetError> {
        self.to.write_all(b"</annotations>\n").map_err(DatasetError::write(&self.path))?;
        self.to.flush().map_err(DatasetError::write(&self.path))
    }
}

//! Lines of augmented manifests written: as they were where they can be.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use roadloop_manifest::{
    BoxAsWritten, BoxOutput, LabelKind, Line, check_attribute, write_categories,
};

use super::super::{Export, class_name, create};
use super::label_of;
use crate::{DatasetError, Format, Sample, Split};

/// Of colour images; what lines came with keep theirs.
const DEPTH: u32 = 3;

pub(crate) struct Writer {
    folder: PathBuf,
    attribute: String,
    job: String,
    created: String,
    classes: Vec<String>,
    files: BTreeMap<Split, (PathBuf, BufWriter<File>)>,
}

impl Writer {
    pub(crate) fn create(folder: &Path, export: &Export) -> Result<Writer, DatasetError> {
        let card = export.card;
        if !card.classes.is_empty() {
            let (path, mut to) = create(folder, "annotation-tool/data.json")?;
            let text = write_categories(card.classes.iter().map(String::as_str))
                .map_err(|error| DatasetError::damaged(&path, "the file", error.to_string()))?;
            let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
            written.map_err(DatasetError::write(&path))?;
        }
        let mut writer = Writer {
            folder: folder.to_owned(),
            attribute: attribute_of(card.name.as_str()),
            job: format!("{}-{}", card.name, card.version),
            created: card.made_at.trim_end_matches('Z').to_owned(),
            classes: card.classes.clone(),
            files: BTreeMap::new(),
        };
        for split in export.splits {
            writer.open(*split)?;
        }
        Ok(writer)
    }

    fn open(&mut self, split: Split) -> Result<(), DatasetError> {
        if !self.files.contains_key(&split) {
            let file = create(&self.folder, &format!("manifests/{split}.manifest"))?;
            self.files.insert(split, file);
        }
        Ok(())
    }

    fn line(&self, sample: &Sample, image: &str) -> Result<Line, DatasetError> {
        let unwritable = |reason: String| DatasetError::Unwritable {
            form: Format::GroundTruth,
            image: sample.name.to_string(),
            reason,
        };
        let said = |error: roadloop_manifest::ManifestError| unwritable(error.to_string());
        let mut line = match &sample.line {
            Some(text) => Line::parse(text).map_err(said)?,
            None => Line::for_source(image).map_err(said)?,
        };
        if line.source_ref().as_deref() != Some(image) {
            line.set_source_ref(image).map_err(said)?;
        }
        // A label that nobody can read is no reason not to write what the sample says.
        let (former, is_readable) = match label_of(&line) {
            Ok(former) => (former, true),
            Err(_) => (None, false),
        };
        let boxes = match &sample.boxes {
            None => None,
            Some(boxes) => {
                let written = boxes.iter().map(|found| {
                    let class = class_name(Format::GroundTruth, &self.classes, sample, found)?;
                    Ok((class.to_owned(), found.area.into(), found.confidence))
                });
                Some(written.collect::<Result<Vec<BoxAsWritten>, DatasetError>>()?)
            }
        };
        let before: Option<Vec<BoxAsWritten>> = former.as_ref().map(|(_, label)| {
            let boxes = label.boxes.iter();
            boxes.map(|found| (found.class.clone(), found.pixels, found.confidence)).collect()
        });
        let size = (sample.image.width, sample.image.height);
        let has_size = former.as_ref().is_none_or(|(_, label)| (label.width, label.height) == size);
        if before == boxes && has_size && is_readable {
            return Ok(line);
        }
        let depth = former.as_ref().map_or(DEPTH, |(_, label)| label.depth);
        let former = former.map(|(attribute, _)| attribute);
        let attribute = former.filter(|former| check_attribute(former).is_ok());
        let attribute = attribute.unwrap_or_else(|| self.attribute.clone());
        let Some(boxes) = &boxes else {
            remove_boxes(&mut line, None);
            return Ok(line);
        };
        let output = BoxOutput {
            attribute: &attribute,
            size: (size.0, size.1, depth),
            classes: &self.classes,
            boxes,
            creation_date: &self.created,
            job: &self.job,
            adjusted: None,
        };
        line.put_boxes_as_written(&output).map_err(said)?;
        // Labels of former jobs stay, unless a reader would take them for the newest.
        let is_newest = |line: &Line| {
            let newest = label_of(line).ok().flatten();
            newest.is_some_and(|(newest, _)| newest == attribute)
        };
        if sample.line.is_some() && !is_newest(&line) {
            remove_boxes(&mut line, Some(&attribute));
        }
        Ok(line)
    }
}

/// Takes labels that are boxes out of a line, but for those of one attribute.
fn remove_boxes(line: &mut Line, kept: Option<&str>) {
    for (attribute, kind) in line.labels() {
        if kind == LabelKind::Boxes && Some(attribute.as_str()) != kept {
            line.remove(&attribute);
            line.remove(&format!("{attribute}-metadata"));
        }
    }
}

/// The dataset's name as Ground Truth would take it for a label attribute.
fn attribute_of(name: &str) -> String {
    let name = name.replace('_', "-");
    let name = name.trim_matches('-');
    if check_attribute(name).is_ok() { name.to_owned() } else { "labels".to_owned() }
}

impl super::super::Writer for Writer {
    fn write(&mut self, sample: &Sample, image: &str) -> Result<(), DatasetError> {
        self.open(sample.split)?;
        let line = self.line(sample, image)?;
        let Some((path, to)) = self.files.get_mut(&sample.split) else { return Ok(()) };
        writeln!(to, "{line}").map_err(DatasetError::write(path))
    }

    fn finish(self: Box<Self>) -> Result<(), DatasetError> {
        for (path, mut to) in self.files.into_values() {
            to.flush().map_err(DatasetError::write(&path))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::suite::Made;
    use super::*;
    use crate::{Area, ImagePlace, ImageRef, SampleBox, SampleName};

    /// Two labels of boxes, the first the newer one, and what else a job may leave.
    const LINE: &str = concat!(
        r#"{"weather" : "rain", "source-ref": "s3://b/a.png","#,
        r#""new":{"image_size":[{"width":9,"height":8,"depth":1}],"annotations":"#,
        r#"[{"class_id":4,"left":1.50,"top":2,"width":0,"height":4}]},"#,
        r#""new-metadata":{"objects":[{"confidence":0.00}],"class-map":{"4":"car"},"#,
        r#""type":"groundtruth/object-detection","creation-date":"2021-07-28T08:18:32.5"},"#,
        r#""old":{"image_size":[{"width":9,"height":8,"depth":1}],"annotations":[]},"#,
        r#""old-metadata":{"objects":[],"class-map":{},"#,
        r#""type":"groundtruth/object-detection","creation-date":"2020-07-28T08:18:32.5"}}"#
    );

    fn found(left: f64, confidence: Option<f64>) -> SampleBox {
        let area = Area::new(left, 2.0, 0.0, 4.0).unwrap();
        SampleBox { class: 0, area, confidence, attributes: BTreeMap::new() }
    }

    /// The line that is written for such boxes.
    fn line(text: Option<&str>, boxes: Option<Vec<SampleBox>>, image: &str) -> String {
        let sample = Sample {
            name: SampleName::new("a.png").unwrap(),
            image: ImageRef {
                place: ImagePlace::Uri("s3://b/a.png".to_owned()),
                width: 9,
                height: 8,
                content: None,
            },
            split: Split::Train,
            group: String::new(),
            origin: 0,
            frame: None,
            taken_at: None,
            boxes,
            line: text.map(str::to_owned),
        };
        let folder = tempfile::tempdir().unwrap();
        let made = Made::new(vec!["car".to_owned()], Vec::new());
        let export = Export { card: &made.card, splits: &[] };
        let writer = Writer::create(folder.path(), &export).unwrap();
        writer.line(&sample, image).unwrap().to_string()
    }

    #[test]
    fn what_is_not_touched_is_written_as_it_was() {
        let boxes = Some(vec![found(1.5, Some(0.0))]);
        assert_eq!(line(Some(LINE), boxes.clone(), "s3://b/a.png"), LINE);
        let moved = line(Some(LINE), boxes, "images/a.png");
        let start = r#"{"weather":"rain","source-ref":"images/a.png","new":{"image_size""#;
        assert!(moved.starts_with(start), "{moved}");
        let (_, rest) = LINE.split_once(r#""new""#).unwrap();
        assert!(moved.ends_with(rest), "{moved}");
    }

    #[track_caller]
    fn check(written: &str, attributes: &[&str], boxes: Option<(f64, Option<f64>)>) {
        let line = Line::parse(written).unwrap();
        let found = line.labels().into_iter().map(|(attribute, _)| attribute);
        assert_eq!(found.collect::<Vec<_>>(), attributes, "{written}");
        let label = label_of(&line).unwrap();
        let read = label.map(|(_, label)| (label.boxes[0].pixels[0], label.boxes[0].confidence));
        assert_eq!(read, boxes, "{written}");
    }

    #[test]
    fn what_is_touched_is_put_where_it_was() {
        let changed = line(Some(LINE), Some(vec![found(3.0, None)]), "a.png");
        check(&changed, &["new", "old"], Some((3.0, None)));
        assert!(changed.contains(r#""weather":"rain""#) && changed.contains(r#""depth":1"#));
        // Without a confidence is not a confidence of 0.
        let changed = line(Some(LINE), Some(vec![found(1.5, None)]), "a.png");
        check(&changed, &["new", "old"], Some((1.5, None)));
        check(&line(Some(LINE), None, "a.png"), &[], None);
        check(&line(None, None, "a.png"), &[], None);
        let fresh = line(None, Some(vec![found(3.0, Some(0.0))]), "a.png");
        check(&fresh, &["cars-and-more"], Some((3.0, Some(0.0))));
        // A label of the future would be taken for the newer one.
        let future = LINE.replace("2020-07", "2999-07").replace("2021-07", "2998-07");
        let changed = line(Some(&future), Some(vec![found(3.0, None)]), "a.png");
        check(&changed, &["old"], Some((3.0, None)));
        // And one that nobody can read for a damaged line.
        let broken = LINE.replace(r#""4":"car""#, "");
        let changed = line(Some(&broken), Some(vec![found(3.0, None)]), "a.png");
        check(&changed, &["cars-and-more"], Some((3.0, None)));
    }

    #[test]
    fn attributes_are_called_as_the_dataset_where_they_can_be() {
        for (name, expected) in
            [("cars_2", "cars-2"), ("_a_", "a"), ("__", "labels"), ("source", "labels")]
        {
            assert_eq!(attribute_of(name), expected);
        }
    }
}

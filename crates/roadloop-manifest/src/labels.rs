//! What a line says is on its image, and what people said about that.
//!
//! Numbers are read from their text: JSON's reader may be off in the last digit.

use std::collections::HashMap;

use roadloop_base::PixelBox;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::json;
use crate::{Line, ManifestError};

pub(crate) const BOXES: &str = "groundtruth/object-detection";
pub(crate) const VERIFICATION: &str = "groundtruth/label-verification";
pub(crate) const JOB_PREFIX: &str = "labeling-job/";
/// The classes of a verification, by their number.
pub const VERDICTS: [&str; 2] = ["good", "bad"];

/// What kind of label an attribute holds: its metadata's `type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelKind {
    Boxes,
    Verification,
    /// Something that passes through; empty where the metadata does not say.
    Other(String),
}

/// Boxes on an image, as a line has them.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxLabel<P = PixelBox> {
    pub width: u32,
    pub height: u32,
    pub depth: u32,
    /// Empty: somebody looked, and there is nothing.
    pub boxes: Vec<LabelledBox<P>>,
    /// Whether people said so, not a model.
    pub human: bool,
    /// `2018-10-18T22:18:13.527256`, mostly without a zone: as it is written.
    pub created: Option<String>,
    /// Without the `labeling-job/` that most have before it.
    pub job: Option<String>,
    /// Of an adjustment job: whether anyone changed anything.
    pub adjusted: Option<bool>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LabelledBox<P = PixelBox> {
    pub class: String,
    /// As it is written, fractions too; it may lie outside the image.
    pub pixels: P,
    pub confidence: Option<f64>,
}

/// What people said of labels that others made.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Mostly `good` or `bad`.
    pub class: String,
    pub confidence: Option<f64>,
    pub comments: Vec<String>,
    pub human: bool,
    pub created: Option<String>,
    pub job: Option<String>,
}

impl Verification {
    /// `None` where the classes of the job were others.
    pub fn is_good(&self) -> Option<bool> {
        let place = VERDICTS.iter().position(|class| self.class.eq_ignore_ascii_case(class))?;
        Some(place == 0)
    }
}

impl Line {
    /// Attributes that have metadata, in their order, and what they hold.
    pub fn labels(&self) -> Vec<(String, LabelKind)> {
        let about: HashMap<&str, &str> =
            self.keys().filter_map(|key| Some((key.strip_suffix("-metadata")?, key))).collect();
        let labels = self.keys().filter_map(|key| Some((key, *about.get(key)?)));
        labels.map(|(key, about)| (key.to_owned(), self.kind(about))).collect()
    }

    fn kind(&self, metadata: &str) -> LabelKind {
        let text = self.get(metadata).map_or("", RawValue::get);
        let kind = serde_json::from_str::<Type>(text).map(|of| of.kind).unwrap_or_default();
        // The pages about training spell it with an underscore.
        match kind.replace('_', "-").as_str() {
            BOXES => LabelKind::Boxes,
            VERIFICATION => LabelKind::Verification,
            _ => LabelKind::Other(kind),
        }
    }

    /// The boxes of that attribute; `None` where the image was not labelled.
    pub fn boxes(&self, attribute: &str) -> Result<Option<BoxLabel>, ManifestError> {
        let Some((label, metadata)) = self.label(attribute, LabelKind::Boxes)? else {
            return Ok(None);
        };
        read_boxes(label, metadata)
            .map(Some)
            .map_err(|reason| ManifestError::label(attribute, reason))
    }

    /// The same, also of boxes without an inside: left, top, width and height of each, all
    /// finite and otherwise as they are written.
    pub fn boxes_as_written(
        &self,
        attribute: &str,
    ) -> Result<Option<BoxLabel<[f64; 4]>>, ManifestError> {
        let Some((label, metadata)) = self.label(attribute, LabelKind::Boxes)? else {
            return Ok(None);
        };
        read_boxes_with(label, metadata, sides)
            .map(Some)
            .map_err(|reason| ManifestError::label(attribute, reason))
    }

    /// What was said of labels in that attribute; `None` where nothing was.
    pub fn verification(&self, attribute: &str) -> Result<Option<Verification>, ManifestError> {
        let Some((_, metadata)) = self.label(attribute, LabelKind::Verification)? else {
            return Ok(None);
        };
        read_verification(metadata)
            .map(Some)
            .map_err(|reason| ManifestError::label(attribute, reason))
    }

    /// Texts of a label and its metadata, which must say that it is of that kind.
    fn label(
        &self,
        attribute: &str,
        kind: LabelKind,
    ) -> Result<Option<(&str, &str)>, ManifestError> {
        let label = match self.get(attribute).map(RawValue::get) {
            None | Some("null") => return Ok(None),
            Some(label) => label,
        };
        let about = format!("{attribute}-metadata");
        let Some(metadata) = self.get(&about) else {
            return Err(ManifestError::label(attribute, "no metadata says what it is"));
        };
        match (self.kind(&about), kind) {
            (found, wanted) if found == wanted => Ok(Some((label, metadata.get()))),
            (_, LabelKind::Boxes) => Err(ManifestError::label(attribute, "it holds no boxes")),
            _ => Err(ManifestError::label(attribute, "it holds no verdict")),
        }
    }
}

#[derive(Deserialize)]
struct Type {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Label<'a> {
    image_size: Vec<Size>,
    #[serde(borrow)]
    annotations: Vec<Annotation<'a>>,
}

#[derive(Deserialize)]
struct Size {
    width: u32,
    height: u32,
    #[serde(default = "three")]
    depth: u32,
}

/// Of a colour image.
fn three() -> u32 {
    3
}

#[derive(Deserialize)]
struct Annotation<'a> {
    class_id: u64,
    #[serde(borrow)]
    left: &'a RawValue,
    #[serde(borrow)]
    top: &'a RawValue,
    #[serde(borrow)]
    width: &'a RawValue,
    #[serde(borrow)]
    height: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    objects: Option<Vec<Object<'a>>>,
    #[serde(default)]
    class_map: HashMap<String, String>,
    class_name: Option<String>,
    #[serde(borrow, default)]
    confidence: Option<&'a RawValue>,
    #[serde(default)]
    worker_feedback: Vec<Feedback>,
    human_annotated: Option<String>,
    creation_date: Option<String>,
    job_name: Option<String>,
    adjustment_status: Option<String>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow, default)]
    confidence: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Feedback {
    comment: Option<String>,
}

impl Metadata<'_> {
    fn is_human(&self) -> bool {
        self.human_annotated.as_deref() == Some("yes")
    }

    fn job(&mut self) -> Option<String> {
        let job = self.job_name.take()?;
        Some(job.strip_prefix(JOB_PREFIX).map(str::to_owned).unwrap_or(job))
    }
}

fn read_boxes(label: &str, metadata: &str) -> Result<BoxLabel, String> {
    read_boxes_with(label, metadata, pixels)
}

fn read_boxes_with<P>(
    label: &str,
    metadata: &str,
    pixels: impl Fn(&Annotation) -> Result<P, &'static str>,
) -> Result<BoxLabel<P>, String> {
    let label: Label = serde_json::from_str(label).map_err(|error| json(&error))?;
    let mut metadata: Metadata = serde_json::from_str(metadata)
        .map_err(|error| format!("in its metadata: {}", json(&error)))?;
    let [Size { width, height, depth }] = label.image_size[..] else {
        return Err(format!("{} image sizes instead of one", label.image_size.len()));
    };
    let objects = metadata.objects.as_deref();
    if let Some(objects) = objects
        && objects.len() != label.annotations.len()
    {
        let [boxes, scores] = [label.annotations.len(), objects.len()];
        return Err(format!("{boxes} boxes, but {scores} confidences"));
    }
    let mut boxes = Vec::new();
    for (place, annotation) in label.annotations.iter().enumerate() {
        let in_box = |reason: &str| format!("box {place}: {reason}");
        let class = metadata.class_map.get(&annotation.class_id.to_string());
        let class = class.ok_or_else(|| in_box("its class is not in the class map"))?;
        let confidence = objects.and_then(|objects| objects[place].confidence);
        let confidence = confidence.map(number).transpose().map_err(in_box)?;
        boxes.push(LabelledBox {
            class: class.clone(),
            pixels: pixels(annotation).map_err(in_box)?,
            confidence,
        });
    }
    let adjusted = match metadata.adjustment_status.as_deref() {
        Some("adjusted") => Some(true),
        Some("unadjusted") => Some(false),
        _ => None,
    };
    let human = metadata.is_human();
    let job = metadata.job();
    let created = metadata.creation_date;
    Ok(BoxLabel { width, height, depth, boxes, human, created, job, adjusted })
}

fn pixels(annotation: &Annotation) -> Result<PixelBox, &'static str> {
    let [left, top, width, height] = sides(annotation)?;
    PixelBox::new(left, top, width, height).ok_or("its width or height is not above zero")
}

fn sides(annotation: &Annotation) -> Result<[f64; 4], &'static str> {
    let Annotation { left, top, width, height, .. } = annotation;
    Ok([number(left)?, number(top)?, number(width)?, number(height)?])
}

/// The number nearest to what is written, of any length.
fn number(value: &RawValue) -> Result<f64, &'static str> {
    let number = value.get().parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or("a value is no number, or too large")
}

fn read_verification(metadata: &str) -> Result<Verification, String> {
    let mut metadata: Metadata = serde_json::from_str(metadata)
        .map_err(|error| format!("in its metadata: {}", json(&error)))?;
    let class = metadata.class_name.take().ok_or("its metadata names no class")?;
    let feedback = std::mem::take(&mut metadata.worker_feedback);
    Ok(Verification {
        class,
        confidence: metadata.confidence.map(number).transpose()?,
        comments: feedback.into_iter().filter_map(|feedback| feedback.comment).collect(),
        human: metadata.is_human(),
        job: metadata.job(),
        created: metadata.creation_date,
    })
}

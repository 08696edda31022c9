//! Labels written into a line, as Ground Truth writes them.

use std::collections::{BTreeMap, HashMap};

use roadloop_base::{Nanos, PixelBox};
use serde::{Serialize, Serializer};

use crate::labels::{BOXES, JOB_PREFIX, VERDICTS, VERIFICATION};
use crate::{Line, ManifestError, check_attribute};

/// Boxes to be written.
#[derive(Clone, Copy, Debug)]
pub struct BoxOutput<'a, B = (String, PixelBox, f64)> {
    pub attribute: &'a str,
    /// Width, height and depth of the image.
    pub size: (u32, u32, u32),
    /// All classes of the job; the number of one is its place.
    pub classes: &'a [String],
    /// Name, place and confidence. None at all: somebody looked, and there is nothing.
    pub boxes: &'a [B],
    /// As [`creation_date`] gives it.
    pub creation_date: &'a str,
    pub job: &'a str,
    /// Of an adjustment job: whether anyone changed anything.
    pub adjusted: Option<bool>,
}

/// A class, left, top, width and height, and a confidence where there is one.
pub type BoxAsWritten = (String, [f64; 4], Option<f64>);

/// What people said of labels, to be written.
#[derive(Clone, Copy, Debug)]
pub struct VerificationOutput<'a> {
    pub attribute: &'a str,
    pub is_good: bool,
    /// Share of those who say so; zero where one person was asked.
    pub confidence: f64,
    pub comments: &'a [String],
    /// As [`creation_date`] gives it.
    pub creation_date: &'a str,
    pub job: &'a str,
}

/// `2018-10-18T22:18:13.527256`: UTC, without saying so, as most manifests have it.
pub fn creation_date(at: Nanos) -> String {
    let mut text = at.iso();
    // Of `.527256000Z`.
    text.truncate(text.len().saturating_sub(4));
    text
}

impl Line {
    /// In the place of what was in that attribute, or after all others.
    pub fn put_boxes(&mut self, output: &BoxOutput) -> Result<(), ManifestError> {
        let boxes: Vec<BoxAsWritten> = output
            .boxes
            .iter()
            .map(|(class, pixels, confidence)| {
                let sides = [pixels.left(), pixels.top(), pixels.width(), pixels.height()];
                (class.clone(), sides, Some(*confidence))
            })
            .collect();
        let BoxOutput { attribute, size, classes, creation_date, job, adjusted, .. } = *output;
        let boxes = &boxes;
        let output = BoxOutput { attribute, size, classes, boxes, creation_date, job, adjusted };
        self.put_boxes_as_written(&output)
    }

    /// The same, also of boxes without an inside, and without a confidence: of these,
    /// `objects` has `{}`, as it must have as many as there are boxes.
    pub fn put_boxes_as_written(
        &mut self,
        output: &BoxOutput<BoxAsWritten>,
    ) -> Result<(), ManifestError> {
        check_attribute(output.attribute)?;
        let unwritable = |reason: String| ManifestError::unwritable(output.attribute, reason);
        let mut ids: HashMap<&str, usize> = HashMap::new();
        for (id, class) in output.classes.iter().enumerate() {
            ids.entry(class).or_insert(id);
        }
        let mut annotations = Vec::new();
        let mut objects = Vec::new();
        let mut class_map = BTreeMap::new();
        for (class, sides, confidence) in output.boxes {
            let Some(&class_id) = ids.get(class.as_str()) else {
                let class = crate::shown(class);
                return Err(unwritable(format!("\"{class}\" is no class of the job")));
            };
            if confidence.is_some_and(|confidence| !confidence.is_finite()) {
                return Err(unwritable("a confidence is not a number".to_owned()));
            }
            if sides.iter().any(|side| !side.is_finite()) {
                return Err(unwritable("a side of a box is not a number".to_owned()));
            }
            class_map.insert(class_id, class.as_str());
            let [left, top, width, height] = sides.map(Pixels);
            annotations.push(Annotation { class_id, left, top, width, height });
            objects.push(Object { confidence: *confidence });
        }
        let (width, height, depth) = output.size;
        let image_size = [Size { width, height, depth }];
        self.set(output.attribute, Label { image_size, annotations })?;
        let adjusted = |is: bool| if is { "adjusted" } else { "unadjusted" };
        let metadata = BoxMetadata {
            objects,
            class_map,
            kind: BOXES,
            human_annotated: "yes",
            creation_date: output.creation_date,
            job_name: job_name(output.job),
            adjustment_status: output.adjusted.map(adjusted),
        };
        self.set(&about(output.attribute), metadata)
    }

    /// In the place of what was in that attribute, or after all others.
    pub fn put_verification(&mut self, output: &VerificationOutput) -> Result<(), ManifestError> {
        check_attribute(output.attribute)?;
        let VerificationOutput { is_good, confidence, comments, .. } = *output;
        if !confidence.is_finite() {
            let reason = "a confidence is not a number";
            return Err(ManifestError::unwritable(output.attribute, reason));
        }
        let class = usize::from(!is_good);
        self.set(output.attribute, class.to_string())?;
        let metadata = VerificationMetadata {
            class_name: VERDICTS[class],
            confidence,
            kind: VERIFICATION,
            job_name: job_name(output.job),
            human_annotated: "yes",
            creation_date: output.creation_date,
            worker_feedback: comments.iter().map(|comment| Feedback { comment }).collect(),
        };
        self.set(&about(output.attribute), metadata)
    }
}

fn about(attribute: &str) -> String {
    format!("{attribute}-metadata")
}

fn job_name(job: &str) -> String {
    format!("{JOB_PREFIX}{}", job.strip_prefix(JOB_PREFIX).unwrap_or(job))
}

#[derive(Serialize)]
struct Label {
    image_size: [Size; 1],
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
struct Size {
    width: u32,
    height: u32,
    depth: u32,
}

#[derive(Serialize)]
struct Annotation {
    class_id: usize,
    left: Pixels,
    top: Pixels,
    width: Pixels,
    height: Pixels,
}

/// Whole ones without a point, as people's pixels are; others with as few digits as
/// tell them from their neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Pixels(pub f64);

impl Serialize for Pixels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Beyond, not every whole number is one of these any more.
        let is_exact = self.0.abs() < 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && is_exact {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

#[derive(Serialize)]
struct Object {
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct BoxMetadata<'a> {
    objects: Vec<Object>,
    /// Only the classes that are used.
    class_map: BTreeMap<usize, &'a str>,
    #[serde(rename = "type")]
    kind: &'a str,
    human_annotated: &'a str,
    creation_date: &'a str,
    job_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    adjustment_status: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct VerificationMetadata<'a> {
    class_name: &'a str,
    confidence: f64,
    #[serde(rename = "type")]
    kind: &'a str,
    job_name: String,
    human_annotated: &'a str,
    creation_date: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    worker_feedback: Vec<Feedback<'a>>,
}

#[derive(Serialize)]
struct Feedback<'a> {
    comment: &'a str,
}

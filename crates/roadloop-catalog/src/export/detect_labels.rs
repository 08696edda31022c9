//! What Amazon Rekognition's DetectLabels answers, for each image.
//!
//! The shape of its documentation: `Labels` with `Name` (`Traffic Light`), `Confidence` (0 to 100),
//! `Instances` with a `BoundingBox` in fractions of the image, and `Parents`.
//! Labels without a box have no instances; parents nobody gives. Rekognition takes
//! one image at a time and says not which: `Key` does. `LabelModelVersion` is the
//! detector's name. A frame nobody looked at has no answer, and no line.

use std::io::Write;

use serde_json::{Value, json};

use roadloop_base::{BBox, Detection};

use super::{by_label, percent, title_case};
use crate::{CatalogError, Hit};

pub(super) fn write(hits: &[Hit], out: &mut dyn Write) -> Result<(), CatalogError> {
    for hit in hits.iter().filter(|hit| hit.looked_at) {
        writeln!(out, "{}", line(hit))?;
    }
    Ok(())
}

fn line(hit: &Hit) -> Value {
    let mut models: Vec<&str> = hit.detections.iter().map(|found| found.model.as_str()).collect();
    models.dedup();
    json!({
        "Key": hit.frame.image,
        "Labels": labels(&hit.detections),
        "LabelModelVersion": models.first().copied().unwrap_or_default(),
    })
}

/// What is `Labels` in an answer: the surest first, as Rekognition orders them.
pub fn labels(detections: &[Detection]) -> Vec<Value> {
    let mut labels = Vec::new();
    for (label, detections) in by_label(detections) {
        let boxed = detections.iter().filter_map(|found| Some((found, found.bbox?)));
        let instances = boxed.map(|(found, bbox)| {
            json!({"BoundingBox": bounding_box(bbox), "Confidence": percent(found.confidence)})
        });
        let surest = detections.first().map_or(0.0, |found| percent(found.confidence));
        labels.push(json!({
            "Name": title_case(label),
            "Confidence": surest,
            "Instances": instances.collect::<Vec<Value>>(),
            "Parents": [],
        }));
    }
    labels.sort_by(|a, b| confidence(b).total_cmp(&confidence(a)));
    labels
}

fn confidence(label: &Value) -> f64 {
    label["Confidence"].as_f64().unwrap_or_default()
}

/// A box as Rekognition writes it.
pub fn bounding_box(bbox: BBox) -> Value {
    json!({
        "Left": f64::from(bbox.left()),
        "Top": f64::from(bbox.top()),
        "Width": f64::from(bbox.right()) - f64::from(bbox.left()),
        "Height": f64::from(bbox.bottom()) - f64::from(bbox.top()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::hits;
    use super::*;

    #[test]
    fn lines_are_answers_of_detect_labels() {
        let mut bytes = Vec::new();
        write(&hits(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let instance = |left: f64, confidence: f64| {
            json!({"BoundingBox": {"Left": left, "Top": 0.25, "Width": 0.25, "Height": 0.5},
                "Confidence": confidence})
        };
        let expected = json!([
            {"Name": "Car", "Confidence": 70.0, "Parents": [],
             "Instances": [instance(0.5, 70.0), instance(0.125, 50.0)]},
            {"Name": "Street", "Confidence": 25.0, "Parents": [], "Instances": []},
        ]);
        assert_eq!(lines.len(), 2, "not the frame nobody looked at");
        assert_eq!(lines[0]["Labels"], expected);
        assert_eq!(lines[0]["Key"], hits()[0].frame.image);
        assert_eq!(lines[0]["LabelModelVersion"], "nanodet-1a2b3c4d");
        assert_eq!(lines[1]["Labels"], json!([]));
    }
}

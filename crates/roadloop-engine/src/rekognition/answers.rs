//! What Rekognition answers, as detections.

use serde::Deserialize;
use serde_json::Value;

use roadloop_base::{BBox, Detection, Kind, ModelId};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Labels {
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Label {
    name: String,
    confidence: f32,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    bounding_box: Box,
    confidence: f32,
}

/// Fractions of the image; what is half out of it has sides beyond it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Box {
    left: f32,
    top: f32,
    width: f32,
    height: f32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Faces {
    #[serde(default)]
    face_details: Vec<Instance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Texts {
    #[serde(default)]
    text_detections: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    #[serde(rename = "Type", default)]
    kind: String,
    confidence: f32,
    geometry: Geometry,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Geometry {
    bounding_box: Box,
}

impl Box {
    fn clamped(&self) -> Option<BBox> {
        let Box { left, top, width, height } = *self;
        BBox::clamped(left, top, left + width, top + height)
    }
}

type Answer = Result<Vec<Detection>, serde_json::Error>;

/// A label with boxes is as many things; one without is a word about the image. What is
/// less sure than asked for is left out, boxes too: Amazon only leaves out labels.
pub(super) fn labels(answer: Value, confidence: f32, model: &ModelId) -> Answer {
    let Labels { labels } = serde_json::from_value(answer)?;
    let mut found = Vec::new();
    for label in labels {
        let name = label.name.trim().to_lowercase();
        if name.is_empty() {
            continue;
        }
        let detection = |kind, percent, bbox| detection(kind, &name, percent, bbox, model);
        if label.instances.is_empty() {
            found.push(detection(Kind::Scene, label.confidence, None));
        }
        let boxes = label.instances.iter().filter_map(|instance| {
            let bbox = instance.bounding_box.clamped()?;
            Some(detection(Kind::Object, instance.confidence, Some(bbox)))
        });
        found.extend(boxes);
    }
    found.retain(|one| one.confidence >= confidence);
    // The best first, as detectors give them.
    found.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    Ok(found)
}

pub(super) fn faces(answer: Value, model: &ModelId) -> Answer {
    let Faces { face_details } = serde_json::from_value(answer)?;
    let boxes = face_details.iter().filter_map(|face| {
        let bbox = face.bounding_box.clamped()?;
        Some(detection(Kind::Face, "face", face.confidence, Some(bbox), model))
    });
    Ok(boxes.collect())
}

/// Lines and words both: a word beyond the end of its line is hidden too. What the texts
/// say is not kept.
pub(super) fn texts(answer: Value, model: &ModelId) -> Answer {
    let Texts { text_detections } = serde_json::from_value(answer)?;
    let is_within = |inner: BBox, outer: BBox| {
        outer.left() <= inner.left()
            && outer.top() <= inner.top()
            && outer.right() >= inner.right()
            && outer.bottom() >= inner.bottom()
    };
    let (lines, words): (Vec<&Text>, Vec<&Text>) =
        text_detections.iter().partition(|text| text.kind != "WORD");
    let mut found: Vec<(BBox, f32)> = Vec::new();
    for text in lines.into_iter().chain(words) {
        if let Some(bbox) = text.geometry.bounding_box.clamped()
            && !found.iter().any(|(outer, _)| is_within(bbox, *outer))
        {
            found.push((bbox, text.confidence));
        }
    }
    let detections = found
        .into_iter()
        .map(|(bbox, percent)| detection(Kind::Text, "text", percent, Some(bbox), model));
    Ok(detections.collect())
}

fn detection(
    kind: Kind,
    label: &str,
    percent: f32,
    bbox: Option<BBox>,
    model: &ModelId,
) -> Detection {
    Detection {
        kind,
        label: label.to_owned(),
        confidence: (percent / 100.0).clamp(0.0, 1.0),
        bbox,
        model: model.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn model() -> ModelId {
        ModelId::new("rekognition").unwrap()
    }

    fn told(found: &[Detection]) -> Vec<(String, f32, Option<[f32; 4]>)> {
        let sides = |b: BBox| [b.left(), b.top(), b.right(), b.bottom()];
        found
            .iter()
            .map(|one| (format!("{} {}", one.kind, one.label), one.confidence, one.bbox.map(sides)))
            .collect()
    }

    fn at(left: f32, top: f32) -> Value {
        json!({"Left": left, "Top": top, "Width": 0.5, "Height": 0.25})
    }

    /// The shape of the documentation's example.
    #[test]
    fn labels_are_things_and_words() {
        let answer = json!({
            "Labels": [
                {"Name": "Traffic Light", "Confidence": 99.0, "Parents": [{"Name": "Light"}],
                 "Categories": [{"Name": "Transport and Logistics"}], "Aliases": [],
                 "Instances": [
                    {"BoundingBox": at(0.25, 0.5), "Confidence": 50.0},
                    {"BoundingBox": at(0.75, -0.125), "Confidence": 75.0},
                    {"BoundingBox": at(0.0, 0.0), "Confidence": 12.5},
                    {"BoundingBox": at(1.5, 0.0), "Confidence": 90.0}]},
                {"Name": "Street", "Confidence": 62.5, "Instances": [], "Parents": []},
                {"Name": "Rain", "Confidence": 25.0},
            ],
            "LabelModelVersion": "3.0",
        });
        let expected = [
            ("object traffic light".to_owned(), 0.75, Some([0.75, 0.0, 1.0, 0.125])),
            ("scene street".to_owned(), 0.625, None),
            ("object traffic light".to_owned(), 0.5, Some([0.25, 0.5, 0.75, 0.75])),
        ];
        assert_eq!(told(&labels(answer, 0.5, &model()).unwrap()), expected);
    }

    #[test]
    fn faces_and_lines_are_hidden() {
        let answer = json!({"FaceDetails": [
            {"BoundingBox": at(0.25, 0.5), "Confidence": 50.0, "Pose": {"Yaw": 1.0}}]});
        let expected = [("face face".to_owned(), 0.5, Some([0.25, 0.5, 0.75, 0.75]))];
        assert_eq!(told(&faces(answer, &model()).unwrap()), expected);
        let text = |kind: &str, left: f32| {
            json!({"Type": kind, "DetectedText": "M AB 123", "Confidence": 75.0, "Id": 0,
                "Geometry": {"BoundingBox": at(left, 0.25), "Polygon": []}})
        };
        let answer = json!({"TextDetections":
            [text("WORD", 0.25), text("LINE", 0.25), text("WORD", 0.375)]});
        let expected = [
            ("text text".to_owned(), 0.75, Some([0.25, 0.25, 0.75, 0.5])),
            ("text text".to_owned(), 0.75, Some([0.375, 0.25, 0.875, 0.5])),
        ];
        assert_eq!(told(&texts(answer, &model()).unwrap()), expected, "what is told is not kept");
    }

    #[test]
    fn an_answer_of_another_shape_is_an_error() {
        assert!(labels(json!({"Labels": [{"Name": 7}]}), 0.5, &model()).is_err());
        assert!(faces(json!([1]), &model()).is_err());
        assert_eq!(texts(json!({}), &model()).unwrap(), []);
    }
}

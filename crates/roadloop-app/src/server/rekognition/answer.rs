//! What is found, as Rekognition answers it: confidences in per cent, boxes in fractions
//! of the image.

use roadloop_base::Detection;
use roadloop_engine::catalog::export::{self, bounding_box, percent};
use serde_json::{Value, json};

use super::question::Labels;

pub(super) fn labels(found: &[Detection], asked: &Labels, model: &str) -> Value {
    let found: Vec<Detection> =
        found.iter().filter(|one| f64::from(one.confidence) >= asked.confidence).cloned().collect();
    let mut labels = export::labels(&found);
    labels.retain(|label| label["Name"].as_str().is_some_and(|name| asked.wants(name)));
    labels.truncate(asked.most);
    for label in &mut labels {
        // What programs written for Amazon go through without asking.
        label["Aliases"] = json!([]);
        label["Categories"] = json!([]);
    }
    json!({"Labels": labels, "LabelModelVersion": model})
}

pub(super) fn faces(found: &[Detection]) -> Value {
    let faces = found.iter().filter_map(|face| {
        let bbox = bounding_box(face.bbox?);
        Some(json!({"BoundingBox": bbox, "Confidence": percent(face.confidence)}))
    });
    json!({"FaceDetails": faces.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use roadloop_base::{BBox, Kind, ModelId};

    use super::*;
    use crate::server::rekognition::question::Question;

    fn one(label: &str, confidence: f32, left: f32) -> Detection {
        Detection {
            kind: Kind::Object,
            label: label.to_owned(),
            confidence,
            bbox: BBox::from_ltrb(left, 0.25, left + 0.25, 0.75),
            model: ModelId::new("fake").unwrap(),
        }
    }

    #[test]
    fn labels_are_those_asked_for() {
        let found = [one("traffic light", 0.5, 0.5), one("car", 0.75, 0.0), one("bus", 0.25, 0.0)];
        let named = |question: Value| {
            let question = Question::read(question.to_string().as_bytes()).unwrap();
            let answer = labels(&found, &question.labels().unwrap(), "fake-1");
            let labels = answer["Labels"].as_array().unwrap().clone();
            labels
                .iter()
                .map(|label| label["Name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(named(json!({"MinConfidence": 0})), ["Car", "Traffic Light", "Bus"]);
        assert_eq!(named(json!({})), ["Car"]);
        assert_eq!(named(json!({"MinConfidence": 50, "MaxLabels": 1})), ["Car"]);
        let but = json!({"GeneralLabels": {"LabelExclusionFilters": ["Car"]}});
        assert_eq!(named(json!({"MinConfidence": 50, "Settings": but})), ["Traffic Light"]);
    }

    #[test]
    fn faces_have_their_boxes() {
        let expected = json!({"FaceDetails": [{"Confidence": 50.0,
            "BoundingBox": {"Left": 0.5, "Top": 0.25, "Width": 0.25, "Height": 0.5}}]});
        assert_eq!(faces(&[one("face", 0.5, 0.5)]), expected);
    }
}

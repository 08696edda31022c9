//! An item of a DynamoDB table for each frame, keyed by time and camera: what the
//! design that drives AWS's own services keeps of a frame.
//!
//! `timestamp` (the partition key) and `camera` (the sort key) name the frame; each label
//! on it is an attribute, written as Rekognition writes it (`Traffic Light`), with the
//! confidence of the surest, 0 to 100. `Ped_Count`, `Bike_Count` and `Motorbike_Count`
//! are how many there are of those that traffic hurts. `recording`, `sequence` and
//! `image` say where it is from. Labels begin with a capital, so no label is one of these.

use serde_json::{Map, Value};

use super::dynamo_db::{number, text};
use super::{by_label, percent, title_case};
use crate::Hit;

/// Counted besides: the attribute, and the labels models have for it.
const COUNTS: [(&str, &[&str]); 3] = [
    ("Ped_Count", &["person", "pedestrian"]),
    ("Bike_Count", &["bicycle", "bike"]),
    ("Motorbike_Count", &["motorcycle", "motorbike"]),
];

/// What is on a frame, with typed values. Faces, plates and texts are left out: they are
/// found to be hidden.
pub fn frame_item(hit: &Hit) -> Value {
    let frame = &hit.frame;
    let mut item = Map::new();
    let mut counts = [0_usize; COUNTS.len()];
    for (label, detections) in by_label(&hit.detections) {
        let seen: Vec<_> = detections.iter().filter(|one| !one.kind.is_private()).collect();
        let Some(surest) = seen.first() else { continue };
        item.insert(title_case(label), number(percent(surest.confidence)));
        for (count, (_, labels)) in counts.iter_mut().zip(COUNTS) {
            if labels.contains(&label) {
                *count += seen.iter().filter(|one| one.bbox.is_some()).count();
            }
        }
    }
    for (count, (name, _)) in counts.into_iter().zip(COUNTS) {
        item.insert(name.to_owned(), number(count));
    }
    item.insert("timestamp".to_owned(), text(frame.taken_at.iso()));
    item.insert("camera".to_owned(), text(frame.id.camera.as_str()));
    item.insert("recording".to_owned(), text(frame.id.recording.as_str()));
    item.insert("sequence".to_owned(), number(frame.id.sequence));
    item.insert("image".to_owned(), text(frame.image.as_str()));
    Value::Object(item)
}

#[cfg(test)]
mod tests {
    use roadloop_base::Kind;
    use serde_json::json;

    use super::super::testing::{found, hits};
    use super::*;

    #[test]
    fn labels_are_attributes_and_those_in_danger_are_counted() {
        let mut hit = hits().swap_remove(0);
        let more = [
            (Kind::Object, "person", 0.5),
            (Kind::Object, "person", 0.9),
            (Kind::Scene, "pedestrian", 0.25),
            (Kind::Object, "traffic light", 0.25),
            (Kind::Object, "motorbike", 0.4),
            (Kind::Face, "face", 0.9),
        ];
        hit.detections.extend(more.map(|(kind, label, surety)| found(kind, label, surety, 0.25)));
        let frame = &hit.frame;
        let expected = json!({
            "timestamp": {"S": frame.taken_at.iso()}, "camera": {"S": "front"},
            "recording": {"S": "drive-1"}, "sequence": {"N": "0"}, "image": {"S": frame.image},
            "Car": {"N": "70"}, "Street": {"N": "25"}, "Person": {"N": "90"},
            "Pedestrian": {"N": "25"}, "Traffic Light": {"N": "25"}, "Motorbike": {"N": "40"},
            "Ped_Count": {"N": "2"}, "Bike_Count": {"N": "0"}, "Motorbike_Count": {"N": "1"},
        });
        assert_eq!(frame_item(&hit), expected);
    }
}

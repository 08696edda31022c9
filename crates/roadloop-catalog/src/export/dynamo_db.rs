//! An item of a DynamoDB table for each image.
//!
//! A line is `{"Item": {…}}` with typed values, the form in which DynamoDB exports
//! to S3 and imports from there. `id` names the image (recording, camera,
//! sequence); `image` is its key in the store. `confidences` has the surest of each
//! label, 0 to 100, `counts` how many there are; an image nobody looked at has
//! neither, one with nothing on it has them empty.

use std::io::Write;

use serde_json::{Map, Value, json};

use super::{by_label, percent};
use crate::{CatalogError, Hit};

pub(super) fn write(hits: &[Hit], out: &mut dyn Write) -> Result<(), CatalogError> {
    for hit in hits {
        writeln!(out, "{}", json!({"Item": item(hit)}))?;
    }
    Ok(())
}

fn item(hit: &Hit) -> Value {
    let frame = &hit.frame;
    let mut item = Map::new();
    let mut put = |name: &str, value: Value| drop(item.insert(name.to_owned(), value));
    put("id", text(frame.id.to_string()));
    put("recording", text(frame.id.recording.as_str()));
    put("camera", text(frame.id.camera.as_str()));
    put("sequence", number(frame.id.sequence));
    put("timestamp", text(frame.taken_at.iso()));
    put("timestamp_ns", number(frame.taken_at.0));
    put("image", text(frame.image.as_str()));
    put("width", number(frame.width));
    put("height", number(frame.height));
    if let Some(position) = &frame.position {
        put("latitude", number(position.latitude()));
        put("longitude", number(position.longitude()));
    }
    put("anonymized", json!({"BOOL": hit.anonymized}));
    if hit.looked_at {
        let (mut confidences, mut counts) = (Map::new(), Map::new());
        for (label, detections) in by_label(&hit.detections) {
            let surest = detections.first().map_or(0.0, |found| percent(found.confidence));
            confidences.insert(label.to_owned(), number(surest));
            counts.insert(label.to_owned(), number(detections.len()));
        }
        put("confidences", json!({"M": confidences}));
        put("counts", json!({"M": counts}));
    }
    Value::Object(item)
}

pub(super) fn text(text: impl Into<String>) -> Value {
    json!({"S": text.into()})
}

/// Numbers travel as texts.
pub(super) fn number(number: impl std::fmt::Display) -> Value {
    json!({"N": number.to_string()})
}

#[cfg(test)]
mod tests {
    use super::super::testing::hits;
    use super::*;

    #[test]
    fn lines_are_typed_items() {
        let mut bytes = Vec::new();
        write(&hits(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let item = |confidences: Option<(Value, Value)>, sequence: u32| {
            let frame = &hits()[sequence as usize].frame;
            let mut item = json!({
                "id": {"S": format!("drive-1/front/{sequence:06}")},
                "recording": {"S": "drive-1"},
                "camera": {"S": "front"},
                "sequence": {"N": sequence.to_string()},
                "timestamp": {"S": frame.taken_at.iso()},
                "timestamp_ns": {"N": frame.taken_at.0.to_string()},
                "image": {"S": frame.image},
                "width": {"N": "1280"},
                "height": {"N": "720"},
                "latitude": {"N": frame.position.as_ref().unwrap().latitude().to_string()},
                "longitude": {"N": "11.5"},
                "anonymized": {"BOOL": false},
            });
            if let Some((confidences, counts)) = confidences {
                item["confidences"] = json!({"M": confidences});
                item["counts"] = json!({"M": counts});
            }
            json!({"Item": item})
        };
        let found = (
            json!({"car": {"N": "70"}, "street": {"N": "25"}}),
            json!({"car": {"N": "2"}, "street": {"N": "1"}}),
        );
        assert_eq!(lines[0], item(Some(found), 0));
        assert_eq!(lines[1], item(Some((json!({}), json!({}))), 1));
        assert_eq!(lines[2], item(None, 2));
    }
}

//! Where things lie in the object store. Keys follow from identity alone, so
//! a second delivery overwrites with the same bytes.

use crate::{FrameId, Nanos, RecordingId};

const IMAGES: &str = "images";
const ANONYMIZED: &str = "anonymized";

/// `images/<recording>/<camera>/<camera>-<time>-<sequence>.<extension>`, the
/// time in ISO form with `:` as `_`.
pub fn image_key(id: &FrameId, taken_at: Nanos, extension: &str) -> String {
    key(IMAGES, id, taken_at, extension)
}

/// The same place under `anonymized/`.
pub fn anonymized_key(id: &FrameId, taken_at: Nanos, extension: &str) -> String {
    key(ANONYMIZED, id, taken_at, extension)
}

/// What all of a recording's [`image_key`]s begin with, as a folder.
pub fn images_of(recording: &RecordingId) -> String {
    format!("{IMAGES}/{recording}")
}

/// What all of a recording's [`anonymized_key`]s begin with, as a folder.
pub fn anonymized_of(recording: &RecordingId) -> String {
    format!("{ANONYMIZED}/{recording}")
}

fn key(folder: &str, id: &FrameId, taken_at: Nanos, extension: &str) -> String {
    let FrameId { recording, camera, sequence } = id;
    let time = taken_at.iso().replace(':', "_");
    format!("{folder}/{recording}/{camera}/{camera}-{time}-{sequence:06}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Camera, RecordingId};

    #[test]
    fn keys_say_what_and_when() {
        let id = FrameId {
            recording: RecordingId::new("drive-1a2b3c4d").unwrap(),
            camera: Camera::new("front").unwrap(),
            sequence: 7,
        };
        let taken_at = Nanos(1_605_823_200_123_456_789);
        assert_eq!(
            image_key(&id, taken_at, "jpg"),
            "images/drive-1a2b3c4d/front/front-2020-11-19T22_00_00.123456789Z-000007.jpg"
        );
        assert!(
            anonymized_key(&id, taken_at, "png").starts_with("anonymized/drive-1a2b3c4d/front/")
        );
    }
}

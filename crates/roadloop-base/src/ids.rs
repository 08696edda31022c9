//! Names that cannot be mixed up, and that are safe in paths.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Frames per shard: the unit in which stages work, commit and resume. What a
/// killed run does again is at most this many frames of one camera: some fifteen
/// seconds of anonymising at 1280x720, the slowest there is.
pub const SHARD_FRAMES: u32 = 16;

/// Highest sequence a frame may have in its topic: 23 bits, 38 hours at 60 Hz.
/// The catalog packs it with 40 bits of the stream's name into one number.
pub const MAX_SEQUENCE: u32 = (1 << 23) - 1;

/// A name that cannot be part of a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be a name: use 1 to 200 letters, digits, '.', '_' or '-', not starting with '.'"
)]
pub struct BadId(pub String);

fn is_path_safe(name: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.chars().all(allowed)
}

/// Replaces what a path cannot hold, so that any text becomes a safe name.
fn path_safe(text: &str, otherwise: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' };
    let mut safe = String::new();
    for c in text.trim_start_matches('.').chars().map(keep) {
        if safe.len() + c.len_utf8() > 180 {
            break;
        }
        safe.push(c);
    }
    if safe.is_empty() { otherwise.to_owned() } else { safe }
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a name as it is, or says why it cannot be one.
            pub fn new(name: impl Into<String>) -> Result<$name, BadId> {
                let name = name.into();
                if is_path_safe(&name) { Ok($name(name)) } else { Err(BadId(name)) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;

            fn try_from(name: String) -> Result<$name, BadId> {
                $name::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

name_type! {
    /// A drive: its file stem plus 8 hex digits over its content, or a given name.
    RecordingId
}
name_type! {
    /// A camera of a recording: its topic, made safe for paths and unique there.
    Camera
}
name_type! {
    /// A model: its file stem plus 8 hex digits over its bytes.
    ModelId
}

impl RecordingId {
    /// `stem-1a2b3c4d`; what a path cannot hold in the stem becomes `_`.
    pub fn from_content(stem: &str, content_hash: [u8; 4]) -> RecordingId {
        let hash = u32::from_be_bytes(content_hash);
        RecordingId(format!("{}-{hash:08x}", path_safe(stem, "recording")))
    }

    /// Whether two ids made by [`RecordingId::from_content`] speak of the same
    /// content, whatever the files were called.
    pub fn has_content_of(&self, other: &RecordingId) -> bool {
        fn digits(id: &RecordingId) -> Option<&str> {
            id.0.rsplit_once('-').map(|(_, digits)| digits).filter(|digits| digits.len() == 8)
        }
        digits(self).is_some() && digits(self) == digits(other)
    }
}

impl ModelId {
    /// `stem-1a2b3c4d`; what a path cannot hold in the stem becomes `_`.
    pub fn from_content(stem: &str, content_hash: [u8; 4]) -> ModelId {
        let hash = u32::from_be_bytes(content_hash);
        ModelId(format!("{}-{hash:08x}", path_safe(stem, "model")))
    }
}

/// Names a recording's cameras after their topics: without the leading `/`
/// and trailing `image_raw` and `compressed` parts, `/` as `__`. Where an
/// earlier topic has that name already, all parts stay: `/front/image_raw` and
/// `/front/image_raw/compressed` are `front` and `front__image_raw__compressed`.
/// Topics that still share a name get `-2`, `-3`, … in the order given.
pub fn name_cameras<'a>(topics: impl IntoIterator<Item = &'a str>) -> Vec<Camera> {
    let mut taken = HashSet::new();
    let mut cameras = Vec::new();
    for topic in topics {
        let parts: Vec<&str> = topic.split('/').filter(|part| !part.is_empty()).collect();
        let mut kept = parts.as_slice();
        while let [rest @ .., "image_raw" | "compressed" | "image"] = kept
            && !rest.is_empty()
        {
            kept = rest;
        }
        let short = path_safe(&kept.join("__"), "camera");
        let full = path_safe(&parts.join("__"), "camera");
        let numbered = (2..).map(|number| format!("{full}-{number}"));
        let mut names = [short, full.clone()].into_iter().chain(numbered);
        let name = names.find(|name| taken.insert(name.clone())).unwrap_or(full);
        cameras.push(Camera(name));
    }
    cameras
}

/// A name for each topic that is safe in paths, unlike those of the others: its
/// parts joined by `__`.
pub fn name_topics<'a>(topics: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    let name = |topic: &str| {
        let parts: Vec<&str> = topic.split('/').filter(|part| !part.is_empty()).collect();
        let full = path_safe(&parts.join("__"), "topic");
        let numbered = (2..).map(|number| format!("{full}-{number}"));
        let mut names = [full.clone()].into_iter().chain(numbered);
        names.find(|name| taken.insert(name.to_lowercase())).unwrap_or(full)
    };
    topics.into_iter().map(name).collect()
}

/// One image: its recording, camera, and place among the messages of that
/// camera's topic, from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameId {
    pub recording: RecordingId,
    pub camera: Camera,
    pub sequence: u32,
}

impl FrameId {
    pub fn shard(&self) -> ShardId {
        ShardId {
            recording: self.recording.clone(),
            camera: self.camera.clone(),
            index: self.sequence / SHARD_FRAMES,
        }
    }
}

impl fmt::Display for FrameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{:06}", self.recording, self.camera, self.sequence)
    }
}

/// A run of [`SHARD_FRAMES`] sequences of one camera: frames
/// `index * 16 .. (index + 1) * 16`, less those that were not kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShardId {
    pub recording: RecordingId,
    pub camera: Camera,
    pub index: u32,
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{:06}", self.recording, self.camera, self.index)
    }
}

/// A step of the main job. Frames, detections and what is attached go into the
/// catalog, tables and videos are files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Extract,
    /// Of the topics that are no cameras.
    Tables,
    Video,
    Detect,
    Anonymize,
    /// Data of others, joined to the frames.
    Attach,
}

impl Stage {
    pub const ALL: [Stage; 6] = [
        Stage::Extract,
        Stage::Tables,
        Stage::Video,
        Stage::Detect,
        Stage::Anonymize,
        Stage::Attach,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Stage::Extract => "extract",
            Stage::Tables => "tables",
            Stage::Video => "video",
            Stage::Detect => "detect",
            Stage::Anonymize => "anonymize",
            Stage::Attach => "attach",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_cameras(topics: &[&str], expected: &[&str]) {
        let cameras = name_cameras(topics.iter().copied());
        let names: Vec<&str> = cameras.iter().map(Camera::as_str).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn cameras_are_named_after_their_topics() {
        check_cameras(&["/front/image_raw"], &["front"]);
        check_cameras(&["/camera/left/image_raw/compressed"], &["camera__left"]);
        check_cameras(&["/image_raw"], &["image_raw"]);
        check_cameras(&["/front/image_raw", "/front/compressed"], &["front", "front__compressed"]);
        check_cameras(&["/a/image_raw", "/a", "a/", "/image"], &["a", "a-2", "a-3", "image"]);
        check_cameras(&["", "/", "/../../etc"], &["camera", "camera-2", "__..__etc"]);
    }

    #[test]
    fn topics_have_names_for_files() {
        let names = name_topics(["/gps/fix", "gps/fix", "/GPS/fix", "/", "/../x y"]);
        assert_eq!(names, ["gps__fix", "gps__fix-2", "GPS__fix-3", "topic", "__x_y"]);
    }

    #[test]
    fn ids_cannot_leave_their_folder() {
        for bad in ["", "..", "a/b", ".hidden", "a\\b", "a\0b"] {
            assert_eq!(RecordingId::new(bad), Err(BadId(bad.to_owned())));
        }
        assert_eq!(RecordingId::from_content("../x y", [0, 1, 2, 255]).as_str(), "_x_y-000102ff");
    }

    #[test]
    fn content_is_told_by_its_digits() {
        let id = |stem: &str, last: u8| RecordingId::from_content(stem, [1, 2, 3, last]);
        assert!(id("drive", 4).has_content_of(&id("copy-of-drive", 4)));
        assert!(!id("drive", 4).has_content_of(&id("drive", 5)));
        let named = RecordingId::new("straße").unwrap();
        assert!(!named.has_content_of(&named) && !named.has_content_of(&id("drive", 4)));
    }

    proptest! {
        #[test]
        fn any_text_makes_safe_unique_names(topics in proptest::collection::vec(".{0,300}", 0..6)) {
            let cameras = name_cameras(topics.iter().map(String::as_str));
            let unique: HashSet<_> = cameras.iter().collect();
            prop_assert_eq!(unique.len(), topics.len());
            for camera in &cameras {
                prop_assert!(Camera::new(camera.as_str()).is_ok());
            }
        }

        #[test]
        fn any_stem_makes_a_safe_id(stem in ".{0,300}") {
            let id = RecordingId::from_content(&stem, [1, 2, 3, 4]);
            prop_assert!(RecordingId::new(id.as_str()).is_ok());
        }
    }
}

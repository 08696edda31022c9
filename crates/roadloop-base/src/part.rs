//! How much of a recording is spoken of.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Camera, FrameId, MAX_SEQUENCE, RecordingId, SHARD_FRAMES};

/// All frames of a recording, or a run of shards of one of its cameras.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Part {
    pub recording: RecordingId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<ShardRun>,
}

/// Consecutive shards of a camera.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ShardRun {
    pub camera: Camera,
    /// Index of the first one.
    pub first: u32,
    pub count: u32,
}

impl Part {
    pub fn whole(recording: RecordingId) -> Part {
        Part { recording, shards: None }
    }

    pub fn has(&self, id: &FrameId) -> bool {
        let is_in_run = |run: &ShardRun| {
            let (from, before) = run.sequences();
            run.camera == id.camera && (from..before).contains(&id.sequence)
        };
        id.recording == self.recording && self.shards.as_ref().is_none_or(is_in_run)
    }
}

impl ShardRun {
    /// The sequences that may be in it, from the first to before the second.
    pub fn sequences(&self) -> (u32, u32) {
        let sequence = |shard: u32| shard.saturating_mul(SHARD_FRAMES).min(MAX_SEQUENCE + 1);
        (sequence(self.first), sequence(self.first.saturating_add(self.count)))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shards {
            None => self.recording.fmt(f),
            Some(run) => {
                let (from, before) = run.sequences();
                let last = before.saturating_sub(1);
                write!(f, "{}/{}/{from:06}-{last:06}", self.recording, run.camera)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_frames() {
        let recording = RecordingId::new("drive").unwrap();
        let camera = Camera::new("front").unwrap();
        let frame =
            |sequence| FrameId { recording: recording.clone(), camera: camera.clone(), sequence };
        let whole = Part::whole(recording.clone());
        let shards = ShardRun { camera: camera.clone(), first: 4, count: 4 };
        let part = Part { recording: recording.clone(), shards: Some(shards) };
        assert!(whole.has(&frame(0)) && !part.has(&frame(63)));
        assert!(part.has(&frame(64)) && part.has(&frame(127)) && !part.has(&frame(128)));
        assert_eq!(part.to_string(), "drive/front/000064-000127");
        let elsewhere = FrameId { recording: RecordingId::new("other").unwrap(), ..frame(64) };
        assert!(!part.has(&elsewhere));
        // A text from a queue may say anything.
        let last = ShardRun { camera, first: u32::MAX, count: u32::MAX };
        assert_eq!(last.sequences(), (MAX_SEQUENCE + 1, MAX_SEQUENCE + 1));
    }
}

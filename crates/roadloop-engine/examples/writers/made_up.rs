//! Shards of made-up frames and detections, always the same.

use std::ops::Range;

use roadloop_base::{
    BBox, BadId, Camera, Detection, FrameId, FrameRow, Kind, ModelId, Nanos, PictureHash,
    RecordingId, SHARD_FRAMES, image_key,
};
use roadloop_catalog::{DetectionShard, FrameShard, LookedAt, Revision};

pub(crate) const FRAMES_OF_SHARD: u32 = SHARD_FRAMES;

const LABELS: [&str; 8] =
    ["car", "person", "traffic light", "truck", "bicycle", "bus", "motorcycle", "dog"];

/// 2026-05-04T09:30:00Z
const START: i64 = 1_777_887_000_000_000_000;

#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) frames: Vec<FrameShard>,
    pub(crate) detections: Vec<DetectionShard>,
}

/// Some shards of a recording's one camera.
pub(crate) fn made(
    recording: &str,
    shards: Range<u32>,
    revision: i64,
    detections_of_frame: u32,
) -> Result<Made, BadId> {
    let recording = RecordingId::new(recording)?;
    let (camera, model) = (Camera::new("front")?, ModelId::new("made-up")?);
    let revision = Revision(revision);
    let mut made = Made { frames: Vec::new(), detections: Vec::new() };
    for shard in shards {
        let (mut rows, mut looked) = (Vec::new(), Vec::new());
        for sequence in shard * SHARD_FRAMES..(shard + 1) * SHARD_FRAMES {
            let id = FrameId { recording: recording.clone(), camera: camera.clone(), sequence };
            let taken_at = Nanos(START + i64::from(sequence) * 100_000_000);
            let detections =
                (0..detections_of_frame).filter_map(|number| found(&model, sequence, number));
            looked.push(LookedAt {
                id: id.clone(),
                taken_at,
                model: model.clone(),
                detections: detections.collect(),
            });
            rows.push(FrameRow {
                image: image_key(&id, taken_at, "jpg"),
                id,
                topic: "/front/image_raw".to_owned(),
                taken_at,
                stamp: taken_at,
                width: 1280,
                height: 720,
                encoding: "jpeg".to_owned(),
                brightness: (sequence % 255) as f32,
                sharpness: 12.25,
                look: Some(PictureHash(u64::from(sequence))),
                position: None,
            });
        }
        let id = rows[0].id.shard();
        made.detections.push(DetectionShard { id: id.clone(), revision, looked });
        made.frames.push(FrameShard { id, revision, rows });
    }
    Ok(made)
}

fn found(model: &ModelId, sequence: u32, number: u32) -> Option<Detection> {
    // Numbers without a pattern that would compress better than a detector's.
    let dice = (u64::from(sequence) << 32 | u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let share = |shift: u32| (dice >> shift & 0xffff) as f32 / 65536.0;
    let (left, top) = (share(0) * 0.8, share(16) * 0.8);
    Some(Detection {
        kind: Kind::Object,
        label: LABELS[(share(40) * share(24) * LABELS.len() as f32) as usize].to_owned(),
        confidence: 0.35 + 0.65 * share(32),
        bbox: Some(BBox::from_ltrb(left, top, left + 0.2 * share(48), top + 0.2 * share(8))?),
        model: model.clone(),
    })
}

//! One recording of the fleet: five cameras, two pictures a second each, and
//! what a detector might find on them.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use roadloop_base::{
    BBox, BadId, Camera, Detection, FrameId, FrameRow, Kind, ModelId, Nanos, RecordingId,
    SHARD_FRAMES, image_key,
};
use roadloop_catalog::{DetectionShard, FrameShard, LookedAt, Revision};

use crate::dice::Dice;
use crate::labels::Zipf;
use crate::track::Track;

const CAMERAS: [&str; 5] = ["front", "rear", "left", "right", "wide"];
const SECONDS_PER_FRAME: f64 = 0.5;
/// Dates are partitions, and a fleet has many drives on each.
const DRIVES_A_DAY: u64 = 20;
const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
const MODEL: &str = "nanodet-1a2b3c4d";
/// Shards that look alike: a queue of cars, a crowd, an empty road.
const SCENE_SHARDS: u64 = 4;
/// What the detector is less sure of is not kept.
const LEAST_CONFIDENCE: f64 = 0.25;

/// What was asked for.
pub(crate) struct Fleet {
    pub(crate) frames: u64,
    pub(crate) detections: u64,
    pub(crate) recordings: u64,
    pub(crate) seed: u64,
}

pub(crate) struct Drive {
    seed: u64,
    number: u64,
    recording: RecordingId,
    model: ModelId,
    frames: u64,
    most_on_a_frame: u64,
    start: DateTime<Utc>,
    track: Track,
    zipf: Zipf,
}

pub(crate) struct Shard {
    pub(crate) frames: FrameShard,
    pub(crate) detections: DetectionShard,
}

impl Drive {
    /// Which day of the fleet a drive is on.
    pub(crate) fn day(number: u64) -> u64 {
        number / DRIVES_A_DAY
    }

    pub(crate) fn date(day: u64) -> NaiveDate {
        FIRST_DAY + Days::new(day)
    }

    pub(crate) fn new(fleet: &Fleet, number: u64) -> Result<Drive, BadId> {
        let Fleet { frames, detections, recordings, seed } = *fleet;
        let mut dice = Dice::of(&[seed, number]);
        let most_on_a_frame = 2 * detections / frames.max(1);
        let frames = frames / recordings + u64::from(number < frames % recordings);
        let seconds = frames.div_ceil(CAMERAS.len() as u64) as f64 * SECONDS_PER_FRAME + 60.0;
        // A drive ends on the day it began.
        let start_seconds = dice.between(0.0, (86_400.0 - seconds).max(0.0));
        let day = Drive::date(Drive::day(number));
        let start = day.and_time(NaiveTime::MIN).and_utc()
            + TimeDelta::milliseconds((start_seconds * 1e3) as i64);
        let digits = (dice.next() as u32).to_be_bytes();
        Ok(Drive {
            seed,
            number,
            recording: RecordingId::from_content(&format!("drive-{number:04}"), digits),
            model: ModelId::new(MODEL)?,
            frames,
            most_on_a_frame,
            start,
            track: Track::new(&mut dice, seconds as usize),
            zipf: Zipf::new(),
        })
    }

    /// Its shards, camera by camera.
    pub(crate) fn shards(&self) -> Result<impl Iterator<Item = Shard>, BadId> {
        let mut cameras = Vec::new();
        for (index, name) in CAMERAS.iter().enumerate() {
            let index = index as u64;
            let all = CAMERAS.len() as u64;
            let frames = self.frames / all + u64::from(index < self.frames % all);
            cameras.push((index, Camera::new(*name)?, frames));
        }
        Ok(cameras.into_iter().flat_map(move |(index, camera, frames)| {
            let size = u64::from(SHARD_FRAMES);
            let shards = (0..frames.div_ceil(size)).map(move |shard| (shard, camera.clone()));
            shards.map(move |(shard, camera)| {
                let sequences = shard * size..frames.min((shard + 1) * size);
                let mut dice = Dice::of(&[self.seed, self.number, index, shard]);
                let scene = Dice::of(&[self.seed, self.number, index, shard / SCENE_SHARDS]);
                self.shard(&camera, sequences.start as u32..sequences.end as u32, &mut dice, scene)
            })
        }))
    }

    fn shard(
        &self,
        camera: &Camera,
        sequences: std::ops::Range<u32>,
        dice: &mut Dice,
        mut scene: Dice,
    ) -> Shard {
        // How likely the next thing is one more of the same.
        let more_of_the_same = [0.1, 0.3, 0.7][scene.whole(3) as usize];
        let mut rows = Vec::new();
        let mut looked = Vec::new();
        for sequence in sequences {
            let row = self.frame(camera, sequence, dice);
            looked.push(LookedAt {
                id: row.id.clone(),
                taken_at: row.taken_at,
                model: self.model.clone(),
                detections: self.found(more_of_the_same, dice),
            });
            rows.push(row);
        }
        let id = rows[0].id.shard();
        Shard {
            frames: FrameShard { id: id.clone(), revision: Revision(1), rows },
            detections: DetectionShard { id, revision: Revision(1), looked },
        }
    }

    fn frame(&self, camera: &Camera, sequence: u32, dice: &mut Dice) -> FrameRow {
        let jitter_seconds = dice.between(0.0, 0.01);
        let seconds = f64::from(sequence) * SECONDS_PER_FRAME + jitter_seconds;
        let time = self.start + TimeDelta::nanoseconds((seconds * 1e9) as i64);
        let taken_at = Nanos::from_secs_nanos(time.timestamp(), time.timestamp_subsec_nanos());
        let id = FrameId { recording: self.recording.clone(), camera: camera.clone(), sequence };
        let hours_from_noon = (f64::from(time.num_seconds_from_midnight()) / 3600.0 - 12.0).abs();
        let daylight = ((7.0 - hours_from_noon) / 2.0).clamp(0.1, 1.0);
        FrameRow {
            image: image_key(&id, taken_at, "jpg"),
            topic: format!("/{camera}/image_raw/compressed"),
            id,
            taken_at,
            stamp: taken_at,
            width: 1920,
            height: 1080,
            encoding: "jpeg".to_owned(),
            brightness: (daylight * dice.between(90.0, 150.0)) as f32,
            sharpness: dice.between(20.0, 900.0) as f32,
            position: self.track.at(seconds),
            look: None,
        }
    }

    fn found(&self, more_of_the_same: f64, dice: &mut Dice) -> Vec<Detection> {
        let mut found = Vec::new();
        let mut label = self.zipf.draw(dice);
        for _ in 0..dice.whole(self.most_on_a_frame + 1) {
            if dice.share() >= more_of_the_same {
                label = self.zipf.draw(dice);
            }
            let confidence = LEAST_CONFIDENCE + (1.0 - LEAST_CONFIDENCE) * dice.share().powf(1.5);
            found.push(Detection {
                kind: Kind::Object,
                label: label.to_owned(),
                confidence: confidence as f32,
                bbox: bbox(dice),
                model: self.model.clone(),
            });
        }
        found
    }
}

/// Most things are small, and around the horizon.
fn bbox(dice: &mut Dice) -> Option<BBox> {
    let width = 0.02 + 0.5 * dice.share().powi(3);
    let height = width * dice.between(0.5, 2.0);
    let (x, y) = (dice.share(), 0.5 + dice.between(-0.2, 0.2));
    let inside = |side: f64| side.clamp(0.0, 1.0) as f32;
    BBox::from_ltrb(
        inside(x - width / 2.0),
        inside(y - height / 2.0),
        inside(x + width / 2.0),
        inside(y + height / 2.0),
    )
}

//! What a run would cost: images, bytes and time, found out by putting a few
//! frames of the recording through its stages on this machine. Nothing is
//! written.

use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use roadloop_bag::{BagError, Recording, Selection};
use roadloop_base::{Camera, Frame, Nanos, Stage};
use roadloop_vision::{ModelError, Pixels, VideoWriter, decode_bytes};

use crate::films::Films;
use crate::flow::{Plan, RunSettings};
use crate::models::Detectors;
use crate::stages::redact::{self, RedactSettings};
use crate::stages::{FrameError, ingest};
use crate::{Ctx, EngineError, Looker, ModelSettings, Models, Track, open_recording};

/// Cameras of which the first frame is tried; the others are taken for alike.
const CAMERAS_TRIED: usize = 3;
/// So far a recording is read to know how fast that goes.
const READ_BYTES: u64 = 16_000_000;
const READ_FOR: Duration = Duration::from_millis(500);

/// What a run would do, in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Images extraction would write.
    pub images: u64,
    /// Anonymised copies.
    pub copies: u64,
    /// Of both together.
    pub bytes: u64,
    /// Or why nobody can say.
    pub elapsed: Result<Duration, String>,
    /// It may be less: a rate, or a filter, leaves frames out.
    pub is_at_most: bool,
    /// Frames that were put through the stages to know this.
    pub frames_tried: u32,
    /// Calls of a service that is paid by the call; none was made.
    pub calls: u64,
}

/// What the run of a plan would cost; `None` where its frames cannot be counted
/// without reading all of the recording, or none can be tried.
pub async fn estimate(
    ctx: &Ctx,
    plan: &Plan,
    settings: &RunSettings,
) -> Result<Option<Estimate>, EngineError> {
    let Some(left) = Left::of(plan, settings) else { return Ok(None) };
    let has_rate = settings.selection.rate_hz.is_some() && left.extract > 0;
    let has_filter = settings.only.is_some() && left.anonymize > 0;
    let mut estimate = Estimate {
        images: left.extract,
        copies: left.anonymize,
        bytes: 0,
        elapsed: Ok(Duration::ZERO),
        is_at_most: has_rate || has_filter || left.is_at_most,
        frames_tried: 0,
        calls: calls(ctx.models.settings(), left),
    };
    if left == Left::default() {
        return Ok(Some(estimate));
    }
    // A signed address opens its recording only as a whole; the plan has not all of it.
    let Ok(recording) = open_recording(&plan.source).await else { return Ok(None) };
    let selected = plan.cameras.iter().filter(|camera| camera.is_selected);
    let cameras: Vec<Camera> = selected.map(|camera| camera.camera.clone()).collect();
    let topics = settings.selection.topics.clone();
    let selection = Selection { topics, ..Selection::default() };
    let sample = ctx.cpu.run(move || Sample::read(&recording, &selection, &cameras)).await??;
    let (models, style) = (Arc::clone(&ctx.models), settings.redact);
    let frames = sample.frames;
    let (opened, trial) = ctx
        .cpu
        .run(move || {
            let opened = Eyes::open(&models, left);
            let none = Eyes { films: left.video > 0, ..Eyes::default() };
            let trial = Trial::of(&frames, opened.as_ref().unwrap_or(&none), style);
            (opened.map(drop), trial)
        })
        .await?;
    let trial = trial?;
    if trial.frames == 0 {
        return Ok(None);
    }
    let jobs = ctx.cpu.jobs() as f64;
    let each = |total: f64, left: u64| total / f64::from(trial.frames) * left as f64;
    let mut bytes = each(trial.image_bytes as f64, left.extract);
    bytes += each(trial.copy_bytes as f64, left.anonymize);
    let mut seconds = each(trial.detect.as_secs_f64(), left.detect) / jobs;
    // All cores look at one frame at a time there.
    seconds += each(trial.anonymize.as_secs_f64(), left.anonymize);
    let reading = sample.seconds_a_byte * plan.size_bytes as f64;
    if left.has_tables {
        seconds += reading;
    }
    // A camera's frames are encoded one after the other.
    let encoders = jobs.min(plan.cameras.iter().filter(|c| c.is_selected).count().max(1) as f64);
    seconds += each(trial.video.as_secs_f64(), left.video) / encoders;
    if left.extract > 0 {
        seconds += reading.max(each(trial.extract.as_secs_f64(), left.extract) / jobs);
    }
    estimate.bytes = bytes as u64;
    estimate.frames_tried = trial.frames;
    estimate.elapsed = match opened {
        Ok(()) if estimate.calls > 0 => Err("how soon Amazon Rekognition answers".to_owned()),
        Ok(()) => Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)),
        Err(error) => Err(error.to_string()),
    };
    Ok(Some(estimate))
}

/// Frames each stage has left to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Left {
    extract: u64,
    detect: u64,
    anonymize: u64,
    /// In videos.
    video: u64,
    has_tables: bool,
    /// Some of the frames wanted may be extracted already.
    is_at_most: bool,
}

impl Left {
    /// `None` where the recording's index does not tell.
    fn of(plan: &Plan, settings: &RunSettings) -> Option<Left> {
        let does = |stage| settings.stages.contains(&stage);
        let mut left = Left::default();
        if does(Stage::Extract) && !plan.is_extracted {
            let every = u64::from(settings.selection.every.max(1));
            for camera in plan.cameras.iter().filter(|camera| camera.is_selected) {
                let messages = camera.messages?;
                let wanted = messages.div_ceil(every);
                let new = wanted.min(messages.saturating_sub(camera.extracted));
                left.extract += new;
                left.is_at_most |= new > wanted.saturating_sub(camera.extracted);
            }
        }
        if does(Stage::Video) && !plan.filed.contains(&Stage::Video) {
            let every = u64::from(settings.selection.every.max(1));
            for camera in plan.cameras.iter().filter(|camera| camera.is_selected) {
                left.video += camera.messages?.div_ceil(every);
            }
        }
        left.has_tables = does(Stage::Tables) && !plan.filed.contains(&Stage::Tables);
        let stored = plan.extracted + left.extract;
        if does(Stage::Detect) {
            left.detect = stored.saturating_sub(plan.detected);
        }
        if does(Stage::Anonymize) {
            left.anonymize = stored.saturating_sub(plan.anonymized);
        }
        Some(left)
    }
}

/// The first frame of some cameras, and how fast the recording is read.
struct Sample {
    frames: Vec<Frame>,
    seconds_a_byte: f64,
}

impl Sample {
    fn read(
        recording: &Recording,
        selection: &Selection,
        cameras: &[Camera],
    ) -> Result<Sample, BagError> {
        let wanted = cameras.len().min(CAMERAS_TRIED);
        let started = Instant::now();
        let mut reader = Films::new(recording.frames(selection)?);
        let mut frames: Vec<Frame> = Vec::new();
        while let Some(read) = reader.next() {
            if let Ok(frame) = read?
                && frames.len() < wanted
                && frames.iter().all(|other| other.id.camera != frame.id.camera)
            {
                frames.push(frame);
            }
            let is_read_enough = reader.bytes_read() >= READ_BYTES || started.elapsed() >= READ_FOR;
            if is_read_enough && (frames.len() == wanted || started.elapsed() >= 4 * READ_FOR) {
                break;
            }
        }
        let read = reader.bytes_read().max(1) as f64;
        Ok(Sample { frames, seconds_a_byte: started.elapsed().as_secs_f64() / read })
    }
}

/// Calls of Amazon Rekognition: one to say what is on a frame, two to find what must
/// not be seen.
fn calls(models: &ModelSettings, left: Left) -> u64 {
    let labels = if models.detector == Looker::Rekognition { left.detect } else { 0 };
    let finds = if models.finders == Looker::Rekognition { left.anonymize } else { 0 };
    labels + 2 * finds
}

/// The models of the stages that have something left to do.
#[derive(Default)]
struct Eyes {
    detectors: Option<Detectors>,
    finders: Option<Detectors>,
    films: bool,
}

impl Eyes {
    fn open(models: &Models, left: Left) -> Result<Eyes, ModelError> {
        let mut eyes = Eyes { films: left.video > 0, ..Eyes::default() };
        if left.detect > 0 {
            eyes.detectors = Some(models.detectors()?);
        }
        if left.anonymize > 0 {
            eyes.finders = Some(models.finders()?);
        }
        Ok(eyes)
    }
}

/// What the stages took for some frames, and what came out.
#[derive(Debug, Default)]
struct Trial {
    frames: u32,
    extract: Duration,
    detect: Duration,
    anonymize: Duration,
    video: Duration,
    image_bytes: u64,
    copy_bytes: u64,
}

impl Trial {
    fn of(frames: &[Frame], eyes: &Eyes, style: RedactSettings) -> Result<Trial, EngineError> {
        // The first look of all is slow; the others are not.
        let mut warm_up = Trial::default();
        for frame in frames.iter().take(1) {
            warm_up.add(frame, eyes, style)?;
        }
        let mut trial = Trial::default();
        for frame in frames {
            trial.add(frame, eyes, style)?;
        }
        Ok(trial)
    }

    /// A damaged frame is left out.
    fn add(
        &mut self,
        frame: &Frame,
        eyes: &Eyes,
        style: RedactSettings,
    ) -> Result<(), EngineError> {
        let started = Instant::now();
        let Ok((row, image)) = ingest::prepare(frame, &Track::default()) else { return Ok(()) };
        self.extract += started.elapsed();
        self.image_bytes += image.len() as u64;
        self.frames += 1;
        if eyes.films
            && let Ok(pixels) = decode_bytes(&image)
        {
            let started = Instant::now();
            film(&pixels);
            self.video += started.elapsed();
        }
        if let Some(detectors) = &eyes.detectors {
            let started = Instant::now();
            if let Ok(pixels) = decode_bytes(&image) {
                for detector in detectors.iter() {
                    detector.detect(&pixels)?;
                }
            }
            self.detect += started.elapsed();
        }
        if let Some(finders) = &eyes.finders {
            let started = Instant::now();
            let turn = Mutex::new(());
            match redact::hide_in_frame(&row, &image, Vec::new(), finders, &turn, style) {
                Ok(look) => self.copy_bytes += look.copy.map_or(0, |(_, copy)| copy.len() as u64),
                Err(FrameError::Damaged(_)) => {}
                Err(FrameError::Broken(error)) => return Err(error),
            }
            self.anonymize += started.elapsed();
        }
        Ok(())
    }
}

/// Encodes one frame. What cannot be encoded is left out of videos, and takes
/// no time.
fn film(pixels: &Pixels) {
    let writer = VideoWriter::new(Cursor::new(Vec::new()), pixels.width(), pixels.height());
    if let Ok(mut writer) = writer {
        let _ = writer.add(pixels, Nanos(0));
        let _ = writer.finish();
    }
}

#[cfg(test)]
mod tests {
    use roadloop_base::RecordingId;
    use roadloop_vision::RedactStyle;

    use super::*;
    use crate::flow::PlannedCamera;

    fn plan(messages: [Option<u64>; 2], extracted: u64, detected: u64) -> Plan {
        let camera = |(number, messages): (usize, Option<u64>)| PlannedCamera {
            topic: format!("/c{number}"),
            camera: Camera::new(format!("c{number}")).unwrap(),
            messages,
            extracted: if number == 0 { extracted } else { 0 },
            is_selected: number == 0,
        };
        Plan {
            recording: RecordingId::new("drive-1a2b3c4d").unwrap(),
            source: "drive.bag".into(),
            size_bytes: 1000,
            cameras: messages.into_iter().enumerate().map(camera).collect(),
            extracted,
            detected,
            anonymized: 0,
            is_extracted: false,
            filed: Vec::new(),
        }
    }

    #[track_caller]
    fn check(plan: &Plan, stages: &[Stage], every: u32, expected: Option<[u64; 3]>) {
        let settings = RunSettings {
            stages: stages.to_vec(),
            selection: Selection { every, ..Selection::default() },
            only: None,
            redact: RedactSettings { style: RedactStyle::Blur, margin: 0.0 },
            name: None,
        };
        let left = Left::of(plan, &settings);
        assert_eq!(left.map(|left| [left.extract, left.detect, left.anonymize]), expected);
    }

    #[test]
    fn what_is_left_is_what_was_not_done() {
        use Stage::{Detect, Extract};
        check(&plan([Some(10), Some(7)], 0, 0), &Stage::ALL, 1, Some([10, 10, 10]));
        check(&plan([Some(10), Some(7)], 0, 0), &Stage::ALL, 3, Some([4, 4, 4]));
        check(&plan([Some(10), None], 4, 3), &[Extract, Detect], 1, Some([6, 7, 0]));
        check(&plan([Some(10), None], 4, 4), &[Extract, Detect], 2, Some([5, 5, 0]));
        check(&plan([Some(10), None], 7, 7), &[Extract, Detect], 2, Some([3, 3, 0]));
        check(&plan([Some(10), None], 20, 3), &[Extract, Detect], 1, Some([0, 17, 0]));
        check(&plan([None, None], 4, 3), &[Detect], 1, Some([0, 1, 0]));
        check(&plan([None, None], 4, 3), &[Extract], 1, None);
        let whole = Plan { is_extracted: true, ..plan([None, None], 4, 4) };
        check(&whole, &[Extract, Detect], 1, Some([0, 0, 0]));
    }
}

//! A recording's cameras as videos: one MP4 each, every frame shown when it was
//! recorded. Images are encoded, video topics kept as they are.

mod remux;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufWriter, IntoInnerError};
use std::path::Path;
use std::sync::Arc;

use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, block_in_place, spawn_blocking};

use roadloop_bag::{Recording, Selection};
use roadloop_base::{Camera, Frame, Nanos, Report, Skip};
use roadloop_vision::{Pixels, VideoWriter, VisionError, decode};

use crate::films::{Films, Shown};
use crate::{Cpu, EngineError, JobStart, NewFile, Progress, Unit};

/// Cameras encoded at once: each encoder holds some frames.
const OPEN_VIDEOS: usize = 8;

/// Decoded frames a camera may be ahead of its encoder.
const AHEAD: usize = 4;

/// What became of a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoFile {
    pub topic: String,
    /// Its name in the folder.
    pub file: String,
    pub frames: u64,
}

/// Writes the selected cameras and video topics to `CAMERA.mp4` in `folder`,
/// in H.264. Files become visible when they are whole; those of an
/// earlier extraction are replaced. Frames of another size than their camera's
/// first are left out.
pub async fn extract_videos(
    cpu: &Cpu,
    progress: &dyn Progress,
    recording: &Recording,
    folder: &Path,
    selection: &Selection,
) -> Result<(Report, Vec<VideoFile>), EngineError> {
    let (topics, streams) = selected(recording, selection);
    if topics.is_empty() && streams.is_empty() {
        // What there is instead is said by the reader.
        recording.frames(selection)?;
    }
    fs::create_dir_all(folder).map_err(EngineError::writing(folder))?;
    let passes = (topics.len().div_ceil(OPEN_VIDEOS) + usize::from(!streams.is_empty())) as u64;
    let meter = progress.start(JobStart {
        job: "video",
        recording: Some(recording.id().clone()),
        unit: Unit::Frames,
        units: None,
        bytes: Some(recording.size_bytes() * passes),
    });
    let mut report = Report::default();
    let mut files = Vec::new();
    let note = |skipped: Vec<Skip>, report: &mut Report| {
        for skip in skipped {
            // Damage between messages is met in every pass.
            if !report.skipped.contains(&skip) {
                meter.skipped(&skip);
                report.skipped.push(skip);
            }
        }
    };
    if !streams.is_empty() {
        let before = recording.size_bytes() * (passes - 1);
        let (kept, skipped) = block_in_place(|| {
            remux::remux(recording, folder, &streams, selection, &*meter, before)
        })?;
        report.done += kept.iter().map(|file| file.frames).sum::<u64>();
        files.extend(kept);
        note(skipped, &mut report);
    }
    for (pass, topics) in topics.chunks(OPEN_VIDEOS).enumerate() {
        let frames =
            recording.frames(&Selection { topics: topics.to_vec(), ..selection.clone() })?;
        let frames = Films::new(frames);
        let before = recording.size_bytes() * pass as u64;
        let (sender, mut receiver) = mpsc::channel(2 * cpu.jobs());
        let reader = spawn_blocking(move || read(frames, &sender));
        let reads = stream::poll_fn(move |context| receiver.poll_recv(context));
        let work = reads.map(|(bytes_read, read)| {
            let cpu = cpu.clone();
            async move {
                let decoded = match read? {
                    Ok(frame) => cpu.run(move || look(&frame)).await?,
                    Err(skip) => Err(skip),
                };
                Ok::<_, EngineError>((bytes_read, decoded))
            }
        });
        let mut decoded = work.buffered(2 * cpu.jobs());
        let mut cameras = BTreeMap::<Camera, Filming>::new();
        let mut skipped = Vec::new();
        while let Some(outcome) = decoded.next().await {
            let (bytes_read, outcome) = outcome?;
            match outcome {
                Ok(shot) => {
                    let filming = cameras.entry(shot.camera.clone());
                    let filming = filming.or_insert_with(|| Filming::start(folder, &shot));
                    // Where the encoder failed its end says why.
                    let _ = filming.shots.send((shot.pixels, shot.taken_at)).await;
                    meter.advance(1, before + bytes_read);
                }
                Err(skip) => skipped.push(skip),
            }
        }
        drop(decoded);
        reader.await.map_err(EngineError::stopped)?;
        for (camera, Filming { topic, shots, work }) in cameras {
            drop(shots);
            let filmed = work.await.map_err(EngineError::stopped)??;
            skipped.extend(left_out(&topic, &filmed.left_out));
            report.done += filmed.frames;
            if filmed.frames > 0 {
                let (topic, file) = (topic.to_string(), format!("{camera}.mp4"));
                files.push(VideoFile { topic, file, frames: filmed.frames });
            }
        }
        note(skipped, &mut report);
    }
    meter.finish(&report);
    Ok((report, files))
}

/// Whether anything is selected that becomes a video.
pub fn has_videos(recording: &Recording, selection: &Selection) -> bool {
    let (topics, streams) = selected(recording, selection);
    !topics.is_empty() || !streams.is_empty()
}

/// The selected cameras, and of these those whose topics carry videos.
fn selected(recording: &Recording, selection: &Selection) -> (Vec<String>, Vec<String>) {
    let is_wanted =
        |topic: &String| selection.topics.is_empty() || selection.topics.contains(topic);
    let of_kind = |is_video: bool| {
        let topics = recording.topics().iter();
        let topics = topics.filter(|topic| topic.camera.is_some() && topic.is_video == is_video);
        topics.map(|topic| topic.name.clone()).filter(is_wanted).collect()
    };
    (of_kind(false), of_kind(true))
}

fn read(mut frames: Films, sender: &mpsc::Sender<(u64, Shown)>) {
    while let Some(read) = frames.next() {
        if sender.blocking_send((frames.bytes_read(), read)).is_err() {
            return; // The other side stopped on an error of its own.
        }
    }
}

/// A decoded frame.
struct Shot {
    camera: Camera,
    topic: Arc<str>,
    taken_at: Nanos,
    pixels: Pixels,
}

fn look(frame: &Frame) -> Result<Shot, Skip> {
    let pixels = decode(&frame.image).map_err(|error| {
        let place = format!("topic {} message {}", frame.topic, frame.id.sequence);
        Skip::new(place, error.to_string())
    })?;
    let (camera, topic) = (frame.id.camera.clone(), Arc::clone(&frame.topic));
    Ok(Shot { camera, topic, taken_at: frame.taken_at, pixels })
}

/// A camera's encoder at work, on a thread of its own.
struct Filming {
    topic: Arc<str>,
    shots: mpsc::Sender<(Pixels, Nanos)>,
    work: JoinHandle<Result<Filmed, EngineError>>,
}

#[derive(Default)]
struct Filmed {
    frames: u64,
    /// Why frames were left out, and how many.
    left_out: BTreeMap<String, u64>,
}

impl Filming {
    fn start(folder: &Path, first: &Shot) -> Filming {
        let (shots, receiver) = mpsc::channel(AHEAD);
        let path = folder.join(format!("{}.mp4", first.camera));
        let size = (first.pixels.width(), first.pixels.height());
        let work = spawn_blocking(move || film(&path, size, receiver));
        Filming { topic: Arc::clone(&first.topic), shots, work }
    }
}

/// Names a topic's frames that are not in its video, by the reason.
fn left_out(topic: &str, reasons: &BTreeMap<String, u64>) -> Vec<Skip> {
    let skip = |(reason, count): (&String, &u64)| {
        let frames = if *count == 1 { "frame" } else { "frames" };
        let reason = format!("{count} {frames} not in the video: {reason}");
        Skip::new(format!("topic {topic}"), reason)
    };
    reasons.iter().map(skip).collect()
}

fn film(
    path: &Path,
    (width, height): (u32, u32),
    mut shots: mpsc::Receiver<(Pixels, Nanos)>,
) -> Result<Filmed, EngineError> {
    let written = EngineError::writing(path);
    let mut filmed = Filmed::default();
    let file = BufWriter::with_capacity(1 << 20, NewFile::create(path).map_err(&written)?);
    let mut writer = match VideoWriter::new(file, width, height) {
        Ok(writer) => writer,
        Err(error) => {
            let mut frames = 0;
            while shots.blocking_recv().is_some() {
                frames += 1;
            }
            filmed.left_out.insert(error.to_string(), frames);
            return Ok(filmed);
        }
    };
    while let Some((pixels, taken_at)) = shots.blocking_recv() {
        match writer.add(&pixels, taken_at) {
            Ok(()) => filmed.frames += 1,
            Err(error @ VisionError::OtherSize { .. }) => {
                *filmed.left_out.entry(error.to_string()).or_default() += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let file = writer.finish()?;
    let file = file.into_inner().map_err(IntoInnerError::into_error).map_err(&written)?;
    if filmed.frames > 0 {
        file.publish().map_err(&written)?;
    }
    Ok(filmed)
}

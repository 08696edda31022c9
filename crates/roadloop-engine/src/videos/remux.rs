//! Topics that carry H.264 or H.265: into an MP4 as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufWriter, IntoInnerError};
use std::path::Path;

use bytes::Bytes;

use roadloop_bag::{Decoders, ReadMessage, Recording, Selection, Value};
use roadloop_base::{Camera, Nanos, Skip, Topic, name_topics};
use roadloop_vision::{VideoCodec, VideoRemuxer};

use super::VideoFile;
use crate::{EngineError, Meter, NewFile};

/// Messages that carry encoded video, by their names without `msg/`.
const VIDEO_TYPES: [&str; 4] = [
    "foxglove.CompressedVideo",
    "foxglove_msgs/CompressedVideo",
    "foxglove/CompressedVideo",
    "ffmpeg_image_transport_msgs/FFMPEGPacket",
];

pub(super) fn is_video(topic: &Topic) -> bool {
    VIDEO_TYPES.contains(&&*topic.message_type.replace("/msg/", "/"))
}

/// A video topic and the name of its file.
pub(super) fn named(recording: &Recording) -> Vec<(String, String)> {
    let topics = recording.topics();
    let cameras = topics.iter().filter_map(|topic| topic.camera.as_ref());
    let cameras: BTreeSet<&str> = cameras.map(Camera::as_str).collect();
    let names = name_topics(topics.iter().map(|topic| topic.name.as_str()));
    let own = |name: String| match cameras.contains(&*name) {
        true => format!("{name}-video"),
        false => name,
    };
    let videos = topics.iter().zip(names).filter(|(topic, _)| is_video(topic));
    videos.map(|(topic, name)| (topic.name.clone(), own(name))).collect()
}

/// Writes the videos of these topics.
pub(super) fn remux(
    recording: &Recording,
    folder: &Path,
    named: &[(String, String)],
    selection: &Selection,
    meter: &dyn Meter,
    before: u64,
) -> Result<(Vec<VideoFile>, Vec<Skip>), EngineError> {
    let topics = named.iter().map(|(topic, _)| topic.clone()).collect();
    let mut messages = recording.messages(&Selection { topics, ..selection.clone() })?;
    let mut decoders = Decoders::default();
    let mut open = BTreeMap::<&str, Open>::new();
    let mut skipped = Vec::new();
    while let Some(read) = messages.next() {
        let message = match read {
            ReadMessage::Message(message) => message,
            ReadMessage::Skipped(skip) => {
                skipped.push(skip);
                continue;
            }
            ReadMessage::Failed(error) => return Err(error.into()),
            ReadMessage::Attachment(_) | ReadMessage::Metadata(_) => continue,
        };
        let Some((topic, name)) = named.iter().find(|(topic, _)| **topic == *message.topic) else {
            continue;
        };
        let value = match decoders.decode(&message) {
            Some(Ok((_, value))) => value,
            Some(Err(skip)) => {
                skipped.push(skip);
                continue;
            }
            None => continue,
        };
        let packet = packet(&value);
        let video = match open.get_mut(&**topic) {
            Some(video) => video,
            None => {
                // One that is not kept says so, and its file never becomes visible.
                let codec = packet.as_ref().map_or(VideoCodec::H264, |(codec, _)| *codec);
                let video = Open::create(&folder.join(format!("{name}.mp4")), codec)?;
                open.entry(topic).or_insert(video)
            }
        };
        match packet.and_then(|(codec, data)| video.add(codec, &data, message.logged_at)) {
            Ok(true) => meter.advance(1, before + messages.bytes_read()),
            Ok(false) => video.waiting += 1,
            Err(reason) => *video.left_out.entry(reason).or_default() += 1,
        }
    }
    while let Some(left_out) = decoders.take_left_out() {
        skipped.push(left_out);
    }
    let mut files = Vec::new();
    for (topic, name) in named {
        let Some(video) = open.remove(&**topic) else { continue };
        let frames = video.remuxer.frames() as u64;
        skipped.extend(video.finish(topic, &folder.join(format!("{name}.mp4")))?);
        if frames > 0 {
            let file = format!("{name}.mp4");
            files.push(VideoFile { topic: topic.clone(), file, frames });
        }
    }
    Ok((files, skipped))
}

struct Open {
    codec: VideoCodec,
    remuxer: VideoRemuxer<BufWriter<NewFile>>,
    /// Frames before the first that needs no others.
    waiting: u64,
    left_out: BTreeMap<String, u64>,
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.remuxer.fmt(f)
    }
}

impl Open {
    fn create(path: &Path, codec: VideoCodec) -> Result<Open, EngineError> {
        let file = NewFile::create(path).map_err(EngineError::writing(path))?;
        let remuxer = VideoRemuxer::new(BufWriter::with_capacity(1 << 20, file), codec)?;
        Ok(Open { codec, remuxer, waiting: 0, left_out: BTreeMap::new() })
    }

    fn add(&mut self, codec: VideoCodec, data: &[u8], taken_at: Nanos) -> Result<bool, String> {
        if codec != self.codec {
            return Err(format!("{codec:?} in a video of {:?}", self.codec));
        }
        self.remuxer.add(data, taken_at).map_err(|error| error.to_string())
    }

    /// Makes the file visible where it has a frame, and names what is not in it.
    fn finish(mut self, topic: &str, path: &Path) -> Result<Vec<Skip>, EngineError> {
        if self.waiting > 0 {
            let reason = "before the first frame that needs no others".to_owned();
            self.left_out.insert(reason, self.waiting);
        }
        if self.remuxer.frames() > 0 {
            let written = EngineError::writing(path);
            let file = self.remuxer.finish()?.into_inner();
            let file = file.map_err(IntoInnerError::into_error).map_err(&written)?;
            file.publish().map_err(&written)?;
        }
        Ok(super::left_out(topic, &self.left_out))
    }
}

/// The stream of a message, where it is kept.
fn packet(message: &Value) -> Result<(VideoCodec, Bytes), String> {
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    let format = text("format").or(text("encoding")).unwrap_or_default().to_lowercase();
    let is = |names: [&str; 3]| names.iter().any(|name| format.contains(name));
    let codec = if is(["h264", "x264", "avc"]) {
        VideoCodec::H264
    } else if is(["h265", "x265", "hevc"]) {
        VideoCodec::H265
    } else {
        let format: String = format.chars().take(40).collect();
        return Err(format!("video in {format:?}; H.264 and H.265 are kept"));
    };
    match message.get("data") {
        Some(Value::Bytes(data)) => Ok((codec, data.clone())),
        _ => Err("its data is not there".to_owned()),
    }
}

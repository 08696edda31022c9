//! Topics that carry H.264 or H.265: into an MP4 as they are.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufWriter, IntoInnerError};
use std::path::Path;
use std::sync::Arc;

use roadloop_bag::{Read, Recording, Selection};
use roadloop_base::{Camera, EncodedImage, Frame, Nanos, Skip, VideoCodec};
use roadloop_vision::VideoRemuxer;

use super::VideoFile;
use crate::{EngineError, Meter, NewFile};

/// Writes the videos of these topics. All their pictures in the selected time
/// are kept, whatever is selected of them: each needs those before it.
pub(super) fn remux(
    recording: &Recording,
    folder: &Path,
    topics: &[String],
    selection: &Selection,
    meter: &dyn Meter,
    before: u64,
) -> Result<(Vec<VideoFile>, Vec<Skip>), EngineError> {
    let topics = topics.to_vec();
    let selection = Selection { topics, every: 1, rate_hz: None, ..selection.clone() };
    let mut frames = recording.frames(&selection)?;
    let mut open = BTreeMap::<Camera, Open>::new();
    let mut skipped = Vec::new();
    while let Some(read) = frames.next() {
        let Frame { id, topic, taken_at, image, .. } = match read {
            Read::Frame(frame) => frame,
            // Before the selected time.
            Read::Unselected(_) => continue,
            Read::Skipped(skip) => {
                skipped.push(skip);
                continue;
            }
            Read::Failed(error) => return Err(error.into()),
        };
        let EncodedImage::Video(picture) = image else { continue };
        let video = match open.get_mut(&id.camera) {
            Some(video) => video,
            None => {
                let video = Open::create(&folder.join(file_of(&id.camera)), topic, picture.codec)?;
                open.entry(id.camera).or_insert(video)
            }
        };
        match video.add(picture.codec, &picture.data, taken_at) {
            Ok(true) => meter.advance(1, before + frames.bytes_read()),
            Ok(false) => video.waiting += 1,
            Err(reason) => *video.left_out.entry(reason).or_default() += 1,
        }
    }
    let mut files = Vec::new();
    for (camera, video) in open {
        let (topic, file) = (video.topic.to_string(), file_of(&camera));
        let frames = video.remuxer.frames() as u64;
        skipped.extend(video.finish(&folder.join(&file))?);
        if frames > 0 {
            files.push(VideoFile { topic, file, frames });
        }
    }
    Ok((files, skipped))
}

fn file_of(camera: &Camera) -> String {
    format!("{camera}.mp4")
}

struct Open {
    topic: Arc<str>,
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
    fn create(path: &Path, topic: Arc<str>, codec: VideoCodec) -> Result<Open, EngineError> {
        let file = NewFile::create(path).map_err(EngineError::writing(path))?;
        let remuxer = VideoRemuxer::new(BufWriter::with_capacity(1 << 20, file), codec)?;
        Ok(Open { topic, codec, remuxer, waiting: 0, left_out: BTreeMap::new() })
    }

    fn add(&mut self, codec: VideoCodec, data: &[u8], taken_at: Nanos) -> Result<bool, String> {
        if codec != self.codec {
            return Err(format!("{codec:?} in a video of {:?}", self.codec));
        }
        self.remuxer.add(data, taken_at).map_err(|error| error.to_string())
    }

    /// Makes the file visible where it has a frame, and names what is not in it.
    fn finish(mut self, path: &Path) -> Result<Vec<Skip>, EngineError> {
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
        Ok(super::left_out(&self.topic, &self.left_out))
    }
}

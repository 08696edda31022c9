//! Pictures of videos, decoded on the reader's thread: each needs those before it.
//! Other frames pass as they are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roadloop_bag::{BagError, Frames, Read};
use roadloop_base::{Camera, EncodedImage, Frame, Skip, VideoCodec, VideoPicture};
use roadloop_vision::VideoDecoder;

/// Pictures that nobody may ever ask for are kept in order not to be decoded; so
/// many bytes of a camera's at most.
const KEPT: usize = 32 << 20;

/// A frame that can be looked at, or why there is none; an error ends them all.
pub(crate) type Shown = Result<Result<Frame, Skip>, BagError>;

/// Reads a recording's selected frames, those of videos with their pixels.
#[derive(Debug)]
pub(crate) struct Films {
    frames: Frames,
    by_camera: HashMap<Camera, Film>,
    /// Why frames of a topic have no picture, and how many.
    left_out: BTreeMap<(Arc<str>, String), u64>,
}

/// One camera's video.
#[derive(Debug, Default)]
struct Film {
    decoder: Option<VideoDecoder>,
    /// The last picture's place.
    sequence: Option<u32>,
    /// From the last picture that needs no other on, and not yet decoded.
    waiting: Vec<VideoPicture>,
}

impl Films {
    pub(crate) fn new(frames: Frames) -> Films {
        Films { frames, by_camera: HashMap::new(), left_out: BTreeMap::new() }
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.frames.bytes_read()
    }

    fn take(&mut self, mut frame: Frame, is_selected: bool) -> Option<Frame> {
        let EncodedImage::Video(picture) = &mut frame.image else { return Some(frame) };
        let film = self.by_camera.entry(frame.id.camera.clone()).or_default();
        let decoded = film.add(picture, frame.id.sequence, is_selected);
        match decoded {
            Ok(()) if is_selected => Some(frame),
            Ok(()) => None,
            Err(reason) if is_selected => {
                *self.left_out.entry((Arc::clone(&frame.topic), reason)).or_default() += 1;
                None
            }
            // Whoever needs it will say so.
            Err(_) => None,
        }
    }
}

impl Film {
    /// Decodes a picture that is selected, and before it those it needs.
    fn add(
        &mut self,
        picture: &mut VideoPicture,
        sequence: u32,
        is_selected: bool,
    ) -> Result<(), String> {
        if picture.codec == VideoCodec::H265 {
            return Err("H.265 is kept in videos, and not decoded".to_owned());
        }
        let is_next = self.sequence.is_none_or(|last| sequence == last.wrapping_add(1));
        self.sequence = Some(sequence);
        if !is_next {
            self.waiting.clear();
            self.decoder.iter_mut().for_each(VideoDecoder::interrupt);
        }
        if VideoDecoder::is_key(&picture.data) {
            self.waiting.clear();
        }
        let kept: usize = self.waiting.iter().map(|picture| picture.data.len()).sum();
        if !is_selected && kept < KEPT {
            self.waiting.push(picture.clone());
            return Ok(());
        }
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            None => self.decoder.insert(VideoDecoder::new().map_err(|error| error.to_string())?),
        };
        for before in self.waiting.drain(..) {
            // What is wrong with it shows in those after it.
            let _ = decoder.decode(&before.data);
        }
        match decoder.decode(&picture.data) {
            Ok(Some(pixels)) => picture.decoded = Some(pixels),
            Ok(None) => return Err("before the first that needs no others".to_owned()),
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }
}

impl Iterator for Films {
    type Item = Shown;

    fn next(&mut self) -> Option<Shown> {
        loop {
            let (frame, is_selected) = match self.frames.next() {
                Some(Read::Frame(frame)) => (frame, true),
                Some(Read::Unselected(frame)) => (frame, false),
                Some(Read::Skipped(skip)) => return Some(Ok(Err(skip))),
                Some(Read::Failed(error)) => return Some(Err(error)),
                None => {
                    let ((topic, reason), count) = self.left_out.pop_first()?;
                    let pictures = if count == 1 { "picture" } else { "pictures" };
                    let reason = format!("{count} {pictures} not decoded: {reason}");
                    return Some(Ok(Err(Skip::new(format!("topic {topic}"), reason))));
                }
            };
            if let Some(frame) = self.take(frame, is_selected) {
                return Some(Ok(Ok(frame)));
            }
        }
    }
}

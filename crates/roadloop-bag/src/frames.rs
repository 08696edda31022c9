//! A recording's frames, one by one, with what is damaged named in between.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roadloop_base::{Camera, EncodedImage, Frame, FrameId, MAX_SEQUENCE, RecordingId, Skip};

use crate::BagError;
use crate::decode::Decoders;
use crate::image::{NoImage, image_type, read_image};
use crate::messages::{Message, Messages, ReadMessage};

/// What comes next in a recording.
#[derive(Debug)]
pub enum Read {
    Frame(Frame),
    /// A picture of a video that is not selected, but without which those after
    /// it cannot be decoded.
    Unselected(Frame),
    /// A damaged place, or a message that gives no image; reading goes on.
    Skipped(Skip),
    /// The rest cannot be fetched from where it lies; nothing comes after this.
    Failed(BagError),
}

/// Different reasons that are kept apart; a hostile file could have millions.
const MAX_REASONS: usize = 64;

/// Iterates over the selected frames of a recording, in the order they lie in
/// it. Holds one chunk of it in memory, beside those its frames still share.
#[derive(Debug)]
pub struct Frames {
    messages: Messages,
    recording: RecordingId,
    /// By topic.
    cameras: HashMap<Arc<str>, CameraTopic>,
    decoders: Decoders,
    repeats: Repeats,
}

#[derive(Debug)]
pub(crate) struct CameraTopic {
    pub(crate) camera: Camera,
    pub(crate) is_video: bool,
}

impl Frames {
    pub(crate) fn new(
        recording: RecordingId,
        cameras: HashMap<Arc<str>, CameraTopic>,
        messages: Messages,
    ) -> Frames {
        let (decoders, repeats) = (Decoders::default(), Repeats::default());
        Frames { messages, recording, cameras, decoders, repeats }
    }

    /// Of the recording, so far: for rate and time left.
    pub fn bytes_read(&self) -> u64 {
        self.messages.bytes_read()
    }

    pub fn size_bytes(&self) -> u64 {
        self.messages.size_bytes()
    }

    fn read(&mut self, message: &Message) -> Option<Read> {
        let image_type = image_type(&message.channel);
        let (Some(topic), Some(image_type)) = (self.cameras.get(&message.topic), image_type) else {
            return self.repeats.add(message, "messages that are no images".to_owned());
        };
        let CameraTopic { camera, is_video } = topic;
        let Some(sequence) = u32::try_from(message.sequence).ok().filter(|&s| s <= MAX_SEQUENCE)
        else {
            let reason = format!("more than {MAX_SEQUENCE} messages");
            return self.repeats.add(message, reason);
        };
        match read_image(image_type, message, &mut self.decoders)? {
            Ok((_, EncodedImage::Video(_))) if !is_video => {
                let reason = "a picture of a video among images, not read".to_owned();
                self.repeats.add(message, reason)
            }
            // Among pictures of a video one that needs no other, and none does.
            Ok((_, image)) if !message.is_selected && !matches!(image, EncodedImage::Video(_)) => {
                None
            }
            Ok((stamp, image)) => {
                let (recording, camera) = (self.recording.clone(), camera.clone());
                let frame = Frame {
                    id: FrameId { recording, camera, sequence },
                    topic: Arc::clone(&message.topic),
                    taken_at: message.logged_at,
                    stamp,
                    image,
                };
                Some(if message.is_selected { Read::Frame(frame) } else { Read::Unselected(frame) })
            }
            Err(NoImage::Damaged(reason)) => {
                Some(Read::Skipped(Skip::new(message.place(), reason)))
            }
            Err(NoImage::Unknown(reason)) => self.repeats.add(message, reason),
        }
    }
}

impl Iterator for Frames {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        loop {
            let read = match self.messages.next() {
                Some(ReadMessage::Message(message)) => self.read(&message),
                Some(ReadMessage::Skipped(skip)) => Some(Read::Skipped(skip)),
                Some(ReadMessage::Failed(error)) => Some(Read::Failed(error)),
                Some(ReadMessage::Attachment(_) | ReadMessage::Metadata(_)) => None,
                None => {
                    let left_out = self.decoders.take_left_out();
                    return left_out.or_else(|| self.repeats.take()).map(Read::Skipped);
                }
            };
            if read.is_some() {
                return read;
            }
        }
    }
}

/// What is wrong with a whole topic is named at its first message; the rest
/// is counted, and named at the end.
#[derive(Debug, Default)]
struct Repeats {
    more: BTreeMap<(Arc<str>, String), u64>,
}

impl Repeats {
    fn add(&mut self, message: &Message, reason: String) -> Option<Read> {
        let topic = Arc::clone(&message.topic);
        if let Some(more) = self.more.get_mut(&(Arc::clone(&topic), reason.clone())) {
            *more += 1;
            return None;
        }
        if self.more.len() >= MAX_REASONS {
            *self.more.entry((topic, "other reasons".to_owned())).or_default() += 1;
            return None;
        }
        self.more.insert((topic, reason.clone()), 0);
        Some(Read::Skipped(Skip::new(message.place(), reason)))
    }

    fn take(&mut self) -> Option<Skip> {
        while let Some(((topic, reason), more)) = self.more.pop_first() {
            if more > 0 {
                let reason = format!("{more} more messages: {reason}");
                return Some(Skip::new(format!("topic {topic}"), reason));
            }
        }
        None
    }
}

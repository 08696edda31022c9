//! A recording's frames, one by one, with what is damaged named in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use roadloop_base::{Camera, Frame, FrameId, MAX_SEQUENCE, RecordingId, Skip};

use crate::image::{NoImage, read_image};
use crate::part::{Found, Message, Part, PartReader, Places};
use crate::tally::{Tally, TopicNumber};

/// What comes next in a recording.
#[derive(Clone, Debug)]
pub enum Read {
    Frame(Frame),
    /// A damaged place, or a message that gives no image; reading goes on.
    Skipped(Skip),
}

/// Different reasons that are kept apart; a hostile file could have millions.
const MAX_REASONS: usize = 64;

/// Iterates over the selected frames of a recording, in the order they lie in
/// it. Holds one chunk of it in memory, beside those its frames still share.
#[derive(Debug)]
pub struct Frames {
    parts: Arc<[Part]>,
    next_part: usize,
    reader: Option<PartReader>,
    tally: Tally,
    recording: RecordingId,
    topics: Vec<FrameTopic>,
    bytes_done: u64,
    size_bytes: u64,
    repeats: Repeats,
    is_done: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct FrameTopic {
    pub(crate) name: Arc<str>,
    pub(crate) camera: Option<Camera>,
}

impl Frames {
    pub(crate) fn new(
        recording: RecordingId,
        parts: Arc<[Part]>,
        topics: Vec<FrameTopic>,
        tally: Tally,
    ) -> Frames {
        Frames {
            size_bytes: parts.iter().map(|part| part.len).sum(),
            parts,
            next_part: 0,
            reader: None,
            tally,
            recording,
            topics,
            bytes_done: 0,
            repeats: Repeats::default(),
            is_done: false,
        }
    }

    /// Of the recording, so far: for rate and time left.
    pub fn bytes_read(&self) -> u64 {
        let here = self.reader.as_ref().map_or(0, PartReader::position);
        (self.bytes_done + here).min(self.size_bytes)
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn open_next_part(&mut self) -> Option<Read> {
        let Some(part) = self.parts.get(self.next_part) else {
            self.is_done = true;
            return None;
        };
        self.next_part += 1;
        match part.reader(&mut self.tally) {
            Ok(reader) => {
                self.reader = Some(reader);
                None
            }
            Err(error) => {
                self.bytes_done += part.len;
                let reason = error.to_string().replace('\n', ", ");
                Some(Read::Skipped(Places::of(&part.path).file(reason)))
            }
        }
    }

    fn read(&mut self, message: &Message) -> Option<Read> {
        let topic = &self.topics[message.topic];
        let (Some(camera), Some(image_type)) = (&topic.camera, message.image_type) else {
            return self.repeats.add(
                message,
                &topic.name,
                "messages that are no images".to_owned(),
            );
        };
        let Some(sequence) = u32::try_from(message.sequence).ok().filter(|&s| s <= MAX_SEQUENCE)
        else {
            let reason = format!("more than {MAX_SEQUENCE} messages");
            return self.repeats.add(message, &topic.name, reason);
        };
        match read_image(image_type, &message.data) {
            Ok((stamp, image)) => Some(Read::Frame(Frame {
                id: FrameId { recording: self.recording.clone(), camera: camera.clone(), sequence },
                topic: Arc::clone(&topic.name),
                taken_at: message.logged_at,
                stamp,
                image,
            })),
            Err(NoImage::Damaged(reason)) => {
                Some(Read::Skipped(Skip::new(place(&topic.name, message.sequence), reason)))
            }
            Err(NoImage::Unknown(reason)) => self.repeats.add(message, &topic.name, reason),
        }
    }
}

impl Iterator for Frames {
    type Item = Read;

    fn next(&mut self) -> Option<Read> {
        while !self.is_done {
            let Some(reader) = &mut self.reader else {
                match self.open_next_part() {
                    None => continue,
                    skipped => return skipped,
                }
            };
            let read = match reader.next(&mut self.tally) {
                Some(Found::Message(message)) => self.read(&message),
                Some(Found::Damage(skip)) => Some(Read::Skipped(skip)),
                None => {
                    self.reader = None;
                    self.bytes_done += self.parts[self.next_part - 1].len;
                    None
                }
            };
            if read.is_some() {
                return read;
            }
        }
        self.repeats.take(&self.topics).map(Read::Skipped)
    }
}

fn place(topic: &str, sequence: u64) -> String {
    format!("topic {topic} message {sequence}")
}

/// What is wrong with a whole topic is named at its first message; the rest
/// is counted, and named at the end.
#[derive(Debug, Default)]
struct Repeats {
    more: BTreeMap<(TopicNumber, String), u64>,
}

impl Repeats {
    fn add(&mut self, message: &Message, topic: &str, reason: String) -> Option<Read> {
        if let Some(more) = self.more.get_mut(&(message.topic, reason.clone())) {
            *more += 1;
            return None;
        }
        if self.more.len() >= MAX_REASONS {
            *self.more.entry((message.topic, "other reasons".to_owned())).or_default() += 1;
            return None;
        }
        self.more.insert((message.topic, reason.clone()), 0);
        Some(Read::Skipped(Skip::new(place(topic, message.sequence), reason)))
    }

    fn take(&mut self, topics: &[FrameTopic]) -> Option<Skip> {
        while let Some(((topic, reason), more)) = self.more.pop_first() {
            if more > 0 {
                let place = format!("topic {}", topics[topic].name);
                return Some(Skip::new(place, format!("{more} more messages: {reason}")));
            }
        }
        None
    }
}

//! A recording's messages, one by one, with what is damaged named in between.

use std::sync::Arc;

use bytes::Bytes;

use roadloop_base::{Nanos, Skip};

use crate::BagError;
use crate::channel::Channel;
use crate::compression::{Codec, ZSTD_MAGIC, decompress_all};
use crate::mcap::{Attachment, Metadata};
use crate::part::{self, Found, Part, PartReader, Places};
use crate::tally::Tally;

/// One message as it was recorded.
#[derive(Clone, Debug)]
pub struct Message {
    pub topic: Arc<str>,
    pub channel: Arc<Channel>,
    /// Its place among the messages of its topic, from 0, over all parts of
    /// the recording and whatever is selected.
    pub sequence: u64,
    /// Not so for a message of a video that is there only because later ones
    /// that are need it; [`Recording::messages`](crate::Recording::messages)
    /// gives none of those.
    pub is_selected: bool,
    /// When the recorder wrote it.
    pub logged_at: Nanos,
    /// When its sender sent it, where the format keeps that apart.
    pub published_at: Option<Nanos>,
    pub data: Bytes,
}

impl Message {
    /// Names it, for people.
    pub fn place(&self) -> String {
        format!("topic {} message {}", self.topic, self.sequence)
    }
}

/// What comes next in a recording.
#[derive(Debug)]
pub enum ReadMessage {
    Message(Message),
    /// Only after [`Messages::with_extras`], like the next.
    Attachment(Attachment),
    Metadata(Metadata),
    /// A damaged place; reading goes on.
    Skipped(Skip),
    /// The rest cannot be fetched from where it lies; nothing comes after this.
    Failed(BagError),
}

/// Iterates over the selected messages of a recording, in the order they lie
/// in it. Messages that rosbag2 compressed one by one are decompressed: no CDR
/// message begins like zstd's frames. Holds one chunk of it in memory, beside those its messages share.
#[derive(Debug)]
pub struct Messages {
    parts: Arc<[Part]>,
    next_part: usize,
    reader: Option<PartReader>,
    tally: Tally,
    topics: Vec<Arc<str>>,
    bytes_done: u64,
    size_bytes: u64,
    is_done: bool,
}

impl Messages {
    /// The topics are those of the tally, in its order.
    pub(crate) fn new(parts: Arc<[Part]>, topics: Vec<Arc<str>>, tally: Tally) -> Messages {
        Messages {
            size_bytes: parts.iter().map(|part| part.len).sum(),
            parts,
            next_part: 0,
            reader: None,
            tally,
            topics,
            bytes_done: 0,
            is_done: false,
        }
    }

    /// Gives attachments and metadata of MCAP files too.
    pub fn with_extras(mut self) -> Messages {
        self.tally.wants_extras = true;
        self
    }

    /// Of the recording, so far: for rate and time left.
    pub fn bytes_read(&self) -> u64 {
        let here = self.reader.as_ref().map_or(0, PartReader::position);
        (self.bytes_done + here).min(self.size_bytes)
    }

    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn open_next_part(&mut self) -> Option<ReadMessage> {
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
                Some(ReadMessage::Skipped(Places::in_input(&part.input).file(reason)))
            }
        }
    }

    fn message(&self, message: part::Message) -> ReadMessage {
        let mut message = Message {
            topic: Arc::clone(&self.topics[message.route.topic]),
            channel: message.route.channel,
            sequence: message.counted.sequence,
            is_selected: message.counted.is_selected,
            logged_at: message.logged_at,
            published_at: message.published_at,
            data: message.data,
        };
        if message.channel.encoding == "cdr" && message.data.starts_with(ZSTD_MAGIC) {
            match decompress_all(Codec::Zstd, &message.data) {
                Ok(data) => message.data = data,
                Err(reason) => return ReadMessage::Skipped(Skip::new(message.place(), reason)),
            }
        }
        ReadMessage::Message(message)
    }
}

impl Iterator for Messages {
    type Item = ReadMessage;

    fn next(&mut self) -> Option<ReadMessage> {
        while !self.is_done {
            let Some(reader) = &mut self.reader else {
                match self.open_next_part() {
                    None => continue,
                    skipped => return skipped,
                }
            };
            let found = reader.next(&mut self.tally);
            // Until then it looks as if the file were damaged.
            if let Some(error) = self.parts[self.next_part - 1].input.failure() {
                self.is_done = true;
                return Some(ReadMessage::Failed(error));
            }
            match found {
                Some(Found::Message(message)) => {
                    return Some(self.message(message));
                }
                Some(Found::Attachment(attachment)) => {
                    return Some(ReadMessage::Attachment(attachment));
                }
                Some(Found::Metadata(metadata)) => return Some(ReadMessage::Metadata(metadata)),
                Some(Found::Damage(skip)) => return Some(ReadMessage::Skipped(skip)),
                None => {
                    self.reader = None;
                    self.bytes_done += self.parts[self.next_part - 1].len;
                }
            }
        }
        None
    }
}

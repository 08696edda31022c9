//! What the readers of the formats have in common: a part of a recording is
//! one file, and gives its messages one by one in the order they lie in it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use roadloop_base::{Nanos, Skip};

use crate::channel::Channel;
use crate::format::{Format, sniff};
use crate::input::{Input, Place};
use crate::mcap::{Attachment, McapIndex, McapReader, Metadata};
use crate::ros1::{Ros1Index, Ros1Reader};
use crate::rosbag2::SqliteReader;
use crate::tally::{Counted, Learned, Tally, TopicNumber};
use crate::whole_file::{self, WholeFile};
use crate::{BagError, mcap, ros1, rosbag2};

/// A channel as the reader of a part needs it.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) topic: TopicNumber,
    pub(crate) channel: Arc<Channel>,
}

impl Route {
    pub(crate) fn new(channel: &Channel, tally: &mut Tally) -> Option<Route> {
        Some(Route { topic: tally.topic(channel)?, channel: Arc::new(channel.clone()) })
    }
}

/// A wanted message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) route: Route,
    pub(crate) counted: Counted,
    pub(crate) logged_at: Nanos,
    pub(crate) published_at: Option<Nanos>,
    pub(crate) data: Bytes,
}

#[derive(Debug)]
pub(crate) enum Found {
    Message(Message),
    Attachment(Attachment),
    Metadata(Metadata),
    Damage(Skip),
}

/// One file of a recording, and what its index told.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) input: Input,
    pub(crate) len: u64,
    /// Each with the messages on it, where the index counts them.
    pub(crate) channels: Vec<(Channel, Option<u64>)>,
    /// When its first and last message were recorded.
    pub(crate) span: Option<(Nanos, Nanos)>,
    index: PartIndex,
    _file: WholeFile,
}

#[derive(Debug)]
enum PartIndex {
    Ros1(Ros1Index),
    Mcap(McapIndex),
    Db3,
}

/// The span that holds both.
pub(crate) fn union(
    one: Option<(Nanos, Nanos)>,
    other: Option<(Nanos, Nanos)>,
) -> Option<(Nanos, Nanos)> {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (one, other) => one.or(other),
    }
}

impl Part {
    /// Reads a part's index, or the part itself where it has none. What is
    /// wrong with the index is added to `damage`.
    ///
    /// What lies elsewhere and has no index is fetched first: it is read once to
    /// find the topics, and again for what is on them.
    pub(crate) fn open(input: &Input, damage: &mut Vec<Skip>) -> Result<(Format, Part), BagError> {
        let file = whole_file::open(input)?;
        let mut found = Vec::new();
        let opened = Part::open_file(file, &mut found)?;
        let opened = match opened {
            (format, Some(part)) => (format, part),
            (_, None) => {
                found.clear();
                let (format, part) = Part::open_file(whole_file::fetch(input)?, &mut found)?;
                let gone = || BagError::at(&input.path)(std::io::Error::other("it has no index"));
                (format, part.ok_or_else(gone)?)
            }
        };
        damage.append(&mut found);
        Ok(opened)
    }

    /// `None` for a part without an index that lies elsewhere.
    fn open_file(
        file: WholeFile,
        damage: &mut Vec<Skip>,
    ) -> Result<(Format, Option<Part>), BagError> {
        let input = &file.input;
        damage.extend(file.damage.as_ref().map(|reason| Places::in_input(input).file(reason)));
        let format = sniff(input)?;
        let len = input.len().map_err(BagError::at(&input.path))?;
        let index = match format {
            Format::Ros1Bag => PartIndex::Ros1(ros1::read_index(input, damage)?),
            Format::Mcap => PartIndex::Mcap(mcap::read_index(input, damage)?),
            Format::Db3 => PartIndex::Db3,
        };
        let indexed = match &index {
            PartIndex::Ros1(index) => index.channels(),
            PartIndex::Mcap(index) => index.channels(),
            PartIndex::Db3 => Some(rosbag2::read_topics(input, damage)?),
        };
        let is_here = matches!(input.place(), Place::Here(_));
        let input = input.clone();
        let mut part = Part { input, len, channels: Vec::new(), span: None, index, _file: file };
        if let Some(channels) = indexed {
            part.channels = channels;
            part.span = part.indexed_span();
        } else if !is_here {
            return Ok((format, None));
        } else {
            let Learned { channels, span } = part.scan()?;
            part.channels =
                channels.into_iter().map(|(channel, count)| (channel, Some(count))).collect();
            part.span = span;
        }
        Ok((format, Some(part)))
    }

    /// Finds the topics by reading everything. What is damaged is left to be
    /// named when frames are read.
    pub(crate) fn scan(&self) -> Result<Learned, BagError> {
        let mut tally = Tally::learning();
        let mut reader = self.reader(&mut tally)?;
        while reader.next(&mut tally).is_some() {}
        Ok(tally.learned())
    }

    fn indexed_span(&self) -> Option<(Nanos, Nanos)> {
        match &self.index {
            PartIndex::Ros1(index) => index.span,
            PartIndex::Mcap(index) => index.span(),
            PartIndex::Db3 => rosbag2::read_span(&self.input),
        }
    }

    /// Of its chunks, where it has any and an index of them.
    pub(crate) fn compression(&self) -> Option<String> {
        let name = match &self.index {
            PartIndex::Ros1(index) => index.compression.clone(),
            PartIndex::Mcap(index) => index.compression(),
            PartIndex::Db3 => None,
        };
        name.map(|name| if name.is_empty() { "none".to_owned() } else { name })
    }

    pub(crate) fn reader(&self, tally: &mut Tally) -> Result<PartReader, BagError> {
        Ok(match &self.index {
            PartIndex::Ros1(index) => {
                PartReader::Ros1(Box::new(Ros1Reader::open(&self.input, index, tally)?))
            }
            PartIndex::Mcap(index) => {
                PartReader::Mcap(Box::new(McapReader::open(&self.input, index, tally)?))
            }
            PartIndex::Db3 => PartReader::Db3(Box::new(SqliteReader::open(&self.input, tally)?)),
        })
    }
}

/// Reads one part, from its start to its end.
#[derive(Debug)]
pub(crate) enum PartReader {
    Ros1(Box<Ros1Reader>),
    Mcap(Box<McapReader>),
    Db3(Box<SqliteReader>),
}

impl PartReader {
    /// The next wanted message or damaged place; `None` at the end.
    pub(crate) fn next(&mut self, tally: &mut Tally) -> Option<Found> {
        match self {
            PartReader::Ros1(reader) => reader.next(tally),
            PartReader::Mcap(reader) => reader.next(tally),
            PartReader::Db3(reader) => reader.next(tally),
        }
    }

    /// How far into the file it is.
    pub(crate) fn position(&self) -> u64 {
        match self {
            PartReader::Ros1(reader) => reader.position(),
            PartReader::Mcap(reader) => reader.position(),
            PartReader::Db3(reader) => reader.position(),
        }
    }
}

/// Names damaged places of one file.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    file: String,
}

impl Places {
    pub(crate) fn of(path: &Path) -> Places {
        Places::in_input(&path.into())
    }

    pub(crate) fn in_input(input: &Input) -> Places {
        Places { file: input.name.clone() }
    }

    pub(crate) fn file(&self, reason: impl Into<String>) -> Skip {
        Skip::new(self.file.clone(), reason)
    }

    pub(crate) fn range(&self, from: u64, to: u64, reason: impl Into<String>) -> Skip {
        Skip::new(format!("{} bytes {from}..{to}", self.file), reason)
    }
}

/// Messages on channels that the file never describes, most often because
/// the description was in a damaged place.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    counts: HashMap<u32, u64>,
}

impl Orphans {
    pub(crate) fn add(&mut self, channel: u32) {
        *self.counts.entry(channel).or_default() += 1;
    }

    /// Names them, once, at the end of the file.
    pub(crate) fn take(&mut self, places: &Places) -> Option<Skip> {
        let channels = self.counts.len();
        let messages: u64 = self.counts.values().sum();
        let first = self.counts.drain().map(|(channel, _)| channel).min()?;
        Some(places.file(format!(
            "{messages} messages on {channels} channels that are described nowhere, \
             the first of them channel {first}"
        )))
    }
}

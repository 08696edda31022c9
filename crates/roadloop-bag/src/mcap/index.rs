//! The summary at the end of an MCAP file: its channels, how many messages
//! each has, and where the chunks are.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadloop_base::{Nanos, Skip};

use super::body::{self, Body, ChunkIndex, Footer, Schema, Statistics};
use super::record::{Broken, op, read_record};
use crate::BagError;
use crate::channel::{Channel, Definition};
use crate::format::MCAP_MAGIC;
use crate::input::Input;
use crate::part::Places;
use crate::passed::Passed;
use crate::source::{FileSource, ReadAt};

/// A summary is read as a whole; real ones take some 100 bytes a chunk.
const MAX_SUMMARY: u64 = 256 << 20;

/// Empty where the file has no summary, which is allowed, or no sound one.
#[derive(Clone, Debug, Default)]
pub(crate) struct McapIndex {
    pub(crate) schemas: HashMap<u16, Definition>,
    pub(crate) channels: HashMap<u16, Channel>,
    /// By where a chunk begins.
    pub(crate) chunks: BTreeMap<u64, ChunkIndex>,
    statistics: Option<Statistics>,
    /// Where the summary begins.
    starts_at: u64,
}

impl McapIndex {
    /// Of the first and last message.
    pub(crate) fn span(&self) -> Option<(Nanos, Nanos)> {
        let statistics = self.statistics.as_ref().filter(|statistics| statistics.messages > 0)?;
        Some((Nanos::from_unsigned(statistics.start), Nanos::from_unsigned(statistics.end)))
    }

    pub(crate) fn compression(&self) -> Option<String> {
        self.chunks.values().next().map(|chunk| chunk.compression.clone())
    }

    /// `None` where the summary does not tell.
    pub(crate) fn channels(&self) -> Option<Vec<(Channel, Option<u64>)>> {
        let statistics = self.statistics.as_ref()?;
        if statistics.channels as usize != self.channels.len() {
            return None;
        }
        let messages: HashMap<u16, u64> = statistics.channel_messages.iter().copied().collect();
        // None at all means that nobody counted.
        let is_counted = statistics.messages == 0 || !messages.is_empty();
        let count_of = |id| is_counted.then(|| messages.get(id).copied().unwrap_or(0));
        let channels = self.channels.iter().map(|(id, channel)| (channel.clone(), count_of(id)));
        Some(channels.collect())
    }

    /// Messages by channel, as the summary counts them.
    pub(crate) fn counts(&self) -> &[(u16, u64)] {
        self.statistics.as_ref().map_or(&[], |statistics| &statistics.channel_messages)
    }

    /// Chunks, with the message indexes behind them, that hold no message of a
    /// wanted channel. Nothing of them has to be read: the summary describes
    /// every channel.
    pub(crate) fn passed(&self, is_wanted: impl Fn(u16) -> bool) -> Passed {
        let mut passed = Passed::default();
        if !self.tells_chunks() {
            return passed;
        }
        let mut chunks = self.chunks.values().peekable();
        while let Some(chunk) = chunks.next() {
            let next_at = chunks.peek().map_or(self.starts_at, |next| next.chunk_at);
            let Some(end) = end_of(chunk).filter(|end| *end <= next_at) else { continue };
            if chunk.message_indexes_at.iter().all(|(channel, _)| !is_wanted(*channel)) {
                passed.add(chunk.chunk_at, end);
            }
        }
        passed
    }

    /// Whether the summary is whole and at one with itself, so that it may be
    /// believed in what chunks do not hold. Without message indexes, or where
    /// only some chunks have them, it is not.
    fn tells_chunks(&self) -> bool {
        let Some(statistics) = &self.statistics else { return false };
        let counts = statistics.channel_messages.iter();
        let counted = counts.clone().fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
        let indexed: HashSet<u16> = self
            .chunks
            .values()
            .flat_map(|chunk| chunk.message_indexes_at.iter().map(|(channel, _)| *channel))
            .collect();
        let is_found = |(channel, count): &(u16, u64)| *count == 0 || indexed.contains(channel);
        statistics.channels as usize == self.channels.len()
            && statistics.chunks as usize == self.chunks.len()
            && statistics.messages == counted
            && counts.clone().all(is_found)
            && indexed.iter().all(|channel| self.channels.contains_key(channel))
    }

    /// Learns a channel or a schema; the first description of an id is kept.
    pub(crate) fn learn(&mut self, op: u8, body: &[u8]) -> Option<()> {
        if op == op::SCHEMA {
            let Schema { id, definition } = Schema::parse(body)?;
            self.schemas.entry(id).or_insert(definition);
            return Some(());
        }
        let body::Channel { id, schema, topic, message_encoding, metadata } =
            body::Channel::parse(body)?;
        let definition = self.schemas.get(&schema).cloned().unwrap_or_default();
        let channel = Channel { topic, encoding: message_encoding, definition, metadata };
        self.channels.entry(id).or_insert(channel);
        Some(())
    }
}

/// Where the message indexes of a chunk end, which its index has to place behind
/// it. `None` where it has none: nothing says what is in such a chunk.
fn end_of(chunk: &ChunkIndex) -> Option<u64> {
    let indexes_at = chunk.chunk_at.checked_add(chunk.chunk_len)?;
    let end = indexes_at.checked_add(chunk.message_indexes_len)?;
    let mut places = chunk.message_indexes_at.iter().map(|(_, at)| *at);
    let are_behind = places.all(|at| (indexes_at..end).contains(&at));
    (are_behind && !chunk.message_indexes_at.is_empty()).then_some(end)
}

pub(crate) fn read_index(input: &Input, damage: &mut Vec<Skip>) -> Result<McapIndex, BagError> {
    let mut source = FileSource::open(input).map_err(BagError::at(&input.path))?;
    match parse_summary(&mut source) {
        Ok(index) => Ok(index),
        Err(Broken::Io(error)) => Err(BagError::at(&input.path)(error)),
        Err(broken) => {
            let reason = match broken {
                Broken::Garbage(reason) => reason,
                _ => "a record in it is cut off".to_owned(),
            };
            damage.push(Places::in_input(input).file(format!("no sound summary: {reason}")));
            Ok(McapIndex::default())
        }
    }
}

fn parse_summary(source: &mut FileSource) -> Result<McapIndex, Broken> {
    let garbage = |reason: &str| Broken::Garbage(reason.to_owned());
    let magic_len = MCAP_MAGIC.len() as u64;
    let footer_len = 9 + Footer::LEN;
    if source.len() < 2 * magic_len + footer_len {
        return Err(garbage("the file is too short for a footer"));
    }
    let footer_at = source.len() - magic_len - footer_len;
    if source.peek(source.len() - magic_len, MCAP_MAGIC.len())? != MCAP_MAGIC {
        return Err(garbage("the file does not end like an MCAP file"));
    }
    let placed = read_record(source, footer_at)?;
    if placed.op != op::FOOTER || placed.body_len != Footer::LEN {
        return Err(garbage("the file has no footer"));
    }
    let footer = Footer::parse(source.peek(placed.body_at, Footer::LEN as usize)?);
    let footer = footer.ok_or_else(|| garbage("the file has no footer"))?;
    let Footer { summary_at, summary_crc, .. } = footer;
    if summary_at == 0 {
        return Ok(McapIndex::default());
    }
    if summary_at < magic_len || summary_at > footer_at || footer_at - summary_at > MAX_SUMMARY {
        return Err(garbage("the footer says it is where it cannot be"));
    }
    let mut summary = source.bytes(summary_at, footer_at - summary_at + Footer::CHECKED_LEN)?;
    if summary_crc != 0 && crc32fast::hash(&summary) != summary_crc {
        return Err(garbage("its checksum is wrong"));
    }
    summary.truncate((footer_at - summary_at) as usize);
    let mut index = McapIndex { starts_at: summary_at, ..McapIndex::default() };
    let mut at = 0;
    while at < summary.len() as u64 {
        let placed = read_record(&mut summary, at)?;
        at = placed.end();
        let body = summary.slice(placed.body_at as usize..placed.end() as usize);
        let is_sound = match placed.op {
            op::SCHEMA | op::CHANNEL => index.learn(placed.op, &body).is_some(),
            op::CHUNK_INDEX => ChunkIndex::parse(&body).is_some_and(|chunk| {
                index.chunks.insert(chunk.chunk_at, chunk);
                true
            }),
            op::STATISTICS => {
                index.statistics = Statistics::parse(&body);
                index.statistics.is_some()
            }
            _ => true,
        };
        if !is_sound {
            return Err(garbage("a record in it is damaged"));
        }
    }
    Ok(index)
}

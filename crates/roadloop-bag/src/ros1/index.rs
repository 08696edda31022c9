//! The index at the end of a closed bag: its connections, and what each chunk
//! holds. Believed as a whole or not at all.

use std::collections::{BTreeMap, HashMap, HashSet};

use roadloop_base::{Nanos, Skip};

use super::record::{Broken, Placed, Record, parse_connection, parse_counts, read_record};
use crate::BagError;
use crate::channel::Channel;
use crate::format::ROS1_MAGIC;
use crate::input::Input;
use crate::part::{Places, union};
use crate::passed::Passed;
use crate::source::{FileSource, ReadAt};

/// Empty where the bag has no sound index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ros1Index {
    pub(crate) is_sound: bool,
    /// Where the chunks end and the index begins.
    pub(crate) starts_at: u64,
    pub(crate) connections: HashMap<u32, Channel>,
    /// Those that a chunk describes otherwise, and of which that was said.
    pub(super) contradicted: HashSet<u32>,
    /// By where a chunk begins: connections and their messages in it.
    pub(crate) chunks: BTreeMap<u64, Vec<(u32, u32)>>,
    /// Of the first and last message.
    pub(crate) span: Option<(Nanos, Nanos)>,
    /// Of the first chunk; the others are most often like it.
    pub(crate) compression: Option<String>,
}

impl Ros1Index {
    /// What to say of a connection that a chunk describes otherwise than this
    /// does; once of each.
    pub(crate) fn contradicted_by(
        &mut self,
        connection: u32,
        in_chunk: &Channel,
    ) -> Option<String> {
        let in_index = self.connections.get(&connection)?;
        if in_index.is_like(in_chunk) || !self.contradicted.insert(connection) {
            return None;
        }
        let describe =
            |channel: &Channel| format!("{:?} ({})", channel.topic, channel.message_type());
        let (in_chunk, in_index) = (describe(in_chunk), describe(in_index));
        Some(format!(
            "damaged: connection {connection} is {in_chunk} in its chunk, {in_index} in the index"
        ))
    }

    /// Chunks, with what lies between each and the next, that by this hold no
    /// message of a wanted connection. A connection's first chunk describes it
    /// too, perhaps otherwise than this does: that one is read.
    pub(crate) fn passed(&self, is_wanted: impl Fn(u32) -> bool) -> Passed {
        let mut passed = Passed::default();
        let mut met = HashSet::new();
        let mut chunks = self.chunks.iter().peekable();
        while let Some((at, connections)) = chunks.next() {
            let next_at = chunks.peek().map_or(self.starts_at, |(next_at, _)| **next_at);
            let mut is_passed = !connections.is_empty();
            for (connection, _) in connections {
                is_passed &= !met.insert(*connection) && !is_wanted(*connection);
            }
            if is_passed {
                passed.add(*at, next_at);
            }
        }
        passed
    }

    /// `None` where the index does not tell.
    pub(crate) fn channels(&self) -> Option<Vec<(Channel, Option<u64>)>> {
        if !self.is_sound {
            return None;
        }
        let mut messages: HashMap<u32, u64> = HashMap::new();
        for (connection, count) in self.chunks.values().flatten() {
            *messages.entry(*connection).or_default() += u64::from(*count);
        }
        let count_of = |id| messages.get(id).copied().unwrap_or(0);
        let channels =
            self.connections.iter().map(|(id, channel)| (channel.clone(), Some(count_of(id))));
        Some(channels.collect())
    }
}

pub(crate) fn read_index(input: &Input, damage: &mut Vec<Skip>) -> Result<Ros1Index, BagError> {
    let mut source = FileSource::open(input).map_err(BagError::at(&input.path))?;
    match parse_index(&mut source) {
        Ok(index) => Ok(index),
        Err(Broken::Io(error)) => Err(BagError::at(&input.path)(error)),
        Err(broken) => {
            let reason = match broken {
                Broken::Garbage(reason) => reason,
                _ => "the index is cut off".to_owned(),
            };
            let reason =
                format!("no sound index: {reason}; what follows the last message may be missing");
            damage.push(Places::in_input(input).file(reason));
            Ok(Ros1Index::default())
        }
    }
}

fn parse_index(source: &mut FileSource) -> Result<Ros1Index, Broken> {
    let unsound = |reason: String| Broken::Garbage(reason);
    let header = read_record(source, ROS1_MAGIC.len() as u64)?;
    let Record::BagHeader { index_at, connections, chunks } = header.record else {
        return Err(unsound("the bag does not begin with its header".to_owned()));
    };
    let file_len = source.len();
    if index_at == 0 {
        return Err(unsound("the bag was never closed".to_owned()));
    }
    if index_at < header.end() || index_at > file_len {
        return Err(unsound(format!("it should begin at byte {index_at} of {file_len}")));
    }
    let mut index = Ros1Index { is_sound: true, starts_at: index_at, ..Ros1Index::default() };
    let mut at = index_at;
    while at < file_len && !index.has(connections, chunks) {
        let placed = read_record(source, at)?;
        at = placed.end();
        index.add(source, placed)?;
    }
    if !index.has(connections, chunks) {
        return Err(unsound(format!(
            "it has {} connections and {} chunks where the header says {connections} and {chunks}",
            index.connections.len(),
            index.chunks.len()
        )));
    }
    if let Some(first) = index.chunks.keys().next()
        && let Ok(Placed { record: Record::Chunk { compression, .. }, .. }) =
            read_record(source, *first)
    {
        index.compression = Some(compression);
    }
    Ok(index)
}

impl Ros1Index {
    fn has(&self, connections: u32, chunks: u32) -> bool {
        self.connections.len() as u64 == u64::from(connections)
            && self.chunks.len() as u64 == u64::from(chunks)
    }

    fn add(&mut self, source: &mut FileSource, placed: Placed) -> Result<(), Broken> {
        let Placed { record, data_at, data_len } = placed;
        match record {
            Record::Connection { connection, topic } => {
                let data = source.bytes(data_at, data_len)?;
                self.connections.insert(connection, parse_connection(topic, &data));
            }
            Record::ChunkInfo { chunk_at, span } => {
                let data = source.bytes(data_at, data_len)?;
                if chunk_at >= self.starts_at {
                    return Err(Broken::Garbage(format!("it has a chunk at byte {chunk_at}")));
                }
                let counts: Vec<(u32, u32)> = parse_counts(&data).collect();
                if let Some(span) = span.filter(|_| !counts.is_empty()) {
                    self.span = union(self.span, Some(span));
                }
                self.chunks.insert(chunk_at, counts);
            }
            other => return Err(Broken::Garbage(format!("it has {other:?}"))),
        }
        Ok(())
    }
}

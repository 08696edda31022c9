//! Goes through a ROS 1 bag from start to end. Chunks without compression are
//! walked in the file, message by message; others are decompressed one at a
//! time. Behind a damaged place it goes on with the next sound record.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::Bytes;

use roadloop_base::{Nanos, Skip};

use super::chunk::{codec_of, next_chunk};
use super::index::Ros1Index;
use super::record::{
    Broken, OFFSET_LEN, Placed, Record, find_record, parse_connection, parse_offsets, read_record,
};
use crate::BagError;
use crate::ahead::{Ahead, Packed};
use crate::channel::Channel;
use crate::format::ROS1_MAGIC;
use crate::input::Input;
use crate::ledger::Ledger;
use crate::part::{Found, Message, Orphans, Places, Route};
use crate::passed::Passed;
use crate::source::{FileSource, ReadAt, Stretch};
use crate::tally::{Counted, Tally, TopicNumber};

/// A million messages of one connection in one chunk.
const MAX_INDEX_RECORD: u64 = 12 << 20;

/// What is looked at of a chunk that is passed over: its header, and at its end
/// the index records behind it.
const LOOKED_AT: u64 = 64 << 10;

/// Places inside of a record where by the index a chunk begins, and none does.
const LIES_HEARD: usize = 8;

#[derive(Debug)]
pub(crate) struct Ros1Reader {
    source: FileSource,
    ahead: Ahead,
    index: Ros1Index,
    places: Places,
    /// Where the next record outside of chunks begins.
    at: u64,
    /// Where reading ends: at the index, or at the end of the file.
    end: u64,
    chunk: Option<Chunk>,
    /// Chunks that by the index hold nothing wanted.
    passed: Passed,
    ledger: Ledger,
    /// Found at the end of a stretch, to be said next.
    contradiction: Option<Skip>,
    connections: HashMap<u32, Option<Route>>,
    orphans: Orphans,
}

/// An open chunk; places in it count from the start of its records.
#[derive(Debug)]
struct Chunk {
    /// Of the chunk's data, in the file.
    from: u64,
    to: u64,
    /// The records, unless they lie in the file as they are.
    decompressed: Option<Bytes>,
    at: u64,
    /// Why there is less in it than there should be.
    cut: Option<String>,
}

impl Chunk {
    fn len(&self) -> u64 {
        self.decompressed.as_ref().map_or(self.to - self.from, |bytes| bytes.len() as u64)
    }
}

impl Ros1Reader {
    pub(crate) fn open(
        input: &Input,
        index: &Ros1Index,
        tally: &mut Tally,
    ) -> Result<Ros1Reader, BagError> {
        let mut source = FileSource::open(input).map_err(BagError::at(&input.path))?;
        let mut ahead = Ahead::new(input, tally.chunks_ahead, next_chunk);
        let connections = index.connections.iter();
        let connections: HashMap<u32, Option<Route>> =
            connections.map(|(id, channel)| (*id, Route::new(channel, tally))).collect();
        let passed = index.passed(|id| match connections.get(&id) {
            Some(route) => route.as_ref().is_some_and(|route| tally.counts(route.topic)),
            None => true,
        });
        let gaps = passed.gaps(LOOKED_AT);
        source.leave_out(&gaps);
        ahead.pass(&passed, &gaps);
        let at = ROS1_MAGIC.len() as u64;
        Ok(Ros1Reader {
            connections,
            passed,
            end: if index.is_sound { index.starts_at } else { source.len() },
            source,
            ahead,
            index: index.clone(),
            places: Places::in_input(input),
            at,
            chunk: None,
            ledger: Ledger::begin(at),
            contradiction: None,
            orphans: Orphans::default(),
        })
    }

    pub(crate) fn position(&self) -> u64 {
        match &self.chunk {
            Some(chunk) if chunk.decompressed.is_none() => chunk.from + chunk.at,
            _ => self.at,
        }
    }

    /// Every connection met so far, or known from the index.
    pub(super) fn described(&self) -> impl Iterator<Item = (&u32, &Channel)> {
        self.index.connections.iter()
    }

    pub(crate) fn next(&mut self, tally: &mut Tally) -> Option<Found> {
        loop {
            if let Some(damage) = self.contradiction.take() {
                return Some(Found::Damage(damage));
            }
            let found = match self.chunk.take() {
                Some(chunk) => self.step_in_chunk(chunk, tally),
                None if self.at < self.end => self.step(tally),
                None => return self.finish(tally),
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// The last things said about the file; `None` when all is said.
    fn finish(&mut self, tally: &mut Tally) -> Option<Found> {
        self.begin_stretch(self.end, tally);
        if let Some(damage) = self.contradiction.take() {
            return Some(Found::Damage(damage));
        }
        self.orphans.take(&self.places).map(Found::Damage)
    }

    /// One record outside of chunks.
    fn step(&mut self, tally: &mut Tally) -> Option<Found> {
        let at = self.at;
        let placed = match read_record(&mut self.source, at) {
            Ok(placed) => placed,
            Err(broken) => return self.go_on_behind(broken, tally).map(Found::Damage),
        };
        if self.runs_into_next_chunk(at, &placed) {
            return self.go_on_behind(Broken::Cut(placed), tally).map(Found::Damage);
        }
        if self.passed.begins_at(at)
            && let Some(end) = self.agreed_end(at, &placed)
        {
            self.begin_stretch(at, tally);
            self.ledger = Ledger::begin(end);
            self.at = end;
            return None;
        }
        self.at = placed.end();
        match placed.record {
            Record::Chunk { .. } => return self.open_chunk(at, placed, None, tally),
            Record::Index { connection } => {
                if let Some(Some(route)) = self.connections.get(&connection) {
                    self.ledger.announce(route.topic, placed.data_len / OFFSET_LEN);
                }
            }
            record => return self.read(record, placed.data_at, placed.data_len, None, tally),
        }
        None
    }

    /// Where the index records of a chunk end, if they say of it what the index
    /// does: nothing else in the format says whether a byte of that was changed.
    fn agreed_end(&mut self, at: u64, chunk: &Placed) -> Option<u64> {
        let Record::Chunk { .. } = chunk.record else { return None };
        let connections = self.index.chunks.get(&at)?;
        let mut messages: HashMap<u32, u64> =
            connections.iter().map(|(id, messages)| (*id, u64::from(*messages))).collect();
        let mut end = (messages.len() == connections.len()).then_some(chunk.end())?;
        while end < self.end
            && let Ok(placed) = read_record(&mut self.source, end)
            && let Record::Index { connection } = placed.record
        {
            let announced = messages.remove(&connection);
            if announced != Some(placed.data_len / OFFSET_LEN) || placed.end() > self.end {
                return None;
            }
            end = placed.end();
        }
        messages.is_empty().then_some(end)
    }

    /// A length that leads into a chunk the index knows of is wrong; or the
    /// index is, where no chunk begins.
    fn runs_into_next_chunk(&mut self, at: u64, placed: &Placed) -> bool {
        let inside = self.index.chunks.range(at + 1..placed.end().max(at + 1));
        placed.end() > self.end
            || inside.take(LIES_HEARD).any(|(next, _)| {
                let found = read_record(&mut self.source, *next);
                matches!(found, Ok(Placed { record: Record::Chunk { .. }, .. }))
            })
    }

    /// One record of a chunk.
    fn step_in_chunk(&mut self, mut chunk: Chunk, tally: &mut Tally) -> Option<Found> {
        let len = chunk.len();
        if chunk.at >= len {
            let reason = chunk.cut?;
            return Some(Found::Damage(self.places.range(chunk.from, chunk.to, reason)));
        }
        let at = chunk.at;
        let read = match &mut chunk.decompressed {
            Some(bytes) => read_record(bytes, at),
            None => read_record(&mut stretch(&mut self.source, &chunk), at),
        };
        let placed = match read {
            Ok(placed) => placed,
            Err(broken) => return self.go_on_in_chunk(chunk, broken, tally).map(Found::Damage),
        };
        if chunk.decompressed.is_none() && !placed.record.may_be_in_chunk() {
            // The chunk is shorter than it says, and this is what follows it.
            self.ledger.is_damaged = true;
            self.at = chunk.from + at;
            let reason = format!("damaged: a chunk that claims {} bytes", chunk.len());
            return Some(Found::Damage(self.places.range(chunk.from, self.at, reason)));
        }
        chunk.at = placed.end();
        let chunk = self.chunk.insert(chunk);
        let (data_at, decompressed) = match &chunk.decompressed {
            Some(bytes) => (placed.data_at, Some(bytes.clone())),
            None => (chunk.from + placed.data_at, None),
        };
        self.read(placed.record, data_at, placed.data_len, decompressed, tally)
    }

    /// A connection or a message, whose data lies in a chunk or in the file.
    fn read(
        &mut self,
        record: Record,
        data_at: u64,
        data_len: u64,
        chunk: Option<Bytes>,
        tally: &mut Tally,
    ) -> Option<Found> {
        match record {
            Record::Connection { connection, topic } => {
                let data = match self.data(data_at, data_len, chunk) {
                    Ok(data) => data,
                    Err(damage) => return Some(Found::Damage(damage)),
                };
                self.describe(connection, parse_connection(topic, &data), tally).map(Found::Damage)
            }
            Record::Message { connection, logged_at } => {
                let (route, counted) = self.count(connection, logged_at, tally)?;
                Some(match self.data(data_at, data_len, chunk) {
                    Ok(data) => Found::Message(Message {
                        route,
                        counted,
                        logged_at,
                        published_at: None,
                        data,
                    }),
                    Err(damage) => Found::Damage(damage),
                })
            }
            _ => None,
        }
    }

    /// The first description of a connection holds, the index's before others.
    fn describe(&mut self, connection: u32, channel: Channel, tally: &mut Tally) -> Option<Skip> {
        if let Some(reason) = self.index.contradicted_by(connection, &channel) {
            return Some(self.places.file(reason));
        }
        if let Entry::Vacant(route) = self.connections.entry(connection) {
            route.insert(Route::new(&channel, tally));
            self.index.connections.insert(connection, channel);
        }
        None
    }

    fn count(
        &mut self,
        connection: u32,
        logged_at: Nanos,
        tally: &mut Tally,
    ) -> Option<(Route, Counted)> {
        let Some(route) = self.connections.get(&connection) else {
            self.orphans.add(connection);
            self.ledger.is_damaged = true;
            return None;
        };
        let route = route.as_ref()?;
        self.ledger.count(route.topic);
        let counted = tally.count(route.topic, logged_at)?;
        Some((route.clone(), counted))
    }

    fn data(&mut self, at: u64, len: u64, chunk: Option<Bytes>) -> Result<Bytes, Skip> {
        let data = match chunk {
            Some(mut chunk) => chunk.bytes(at, len),
            None => self.source.bytes(at, len),
        };
        data.map_err(|error| self.places.range(at, at + len, format!("cannot be read: {error}")))
    }

    fn open_chunk(
        &mut self,
        at: u64,
        placed: Placed,
        cut: Option<String>,
        tally: &mut Tally,
    ) -> Option<Found> {
        let (from, to) = (placed.data_at, placed.end());
        let Record::Chunk { compression, size } = placed.record else { return None };
        self.begin_stretch(at, tally);
        let Ok(codec) = codec_of(&compression) else {
            self.ledger.is_damaged = true;
            let reason = format!("a chunk in unknown compression {compression:?}");
            return Some(Found::Damage(self.places.range(from, to, reason)));
        };
        self.ledger.is_damaged = cut.is_some();
        let mut chunk = Chunk { from, to, decompressed: None, at: 0, cut };
        if let Some(codec) = codec {
            let compressed = match self.data(from, to - from, None) {
                Ok(compressed) => compressed,
                Err(damage) => {
                    self.ledger.is_damaged = true;
                    return Some(Found::Damage(damage));
                }
            };
            let packed = Packed { codec, from, len: to - from, claimed: size.into() };
            let out = self.ahead.decompress(&packed, &compressed, self.at);
            // The start of a chunk that is cut off is sound as far as it goes.
            // Where one is whole and does not decompress, bytes in it are
            // wrong, and nothing says where they begin.
            if let (Some(error), None) = (out.error, &chunk.cut) {
                self.ledger.is_damaged = true;
                if self.at < self.end && read_record(&mut self.source, self.at).is_err() {
                    // Its length is what is wrong: look for what follows it.
                    let follows = find_record(&mut self.source, from).ok().flatten();
                    self.at = follows.map_or(self.end, |follows| follows.min(self.end));
                }
                return Some(Found::Damage(self.places.range(from, self.at, error)));
            }
            chunk.decompressed = Some(out.bytes);
        }
        self.chunk = Some(chunk);
        None
    }

    /// A damaged record in a chunk: goes on with the next sound one in it.
    fn go_on_in_chunk(
        &mut self,
        mut chunk: Chunk,
        broken: Broken,
        tally: &mut Tally,
    ) -> Option<Skip> {
        self.ledger.is_damaged = true;
        let damaged_at = chunk.at;
        let found = match &mut chunk.decompressed {
            Some(bytes) => find_record(bytes, damaged_at + 1),
            None => find_record(&mut stretch(&mut self.source, &chunk), damaged_at + 1),
        };
        let found = found.ok().flatten();
        let (from, to, is_decompressed) = (chunk.from, chunk.to, chunk.decompressed.is_some());
        let goes_on_at = found.unwrap_or(chunk.len());
        let cut = chunk.cut.take();
        if found.is_some() {
            chunk.at = goes_on_at;
            chunk.cut = cut;
            self.advance_to(goes_on_at, to, tally);
            self.chunk = Some(chunk);
        } else if let Some(cut) = cut {
            return Some(self.places.range(from, to, cut));
        }
        let reason = say(broken);
        Some(if is_decompressed {
            let reason =
                format!("{reason} (at {damaged_at}..{goes_on_at} of the decompressed chunk)");
            self.places.range(from, to, reason)
        } else {
            self.places.range(from + damaged_at, from + goes_on_at, reason)
        })
    }

    /// Puts the counts right in the middle of a chunk, by the index records
    /// behind it.
    fn advance_to(&mut self, offset: u64, chunk_end: u64, tally: &mut Tally) {
        let mut at = chunk_end;
        let mut before: HashMap<TopicNumber, u64> = HashMap::new();
        while let Ok(placed) = read_record(&mut self.source, at) {
            let Record::Index { connection, .. } = placed.record else { break };
            if placed.data_len > MAX_INDEX_RECORD {
                break;
            }
            let Ok(data) = self.source.bytes(placed.data_at, placed.data_len) else { break };
            if let Some(Some(route)) = self.connections.get(&connection) {
                let messages = parse_offsets(&data).filter(|&message| message < offset).count();
                *before.entry(route.topic).or_default() += messages as u64;
            }
            at = placed.end();
        }
        for (topic, messages) in before {
            self.ledger.advance(topic, messages, tally);
        }
    }

    /// A damaged record outside of chunks.
    fn go_on_behind(&mut self, broken: Broken, tally: &mut Tally) -> Option<Skip> {
        let at = self.at;
        self.ledger.is_damaged = true;
        if let Broken::Io(error) = broken {
            self.at = self.end;
            return Some(self.places.range(at, self.end, format!("cannot be read: {error}")));
        }
        // A file that is cut off ends in a chunk, whose start is still good.
        if let Broken::Cut(placed) = &broken
            && matches!(placed.record, Record::Chunk { .. })
            && !self.index.is_sound
        {
            let mut placed = placed.clone();
            let missing = placed.end() - self.source.len();
            placed.data_len = self.source.len() - placed.data_at;
            self.at = self.end;
            let cut = format!("the file ends {missing} bytes before this chunk does");
            return match self.open_chunk(at, placed, Some(cut), tally) {
                Some(Found::Damage(skip)) => Some(skip),
                _ => None,
            };
        }
        let found = match find_record(&mut self.source, at + 1) {
            Ok(found) => found.filter(|&found| found < self.end),
            Err(error) => {
                self.at = self.end;
                return Some(self.places.range(at, self.end, format!("cannot be read: {error}")));
            }
        };
        self.at = found.unwrap_or(self.end);
        let reason = match (found, broken) {
            (None, Broken::Cut(_) | Broken::CutHeader) => "the file ends in a record".to_owned(),
            (_, broken) => say(broken),
        };
        Some(self.places.range(at, self.at, reason))
    }

    /// Settles what was read so far, and starts counting anew. Where a sound
    /// stretch does not hold what an index says, one of them is not so sound.
    fn begin_stretch(&mut self, at: u64, tally: &mut Tally) {
        let mut ledger = std::mem::replace(&mut self.ledger, Ledger::begin(at));
        let mut indexed: HashMap<TopicNumber, u64> = HashMap::new();
        let chunks = self.index.chunks.range(ledger.from..at);
        for (connection, messages) in chunks.flat_map(|(_, connections)| connections) {
            if let Some(Some(route)) = self.connections.get(connection) {
                *indexed.entry(route.topic).or_default() += u64::from(*messages);
            }
        }
        if let Some(reason) = ledger.contradiction(&indexed, |topic| tally.name(topic)) {
            ledger.is_damaged = true;
            self.contradiction = Some(self.places.range(ledger.from, at, reason));
        }
        ledger.settle(indexed, tally);
    }
}

fn stretch<'a>(source: &'a mut FileSource, chunk: &Chunk) -> Stretch<'a> {
    Stretch { source, start: chunk.from, len: chunk.to - chunk.from }
}

fn say(broken: Broken) -> String {
    match broken {
        Broken::Io(error) => format!("cannot be read: {error}"),
        Broken::Garbage(reason) => format!("damaged: {reason}"),
        Broken::Cut(placed) => {
            format!("damaged: a record that claims {} bytes of data", placed.data_len)
        }
        Broken::CutHeader => "damaged: a record that ends in its header".to_owned(),
    }
}

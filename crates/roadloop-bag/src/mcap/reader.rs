//! Goes through an MCAP file from start to end, one chunk in memory at a time.
//! A chunk that does not decompress, or whose checksum is wrong, is left out
//! as a whole; behind other damage it goes on with the next sound record.

use std::collections::HashMap;

use bytes::Bytes;

use roadloop_base::{Nanos, Skip};

use super::body::{
    Attachment, Body, ChunkHeader, DATA_END_LEN, Footer, MessageHeader, MessageIndex, Metadata,
};
use super::chunk::{codec_of, next_chunk};
use super::index::McapIndex;
use super::record::{Broken, Placed, find_record, is_sound, op, read_record};
use crate::BagError;
use crate::ahead::{Ahead, Packed};
use crate::format::MCAP_MAGIC;
use crate::input::Input;
use crate::ledger::Ledger;
use crate::part::{Found, Message, Orphans, Places, Route};
use crate::passed::Passed;
use crate::source::{FileSource, ReadAt};
use crate::tally::{Tally, TopicNumber};

/// A million messages of one channel in one chunk.
const MAX_MESSAGE_INDEX: u64 = 16 << 20;

/// Records may have fields of later versions of the format behind those of today.
const MAX_PADDING: u64 = 4096;

#[derive(Debug)]
pub(crate) struct McapReader {
    source: FileSource,
    ahead: Ahead,
    index: McapIndex,
    places: Places,
    /// Where the next record outside of chunks begins.
    at: u64,
    is_done: bool,
    chunk: Option<Chunk>,
    /// Chunks that hold nothing wanted.
    passed: Passed,
    ledger: Ledger,
    /// Of what is wanted in the whole file, where something is passed over.
    whole: Option<Ledger>,
    routes: HashMap<u16, Option<Route>>,
    orphans: Orphans,
}

/// An open chunk; places in it count from the start of its records.
#[derive(Debug)]
struct Chunk {
    /// Of the chunk's data, in the file.
    from: u64,
    to: u64,
    records: Bytes,
    at: u64,
    /// Why there is less in it than there should be.
    cut: Option<String>,
}

impl McapReader {
    pub(crate) fn open(
        input: &Input,
        index: &McapIndex,
        tally: &mut Tally,
    ) -> Result<McapReader, BagError> {
        let channels = index.channels.iter();
        let routes: HashMap<u16, Option<Route>> =
            channels.map(|(id, channel)| (*id, Route::new(channel, tally))).collect();
        let passed = index.passed(|id| match routes.get(&id) {
            Some(route) => route.as_ref().is_some_and(|route| tally.counts(route.topic)),
            None => true,
        });
        let mut source = FileSource::open(input).map_err(BagError::at(&input.path))?;
        let mut ahead = Ahead::new(input, tally.chunks_ahead, next_chunk);
        let gaps = passed.gaps(0);
        source.leave_out(&gaps);
        ahead.pass(&passed, &gaps);
        let at = MCAP_MAGIC.len() as u64;
        Ok(McapReader {
            routes,
            source,
            ahead,
            whole: (!passed.is_empty()).then(Ledger::default),
            passed,
            index: index.clone(),
            places: Places::in_input(input),
            at,
            is_done: false,
            chunk: None,
            ledger: Ledger::begin(at),
            orphans: Orphans::default(),
        })
    }

    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    pub(crate) fn next(&mut self, tally: &mut Tally) -> Option<Found> {
        loop {
            let found = match self.chunk.take() {
                Some(chunk) => self.step_in_chunk(chunk, tally),
                None if !self.is_done => self.step(tally),
                None => return self.finish(tally),
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// The last things said about the file; `None` when all is said.
    fn finish(&mut self, tally: &mut Tally) -> Option<Found> {
        self.begin_stretch(self.at, tally);
        // Had chunks been passed over that held something wanted, less of it
        // would have been found than the summary counts.
        if let Some(whole) = self.whole.take()
            && let Some(reason) =
                whole.contradiction(&self.wanted(tally), |topic| tally.name(topic))
        {
            return Some(Found::Damage(self.places.file(reason)));
        }
        self.orphans.take(&self.places).map(Found::Damage)
    }

    /// Messages that are to be found, by the summary.
    fn wanted(&self, tally: &Tally) -> HashMap<TopicNumber, u64> {
        let mut wanted = HashMap::new();
        for (channel, messages) in self.index.counts() {
            if let Some(Some(route)) = self.routes.get(channel)
                && tally.counts(route.topic)
            {
                *wanted.entry(route.topic).or_default() += messages;
            }
        }
        wanted
    }

    /// One record outside of chunks.
    fn step(&mut self, tally: &mut Tally) -> Option<Found> {
        let at = self.passed.behind(self.at);
        if at > self.at {
            self.begin_stretch(self.at, tally);
            self.ledger = Ledger::begin(at);
            self.at = at;
        }
        if at >= self.source.len() {
            self.is_done = true;
            let reason = "the file ends without a footer; what followed is missing";
            return Some(Found::Damage(self.places.file(reason)));
        }
        let placed = match read_record(&mut self.source, at) {
            Ok(placed) if self.runs_into_next_chunk(at, &placed) => {
                return self.go_on_behind(Broken::Cut(placed)).map(Found::Damage);
            }
            Ok(placed) if !self.may_be_here(at, &placed) => {
                let reason =
                    format!("a record of operation {} and {} bytes", placed.op, placed.body_len);
                return self.go_on_behind(Broken::Garbage(reason)).map(Found::Damage);
            }
            Ok(placed) => placed,
            Err(Broken::Cut(placed)) if self.is_cut_chunk(&placed) => {
                return self.open_chunk(at, placed, tally);
            }
            Err(broken) => return self.go_on_behind(broken).map(Found::Damage),
        };
        self.at = placed.end();
        match placed.op {
            op::CHUNK => self.open_chunk(at, placed, tally),
            // What follows is the summary.
            op::DATA_END | op::FOOTER => {
                self.is_done = true;
                None
            }
            op::MESSAGE_INDEX => {
                let head =
                    self.source.peek(placed.body_at, placed.body_len.min(6) as usize).ok()?;
                let index = MessageIndex::parse(head);
                let index = index.filter(|index| index.entries_len + 6 <= placed.body_len);
                let Some(index) = index else {
                    let reason = "damaged: a message index";
                    return Some(Found::Damage(self.places.range(at, self.at, reason)));
                };
                if let Some(Some(route)) = self.routes.get(&index.channel) {
                    self.ledger.announce(route.topic, index.messages());
                }
                None
            }
            _ => self.read(placed, None, tally),
        }
    }

    /// A length that leads into a chunk the summary knows of is wrong.
    fn runs_into_next_chunk(&self, at: u64, placed: &Placed) -> bool {
        let next = self.index.chunks.range(at + 1..).next();
        next.is_some_and(|(next, _)| placed.end() > *next)
    }

    /// An operation that is not what the summary knows to be here is wrong, as
    /// is an end of another length than ends have.
    fn may_be_here(&self, at: u64, placed: &Placed) -> bool {
        let is_len = |len| (len..=len + MAX_PADDING).contains(&placed.body_len);
        match placed.op {
            op::CHUNK => true,
            _ if self.index.chunks.contains_key(&at) => false,
            op::DATA_END => is_len(DATA_END_LEN),
            op::FOOTER => is_len(Footer::LEN),
            _ => true,
        }
    }

    /// Whether the file ends in a chunk, rather than that a length is wrong.
    fn is_cut_chunk(&mut self, placed: &Placed) -> bool {
        if placed.op != op::CHUNK || !self.index.chunks.is_empty() {
            return false;
        }
        let Ok(head) = self.source.peek(placed.body_at, ChunkHeader::MAX_LEN) else { return false };
        ChunkHeader::parse(head).is_some_and(|header| {
            let padding = placed.body_len.checked_sub(header.header_len + header.compressed_size);
            padding.is_some_and(|padding| padding <= MAX_PADDING)
        })
    }

    /// One record of a chunk.
    fn step_in_chunk(&mut self, mut chunk: Chunk, tally: &mut Tally) -> Option<Found> {
        if chunk.at >= chunk.records.len() as u64 {
            let reason = chunk.cut?;
            return Some(Found::Damage(self.places.range(chunk.from, chunk.to, reason)));
        }
        let placed = match read_record(&mut chunk.records, chunk.at) {
            Ok(placed) => placed,
            Err(broken) => return self.go_on_in_chunk(chunk, broken, tally).map(Found::Damage),
        };
        chunk.at = placed.end();
        let records = chunk.records.clone();
        self.chunk = Some(chunk);
        self.read(placed, Some(records), tally)
    }

    /// A description or a message, which lies in a chunk or in the file.
    fn read(&mut self, placed: Placed, chunk: Option<Bytes>, tally: &mut Tally) -> Option<Found> {
        match placed.op {
            op::SCHEMA | op::CHANNEL => self.learn(placed, chunk, tally).map(Found::Damage),
            op::MESSAGE => self.message(placed, chunk, tally),
            op::ATTACHMENT | op::METADATA if tally.wants_extras => self.extra(placed, chunk),
            _ => None,
        }
    }

    fn learn(&mut self, placed: Placed, chunk: Option<Bytes>, tally: &mut Tally) -> Option<Skip> {
        let Placed { op, body_at, body_len } = placed;
        let body = match self.bytes(body_at, body_len, chunk) {
            Ok(body) => body,
            Err(damage) => return Some(damage),
        };
        if self.index.learn(op, &body).is_none() {
            self.ledger.is_damaged = true;
            return Some(self.places.range(body_at, placed.end(), "a damaged schema or channel"));
        }
        if op == op::CHANNEL {
            let id = u16::from_le_bytes([body[0], body[1]]);
            let channel = self.index.channels.get(&id)?;
            self.routes.entry(id).or_insert_with(|| Route::new(channel, tally));
        }
        None
    }

    /// What travels with the messages.
    fn extra(&mut self, placed: Placed, chunk: Option<Bytes>) -> Option<Found> {
        let Placed { op, body_at, body_len } = placed;
        let body = match self.bytes(body_at, body_len, chunk) {
            Ok(body) => body,
            Err(damage) => return Some(Found::Damage(damage)),
        };
        let found = match op {
            op::METADATA => Metadata::parse(&body).map(Found::Metadata),
            _ => Attachment::parse(&body).map(Found::Attachment),
        };
        Some(found.unwrap_or_else(|| {
            let reason = "damaged: an attachment or a metadata record";
            Found::Damage(self.places.range(body_at, placed.end(), reason))
        }))
    }

    fn message(
        &mut self,
        placed: Placed,
        mut chunk: Option<Bytes>,
        tally: &mut Tally,
    ) -> Option<Found> {
        let head_len = placed.body_len.min(MessageHeader::LEN) as usize;
        let head = match &mut chunk {
            Some(chunk) => chunk.peek(placed.body_at, head_len),
            None => self.source.peek(placed.body_at, head_len),
        };
        let Some(header) = head.ok().and_then(MessageHeader::parse) else {
            self.ledger.is_damaged = true;
            let reason = format!("a message of {} bytes", placed.body_len);
            return Some(Found::Damage(self.places.range(placed.body_at, placed.end(), reason)));
        };
        let Some(route) = self.routes.get(&header.channel) else {
            self.orphans.add(u32::from(header.channel));
            self.ledger.is_damaged = true;
            return None;
        };
        let route = route.as_ref()?;
        self.ledger.count(route.topic);
        if let Some(whole) = self.whole.as_mut().filter(|_| tally.counts(route.topic)) {
            whole.count(route.topic);
        }
        let logged_at = Nanos::from_unsigned(header.logged_at);
        let counted = tally.count(route.topic, logged_at)?;
        let route = route.clone();
        let data_at = placed.body_at + MessageHeader::LEN;
        Some(match self.bytes(data_at, placed.end() - data_at, chunk) {
            Ok(data) => Found::Message(Message {
                route,
                counted,
                logged_at,
                published_at: Some(Nanos::from_unsigned(header.published_at)),
                data,
            }),
            Err(damage) => Found::Damage(damage),
        })
    }

    fn bytes(&mut self, at: u64, len: u64, chunk: Option<Bytes>) -> Result<Bytes, Skip> {
        let bytes = match chunk {
            Some(mut chunk) => chunk.bytes(at, len),
            None => self.source.bytes(at, len),
        };
        bytes.map_err(|error| self.places.range(at, at + len, format!("cannot be read: {error}")))
    }

    /// Opens a chunk, or what there is of one that the file's end cuts off.
    fn open_chunk(&mut self, at: u64, placed: Placed, tally: &mut Tally) -> Option<Found> {
        self.begin_stretch(at, tally);
        let missing = placed.end().saturating_sub(self.source.len());
        let cut =
            (missing > 0).then(|| format!("the file ends {missing} bytes before this chunk does"));
        self.at = placed.end().min(self.source.len());
        match self.chunk_records(placed, cut.is_some()) {
            Ok((from, records_len, records)) => {
                self.ledger.is_damaged = cut.is_some();
                // Much behind the records means a wrong length, not padding.
                let records_end = from + records_len;
                if self.at - records_end > MAX_PADDING {
                    self.at = records_end;
                }
                self.chunk = Some(Chunk { from, to: self.at, records, at: 0, cut });
                None
            }
            Err(reason) => {
                self.ledger.is_damaged = true;
                let knows = |id| self.routes.contains_key(&id);
                if !is_sound(&mut self.source, self.at, knows).unwrap_or(false) {
                    // Its length is what is wrong: look for what follows it.
                    let follows = self.find_record(placed.body_at).ok().flatten();
                    self.at = follows.unwrap_or(self.source.len());
                }
                let reason = cut.unwrap_or(reason);
                Some(Found::Damage(self.places.range(placed.body_at, self.at, reason)))
            }
        }
    }

    /// Where a chunk's data begins, how long it is, and its records, checked.
    fn chunk_records(&mut self, placed: Placed, is_cut: bool) -> Result<(u64, u64, Bytes), String> {
        let there = self.source.len().min(placed.end()) - placed.body_at;
        let failed = |error: std::io::Error| format!("cannot be read: {error}");
        let head_len = there.min(ChunkHeader::MAX_LEN as u64) as usize;
        let head = self.source.peek(placed.body_at, head_len).map_err(failed)?;
        let header = ChunkHeader::parse(head).ok_or("damaged: a chunk without a sound header")?;
        let codec = codec_of(&header.compression)?;
        let there = there - header.header_len;
        if header.compressed_size > there && !is_cut {
            let claimed = header.compressed_size;
            return Err(format!("damaged: a chunk of {there} bytes that claims {claimed}"));
        }
        let from = placed.body_at + header.header_len;
        let len = header.compressed_size.min(there);
        let data = self.source.bytes(from, len).map_err(failed)?;
        let records = match codec {
            None => data,
            Some(codec) => {
                let packed = Packed { codec, from, len, claimed: header.uncompressed_size };
                let out = self.ahead.decompress(&packed, &data, self.at);
                // The start of a chunk that is cut off is sound as far as it goes.
                match out.error {
                    Some(error) if !is_cut => return Err(error),
                    _ => out.bytes,
                }
            }
        };
        let crc = header.uncompressed_crc;
        if crc != 0 && !is_cut && crc32fast::hash(&records) != crc {
            return Err("damaged: the chunk's checksum is wrong".to_owned());
        }
        Ok((from, len, records))
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
        let knows = |id| self.routes.contains_key(&id);
        let found = find_record(&mut chunk.records, damaged_at + 1, knows).ok().flatten();
        let (from, to) = (chunk.from, chunk.to);
        let goes_on_at = found.unwrap_or(chunk.records.len() as u64);
        if found.is_some() {
            self.advance_to(goes_on_at, to, tally);
            chunk.at = goes_on_at;
            self.chunk = Some(chunk);
        } else if let Some(cut) = chunk.cut {
            return Some(self.places.range(from, to, cut));
        }
        let reason =
            format!("{} (at {damaged_at}..{goes_on_at} of the chunk's records)", say(broken));
        Some(self.places.range(from, to, reason))
    }

    /// Puts the counts right in the middle of a chunk, by the message indexes
    /// behind it.
    fn advance_to(&mut self, offset: u64, chunk_end: u64, tally: &mut Tally) {
        let before = self.messages_behind(chunk_end, u64::MAX, |index| {
            index.offsets().filter(|&message| message < offset).count() as u64
        });
        for (topic, messages) in before {
            self.ledger.advance(topic, messages, tally);
        }
    }

    /// Messages by topic, as the message indexes from `at` on have them.
    fn messages_behind(
        &mut self,
        mut at: u64,
        end: u64,
        count: impl Fn(MessageIndex<'_>) -> u64,
    ) -> HashMap<TopicNumber, u64> {
        let mut messages = HashMap::new();
        while at < end
            && let Ok(placed) = read_record(&mut self.source, at)
            && placed.op == op::MESSAGE_INDEX
            && placed.body_len <= MAX_MESSAGE_INDEX
            && let Ok(body) = self.source.bytes(placed.body_at, placed.body_len)
            && let Some(index) = MessageIndex::parse(&body)
            && index.entries_len + 6 <= placed.body_len
        {
            if let Some(Some(route)) = self.routes.get(&index.channel) {
                *messages.entry(route.topic).or_default() += count(index);
            }
            at = placed.end();
        }
        messages
    }

    /// A damaged record outside of chunks.
    fn go_on_behind(&mut self, broken: Broken) -> Option<Skip> {
        let at = self.at;
        self.ledger.is_damaged = true;
        let found = match broken {
            Broken::Io(_) => None,
            _ => self.find_record(at + 1).ok().flatten(),
        };
        self.at = found.unwrap_or(self.source.len());
        self.is_done = found.is_none();
        let reason = match (found, broken) {
            (None, Broken::Cut(_) | Broken::CutHeader) => "the file ends in a record".to_owned(),
            (_, broken) => say(broken),
        };
        Some(self.places.range(at, self.at, reason))
    }

    /// The next sound record, or the next chunk the summary knows of.
    fn find_record(&mut self, from: u64) -> std::io::Result<Option<u64>> {
        let found = find_record(&mut self.source, from, |id| self.routes.contains_key(&id))?;
        let indexed = self.index.chunks.range(from..).next().map(|(at, _)| *at);
        Ok(match (found, indexed) {
            (Some(found), Some(indexed)) => Some(found.min(indexed)),
            (found, indexed) => found.or(indexed),
        })
    }

    /// Settles what was read so far, and starts counting anew.
    fn begin_stretch(&mut self, at: u64, tally: &mut Tally) {
        let ledger = std::mem::replace(&mut self.ledger, Ledger::begin(at));
        let mut indexed = HashMap::new();
        if let Some(whole) = &mut self.whole {
            whole.is_damaged |= ledger.is_damaged;
        }
        if ledger.is_damaged {
            let chunks = self.index.chunks.range(ledger.from..at.max(ledger.from));
            let chunks: Vec<_> = chunks.map(|(_, chunk)| chunk.clone()).collect();
            for chunk in chunks {
                let indexes_at = chunk.chunk_at.saturating_add(chunk.chunk_len);
                let end = indexes_at.saturating_add(chunk.message_indexes_len);
                for (topic, count) in self.messages_behind(indexes_at, end, |i| i.messages()) {
                    *indexed.entry(topic).or_default() += count;
                }
            }
        }
        ledger.settle(indexed, tally);
    }
}

fn say(broken: Broken) -> String {
    match broken {
        Broken::Io(error) => format!("cannot be read: {error}"),
        Broken::Garbage(reason) => format!("damaged: {reason}"),
        Broken::Cut(placed) => format!("damaged: a record that claims {} bytes", placed.body_len),
        Broken::CutHeader => "damaged: a record that ends in its header".to_owned(),
    }
}

//! Records of an MCAP file: an operation, a length, a body. Reads where it is
//! told, checks every length against what is there, and finds the next record
//! behind damage.

use std::io;

use bytes::Bytes;

use roadloop_base::Nanos;

use crate::broken;
use crate::channel::Definition;
use crate::source::ReadAt;

/// Operation (1 byte) and length of the body (8 bytes).
const HEAD: u64 = 9;

/// More than any chunk's header or footer takes.
const MAX_HEADER: usize = 256;

pub(crate) mod op {
    pub(crate) const HEADER: u8 = 0x01;
    pub(crate) const FOOTER: u8 = 0x02;
    pub(crate) const SCHEMA: u8 = 0x03;
    pub(crate) const CHANNEL: u8 = 0x04;
    pub(crate) const MESSAGE: u8 = 0x05;
    pub(crate) const CHUNK: u8 = 0x06;
    pub(crate) const MESSAGE_INDEX: u8 = 0x07;
    pub(crate) const CHUNK_INDEX: u8 = 0x08;
    pub(crate) const STATISTICS: u8 = 0x0b;
    pub(crate) const DATA_END: u8 = 0x0f;
}

/// Of the body, in this version of the format.
pub(crate) const DATA_END_LEN: u64 = 4;

/// Where a record's body lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) op: u8,
    pub(crate) body_at: u64,
    pub(crate) body_len: u64,
}

impl Placed {
    pub(crate) fn end(&self) -> u64 {
        self.body_at.saturating_add(self.body_len)
    }
}

pub(crate) type Broken = broken::Broken<Placed>;

pub(crate) fn read_record(source: &mut impl ReadAt, at: u64) -> Result<Placed, Broken> {
    let head = source.peek(at, HEAD as usize)?;
    let [op, len @ ..] = head else { return Err(Broken::CutHeader) };
    let Ok(len) = len.try_into().map(u64::from_le_bytes) else { return Err(Broken::CutHeader) };
    if *op == 0 {
        return Err(Broken::Garbage("a record of operation 0".to_owned()));
    }
    let placed = Placed { op: *op, body_at: at + HEAD, body_len: len };
    if placed.end() > source.len() {
        return Err(Broken::Cut(placed));
    }
    Ok(placed)
}

/// The first place from `from` on where a sound record begins.
pub(crate) fn find_record(
    source: &mut impl ReadAt,
    from: u64,
    knows_channel: impl Fn(u16) -> bool,
) -> io::Result<Option<u64>> {
    const STEP: usize = 32 * 1024;
    let mut at = from;
    while at < source.len() {
        let there = source.len() - at;
        let window = source.peek(at, STEP + HEAD as usize)?;
        let starts = window.len().min(STEP);
        let looks_like_record = |start: &usize| match window.get(*start..*start + HEAD as usize) {
            Some([op @ 1..=0x0f, len @ ..]) => {
                let len = len.try_into().map_or(u64::MAX, u64::from_le_bytes);
                *op != op::HEADER && len <= there - *start as u64
            }
            _ => false,
        };
        let candidates: Vec<u64> =
            (0..starts).filter(looks_like_record).map(|start| at + start as u64).collect();
        for candidate in candidates {
            if is_sound(source, candidate, &knows_channel)? {
                return Ok(Some(candidate));
            }
        }
        at += starts as u64;
    }
    Ok(None)
}

/// Whether a record begins here whose body parses, and which another record
/// or the end follows.
pub(crate) fn is_sound(
    source: &mut impl ReadAt,
    at: u64,
    knows_channel: impl Fn(u16) -> bool,
) -> io::Result<bool> {
    let placed = match read_record(source, at) {
        Ok(placed) => placed,
        Err(Broken::Io(error)) => return Err(error),
        Err(_) => return Ok(false),
    };
    // The body first: it is near, what follows may be far.
    Ok(has_sound_body(source, placed, knows_channel)? && is_followed(source, placed)?)
}

fn has_sound_body(
    source: &mut impl ReadAt,
    placed: Placed,
    knows_channel: impl Fn(u16) -> bool,
) -> io::Result<bool> {
    let Placed { op, body_at, body_len } = placed;
    let body = source.peek(body_at, body_len.min(MAX_HEADER as u64) as usize)?;
    Ok(match op {
        op::CHUNK => ChunkHeader::parse(body)
            .is_some_and(|header| header.header_len + header.compressed_size <= body_len),
        op::MESSAGE => {
            MessageHeader::parse(body).is_some_and(|header| knows_channel(header.channel))
        }
        op::CHANNEL => Channel::parse(body).is_some(),
        op::SCHEMA => Schema::parse(body).is_some(),
        op::MESSAGE_INDEX => {
            MessageIndex::parse(body).is_some_and(|index| index.entries_len + 6 == body_len)
        }
        op::FOOTER => body_len == Footer::LEN,
        op::DATA_END => body_len == DATA_END_LEN,
        _ => false,
    })
}

fn is_followed(source: &mut impl ReadAt, placed: Placed) -> io::Result<bool> {
    match read_record(source, placed.end()) {
        Ok(next) => Ok(next.op <= op::DATA_END),
        Err(Broken::Io(error)) => Err(error),
        Err(Broken::CutHeader) => Ok(placed.end() == source.len() || placed.op == op::FOOTER),
        Err(_) => Ok(false),
    }
}

/// Takes little-endian fields off the front of a body.
#[derive(Clone, Copy, Debug)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.u32()? as usize;
        let bytes = self.0.get(..len)?;
        self.0 = &self.0[len..];
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schema {
    pub(crate) id: u16,
    pub(crate) definition: Definition,
}

impl Schema {
    pub(crate) fn parse(body: &[u8]) -> Option<Schema> {
        let mut fields = Fields(body);
        let id = fields.u16()?;
        let (name, encoding) = (fields.text()?, fields.text()?);
        let data = Bytes::copy_from_slice(fields.bytes()?);
        Some(Schema { id, definition: Definition { name, encoding, data } })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) id: u16,
    /// 0 where there is none.
    pub(crate) schema: u16,
    pub(crate) topic: String,
    pub(crate) message_encoding: String,
}

impl Channel {
    pub(crate) fn parse(body: &[u8]) -> Option<Channel> {
        let mut fields = Fields(body);
        Some(Channel {
            id: fields.u16()?,
            schema: fields.u16()?,
            topic: fields.text()?,
            message_encoding: fields.text()?,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageHeader {
    pub(crate) channel: u16,
    pub(crate) logged_at: Nanos,
    pub(crate) published_at: Nanos,
}

impl MessageHeader {
    pub(crate) const LEN: u64 = 22;

    pub(crate) fn parse(body: &[u8]) -> Option<MessageHeader> {
        let mut fields = Fields(body);
        let channel = fields.u16()?;
        let _sequence = fields.u32()?;
        let logged_at = Nanos::from_unsigned(fields.u64()?);
        let published_at = Nanos::from_unsigned(fields.u64()?);
        Some(MessageHeader { channel, logged_at, published_at })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    pub(crate) uncompressed_size: u64,
    /// 0 where there is none.
    pub(crate) uncompressed_crc: u32,
    pub(crate) compression: String,
    pub(crate) compressed_size: u64,
    /// Of these fields, in the chunk's body.
    pub(crate) header_len: u64,
}

impl ChunkHeader {
    pub(crate) const MAX_LEN: usize = MAX_HEADER;

    pub(crate) fn parse(body: &[u8]) -> Option<ChunkHeader> {
        let mut fields = Fields(body);
        let _times = (fields.u64()?, fields.u64()?);
        let uncompressed_size = fields.u64()?;
        let uncompressed_crc = fields.u32()?;
        let compression = fields.text()?;
        let compressed_size = fields.u64()?;
        let header_len = (body.len() - fields.0.len()) as u64;
        // So that sums of the two cannot overflow.
        if compressed_size > u64::MAX / 2 {
            return None;
        }
        Some(ChunkHeader {
            uncompressed_size,
            uncompressed_crc,
            compression,
            compressed_size,
            header_len,
        })
    }
}

/// Where in the chunk before it a channel's messages lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageIndex<'a> {
    pub(crate) channel: u16,
    pub(crate) entries_len: u64,
    entries: &'a [u8],
}

impl<'a> MessageIndex<'a> {
    /// A time and an offset.
    const ENTRY: usize = 16;

    pub(crate) fn parse(body: &'a [u8]) -> Option<MessageIndex<'a>> {
        let mut fields = Fields(body);
        let channel = fields.u16()?;
        let entries_len = u64::from(fields.u32()?);
        // Padding may follow, and a caller may have only the start.
        let there = fields.0.len().min(entries_len as usize);
        Some(MessageIndex { channel, entries_len, entries: &fields.0[..there] })
    }

    pub(crate) fn messages(&self) -> u64 {
        self.entries_len / MessageIndex::ENTRY as u64
    }

    /// Offsets in the decompressed chunk.
    pub(crate) fn offsets(&self) -> impl Iterator<Item = u64> + 'a {
        let offset = |entry: &[u8]| entry[8..].try_into().map_or(0, u64::from_le_bytes);
        self.entries.chunks_exact(MessageIndex::ENTRY).map(offset)
    }
}

/// Where a chunk is, and where the message indexes behind it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkIndex {
    pub(crate) chunk_at: u64,
    pub(crate) chunk_len: u64,
    pub(crate) message_indexes_len: u64,
}

impl ChunkIndex {
    pub(crate) fn parse(body: &[u8]) -> Option<ChunkIndex> {
        let mut fields = Fields(body);
        let _times = (fields.u64()?, fields.u64()?);
        let chunk_at = fields.u64()?;
        let chunk_len = fields.u64()?;
        let _message_indexes = fields.bytes()?;
        let message_indexes_len = fields.u64()?;
        Some(ChunkIndex { chunk_at, chunk_len, message_indexes_len })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) channels: u32,
    /// Messages by channel.
    pub(crate) messages: Vec<(u16, u64)>,
}

impl Statistics {
    pub(crate) fn parse(body: &[u8]) -> Option<Statistics> {
        let mut fields = Fields(body);
        let _messages = fields.u64()?;
        let _schemas = fields.u16()?;
        let channels = fields.u32()?;
        let _attachments_metadata_chunks = (fields.u32()?, fields.u32()?, fields.u32()?);
        let _times = (fields.u64()?, fields.u64()?);
        let mut counts = Fields(fields.bytes()?);
        let mut messages = Vec::new();
        while !counts.0.is_empty() {
            messages.push((counts.u16()?, counts.u64()?));
        }
        Some(Statistics { channels, messages })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    /// 0 where there is no summary.
    pub(crate) summary_at: u64,
    /// Over the summary and the footer up to this field; 0 where there is none.
    pub(crate) summary_crc: u32,
}

impl Footer {
    pub(crate) const LEN: u64 = 20;
    /// Of a footer, what the checksum covers: all before itself.
    pub(crate) const CHECKED_LEN: u64 = HEAD + 16;

    pub(crate) fn parse(body: &[u8]) -> Option<Footer> {
        let mut fields = Fields(body);
        let summary_at = fields.u64()?;
        let _summary_offsets_at = fields.u64()?;
        Some(Footer { summary_at, summary_crc: fields.u32()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(op: u8, body: &[u8]) -> Vec<u8> {
        [&[op][..], &(body.len() as u64).to_le_bytes(), body].concat()
    }

    #[track_caller]
    fn check(bytes: Vec<u8>, expected: &str) {
        let got = format!("{:?}", read_record(&mut Bytes::from(bytes), 0));
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn records() {
        check(record(5, b"abc"), "Ok(Placed { op: 5, body_at: 9, body_len: 3 })");
        check(record(0, b"abc"), "Err(Garbage(\"a record of operation 0\"))");
        check(record(5, b"abc")[..11].to_vec(), "Err(Cut(Placed { op: 5");
        check(vec![5; 8], "Err(CutHeader)");
        check(vec![255; 9], "Err(Cut(Placed { op: 255");
        check(vec![], "Err(CutHeader)");
    }

    #[test]
    fn texts_that_claim_too_much_are_refused() {
        let channel = [&[1, 0, 0, 0][..], &u32::MAX.to_le_bytes(), b"/topic"].concat();
        assert_eq!(Channel::parse(&channel), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (Schema::parse(&bytes), Channel::parse(&bytes), MessageHeader::parse(&bytes));
            let _ = (ChunkHeader::parse(&bytes), ChunkIndex::parse(&bytes), Footer::parse(&bytes));
            let _ = (Statistics::parse(&bytes), MessageIndex::parse(&bytes).map(|i| i.offsets().max()));
            let _ = find_record(&mut Bytes::from(bytes), 0, |_| true);
        }

        #[test]
        fn records_behind_junk_are_found(junk in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let end = record(op::DATA_END, &[0; 4]);
            let mut source = Bytes::from([&junk[..], &end].concat());
            let found = find_record(&mut source, 0, |_| false).unwrap();
            prop_assert_eq!(found, Some(junk.len() as u64));
        }
    }
}

//! Records of an MCAP file as pieces of bytes: an operation, a length, a body.
//! Reads where it is told, checks every length against what is there, and finds
//! the next record behind damage. What is in the bodies is [`super::body`]'s.

use std::io;

use super::body::{
    Body, Channel, ChunkHeader, DATA_END_LEN, Footer, MessageHeader, MessageIndex, Schema,
};
use crate::broken;
use crate::source::ReadAt;

/// Operation (1 byte) and length of the body (8 bytes).
pub(crate) const HEAD: u64 = 9;

pub(crate) mod op {
    pub(crate) const HEADER: u8 = 0x01;
    pub(crate) const FOOTER: u8 = 0x02;
    pub(crate) const SCHEMA: u8 = 0x03;
    pub(crate) const CHANNEL: u8 = 0x04;
    pub(crate) const MESSAGE: u8 = 0x05;
    pub(crate) const CHUNK: u8 = 0x06;
    pub(crate) const MESSAGE_INDEX: u8 = 0x07;
    pub(crate) const CHUNK_INDEX: u8 = 0x08;
    pub(crate) const ATTACHMENT: u8 = 0x09;
    pub(crate) const ATTACHMENT_INDEX: u8 = 0x0a;
    pub(crate) const STATISTICS: u8 = 0x0b;
    pub(crate) const METADATA: u8 = 0x0c;
    pub(crate) const METADATA_INDEX: u8 = 0x0d;
    pub(crate) const SUMMARY_OFFSET: u8 = 0x0e;
    pub(crate) const DATA_END: u8 = 0x0f;
}

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
    let body = source.peek(body_at, body_len.min(ChunkHeader::MAX_LEN as u64) as usize)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
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

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
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

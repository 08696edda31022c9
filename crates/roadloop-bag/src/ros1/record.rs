//! Records of a ROS 1 bag: a header of `name=value` fields, then data. Reads
//! where it is told, checks every length against what is there, and finds the
//! next record behind damage.

use std::io;

use bytes::Bytes;

use roadloop_base::Nanos;

use crate::broken;
use crate::channel::Channel;
use crate::source::ReadAt;

/// Real headers have some 30 to 300 bytes; the longest hold a topic's name.
const MAX_HEADER: u64 = 64 * 1024;

/// Behind damage, a longer header is not believed: keeps the search linear.
const MAX_HEADER_AFTER_DAMAGE: u32 = 4096;

/// A field's length before its name, as in `\x04\0\0\0op=\x02`.
const LEN: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    BagHeader {
        /// 0 while the recorder is at work.
        index_at: u64,
        connections: u32,
        chunks: u32,
    },
    Connection {
        connection: u32,
        topic: String,
    },
    Message {
        connection: u32,
        logged_at: Nanos,
    },
    Chunk {
        compression: String,
        /// Decompressed.
        size: u32,
    },
    /// Where in the chunk before it a connection's messages lie.
    Index {
        connection: u32,
    },
    /// In the index at the end: where a chunk is and what it holds.
    ChunkInfo {
        chunk_at: u64,
        /// Of its first and last message, where it says.
        span: Option<(Nanos, Nanos)>,
    },
}

impl Record {
    pub(crate) fn may_be_in_chunk(&self) -> bool {
        matches!(self, Record::Connection { .. } | Record::Message { .. })
    }
}

/// A record and where its data lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) record: Record,
    pub(crate) data_at: u64,
    pub(crate) data_len: u64,
}

impl Placed {
    pub(crate) fn end(&self) -> u64 {
        self.data_at + self.data_len
    }
}

pub(crate) type Broken = broken::Broken<Placed>;

/// Reads a record's header; its data stays where it is.
pub(crate) fn read_record(source: &mut impl ReadAt, at: u64) -> Result<Placed, Broken> {
    let there = source.len().saturating_sub(at);
    let Some(header_len) = u32_at(source, at)? else { return Err(Broken::CutHeader) };
    let header_len = u64::from(header_len);
    if header_len > MAX_HEADER {
        return Err(Broken::Garbage(format!("a record header of {header_len} bytes")));
    }
    if LEN as u64 + header_len > there {
        return Err(Broken::CutHeader);
    }
    let header = source.peek(at + LEN as u64, header_len as usize)?;
    let record = parse_header(header).map_err(Broken::Garbage)?;
    let data_at = at + 2 * LEN as u64 + header_len;
    let Some(data_len) = u32_at(source, data_at - LEN as u64)? else {
        return Err(Broken::CutHeader);
    };
    let placed = Placed { record, data_at, data_len: u64::from(data_len) };
    if placed.end() > source.len() {
        return Err(Broken::Cut(placed));
    }
    Ok(placed)
}

/// The first place from `from` on where a sound record begins.
pub(crate) fn find_record(source: &mut impl ReadAt, from: u64) -> io::Result<Option<u64>> {
    const STEP: usize = 32 * 1024;
    const OVERLAP: usize = 64;
    let mut at = from;
    while at < source.len() {
        let window = source.peek(at, STEP + OVERLAP)?;
        let starts = window.len().min(STEP);
        let candidates: Vec<u64> = (0..starts)
            .filter(|&start| looks_like_header(&window[start..]))
            .map(|start| at + start as u64)
            .collect();
        for candidate in candidates {
            match read_record(source, candidate) {
                Ok(_) => return Ok(Some(candidate)),
                Err(Broken::Io(error)) => return Err(error),
                Err(_) => {}
            }
        }
        at += starts as u64;
    }
    Ok(None)
}

fn looks_like_header(bytes: &[u8]) -> bool {
    let Some((header_len, rest)) = split_u32(bytes) else { return false };
    let Some((field_len, field)) = split_u32(rest) else { return false };
    if !(8..=MAX_HEADER_AFTER_DAMAGE).contains(&header_len) || field_len > header_len - 4 {
        return false;
    }
    const NAMES: [&[u8]; 14] = [
        b"op=",
        b"conn=",
        b"time=",
        b"topic=",
        b"compression=",
        b"size=",
        b"ver=",
        b"count=",
        b"chunk_pos=",
        b"start_time=",
        b"end_time=",
        b"index_pos=",
        b"conn_count=",
        b"chunk_count=",
    ];
    NAMES.iter().any(|name| field.starts_with(name))
}

fn u32_at(source: &mut impl ReadAt, at: u64) -> io::Result<Option<u32>> {
    Ok(split_u32(source.peek(at, LEN)?).map(|(value, _)| value))
}

fn split_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (value, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*value), rest))
}

/// Goes over `name=value` fields; `false` when they do not fill the bytes.
fn for_each_field<'a>(mut bytes: &'a [u8], mut see: impl FnMut(&'a [u8], &'a [u8])) -> bool {
    while !bytes.is_empty() {
        let Some((len, rest)) = split_u32(bytes) else { return false };
        let Some(field) = rest.get(..len as usize) else { return false };
        let Some(split) = field.iter().position(|&byte| byte == b'=') else { return false };
        see(&field[..split], &field[split + 1..]);
        bytes = &rest[len as usize..];
    }
    true
}

/// The fields of all record headers; each record has some of them.
#[derive(Default)]
struct Fields<'a> {
    op: Option<&'a [u8]>,
    connection: Option<u32>,
    time: Option<u64>,
    topic: Option<&'a [u8]>,
    compression: Option<&'a [u8]>,
    size: Option<u32>,
    chunk_at: Option<u64>,
    start: Option<u64>,
    end: Option<u64>,
    index_at: Option<u64>,
    connections: Option<u32>,
    chunks: Option<u32>,
}

fn parse_header(header: &[u8]) -> Result<Record, String> {
    let u32_of = |value: &[u8]| value.try_into().ok().map(u32::from_le_bytes);
    let u64_of = |value: &[u8]| value.try_into().ok().map(u64::from_le_bytes);
    let mut fields = Fields::default();
    let are_whole = for_each_field(header, |name, value| match name {
        b"op" => fields.op = Some(value),
        b"conn" => fields.connection = u32_of(value),
        b"time" => fields.time = u64_of(value),
        b"topic" => fields.topic = Some(value),
        b"compression" => fields.compression = Some(value),
        b"size" => fields.size = u32_of(value),
        b"chunk_pos" => fields.chunk_at = u64_of(value),
        b"start_time" => fields.start = u64_of(value),
        b"end_time" => fields.end = u64_of(value),
        b"index_pos" => fields.index_at = u64_of(value),
        b"conn_count" => fields.connections = u32_of(value),
        b"chunk_count" => fields.chunks = u32_of(value),
        _ => {}
    });
    if !are_whole {
        return Err("a record header whose fields do not fill it".to_owned());
    }
    fields.record().ok_or_else(|| match fields.op {
        Some(op) => format!("a record header of operation {op:?} without its fields"),
        None => "a record header without an operation".to_owned(),
    })
}

impl Fields<'_> {
    fn record(&self) -> Option<Record> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(match self.op? {
            [2] => {
                Record::Message { connection: self.connection?, logged_at: self.time.map(time)? }
            }
            [3] => Record::BagHeader {
                index_at: self.index_at?,
                connections: self.connections?,
                chunks: self.chunks?,
            },
            [4] => Record::Index { connection: self.connection? },
            [5] => Record::Chunk { compression: text(self.compression?), size: self.size? },
            [6] => Record::ChunkInfo {
                chunk_at: self.chunk_at?,
                span: self.start.zip(self.end).map(|(start, end)| (time(start), time(end))),
            },
            [7] => Record::Connection {
                connection: self.connection?,
                topic: text(self.topic.unwrap_or_default()),
            },
            _ => return None,
        })
    }
}

/// Seconds in the lower half, nanoseconds in the upper.
fn time(time: u64) -> Nanos {
    Nanos::from_secs_nanos((time & 0xffff_ffff) as i64, (time >> 32) as u32)
}

/// A connection's channel: its topic from the record's header, its type from
/// the data, which is laid out like a header. What is missing stays empty.
pub(crate) fn parse_connection(topic: String, data: &[u8]) -> Channel {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut channel = Channel { topic, encoding: "ros1".to_owned(), ..Channel::default() };
    channel.definition.encoding = "ros1msg".to_owned();
    for_each_field(data, |name, value| match name {
        b"type" => channel.definition.name = text(value),
        b"message_definition" => channel.definition.data = Bytes::copy_from_slice(value),
        b"topic" if channel.topic.is_empty() => channel.topic = text(value),
        b"md5sum" | b"callerid" | b"latching" => {
            channel.metadata.push((text(name), text(value)));
        }
        _ => {}
    });
    channel
}

/// Connections and their messages, as a chunk info lists them.
pub(crate) fn parse_counts(data: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let u32_of = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    data.chunks_exact(8).map(move |entry| (u32_of(&entry[..4]), u32_of(&entry[4..])))
}

/// What an index record has for each message: a time and an offset.
pub(crate) const OFFSET_LEN: u64 = 12;

/// Offsets in the decompressed chunk, as an index record lists them.
pub(crate) fn parse_offsets(data: &[u8]) -> impl Iterator<Item = u64> {
    data.chunks_exact(OFFSET_LEN as usize)
        .map(|entry| u64::from(u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(fields: &[(&str, &[u8])], data: &[u8]) -> Vec<u8> {
        let mut header = Vec::new();
        for (name, value) in fields {
            header.extend(((name.len() + 1 + value.len()) as u32).to_le_bytes());
            header.extend(name.as_bytes());
            header.push(b'=');
            header.extend(*value);
        }
        let mut bytes = (header.len() as u32).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(data);
        bytes
    }

    fn message() -> Vec<u8> {
        let time = (7u64 << 32 | 1_500_000_000).to_le_bytes();
        record(&[("op", &[2]), ("conn", &[3, 0, 0, 0]), ("time", &time)], b"data")
    }

    #[track_caller]
    fn check(bytes: Vec<u8>, expected: &str) {
        let got = match read_record(&mut Bytes::from(bytes), 0) {
            Ok(placed) => format!("{:?} {}..{}", placed.record, placed.data_at, placed.end()),
            Err(broken) => format!("{broken:?}"),
        };
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn records() {
        check(message(), "Message { connection: 3, logged_at: Nanos(1500000000000000007) } 46..50");
        let chunk = record(&[("compression", b"lz4"), ("op", &[5]), ("size", &[9, 0, 0, 0])], b"");
        check(chunk, "Chunk { compression: \"lz4\", size: 9 }");
        check(
            record(&[("op", &[7]), ("conn", &[0; 4])], b""),
            "Connection { connection: 0, topic: \"\" }",
        );
    }

    #[test]
    fn broken_records() {
        check(vec![], "CutHeader");
        check(vec![255; 50], "Garbage(\"a record header of 4294967295 bytes\")");
        check(
            record(&[("conn", &[0; 4])], b""),
            "Garbage(\"a record header without an operation\")",
        );
        check(record(&[("op", &[9])], b""), "Garbage(\"a record header of operation [9]");
        check(record(&[("op", &[2])], b""), "Garbage(\"a record header of operation [2] without");
        let whole = message();
        check(whole[..whole.len() - 1].to_vec(), "Cut(Placed");
        check(whole[..20].to_vec(), "CutHeader");
    }

    #[test]
    fn a_connection_with_nothing_in_it_is_read() {
        assert_eq!(parse_connection("/a".to_owned(), b"junk").message_type(), "");
        let mut data = record(&[("topic", b"/b"), ("type", b"x/Y")], b"");
        data.drain(..4);
        let channel = parse_connection(String::new(), &data);
        assert_eq!((&*channel.topic, channel.message_type()), ("/b", "x/Y"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut source = Bytes::from(bytes);
            let _ = read_record(&mut source, 0);
            let _ = find_record(&mut source, 0);
        }

        #[test]
        fn records_behind_junk_are_found(junk in proptest::collection::vec(any::<u8>(), 0..70_000)) {
            let mut source = Bytes::from([&junk[..], &message()].concat());
            let found = find_record(&mut source, 0).unwrap();
            prop_assert_eq!(found, Some(junk.len() as u64));
        }
    }
}

//! Writes an MCAP file from start to end: chunks, an index behind each, and
//! the summary. Holds one chunk in memory, and some 100 bytes of each that is
//! written.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use roadloop_base::Nanos;

use super::body::{
    Attachment, AttachmentIndex, Body, Channel, ChunkHeader, ChunkIndex, DataEnd, Footer, Header,
    MessageHeader, MessageIndex, Metadata, MetadataIndex, Schema, Statistics, SummaryOffset,
};
use super::record::{HEAD, op};
use crate::channel::{self, Definition};
use crate::format::MCAP_MAGIC;
use crate::messages::Message;

/// Chunks are closed at this size: large enough to compress well, small enough
/// that one message of one is cheap to get at.
const CHUNK: usize = 4 << 20;

/// The level of zstd's own tools; one core writes some 200 MB/s with it.
const ZSTD_LEVEL: i32 = 3;

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McapCompression {
    None,
    Lz4,
    Zstd,
}

/// Writes messages in the order they are given; times may go back and forth.
#[derive(Debug)]
pub struct McapWriter<W: Write> {
    out: Out<W>,
    compression: McapCompression,
    schemas: Vec<Definition>,
    channels: Vec<channel::Channel>,
    ids: HashMap<channel::Channel, u16>,
    chunk: Chunk,
    chunks: Vec<ChunkIndex>,
    attachments: Vec<AttachmentIndex>,
    metadata: Vec<MetadataIndex>,
    statistics: Statistics,
    messages: BTreeMap<u16, u64>,
}

/// What is written, counted and summed.
#[derive(Debug)]
struct Out<W: Write> {
    into: W,
    at: u64,
    crc: crc32fast::Hasher,
}

impl<W: Write> Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.into.write_all(bytes)?;
        self.crc.update(bytes);
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Starts a checksum, and gives the one so far.
    fn next_crc(&mut self) -> u32 {
        std::mem::take(&mut self.crc).finalize()
    }
}

/// The chunk that is being filled.
#[derive(Debug, Default)]
struct Chunk {
    records: Vec<u8>,
    /// By channel: times and offsets.
    messages: BTreeMap<u16, Vec<(u64, u64)>>,
    start: u64,
    end: u64,
}

impl<W: Write> McapWriter<W> {
    /// The profile says which conventions the messages follow: `ros1`, `ros2`
    /// or nothing.
    pub fn new(into: W, profile: &str, compression: McapCompression) -> io::Result<McapWriter<W>> {
        let mut out = Out { into, at: 0, crc: crc32fast::Hasher::new() };
        out.write(MCAP_MAGIC)?;
        let library = concat!("roadloop ", env!("CARGO_PKG_VERSION")).to_owned();
        out.write(&record(op::HEADER, &Header { profile: profile.to_owned(), library }))?;
        Ok(McapWriter {
            out,
            compression,
            schemas: Vec::new(),
            channels: Vec::new(),
            ids: HashMap::new(),
            chunk: Chunk::default(),
            chunks: Vec::new(),
            attachments: Vec::new(),
            metadata: Vec::new(),
            statistics: Statistics::default(),
            messages: BTreeMap::new(),
        })
    }

    /// The message's topic and type are described where they first occur.
    pub fn message(&mut self, message: &Message) -> io::Result<()> {
        let id = self.channel(&message.channel)?;
        let unsigned = |time: Nanos| u64::try_from(time.0).unwrap_or(0);
        let logged_at = unsigned(message.logged_at);
        let header = MessageHeader {
            channel: id,
            sequence: message.sequence as u32,
            logged_at,
            published_at: message.published_at.map_or(logged_at, unsigned),
        };
        let chunk = &mut self.chunk;
        let is_first = chunk.messages.is_empty();
        chunk.start = if is_first { logged_at } else { chunk.start.min(logged_at) };
        chunk.end = chunk.end.max(logged_at);
        let offset = chunk.records.len() as u64;
        chunk.messages.entry(id).or_default().push((logged_at, offset));
        chunk.records.push(op::MESSAGE);
        let len = MessageHeader::LEN + message.data.len() as u64;
        chunk.records.extend(len.to_le_bytes());
        header.put(&mut chunk.records);
        chunk.records.extend_from_slice(&message.data);

        let statistics = &mut self.statistics;
        let is_first = statistics.messages == 0;
        statistics.start = if is_first { logged_at } else { statistics.start.min(logged_at) };
        statistics.end = statistics.end.max(logged_at);
        statistics.messages += 1;
        *self.messages.entry(id).or_default() += 1;
        if self.chunk.records.len() >= CHUNK {
            self.close_chunk()?;
        }
        Ok(())
    }

    fn channel(&mut self, channel: &channel::Channel) -> io::Result<u16> {
        if let Some(id) = self.ids.get(channel) {
            return Ok(*id);
        }
        let full = || io::Error::other("more than 65535 channels, which MCAP cannot hold");
        // From 1: schema 0 means none.
        let schema = match self.schemas.iter().position(|known| *known == channel.definition) {
            _ if channel.definition == Definition::default() => 0,
            Some(known) => known as u16 + 1,
            None => {
                self.schemas.push(channel.definition.clone());
                let id = u16::try_from(self.schemas.len()).map_err(|_| full())?;
                let schema = Schema { id, definition: channel.definition.clone() };
                self.chunk.records.extend(record(op::SCHEMA, &schema));
                id
            }
        };
        self.channels.push(channel.clone());
        let id = u16::try_from(self.channels.len()).map_err(|_| full())?;
        self.chunk.records.extend(record(op::CHANNEL, &describe(id, schema, channel)));
        self.ids.insert(channel.clone(), id);
        Ok(id)
    }

    /// A file that is to travel with the recording.
    pub fn attachment(&mut self, attachment: &Attachment) -> io::Result<()> {
        self.close_chunk()?;
        let mut body = Vec::new();
        attachment.put(&mut body);
        let at = self.out.at;
        self.out.write(&head(op::ATTACHMENT, body.len()))?;
        self.out.write(&body)?;
        self.attachments.push(AttachmentIndex {
            at,
            len: self.out.at - at,
            logged_at: attachment.logged_at,
            created_at: attachment.created_at,
            data_len: attachment.data.len() as u64,
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
        });
        Ok(())
    }

    /// Texts about the whole recording.
    pub fn metadata(&mut self, metadata: &Metadata) -> io::Result<()> {
        self.close_chunk()?;
        let at = self.out.at;
        self.out.write(&record(op::METADATA, metadata))?;
        let len = self.out.at - at;
        self.metadata.push(MetadataIndex { at, len, name: metadata.name.clone() });
        Ok(())
    }

    fn close_chunk(&mut self) -> io::Result<()> {
        let Chunk { records, messages, start, end } = std::mem::take(&mut self.chunk);
        if records.is_empty() {
            return Ok(());
        }
        let (compression, compressed) = match self.compression {
            McapCompression::None => ("", None),
            McapCompression::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(&records)?;
                ("lz4", Some(encoder.finish().map_err(io::Error::other)?))
            }
            McapCompression::Zstd => ("zstd", Some(zstd::bulk::compress(&records, ZSTD_LEVEL)?)),
        };
        let data = compressed.as_ref().unwrap_or(&records);
        let mut header = Vec::new();
        let mut chunk = ChunkHeader {
            start,
            end,
            uncompressed_size: records.len() as u64,
            uncompressed_crc: crc32fast::hash(&records),
            compression: compression.to_owned(),
            compressed_size: data.len() as u64,
            header_len: 0,
        };
        chunk.put(&mut header);
        chunk.header_len = header.len() as u64;
        let chunk_at = self.out.at;
        self.out.write(&head(op::CHUNK, header.len() + data.len()))?;
        self.out.write(&header)?;
        self.out.write(data)?;
        let indexes_at = self.out.at;
        let mut message_indexes_at = Vec::new();
        for (channel, entries) in &messages {
            message_indexes_at.push((*channel, self.out.at));
            let mut body = Vec::new();
            MessageIndex::put(*channel, entries, &mut body);
            self.out.write(&head(op::MESSAGE_INDEX, body.len()))?;
            self.out.write(&body)?;
        }
        self.chunks.push(ChunkIndex {
            start,
            end,
            chunk_at,
            chunk_len: indexes_at - chunk_at,
            message_indexes_at,
            message_indexes_len: self.out.at - indexes_at,
            compression: chunk.compression,
            compressed_size: chunk.compressed_size,
            uncompressed_size: chunk.uncompressed_size,
        });
        Ok(())
    }

    /// Writes the summary; without it the file is readable, but not indexed.
    pub fn finish(mut self) -> io::Result<W> {
        self.close_chunk()?;
        let data_crc = self.out.next_crc();
        self.out.write(&record(op::DATA_END, &DataEnd { data_crc }))?;
        self.out.next_crc();
        let summary_at = self.out.at;
        let groups = self.summary_groups();
        let mut offsets = Vec::new();
        for (op, records) in groups.into_iter().filter(|(_, records)| !records.is_empty()) {
            let offset = SummaryOffset { op, at: self.out.at, len: records.len() as u64 };
            offsets.extend(record(op::SUMMARY_OFFSET, &offset));
            self.out.write(&records)?;
        }
        let summary_offsets_at = self.out.at;
        self.out.write(&offsets)?;
        let mut footer =
            record(op::FOOTER, &Footer { summary_at, summary_offsets_at, summary_crc: 0 });
        footer.truncate(Footer::CHECKED_LEN as usize);
        self.out.write(&footer)?;
        let crc = self.out.next_crc();
        self.out.write(&crc.to_le_bytes())?;
        self.out.write(MCAP_MAGIC)?;
        self.out.into.flush()?;
        Ok(self.out.into)
    }

    /// The records of the summary, by operation.
    fn summary_groups(&mut self) -> Vec<(u8, Vec<u8>)> {
        let schemas = self.schemas.iter().enumerate().flat_map(|(place, definition)| {
            record(op::SCHEMA, &Schema { id: place as u16 + 1, definition: definition.clone() })
        });
        let channels = self.channels.iter().enumerate().flat_map(|(place, channel)| {
            let schema = self.schemas.iter().position(|known| *known == channel.definition);
            let schema = schema.map_or(0, |place| place as u16 + 1);
            record(op::CHANNEL, &describe(place as u16 + 1, schema, channel))
        });
        self.statistics.schemas = self.schemas.len() as u16;
        self.statistics.channels = self.channels.len() as u32;
        self.statistics.attachments = self.attachments.len() as u32;
        self.statistics.metadata = self.metadata.len() as u32;
        self.statistics.chunks = self.chunks.len() as u32;
        self.statistics.channel_messages =
            self.messages.iter().map(|(channel, messages)| (*channel, *messages)).collect();
        vec![
            (op::SCHEMA, schemas.collect()),
            (op::CHANNEL, channels.collect()),
            (op::STATISTICS, record(op::STATISTICS, &self.statistics)),
            (op::CHUNK_INDEX, all(op::CHUNK_INDEX, &self.chunks)),
            (op::ATTACHMENT_INDEX, all(op::ATTACHMENT_INDEX, &self.attachments)),
            (op::METADATA_INDEX, all(op::METADATA_INDEX, &self.metadata)),
        ]
    }
}

fn describe(id: u16, schema: u16, channel: &channel::Channel) -> Channel {
    Channel {
        id,
        schema,
        topic: channel.topic.clone(),
        message_encoding: channel.encoding.clone(),
        metadata: channel.metadata.clone(),
    }
}

fn all(op: u8, bodies: &[impl Body]) -> Vec<u8> {
    bodies.iter().flat_map(|body| record(op, body)).collect()
}

fn record(op: u8, body: &impl Body) -> Vec<u8> {
    let mut bytes = vec![0; HEAD as usize];
    body.put(&mut bytes);
    let len = bytes.len() - HEAD as usize;
    bytes[..HEAD as usize].copy_from_slice(&head(op, len));
    bytes
}

fn head(op: u8, len: usize) -> [u8; HEAD as usize] {
    let mut head = [op; HEAD as usize];
    head[1..].copy_from_slice(&(len as u64).to_le_bytes());
    head
}

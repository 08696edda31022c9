//! MCAP files, after <https://mcap.dev/spec>.

use super::{Compression, DriveWriter, compress};

const MAGIC: &[u8] = b"\x89MCAP0\r\n";

pub(super) fn write(drive: &DriveWriter) -> Vec<u8> {
    let topics = drive.topics();
    let mut file = MAGIC.to_vec();
    file.extend(record(1, &[text("ros2"), text("roadloop tests")].concat()));
    let mut chunk_indexes = Vec::new();
    let mut counts = vec![0u64; topics.len()];
    let mut chunk = Chunk::default();
    for (number, message) in drive.messages.iter().enumerate() {
        let topic = drive.topic_number(&message.topic);
        let into = if drive.chunk_bytes == 0 { &mut file } else { &mut chunk.records };
        if counts[topic] == 0 {
            into.extend(description(drive, topic, &topics[topic]));
        }
        counts[topic] += 1;
        let offset = into.len() as u64;
        let channel = channel_id(topic).to_le_bytes();
        let time = message.logged_at.to_le_bytes();
        let header = [&channel[..], &(number as u32).to_le_bytes(), &time, &time].concat();
        into.extend(record(5, &[header, drive.message(number)].concat()));
        if drive.chunk_bytes == 0 {
            continue;
        }
        chunk.messages.push((topic, message.logged_at, offset));
        if chunk.records.len() >= drive.chunk_bytes {
            chunk_indexes.push(std::mem::take(&mut chunk).write(drive, &mut file));
        }
    }
    if !chunk.records.is_empty() {
        chunk_indexes.push(chunk.write(drive, &mut file));
    }
    file.extend(record(15, &0u32.to_le_bytes()));
    let summary_at = if drive.has_index { file.len() } else { 0 };
    if drive.has_index {
        for (number, topic) in topics.iter().enumerate() {
            file.extend(description(drive, number, topic));
        }
        file.extend(chunk_indexes.concat());
        file.extend(statistics(drive, &counts, chunk_indexes.len()));
    }
    let mut footer = record(2, &[0; 20]);
    footer[9..17].copy_from_slice(&(summary_at as u64).to_le_bytes());
    file.extend(&footer[..25]);
    let checksum = if drive.has_index { crc32fast::hash(&file[summary_at..]) } else { 0 };
    file.extend(checksum.to_le_bytes());
    file.extend(MAGIC);
    file
}

/// Schema and channel.
fn description(
    drive: &DriveWriter,
    number: usize,
    (topic, type_name): &(String, String),
) -> Vec<u8> {
    let id = channel_id(number).to_le_bytes();
    let schema_encoding = if drive.encoding() == "ros1" { "ros1msg" } else { "ros2msg" };
    let schema = [id.to_vec(), text(type_name), text(schema_encoding), text("")].concat();
    let channel = [&id[..], &id, &text(topic), &text(drive.encoding()), &[0; 4]].concat();
    [record(3, &schema), record(4, &channel)].concat()
}

/// From 1: schema 0 means none.
fn channel_id(topic: usize) -> u16 {
    topic as u16 + 1
}

fn statistics(drive: &DriveWriter, counts: &[u64], chunks: usize) -> Vec<u8> {
    let mut by_channel = Vec::new();
    for (topic, count) in counts.iter().enumerate() {
        by_channel.extend(channel_id(topic).to_le_bytes());
        by_channel.extend(count.to_le_bytes());
    }
    let times = drive.messages.iter().map(|message| message.logged_at);
    let body = [
        &(drive.messages.len() as u64).to_le_bytes()[..],
        &(counts.len() as u16).to_le_bytes(),
        &(counts.len() as u32).to_le_bytes(),
        &[0; 8],
        &(chunks as u32).to_le_bytes(),
        &times.clone().min().unwrap_or(0).to_le_bytes(),
        &times.max().unwrap_or(0).to_le_bytes(),
        &(by_channel.len() as u32).to_le_bytes(),
        &by_channel,
    ];
    record(11, &body.concat())
}

#[derive(Default)]
struct Chunk {
    records: Vec<u8>,
    /// Topic, time, offset.
    messages: Vec<(usize, u64, u64)>,
}

impl Chunk {
    /// Appends the chunk and its message indexes; gives its chunk index.
    fn write(self, drive: &DriveWriter, file: &mut Vec<u8>) -> Vec<u8> {
        let at = file.len() as u64;
        let compression = match drive.compression {
            Compression::None => "",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
            Compression::Bz2 => panic!("MCAP knows no bz2"),
        };
        let times = self.messages.iter().map(|(_, logged_at, _)| *logged_at);
        let start = times.clone().min().unwrap_or(0).to_le_bytes();
        let end = times.max().unwrap_or(0).to_le_bytes();
        let data = compress(drive.compression, &self.records);
        let size = (self.records.len() as u64).to_le_bytes();
        let compressed_size = (data.len() as u64).to_le_bytes();
        let crc = crc32fast::hash(&self.records).to_le_bytes();
        let compression = text(compression);
        let body = [&start[..], &end, &size, &crc, &compression, &compressed_size, &data].concat();
        file.extend(record(6, &body));
        let chunk_len = file.len() as u64 - at;
        let indexes_at = file.len() as u64;
        let mut offsets = Vec::new();
        for topic in 0..drive.topics().len() {
            let messages = self.messages.iter().filter(|(other, ..)| *other == topic);
            let entries: Vec<u8> = messages
                .flat_map(|(_, logged_at, offset)| {
                    [logged_at.to_le_bytes(), offset.to_le_bytes()].concat()
                })
                .collect();
            if entries.is_empty() || !drive.has_message_indexes {
                continue;
            }
            offsets.extend(channel_id(topic).to_le_bytes());
            offsets.extend((file.len() as u64).to_le_bytes());
            let len = (entries.len() as u32).to_le_bytes();
            let index = [&channel_id(topic).to_le_bytes()[..], &len, &entries].concat();
            file.extend(record(7, &index));
        }
        let indexes_len = file.len() as u64 - indexes_at;
        let body = [
            &start[..],
            &end,
            &at.to_le_bytes(),
            &chunk_len.to_le_bytes(),
            &(offsets.len() as u32).to_le_bytes(),
            &offsets,
            &indexes_len.to_le_bytes(),
            &compression,
            &compressed_size,
            &size,
        ];
        record(8, &body.concat())
    }
}

fn record(op: u8, body: &[u8]) -> Vec<u8> {
    [&[op][..], &(body.len() as u64).to_le_bytes(), body].concat()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

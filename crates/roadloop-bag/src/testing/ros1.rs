//! ROS 1 bags, after <http://wiki.ros.org/Bags/Format/2.0>.

use super::{Compression, DriveWriter, compress};

pub(super) fn write(drive: &DriveWriter) -> Vec<u8> {
    let topics = drive.topics();
    let mut bag = b"#ROSBAG V2.0\n".to_vec();
    let header_at = bag.len();
    bag.extend(bag_header(0, 0, 0));
    let mut chunk_infos = Vec::new();
    let mut chunk = Chunk::default();
    let mut described = vec![false; topics.len()];
    for (number, message) in drive.messages.iter().enumerate() {
        let topic = drive.topic_number(&message.topic);
        if !described[topic] {
            described[topic] = true;
            chunk.records.extend(connection(topic, &topics[topic]));
        }
        chunk.add(topic, message.logged_at, &drive.message(number));
        if chunk.records.len() >= drive.chunk_bytes {
            chunk_infos.push(std::mem::take(&mut chunk).write(drive, &mut bag));
        }
    }
    if !chunk.records.is_empty() {
        chunk_infos.push(chunk.write(drive, &mut bag));
    }
    if drive.has_index {
        let header = bag_header(bag.len() as u64, topics.len() as u32, chunk_infos.len() as u32);
        bag[header_at..header_at + header.len()].copy_from_slice(&header);
        for (number, topic) in topics.iter().enumerate() {
            bag.extend(connection(number, topic));
        }
        bag.extend(chunk_infos.concat());
    }
    bag
}

/// Padded to 4096 bytes, so that a recorder can fill it in at the end.
fn bag_header(index_at: u64, connections: u32, chunks: u32) -> Vec<u8> {
    let fields: [(&str, &[u8]); 4] = [
        ("chunk_count", &chunks.to_le_bytes()),
        ("conn_count", &connections.to_le_bytes()),
        ("index_pos", &index_at.to_le_bytes()),
        ("op", &[3]),
    ];
    let padding = 4096 - record(&fields, b"").len();
    record(&fields, &vec![b' '; padding])
}

fn connection(number: usize, (topic, message_type): &(String, String)) -> Vec<u8> {
    let data = fields(&[
        ("topic", topic.as_bytes()),
        ("type", message_type.as_bytes()),
        ("md5sum", b"*"),
        ("message_definition", b""),
    ]);
    let number = (number as u32).to_le_bytes();
    record(&[("conn", &number), ("op", &[7]), ("topic", topic.as_bytes())], &data)
}

#[derive(Default)]
struct Chunk {
    records: Vec<u8>,
    /// Connection, time, offset.
    messages: Vec<(usize, u64, u32)>,
}

impl Chunk {
    fn add(&mut self, topic: usize, logged_at: u64, message: &[u8]) {
        self.messages.push((topic, logged_at, self.records.len() as u32));
        let number = (topic as u32).to_le_bytes();
        let header: [(&str, &[u8]); 3] =
            [("conn", &number), ("op", &[2]), ("time", &time(logged_at))];
        self.records.extend(record(&header, message));
    }

    /// Appends the chunk and its index records; gives its chunk info.
    fn write(self, drive: &DriveWriter, bag: &mut Vec<u8>) -> Vec<u8> {
        let at = bag.len() as u64;
        let compression = match drive.compression {
            Compression::None => "none",
            Compression::Lz4 => "lz4",
            Compression::Bz2 => "bz2",
            Compression::Zstd => panic!("bags know no zstd"),
        };
        let size = (self.records.len() as u32).to_le_bytes();
        let header: [(&str, &[u8]); 3] =
            [("compression", compression.as_bytes()), ("op", &[5]), ("size", &size)];
        bag.extend(record(&header, &compress(drive.compression, &self.records)));
        let mut counts = Vec::new();
        for topic in 0..drive.topics().len() {
            let messages = self.messages.iter().filter(|(other, ..)| *other == topic);
            let entries: Vec<u8> = messages
                .flat_map(|(_, logged_at, offset)| {
                    [&time(*logged_at)[..], &offset.to_le_bytes()].concat()
                })
                .collect();
            let count = (entries.len() as u32 / 12).to_le_bytes();
            let number = (topic as u32).to_le_bytes();
            if entries.is_empty() {
                continue;
            }
            let header: [(&str, &[u8]); 4] =
                [("conn", &number), ("count", &count), ("op", &[4]), ("ver", &1u32.to_le_bytes())];
            bag.extend(record(&header, &entries));
            counts.extend([number, count].concat());
        }
        let times = self.messages.iter().map(|(_, logged_at, _)| *logged_at);
        let (start, end) = (times.clone().min().unwrap_or(0), times.max().unwrap_or(0));
        let header: [(&str, &[u8]); 6] = [
            ("chunk_pos", &at.to_le_bytes()),
            ("count", &(counts.len() as u32 / 8).to_le_bytes()),
            ("end_time", &time(end)),
            ("op", &[6]),
            ("start_time", &time(start)),
            ("ver", &1u32.to_le_bytes()),
        ];
        record(&header, &counts)
    }
}

fn time(nanos: u64) -> [u8; 8] {
    let secs = nanos / 1_000_000_000;
    ((nanos % 1_000_000_000) << 32 | secs).to_le_bytes()
}

fn record(header: &[(&str, &[u8])], data: &[u8]) -> Vec<u8> {
    let header = fields(header);
    let len = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    [&len(&header)[..], &header, &len(data), data].concat()
}

fn fields(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.extend(((name.len() + 1 + value.len()) as u32).to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.push(b'=');
        bytes.extend(*value);
    }
    bytes
}

//! Records in the JSON form of MCAP's conformance cases.

use bytes::Bytes;
use serde_json::{Value, json};

use super::body::*;
use super::record::{op, read_record};
use crate::compression::{Codec, decompress};
use crate::format::MCAP_MAGIC;
use crate::source::ReadAt;

/// All records of a file, those of chunks in place of their chunks, without
/// message indexes. Each is put together again and compared with what was read.
pub(crate) fn records_as_json(file: &Bytes, is_padded: bool) -> Vec<Value> {
    assert!(file.starts_with(MCAP_MAGIC) && file.ends_with(MCAP_MAGIC));
    let end = file.len() - MCAP_MAGIC.len();
    walk(&file.slice(MCAP_MAGIC.len()..end), is_padded)
}

fn walk(records: &Bytes, is_padded: bool) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < records.len() as u64 {
        let placed = read_record(&mut records.clone(), at).unwrap();
        at = placed.end();
        let body = records.clone().bytes(placed.body_at, placed.body_len).unwrap();
        match placed.op {
            op::CHUNK => found.extend(walk(&chunk(&body), is_padded)),
            op::MESSAGE_INDEX => {
                let index = MessageIndex::parse(&body).unwrap();
                assert_eq!(index.messages(), index.offsets().count() as u64);
            }
            op => found.push(record(op, &body, is_padded)),
        }
    }
    found
}

fn chunk(body: &Bytes) -> Bytes {
    let header = ChunkHeader::parse(body).unwrap();
    let from = header.header_len as usize;
    let data = body.slice(from..from + header.compressed_size as usize);
    let codec = match &*header.compression {
        "" => return data,
        "lz4" => Codec::Lz4,
        "zstd" => Codec::Zstd,
        other => panic!("{other}"),
    };
    let out = decompress(codec, &data, header.uncompressed_size);
    assert_eq!(out.error, None);
    assert_eq!(crc32fast::hash(&out.bytes), header.uncompressed_crc);
    out.bytes
}

fn record(op: u8, body: &Bytes, is_padded: bool) -> Value {
    let checked = Checked { body, is_padded };
    let (name, fields) = match op {
        op::HEADER => {
            let Header { profile, library } = checked.parse();
            ("Header", json!({"library": library, "profile": profile}))
        }
        op::FOOTER => {
            let Footer { summary_at, summary_offsets_at, summary_crc } = checked.parse();
            let fields = json!({
                "summary_crc": number(summary_crc),
                "summary_offset_start": number(summary_offsets_at),
                "summary_start": number(summary_at),
            });
            ("Footer", fields)
        }
        op::SCHEMA => {
            let Schema { id, definition } = checked.parse();
            let fields = json!({
                "data": bytes(&definition.data),
                "encoding": definition.encoding,
                "id": number(id),
                "name": definition.name,
            });
            ("Schema", fields)
        }
        op::CHANNEL => {
            let Channel { id, schema, topic, message_encoding, metadata } = checked.parse();
            let fields = json!({
                "id": number(id),
                "message_encoding": message_encoding,
                "metadata": texts(metadata),
                "schema_id": number(schema),
                "topic": topic,
            });
            ("Channel", fields)
        }
        op::MESSAGE => {
            let header = MessageHeader::parse(body).unwrap();
            let fields = json!({
                "channel_id": number(header.channel),
                "data": bytes(&body[MessageHeader::LEN as usize..]),
                "log_time": number(header.logged_at),
                "publish_time": number(header.published_at),
                "sequence": number(header.sequence),
            });
            ("Message", fields)
        }
        op::CHUNK_INDEX => {
            let index: ChunkIndex = checked.parse();
            let fields = json!({
                "chunk_length": number(index.chunk_len),
                "chunk_start_offset": number(index.chunk_at),
                "compressed_size": number(index.compressed_size),
                "compression": index.compression,
                "message_end_time": number(index.end),
                "message_index_length": number(index.message_indexes_len),
                "message_index_offsets": numbers(index.message_indexes_at),
                "message_start_time": number(index.start),
                "uncompressed_size": number(index.uncompressed_size),
            });
            ("ChunkIndex", fields)
        }
        op::ATTACHMENT => {
            let attachment = Attachment::parse(body).unwrap();
            let mut written = Vec::new();
            attachment.put(&mut written);
            checked.compare(&written);
            let fields = json!({
                "create_time": number(attachment.created_at),
                "data": bytes(&attachment.data),
                "log_time": number(attachment.logged_at),
                "media_type": attachment.media_type,
                "name": attachment.name,
            });
            ("Attachment", fields)
        }
        op::ATTACHMENT_INDEX => {
            let index: AttachmentIndex = checked.parse();
            let fields = json!({
                "create_time": number(index.created_at),
                "data_size": number(index.data_len),
                "length": number(index.len),
                "log_time": number(index.logged_at),
                "media_type": index.media_type,
                "name": index.name,
                "offset": number(index.at),
            });
            ("AttachmentIndex", fields)
        }
        op::STATISTICS => {
            let statistics: Statistics = checked.parse();
            let fields = json!({
                "attachment_count": number(statistics.attachments),
                "channel_count": number(statistics.channels),
                "channel_message_counts": numbers(statistics.channel_messages),
                "chunk_count": number(statistics.chunks),
                "message_count": number(statistics.messages),
                "message_end_time": number(statistics.end),
                "message_start_time": number(statistics.start),
                "metadata_count": number(statistics.metadata),
                "schema_count": number(statistics.schemas),
            });
            ("Statistics", fields)
        }
        op::METADATA => {
            let metadata: Metadata = checked.parse();
            let fields = json!({"metadata": texts(metadata.texts), "name": metadata.name});
            ("Metadata", fields)
        }
        op::METADATA_INDEX => {
            let MetadataIndex { at, len, name } = checked.parse();
            let fields = json!({"length": number(len), "name": name, "offset": number(at)});
            ("MetadataIndex", fields)
        }
        op::SUMMARY_OFFSET => {
            let SummaryOffset { op, at, len } = checked.parse();
            let fields = json!({
                "group_length": number(len),
                "group_opcode": number(op),
                "group_start": number(at),
            });
            ("SummaryOffset", fields)
        }
        op::DATA_END => {
            let DataEnd { data_crc } = checked.parse();
            ("DataEnd", json!({"data_section_crc": number(data_crc)}))
        }
        other => panic!("operation {other}"),
    };
    // serde_json keeps keys in the order of the alphabet, as the cases have them.
    let fields = fields.as_object().unwrap().iter().map(|(key, value)| json!([key, value]));
    json!({"type": name, "fields": fields.collect::<Vec<_>>()})
}

struct Checked<'a> {
    body: &'a Bytes,
    is_padded: bool,
}

impl Checked<'_> {
    fn parse<B: Body>(&self) -> B {
        let body = B::parse(self.body).unwrap();
        let mut written = Vec::new();
        body.put(&mut written);
        self.compare(&written);
        body
    }

    fn compare(&self, written: &[u8]) {
        assert!(self.body.starts_with(written));
        assert!(self.is_padded || self.body.len() == written.len());
    }
}

fn number(number: impl Into<u64>) -> Value {
    Value::from(number.into().to_string())
}

fn numbers(pairs: Vec<(u16, u64)>) -> Value {
    pairs.into_iter().map(|(key, value)| (key.to_string(), number(value))).collect()
}

fn texts(texts: Texts) -> Value {
    texts.into_iter().map(|(key, text)| (key, Value::from(text))).collect()
}

fn bytes(bytes: &[u8]) -> Value {
    bytes.iter().map(|byte| number(*byte)).collect()
}

//! How a chunk is compressed, and which one comes next.

use super::body::ChunkHeader;
use super::record::{op, read_record};
use crate::ahead::Packed;
use crate::compression::Codec;
use crate::source::{FileSource, ReadAt};

/// `None` for a chunk that lies in the file as it is.
pub(super) fn codec_of(compression: &str) -> Result<Option<Codec>, String> {
    match compression {
        "" | "none" => Ok(None),
        "lz4" => Ok(Some(Codec::Lz4)),
        "zstd" => Ok(Some(Codec::Zstd)),
        other => Err(format!("a chunk in unknown compression {other:?}")),
    }
}

/// For [`crate::ahead`].
pub(super) fn next_chunk(source: &mut FileSource, at: u64) -> Option<(u64, Option<Packed>)> {
    let placed = read_record(source, at).ok()?;
    if placed.op == op::MESSAGE_INDEX {
        return Some((placed.end(), None));
    }
    if placed.op != op::CHUNK {
        return None;
    }
    let head_len = placed.body_len.min(ChunkHeader::MAX_LEN as u64) as usize;
    let header = ChunkHeader::parse(source.peek(placed.body_at, head_len).ok()?)?;
    let packed = codec_of(&header.compression).ok()?.map(|codec| Packed {
        codec,
        from: placed.body_at + header.header_len,
        len: header.compressed_size,
        claimed: header.uncompressed_size,
    });
    Some((placed.end(), packed))
}

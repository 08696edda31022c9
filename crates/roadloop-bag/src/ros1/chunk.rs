//! How a chunk is compressed, and which one comes next.

use super::record::{Record, read_record};
use crate::ahead::Packed;
use crate::compression::Codec;
use crate::source::FileSource;

/// `None` for a chunk that lies in the file as it is, an error for one that
/// cannot be read.
pub(super) fn codec_of(compression: &str) -> Result<Option<Codec>, ()> {
    match compression {
        "none" | "" => Ok(None),
        "bz2" => Ok(Some(Codec::Bz2)),
        "lz4" => Ok(Some(Codec::Lz4)),
        _ => Err(()),
    }
}

/// For [`crate::ahead`].
pub(super) fn next_chunk(source: &mut FileSource, at: u64) -> Option<(u64, Option<Packed>)> {
    let placed = read_record(source, at).ok()?;
    let packed = match &placed.record {
        Record::Chunk { compression, size } => codec_of(compression).ok()?.map(|codec| Packed {
            codec,
            from: placed.data_at,
            len: placed.data_len,
            claimed: u64::from(*size),
        }),
        Record::Index { .. } => None,
        _ => return None,
    };
    Some((placed.end(), packed))
}

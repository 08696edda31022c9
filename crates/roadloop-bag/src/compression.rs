//! Chunks back to what they were, within a bound. The length a chunk claims
//! is a limit, never an allocation: memory grows with what really comes out.

use std::io::{self, BufRead, Read};

use bytes::Bytes;

use crate::source::MAX_PIECE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Bz2,
    /// The LZ4 frame format, in ROS 1 bags and MCAP alike.
    Lz4,
    Zstd,
}

pub(crate) const ZSTD_MAGIC: &[u8] = b"\x28\xb5\x2f\xfd";

impl Codec {
    /// Told by the first bytes of what is compressed as a whole.
    pub(crate) fn of_file(start: &[u8]) -> Option<Codec> {
        let magics: [(&[u8], Codec); 3] =
            [(ZSTD_MAGIC, Codec::Zstd), (b"\x04\x22\x4d\x18", Codec::Lz4), (b"BZh", Codec::Bz2)];
        let (_, codec) = magics.into_iter().find(|(magic, _)| start.starts_with(magic))?;
        Some(codec)
    }

    pub(crate) fn say(self, error: &io::Error) -> String {
        let name = self.name();
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                format!("{name} data does not decompress: it ends early")
            }
            _ => format!("{name} data does not decompress: {error}"),
        }
    }

    pub(crate) fn reader<'a>(self, from: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Codec::Bz2 => Box::new(bzip2::bufread::MultiBzDecoder::new(from)),
            Codec::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(from)),
            Codec::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(from)?),
        })
    }

    fn name(self) -> &'static str {
        match self {
            Codec::Bz2 => "bz2",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}

/// What came out before the end, or before the error.
#[derive(Debug)]
pub(crate) struct Decompressed {
    pub(crate) bytes: Bytes,
    pub(crate) error: Option<String>,
}

/// Decompresses up to `claimed` bytes; more than that is an error.
pub(crate) fn decompress(codec: Codec, compressed: &[u8], claimed: u64) -> Decompressed {
    let limit = claimed.min(MAX_PIECE);
    let expected = limit.min((compressed.len() as u64).saturating_mul(4)).max(4096);
    let mut bytes = Vec::with_capacity(expected as usize);
    let read = match codec.reader(compressed) {
        Ok(decoder) => bounded(decoder, limit, &mut bytes),
        Err(error) => Err(error),
    };
    let error = match read {
        Err(error) => Some(codec.say(&error)),
        Ok(()) if bytes.len() as u64 > limit => {
            bytes.truncate(limit as usize);
            Some(format!(
                "{} data decompresses to more than the {limit} bytes it says",
                codec.name()
            ))
        }
        Ok(()) if (bytes.len() as u64) < limit => Some(format!(
            "{} data decompresses to {} bytes where it says {claimed}",
            codec.name(),
            bytes.len()
        )),
        Ok(()) => None,
    };
    Decompressed { bytes: Bytes::from(bytes), error }
}

/// Decompresses what does not say how long it is.
pub(crate) fn decompress_all(codec: Codec, compressed: &[u8]) -> Result<Bytes, String> {
    let mut bytes = Vec::new();
    let decoder = codec.reader(compressed);
    match decoder.and_then(|decoder| bounded(decoder, MAX_PIECE, &mut bytes)) {
        Err(error) => Err(codec.say(&error)),
        Ok(()) if bytes.len() as u64 > MAX_PIECE => {
            Err(format!("{} data decompresses to more than {MAX_PIECE} bytes", codec.name()))
        }
        Ok(()) => Ok(Bytes::from(bytes)),
    }
}

fn bounded(decoder: impl Read, limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    decoder.take(limit + 1).read_to_end(bytes).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use proptest::prelude::*;

    pub(crate) fn compress(codec: Codec, data: &[u8]) -> Vec<u8> {
        match codec {
            Codec::Bz2 => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), Default::default());
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Codec::Lz4 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(data).unwrap();
                encoder.finish().unwrap()
            }
            Codec::Zstd => zstd::encode_all(data, 1).unwrap(),
        }
    }

    const CODECS: [Codec; 3] = [Codec::Bz2, Codec::Lz4, Codec::Zstd];

    #[test]
    fn bombs_stop_at_what_they_claim() {
        for codec in CODECS {
            let bomb = compress(codec, &vec![0; 50_000_000]);
            let out = decompress(codec, &bomb, 1000);
            assert_eq!(out.bytes.len(), 1000);
            assert!(out.error.unwrap().contains("more than the 1000 bytes it says"));
        }
    }

    #[test]
    fn a_claim_alone_allocates_nothing() {
        for codec in CODECS {
            let small = compress(codec, b"little");
            let out = decompress(codec, &small, u64::MAX);
            assert_eq!(&out.bytes[..], b"little");
            assert!(out.error.unwrap().contains("decompresses to 6 bytes where it says"));
        }
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(any::<u8>(), 0..5000)) {
            for codec in CODECS {
                let out = decompress(codec, &compress(codec, &data), data.len() as u64);
                prop_assert_eq!(&out.bytes[..], &data[..]);
                prop_assert_eq!(out.error, None);
            }
        }

        #[test]
        fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..2000)) {
            for codec in CODECS {
                prop_assert!(decompress(codec, &data, 4000).bytes.len() <= 4000);
            }
        }
    }
}

//! What the units of a stream are, by their first bytes.

use roadloop_base::VideoCodec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnitKind {
    /// A part of a picture that needs no other.
    Key,
    /// A part of another picture.
    Slice,
    /// Parameters, of a type of [`Units::sets`].
    Set(u8),
    Other,
}

pub(super) trait Units {
    /// The types of parameter sets, in the order of an index: of the stream
    /// (H.265 only), of sequences, of pictures.
    fn sets(self) -> &'static [u8];

    /// The type of those that say how large pictures are.
    fn sequence_set(self) -> u8;

    /// Of a unit without its start code (Table 7-1 of either standard).
    fn kind(self, unit: &[u8]) -> UnitKind;
}

impl Units for VideoCodec {
    fn sets(self) -> &'static [u8] {
        match self {
            VideoCodec::H264 => &[7, 8],
            VideoCodec::H265 => &[32, 33, 34],
        }
    }

    fn sequence_set(self) -> u8 {
        match self {
            VideoCodec::H264 => 7,
            VideoCodec::H265 => 33,
        }
    }

    fn kind(self, unit: &[u8]) -> UnitKind {
        let Some(&first) = unit.first() else { return UnitKind::Other };
        let kind = match self {
            VideoCodec::H264 => first & 31,
            VideoCodec::H265 => first >> 1 & 63,
        };
        let (keys, slices) = match self {
            VideoCodec::H264 => (5..=5, 1..=5),
            VideoCodec::H265 => (16..=21, 0..=21),
        };
        match kind {
            kind if self.sets().contains(&kind) => UnitKind::Set(kind),
            kind if keys.contains(&kind) => UnitKind::Key,
            kind if slices.contains(&kind) => UnitKind::Slice,
            _ => UnitKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_both() {
        let h264 = |first: u8| VideoCodec::H264.kind(&[first]);
        assert_eq!(
            (h264(0x65), h264(0x41), h264(0x06)),
            (UnitKind::Key, UnitKind::Slice, UnitKind::Other)
        );
        assert_eq!((h264(0x67), h264(0x68)), (UnitKind::Set(7), UnitKind::Set(8)));
        let h265 = |first: u8| VideoCodec::H265.kind(&[first, 1]);
        assert_eq!(
            (h265(0x26), h265(0x02), h265(0x4e)),
            (UnitKind::Key, UnitKind::Slice, UnitKind::Other)
        );
        assert_eq!(
            (h265(0x40), h265(0x42), h265(0x44)),
            (UnitKind::Set(32), UnitKind::Set(33), UnitKind::Set(34))
        );
        assert_eq!(VideoCodec::H265.kind(&[]), UnitKind::Other);
    }
}

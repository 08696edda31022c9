//! The one thing of a JPEG's EXIF that an anonymised copy keeps: which way up
//! the picture is. Viewers turn raw frame and copy alike then; boxes are in
//! the pixels as they are stored, in both.

use crate::decode::jpeg_segments;

/// Begins the APP1 segment with EXIF in it.
const EXIF: &[u8] = b"Exif\0\0";
/// The tag's number and its type, one 16-bit number (EXIF 2.32, 4.6.5 A).
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// How a picture is to be turned or mirrored to be seen upright, 1 to 8 as
/// EXIF numbers them; 1 is as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orientation(u8);

impl Orientation {
    /// What a JPEG says, `None` where it says nothing, or nothing sensible.
    pub fn of_jpeg(bytes: &[u8]) -> Option<Orientation> {
        let segments = jpeg_segments(bytes).take_while(|(marker, _)| *marker != 0xda);
        let mut apps = segments.filter(|(marker, _)| *marker == 0xe1);
        apps.find_map(|(_, segment)| of_tiff(segment.strip_prefix(EXIF)?))
    }

    /// An EXIF block, from its byte order on, that says this and nothing else.
    pub(crate) fn exif(self) -> Vec<u8> {
        let mut exif = b"MM\0*\0\0\0\x08".to_vec();
        exif.extend(1u16.to_be_bytes());
        exif.extend(ORIENTATION.to_be_bytes());
        exif.extend(SHORT.to_be_bytes());
        exif.extend(1u32.to_be_bytes());
        exif.extend([0, self.0, 0, 0]);
        // No other directory follows.
        exif.extend(0u32.to_be_bytes());
        exif
    }
}

/// Looks for the tag in the first directory of a TIFF block.
fn of_tiff(tiff: &[u8]) -> Option<Orientation> {
    let is_big_endian = match tiff.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let bytes = *tiff.get(at..)?.first_chunk::<2>()?;
        Some(if is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let (first, second) = (u16_at(4)?, u16_at(6)?);
    let (high, low) = if is_big_endian { (first, second) } else { (second, first) };
    let directory = usize::from(high) << 16 | usize::from(low);
    let entries = directory + 2;
    for entry in (entries..).step_by(12).take(u16_at(directory)?.into()) {
        if u16_at(entry)? == ORIENTATION && u16_at(entry + 2)? == SHORT {
            let value = u8::try_from(u16_at(entry + 8)?).ok()?;
            return (1..=8).contains(&value).then_some(Orientation(value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Pixels, decode_bytes, encode_jpeg, encode_jpeg_turned};
    use proptest::prelude::*;

    fn pixels() -> Pixels {
        Pixels::new(16, 8, Channels::Rgb, vec![200; 16 * 8 * 3]).unwrap()
    }

    #[test]
    fn comes_back_as_it_was_written() {
        for value in 1..=8 {
            let turned = encode_jpeg_turned(&pixels(), 90, Orientation(value)).unwrap();
            assert_eq!(Orientation::of_jpeg(&turned), Some(Orientation(value)));
            assert_eq!(decode_bytes(&turned).unwrap().width(), 16);
        }
        assert_eq!(Orientation::of_jpeg(&encode_jpeg(&pixels(), 90).unwrap()), None);
    }

    #[track_caller]
    fn check(tiff: &[u8], expected: Option<u8>) {
        assert_eq!(of_tiff(tiff), expected.map(Orientation));
    }

    #[test]
    fn directories_of_cameras() {
        // Least significant byte first, and a width before the orientation.
        let other = b"\x00\x01\x04\x00\x01\x00\x00\x00\x80\x02\x00\x00";
        let orientation = b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00";
        let tiff = [&b"II*\0\x08\0\0\0\x02\0"[..], other, orientation, &[0; 4]].concat();
        check(&tiff, Some(6));
        check(&tiff[..30], None);
        let mut wild = tiff.clone();
        wild[30] = 9;
        check(&wild, None);
        let mut far = tiff;
        far[4..8].fill(0xff);
        check(&far, None);
        check(b"", None);
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = of_tiff(&[b"MM\0*\0\0\0\x08", &bytes[..]].concat());
            let _ = Orientation::of_jpeg(&[b"\xff\xd8\xff\xe1", &bytes[..]].concat());
        }
    }
}

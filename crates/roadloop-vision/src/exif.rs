//! Which way up a JPEG is, by its EXIF. Pictures are turned when they are
//! decoded: a face lying on its side is found by no model.

use crate::Pixels;
use crate::decode::jpeg_segments;

/// Begins the APP1 segment with EXIF in it.
const EXIF: &[u8] = b"Exif\0\0";
/// The tag's number and its type, one 16-bit number (EXIF 2.32, 4.6.5 A).
const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// How a picture is to be turned or mirrored to be seen upright, 1 to 8 as
/// EXIF numbers them; 1 is as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orientation(u8);

impl Orientation {
    /// What a JPEG says, `None` where it says nothing, or nothing sensible.
    pub(crate) fn of_jpeg(bytes: &[u8]) -> Option<Orientation> {
        let segments = jpeg_segments(bytes).take_while(|(marker, _)| *marker != 0xda);
        let mut apps = segments.filter(|(marker, _)| *marker == 0xe1);
        apps.find_map(|(_, segment)| of_tiff(segment.strip_prefix(EXIF)?))
    }

    /// Whether it is seen as it is stored.
    pub(crate) fn is_upright(self) -> bool {
        self.0 == 1
    }

    /// Whether width and height change places.
    pub(crate) fn swaps_sides(self) -> bool {
        self.0 > 4
    }

    /// The picture as a viewer shows it. Of 5 to 8 the sides change places.
    pub(crate) fn upright(self, stored: Pixels) -> Pixels {
        if self.is_upright() {
            return stored;
        }
        let (last_x, last_y) = (stored.width() as usize - 1, stored.height() as usize - 1);
        let (width, height) = match self.0 {
            ..5 => (stored.width(), stored.height()),
            _ => (stored.height(), stored.width()),
        };
        // Where the pixel to be seen at (x, y) is stored.
        let place = |x: usize, y: usize| match self.0 {
            2 => (last_x - x, y),
            3 => (last_x - x, last_y - y),
            4 => (x, last_y - y),
            5 => (y, x),
            6 => (y, last_y - x),
            7 => (last_x - y, last_y - x),
            8 => (last_x - y, x),
            _ => (x, y),
        };
        let (samples, columns) = (stored.channels().count(), stored.width() as usize);
        let mut data = Vec::with_capacity(stored.data().len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (stored_x, stored_y) = place(x, y);
                let start = (stored_y * columns + stored_x) * samples;
                data.extend_from_slice(&stored.data()[start..start + samples]);
            }
        }
        Pixels::new(width, height, stored.channels(), data).expect("as many pixels as before")
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
    use crate::{Channels, decode_bytes, encode_jpeg};
    use proptest::prelude::*;

    /// The letter F, as its bottom and its right side differ from all others.
    const F: [&str; 3] = ["##", "# ", "# "];

    /// How an F is stored that is seen upright with each orientation: table 5
    /// of TIFF 6.0's Orientation, as EXIF 2.32 takes it over.
    #[test]
    fn an_f_stands_upright() {
        let as_stored: [&[&str]; 8] = [
            &F,
            &["##", " #", " #"],
            &[" #", " #", "##"],
            &["# ", "# ", "##"],
            &["###", "#  "],
            &["#  ", "###"],
            &["  #", "###"],
            &["###", "  #"],
        ];
        for (value, stored) in (1..=8).zip(as_stored) {
            let upright = Orientation(value).upright(pixels(stored));
            assert_eq!(rows(&upright), F, "orientation {value}");
        }
    }

    fn pixels(rows: &[&str]) -> Pixels {
        let data = rows.concat().into_bytes();
        Pixels::new(rows[0].len() as u32, rows.len() as u32, Channels::Gray, data).unwrap()
    }

    fn rows(pixels: &Pixels) -> Vec<String> {
        let rows = pixels.data().chunks_exact(pixels.width() as usize);
        rows.map(|row| String::from_utf8_lossy(row).into_owned()).collect()
    }

    #[test]
    fn a_jpeg_is_decoded_upright() {
        let lying = Pixels::new(16, 8, Channels::Rgb, vec![200; 16 * 8 * 3]).unwrap();
        let mut jpeg = encode_jpeg(&lying, 90).unwrap();
        let exif = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        jpeg.splice(2..2, exif.iter().copied());
        let upright = decode_bytes(&jpeg).unwrap();
        assert_eq!((upright.width(), upright.height()), (8, 16));
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

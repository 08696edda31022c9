//! A picture as 64 bits that near-duplicates share.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use roadloop_base::PictureHash;

use crate::{Channels, Pixels};

/// Patches of the grid: each but the first of a row gives a bit.
const COLUMNS: u32 = 9;
const ROWS: u32 = 8;

/// The mean of each patch of a 9 by 8 grid, then of each two neighbours whether
/// the right one is brighter; row by row, the first bit the highest. Light and
/// compression move both means alike, so the bits stay.
///
/// A hash over frequencies tells pictures apart no better (the same streets, the
/// same pans and zooms) and would bring ten packages.
pub fn picture_hash(pixels: &Pixels) -> PictureHash {
    let pixel_type = match pixels.channels() {
        Channels::Gray => PixelType::U8,
        Channels::Rgb => PixelType::U8x3,
        Channels::Rgba => PixelType::U8x4,
    };
    let source = ImageRef::new(pixels.width(), pixels.height(), pixels.data(), pixel_type)
        .expect("as long as its size says");
    let mut patches = Image::new(COLUMNS, ROWS, pixel_type);
    // Of opacity nothing is known here: a detector sees such a pixel's colour too.
    let means =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Box)).use_alpha(false);
    Resizer::new().resize(&source, &mut patches, &means).expect("both pictures are of one type");
    let luma: Vec<u32> =
        patches.buffer().chunks_exact(pixels.channels().count()).map(luma).collect();
    let mut bits = 0;
    for row in luma.chunks_exact(COLUMNS as usize) {
        for pair in row.windows(2) {
            bits = bits << 1 | u64::from(pair[1] > pair[0]);
        }
    }
    PictureHash(bits)
}

/// ITU-R BT.601, in thousandths.
fn luma(patch: &[u8]) -> u32 {
    match *patch {
        [red, green, blue, ..] => {
            299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue)
        }
        [gray] => 1000 * u32::from(gray),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decode_bytes, encode_jpeg};

    fn street() -> Pixels {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pictures/street.jpg");
        decode_bytes(&std::fs::read(path).unwrap()).unwrap()
    }

    fn changed(pixels: &Pixels, change: impl Fn(usize, u8) -> u8) -> Pixels {
        let data = pixels.data().iter().enumerate().map(|(i, sample)| change(i, *sample));
        Pixels::new(pixels.width(), pixels.height(), pixels.channels(), data.collect()).unwrap()
    }

    #[track_caller]
    fn check_near(pixels: &Pixels, most: u32) {
        let distance = picture_hash(&street()).distance(picture_hash(pixels));
        assert!(distance <= most, "{distance}");
    }

    #[test]
    fn slopes_are_all_or_no_bits() {
        let slope = |channels: Channels, of: fn(usize) -> usize| {
            let row = (0..90).flat_map(|x| vec![of(x) as u8; channels.count()]);
            let data: Vec<u8> =
                std::iter::repeat_n(row.collect::<Vec<u8>>(), 16).flatten().collect();
            picture_hash(&Pixels::new(90, 16, channels, data).unwrap())
        };
        for channels in [Channels::Gray, Channels::Rgb, Channels::Rgba] {
            assert_eq!(slope(channels, |x| 2 * x), PictureHash(u64::MAX));
            assert_eq!(slope(channels, |x| 180 - 2 * x), PictureHash(0));
            assert_eq!(slope(channels, |_| 7), PictureHash(0));
        }
    }

    #[test]
    fn light_noise_and_compression_change_little() {
        let street = street();
        check_near(&changed(&street, |_, sample| (u32::from(sample) * 6 / 10) as u8), 2);
        check_near(
            &changed(&street, |i, s| s.saturating_add(((i * 2_654_435_761) >> 7) as u8 % 16)),
            2,
        );
        check_near(&decode_bytes(&encode_jpeg(&street, 40).unwrap()).unwrap(), 2);
        check_near(&street.part(1..street.width(), 0..street.height()), 2);
    }

    #[test]
    fn other_pictures_are_far() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pictures/face.png");
        let face = decode_bytes(&std::fs::read(path).unwrap()).unwrap();
        let distance = picture_hash(&street()).distance(picture_hash(&face));
        assert!(distance >= PictureHash::SAME_SCENE, "{distance}");
    }

    // Hashes are kept in catalogs: the same picture has the same one for ever.
    #[test]
    fn a_picture_keeps_its_hash() {
        assert_eq!(picture_hash(&street()), PictureHash(EXPECTED));
    }

    const EXPECTED: u64 = 0xf4eb_b5be_b230_238c;

    #[test]
    fn pictures_smaller_than_the_grid_have_one_too() {
        for (width, height) in [(1, 1), (2, 3), (9, 8), (4000, 1)] {
            let count = (width * height) as usize;
            picture_hash(&Pixels::new(width, height, Channels::Gray, vec![9; count]).unwrap());
        }
    }
}

//! Depth images of `compressed_depth_image_transport`: 16-bit PNG or RVL, of
//! millimetres or of inverse depth.
//!
//! RVL is A. D. Wilson's "Fast Lossless Depth Image Compression" (2017): runs of
//! zeros by turns with runs of differences, in groups of three bits behind a
//! bit that says whether more follow.

use roadloop_base::{CompressedDepth, DepthCodec, InverseDepth};

use super::deep::to_millimetres;
use super::{earned_pixels, png};
use crate::picture::DeepPixels;
use crate::{Channels, VisionError};

pub(super) fn decode(depth: &CompressedDepth) -> Result<DeepPixels, VisionError> {
    let mut pixels = match depth.codec {
        DepthCodec::Png => png::decode_deep(&depth.data)?,
        DepthCodec::Rvl => rvl(&depth.data)?,
    };
    if let Some(InverseDepth { a, b }) = depth.inverse {
        for value in &mut pixels.data {
            *value = match *value {
                0 => 0,
                value => to_millimetres(a / (f32::from(value) - b)),
            };
        }
    }
    Ok(pixels)
}

fn rvl(data: &[u8]) -> Result<DeepPixels, VisionError> {
    let bad = |reason: &str| VisionError::BadRvl { found: data.len(), reason: reason.to_owned() };
    let Some(([width, height], stream)) = data.split_first_chunk::<8>().map(|(size, stream)| {
        let &[a, b, c, d, e, f, g, h] = size;
        ([u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])], stream)
    }) else {
        return Err(bad("its size is not all there"));
    };
    let pixels = earned_pixels("RVL image", (width.into(), height.into()), data.len())?;
    let mut groups = Groups { words: stream, word: 0, left: 0 };
    let mut next = || groups.number().ok_or_else(|| bad("it ends early"));
    let mut values: Vec<u16> = Vec::new();
    let mut previous = 0u16;
    while values.len() < pixels {
        let left = pixels - values.len();
        let zeros = next()? as usize;
        if zeros > left {
            return Err(bad("more values than pixels"));
        }
        values.resize(values.len() + zeros, 0);
        let count = next()? as usize;
        if count > left - zeros || (count == 0 && zeros == 0) {
            return Err(bad("more values than pixels, or none"));
        }
        for _ in 0..count {
            let folded = next()?;
            let difference = (folded >> 1) as i32 ^ -((folded & 1) as i32);
            previous = (i32::from(previous).wrapping_add(difference)) as u16;
            values.push(previous);
        }
    }
    Ok(DeepPixels { width, height, channels: Channels::Gray, data: values })
}

/// Numbers in groups of four bits, the first group in the upper bits of a word.
struct Groups<'a> {
    words: &'a [u8],
    word: u32,
    /// Groups of the word.
    left: u32,
}

impl Groups<'_> {
    fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in (0..33).step_by(3) {
            if self.left == 0 {
                let (word, words) = self.words.split_first_chunk::<4>()?;
                (self.word, self.words, self.left) = (u32::from_le_bytes(*word), words, 8);
            }
            let group = self.word >> 28;
            self.word <<= 4;
            self.left -= 1;
            number |= (group & 7).checked_shl(shift).unwrap_or(0);
            if group & 8 == 0 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    /// The encoder of the paper.
    fn packed(width: u32, height: u32, values: &[u16]) -> Vec<u8> {
        let mut groups = Vec::new();
        let mut push = |mut number: u32| loop {
            let group = number & 7;
            number >>= 3;
            groups.push(if number > 0 { group | 8 } else { group });
            if number == 0 {
                break;
            }
        };
        let (mut at, mut previous) = (0, 0i32);
        while at < values.len() {
            let zeros = values[at..].iter().take_while(|value| **value == 0).count();
            at += zeros;
            let count = values[at..].iter().take_while(|value| **value != 0).count();
            push(zeros as u32);
            push(count as u32);
            for &value in &values[at..at + count] {
                let difference = i32::from(value) - previous;
                push((difference << 1 ^ difference >> 31) as u32);
                previous = value.into();
            }
            at += count;
        }
        groups.resize(groups.len().next_multiple_of(8), 0);
        let words = groups.chunks(8).flat_map(|eight| {
            eight.iter().fold(0u32, |word, group| word << 4 | group).to_le_bytes()
        });
        [width.to_le_bytes(), height.to_le_bytes()].concat().into_iter().chain(words).collect()
    }

    fn depth(data: Vec<u8>, inverse: Option<InverseDepth>) -> CompressedDepth {
        CompressedDepth { codec: DepthCodec::Rvl, inverse, data: Bytes::from(data) }
    }

    #[test]
    fn inverse_depth_becomes_millimetres() {
        let inverse = Some(InverseDepth { a: 2000.0, b: -10.0 });
        // 2000 / (490 + 10) = 4 m, and one too near to be seen.
        let got = decode(&depth(packed(3, 1, &[0, 490, 10]), inverse)).unwrap();
        assert_eq!(got.data, [0, 4000, 0]);
        let picture =
            DeepPixels { width: 3, height: 1, channels: Channels::Gray, data: vec![0, 490, 10] };
        let png = crate::Picture::Deep(picture).encode_png().unwrap();
        let as_png = CompressedDepth { codec: DepthCodec::Png, inverse, data: png.into() };
        assert_eq!(decode(&as_png).unwrap().data, [0, 4000, 0]);
        assert_eq!(to_millimetres(1.2345), 1235);
        assert_eq!([f32::NAN, f32::INFINITY, -1.0, 65.6].map(to_millimetres), [0; 4]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let whole = packed(4, 2, &[0, 1, 2, 3, 0, 0, 700, 65535]);
        assert!(decode(&depth(whole.clone(), None)).is_ok());
        let check = |data: Vec<u8>, expected: &str| {
            let error = decode(&depth(data, None)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(whole[..whole.len() - 4].to_vec(), "it ends early");
        check(whole[..7].to_vec(), "its size is not all there");
        check(packed(1, 1, &[1, 2, 3]), "more values than pixels");
        check(packed(u32::MAX, u32::MAX, &[1]), "at most 100 megapixels");
        check(packed(4, 2, &[]), "it ends early");
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_out(
            width in 1usize..9,
            rows in proptest::collection::vec(prop_oneof![Just(0u16), any::<u16>()], 1..80),
        ) {
            let height = rows.len().div_ceil(width);
            let mut values = rows;
            values.resize(width * height, 0);
            let packed = packed(width as u32, height as u32, &values);
            prop_assert_eq!(decode(&depth(packed, None)).unwrap().data, values);
        }

        #[test]
        fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut sized = [9u32.to_le_bytes(), 9u32.to_le_bytes()].concat();
            sized.extend(&data);
            let _ = decode(&depth(sized, None));
            let _ = decode(&depth(data.clone(), None));
            let png = CompressedDepth { codec: DepthCodec::Png, ..depth(data, None) };
            let _ = decode(&png);
        }
    }
}

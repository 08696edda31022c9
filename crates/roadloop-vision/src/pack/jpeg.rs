//! A baseline JPEG in a third of the time other writers take: fixed codes, chroma of half
//! the size, blocks transformed eight columns at a time, and codes put with the bits behind
//! them at once.
//!
//! Headers and tables are those `jpeg-encoder` writes for a tiny picture of the same quality
//! (the standard's tables, scaled as libjpeg scales them); only what follows them is made
//! here.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pulp::{Arch, Simd, WithSimd};

use super::blocks::{Divisors, coefficients};
use super::planes::{Plane, Space, planes};
use crate::decode::jpeg_segments;
use crate::{Pixels, VisionError};

pub(super) fn encode(pixels: &Pixels, space: Space, quality: u8) -> Result<Vec<u8>, VisionError> {
    let planes = planes(pixels, space);
    let mut writer = Writer::new(pixels.width(), pixels.height(), planes.len(), quality)?;
    writer.put(&planes);
    Ok(writer.finish())
}

/// A file that gets its blocks row by row.
pub(super) struct Writer {
    luma: Coder,
    chroma: Coder,
    bits: Bits,
    /// The means of the last blocks.
    before: [i16; 3],
}

impl Writer {
    /// Of one plane or of three.
    pub(super) fn new(
        width: u32,
        height: u32,
        planes: usize,
        quality: u8,
    ) -> Result<Writer, VisionError> {
        let (Ok(short_width), Ok(short_height)) = (u16::try_from(width), u16::try_from(height))
        else {
            let limit = u16::MAX.into();
            return Err(VisionError::TooLargeFor { format: "JPEG", limit, width, height });
        };
        let failed = |reason: String| VisionError::Encode { format: "JPEG", reason };
        let model = model(planes, quality).map_err(|err| failed(err.to_string()))?;
        let head = Head::read(&model).ok_or_else(|| failed("its tables are missing".to_owned()))?;
        let pixels = width as usize * height as usize;
        let mut file = Vec::with_capacity(pixels / 2 + head.bytes.len());
        file.extend_from_slice(head.bytes);
        file[head.size_at..head.size_at + 4]
            .copy_from_slice(&[short_height.to_be_bytes(), short_width.to_be_bytes()].concat());
        let bits = Bits { file, last: Last { pending: 0, free: 64 } };
        Ok(Writer { luma: head.luma, chroma: head.chroma, bits, before: [0; 3] })
    }

    /// Writes the blocks of all rows there are: whole blocks of a plane alone, whole pairs of
    /// them of luma, and of chroma half as many.
    pub(super) fn put(&mut self, planes: &[Plane]) {
        Arch::new().dispatch(Write(self, planes));
    }

    #[inline(always)]
    fn write(&mut self, planes: &[Plane]) {
        let Writer { luma: of_luma, chroma, bits, before } = self;
        match planes {
            [luma, blue, red] => {
                for y in (0..luma.data.len() / luma.stride).step_by(16) {
                    for x in (0..luma.stride).step_by(16) {
                        for (right, down) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
                            of_luma.put(bits, luma, x + right, y + down, &mut before[0]);
                        }
                        for (plane, before) in [blue, red].into_iter().zip(&mut before[1..]) {
                            chroma.put(bits, plane, x / 2, y / 2, before);
                        }
                    }
                }
            }
            planes => {
                for plane in planes {
                    for y in (0..plane.data.len() / plane.stride).step_by(8) {
                        for x in (0..plane.stride).step_by(8) {
                            of_luma.put(bits, plane, x, y, &mut before[0]);
                        }
                    }
                }
            }
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let mut file = self.bits.finish();
        file.extend_from_slice(&[0xff, 0xd9]);
        file
    }
}

/// Writes blocks in the widest vectors there are.
struct Write<'a>(&'a mut Writer, &'a [Plane]);

impl WithSimd for Write<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.write(self.1);
    }
}

/// A picture of 16x16 with the headers we want.
fn model(planes: usize, quality: u8) -> Result<Vec<u8>, jpeg_encoder::EncodingError> {
    let color = if planes == 1 { ColorType::Luma } else { ColorType::Ycbcr };
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&[128; 16 * 16 * 3][..16 * 16 * planes], 16, 16, color)?;
    Ok(file)
}

/// The headers of a file, and what its tables say.
struct Head<'a> {
    /// From the start on, up to where the scan begins.
    bytes: &'a [u8],
    /// Where height and width stand.
    size_at: usize,
    luma: Coder,
    chroma: Coder,
}

impl Head<'_> {
    fn read(model: &[u8]) -> Option<Head<'_>> {
        let offset = |part: &[u8]| part.as_ptr().addr() - model.as_ptr().addr();
        let mut steps = [[1; 64]; 2];
        // By class and number: luma and chroma of the first number, then of all others.
        let mut codes = [[[Code::default(); 256]; 2]; 2];
        let mut size_at = None;
        for (marker, content) in jpeg_segments(model) {
            match marker {
                0xc0 => size_at = Some(offset(content) + 1),
                0xdb => {
                    let (number, rest) = content.split_first()?;
                    *steps.get_mut(usize::from(*number))? = *rest.first_chunk::<64>()?;
                }
                0xc4 => {
                    let (kind, rest) = content.split_first()?;
                    let of_class = codes.get_mut(usize::from(kind >> 4))?;
                    *of_class.get_mut(usize::from(kind & 15))? = read_codes(rest)?;
                }
                0xda => {
                    let bytes = model.get(..offset(content) + content.len())?;
                    let coder = |number: usize| Coder {
                        divisors: Divisors::new(&steps[number]),
                        first: codes[0][number],
                        others: codes[1][number],
                    };
                    let (luma, chroma) = (coder(0), coder(1));
                    return Some(Head { bytes, size_at: size_at?, luma, chroma });
                }
                _ => {}
            }
        }
        None
    }
}

/// A Huffman code, its bits lowest.
#[derive(Clone, Copy, Default)]
struct Code {
    bits: u16,
    length: u8,
}

/// Codes by what they stand for (ITU T.81, annex C).
fn read_codes(table: &[u8]) -> Option<[Code; 256]> {
    let (counts, values) = table.split_first_chunk::<16>()?;
    let mut codes = [Code::default(); 256];
    let (mut bits, mut values) = (0_u16, values.iter());
    for (length, count) in (1..).zip(counts) {
        for _ in 0..*count {
            codes[usize::from(*values.next()?)] = Code { bits, length };
            bits = bits.wrapping_add(1);
        }
        bits <<= 1;
    }
    Some(codes)
}

/// How blocks of one kind are written.
struct Coder {
    divisors: Divisors,
    /// Of the number that is the block's mean.
    first: [Code; 256],
    others: [Code; 256],
}

impl Coder {
    /// The block of a plane at a place; `before` is the mean of the one before it.
    #[inline(always)]
    fn put(&self, bits: &mut Bits, plane: &Plane, x: usize, y: usize, before: &mut i16) {
        let samples = &plane.data[y * plane.stride + x..];
        let (numbers, present) = coefficients(samples, plane.stride, &self.divisors);
        let difference = i32::from(numbers[0]) - i32::from(*before);
        *before = numbers[0];
        // A copy, which stays in registers.
        let Bits { file, last: kept } = bits;
        let mut last_bits = *kept;
        last_bits.put_number(file, &self.first, 0, difference);
        let mut rest = present & !1;
        let mut last = 0;
        while rest != 0 {
            let place = rest.trailing_zeros();
            rest &= rest - 1;
            let mut zeros = place - last - 1;
            last = place;
            while zeros > 15 {
                last_bits.put_code(file, self.others[0xf0]);
                zeros -= 16;
            }
            // 63 numbers at most: the mask says so.
            let number = numbers[place as usize & 63];
            last_bits.put_number(file, &self.others, zeros << 4, i32::from(number));
        }
        if last != 63 {
            last_bits.put_code(file, self.others[0]);
        }
        *kept = last_bits;
    }
}

/// Bits, highest first, with a zero behind each byte that could be a marker.
struct Bits {
    file: Vec<u8>,
    last: Last,
}

/// Those that are still to be written.
#[derive(Clone, Copy)]
struct Last {
    /// At its top.
    pending: u64,
    free: u32,
}

impl Last {
    #[inline(always)]
    fn put_code(&mut self, file: &mut Vec<u8>, code: Code) {
        self.put(file, code.bits.into(), code.length.into());
    }

    /// The code of zeros and the number's size, and the number (ITU T.81, F.1.2).
    #[inline(always)]
    fn put_number(&mut self, file: &mut Vec<u8>, codes: &[Code; 256], zeros: u32, number: i32) {
        let size = 32 - number.unsigned_abs().leading_zeros();
        let code = codes[(zeros | size) as usize & 255];
        // A negative one is written as itself less one.
        let written = (number + (number >> 31)) as u64 & ((1 << size) - 1);
        self.put(file, u64::from(code.bits) << size | written, u32::from(code.length) + size);
    }

    /// At most 32 bits: a code has 16, a number 12.
    #[inline(always)]
    fn put(&mut self, file: &mut Vec<u8>, bits: u64, count: u32) {
        self.free -= count;
        self.pending |= bits << self.free;
        if self.free <= 32 {
            let word = (self.pending >> 32) as u32;
            // Whether any byte is 0xff: only such a one has its top bit here and none when
            // one is added to each.
            if word & 0x8080_8080 & !word.wrapping_add(0x0101_0101) == 0 {
                file.extend_from_slice(&word.to_be_bytes());
            } else {
                word.to_be_bytes().into_iter().for_each(|byte| put_byte(file, byte));
            }
            self.pending <<= 32;
            self.free += 32;
        }
    }
}

fn put_byte(file: &mut Vec<u8>, byte: u8) {
    file.push(byte);
    if byte == 0xff {
        file.push(0);
    }
}

impl Bits {
    /// Filled up with ones to a whole byte.
    fn finish(self) -> Vec<u8> {
        let Bits { mut file, last: Last { mut pending, mut free } } = self;
        while free < 64 {
            let used = 64 - free;
            let fill = if used < 8 { 0xff >> used } else { 0 };
            put_byte(&mut file, (pending >> 56) as u8 | fill);
            pending <<= 8;
            free = (free + 8).min(64);
        }
        file
    }
}

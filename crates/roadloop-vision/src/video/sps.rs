//! What a sequence parameter set says of the pictures' size.
//! ITU-T H.264, 7.3.2.1.1; ITU-T H.265, 7.3.2.2.1 and 7.3.3.

use roadloop_base::VideoCodec;

/// Size and sample format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sps {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub(super) chroma: u8,
    pub(super) luma_bits: u8,
    pub(super) chroma_bits: u8,
}

/// Profiles whose sets say their chroma.
const HIGH: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// Sides of blocks: 8192 pixels, more than any level allows.
const MAX_BLOCKS: u32 = 512;

impl Sps {
    pub(super) fn of(codec: VideoCodec, unit: &[u8]) -> Option<Sps> {
        match codec {
            VideoCodec::H264 => Sps::parse(unit),
            VideoCodec::H265 => Sps::parse_h265(unit),
        }
    }

    /// Of a unit with its first byte. `None` where it is damaged.
    pub(super) fn parse(unit: &[u8]) -> Option<Sps> {
        let mut bits = Bits { bytes: without_emulation(unit.get(1..)?), at: 0 };
        let profile = bits.take(8)?;
        bits.take(16)?;
        bits.number()?;
        let (mut chroma, mut luma_bits, mut chroma_bits) = (1, 8, 8);
        if HIGH.contains(&profile) {
            chroma = bits.number().filter(|chroma| *chroma <= 3)?;
            if chroma == 3 {
                bits.take(1)?;
            }
            luma_bits = 8 + bits.number().filter(|more| *more <= 6)?;
            chroma_bits = 8 + bits.number().filter(|more| *more <= 6)?;
            bits.take(1)?;
            if bits.take(1)? == 1 {
                for list in 0..if chroma == 3 { 12 } else { 8 } {
                    if bits.take(1)? == 1 {
                        bits.skip_scaling_list(if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.number()?;
        match bits.number()? {
            0 => drop(bits.number()?),
            1 => {
                bits.take(1)?;
                bits.number()?;
                bits.number()?;
                for _ in 0..bits.number().filter(|frames| *frames <= 255)? {
                    bits.number()?;
                }
            }
            _ => {}
        }
        bits.number()?;
        bits.take(1)?;
        let blocks = |number: u32| (number < MAX_BLOCKS).then(|| 16 * (number + 1));
        let (width, height) = (blocks(bits.number()?)?, blocks(bits.number()?)?);
        let fields = 2 - bits.take(1)?;
        if fields == 2 {
            bits.take(1)?;
        }
        bits.take(1)?;
        let mut cut = [0; 4];
        if bits.take(1)? == 1 {
            for side in &mut cut {
                *side = bits.number().filter(|cut| *cut < 16 * MAX_BLOCKS)?;
            }
        }
        let [left, right, top, bottom] = cut;
        let across = if matches!(chroma, 1 | 2) { 2 } else { 1 };
        let down = fields * if chroma == 1 { 2 } else { 1 };
        Some(Sps {
            width: width.checked_sub(across * (left + right)).filter(|width| *width > 0)?,
            height: (height * fields).checked_sub(down * (top + bottom)).filter(|h| *h > 0)?,
            chroma: chroma as u8,
            luma_bits: luma_bits as u8,
            chroma_bits: chroma_bits as u8,
        })
    }
}

impl Sps {
    /// Of a unit of H.265 with its first two bytes.
    pub(super) fn parse_h265(unit: &[u8]) -> Option<Sps> {
        const MAX_SIDE: u32 = 16384;
        let mut bits = Bits { bytes: without_emulation(unit.get(2..)?), at: 0 };
        bits.take(4)?;
        let sub_layers = bits.take(3)?;
        bits.take(1)?;
        // Profile and level, of all layers and of each that says its own.
        bits.skip(96);
        let mut of_layers = Vec::new();
        for _ in 0..sub_layers {
            of_layers.push(88 * bits.take(1)? + 8 * bits.take(1)?);
        }
        if sub_layers > 0 {
            bits.skip(2 * (8 - sub_layers));
        }
        of_layers.into_iter().for_each(|len| bits.skip(len));
        bits.number()?;
        let chroma = bits.number().filter(|chroma| *chroma <= 3)?;
        if chroma == 3 {
            bits.take(1)?;
        }
        let side = |side: u32| (1..=MAX_SIDE).contains(&side).then_some(side);
        let (width, height) = (side(bits.number()?)?, side(bits.number()?)?);
        let mut cut = [0; 4];
        if bits.take(1)? == 1 {
            for side in &mut cut {
                *side = bits.number().filter(|cut| *cut < MAX_SIDE)?;
            }
        }
        let [left, right, top, bottom] = cut;
        let across = if matches!(chroma, 1 | 2) { 2 } else { 1 };
        let down = if chroma == 1 { 2 } else { 1 };
        let mut depth = || Some(8 + bits.number().filter(|more| *more <= 7)? as u8);
        Some(Sps {
            width: width.checked_sub(across * (left + right)).filter(|width| *width > 0)?,
            height: height.checked_sub(down * (top + bottom)).filter(|h| *h > 0)?,
            chroma: chroma as u8,
            luma_bits: depth()?,
            chroma_bits: depth()?,
        })
    }
}

/// A 3 behind two zeros only keeps them from looking like a start code.
pub(super) fn without_emulation(unit: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        bytes.push(byte);
    }
    bytes
}

struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    /// Past the end is found when the next is taken.
    fn skip(&mut self, count: u32) {
        self.at += count as usize;
    }

    /// Exp-Golomb, without a sign (9.1).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > 30 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }

    fn skip_scaling_list(&mut self, len: u32) -> Option<()> {
        let (mut last, mut next) = (8i64, 8i64);
        for _ in 0..len {
            if next != 0 {
                let folded = i64::from(self.number()?);
                let delta = if folded % 2 == 1 { (folded + 1) / 2 } else { -folded / 2 };
                next = (last + delta).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(unit: &[u8], expected: [u32; 2]) {
        let sps = Sps::parse(unit).unwrap();
        assert_eq!([sps.width, sps.height], expected);
    }

    /// Sets that x264 wrote (`ffmpeg -f lavfi -i testsrc=s=…`).
    #[test]
    fn sizes() {
        #[rustfmt::skip]
        check(
            &[
                0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x5a, 0x80,
                0x80, 0x80, 0xa0, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x07, 0x81, 0xe3, 0x06,
                0x32, 0xc0,
            ],
            [1920, 1080],
        );
    }

    /// The width of a baseline set as the largest number there is, in 61 bits.
    #[test]
    fn a_width_beyond_all_bounds_is_refused() {
        let start = [0x67, 66, 0, 30, 0b1111_1100];
        let unit = [&start[..], &[0, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff]].concat();
        assert_eq!(Sps::parse(&unit), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = (Sps::parse(&bytes), Sps::parse_h265(&bytes));
            let mut unit = vec![0x67, 100, 0, 40];
            unit.extend(bytes);
            let _ = Sps::parse(&unit);
        }
    }
}

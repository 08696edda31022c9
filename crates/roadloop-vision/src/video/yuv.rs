//! RGB to luma and halved chroma, by ITU-R BT.709 with luma from 16 to 235 and
//! chroma from 16 to 240, in 16-bit fixed point.

use openh264::formats::YUVSource;

use crate::{Channels, Pixels};

/// Three planes; the last row and column of odd sizes are there twice.
pub(super) struct Yuv {
    pictured: (u32, u32),
    width: usize,
    height: usize,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
    /// A picture's row as RGB, and two of them summed by pairs of pixels.
    row: Vec<[u8; 3]>,
    sums: Vec<[u16; 3]>,
}

/// BT.709's 0.2126, 0.7152 and 0.0722 times 219/255, and the chroma they give
/// times 224/255, times 2^16.
const LUMA: [i32; 3] = [11_966, 40_254, 4_064];
const BLUE: [i32; 3] = [-6_596, -22_189, 28_784];
const RED: [i32; 3] = [28_784, -26_145, -2_640];
const HALF: i32 = 1 << 15;

impl Yuv {
    pub(super) fn new(width: u32, height: u32) -> Yuv {
        let even = |side: u32| side.next_multiple_of(2) as usize;
        let pictured = (width, height);
        let (width, height) = (even(width), even(height));
        Yuv {
            pictured,
            width,
            height,
            luma: vec![0; width * height],
            blue: vec![0; width * height / 4],
            red: vec![0; width * height / 4],
            row: vec![[0; 3]; width],
            sums: vec![[0; 3]; width / 2],
        }
    }

    pub(super) fn pictured(&self) -> (u32, u32) {
        self.pictured
    }

    pub(super) fn width(&self) -> u32 {
        self.width as u32
    }

    pub(super) fn height(&self) -> u32 {
        self.height as u32
    }

    /// The picture is of the size that was said.
    pub(super) fn fill(&mut self, pixels: &Pixels) {
        let channels = pixels.channels();
        let row_bytes = pixels.width() as usize * channels.count();
        let last = pixels.height() as usize - 1;
        for y in 0..self.height {
            let row = &pixels.data()[y.min(last) * row_bytes..][..row_bytes];
            self.take_row(row, channels);
            let luma = &mut self.luma[y * self.width..][..self.width];
            for (luma, &rgb) in luma.iter_mut().zip(&self.row) {
                *luma = (((weigh(rgb.map(i32::from), LUMA) + HALF) >> 16) + 16) as u8;
            }
            for (sum, pair) in self.sums.iter_mut().zip(self.row.as_chunks::<2>().0) {
                let before = if y % 2 == 0 { [0; 3] } else { *sum };
                for (channel, sum) in sum.iter_mut().enumerate() {
                    let [first, second] = [pair[0][channel], pair[1][channel]].map(u16::from);
                    *sum = before[channel] + first + second;
                }
            }
            if y % 2 == 1 {
                let at = y / 2 * (self.width / 2);
                let chroma = self.blue[at..].iter_mut().zip(&mut self.red[at..]);
                for ((blue, red), &sum) in chroma.zip(&self.sums) {
                    // Sums of four pixels: two more bits.
                    let of =
                        |weights| ((weigh(sum.map(i32::from), weights) + 4 * HALF) >> 18) + 128;
                    (*blue, *red) = (of(BLUE) as u8, of(RED) as u8);
                }
            }
        }
    }

    fn take_row(&mut self, row: &[u8], channels: Channels) {
        match channels {
            Channels::Gray => {
                self.row.iter_mut().zip(row).for_each(|(rgb, &gray)| *rgb = [gray; 3]);
            }
            Channels::Rgb => {
                self.row.iter_mut().zip(row.as_chunks::<3>().0).for_each(|(rgb, row)| *rgb = *row);
            }
            Channels::Rgba => {
                let pixels = self.row.iter_mut().zip(row.as_chunks::<4>().0);
                pixels.for_each(|(rgb, &[red, green, blue, _])| *rgb = [red, green, blue]);
            }
        }
        if self.pictured.0 % 2 == 1 {
            self.row[self.width - 1] = self.row[self.width - 2];
        }
    }
}

fn weigh([red, green, blue]: [i32; 3], weights: [i32; 3]) -> i32 {
    red * weights[0] + green * weights[1] + blue * weights[2]
}

impl YUVSource for Yuv {
    fn dimensions(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn strides(&self) -> (usize, usize, usize) {
        (self.width, self.width / 2, self.width / 2)
    }

    fn y(&self) -> &[u8] {
        &self.luma
    }

    fn u(&self) -> &[u8] {
        &self.blue
    }

    fn v(&self) -> &[u8] {
        &self.red
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rgb: [u8; 3], expected: [u8; 3]) {
        let pixels = Pixels::new(3, 1, Channels::Rgb, rgb.repeat(3)).unwrap();
        let mut yuv = Yuv::new(3, 1);
        yuv.fill(&pixels);
        assert_eq!((yuv.width, yuv.height), (4, 2));
        assert!(yuv.luma.iter().all(|luma| *luma == expected[0]), "{:?}", yuv.luma);
        assert_eq!((yuv.blue[1], yuv.red[1]), (expected[1], expected[2]));
    }

    /// As BT.709 has them, rounded.
    #[test]
    fn colours() {
        check([0, 0, 0], [16, 128, 128]);
        check([255, 255, 255], [235, 128, 128]);
        check([255, 0, 0], [63, 102, 240]);
        check([0, 255, 0], [173, 42, 26]);
        check([0, 0, 255], [32, 240, 118]);
    }
}

//! Luma and chroma apart, in whole blocks, chroma at half the size: what a JPEG codes.

use crate::{Channels, Pixels};

/// Samples of one kind, rows of whole blocks; what is behind the picture repeats its edge.
pub(super) struct Plane {
    pub(super) stride: usize,
    pub(super) data: Vec<u8>,
}

impl Plane {
    fn new(width: usize, height: usize) -> Plane {
        Plane { stride: width, data: vec![0; width * height] }
    }

    /// Without rows so far, each a whole number of `blocks` of 8 long.
    pub(super) fn empty(width: usize, blocks: usize) -> Plane {
        Plane { stride: width.next_multiple_of(8 * blocks), data: Vec::new() }
    }

    fn row(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.stride..(y + 1) * self.stride]
    }

    pub(super) fn rows(&self) -> usize {
        self.data.len() / self.stride
    }

    /// Until there are so many rows.
    pub(super) fn repeat_last_row(&mut self, rows: usize) {
        while self.rows() < rows && !self.data.is_empty() {
            self.data.extend_from_within(self.data.len() - self.stride..);
        }
    }

    /// Takes the first rows away.
    pub(super) fn take_rows(&mut self, rows: usize) -> Plane {
        Plane { stride: self.stride, data: self.data.drain(..rows * self.stride).collect() }
    }

    /// Repeats the last sample of rows and the last row.
    fn fill_edges(&mut self, width: usize, height: usize) {
        let (stride, rows) = (self.stride, self.data.len() / self.stride);
        for y in 0..height {
            let row = self.row(y);
            let last = row[width - 1];
            row[width..].fill(last);
        }
        for y in height..rows {
            self.data.copy_within((height - 1) * stride..height * stride, y * stride);
        }
    }
}

/// What samples of three channels are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Rgb,
    YCbCr,
}

/// One plane of a gray picture, three of others. Never of a picture with opacity.
pub(super) fn planes(pixels: &Pixels, space: Space) -> Vec<Plane> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    if pixels.channels() == Channels::Gray {
        let mut luma = Plane::new(width.next_multiple_of(8), height.next_multiple_of(8));
        for (y, row) in pixels.data().chunks_exact(width).enumerate() {
            luma.row(y)[..width].copy_from_slice(row);
        }
        luma.fill_edges(width, height);
        return vec![luma];
    }
    let (wide, high) = (width.next_multiple_of(16), height.next_multiple_of(16));
    let mut luma = Plane::new(wide, high);
    let mut blue = Plane::new(wide / 2, high / 2);
    let mut red = Plane::new(wide / 2, high / 2);
    let rows: Vec<&[[u8; 3]]> =
        pixels.data().chunks_exact(width * 3).map(|row| row.as_chunks::<3>().0).collect();
    for (y, row) in rows.iter().enumerate() {
        let target = &mut luma.row(y)[..width];
        for (target, &pixel) in target.iter_mut().zip(row.iter()) {
            *target = match space {
                Space::YCbCr => pixel[0],
                Space::Rgb => luma_of(pixel),
            };
        }
    }
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    for (y, pair) in rows.chunks(2).enumerate() {
        // Of the last row, and of the last column, a picture of odd size has one only.
        let [upper, lower] = [pair[0], pair[pair.len() - 1]];
        let (blues, reds) = (&mut blue.row(y)[..half_width], &mut red.row(y)[..half_width]);
        let columns = upper.chunks(2).zip(lower.chunks(2));
        for (((upper, lower), blue), red) in columns.zip(blues).zip(reds) {
            let of = [upper[0], upper[upper.len() - 1], lower[0], lower[lower.len() - 1]];
            let sum = |channel: usize| of.iter().map(|pixel| i32::from(pixel[channel])).sum();
            let sums: [i32; 3] = [sum(0), sum(1), sum(2)];
            (*blue, *red) = match space {
                Space::YCbCr => (((sums[1] + 2) >> 2) as u8, ((sums[2] + 2) >> 2) as u8),
                Space::Rgb => chroma_of(sums),
            };
        }
    }
    luma.fill_edges(width, height);
    blue.fill_edges(half_width, half_height);
    red.fill_edges(half_width, half_height);
    vec![luma, blue, red]
}

/// ITU-R BT.601 as JFIF 1.02 has it, times 2^16.
fn luma_of([red, green, blue]: [u8; 3]) -> u8 {
    let sum = 19595 * u32::from(red) + 38470 * u32::from(green) + 7471 * u32::from(blue);
    ((sum + 32768) >> 16) as u8
}

/// Of the sums of four pixels.
fn chroma_of([red, green, blue]: [i32; 3]) -> (u8, u8) {
    let middle = (128 << 18) + (1 << 17);
    let of_blue = -11059 * red - 21709 * green + 32768 * blue + middle;
    let of_red = 32768 * red - 27439 * green - 5329 * blue + middle;
    ((of_blue >> 18).clamp(0, 255) as u8, (of_red >> 18).clamp(0, 255) as u8)
}

//! Hiding what is inside a box so that it cannot be brought back.
//!
//! A blur with a fixed kernel can be undone in part, and leaves a large face
//! readable. So the box is first averaged into a handful of cells, which is
//! all that is left of it, and then painted smoothly from those means.

use roadloop_base::BBox;

use crate::{Channels, Pixels};

/// The most cells along a box's longer side.
const MAX_CELLS: u32 = 6;

/// The shortest side of a cell in pixels: a small box keeps fewer cells.
const MIN_CELL_PIXELS: u32 = 8;

/// The grey of [`RedactStyle::Solid`].
const SOLID: u8 = 128;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RedactStyle {
    /// At most 6 means along the longer side, painted smoothly.
    #[default]
    Blur,
    /// One grey: nothing is left.
    Solid,
}

/// Hides every pixel the boxes touch, and changes no other. Boxes are worked
/// in order, each on what the ones before it left, so an overlap tells less
/// and never more.
pub fn redact(pixels: &mut Pixels, boxes: &[BBox], style: RedactStyle) {
    for bbox in boxes {
        let (x, y, width, height) = bbox.pixels(pixels.width(), pixels.height());
        if width == 0 || height == 0 {
            continue;
        }
        let region = Region { x, y, width, height };
        match style {
            RedactStyle::Blur => blur(pixels, region),
            RedactStyle::Solid => fill(pixels, region),
        }
    }
}

/// A rectangle of whole pixels inside the image, neither side 0.
#[derive(Clone, Copy)]
struct Region {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

impl Region {
    /// The region's part of each image row, top row first.
    fn rows(self, pixels: &mut Pixels) -> impl Iterator<Item = &mut [u8]> {
        let channels = pixels.channels().count();
        let stride = pixels.width() as usize * channels;
        let (start, length) = (self.x as usize * channels, self.width as usize * channels);
        pixels
            .data_mut()
            .chunks_exact_mut(stride)
            .skip(self.y as usize)
            .take(self.height as usize)
            .map(move |row| &mut row[start..start + length])
    }

    /// Cells across and down, about square.
    fn cells(self) -> (u32, u32) {
        let longer = self.width.max(self.height);
        let most = (longer / MIN_CELL_PIXELS).clamp(1, MAX_CELLS);
        let along = |side: u32| {
            let share = (f64::from(side) * f64::from(most) / f64::from(longer)).round() as u32;
            share.min(side / MIN_CELL_PIXELS).max(1)
        };
        (along(self.width), along(self.height))
    }
}

fn fill(pixels: &mut Pixels, region: Region) {
    let has_opacity = pixels.channels() == Channels::Rgba;
    for row in region.rows(pixels) {
        row.fill(SOLID);
        if has_opacity {
            row.iter_mut().skip(3).step_by(4).for_each(|opacity| *opacity = u8::MAX);
        }
    }
}

fn blur(pixels: &mut Pixels, region: Region) {
    let channels = pixels.channels().count();
    let (across, down) = region.cells();
    let cell_of = |at: usize, cells: u32, side: u32| at * cells as usize / side as usize;
    let index = |column: usize, row: usize| (row * across as usize + column) * channels;

    let mut sums = vec![0u64; (across * down) as usize * channels];
    let mut counts = vec![0u64; sums.len()];
    for (y, row) in region.rows(pixels).enumerate() {
        for (x, pixel) in row.chunks_exact(channels).enumerate() {
            let cell = index(cell_of(x, across, region.width), cell_of(y, down, region.height));
            for (channel, &sample) in pixel.iter().enumerate() {
                sums[cell + channel] += u64::from(sample);
                counts[cell + channel] += 1;
            }
        }
    }
    let means: Vec<f32> =
        sums.iter().zip(&counts).map(|(sum, count)| (sum / count) as f32).collect();

    let columns: Vec<Spline> =
        (0..region.width).map(|x| Spline::at(x, region.width, across)).collect();
    let mut column_means = vec![0.0; across as usize * channels];
    for (y, row) in region.rows(pixels).enumerate() {
        let down = Spline::at(y as u32, region.height, down);
        for (at, mean) in column_means.iter_mut().enumerate() {
            *mean = down.mix(|cell| means[index(0, cell) + at]);
        }
        for (pixel, column) in row.chunks_exact_mut(channels).zip(&columns) {
            for (channel, sample) in pixel.iter_mut().enumerate() {
                *sample = column.mix(|cell| column_means[cell * channels + channel]).round() as u8;
            }
        }
    }
}

/// Quadratic B-spline over cell means: the three cells around a pixel and
/// their weights, which are positive and add up to 1. It smooths further
/// where an interpolation would meet the means again.
struct Spline {
    cells: [usize; 3],
    weights: [f32; 3],
}

impl Spline {
    fn at(pixel: u32, side: u32, cells: u32) -> Spline {
        let place = (pixel as f32 + 0.5) * cells as f32 / side as f32;
        let last = cells as usize - 1;
        let cell = (place as usize).min(last);
        let t = place - cell as f32;
        Spline {
            cells: [cell.saturating_sub(1), cell, (cell + 1).min(last)],
            weights: [(1.0 - t) * (1.0 - t) / 2.0, 0.5 + t * (1.0 - t), t * t / 2.0],
        }
    }

    fn mix(&self, mean: impl Fn(usize) -> f32) -> f32 {
        let [a, b, c] = self.cells.map(mean);
        a * self.weights[0] + b * self.weights[1] + c * self.weights[2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode_bytes;
    use proptest::prelude::*;

    fn face() -> Pixels {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pictures/face.png");
        decode_bytes(&std::fs::read(path).unwrap()).unwrap()
    }

    fn box_of(left: f32, top: f32, right: f32, bottom: f32) -> BBox {
        BBox::from_ltrb(left, top, right, bottom).unwrap()
    }

    /// Sum of the second differences along the rows of the upper left quarter.
    fn detail(pixels: &Pixels) -> u64 {
        let row_bytes = pixels.width() as usize * 3;
        let rows = pixels.data().chunks_exact(row_bytes).take(pixels.height() as usize / 2);
        rows.flat_map(|row| row[..row_bytes / 2].windows(7))
            .map(|w| (i64::from(w[0]) - 2 * i64::from(w[3]) + i64::from(w[6])).unsigned_abs())
            .sum()
    }

    #[test]
    fn detail_goes() {
        for style in [RedactStyle::Blur, RedactStyle::Solid] {
            let mut pixels = face();
            let before = detail(&pixels);
            redact(&mut pixels, &[box_of(0.0, 0.0, 0.5, 0.5)], style);
            assert!(detail(&pixels) * 4 < before, "{style:?}: {} of {before}", detail(&pixels));
        }
    }

    /// Two pictures whose cells have the same means become the same picture:
    /// nothing but the means is left.
    #[test]
    fn only_the_means_are_left() {
        let mut one = face();
        let mut other = face();
        let width = other.width() as usize;
        // 96 pixels make 6 cells of 16: turn each cell by half a circle.
        let source = one.data().to_vec();
        for (at, pixel) in other.data_mut().chunks_exact_mut(3).enumerate() {
            let (x, y) = (at % width, at / width);
            let (from_x, from_y) = (x / 16 * 16 + 15 - x % 16, y / 16 * 16 + 15 - y % 16);
            pixel.copy_from_slice(&source[(from_y * width + from_x) * 3..][..3]);
        }
        assert_ne!(one, other);
        redact(&mut one, &[BBox::FULL], RedactStyle::Blur);
        redact(&mut other, &[BBox::FULL], RedactStyle::Blur);
        assert_eq!(one, other);
    }

    #[track_caller]
    fn check_cells(width: u32, height: u32, expected: (u32, u32)) {
        assert_eq!(Region { x: 0, y: 0, width, height }.cells(), expected);
    }

    #[test]
    fn cells_are_few_and_large() {
        check_cells(1000, 1000, (6, 6));
        check_cells(300, 60, (6, 1));
        check_cells(60, 300, (1, 6));
        check_cells(40, 40, (5, 5));
        check_cells(20, 17, (2, 2));
        check_cells(15, 15, (1, 1));
        check_cells(1, 1, (1, 1));
    }

    fn any_box() -> impl Strategy<Value = BBox> {
        let unit = || prop_oneof![Just(0.0f32), Just(1.0), 0.0f32..1.0];
        (unit(), unit(), unit(), unit())
            .prop_map(|(a, b, c, d)| box_of(a.min(b), c.min(d), a.max(b), c.max(d)))
    }

    proptest! {
        #[test]
        fn outside_nothing_changes(
            (width, height) in (1u32..90, 1u32..90),
            boxes in prop::collection::vec(any_box(), 0..5),
            channels in prop_oneof![Just(Channels::Gray), Just(Channels::Rgb), Just(Channels::Rgba)],
            style in prop_oneof![Just(RedactStyle::Blur), Just(RedactStyle::Solid)],
        ) {
            let count = (width * height) as usize * channels.count();
            let data: Vec<u8> = (0..count).map(|at| (at * at / 7) as u8).collect();
            let before = Pixels::new(width, height, channels, data).unwrap();
            let mut after = before.clone();
            redact(&mut after, &boxes, style);
            let mut again = before.clone();
            redact(&mut again, &boxes, style);
            prop_assert_eq!(&after, &again);

            let regions: Vec<_> = boxes.iter().map(|bbox| bbox.pixels(width, height)).collect();
            let pairs = before.data().chunks(channels.count()).zip(after.data().chunks(channels.count()));
            for (at, (before, after)) in pairs.enumerate() {
                let (x, y) = (at as u32 % width, at as u32 / width);
                let inside = regions.iter().any(|&(left, top, w, h)| {
                    (left..left + w).contains(&x) && (top..top + h).contains(&y)
                });
                if !inside {
                    prop_assert_eq!(before, after);
                }
            }
        }
    }
}

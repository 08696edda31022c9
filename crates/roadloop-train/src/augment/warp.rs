//! Pixels under an [`Affine`]: for each pixel of the target, the four of the source that are
//! nearest to where it came from, mixed by their nearness.
//!
//! The arithmetic is OpenCV's `warpAffine` with `INTER_LINEAR`: places to a 32nd of a pixel,
//! and what lies outside has the colour of the fill, with the border mixed in. It is integer
//! throughout: three channels ride in one 64-bit number, 21 bits each, so that a pixel takes
//! six multiplications instead of twelve. Seams between ways of computing a row are none:
//! each pixel is computed alike, by the fast way where all that it needs lies inside.

use std::ops::Range;

use roadloop_vision::Pixels;

use super::affine::Affine;
use super::example::filled;

/// Bits behind the point of places in the source.
const FINE: u32 = 32;
/// Of these, those that weights are made from.
const WEIGHT: u32 = 5;

/// A picture of that size, made from one with three channels, by the way back from it.
pub(crate) fn warp(
    source: &Pixels,
    source_from_target: &Affine,
    (width, height): (u32, u32),
    fill: [u8; 3],
) -> Pixels {
    let mut target = filled(width, height, fill);
    let [x_row, y_row] = source_from_target.rows;
    let lines = target.data_mut().as_chunks_mut::<3>().0.chunks_exact_mut(width as usize);
    for (y, line) in lines.enumerate() {
        // From middle to middle: samples are of middles, places of corners.
        let (start_x, start_y) = source_from_target.point(0.5, y as f64 + 0.5);
        let walk =
            Walk { x: Steps::new(start_x - 0.5, x_row[0]), y: Steps::new(start_y - 0.5, y_row[0]) };
        warp_line(source, &walk, line, fill);
    }
    target
}

/// A number that grows evenly, in fixed point.
#[derive(Clone, Copy)]
struct Steps {
    start: i64,
    step: i64,
}

/// Where a row of the target lies in the source.
struct Walk {
    x: Steps,
    y: Steps,
}

impl Steps {
    fn new(start: f64, step: f64) -> Steps {
        let one = (1_u64 << FINE) as f64;
        // Half a weight's step, so that what is cut off later is rounded. A cast keeps what
        // is too large at a place far outside, whose sums with all steps still fit.
        let round = 1_i64 << (FINE - WEIGHT - 1);
        let far = (1_i64 << 60) as f64;
        let start = (start * one).round().clamp(-far, far) as i64;
        let step = (step * one).round().clamp(-(1e4 * one), 1e4 * one) as i64;
        Steps { start: start.saturating_add(round), step }
    }

    fn at(&self, place: usize) -> i64 {
        self.start + self.step * place as i64
    }

    /// Places from 0 to `count - 1` at which the whole number before the point is at least
    /// `low` and at most `high`.
    fn within(&self, low: i64, high: i64, count: usize) -> Range<usize> {
        let (low, end) = (low << FINE, (high + 1) << FINE);
        let count = count as i64;
        let place = |place: i64| place.clamp(0, count) as usize;
        // The first place at which it has come as far as a bound, walking to it.
        let reach = |bound: i64, step: i64| ceiled(bound - self.start, step);
        match self.step {
            0 if (low..end).contains(&self.start) => 0..place(count),
            0 => 0..0,
            step if step > 0 => place(reach(low, step))..place(reach(end, step)),
            // Downwards: first what is below the end, then what is no longer at the low.
            step => place(reach(end - 1, step))..place(reach(low - 1, step)),
        }
    }
}

/// `number / by`, to the next whole number above.
fn ceiled(number: i64, by: i64) -> i64 {
    let (quotient, rest) = (number / by, number % by);
    if rest != 0 && (rest > 0) == (by > 0) { quotient + 1 } else { quotient }
}

fn both(a: Range<usize>, b: Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

fn warp_line(source: &Pixels, walk: &Walk, line: &mut [[u8; 3]], fill: [u8; 3]) {
    let (width, height) = (i64::from(source.width()), i64::from(source.height()));
    let count = line.len();
    // Where anything of the source takes part; the rest is filled already.
    let touched = both(walk.x.within(-1, width - 1, count), walk.y.within(-1, height - 1, count));
    // Where all four neighbours lie inside, and the eight bytes that are read for two of them
    // too, which end two bytes behind the second.
    let inside = both(walk.x.within(0, width - 3, count), walk.y.within(0, height - 2, count));
    let inside = both(inside, touched.clone());
    for edge in [touched.start..inside.start, inside.end.max(touched.start)..touched.end] {
        for (place, pixel) in line.iter_mut().enumerate().take(edge.end).skip(edge.start) {
            *pixel = at_the_edge(source, walk.x.at(place), walk.y.at(place), fill);
        }
    }
    let row_bytes = 3 * source.width() as usize;
    let data = source.data();
    let (mut x, mut y) = (walk.x.at(inside.start), walk.y.at(inside.start));
    for pixel in &mut line[inside] {
        let first = (y >> FINE) as usize * row_bytes + 3 * (x >> FINE) as usize;
        let (right, down) = (weight(x), weight(y));
        let pairs = [two_pixels(data, first), two_pixels(data, first + row_bytes)];
        *pixel = mixed(pairs, right, down);
        x += walk.x.step;
        y += walk.y.step;
    }
}

/// How much of the next pixel is in it, of 32.
fn weight(place: i64) -> u64 {
    (place >> (FINE - WEIGHT)) as u64 & 31
}

/// A pixel and the next one, each with its channels 21 bits apart.
fn two_pixels(data: &[u8], first: usize) -> [u64; 2] {
    match data[first..].first_chunk::<8>() {
        Some(bytes) => {
            let bytes = u64::from_le_bytes(*bytes);
            [spread(bytes), spread(bytes >> 24)]
        }
        None => [0; 2],
    }
}

fn spread(bytes: u64) -> u64 {
    (bytes & 0xff) | (bytes & 0xff00) << 13 | (bytes & 0xff_0000) << 26
}

/// Two pixels above, two below: weights are of 32 each way, so sums have 18 bits.
fn mixed([above, below]: [[u64; 2]; 2], right: u64, down: u64) -> [u8; 3] {
    const HALF: u64 = 512 | 512 << 21 | 512 << 42;
    let along = |pair: [u64; 2]| pair[0] * (32 - right) + pair[1] * right;
    let sums = along(above) * (32 - down) + along(below) * down + HALF;
    [(sums >> 10) as u8, (sums >> 31) as u8, (sums >> 52) as u8]
}

/// The same where some of the four may lie outside.
fn at_the_edge(source: &Pixels, x: i64, y: i64, fill: [u8; 3]) -> [u8; 3] {
    let (left, top) = (x >> FINE, y >> FINE);
    let pixel = |x: i64, y: i64| {
        let outside = [u64::from(fill[0]) | u64::from(fill[1]) << 21 | u64::from(fill[2]) << 42];
        if x < 0 || y < 0 || x >= i64::from(source.width()) || y >= i64::from(source.height()) {
            return outside[0];
        }
        let first = 3 * (y as usize * source.width() as usize + x as usize);
        let [r, g, b] = [0, 1, 2].map(|channel| u64::from(source.data()[first + channel]));
        r | g << 21 | b << 42
    };
    let pairs = [top, top + 1].map(|y| [pixel(left, y), pixel(left + 1, y)]);
    mixed(pairs, weight(x), weight(y))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::augment::example::picture;

    const FILL: [u8; 3] = [114, 0, 255];

    /// Numbers that look random, in a picture of that size.
    fn noise(width: u32, height: u32) -> Pixels {
        let samples = 0..3 * width * height;
        let data = samples.map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        picture(width, height, data)
    }

    /// What the module's text says, pixel by pixel in floating point.
    fn slowly(source: &Pixels, back: &Affine, x: u32, y: u32) -> [f64; 3] {
        let (x, y) = back.point(f64::from(x) + 0.5, f64::from(y) + 0.5);
        let to_a_32nd = |place: f64| ((place - 0.5) * 32.0).round() / 32.0;
        let (x, y) = (to_a_32nd(x), to_a_32nd(y));
        let sample = |x: f64, y: f64, channel: usize| {
            let inside = |place: f64, side: u32| 0.0 <= place && place < f64::from(side);
            if !inside(x, source.width()) || !inside(y, source.height()) {
                return f64::from(FILL[channel]);
            }
            let first = 3 * (y as usize * source.width() as usize + x as usize);
            f64::from(source.data()[first + channel])
        };
        let (left, top) = (x.floor(), y.floor());
        let (right, down) = (x - left, y - top);
        [0, 1, 2].map(|channel| {
            let along = |y: f64| {
                sample(left, y, channel) * (1.0 - right) + sample(left + 1.0, y, channel) * right
            };
            along(top) * (1.0 - down) + along(top + 1.0) * down
        })
    }

    #[track_caller]
    fn check(source: &Pixels, back: &Affine, (width, height): (u32, u32)) {
        let got = warp(source, back, (width, height), FILL);
        for (place, pixel) in got.data().as_chunks::<3>().0.iter().enumerate() {
            let (x, y) = (place as u32 % width, place as u32 / width);
            let expected = slowly(source, back, x, y);
            for (channel, expected) in expected.into_iter().enumerate() {
                let far = (f64::from(pixel[channel]) - expected).abs();
                assert!(far <= 0.51, "{x} {y} {pixel:?} {expected}");
            }
        }
    }

    #[test]
    fn nothing_is_changed_by_nothing() {
        for (width, height) in [(1, 1), (1, 50), (50, 1), (2, 2), (17, 9)] {
            let source = noise(width, height);
            assert_eq!(warp(&source, &Affine::IDENTITY, (width, height), FILL), source);
        }
    }

    #[test]
    fn turned_and_scaled() {
        // Numbers without a tie between two 32nds anywhere.
        let turned = Affine { rows: [[0.961_7, 0.203_1, -3.1], [-0.197_3, 0.943_9, 7.2]] };
        check(&noise(40, 30), &turned, (50, 40));
        let mirrored = Affine { rows: [[-1.293_1, 0.013_7, 41.013], [0.021_1, -0.511_7, 29.017]] };
        check(&noise(40, 30), &mirrored, (50, 40));
        let far = Affine { rows: [[9.973, 0.013, -200.3], [0.017, 9.931, -107.7]] };
        check(&noise(40, 30), &far, (50, 40));
        let outside = Affine { rows: [[1.0, 0.0, 5e4], [0.0, 1.0, 0.0]] };
        check(&noise(3, 3), &outside, (5, 5));
    }

    /// What `cv2.warpAffine` of OpenCV 4.12 gives for the same bytes and the same matrix, by its
    /// count from the middle of pixels. It rounds places on another way to the same 32nds, so
    /// some are one 32nd off, in a picture whose neighbours differ by up to 255 levels.
    #[test]
    fn warping_is_opencvs() {
        let ramp = (0..297u32).map(|place| (place * place * 37 % 256) as u8).collect();
        let there = Affine { rows: [[1.7, 0.35, -2.1], [-0.28, 1.45, 1.3]] };
        let back = there.inverse().unwrap();
        let got = warp(&picture(11, 9, ramp), &back, (12, 8), [114; 3]);
        let red = got.data().iter().step_by(3);
        let far: Vec<u8> = red.zip(OPENCVS).map(|(got, expected)| got.abs_diff(expected)).collect();
        assert!(far.iter().all(|far| *far <= 4), "{far:?}");
        assert!(far.iter().filter(|far| **far <= 1).count() >= 80, "{far:?}");
    }

    #[rustfmt::skip]
    const OPENCVS: [u8; 96] = [
        104, 94, 98, 137, 166, 188, 167, 131, 175, 209, 178, 139,
        76, 67, 79, 161, 201, 196, 144, 55, 124, 231, 165, 135,
        75, 110, 176, 218, 240, 193, 126, 50, 98, 204, 211, 215,
        83, 87, 127, 174, 241, 177, 90, 75, 95, 160, 181, 166,
        85, 37, 63, 113, 208, 196, 153, 119, 85, 115, 114, 84,
        132, 133, 125, 121, 177, 191, 161, 109, 70, 127, 195, 132,
        132, 124, 113, 116, 131, 122, 58, 10, 47, 122, 176, 116,
        79, 39, 47, 90, 115, 152, 80, 17, 114, 163, 87, 59,
    ];

    proptest! {
        /// Fast bounds are those that looking at each place finds.
        #[test]
        fn places_within(
            start in -400i64..400, step in -90i64..90, low in -3i64..4, length in 0i64..5,
            count in 0usize..30,
        ) {
            let sixteenth = 1_i64 << (FINE - 4);
            let steps = Steps { start: start * sixteenth, step: step * sixteenth };
            let high = low + length - 1;
            let slowly = (0..count).filter(|&place| {
                (low..=high).contains(&(steps.at(place) >> FINE))
            });
            let fast = steps.within(low, high, count);
            prop_assert_eq!(fast.collect::<Vec<_>>(), slowly.collect::<Vec<_>>());
        }

        #[test]
        fn no_size_is_too_odd(
            source in (1u32..9, 1u32..9), target in (1u32..12, 1u32..12),
            rows in prop::array::uniform6(-3.0f64..3.0),
        ) {
            let [a, b, c, d, e, f] = rows;
            let back = Affine { rows: [[a, b, c], [d, e, f]] };
            let picture = filled(source.0, source.1, FILL);
            // All of one colour, inside and out: nothing else may come of it.
            prop_assert_eq!(warp(&picture, &back, target, FILL), filled(target.0, target.1, FILL));
        }
    }
}

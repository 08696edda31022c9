//! A line of text cut out of a picture at any angle, as a tensor of a given height.

use super::slant::Quad;
use crate::letterbox::{ColorOrder, Normalize};
use crate::model::{Tensor, Values};
use crate::{Channels, Pixels};

/// At most this many samples, in each direction, are averaged for a value.
const MOST_SAMPLES: usize = 4;

/// The size of a strip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) height: usize,
    /// Of the picture in it; zeros follow.
    pub(super) used: usize,
    pub(super) width: usize,
}

/// Fills `[1, 3, height, width]` from the quad, in pixels of the picture, bilinear;
/// what is more than twice as large is averaged. Beyond an edge lies what is at it.
pub(super) fn cut_out(image: &Pixels, quad: &Quad, size: Size, normalize: &Normalize) -> Tensor {
    let Size { height, used, width } = size;
    let sampler = Sampler::new(image, normalize.order);
    let (fine_x, fine_y) = (samples(quad.wide(), used), samples(quad.high(), height));
    let share = 1.0 / (fine_x * fine_y) as f32;
    let place = |index: usize, sample: usize, fine: usize, all: usize| {
        (index as f32 + (sample as f32 + 0.5) / fine as f32) / all as f32
    };
    let mut values = vec![0.0; 3 * height * width];
    for y in 0..height {
        for x in 0..used {
            let mut sum = [0.0; 3];
            for sample_y in 0..fine_y {
                let across = place(y, sample_y, fine_y, height);
                for sample_x in 0..fine_x {
                    let [x, y] = quad.at(place(x, sample_x, fine_x, used), across);
                    sampler.add(x, y, &mut sum);
                }
            }
            for (channel, sum) in sum.into_iter().enumerate() {
                let value = (sum * share - normalize.mean[channel]) / normalize.std[channel];
                values[(channel * height + y) * width + x] = value;
            }
        }
    }
    Tensor::new(vec![1, 3, height, width], Values::F32(values)).expect("three planes of the size")
}

/// How many samples a value is the mean of, in one direction.
fn samples(length: f32, count: usize) -> usize {
    ((length / count as f32).round() as usize).clamp(1, MOST_SAMPLES)
}

struct Sampler<'i> {
    data: &'i [u8],
    last_x: usize,
    last_y: usize,
    step: usize,
    stride: usize,
    /// Where in a pixel the three values are.
    places: [usize; 3],
}

impl<'i> Sampler<'i> {
    fn new(image: &'i Pixels, order: ColorOrder) -> Sampler<'i> {
        let step = image.channels().count();
        Sampler {
            data: image.data(),
            last_x: image.width() as usize - 1,
            last_y: image.height() as usize - 1,
            step,
            stride: image.width() as usize * step,
            places: match (image.channels(), order) {
                (Channels::Gray, _) => [0, 0, 0],
                (Channels::Rgb | Channels::Rgba, ColorOrder::Rgb) => [0, 1, 2],
                (Channels::Rgb | Channels::Rgba, ColorOrder::Bgr) => [2, 1, 0],
            },
        }
    }

    fn add(&self, x: f32, y: f32, sum: &mut [f32; 3]) {
        let (x0, x1, right) = neighbours(x, self.last_x);
        let (y0, y1, below) = neighbours(y, self.last_y);
        let pixel = |x: usize, y: usize| &self.data[y * self.stride + x * self.step..];
        let corners = [pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1)];
        for (sum, place) in sum.iter_mut().zip(self.places) {
            let [a, b, c, d] = corners.map(|pixel| f32::from(pixel[place]));
            let (top, bottom) = (a + (b - a) * right, c + (d - c) * right);
            *sum += top + (bottom - top) * below;
        }
    }
}

/// The two pixels a place lies between, and how far it is to the second; pixels
/// have their values in their middle. Not a number is the first pixel.
fn neighbours(place: f32, last: usize) -> (usize, usize, f32) {
    let inside = (place - 0.5).max(0.0).min(last as f32);
    let first = inside as usize;
    (first, (first + 1).min(last), inside - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Normalize =
        Normalize { order: ColorOrder::Bgr, mean: [0.0; 3], std: [1.0; 3], fill: 0 };

    #[track_caller]
    fn check(data: &[u8], width: u32, quad: Quad, size: Size, expected: &[f32]) {
        let height = data.len() as u32 / width;
        let image = Pixels::new(width, height, Channels::Gray, data.to_vec()).expect("a picture");
        let strip = cut_out(&image, &quad, size, &PLAIN);
        assert_eq!(strip.as_f32().map(|v| &v[..expected.len()]), Some(expected));
    }

    #[test]
    fn pixels_are_where_they_were_and_zeros_follow() {
        let size = Size { height: 2, used: 2, width: 3 };
        let whole = Quad { corner: [0.0, 0.0], along: [2.0, 0.0], across: [0.0, 2.0] };
        check(&[10, 20, 30, 40], 2, whole, size, &[10.0, 20.0, 0.0, 30.0, 40.0, 0.0]);
        // Read downwards: the right column is the first row.
        let down = Quad { corner: [2.0, 0.0], along: [0.0, 2.0], across: [-2.0, 0.0] };
        check(&[10, 20, 30, 40], 2, down, size, &[20.0, 40.0, 0.0, 10.0, 30.0, 0.0]);
        check(&[10, 20, 30, 40], 2, whole.turned_round(), size, &[40.0, 30.0, 0.0, 20.0, 10.0]);
    }

    #[test]
    fn what_lies_outside_is_the_edge_and_what_is_large_is_averaged() {
        let size = Size { height: 1, used: 1, width: 1 };
        let at =
            |x: f32, side: f32| Quad { corner: [x, 0.0], along: [side, 0.0], across: [0.0, 1.0] };
        check(&[10, 20, 60, 110], 4, at(-9.0, 1.0), size, &[10.0]);
        check(&[10, 20, 60, 110], 4, at(1e30, 1.0), size, &[110.0]);
        check(&[10, 20, 60, 110], 4, at(f32::NAN, 1.0), size, &[10.0]);
        check(&[10, 20, 60, 110], 4, at(0.0, 4.0), size, &[50.0]);
    }

    #[test]
    fn channels_are_in_the_order_of_the_model() {
        let image = Pixels::new(1, 1, Channels::Rgba, vec![10, 20, 30, 255]).expect("a pixel");
        let quad = Quad { corner: [0.0, 0.0], along: [1.0, 0.0], across: [0.0, 1.0] };
        let normalize = Normalize { mean: [10.0; 3], std: [10.0; 3], ..PLAIN };
        let strip = cut_out(&image, &quad, Size { height: 1, used: 1, width: 1 }, &normalize);
        assert_eq!(strip.as_f32(), Some(&[2.0, 1.0, 0.0][..]));
    }
}

//! The loops: a plane is one channel of one map.
//!
//! All three passes meet the same pairs of places, `out` and `in = out * stride + tap - padding`;
//! they differ in what they add to what.

use std::ops::Range;

use rayon::prelude::*;

/// The sizes of one convolution. The kernel is odd; padding is half of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Planes {
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
}

impl Planes {
    pub(super) fn height_out(&self) -> usize {
        self.height.div_ceil(self.stride)
    }

    pub(super) fn width_out(&self) -> usize {
        self.width.div_ceil(self.stride)
    }

    fn padding(&self) -> usize {
        self.kernel / 2
    }

    /// Places out that meet a place in, of `length`, with this tap.
    fn meeting(&self, tap: usize, length: usize) -> Range<usize> {
        let first = self.padding().saturating_sub(tap).div_ceil(self.stride);
        let end = (length + self.padding()).saturating_sub(tap).div_ceil(self.stride);
        let out = length.div_ceil(self.stride);
        first.min(out)..end.min(out)
    }

    /// Calls `row` for each row out with the row in it meets: the rows, the tap, the columns
    /// out, and where the first of them starts in the row in.
    fn each_row(&self, mut row: impl FnMut(usize, usize, usize, Range<usize>, usize)) {
        for tap_y in 0..self.kernel {
            for y in self.meeting(tap_y, self.height) {
                let y_in = y * self.stride + tap_y - self.padding();
                for tap_x in 0..self.kernel {
                    let columns = self.meeting(tap_x, self.width);
                    if !columns.is_empty() {
                        let start = columns.start * self.stride + tap_x - self.padding();
                        row(y, y_in, tap_y * self.kernel + tap_x, columns, start);
                    }
                }
            }
        }
    }

    fn taps<'w>(&self, weight: &'w [f32], plane: usize) -> &'w [f32] {
        let (channel, taps) = (plane % self.channels, self.kernel * self.kernel);
        &weight[channel * taps..][..taps]
    }

    pub(super) fn forward(&self, map: &[f32], weight: &[f32]) -> Vec<f32> {
        let (size_in, size_out) = (self.height * self.width, self.height_out() * self.width_out());
        let mut output = vec![0f32; map.len() / size_in.max(1) * size_out];
        let planes = output.par_chunks_mut(size_out.max(1)).zip(map.par_chunks(size_in.max(1)));
        planes.enumerate().for_each(|(plane, (out, map))| {
            let taps = self.taps(weight, plane);
            self.each_row(|y, y_in, tap, columns, start| {
                let count = columns.len();
                let out = &mut out[y * self.width_out() + columns.start..][..count];
                let map = &map[y_in * self.width + start..(y_in + 1) * self.width];
                let by = taps[tap];
                if self.stride == 1 {
                    out.iter_mut().zip(map).for_each(|(out, value)| *out += by * value);
                } else {
                    let map = map.iter().step_by(self.stride);
                    out.iter_mut().zip(map).for_each(|(out, value)| *out += by * value);
                }
            });
        });
        output
    }

    pub(super) fn map_gradient(&self, gradient: &[f32], weight: &[f32]) -> Vec<f32> {
        let (size_in, size_out) = (self.height * self.width, self.height_out() * self.width_out());
        let mut of_map = vec![0f32; gradient.len() / size_out.max(1) * size_in];
        let planes =
            of_map.par_chunks_mut(size_in.max(1)).zip(gradient.par_chunks(size_out.max(1)));
        planes.enumerate().for_each(|(plane, (of_map, gradient))| {
            let taps = self.taps(weight, plane);
            self.each_row(|y, y_in, tap, columns, start| {
                let gradient = &gradient[y * self.width_out() + columns.start..][..columns.len()];
                let of_map = &mut of_map[y_in * self.width + start..(y_in + 1) * self.width];
                let by = taps[tap];
                if self.stride == 1 {
                    of_map.iter_mut().zip(gradient).for_each(|(to, value)| *to += by * value);
                } else {
                    let of_map = of_map.iter_mut().step_by(self.stride);
                    of_map.zip(gradient).for_each(|(to, value)| *to += by * value);
                }
            });
        });
        of_map
    }

    pub(super) fn weight_gradient(&self, map: &[f32], gradient: &[f32]) -> Vec<f32> {
        let (size_in, size_out) = (self.height * self.width, self.height_out() * self.width_out());
        let taps = self.kernel * self.kernel;
        let mut of_weight = vec![0f32; self.channels * taps];
        of_weight.par_chunks_mut(taps.max(1)).enumerate().for_each(|(channel, of_weight)| {
            let maps = map.chunks(size_in.max(1)).skip(channel).step_by(self.channels);
            let gradients = gradient.chunks(size_out.max(1)).skip(channel).step_by(self.channels);
            for (map, gradient) in maps.zip(gradients) {
                self.each_row(|y, y_in, tap, columns, start| {
                    let out = y * self.width_out() + columns.start;
                    let gradient = &gradient[out..][..columns.len()];
                    let map = &map[y_in * self.width + start..(y_in + 1) * self.width];
                    of_weight[tap] += if self.stride == 1 {
                        product(gradient, map)
                    } else {
                        let map = map.iter().step_by(self.stride);
                        gradient.iter().zip(map).map(|(one, other)| one * other).sum()
                    };
                });
            }
        });
        of_weight
    }
}

/// The sum of products, in eight sums at once: the compiler may not reorder one sum, and a
/// vector of them is what the processor adds.
fn product(gradient: &[f32], map: &[f32]) -> f32 {
    let map = &map[..gradient.len().min(map.len())];
    let (ours, our_rest) = gradient.as_chunks::<8>();
    let (theirs, their_rest) = map.as_chunks::<8>();
    let mut sums = [0f32; 8];
    for (one, other) in ours.iter().zip(theirs) {
        for lane in 0..8 {
            sums[lane] += one[lane] * other[lane];
        }
    }
    let rest: f32 = our_rest.iter().zip(their_rest).map(|(one, other)| one * other).sum();
    sums.iter().sum::<f32>() + rest
}

//! Rows of one plane in, rows of a smaller one out: two samples mixed for each, both ways.

use super::planes::Plane;

/// Weights across have so many bits, and both of them together are one.
const ACROSS: u32 = 15;
/// And down: with eight bits of a sample it makes sixteen.
const DOWN: u32 = 8;

/// A plane being made smaller, as far as its rows have come.
pub(super) struct Shrink {
    /// Of each sample of a row, the two it is mixed of.
    across: Vec<Mix>,
    /// Rows there are and rows to make, and what one of these is of those.
    rows: usize,
    target_rows: usize,
    scale: f64,
    /// Rows seen, and the last one of them.
    seen: usize,
    last: Vec<u8>,
    /// Rows made.
    made: usize,
    mixed: Vec<u16>,
}

/// Two samples beside each other.
#[derive(Clone, Copy)]
struct Mix {
    first: usize,
    /// What the second one weighs.
    weight: u32,
}

impl Mix {
    /// For a target's sample, with samples in the middle of what they stand for. Behind the
    /// edge its last sample goes on.
    fn new(at: usize, scale: f64, count: usize, bits: u32) -> Mix {
        let place = ((at as f64 + 0.5) * scale - 0.5).clamp(0.0, (count - 1) as f64);
        let first = (place as usize).min(count.saturating_sub(2));
        let weight = ((place - first as f64) * f64::from(1 << bits)).round() as u32;
        Mix { first, weight }
    }
}

impl Shrink {
    /// From so many samples across and down to so many, each `scale` times as wide and high.
    /// None of them is 0.
    pub(super) fn new(
        (width, height): (usize, usize),
        (target_width, target_height): (usize, usize),
        (scale_across, scale_down): (f64, f64),
    ) -> Shrink {
        let across = (0..target_width).map(|at| Mix::new(at, scale_across, width, ACROSS));
        Shrink {
            across: across.collect(),
            rows: height,
            target_rows: target_height,
            scale: scale_down,
            seen: 0,
            last: Vec::new(),
            made: 0,
            // One more than there are where there is one only: it weighs nothing.
            mixed: vec![0; width.max(2)],
        }
    }

    /// Takes the next rows, of which those behind the last are left out, and puts what can be
    /// made of them behind the rows of `target`.
    #[inline(always)]
    pub(super) fn put(&mut self, samples: &[u8], stride: usize, target: &mut Plane) {
        let count = (samples.len() / stride).min(self.rows - self.seen);
        let width = self.mixed.len().min(stride);
        let end = self.seen + count;
        while self.made < self.target_rows {
            let Mix { first, weight } = Mix::new(self.made, self.scale, self.rows, DOWN);
            let second = (first + 1).min(self.rows - 1);
            if second >= end {
                break;
            }
            let row = |at: usize| match at.checked_sub(self.seen) {
                Some(at) => &samples[at * stride..][..width],
                None => &self.last[..width],
            };
            let (upper, lower) = (row(first), row(second));
            let weights = ((1 << DOWN) - weight as u16, weight as u16);
            for ((mixed, upper), lower) in self.mixed.iter_mut().zip(upper).zip(lower) {
                *mixed = u16::from(*upper) * weights.0 + u16::from(*lower) * weights.1;
            }
            let from = target.data.len();
            target.data.resize(from + target.stride, 0);
            let (made, behind) = target.data[from..].split_at_mut(self.across.len());
            for (made, &Mix { first, weight }) in made.iter_mut().zip(&self.across) {
                let pair = self.mixed[first..].first_chunk().unwrap_or(&[0; 2]);
                let [left, right] = pair.map(u32::from);
                let sum = left * ((1 << ACROSS) - weight) + right * weight;
                *made = ((sum + (1 << (ACROSS + DOWN - 1))) >> (ACROSS + DOWN)) as u8;
            }
            // Behind the picture its edge goes on, as far as blocks do.
            behind.fill(made.last().copied().unwrap_or(0));
            self.made += 1;
        }
        if let Some(last) = count.checked_sub(1) {
            self.last.clear();
            self.last.extend_from_slice(&samples[last * stride..][..width]);
        }
        self.seen = end;
    }
}

//! Blocks of 8x8 samples to the numbers a JPEG codes.

use crate::cosine::{Row, ZIGZAG, factor, forward, transposed};

/// What each number of a transformed block is multiplied with, rows and columns changed.
pub(super) struct Divisors([Row; 8]);

impl Divisors {
    /// `steps` as a JPEG has them, in zigzag order.
    pub(super) fn new(steps: &[u8; 64]) -> Divisors {
        let mut rows = [[0.0; 8]; 8];
        for (&place, &step) in ZIGZAG.iter().zip(steps) {
            let (row, column) = (usize::from(place / 8), usize::from(place % 8));
            let divisor = f64::from(step.max(1)) * factor(row) * factor(column) * 8.0;
            rows[row][column] = (1.0 / divisor) as f32;
        }
        Divisors(rows)
    }
}

/// The block whose first sample is `samples[0]`, transformed and rounded, in zigzag order;
/// and which numbers of it are not zero, the first one lowest.
#[inline(always)]
pub(super) fn coefficients(samples: &[u8], stride: usize, divisors: &Divisors) -> ([i16; 64], u64) {
    let mut block = [[0.0; 8]; 8];
    for (row, line) in block.iter_mut().zip(samples.chunks(stride)) {
        if let Some(line) = line.first_chunk::<8>() {
            *row = line.map(|sample| f32::from(sample) - 128.0);
        }
    }
    forward(&mut block);
    let mut block = transposed(&block);
    forward(&mut block);
    let mut numbers = [0_i16; 64];
    for ((row, factors), numbers) in
        block.iter().zip(&divisors.0).zip(numbers.as_chunks_mut::<8>().0)
    {
        for ((value, factor), number) in row.iter().zip(factors).zip(numbers) {
            // Added to 3 * 2^22 a number has no room for digits behind the point: it is
            // rounded, and stands in the lowest bits.
            *number = ((value * factor + 12_582_912.0).to_bits() as i32 - 0x4b40_0000) as i16;
        }
    }
    let mut ordered = [0_i16; 64];
    for (ordered, &place) in ordered.iter_mut().zip(&ZIGZAG) {
        *ordered = numbers[usize::from(place & 63)];
    }
    let mut present = 0;
    for (place, number) in ordered.iter().enumerate() {
        present |= u64::from(*number != 0) << place;
    }
    (ordered, present)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU T.81, A.3.3, word for word.
    fn by_the_book(samples: &[u8]) -> Vec<f64> {
        let cosine = |at: usize, index: usize| {
            ((2 * at + 1) as f64 * index as f64 * std::f64::consts::PI / 16.0).cos()
        };
        let part = |index: usize| if index == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let mut all = Vec::new();
        for place in ZIGZAG {
            let (u, v) = (usize::from(place / 8), usize::from(place % 8));
            let sum: f64 = (0..64)
                .map(|at| {
                    let (x, y) = (at % 8, at / 8);
                    (f64::from(samples[at]) - 128.0) * cosine(x, u) * cosine(y, v)
                })
                .sum();
            all.push(sum * part(u) * part(v) / 4.0);
        }
        all
    }

    #[test]
    fn the_transform_is_the_standards() {
        assert_eq!(ZIGZAG[..6], [0, 8, 1, 2, 9, 16], "right, then down the diagonal");
        for seed in 0..20_u32 {
            let samples: Vec<u8> = (0..64_u32)
                .map(|at| ((at * at * 31 + seed * 977 + at * seed) % 256) as u8)
                .collect();
            let (numbers, present) = coefficients(&samples, 8, &Divisors::new(&[1; 64]));
            for (place, (got, expected)) in numbers.iter().zip(by_the_book(&samples)).enumerate() {
                assert!((f64::from(*got) - expected).abs() < 0.51, "{place}: {got} {expected}");
                assert_eq!(present >> place & 1 == 1, *got != 0);
            }
        }
    }
}

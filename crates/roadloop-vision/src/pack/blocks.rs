//! Blocks of 8x8 samples to the numbers a JPEG codes.

/// Numbers of a block in the order a JPEG has them (ITU T.81, figure A.6), by where they
/// stand in a block whose rows are its columns.
const ZIGZAG: [u8; 64] = zigzag();

/// Walks the diagonals, up and down in turn.
const fn zigzag() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut x, mut y, mut up, mut at) = (0_u8, 0_u8, true, 0);
    while at < 64 {
        order[at] = x * 8 + y;
        if up {
            if x == 7 {
                y += 1;
                up = false;
            } else if y == 0 {
                x += 1;
                up = false;
            } else {
                x += 1;
                y -= 1;
            }
        } else if y == 7 {
            x += 1;
            up = true;
        } else if x == 0 {
            y += 1;
            up = true;
        } else {
            x -= 1;
            y += 1;
        }
        at += 1;
    }
    order
}

type Row = [f32; 8];

/// What each number of a transformed block is multiplied with, rows and columns changed.
pub(super) struct Divisors([Row; 8]);

impl Divisors {
    /// `steps` as a JPEG has them, in zigzag order.
    pub(super) fn new(steps: &[u8; 64]) -> Divisors {
        let scale = |index: usize| match index {
            0 => 1.0,
            _ => (index as f64 * std::f64::consts::PI / 16.0).cos() * std::f64::consts::SQRT_2,
        };
        let mut rows = [[0.0; 8]; 8];
        for (&place, &step) in ZIGZAG.iter().zip(steps) {
            let (row, column) = (usize::from(place / 8), usize::from(place % 8));
            let divisor = f64::from(step.max(1)) * scale(row) * scale(column) * 8.0;
            rows[row][column] = (1.0 / divisor) as f32;
        }
        Divisors(rows)
    }
}

/// The block whose first sample is `samples[0]`, transformed and rounded, in zigzag order;
/// and which numbers of it are not zero, the first one lowest.
pub(super) fn coefficients(samples: &[u8], stride: usize, divisors: &Divisors) -> ([i16; 64], u64) {
    let mut block = [[0.0; 8]; 8];
    for (row, line) in block.iter_mut().zip(samples.chunks(stride)) {
        for (value, sample) in row.iter_mut().zip(line) {
            *value = f32::from(*sample) - 128.0;
        }
    }
    transform(&mut block);
    let mut block = transposed(&block);
    transform(&mut block);
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

fn transposed(block: &[Row; 8]) -> [Row; 8] {
    let mut turned = [[0.0; 8]; 8];
    for (y, row) in block.iter().enumerate() {
        for (x, value) in row.iter().enumerate() {
            turned[x][y] = *value;
        }
    }
    turned
}

/// The cosine transform of each column, but for the factors that [`Divisors`] make up for:
/// five multiplications (Arai, Agui and Nakajima, 1988). Eight columns at a time, so that
/// the compiler makes vectors of them.
fn transform(rows: &mut [Row; 8]) {
    const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    // cos(3π/8), and the sum and difference with sin(3π/8) the flow graph has.
    const A: f32 = 0.382_683_43;
    const B: f32 = 0.541_196_1;
    const C: f32 = 1.306_563;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = *rows;
    let (s07, d07) = (add(r0, r7), sub(r0, r7));
    let (s16, d16) = (add(r1, r6), sub(r1, r6));
    let (s25, d25) = (add(r2, r5), sub(r2, r5));
    let (s34, d34) = (add(r3, r4), sub(r3, r4));

    let (outer, outer_less) = (add(s07, s34), sub(s07, s34));
    let (inner, inner_less) = (add(s16, s25), sub(s16, s25));
    let turned = times(add(inner_less, outer_less), HALF);

    let (a, b, c) = (add(d34, d25), add(d25, d16), add(d16, d07));
    let shared = times(sub(a, c), A);
    let (low, high) = (add(times(a, B), shared), add(times(c, C), shared));
    let middle = times(b, HALF);
    let (more, less) = (add(d07, middle), sub(d07, middle));
    *rows = [
        add(outer, inner),
        add(more, high),
        add(outer_less, turned),
        sub(less, low),
        sub(outer, inner),
        add(less, low),
        sub(outer_less, turned),
        sub(more, high),
    ];
}

#[inline(always)]
fn add(a: Row, b: Row) -> Row {
    std::array::from_fn(|at| a[at] + b[at])
}

#[inline(always)]
fn sub(a: Row, b: Row) -> Row {
    std::array::from_fn(|at| a[at] - b[at])
}

#[inline(always)]
fn times(a: Row, factor: f32) -> Row {
    a.map(|value| value * factor)
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

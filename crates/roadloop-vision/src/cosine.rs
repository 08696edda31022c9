//! The cosine transform of blocks of 8x8, both ways, as reading and writing of JPEG share it.
//!
//! All of it is inlined into its callers: those hand it to the processor's widest vectors.

/// Numbers of a block in the order a JPEG has them (ITU T.81, figure A.6), by where they
/// stand in a block whose rows are its columns.
pub(crate) const ZIGZAG: [u8; 64] = zigzag();

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

pub(crate) type Row = [f32; 8];

/// What the flow graphs leave out of row or column `index` of a transformed block, as a
/// factor of it: 8 in all for each block and way.
pub(crate) fn factor(index: usize) -> f64 {
    match index {
        0 => 1.0,
        _ => (index as f64 * std::f64::consts::PI / 16.0).cos() * std::f64::consts::SQRT_2,
    }
}

#[inline(always)]
pub(crate) fn transposed(block: &[Row; 8]) -> [Row; 8] {
    let mut turned = [[0.0; 8]; 8];
    for (y, row) in block.iter().enumerate() {
        for (x, value) in row.iter().enumerate() {
            turned[x][y] = *value;
        }
    }
    turned
}

/// The cosine transform of each column, but for [`factor`]s: five multiplications (Arai,
/// Agui and Nakajima, 1988). Eight columns at a time, so that the compiler makes vectors of
/// them.
#[inline(always)]
pub(crate) fn forward(rows: &mut [Row; 8]) {
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

/// And back: the same flow graph from its end to its start, [`factor`]s put in before.
#[inline(always)]
pub(crate) fn inverse(rows: &mut [Row; 8]) {
    use std::f32::consts::SQRT_2;
    // 2 cos(π/8), and the difference and sum with 2 sin(π/8) the flow graph has.
    const A: f32 = 1.847_759_1;
    const B: f32 = 1.082_392_2;
    const C: f32 = 2.613_126;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = *rows;
    let (s04, d04) = (add(r0, r4), sub(r0, r4));
    let s26 = add(r2, r6);
    let d26 = sub(times(sub(r2, r6), SQRT_2), s26);
    let (outer, outer_less) = (add(s04, s26), sub(s04, s26));
    let (inner, inner_less) = (add(d04, d26), sub(d04, d26));

    let (s17, d17) = (add(r1, r7), sub(r1, r7));
    let (s53, d53) = (add(r5, r3), sub(r5, r3));
    let shared = times(add(d17, d53), A);
    let first = add(s17, s53);
    let second = sub(sub(shared, times(d53, C)), first);
    let third = sub(times(sub(s17, s53), SQRT_2), second);
    let fourth = sub(sub(shared, times(d17, B)), third);
    *rows = [
        add(outer, first),
        add(inner, second),
        add(inner_less, third),
        add(outer_less, fourth),
        sub(outer_less, fourth),
        sub(inner_less, third),
        sub(inner, second),
        sub(outer, first),
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

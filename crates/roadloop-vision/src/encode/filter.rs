//! PNG's row filters: each byte as its difference from a guess.

use crate::vector::on_wide_vectors;

/// The number in front of a filtered row (PNG, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Filter {
    Sub = 1,
    Up = 2,
    Average = 3,
    Paeth = 4,
}

impl Filter {
    const ALL: [Filter; 4] = [Filter::Paeth, Filter::Average, Filter::Sub, Filter::Up];

    /// The filter that leaves the least for this row, by the sum of absolute
    /// differences. `scratch` is as long as the row.
    pub(super) fn best(
        row: &[u8],
        above: &[u8],
        bytes_per_pixel: usize,
        scratch: &mut [u8],
    ) -> Filter {
        let mut best = (u64::MAX, Filter::Paeth);
        for filter in Filter::ALL {
            apply(filter, row, above, bytes_per_pixel, scratch);
            let size = sum_of_differences(scratch);
            if size < best.0 {
                best = (size, filter);
            }
        }
        best.1
    }

    fn guess(self, left: u8, up: u8, corner: u8) -> u8 {
        match self {
            Filter::Sub => left,
            Filter::Up => up,
            Filter::Average => average(left, up),
            Filter::Paeth => paeth(left, up, corner),
        }
    }
}

on_wide_vectors! {
    /// Filters a row into `out`. All three are of one length.
    pub(super) fn apply(
        filter: Filter,
        row: &[u8],
        above: &[u8],
        bytes_per_pixel: usize,
        out: &mut [u8],
    ) {
        let (first, out_rest) = out.split_at_mut(bytes_per_pixel);
        let (row_first, rest) = row.split_at(bytes_per_pixel);
        let (above_first, above_rest) = above.split_at(bytes_per_pixel);
        // Left of the first pixel lies 0.
        for ((out, &here), &up) in first.iter_mut().zip(row_first).zip(above_first) {
            *out = here.wrapping_sub(filter.guess(0, up, 0));
        }
        let neighbours = rest.iter().zip(row).zip(above_rest).zip(above);
        let pairs = out_rest.iter_mut().zip(neighbours);
        // One loop for each filter, so that each becomes vector code.
        match filter {
            Filter::Sub => pairs.for_each(|(out, (((&here, &left), _), _))| {
                *out = here.wrapping_sub(left);
            }),
            Filter::Up => pairs.for_each(|(out, (((&here, _), &up), _))| {
                *out = here.wrapping_sub(up);
            }),
            Filter::Average => pairs.for_each(|(out, (((&here, &left), &up), _))| {
                *out = here.wrapping_sub(average(left, up));
            }),
            Filter::Paeth => pairs.for_each(|(out, (((&here, &left), &up), &corner))| {
                *out = here.wrapping_sub(paeth(left, up, corner));
            }),
        }
    }
}

on_wide_vectors! {
    fn sum_of_differences(filtered: &[u8]) -> u64 {
        filtered.iter().map(|&byte| u64::from(byte.cast_signed().unsigned_abs())).sum()
    }
}

/// The mean, rounded down, without leaving eight bits.
fn average(left: u8, up: u8) -> u8 {
    (left & up) + ((left ^ up) >> 1)
}

/// Whichever of the three is nearest to `left + up - corner`; the first of
/// them at a tie. Without branches.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(up), i16::from(corner));
    let from_left = (b - c).abs();
    let from_up = (a - c).abs();
    let from_corner = (a + b - 2 * c).abs();
    let (nearer, distance) = if from_up < from_left { (up, from_up) } else { (left, from_left) };
    if from_corner < distance { corner } else { nearer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_follow_the_standard() {
        for left in (0..=255u8).step_by(5) {
            for up in (0..=255u8).step_by(3) {
                assert_eq!(u16::from(average(left, up)), (u16::from(left) + u16::from(up)) / 2);
                for corner in (0..=255u8).step_by(15) {
                    let (a, b, c) = (i32::from(left), i32::from(up), i32::from(corner));
                    let p = a + b - c;
                    let (pa, pb, pc) = ((p - a).abs(), (p - b).abs(), (p - c).abs());
                    // Word for word from PNG, section 9.4.
                    let expected = if pa <= pb && pa <= pc {
                        left
                    } else if pb <= pc {
                        up
                    } else {
                        corner
                    };
                    assert_eq!(paeth(left, up, corner), expected);
                }
            }
        }
    }
}

//! A picture laid into another one at a place and a size of its own, as mosaic, mixup, expand
//! and crop all do. Only what is seen of it is resized.

use std::ops::Range;

use roadloop_vision::{Pixels, Resampling, resize_part};

/// Where a picture comes to lie, in pixels of the one that it is laid into; parts of it may
/// be outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placement {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// Columns and rows of a picture.
pub(crate) type Area = (Range<usize>, Range<usize>);

/// Both pictures have three channels. Says which pixels were painted: those whose middle
/// lies inside the placement.
pub(crate) fn paste(
    target: &mut Pixels,
    source: &Pixels,
    at: Placement,
    how: Resampling,
) -> Option<Area> {
    let columns = seen(at.left, at.width, target.width());
    let rows = seen(at.top, at.height, target.height());
    let (across, down) =
        (f64::from(source.width()) / at.width, f64::from(source.height()) / at.height);
    let part = [
        (f64::from(columns.start) - at.left) * across,
        (f64::from(rows.start) - at.top) * down,
        (f64::from(columns.end) - at.left) * across,
        (f64::from(rows.end) - at.top) * down,
    ];
    let piece = resize_part(source, part, (columns.len() as u32, rows.len() as u32), how)?;
    let row_bytes = 3 * target.width() as usize;
    let (columns, rows) = (as_usize(columns), as_usize(rows));
    let lines = target.data_mut().chunks_exact_mut(row_bytes).skip(rows.start);
    for (line, new) in lines.zip(piece.data().chunks_exact(3 * columns.len())) {
        line[3 * columns.start..3 * columns.end].copy_from_slice(new);
    }
    Some((columns, rows))
}

/// Pixels of a side whose middle lies inside; none where a number is not finite.
fn seen(start: f64, length: f64, side: u32) -> Range<u32> {
    let inside = |edge: f64| (edge - 0.5).ceil().clamp(0.0, f64::from(side)) as u32;
    inside(start)..inside(start + length)
}

fn as_usize(range: Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::example::{filled, picture};

    /// Which of four pixels in a row a picture of two, 10 and 20, comes to lie on.
    #[track_caller]
    fn check(left: f64, width: f64, expected: [u8; 4]) {
        let source = picture(2, 1, vec![10, 10, 10, 20, 20, 20]);
        let mut target = filled(4, 1, [0; 3]);
        let at = Placement { left, top: 0.0, width, height: 1.0 };
        let painted = paste(&mut target, &source, at, Resampling::Nearest);
        let got: Vec<u8> = target.data().iter().step_by(3).copied().collect();
        assert_eq!(got, expected);
        let count = expected.iter().filter(|&&sample| sample != 0).count();
        assert_eq!(painted.map_or(0, |(columns, _)| columns.len()), count);
    }

    #[test]
    fn only_what_is_seen_is_painted() {
        check(0.0, 2.0, [10, 20, 0, 0]);
        check(1.0, 2.0, [0, 10, 20, 0]);
        check(-1.0, 2.0, [20, 0, 0, 0]);
        check(3.0, 2.0, [0, 0, 0, 10]);
        check(0.0, 4.0, [10, 10, 20, 20]);
        check(-4.0, 8.0, [20, 20, 20, 20]);
        check(0.4, 2.0, [10, 20, 0, 0]);
        check(0.6, 2.0, [0, 10, 20, 0]);
        check(4.0, 2.0, [0; 4]);
        check(-2.0, 2.0, [0; 4]);
        check(1.6, 0.5, [0; 4]);
        check(f64::NAN, 2.0, [0; 4]);
    }
}

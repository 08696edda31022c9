//! The nearest row in time or place, no further than a limit. Of several as
//! near it is the earliest in the file.

use std::cmp::Ordering;

/// IUGG's mean radius.
const EARTH_M: f64 = 6_371_008.8;

/// Rows by their time.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Ascending, each time once: the earliest row that has it.
    rows: Vec<(i64, u32)>,
}

impl Times {
    pub(crate) fn new(mut rows: Vec<(i64, u32)>) -> Times {
        rows.sort_unstable();
        rows.dedup_by_key(|(time, _)| *time);
        Times { rows }
    }

    pub(crate) fn nearest(&self, time: i64, within: u64) -> Option<u32> {
        let next = self.rows.partition_point(|(there, _)| *there < time);
        let neighbours = [next.checked_sub(1), Some(next)];
        let neighbours = neighbours.into_iter().flatten().filter_map(|place| self.rows.get(place));
        let near = neighbours.map(|(there, row)| (there.abs_diff(time), *row));
        near.filter(|(distance, _)| *distance <= within).min().map(|(_, row)| row)
    }
}

/// A place on the Earth's sphere in metres from its middle: no poles, no date
/// line, and what is nearer along the ground is nearer in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot([f64; 3]);

impl Spot {
    pub(crate) fn new(latitude: f64, longitude: f64) -> Spot {
        let (latitude, longitude) = (latitude.to_radians(), longitude.to_radians());
        let across = EARTH_M * latitude.cos();
        Spot([across * longitude.cos(), across * longitude.sin(), EARTH_M * latitude.sin()])
    }

    /// The square of the straight distance.
    pub(super) fn chord2(self, other: Spot) -> f64 {
        self.0.iter().zip(other.0).map(|(a, b)| (a - b) * (a - b)).sum()
    }
}

/// The square of the straight distance between places so far apart along the
/// ground.
pub(super) fn chord2_of(ground_m: f64) -> f64 {
    let half_way_round = std::f64::consts::PI * EARTH_M;
    let chord = 2.0 * EARTH_M * (ground_m.min(half_way_round) / (2.0 * EARTH_M)).sin();
    // What rounding takes from a distance that was written down exactly.
    chord * chord * (1.0 + 1e-12) + 1e-6
}

/// Rows by their place: a k-d tree, each half of a stretch split at its middle
/// along the next axis.
#[derive(Debug, Default)]
pub(crate) struct Places {
    rows: Vec<(Spot, u32)>,
}

impl Places {
    pub(crate) fn new(mut rows: Vec<(Spot, u32)>) -> Places {
        split(&mut rows, 0);
        Places { rows }
    }

    pub(crate) fn nearest(&self, spot: Spot, within_m: f64) -> Option<u32> {
        let mut best = Best { chord2: chord2_of(within_m), row: None };
        look(&self.rows, 0, spot, &mut best);
        best.row
    }
}

fn split(rows: &mut [(Spot, u32)], axis: usize) {
    if rows.len() < 2 {
        return;
    }
    let middle = rows.len() / 2;
    let along = |a: &(Spot, u32), b: &(Spot, u32)| a.0.0[axis].total_cmp(&b.0.0[axis]);
    rows.select_nth_unstable_by(middle, along);
    let (before, after) = rows.split_at_mut(middle);
    split(before, (axis + 1) % 3);
    split(&mut after[1..], (axis + 1) % 3);
}

struct Best {
    chord2: f64,
    row: Option<u32>,
}

fn look(rows: &[(Spot, u32)], axis: usize, spot: Spot, best: &mut Best) {
    if rows.is_empty() {
        return;
    }
    let (before, rest) = rows.split_at(rows.len() / 2);
    let ((there, row), after) = (rest[0], &rest[1..]);
    let chord2 = there.chord2(spot);
    let is_nearer = match chord2.total_cmp(&best.chord2) {
        Ordering::Less => true,
        Ordering::Equal => best.row.is_none_or(|best| row < best),
        Ordering::Greater => false,
    };
    if is_nearer {
        *best = Best { chord2, row: Some(row) };
    }
    let aside = spot.0[axis] - there.0[axis];
    let (near, far) = if aside < 0.0 { (before, after) } else { (after, before) };
    look(near, (axis + 1) % 3, spot, best);
    // As near is enough: an earlier row may be there.
    if aside * aside <= best.chord2 {
        look(far, (axis + 1) % 3, spot, best);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_time(times: &[i64], time: i64, within: u64, expected: Option<u32>) {
        let rows = times.iter().enumerate().map(|(row, time)| (*time, row as u32));
        assert_eq!(Times::new(rows.collect()).nearest(time, within), expected);
    }

    #[test]
    fn nearest_in_time() {
        check_time(&[], 5, 100, None);
        check_time(&[10, 20], 14, 100, Some(0));
        check_time(&[10, 20], 16, 100, Some(1));
        // As far is near enough, one further is not.
        check_time(&[10], 15, 5, Some(0));
        check_time(&[10], 16, 5, None);
        check_time(&[10], 10, 0, Some(0));
        // Ties go to the earlier row, whichever side it is on.
        check_time(&[10, 20], 15, 100, Some(0));
        check_time(&[20, 10], 15, 100, Some(0));
        check_time(&[20, 10, 10, 20], 10, 0, Some(1));
        check_time(&[i64::MIN, i64::MAX], 0, u64::MAX, Some(1));
        check_time(&[i64::MIN], i64::MAX, u64::MAX, Some(0));
    }

    #[track_caller]
    fn check_place(places: &[(f64, f64)], at: (f64, f64), within: f64, expected: Option<u32>) {
        let spots = places.iter().map(|(latitude, longitude)| Spot::new(*latitude, *longitude));
        let rows = spots.enumerate().map(|(row, spot)| (spot, row as u32));
        assert_eq!(Places::new(rows.collect()).nearest(Spot::new(at.0, at.1), within), expected);
    }

    #[test]
    fn nearest_by_position() {
        check_place(&[], (0.0, 0.0), 1e9, None);
        check_place(&[(48.1, 11.5), (48.2, 11.5)], (48.12, 11.5), 5_000.0, Some(0));
        // A degree of latitude is 111 195 m on this sphere.
        check_place(&[(49.0, 11.5)], (48.0, 11.5), 111_195.1, Some(0));
        check_place(&[(49.0, 11.5)], (48.0, 11.5), 111_195.0, None);
        check_place(&[(0.0, 179.9999)], (0.0, -179.9999), 25.0, Some(0));
        check_place(&[(90.0, 0.0)], (89.9999, 180.0), 12.0, Some(0));
        check_place(&[(48.1, 11.5)], (48.1, 11.5), 0.0, Some(0));
        check_place(&[(0.0, 0.0)], (0.0, 180.0), 1e9, Some(0));
        check_place(&[(48.2, 11.5), (48.1, 11.5), (48.1, 11.5)], (48.1, 11.5), 1.0, Some(1));
        check_place(&[(1.0, 0.0), (-1.0, 0.0)], (0.0, 0.0), 1e6, Some(0));
        check_place(&[(-1.0, 0.0), (1.0, 0.0)], (0.0, 0.0), 1e6, Some(0));
    }

    fn naive<T: PartialOrd + Copy>(distances: impl Iterator<Item = T>, limit: T) -> Option<u32> {
        let mut best: Option<(T, u32)> = None;
        for (row, distance) in distances.enumerate() {
            if distance <= limit && best.is_none_or(|(nearest, _)| distance < nearest) {
                best = Some((distance, row as u32));
            }
        }
        best.map(|(_, row)| row)
    }

    proptest! {
        #[test]
        fn the_nearest_in_time_is_what_looking_at_all_gives(
            times in prop::collection::vec(-50i64..50, 0..40),
            time in -60i64..60,
            within in 0u64..30,
        ) {
            let rows = times.iter().enumerate().map(|(row, time)| (*time, row as u32)).collect();
            let expected = naive(times.iter().map(|there| there.abs_diff(time)), within);
            prop_assert_eq!(Times::new(rows).nearest(time, within), expected);
        }

        // On a coarse grid, so that places coincide and lie symmetrically.
        #[test]
        fn the_nearest_place_is_what_looking_at_all_gives(
            places in prop::collection::vec((-3i32..4, -3i32..4), 0..60),
            at in (-4i32..5, -4i32..5),
            step in prop::sample::select(vec![1e-4, 0.5, 25.0]),
            within in prop::sample::select(vec![0.0, 12.0, 60_000.0, 5e6, 3e7]),
        ) {
            let spot = |(a, b): (i32, i32)| Spot::new(f64::from(a) * step, f64::from(b) * step);
            let spots: Vec<Spot> = places.into_iter().map(spot).collect();
            let at = spot(at);
            let rows = spots.iter().enumerate().map(|(row, spot)| (*spot, row as u32)).collect();
            let expected = naive(spots.iter().map(|there| there.chord2(at)), chord2_of(within));
            prop_assert_eq!(Places::new(rows).nearest(at, within), expected);
        }
    }
}

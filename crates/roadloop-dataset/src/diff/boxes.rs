//! Boxes of one image in two versions, put together.

use std::cmp::Ordering;

use super::BoxChanges;
use crate::{Area, SampleBox};

/// From which overlap on two boxes are of one thing.
const MATCHES: f64 = 0.5;
/// Boxes each box is compared with at most, so that a hostile image ends.
const MOST_NEIGHBOURS: usize = 1_000;

/// First what is the same, then pairs of a class from the most alike down.
pub(super) fn changes(old: &[SampleBox], new: &[SampleBox]) -> BoxChanges {
    if old == new {
        return BoxChanges { same: old.len() as u64, ..BoxChanges::default() };
    }
    let (old, new) = (rounded(old), rounded(new));
    let (mut old, mut new) = (sorted(&old), sorted(&new));
    let before = old.len();
    take_the_same(&mut old, &mut new);
    let same = (before - old.len()) as u64;
    let moved = matched(&old, &new);
    BoxChanges {
        same,
        moved,
        added: (new.len() as u64).saturating_sub(moved),
        removed: (old.len() as u64).saturating_sub(moved),
    }
}

/// To a millionth of a pixel: forms that have fractions of the image are not exact to the last
/// digit, and nobody moved such a box.
fn rounded(boxes: &[SampleBox]) -> Vec<SampleBox> {
    let round = |side: f64| match (side * 1e6).round() / 1e6 {
        rounded if rounded.is_finite() => rounded,
        _ => side,
    };
    let mut boxes = boxes.to_vec();
    for found in &mut boxes {
        let sides: [f64; 4] = found.area.into();
        if let Ok(area) = Area::try_from(sides.map(round)) {
            found.area = area;
        }
    }
    boxes
}

/// By class, then from left to right.
fn sorted(boxes: &[SampleBox]) -> Vec<&SampleBox> {
    let mut sorted: Vec<&SampleBox> = boxes.iter().collect();
    sorted.sort_by(|one, other| order(one, other));
    sorted
}

fn order(one: &SampleBox, other: &SampleBox) -> Ordering {
    let sides = |found: &SampleBox| {
        let area = found.area;
        [area.left(), area.top(), area.width(), area.height()]
    };
    let by_sides = || {
        let pairs = sides(one).into_iter().zip(sides(other));
        // `-0` and `0` are one place.
        let mut orders =
            pairs.map(|(one, other)| one.partial_cmp(&other).unwrap_or(Ordering::Equal));
        orders.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    one.class.cmp(&other.class).then_with(by_sides)
}

/// Both are sorted, and stay so.
fn take_the_same(old: &mut Vec<&SampleBox>, new: &mut Vec<&SampleBox>) {
    let mut is_taken = vec![false; new.len()];
    let mut from = 0;
    old.retain(|before| {
        while new.get(from).is_some_and(|now| order(now, before).is_lt()) {
            from += 1;
        }
        for (now, is_taken) in new.iter().zip(&mut is_taken).skip(from).take(MOST_NEIGHBOURS) {
            if order(now, before).is_gt() {
                break;
            }
            if !*is_taken && *now == *before {
                *is_taken = true;
                return false;
            }
        }
        true
    });
    let mut is_taken = is_taken.into_iter();
    new.retain(|_| !is_taken.next().unwrap_or_default());
}

/// How many pairs there are, none of them in two.
fn matched(old: &[&SampleBox], new: &[&SampleBox]) -> u64 {
    let widest = new.iter().map(|now| now.area.width()).fold(0.0, f64::max);
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (place, before) in old.iter().enumerate() {
        // Of what overlaps by a half, one begins within the width of the other.
        let first = new.partition_point(|now| {
            let is_before = now.area.left() < before.area.left() - widest;
            now.class < before.class || (now.class == before.class && is_before)
        });
        for (other, now) in new.iter().enumerate().skip(first).take(MOST_NEIGHBOURS) {
            if now.class != before.class || now.area.left() > before.area.right() {
                break;
            }
            let overlap = before.area.iou(now.area);
            // Where nothing is inside there is no overlap, but it may be the same place.
            if overlap >= MATCHES || before.area == now.area {
                pairs.push((overlap, place, other));
            }
        }
    }
    pairs.sort_by(|one, other| {
        other.0.total_cmp(&one.0).then_with(|| (one.1, one.2).cmp(&(other.1, other.2)))
    });
    let (mut is_old_taken, mut is_new_taken) = (vec![false; old.len()], vec![false; new.len()]);
    let mut count = 0;
    for (_, place, other) in pairs {
        if let (Some(here @ false), Some(there @ false)) =
            (is_old_taken.get_mut(place), is_new_taken.get_mut(other))
        {
            (*here, *there) = (true, true);
            count += 1;
        }
    }
    count
}

//! Units to splits.
//!
//! At random: the larger ones first, each to the split that lacks most images. Sizes count
//! as alike within a power of two, and the seed shuffles those: were they sorted to the
//! image, every seed would give the same split of recordings that differ in length. What a
//! split gets too much is less than one unit. Where units are few they are then exchanged,
//! while that helps.
//!
//! By class: iterative stratification (Sechidis, Tsoumakas and Vlahavas, On the
//! stratification of multi-label data, ECML 2011), with units for items and boxes for
//! labels. The rarest class goes first, as what is done wrong there cannot be mended later.
//!
//! In all ways no split that should have something stays empty while there are units enough.

use std::collections::{BTreeMap, BTreeSet};

use super::units::Unit;
use crate::{DatasetError, Split};

/// Units that are exchanged: pairs of more take long, and single ones weigh little.
const FEW: usize = 500;
/// It ends by itself, mostly after three.
const MOST_PASSES: usize = 50;

/// What splits still want.
struct Wanted {
    /// Whether a split is to have anything.
    is_open: [bool; 3],
    /// Images; below zero where there are too many.
    images: [f64; 3],
    /// Units each has.
    units: [u64; 3],
    /// Units nobody has.
    left: usize,
    assigned: Vec<Option<usize>>,
}

impl Wanted {
    /// Those an earlier version has put somewhere are there already.
    fn of(units: &[Unit], parts: [f64; 3]) -> Wanted {
        let all: u64 = units.iter().map(|unit| unit.images).sum();
        let mut wanted = Wanted {
            is_open: parts.map(|part| part > 0.0),
            images: parts.map(|part| part * all as f64),
            units: [0; 3],
            left: units.len(),
            assigned: vec![None; units.len()],
        };
        for (place, unit) in units.iter().enumerate() {
            if let Some(kept) = unit.kept {
                wanted.give(place, unit, kept);
            }
        }
        wanted
    }

    fn give(&mut self, place: usize, unit: &Unit, split: usize) {
        self.images[split] -= unit.images as f64;
        self.units[split] += 1;
        self.left -= 1;
        self.assigned[place] = Some(split);
    }

    /// The split that wants most of `want`, then of images; what is equal, the unit's hash
    /// tells apart.
    fn choose(&self, unit: &Unit, want: [f64; 3]) -> usize {
        let is_empty = |split: usize| self.is_open[split] && self.units[split] == 0;
        let empty = (0..3).filter(|split| is_empty(*split)).count();
        let only_empty = empty > 0 && self.left <= empty;
        let may_have = |split: &usize| {
            if only_empty { is_empty(*split) } else { self.is_open[*split] }
        };
        let turned = |split: usize| (split as u64 + unit.shuffled % 3) % 3;
        (0..3)
            .filter(may_have)
            .max_by(|one, other| {
                let by_want = want[*one].total_cmp(&want[*other]);
                by_want
                    .then_with(|| self.images[*one].total_cmp(&self.images[*other]))
                    .then_with(|| turned(*one).cmp(&turned(*other)))
            })
            .unwrap_or_default()
    }

    /// Whether it is better if that many images go from one split to the other.
    fn is_nearer(&self, from: usize, to: usize, images: f64) -> bool {
        let [lacks, other_lacks] = [self.images[from], self.images[to]];
        let now = lacks.powi(2) + other_lacks.powi(2);
        let then = (lacks + images).powi(2) + (other_lacks - images).powi(2);
        // What is better by less is better by rounding.
        from != to && then < now - 1e-6
    }

    fn shift(&mut self, from: usize, to: usize, images: f64) {
        self.images[from] += images;
        self.images[to] -= images;
    }

    fn finish(self) -> Vec<usize> {
        self.assigned.into_iter().map(Option::unwrap_or_default).collect()
    }
}

/// The larger first, alike within a power of two.
fn in_order(units: &[Unit]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..units.len()).filter(|place| units[*place].kept.is_none()).collect();
    order.sort_by_key(|place| {
        let unit = &units[*place];
        (unit.images.leading_zeros(), unit.shuffled, *place)
    });
    order
}

pub(super) fn random(units: &[Unit], parts: [f64; 3]) -> Vec<usize> {
    let mut wanted = Wanted::of(units, parts);
    let order = in_order(units);
    for &place in &order {
        let split = wanted.choose(&units[place], wanted.images);
        wanted.give(place, &units[place], split);
    }
    if order.len() <= FEW {
        exchange(units, &order, &mut wanted);
    }
    wanted.finish()
}

/// Moves units, and exchanges pairs, for as long as that brings images nearer to what was
/// wanted, in squares: with few units the order in which they were given leaves much.
fn exchange(units: &[Unit], order: &[usize], wanted: &mut Wanted) {
    let images = |place: usize| units[place].images as f64;
    for _ in 0..MOST_PASSES {
        let mut is_better = false;
        for (at, one) in order.iter().enumerate() {
            for to in 0..3 {
                let from = wanted.assigned[*one].unwrap_or_default();
                let may_move = wanted.is_open[to] && wanted.units[from] > 1;
                if may_move && wanted.is_nearer(from, to, images(*one)) {
                    wanted.shift(from, to, images(*one));
                    wanted.units[from] -= 1;
                    wanted.units[to] += 1;
                    wanted.assigned[*one] = Some(to);
                    is_better = true;
                }
            }
            for other in order.iter().skip(at + 1) {
                let from = wanted.assigned[*one].unwrap_or_default();
                let to = wanted.assigned[*other].unwrap_or_default();
                let more = images(*one) - images(*other);
                if wanted.is_nearer(from, to, more) {
                    wanted.shift(from, to, more);
                    wanted.assigned[*one] = Some(to);
                    wanted.assigned[*other] = Some(from);
                    is_better = true;
                }
            }
        }
        if !is_better {
            break;
        }
    }
}

pub(super) fn stratified(units: &[Unit], parts: [f64; 3]) -> Vec<usize> {
    let mut wanted = Wanted::of(units, parts);
    let order = in_order(units);
    let mut wants: BTreeMap<u64, [f64; 3]> = BTreeMap::new();
    for unit in units {
        for (class, count) in &unit.counts {
            let want = wants.entry(*class).or_default();
            for split in 0..3 {
                want[split] += parts[split] * *count as f64;
            }
            if let Some(kept) = unit.kept {
                want[kept] -= *count as f64;
            }
        }
    }
    let mut left: BTreeMap<u64, u64> = BTreeMap::new();
    let mut with_class: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for place in order {
        for (class, count) in &units[place].counts {
            *left.entry(*class).or_default() += count;
            with_class.entry(*class).or_default().push(place);
        }
    }
    let mut rarest: BTreeSet<(u64, u64)> =
        left.iter().map(|(class, count)| (*count, *class)).collect();
    while let Some((_, class)) = rarest.pop_first() {
        left.remove(&class);
        for place in with_class.remove(&class).unwrap_or_default() {
            if wanted.assigned[place].is_some() {
                continue;
            }
            let unit = &units[place];
            let split = wanted.choose(unit, wants.get(&class).copied().unwrap_or_default());
            wanted.give(place, unit, split);
            for (class, count) in &unit.counts {
                if let Some(want) = wants.get_mut(class) {
                    want[split] -= *count as f64;
                }
                if let Some(of_class) = left.get_mut(class) {
                    rarest.remove(&(*of_class, *class));
                    *of_class -= count;
                    rarest.insert((*of_class, *class));
                }
            }
        }
    }
    wanted.finish()
}

/// The earliest to training, then to validation, then to test. A unit's time is its
/// earliest.
pub(super) fn by_time(units: &[Unit], parts: [f64; 3]) -> Result<Vec<usize>, DatasetError> {
    let without = |unit: &&Unit| unit.kept.is_none() && unit.earliest.is_none();
    let timeless = units.iter().filter(without).count();
    if let Some(unit) = units.iter().find(without) {
        return Err(DatasetError::Settings(format!(
            "a split by time needs the time of each image, and {timeless} of {} groups have \
             none ({} is the first): leave them out, or split at random (--split-by random)",
            units.len(),
            crate::error::shown(&unit.key)
        )));
    }
    let mut wanted = Wanted::of(units, parts);
    let mut order: Vec<usize> =
        (0..units.len()).filter(|place| units[*place].kept.is_none()).collect();
    order.sort_by_key(|place| (units[*place].earliest, *place));

    let mut before: Vec<f64> = vec![0.0];
    for place in &order {
        let images = units[*place].images as f64;
        before.push(before.last().copied().unwrap_or_default() + images);
    }
    // What is too much somewhere already is taken from what the others want.
    let lacking = wanted.images.map(|images| images.max(0.0));
    let lacking_in_all: f64 = lacking.iter().sum();
    let all = before.last().copied().unwrap_or_default();
    let scale = if lacking_in_all > 0.0 { all / lacking_in_all } else { 0.0 };
    let open: Vec<usize> = (0..3).filter(|split| wanted.is_open[*split]).collect();
    let needs = |split: usize| usize::from(wanted.units[split] == 0);
    let needed: usize = open.iter().map(|split| needs(*split)).sum();
    let is_enough = order.len() >= needed;

    let (mut from, mut until, mut still_needed) = (0, 0.0, needed);
    let mut cuts = Vec::new();
    for split in &open {
        until += lacking[*split] * scale;
        still_needed -= needs(*split);
        let nearest = nearest(&before, until);
        let (least, most) = if is_enough {
            (from + needs(*split), order.len() - still_needed)
        } else {
            (from, order.len())
        };
        let is_last = open.last() == Some(split);
        let to = if is_last { order.len() } else { nearest.clamp(least, most.max(least)) };
        cuts.push((*split, from, to));
        from = to;
    }
    for (split, from, to) in cuts {
        for place in order.get(from..to).unwrap_or_default() {
            wanted.give(*place, &units[*place], split);
        }
    }
    Ok(wanted.finish())
}

/// The place of what is nearest; of two as near, the first.
fn nearest(sorted: &[f64], value: f64) -> usize {
    let above = sorted.partition_point(|one| *one < value);
    let distance =
        |place: usize| sorted.get(place).map_or(f64::INFINITY, |one| (one - value).abs());
    let below = above.saturating_sub(1);
    if distance(below) <= distance(above) { below } else { above }
}

/// For messages.
pub(super) fn name(split: usize) -> &'static str {
    Split::ALL.get(split).map_or("train", |split| split.name())
}

//! Images of different splits that look nearly the same.
//!
//! Two hashes that differ in fewer than ten of 64 bits have, of five parts, one that differs
//! in at most one bit: else it were ten (the pigeonholes of Norouzi, Punjani and Fleet, Fast
//! search in Hamming space with multi-index hashing, CVPR 2012). So each image is compared
//! with those that share a part but for a bit, less than a hundredth of all where looks are
//! spread; at worst, where all look alike, with each of them five times. All cores help.

use std::collections::BinaryHeap;
use std::ops::Range;
use std::thread;

use roadloop_base::PictureHash;

/// Lowest bit and number of bits of each part.
const PARTS: [(u32, u32); 5] = [(0, 13), (13, 13), (26, 13), (39, 13), (52, 12)];
const _: () = assert!(PictureHash::NEAR as usize <= 2 * PARTS.len(), "a part has one bit at most");
/// Compared at once, without asking which of them was near.
const STEP: usize = 32;
/// Below it, a second thread costs more than it saves.
const FEW: usize = 256;

/// What images of one content and split look like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) bits: u64,
    pub(super) sha256: u128,
    /// The first of them.
    pub(super) image: u32,
    /// How many there are.
    pub(super) images: u32,
}

/// Fields in the order by which the nearest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) distance: u32,
    pub(super) one: u32,
    pub(super) other: u32,
}

#[derive(Debug, PartialEq)]
pub(super) struct Near {
    /// All that have one in another split.
    pub(super) images: u64,
    /// The nearest, at most as many as asked for.
    pub(super) pairs: Vec<Pair>,
}

/// Compares images of each split with those of the others. Those that are byte for byte the
/// same are not meant.
pub(super) fn near(looks: &[Vec<Look>; 3], most: usize) -> Near {
    let mut is_near: [Vec<bool>; 3] = [0, 1, 2].map(|split: usize| vec![false; looks[split].len()]);
    let mut pairs: Vec<Pair> = Vec::new();
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let sides = Sides { ones: &looks[one], others: &looks[other], most };
        for part in sides.compare() {
            for (place, is_it) in part.range.clone().zip(part.ones) {
                is_near[one][place] |= is_it;
            }
            for (place, is_it) in part.others.into_iter().enumerate() {
                is_near[other][place] |= is_it;
            }
            pairs.extend(part.nearest);
        }
    }
    pairs.sort_unstable();
    pairs.truncate(most);
    let of_split = |split: usize| {
        let involved = looks[split].iter().zip(&is_near[split]).filter(|(_, is_near)| **is_near);
        involved.map(|(look, _)| u64::from(look.images)).sum::<u64>()
    };
    Near { images: (0..3).map(of_split).sum(), pairs }
}

struct Sides<'a> {
    ones: &'a [Look],
    others: &'a [Look],
    most: usize,
}

/// What a thread found.
struct Part {
    range: Range<usize>,
    /// Of its range.
    ones: Vec<bool>,
    /// Of all others.
    others: Vec<bool>,
    /// The farthest on top, to be replaced.
    nearest: BinaryHeap<Pair>,
}

impl Sides<'_> {
    fn compare(&self) -> Vec<Part> {
        if self.ones.is_empty() || self.others.is_empty() {
            return Vec::new();
        }
        let tables: Vec<Table> = PARTS.iter().map(|part| Table::of(self.others, *part)).collect();
        let tables = tables.as_slice();
        let threads = if self.ones.len() < FEW {
            1
        } else {
            thread::available_parallelism().map_or(1, std::num::NonZero::get)
        };
        let each = self.ones.len().div_ceil(threads);
        let ranges = (0..threads).map(|at| at * each..((at + 1) * each).min(self.ones.len()));
        let ranges: Vec<Range<usize>> = ranges.filter(|range| !range.is_empty()).collect();
        thread::scope(|scope| {
            let started: Vec<_> = ranges
                .into_iter()
                .map(|range| scope.spawn(move || self.compare_range(range, tables)))
                .collect();
            // A thread that panics is a bug of ours, and is one here as well.
            started
                .into_iter()
                .map(|thread| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })
                .collect()
        })
    }

    fn compare_range(&self, range: Range<usize>, tables: &[Table]) -> Part {
        let mut part = Part {
            ones: vec![false; range.len()],
            others: vec![false; self.others.len()],
            nearest: BinaryHeap::new(),
            range: range.clone(),
        };
        let ones = self.ones.get(range).unwrap_or_default();
        // A table after the other, as one of them fits into the processor's memory.
        for (number, table) in tables.iter().enumerate() {
            for (place, one) in ones.iter().enumerate() {
                let value = table.value(one.bits);
                let flipped = (0..table.part.1).map(|bit| value ^ (1 << bit));
                for value in std::iter::once(value).chain(flipped) {
                    let (bits, places) = table.with(value);
                    for (bits, places) in bits.chunks(STEP).zip(places.chunks(STEP)) {
                        if any_near(one.bits, bits) {
                            self.look_closer(&mut part, place, one, places, number);
                        }
                    }
                }
            }
        }
        part
    }

    /// `table` is the one in which others were found.
    fn look_closer(&self, part: &mut Part, place: usize, one: &Look, others: &[u32], table: usize) {
        for at in others.iter().map(|at| *at as usize) {
            let Some(other) = self.others.get(at) else { continue };
            let distance = PictureHash(one.bits).distance(PictureHash(other.bits));
            if distance >= PictureHash::NEAR || one.sha256 == other.sha256 {
                continue;
            }
            if let Some(is_near) = part.ones.get_mut(place) {
                *is_near = true;
            }
            if let Some(is_near) = part.others.get_mut(at) {
                *is_near = true;
            }
            // An earlier table has it as well.
            let differing = one.bits ^ other.bits;
            let mut earlier = PARTS.iter().take(table);
            if earlier.any(|part| value(differing, *part).count_ones() <= 1) {
                continue;
            }
            let pair = Pair { distance, one: one.image, other: other.image };
            if part.nearest.len() < self.most {
                part.nearest.push(pair);
            } else if let Some(mut farthest) = part.nearest.peek_mut()
                && pair < *farthest
            {
                *farthest = pair;
            }
        }
    }
}

/// Looks by one part of their bits.
struct Table {
    part: (u32, u32),
    /// For each value of the part, where those with it begin, and behind them the end.
    starts: Vec<u32>,
    bits: Vec<u64>,
    places: Vec<u32>,
}

impl Table {
    /// Looks are fewer than 2³², as images are.
    fn of(looks: &[Look], part: (u32, u32)) -> Table {
        let mut places: Vec<u32> = (0..).take(looks.len()).collect();
        let bits = |place: u32| looks.get(place as usize).map_or(0, |look| look.bits);
        places.sort_by_key(|place| value(bits(*place), part));
        let bits: Vec<u64> = places.iter().map(|place| bits(*place)).collect();
        let mut starts = Vec::with_capacity((1 << part.1) + 1);
        let mut from = 0;
        for wanted in 0..=1u64 << part.1 {
            while bits.get(from).is_some_and(|bits| value(*bits, part) < wanted) {
                from += 1;
            }
            starts.push(u32::try_from(from).unwrap_or(u32::MAX));
        }
        Table { part, starts, bits, places }
    }

    fn value(&self, bits: u64) -> u64 {
        value(bits, self.part)
    }

    /// All with that value: their bits and their places.
    fn with(&self, value: u64) -> (&[u64], &[u32]) {
        let start = |value: u64| self.starts.get(value as usize).map_or(0, |start| *start as usize);
        let range = start(value)..start(value + 1);
        let bits = self.bits.get(range.clone()).unwrap_or_default();
        (bits, self.places.get(range).unwrap_or_default())
    }
}

fn value(bits: u64, (lowest, number): (u32, u32)) -> u64 {
    (bits >> lowest) & ((1 << number) - 1)
}

/// Without a branch for each, so that the compiler counts bits of several at once.
fn any_near(one: u64, others: &[u64]) -> bool {
    let near =
        |count: u32, other: &u64| count + u32::from((one ^ other).count_ones() < PictureHash::NEAR);
    others.iter().fold(0, near) > 0
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    /// Numbers that look random, the same each time (splitmix64).
    fn mixed(number: u64) -> u64 {
        let mut bits = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn looks(from: u64, count: u64) -> Vec<Look> {
        let look = |number: u64| Look {
            bits: mixed(number),
            sha256: u128::from(number),
            image: number as u32,
            images: 1,
        };
        (from..from + count).map(look).collect()
    }

    fn slowly(looks: &[Vec<Look>; 3], most: usize) -> Near {
        let mut pairs = Vec::new();
        let mut involved = std::collections::BTreeMap::new();
        for (one_split, ones) in looks.iter().enumerate() {
            for others in looks.iter().skip(one_split + 1) {
                for (one, other) in
                    ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)))
                {
                    let distance = (one.bits ^ other.bits).count_ones();
                    if distance < PictureHash::NEAR && one.sha256 != other.sha256 {
                        pairs.push(Pair { distance, one: one.image, other: other.image });
                        involved.insert(one.image, u64::from(one.images));
                        involved.insert(other.image, u64::from(other.images));
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.truncate(most);
        Near { images: involved.values().sum(), pairs }
    }

    /// Up to 13 bits anywhere.
    fn flips() -> impl Strategy<Value = u64> {
        let bits = proptest::collection::vec(0u32..64, 0..14);
        bits.prop_map(|bits| bits.into_iter().fold(0, |all, bit| all | 1u64 << bit))
    }

    proptest! {
        #[test]
        fn parts_and_threads_find_what_is_there(
            sizes in [0u64..700, 0u64..200, 0u64..200],
            planted in proptest::collection::vec(
                (any::<prop::sample::Index>(), any::<prop::sample::Index>(), flips()),
                0..20,
            ),
            most in 0usize..8,
        ) {
            let [first, second, third] = sizes;
            let mut all =
                [looks(0, first), looks(first, second), looks(first + second, third)];
            for (from, to, bits) in planted {
                if first == 0 || second == 0 {
                    break;
                }
                let source = all[0][from.index(first as usize)].bits;
                let target = &mut all[1][to.index(second as usize)];
                target.bits = source ^ bits;
                target.images = 2;
            }
            prop_assert_eq!(near(&all, most), slowly(&all, most));
        }
    }

    #[test]
    #[ignore = "measures: cargo test --release -p roadloop-dataset -- --ignored --nocapture near"]
    #[expect(clippy::print_stdout, reason = "it is there to be read")]
    fn a_hundred_thousand_images_and_a_million() {
        for thousands in [100, 1_000] {
            let train = thousands * 600;
            let other = thousands * 200;
            let all = [looks(0, train), looks(train, other), looks(train + other, other)];
            let start = Instant::now();
            let found = near(&all, 5);
            println!("{thousands}k images: {:?}, {} near", start.elapsed(), found.images);
            assert!(found.pairs.len() <= 5);
        }
    }
}

//! What is split: samples that stay together, and what is on them.

use std::collections::{BTreeMap, HashMap};

use roadloop_base::Nanos;
use sha2::{Digest, Sha256};

use super::{SplitSettings, unit_key};
use crate::{Sample, Split};

/// Classes are below it.
const EMPTY: u64 = 1 << 32;
const UNLABELLED: u64 = EMPTY + 1;

/// Samples that are never torn apart.
#[derive(Debug)]
pub(super) struct Unit {
    /// The first of its keys by alphabet; images that are the same may have joined several.
    pub(super) key: String,
    /// Its place in a row that the seed has shuffled.
    pub(super) shuffled: u64,
    pub(super) images: u64,
    /// Boxes of each class, and images with nothing and with no answer as classes of their
    /// own; sorted by class.
    pub(super) counts: Vec<(u64, u64)>,
    pub(super) earliest: Option<Nanos>,
    /// Place among the splits, by an earlier version.
    pub(super) kept: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Units {
    /// By key.
    pub(super) units: Vec<Unit>,
    /// For each sample, its unit's place.
    pub(super) of_sample: Vec<usize>,
    /// Images that an earlier version has put into two splits.
    pub(super) torn_before: u64,
}

impl Units {
    pub(super) fn of(
        samples: &[Sample],
        settings: &SplitSettings,
        kept: &HashMap<String, Split>,
    ) -> Units {
        let keys: Vec<String> =
            samples.iter().map(|sample| unit_key(sample, settings.group)).collect();
        let mut distinct: Vec<&str> = keys.iter().map(String::as_str).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |key: &str| distinct.binary_search(&key).unwrap_or_default();
        let places: Vec<usize> = keys.iter().map(|key| place(key)).collect();
        let kept = |key: &&str| kept.get(*key).map(|split| *split as usize);
        let mut joined = Joined {
            parent: (0..distinct.len()).collect(),
            kept: distinct.iter().map(kept).collect(),
        };
        let torn_before = join_the_same(samples, &places, &mut joined);

        let mut units: Vec<Unit> = Vec::new();
        let mut counts: Vec<BTreeMap<u64, u64>> = Vec::new();
        let mut unit_of = vec![usize::MAX; distinct.len()];
        // A root is the first of its own by alphabet, so units are sorted by key.
        for (place, key) in distinct.iter().enumerate() {
            let root = joined.root(place);
            if root == place {
                let shuffled = shuffled(settings.seed, key);
                let kept = joined.kept.get(root).copied().flatten();
                unit_of[place] = units.len();
                let (images, earliest) = (0, None);
                units.push(Unit {
                    key: (*key).to_owned(),
                    shuffled,
                    images,
                    counts: Vec::new(),
                    earliest,
                    kept,
                });
                counts.push(BTreeMap::new());
            } else {
                unit_of[place] = unit_of[root];
            }
        }
        let of_sample: Vec<usize> = places.iter().map(|place| unit_of[*place]).collect();
        for (sample, unit) in samples.iter().zip(&of_sample) {
            count(sample, &mut units[*unit], &mut counts[*unit], settings.stratify);
        }
        for (unit, counts) in units.iter_mut().zip(counts) {
            unit.counts = counts.into_iter().collect();
        }
        Units { units, of_sample, torn_before }
    }
}

fn count(sample: &Sample, unit: &mut Unit, counts: &mut BTreeMap<u64, u64>, classes: bool) {
    unit.images += 1;
    unit.earliest = [unit.earliest, sample.taken_at].into_iter().flatten().min();
    if !classes {
        return;
    }
    match &sample.boxes {
        None => *counts.entry(UNLABELLED).or_default() += 1,
        Some(boxes) if boxes.is_empty() => *counts.entry(EMPTY).or_default() += 1,
        Some(boxes) => {
            for found in boxes {
                *counts.entry(u64::from(found.class)).or_default() += 1;
            }
        }
    }
}

/// No state outside: the same seed and key are at the same place on every machine.
fn shuffled(seed: u64, key: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(key.as_bytes());
    hash.finalize().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Joins units that have an image in common. Two that an earlier version has put into
/// different splits stay there, as models were measured on them; gives how many images that
/// are.
fn join_the_same(samples: &[Sample], places: &[usize], joined: &mut Joined) -> u64 {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for (sample, place) in samples.iter().zip(places) {
        if let Some(content) = &sample.image.content {
            seen.push((&content.sha256, *place));
        }
    }
    // Sorted, so that what is joined does not depend on the order of samples.
    seen.sort_unstable();
    let mut torn = 0;
    for same in seen.chunk_by(|one, other| one.0 == other.0) {
        let Some(((_, first), others)) = same.split_first() else { continue };
        let apart = others.iter().filter(|(_, other)| !joined.join(*first, *other)).count();
        torn += u64::from(apart > 0);
    }
    torn
}

/// Sets of places that grow together.
struct Joined {
    parent: Vec<usize>,
    /// Of roots.
    kept: Vec<Option<usize>>,
}

impl Joined {
    fn root(&mut self, place: usize) -> usize {
        let mut at = place;
        while self.parent[at] != at {
            // Halves the way for the next one.
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    /// Whether they are together now.
    fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        let (root, joins) = (one.min(other), one.max(other));
        match (self.kept[root], self.kept[joins]) {
            (Some(here), Some(there)) if here != there => return false,
            (here, there) => self.kept[root] = here.or(there),
        }
        self.parent[joins] = root;
        true
    }
}

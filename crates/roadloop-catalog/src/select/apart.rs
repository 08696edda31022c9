//! Pictures that all look different from each other.

use roadloop_base::PictureHash;

/// Parts of a hash, of 16 bits each.
const PARTS: u32 = 4;

/// A look into a part's table costs as much as so many comparisons: it is
/// rarely in the cache.
const COST_OF_LOOK: usize = 16;

/// Hashes of which any two are at least `least` bits apart.
///
/// While there are few, a new one is compared with all of them: n pictures of
/// which k are kept cost at most n times k comparisons of a nanosecond, a second
/// for a thousand out of a million. With many, only those are compared that are
/// near in one of four parts: two hashes less than `least` bits apart differ in
/// one of them by at most a quarter of that. Memory: 24 bytes for each kept.
#[derive(Debug)]
pub(super) struct Apart {
    least: u32,
    kept: Vec<PictureHash>,
    /// Differences of a part that make another one near it.
    masks: Vec<u16>,
    /// From this many on, tables are used.
    many: usize,
    /// For each part, by its value: places in `kept`.
    tables: Vec<Vec<Vec<u32>>>,
}

impl Apart {
    pub(super) fn new(least: u32) -> Apart {
        let most = least.saturating_sub(1) / PARTS;
        let masks: Vec<u16> = (0..=u16::MAX).filter(|mask| mask.count_ones() <= most).collect();
        let many = PARTS as usize * masks.len() * COST_OF_LOOK;
        Apart { least, kept: Vec::new(), masks, many, tables: Vec::new() }
    }

    /// Keeps a hash that is far enough from all that are kept.
    pub(super) fn keep(&mut self, hash: PictureHash) -> bool {
        if self.is_near_one(hash) {
            return false;
        }
        self.kept.push(hash);
        if !self.tables.is_empty() {
            self.note(self.kept.len() - 1);
        } else if self.kept.len() > self.many {
            self.tables = vec![vec![Vec::new(); 1 << 16]; PARTS as usize];
            (0..self.kept.len()).for_each(|place| self.note(place));
        }
        true
    }

    fn note(&mut self, place: usize) {
        for (part, table) in self.tables.iter_mut().enumerate() {
            table[usize::from(part_of(self.kept[place], part))].push(place as u32);
        }
    }

    fn is_near_one(&self, hash: PictureHash) -> bool {
        let is_near = |kept: &PictureHash| hash.distance(*kept) < self.least;
        if self.tables.is_empty() {
            return self.kept.iter().any(is_near);
        }
        self.tables.iter().enumerate().any(|(part, table)| {
            let value = part_of(hash, part);
            self.masks.iter().any(|mask| {
                let places = &table[usize::from(value ^ mask)];
                places.iter().any(|place| is_near(&self.kept[*place as usize]))
            })
        })
    }
}

fn part_of(hash: PictureHash, part: usize) -> u16 {
    (hash.0 >> (16 * part)) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(mut apart: Apart, hashes: &[u64]) -> Vec<PictureHash> {
        for hash in hashes {
            apart.keep(PictureHash(*hash));
        }
        apart.kept
    }

    /// Near each other and far: a few patterns with some bits turned.
    fn any_hashes() -> impl Strategy<Value = Vec<u64>> {
        let bits = proptest::collection::vec(0..64u32, 0..12);
        let pattern = prop_oneof![Just(0u64), Just(u64::MAX), Just(0x0f0f_1234_5678_ffff)];
        let turned = (pattern, bits)
            .prop_map(|(pattern, bits)| bits.iter().fold(pattern, |hash, bit| hash ^ 1 << bit));
        proptest::collection::vec(prop_oneof![3 => turned, 1 => any::<u64>()], 0..80)
    }

    proptest! {
        #[test]
        fn kept_ones_are_apart_and_others_near(hashes in any_hashes(), least in 1..33u32) {
            let kept = kept(Apart::new(least), &hashes);
            for (place, hash) in kept.iter().enumerate() {
                prop_assert!(kept[..place].iter().all(|other| other.distance(*hash) >= least));
            }
            for hash in hashes {
                let hash = PictureHash(hash);
                let is_near = |other: &PictureHash| other.distance(hash) < least;
                prop_assert!(kept.contains(&hash) || kept.iter().any(is_near));
            }
        }

        #[test]
        fn tables_say_the_same(hashes in any_hashes(), least in 1..20u32, many in 0..5usize) {
            let with_tables = Apart { many, ..Apart::new(least) };
            prop_assert_eq!(kept(with_tables, &hashes), kept(Apart::new(least), &hashes));
        }
    }

    #[test]
    fn tables_come_when_they_pay() {
        assert_eq!(Apart::new(10).many, 4 * 137 * 16);
        assert_eq!(Apart::new(1).many, 4 * 16);
        assert_eq!(Apart::new(0).kept.len(), 0);
    }
}

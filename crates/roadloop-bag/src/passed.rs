//! Stretches of a file that are passed over, for by its index they hold nothing
//! anyone wants. Knows no format: what an index may be believed is for those to
//! say who read it.

use std::collections::BTreeMap;

/// A shorter stretch is read with what is around it: that takes no longer than
/// to ask a store once more.
const WORTH_A_GAP: u64 = 1 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// By where a stretch begins, where it ends. None overlaps another.
    ends: BTreeMap<u64, u64>,
}

impl Passed {
    /// Adds a stretch behind those there are; one that is not behind them is not
    /// added.
    pub(crate) fn add(&mut self, from: u64, to: u64) {
        let last = self.ends.last_key_value().map_or(0, |(_, end)| *end);
        if last <= from && from < to {
            self.ends.insert(from, to);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether a stretch begins here.
    pub(crate) fn begins_at(&self, at: u64) -> bool {
        self.ends.contains_key(&at)
    }

    /// Where reading goes on that comes here.
    pub(crate) fn behind(&self, at: u64) -> u64 {
        let mut behind = at;
        while let Some((_, end)) = self.ends.range(..=behind).next_back()
            && *end > behind
        {
            behind = *end;
        }
        behind
    }

    /// Where the next stretch begins that begins behind this place.
    pub(crate) fn next_behind(&self, at: u64) -> Option<u64> {
        self.ends.range(at.checked_add(1)?..).next().map(|(from, _)| *from)
    }

    /// Those worth to be left where they are, without so many bytes at the start
    /// and the end of each, which are looked at.
    pub(crate) fn gaps(&self, margin: u64) -> Passed {
        let mut gaps = Passed::default();
        for (from, to) in &self.ends {
            let (from, to) = (from.saturating_add(margin), to.saturating_sub(margin));
            match gaps.ends.last_entry() {
                Some(mut last) if *last.get() == from => *last.get_mut() = to.max(from),
                _ => gaps.add(from, to),
            }
        }
        gaps.ends.retain(|from, to| *to - *from >= WORTH_A_GAP);
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passed(stretches: &[(u64, u64)]) -> Passed {
        let mut passed = Passed::default();
        stretches.iter().for_each(|(from, to)| passed.add(*from, *to));
        passed
    }

    #[test]
    fn stretches_that_touch_are_passed_at_once() {
        let passed = passed(&[(10, 20), (20, 30), (25, 40), (40, 40), (50, 60)]);
        let behind = [9, 10, 19, 20, 30, 55, 60].map(|at| passed.behind(at));
        assert_eq!(behind, [9, 30, 30, 30, 30, 60, 60]);
        let next = [0, 10, 20, 50, u64::MAX].map(|at| passed.next_behind(at));
        assert_eq!(next, [Some(10), Some(20), Some(50), None, None]);
        assert!(passed.begins_at(20) && !passed.begins_at(25));
    }

    #[test]
    fn what_is_short_is_no_gap() {
        const MB: u64 = 1 << 20;
        let chunks = passed(&[(MB, 2 * MB - 1), (3 * MB, 5 * MB), (5 * MB, 6 * MB)]);
        assert_eq!(chunks.gaps(0), passed(&[(3 * MB, 6 * MB)]));
        assert_eq!(chunks.gaps(1000), passed(&[(3 * MB + 1000, 5 * MB - 1000)]));
        assert_eq!(chunks.gaps(u64::MAX), Passed::default());
    }

    proptest! {
        #[test]
        fn reading_goes_on_outside(
            lens in proptest::collection::vec((0u64..5, 0u64..5), 0..20),
            at in 0u64..200,
        ) {
            let (mut passed, mut end, mut is_in) = (Passed::default(), 0, [false; 200]);
            for (free, len) in lens {
                let from = end + free;
                end = from + len;
                passed.add(from, end);
                is_in[from as usize..end as usize].fill(true);
            }
            let expected = (at..200).find(|at| !is_in[*at as usize]);
            prop_assert_eq!(passed.behind(at), expected.unwrap());
        }
    }
}

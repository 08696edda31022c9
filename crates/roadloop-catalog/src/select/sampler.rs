//! Which of the candidates are taken: at random, in equal shares, far apart.
//!
//! Each candidate has a place in a queue that follows from the seed and the
//! frame alone, so the same frames give the same sample however files lie, and
//! frames that are added later move few others. There is a queue for each
//! stratum; they take turns, one frame each, until enough are taken. A queue
//! that has run dry is left out, so what small strata cannot give is shared
//! among the others. A candidate that looks like one already taken, of whatever
//! stratum, is passed over.
//!
//! For n candidates: 24 bytes each and one sort, n log n. Without `spread`, a
//! stratum that holds more than twice what is wanted is cut to that.

use std::collections::{HashMap, VecDeque};

use roadloop_base::PictureHash;
use sha2::{Digest, Sha256};

use super::apart::Apart;
use super::{Sampling, Stratum};
use crate::CatalogError;

/// More would be a sample of strata, not of frames.
pub(crate) const MAX_STRATA: usize = 10_000;

/// Looks asked for at once: enough to keep all cores busy, few enough to waste
/// little when the sample is soon complete.
const LOOKS_AT_ONCE: usize = 256;

/// Parts of a stratum's key are kept apart by what no name holds.
pub(super) const BETWEEN: char = '\u{1f}';

#[derive(Clone, Copy, Debug)]
struct Candidate {
    frame: i64,
    look: Option<PictureHash>,
}

#[derive(Debug)]
struct Queue {
    key: String,
    /// While drawing, the next one is the last.
    candidates: Vec<Candidate>,
    matched: u64,
    taken: Vec<i64>,
}

/// Candidates, and the sample that is drawn from them.
#[derive(Debug)]
pub(super) struct Sampler {
    seed: u64,
    wanted: usize,
    apart: Option<Apart>,
    queues: Vec<Queue>,
    by_key: HashMap<String, usize>,
    /// Queues that are not dry, the next one first.
    turns: VecDeque<usize>,
    taken: usize,
    too_alike: u64,
    /// Looks that were asked for; `None` where there is nothing to look at.
    seen: HashMap<i64, Option<PictureHash>>,
}

enum Step {
    Took,
    Dry,
    Unseen,
}

impl Sampler {
    pub(super) fn new(sampling: &Sampling) -> Sampler {
        Sampler {
            seed: sampling.seed,
            wanted: sampling.frames.map_or(usize::MAX, |frames| frames as usize),
            apart: sampling.spread.map(Apart::new),
            queues: Vec::new(),
            by_key: HashMap::new(),
            turns: VecDeque::new(),
            taken: 0,
            too_alike: 0,
            seen: HashMap::new(),
        }
    }

    /// Adds a candidate to the stratum of a key.
    pub(super) fn offer(
        &mut self,
        key: &str,
        frame: i64,
        look: Option<PictureHash>,
    ) -> Result<(), CatalogError> {
        let place = match self.by_key.get(key) {
            Some(place) => *place,
            None if self.queues.len() == MAX_STRATA => {
                return Err(CatalogError::TooManyStrata { most: MAX_STRATA });
            }
            None => {
                let key = key.to_owned();
                self.by_key.insert(key.clone(), self.queues.len());
                let (candidates, taken) = (Vec::new(), Vec::new());
                self.queues.push(Queue { key, candidates, matched: 0, taken });
                self.queues.len() - 1
            }
        };
        let (seed, wanted) = (self.seed, self.wanted);
        let queue = &mut self.queues[place];
        queue.matched += 1;
        queue.candidates.push(Candidate { frame, look });
        let most = wanted.saturating_mul(2).max(1024);
        if self.apart.is_none() && queue.candidates.len() > most && wanted > 0 {
            let by_place = |candidate: &Candidate| place_of(seed, candidate.frame);
            queue.candidates.select_nth_unstable_by_key(wanted - 1, by_place);
            queue.candidates.truncate(wanted);
        }
        Ok(())
    }

    /// All candidates are there: the queues form.
    pub(super) fn start(&mut self) {
        let seed = self.seed;
        for queue in &mut self.queues {
            let last_first = |c: &Candidate| std::cmp::Reverse(place_of(seed, c.frame));
            queue.candidates.sort_unstable_by_key(last_first);
        }
        // No stratum is first because of its name.
        self.queues.sort_by_cached_key(|queue| (place_of_key(seed, &queue.key), queue.key.clone()));
        self.turns = (0..self.queues.len()).collect();
    }

    /// Draws until the sample is complete, or until the looks of some frames are
    /// needed: those are returned.
    pub(super) fn go_on(&mut self) -> Vec<i64> {
        while self.taken < self.wanted {
            let Some(turn) = self.turns.pop_front() else { break };
            match self.step(turn) {
                Step::Took => {
                    self.taken += 1;
                    self.turns.push_back(turn);
                }
                Step::Dry => {}
                Step::Unseen => {
                    self.turns.push_front(turn);
                    return self.next_unseen();
                }
            }
        }
        Vec::new()
    }

    /// What frames look like that [`go_on`](Sampler::go_on) asked for.
    pub(super) fn see(&mut self, looks: impl IntoIterator<Item = (i64, Option<PictureHash>)>) {
        self.seen.extend(looks);
    }

    fn step(&mut self, turn: usize) -> Step {
        let queue = &mut self.queues[turn];
        while let Some(Candidate { frame, look }) = queue.candidates.last().copied() {
            let Some(apart) = &mut self.apart else {
                queue.candidates.pop();
                queue.taken.push(frame);
                return Step::Took;
            };
            let look = match (look, self.seen.remove(&frame)) {
                (Some(look), _) => Some(look),
                (None, Some(seen)) => seen,
                (None, None) => return Step::Unseen,
            };
            queue.candidates.pop();
            let Some(look) = look else { continue };
            if apart.keep(look) {
                queue.taken.push(frame);
                return Step::Took;
            }
            self.too_alike += 1;
        }
        Step::Dry
    }

    /// Those whose turn comes soon. The first of them is the next of all.
    fn next_unseen(&self) -> Vec<i64> {
        let of_each = (LOOKS_AT_ONCE / self.turns.len().max(1)).max(1);
        let mut unseen = Vec::new();
        for turn in &self.turns {
            let next = self.queues[*turn].candidates.iter().rev().take(of_each);
            let is_unseen = |c: &&Candidate| c.look.is_none() && !self.seen.contains_key(&c.frame);
            unseen.extend(next.filter(is_unseen).map(|candidate| candidate.frame));
            if unseen.len() >= LOOKS_AT_ONCE {
                break;
            }
        }
        unseen
    }

    /// Frames that were offered.
    pub(super) fn matched(&self) -> u64 {
        self.queues.iter().map(|queue| queue.matched).sum()
    }

    /// Frames passed over because one like them was taken.
    pub(super) fn too_alike(&self) -> u64 {
        self.too_alike
    }

    /// The frames taken, in order of their numbers.
    pub(super) fn taken(&self) -> Vec<i64> {
        let mut taken: Vec<i64> =
            self.queues.iter().flat_map(|queue| &queue.taken).copied().collect();
        taken.sort_unstable();
        taken
    }

    /// By their keys.
    pub(super) fn strata(&self) -> Vec<Stratum> {
        let stratum = |queue: &Queue| Stratum {
            is: queue.key.split(BETWEEN).map(str::to_owned).collect(),
            matched: queue.matched,
            taken: queue.taken.len() as u64,
        };
        let mut strata: Vec<Stratum> = self.queues.iter().map(stratum).collect();
        strata.sort_by(|a, b| a.is.cmp(&b.is));
        strata
    }
}

/// SplitMix64's last step. Each number comes from one other, so no two frames
/// share a place.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn place_of(seed: u64, frame: i64) -> u64 {
    mix(mix(seed) ^ frame.cast_unsigned())
}

fn place_of_key(seed: u64, key: &str) -> u64 {
    let digest = Sha256::digest(key.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    mix(mix(seed) ^ u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn sampling(frames: Option<u64>, spread: Option<u32>, seed: u64) -> Sampling {
        Sampling { frames, by: Vec::new(), spread, seed }
    }

    /// Candidates by their frames: stratum and look.
    type Offered = BTreeMap<i64, (u8, u64)>;

    fn any_offered() -> impl Strategy<Value = Offered> {
        // Looks that are often near each other.
        let look = proptest::collection::vec(0..64u32, 0..6)
            .prop_map(|bits| bits.iter().fold(0u64, |look, bit| look | 1 << bit));
        proptest::collection::btree_map(any::<i64>(), (0..5u8, look), 0..60)
    }

    fn draw(offers: &[(i64, (u8, u64))], sampling: &Sampling, knows_looks: bool) -> Sampler {
        let mut sampler = Sampler::new(sampling);
        for (frame, (stratum, look)) in offers {
            let look = knows_looks.then_some(PictureHash(*look));
            sampler.offer(&stratum.to_string(), *frame, look).unwrap();
        }
        sampler.start();
        let looks: BTreeMap<i64, u64> = offers.iter().map(|(f, (_, look))| (*f, *look)).collect();
        loop {
            let unseen = sampler.go_on();
            if unseen.is_empty() {
                return sampler;
            }
            let seen = unseen.iter().map(|frame| (*frame, Some(PictureHash(looks[frame]))));
            sampler.see(seen.collect::<Vec<_>>());
        }
    }

    proptest! {
        #[test]
        fn the_same_frames_give_the_same_sample(
            offered in any_offered(), wanted in 0..80u64, spread in proptest::option::of(1..20u32),
            seed: u64, turn in 0..60usize,
        ) {
            let sampling = sampling(Some(wanted), spread, seed);
            let mut offers: Vec<_> = offered.into_iter().collect();
            let first = draw(&offers, &sampling, true);
            let turn = turn.min(offers.len());
            offers.rotate_left(turn);
            offers.reverse();
            let second = draw(&offers, &sampling, false);
            prop_assert_eq!(first.taken(), second.taken());
            prop_assert_eq!(first.strata(), second.strata());
        }

        #[test]
        fn strata_get_equal_shares_of_what_they_can_give(
            offered in any_offered(), wanted in 0..80u64, seed: u64,
        ) {
            let count = offered.len() as u64;
            let offers: Vec<_> = offered.into_iter().collect();
            let sampler = draw(&offers, &sampling(Some(wanted), None, seed), false);
            prop_assert_eq!(sampler.taken().len() as u64, wanted.min(count));
            prop_assert_eq!(sampler.matched(), count);
            let strata = sampler.strata();
            let most = strata.iter().map(|stratum| stratum.taken).max().unwrap_or(0);
            for stratum in strata {
                prop_assert!(stratum.taken + 1 >= most || stratum.taken == stratum.matched);
                prop_assert!(stratum.taken <= stratum.matched);
            }
        }

        #[test]
        fn spread_keeps_the_distance(
            offered in any_offered(), wanted in proptest::option::of(0..80u64), least in 1..20u32,
            seed: u64,
        ) {
            let offers: Vec<_> = offered.clone().into_iter().collect();
            let sampler = draw(&offers, &sampling(wanted, Some(least), seed), false);
            let look = |frame: &i64| PictureHash(offered[frame].1);
            let taken = sampler.taken();
            for (place, frame) in taken.iter().enumerate() {
                let near = |other: &i64| look(other).distance(look(frame)) < least;
                prop_assert!(!taken[..place].iter().any(near));
            }
            // Where fewer came than were wanted, no other one would have done.
            if wanted.is_none_or(|wanted| (taken.len() as u64) < wanted) {
                for frame in offered.keys().filter(|frame| !taken.contains(frame)) {
                    prop_assert!(taken.iter().any(|t| look(t).distance(look(frame)) < least));
                }
            }
        }
    }

    #[test]
    fn a_large_stratum_is_cut_on_the_way() {
        let offers: Vec<_> = (0..5000).map(|frame| (frame, (0, 0))).collect();
        let few = draw(&offers, &sampling(Some(10), None, 7), false);
        assert!(few.queues[0].candidates.len() < 1100);
        let all = draw(&offers, &sampling(Some(4999), None, 7), false);
        let first: Vec<i64> = all.queues[0].taken[..10].to_vec();
        assert_eq!(few.queues[0].taken, first);
        assert_eq!(few.strata()[0].matched, 5000);
    }

    #[test]
    fn another_seed_gives_another_sample() {
        let offers: Vec<_> = (0..1000).map(|frame| (frame, (0, 0))).collect();
        let of_seed = |seed| draw(&offers, &sampling(Some(100), None, seed), false).taken();
        let (one, two) = (of_seed(1), of_seed(2));
        let shared = one.iter().filter(|frame| two.contains(frame)).count();
        assert!((1..30).contains(&shared), "{shared}");
        // Samples are kept and compared: a seed means the same for ever.
        assert_eq!(place_of(7, 123_456), EXPECTED);
    }

    const EXPECTED: u64 = 0x2689_d93f_3d02_a7b9;

    #[test]
    fn what_cannot_be_looked_at_is_left_out() {
        let mut sampler = Sampler::new(&sampling(Some(2), Some(4), 0));
        for frame in 0..3 {
            sampler.offer("", frame, None).unwrap();
        }
        sampler.start();
        let unseen = sampler.go_on();
        assert_eq!(unseen.len(), 3);
        sampler.see(unseen.iter().map(|frame| (*frame, (*frame == 1).then_some(PictureHash(5)))));
        assert_eq!(sampler.go_on(), [0i64; 0]);
        assert_eq!((sampler.taken(), sampler.too_alike()), (vec![1], 0));
    }

    #[test]
    fn strata_have_a_limit() {
        let mut sampler = Sampler::new(&sampling(None, None, 0));
        for number in 0..MAX_STRATA {
            sampler.offer(&number.to_string(), number as i64, None).unwrap();
        }
        sampler.offer("7", -1, None).unwrap();
        assert!(sampler.offer("one more", -2, None).is_err());
    }
}

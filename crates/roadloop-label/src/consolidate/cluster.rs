//! Which boxes of several people are of one thing.

use std::cmp::Ordering;

use roadloop_base::DrawnBox;

use super::Consolidation;
use super::overlap::{by_content, edges, iou};

/// A box, and whose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voter<'a> {
    pub(super) answer: usize,
    pub(super) place: usize,
    pub(super) drawn: &'a DrawnBox,
}

/// Every box in one cluster, alone or with others; clusters and the boxes in them in
/// the order of their content.
///
/// The same box drawn twice by one person would make the outcome depend on who is
/// first: which of the two goes with whose? So what is the very same box is put
/// together before all: the first copies of everybody, then the second ones.
pub(super) fn clusters<'a>(
    answers: &[&'a [DrawnBox]],
    settings: &Consolidation,
) -> Vec<Vec<Voter<'a>>> {
    join(same_boxes(answers), answers.len(), settings, PAIRS_AT_ONCE)
}

/// Where boxes are piled up there are millions of pairs, and nearly all of them are of
/// clusters that cannot join any more once the most alike have: so many are looked at,
/// and then only what is still of use.
const PAIRS_AT_ONCE: usize = 1 << 18;

/// How alike two clusters of the very same box are, and which.
type Pair = (f64, u32, u32);

/// The most alike first. Clusters are in the order of content: their places tell equal
/// overlaps apart.
fn before(one: &Pair, other: &Pair) -> Ordering {
    other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2)))
}

pub(super) fn join<'a>(
    mut clusters: Vec<Vec<Voter<'a>>>,
    answers: usize,
    settings: &Consolidation,
    at_once: usize,
) -> Vec<Vec<Voter<'a>>> {
    if answers < 2 {
        return clusters;
    }
    let boxes: Vec<&DrawnBox> = clusters.iter().map(|cluster| cluster[0].drawn).collect();
    // Where the boxes of a former cluster are now.
    let mut home: Vec<usize> = (0..clusters.len()).collect();
    let mut done = None;
    loop {
        let may_join = |one: u32, other: u32| {
            let [one, other] = [home[one as usize], home[other as usize]];
            one != other && !have_one_in_common(&clusters[one], &clusters[other])
        };
        let pairs = pairs(&boxes, settings, done, at_once, may_join);
        let Some(last) = pairs.last().copied() else { break };
        done = Some(last);
        for (_, one, other) in pairs {
            let [one, other] = [home[one as usize], home[other as usize]];
            let [one, other] = [one.min(other), one.max(other)];
            if one == other || !can_join(&clusters[one], &clusters[other], settings.iou) {
                continue;
            }
            let moved = std::mem::take(&mut clusters[other]);
            clusters[one].extend(moved);
            for place in &mut home {
                if *place == other {
                    *place = one;
                }
            }
        }
    }
    clusters.retain(|cluster| !cluster.is_empty());
    for cluster in &mut clusters {
        cluster.sort_by(|a, b| by_content(a.drawn, b.drawn));
    }
    clusters
}

/// The most alike pairs that may join, of those that come after one; so many at most.
fn pairs(
    boxes: &[&DrawnBox],
    settings: &Consolidation,
    after: Option<Pair>,
    at_once: usize,
    may_join: impl Fn(u32, u32) -> bool,
) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = Vec::new();
    let mut worst: Option<Pair> = None;
    for (one, a) in (0u32..).zip(boxes) {
        let [left, _, right, _] = edges(a.pixels);
        for (other, b) in (one + 1..).zip(&boxes[one as usize + 1..]) {
            // By content is from left to right: nothing that follows meets this one.
            if b.pixels.left() >= right && b.pixels.left() > left {
                break;
            }
            if settings.class_aware && a.label != b.label {
                continue;
            }
            let pair = (iou(a.pixels, b.pixels), one, other);
            let is_alike = pair.0 > 0.0 && pair.0 >= settings.iou;
            if !is_alike
                || after.is_some_and(|after| before(&pair, &after).is_le())
                || worst.is_some_and(|worst| before(&worst, &pair).is_lt())
                || !may_join(one, other)
            {
                continue;
            }
            pairs.push(pair);
            if pairs.len() >= 2 * at_once {
                worst = Some(keep_best(&mut pairs, at_once));
            }
        }
    }
    if pairs.len() > at_once {
        keep_best(&mut pairs, at_once);
    }
    pairs.sort_unstable_by(before);
    pairs
}

/// The worst of those that stay.
fn keep_best(pairs: &mut Vec<Pair>, most: usize) -> Pair {
    let (_, worst, _) = pairs.select_nth_unstable_by(most - 1, before);
    let worst = *worst;
    pairs.truncate(most);
    worst
}

/// Clusters of the very same box, in the order of content: the n-th holds the n-th copy
/// of everybody who has so many.
pub(super) fn same_boxes<'a>(answers: &[&'a [DrawnBox]]) -> Vec<Vec<Voter<'a>>> {
    let mut voters: Vec<Voter<'a>> = Vec::new();
    for (answer, boxes) in answers.iter().enumerate() {
        let boxes = boxes.iter().enumerate();
        voters.extend(boxes.map(|(place, drawn)| Voter { answer, place, drawn }));
    }
    voters.sort_by(|a, b| {
        by_content(a.drawn, b.drawn).then((a.answer, a.place).cmp(&(b.answer, b.place)))
    });
    let mut clusters = Vec::new();
    for same in voters.chunk_by(|a, b| by_content(a.drawn, b.drawn).is_eq()) {
        let first = clusters.len();
        let mut copy = 0;
        for (at, voter) in same.iter().enumerate() {
            copy = if at > 0 && same[at - 1].answer == voter.answer { copy + 1 } else { 0 };
            if first + copy == clusters.len() {
                clusters.push(Vec::new());
            }
            clusters[first + copy].push(*voter);
        }
    }
    clusters
}

/// Nobody in both, and everyone overlaps everyone.
fn can_join(one: &[Voter<'_>], other: &[Voter<'_>], threshold: f64) -> bool {
    // By far the cheaper question first: where boxes are piled up, it is mostly answered
    // with no.
    !have_one_in_common(one, other)
        && one
            .iter()
            .all(|a| other.iter().all(|b| iou(a.drawn.pixels, b.drawn.pixels) >= threshold))
}

/// Somebody who is in both: nobody says of two boxes of their own that they are one.
fn have_one_in_common(one: &[Voter<'_>], other: &[Voter<'_>]) -> bool {
    one.iter().any(|a| other.iter().any(|b| a.answer == b.answer))
}

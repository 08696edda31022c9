//! Which boxes of several people are of one thing.

use roadloop_base::DrawnBox;

use super::Consolidation;
use super::overlap::{MostAlike, PAIRS_AT_ONCE, by_content, edges, iou};

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
    let mut best = MostAlike::new(at_once);
    loop {
        let may_join = |one: u32, other: u32| {
            let [one, other] = [home[one as usize], home[other as usize]];
            one != other && !have_one_in_common(&clusters[one], &clusters[other])
        };
        offer_pairs(&mut best, &boxes, settings, may_join);
        let pairs = best.take();
        if pairs.is_empty() {
            break;
        }
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

/// All pairs of boxes that are alike and may join.
fn offer_pairs(
    best: &mut MostAlike,
    boxes: &[&DrawnBox],
    settings: &Consolidation,
    may_join: impl Fn(u32, u32) -> bool,
) {
    for (one, a) in (0u32..).zip(boxes) {
        let [left, _, right, _] = edges(a.pixels);
        for (other, b) in (one + 1..).zip(&boxes[one as usize + 1..]) {
            // By content is from left to right: nothing that follows meets this one.
            if b.pixels.left() >= right && b.pixels.left() > left {
                break;
            }
            if (settings.class_aware && a.label != b.label) || !may_join(one, other) {
                continue;
            }
            let overlap = iou(a.pixels, b.pixels);
            if overlap > 0.0 && overlap >= settings.iou {
                best.offer((overlap, one, other));
            }
        }
    }
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

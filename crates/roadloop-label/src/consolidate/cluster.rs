//! Which boxes of several people are of one thing.

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
    let mut clusters = same_boxes(answers);
    if answers.len() < 2 {
        return clusters;
    }
    let mut pairs = pairs(&clusters, settings);
    // Clusters are in the order of content: their places tell equal overlaps apart.
    pairs.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    // Where the boxes of a former cluster are now.
    let mut home: Vec<usize> = (0..clusters.len()).collect();
    for (_, one, other) in pairs {
        let [one, other] = [one as usize, other as usize];
        let [one, other] = [home[one].min(home[other]), home[one].max(home[other])];
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
    clusters.retain(|cluster| !cluster.is_empty());
    for cluster in &mut clusters {
        cluster.sort_by(|a, b| by_content(a.drawn, b.drawn));
    }
    clusters
}

/// How alike two clusters of the very same box are, and which; only where they may ever
/// join. Where boxes are piled up there are many: places are short.
pub(super) fn pairs(clusters: &[Vec<Voter<'_>>], settings: &Consolidation) -> Vec<(f64, u32, u32)> {
    let mut pairs = Vec::new();
    for (one, cluster) in (0u32..).zip(clusters) {
        let a = cluster[0].drawn;
        let [left, _, right, _] = edges(a.pixels);
        for (other, next) in (one + 1..).zip(&clusters[one as usize + 1..]) {
            let b = next[0].drawn;
            // By content is from left to right: nothing that follows meets this one.
            if b.pixels.left() >= right && b.pixels.left() > left {
                break;
            }
            if (settings.class_aware && a.label != b.label) || have_one_in_common(cluster, next) {
                continue;
            }
            let overlap = iou(a.pixels, b.pixels);
            if overlap > 0.0 && overlap >= settings.iou {
                pairs.push((overlap, one, other));
            }
        }
    }
    pairs
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
pub(super) fn have_one_in_common(one: &[Voter<'_>], other: &[Voter<'_>]) -> bool {
    one.iter().any(|a| other.iter().any(|b| a.answer == b.answer))
}

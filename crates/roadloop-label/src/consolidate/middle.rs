//! One box out of those of a cluster.

use std::collections::BTreeMap;

use roadloop_base::PixelBox;

use super::cluster::Voter;
use super::overlap::{edges, iou};
use super::{Member, MergedBox, Middle};

/// Members come in the order of their content, so that sums are the same whoever was
/// first.
pub(super) fn merge(
    cluster: &[Voter<'_>],
    answers: usize,
    size: (u32, u32),
    position: Middle,
) -> MergedBox {
    let (label, is_tied) = vote(cluster);
    let pixels = middle(cluster, size, position);
    let overlaps: Vec<f64> = cluster.iter().map(|voter| iou(pixels, voter.drawn.pixels)).collect();
    let confidence = match answers {
        0 | 1 => 0.0,
        // Votes / answers x sum / votes.
        answers => two_digits(overlaps.iter().sum::<f64>() / answers as f64),
    };
    let mut members: Vec<Member> = cluster
        .iter()
        .zip(overlaps)
        .map(|(voter, iou)| Member { answer: voter.answer, place: voter.place, iou })
        .collect();
    members.sort_by_key(|member| member.answer);
    MergedBox { label, pixels, confidence, members, is_tied }
}

/// The name with most votes, and whether another has as many.
fn vote(cluster: &[Voter<'_>]) -> (String, bool) {
    let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
    for voter in cluster {
        *votes.entry(&voter.drawn.label).or_default() += 1;
    }
    let most = votes.values().copied().max().unwrap_or(0);
    let mut winners = votes.iter().filter(|(_, votes)| **votes == most).map(|(label, _)| *label);
    let label = winners.next().unwrap_or_default().to_owned();
    (label, winners.next().is_some())
}

fn middle(cluster: &[Voter<'_>], (width, height): (u32, u32), position: Middle) -> PixelBox {
    let of = |side: usize| {
        let numbers = cluster.iter().map(|voter| edges(voter.drawn.pixels)[side]).collect();
        match position {
            Middle::Mean => mean(numbers),
            Middle::Median => median(numbers),
        }
    };
    let (left, width) = whole(of(0), of(2), width);
    let (top, height) = whole(of(1), of(3), height);
    PixelBox::new(left, top, width, height).unwrap_or(cluster[0].drawn.pixels)
}

/// Start and length in whole pixels of what lies between two edges: inside the image,
/// and at least one pixel long.
fn whole(start: f64, end: f64, most: u32) -> (f64, f64) {
    let most = f64::from(most.max(1));
    let inside = |edge: f64, low: f64, high: f64| edge.round().max(low).min(high) + 0.0;
    let start = inside(start, 0.0, most - 1.0);
    let end = inside(end, start + 1.0, most);
    (start, end - start)
}

fn mean(numbers: Vec<f64>) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

/// Of an even number of them, the mean of the two in the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    if numbers.len() % 2 == 1 { numbers[half] } else { (numbers[half - 1] + numbers[half]) / 2.0 }
}

/// Ground Truth gives scores of two digits.
pub(crate) fn two_digits(share: f64) -> f64 {
    (share * 100.0).round() / 100.0
}

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
    let (left, width) = whole_side(of(0), of(2), width);
    let (top, height) = whole_side(of(1), of(3), height);
    PixelBox::new(left, top, width, height).unwrap_or(cluster[0].drawn.pixels)
}

/// A box in whole pixels of an image of that size: edges rounded once, what lies outside
/// cut off, at least one pixel wide and high. `None` where nothing of it lies inside.
pub fn whole(pixels: PixelBox, (width, height): (u32, u32)) -> Option<PixelBox> {
    let [left, top, right, bottom] = edges(pixels);
    let is_inside = |start: f64, end: f64, most: u32| end > 0.0 && start < f64::from(most);
    if !is_inside(left, right, width) || !is_inside(top, bottom, height) {
        return None;
    }
    let (left, width) = whole_side(left, right, width);
    let (top, height) = whole_side(top, bottom, height);
    PixelBox::new(left, top, width, height)
}

/// Start and length in whole pixels of what lies between two edges: inside the image,
/// and at least one pixel long.
fn whole_side(start: f64, end: f64, most: u32) -> (f64, f64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// In an image of 100x80 pixels: `left top width height`.
    #[track_caller]
    fn check(sides: [f64; 4], expected: &str) {
        let [left, top, width, height] = sides;
        let pixels = PixelBox::new(left, top, width, height).unwrap();
        let got = whole(pixels, (100, 80)).map_or("none".to_owned(), |whole| {
            assert!(whole.is_within(100, 80));
            let sides = [whole.left(), whole.top(), whole.width(), whole.height()];
            sides.map(|side| side.to_string()).join(" ")
        });
        assert_eq!(got, expected);
    }

    #[test]
    fn boxes_in_whole_pixels() {
        check([1.0, 2.0, 3.0, 4.0], "1 2 3 4");
        // Edges are rounded, not sizes: from 1.4 to 3.8.
        check([1.4, 1.5, 2.4, 2.4], "1 2 3 2");
        check([-5.0, -0.2, 200.0, 200.0], "0 0 100 80");
        check([99.5, 79.9, 3.0, 0.01], "99 79 1 1");
        check([10.2, 10.2, 0.1, 0.1], "10 10 1 1");
        check([-5.0, 10.0, 5.01, 5.0], "0 10 1 5");
        check([-5.0, 10.0, 5.0, 5.0], "none");
        check([100.0, 10.0, 5.0, 5.0], "none");
        check([10.0, -7.5, 5.0, 7.0], "none");
        check([10.0, 80.0, 5.0, 7.0], "none");
        check([1e300, 10.0, 1e300, 5.0], "none");
        check([-1e300, 10.0, 1.5e300, 5.0], "0 10 100 5");
        assert_eq!(whole(PixelBox::new(0.0, 0.0, 5.0, 5.0).unwrap(), (0, 80)), None);
    }
}

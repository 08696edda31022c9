//! COCO's numbers counted again for any choice of images.
//!
//! Each image has a weight: 0 or 1 for a recording's images, how often it was drawn in a
//! resample. With all weights 1 the numbers are those of [`crate::coco`]; a test holds both
//! against each other. `hotcoco` could choose images too, but counts one that was drawn twice
//! once, which makes intervals too narrow.

use crate::coco::{AT_75, CocoMetrics};
use crate::matching::{ClassMatches, MatchedFind, THRESHOLDS};

/// Recalls at which precision is read: 0.00, 0.01, … 1.00.
const RECALLS: usize = 101;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// AP and AP50 over all sizes.
    Precision,
    /// All twelve.
    Everything,
}

/// A sum and of how many it is.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, number: f64) {
        self.sum += number;
        self.count += 1;
    }

    fn get(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CocoSums {
    ap: [Mean; 4],
    ap50: [Mean; 4],
    ap75: Mean,
    recall: [Mean; 4],
    recall1: Mean,
    recall10: Mean,
}

impl CocoSums {
    /// Adds a class, if it has truths that count on images of a weight above 0. `weights` is
    /// by image.
    pub(crate) fn add(&mut self, matches: &ClassMatches, weights: &[u32], wanted: Wanted) {
        let weight = |image: u32| weights.get(image as usize).copied().unwrap_or(0);
        // Most resamples and buckets leave much out: what is in is looked at 40 times.
        let finds: Vec<(u32, &MatchedFind)> = matches
            .finds
            .iter()
            .map(|find| (weight(find.image), find))
            .filter(|(weight, _)| *weight > 0)
            .collect();
        let ranges = if wanted == Wanted::Everything { 4 } else { 1 };
        let mut steps = Vec::new();
        for range in 0..ranges {
            let truths = matches.truths[range].iter();
            let truths: u64 =
                truths.map(|(image, count)| u64::from(weight(*image)) * u64::from(*count)).sum();
            if truths == 0 {
                continue;
            }
            // What is of another size at all thresholds is not looked at ten times.
            let kept = finds.iter().filter(|(_, find)| find.ignored[range] != ALL_THRESHOLDS);
            let kept: Vec<Kept> = kept
                .map(|(weight, find)| (*weight, find.right[range], find.ignored[range]))
                .collect();
            for threshold in 0..THRESHOLDS {
                steps_of(&kept, threshold, &mut steps);
                let ap = average_precision(&steps, truths);
                self.ap[range].add(ap);
                self.recall[range].add(steps.last().map_or(0.0, |step| step.0 / truths as f64));
                match (range, threshold) {
                    (range, 0) => self.ap50[range].add(ap),
                    (0, AT_75) => self.ap75.add(ap),
                    _ => {}
                }
                if range == 0 && wanted == Wanted::Everything {
                    self.recall1.add(recall_of_first(&finds, threshold, 1, truths));
                    self.recall10.add(recall_of_first(&finds, threshold, 10, truths));
                }
            }
        }
    }

    pub(crate) fn metrics(&self) -> CocoMetrics {
        CocoMetrics {
            ap: self.ap[0].get(),
            ap50: self.ap50[0].get(),
            ap75: self.ap75.get(),
            ap_small: self.ap[1].get(),
            ap_medium: self.ap[2].get(),
            ap_large: self.ap[3].get(),
            ar1: self.recall1.get(),
            ar10: self.recall10.get(),
            ar100: self.recall[0].get(),
            ar_small: self.recall[1].get(),
            ar_medium: self.recall[2].get(),
            ar_large: self.recall[3].get(),
        }
    }
}

/// Over all classes.
pub(crate) fn coco_metrics(
    classes: &[ClassMatches],
    weights: &[u32],
    wanted: Wanted,
) -> CocoMetrics {
    let mut sums = CocoSums::default();
    for matches in classes {
        sums.add(matches, weights, wanted);
    }
    sums.metrics()
}

/// AP50 of what is small, medium and large.
pub(crate) fn ap50_of_sizes(classes: &[ClassMatches], weights: &[u32]) -> [Option<f64>; 3] {
    let mut sums = CocoSums::default();
    for matches in classes {
        sums.add(matches, weights, Wanted::Everything);
    }
    [1, 2, 3].map(|range: usize| sums.ap50[range].get())
}

/// A weight, and where the find is right and where ignored, bit by threshold.
type Kept = (u32, u16, u16);
const ALL_THRESHOLDS: u16 = (1 << THRESHOLDS) - 1;

/// At each right find, best first: how many are right, and how many right or wrong, so far.
fn steps_of(finds: &[Kept], threshold: usize, steps: &mut Vec<(f64, f64)>) {
    steps.clear();
    let (mut right, mut seen) = (0u64, 0u64);
    for (weight, is_right, is_ignored) in finds {
        if is_ignored >> threshold & 1 == 1 {
            continue;
        }
        seen += u64::from(*weight);
        if is_right >> threshold & 1 == 1 {
            right += u64::from(*weight);
            steps.push((right as f64, seen as f64));
        }
    }
}

fn recall_of_first(finds: &[(u32, &MatchedFind)], threshold: usize, most: u8, truths: u64) -> f64 {
    let right: u64 = finds
        .iter()
        .filter(|(_, find)| find.rank < most && find.right[0] >> threshold & 1 == 1)
        .map(|(weight, _)| u64::from(*weight))
        .sum();
    right as f64 / truths as f64
}

/// The mean of precision at 101 recalls, where precision at a recall is the best at that or
/// any higher one (`COCOeval.accumulate` of pycocotools). Only at a right find can recall
/// rise, and precision be a maximum, so only these are looked at.
fn average_precision(steps: &[(f64, f64)], truths: u64) -> f64 {
    let recall = |right: f64| right / truths as f64;
    let asked = |place: usize| if place + 1 == RECALLS { 1.0 } else { place as f64 * 0.01 };
    let Some((most, _)) = steps.last() else { return 0.0 };
    let mut open = (0..RECALLS).filter(|place| asked(*place) <= recall(*most)).count();
    let (mut sum, mut best) = (0.0, 0.0f64);
    for (place, (right, seen)) in steps.iter().enumerate().rev() {
        // `numpy.spacing(1)` is there against a division by 0.
        best = best.max(right / (seen + f64::EPSILON));
        let before = place.checked_sub(1).map_or(-1.0, |before| recall(steps[before].0));
        while open > 0 && asked(open - 1) > before {
            sum += best;
            open -= 1;
        }
    }
    sum / RECALLS as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(steps: &[(f64, f64)], truths: u64, expected: f64) {
        let found = average_precision(steps, truths);
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn by_hand() {
        check(&[], 3, 0.0);
        check(&[(1.0, 1.0)], 1, 1.0);
        // Recalls 0.00 to 0.50 are reached: 51 of 101.
        check(&[(1.0, 1.0)], 2, 51.0 / 101.0);
        // Wrong, right: precision one half all along.
        check(&[(1.0, 2.0)], 1, 0.5);
        // Right, wrong, right of two: 1 up to recall 0.5, two thirds beyond.
        check(&[(1.0, 1.0), (2.0, 3.0)], 2, (51.0 + 50.0 * 2.0 / 3.0) / 101.0);
        // A later precision that is better counts for what comes before: 1/3 < 2/4.
        check(&[(1.0, 3.0), (2.0, 4.0)], 2, 0.5);
        // An image drawn twice is as two images.
        check(&[(2.0, 2.0), (4.0, 6.0)], 4, (51.0 + 50.0 * 2.0 / 3.0) / 101.0);
    }
}

//! Precision, recall and F1 over the confidence that is asked of a find.
//!
//! A find is right by COCO's rules at IoU 0.5 ([`crate::matching`]). Over all classes, finds
//! are counted together, so that a frequent class weighs more: these are the counts one gets
//! at a threshold, not a mean of means.

use serde::{Deserialize, Serialize};

use crate::matching::ClassMatches;

/// A chart is seldom wider in pixels.
pub(crate) const MOST_POINTS: usize = 1_000;

/// What there is at each confidence asked for, the highest first; at most 1 000 of them, all
/// where there are fewer. Empty where nothing was found, or nothing is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Finds with this score or a higher one count.
    pub confidence: Vec<f32>,
    /// Of the finds, how many are right: 0 to 1.
    pub precision: Vec<f32>,
    /// Of the truths, how many are found: 0 to 1.
    pub recall: Vec<f32>,
    /// Their harmonic mean.
    pub f1: Vec<f32>,
}

/// What there is at one confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AtThreshold {
    pub confidence: f32,
    /// Finds that are a truth.
    pub right: u64,
    /// Finds that are none.
    pub wrong: u64,
    /// Truths that were not found.
    pub missed: u64,
    /// Absent where nothing was found.
    pub precision: Option<f64>,
    /// Absent where nothing is there.
    pub recall: Option<f64>,
    /// 2 × right / (2 × right + wrong + missed); absent where that is 0 / 0.
    pub f1: Option<f64>,
}

impl AtThreshold {
    pub(crate) fn of(confidence: f32, right: u64, wrong: u64, truths: u64) -> AtThreshold {
        let ratio = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        AtThreshold {
            confidence,
            right,
            wrong,
            missed: truths - right,
            precision: ratio(right, right + wrong),
            recall: ratio(right, truths),
            f1: ratio(2 * right, right + wrong + truths),
        }
    }
}

/// Right and wrong finds so far, at each different score, best first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    steps: Vec<(f32, u64, u64)>,
    pub(crate) truths: u64,
}

impl Counted {
    /// Of one class, or of several together.
    pub(crate) fn of<'a>(classes: impl IntoIterator<Item = &'a ClassMatches>) -> Counted {
        let mut scores: Vec<(f32, bool)> = Vec::new();
        let mut truths = 0;
        for class in classes {
            truths += class.truths[0].iter().map(|(_, count)| u64::from(*count)).sum::<u64>();
            let counted = class.finds.iter().filter(|find| find.ignored[0] & 1 == 0);
            scores.extend(counted.map(|find| (find.score, find.right[0] & 1 == 1)));
        }
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut steps: Vec<(f32, u64, u64)> = Vec::new();
        let (mut right, mut wrong) = (0, 0);
        for (score, is_right) in scores {
            if is_right {
                right += 1;
            } else {
                wrong += 1;
            }
            match steps.last_mut() {
                // No threshold tells apart what has one score.
                Some(last) if last.0 == score => *last = (score, right, wrong),
                _ => steps.push((score, right, wrong)),
            }
        }
        Counted { steps, truths }
    }

    pub(crate) fn at(&self, confidence: f32) -> AtThreshold {
        let passed = self.steps.partition_point(|step| step.0 >= confidence);
        let (right, wrong) = match passed.checked_sub(1) {
            Some(last) => (self.steps[last].1, self.steps[last].2),
            None => (0, 0),
        };
        AtThreshold::of(confidence, right, wrong, self.truths)
    }

    /// Where F1 is highest, of equals at the highest confidence; `None` where nothing is
    /// right anywhere.
    pub(crate) fn best(&self) -> Option<AtThreshold> {
        let (place, f1) = self.best_place()?;
        let (confidence, right, wrong) = self.steps[place];
        (f1 > 0.0).then(|| AtThreshold::of(confidence, right, wrong, self.truths))
    }

    fn best_place(&self) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for (place, (confidence, right, wrong)) in self.steps.iter().enumerate() {
            let f1 = AtThreshold::of(*confidence, *right, *wrong, self.truths).f1?;
            if best.is_none_or(|(_, most)| f1 > most) {
                best = Some((place, f1));
            }
        }
        best
    }

    pub(crate) fn curve(&self) -> Curve {
        let mut curve = Curve::default();
        if self.truths == 0 {
            return curve;
        }
        let last = self.steps.len().saturating_sub(1);
        let best = self.best_place().map(|(place, _)| place);
        let mut places: Vec<usize> = if self.steps.len() <= MOST_POINTS {
            (0..self.steps.len()).collect()
        } else {
            // One is left for the best.
            (0..MOST_POINTS - 1).map(|point| point * last / (MOST_POINTS - 2)).collect()
        };
        places.extend(best);
        places.sort_unstable();
        places.dedup();
        for place in places {
            let (confidence, right, wrong) = self.steps[place];
            let at = AtThreshold::of(confidence, right, wrong, self.truths);
            curve.confidence.push(confidence);
            curve.precision.push(at.precision.unwrap_or(0.0) as f32);
            curve.recall.push(at.recall.unwrap_or(0.0) as f32);
            curve.f1.push(at.f1.unwrap_or(0.0) as f32);
        }
        curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::MatchedFind;

    /// Of finds with scores, `+` right, `-` wrong, `~` ignored.
    fn counted(finds: &[(f32, char)], truths: u32) -> Counted {
        let mut matches = ClassMatches::default();
        matches.truths[0] = vec![(0, truths)];
        matches.finds = finds
            .iter()
            .map(|(score, outcome)| MatchedFind {
                image: 0,
                score: *score,
                rank: 0,
                right: [u16::from(*outcome == '+'); 4],
                ignored: [u16::from(*outcome == '~'); 4],
            })
            .collect();
        Counted::of([&matches])
    }

    #[track_caller]
    fn check(finds: &[(f32, char)], truths: u32, confidence: f32, expected: [Option<f64>; 3]) {
        let at = counted(finds, truths).at(confidence);
        assert_eq!([at.precision, at.recall, at.f1], expected);
    }

    #[test]
    fn at_a_threshold() {
        let finds = [(0.9, '+'), (0.8, '-'), (0.7, '~'), (0.6, '+')];
        check(&finds, 4, 0.95, [None, Some(0.0), Some(0.0)]);
        check(&finds, 4, 0.9, [Some(1.0), Some(0.25), Some(0.4)]);
        check(&finds, 4, 0.7, [Some(0.5), Some(0.25), Some(2.0 / 6.0)]);
        check(&finds, 4, 0.0, [Some(2.0 / 3.0), Some(0.5), Some(4.0 / 7.0)]);
        check(&[], 0, 0.5, [None, None, None]);
        check(&[(0.5, '-')], 0, 0.5, [Some(0.0), None, Some(0.0)]);
    }

    #[test]
    fn the_best_threshold() {
        let best = counted(&[(0.9, '+'), (0.8, '+'), (0.3, '-'), (0.2, '-')], 2).best();
        assert_eq!(best.map(|best| (best.confidence, best.f1)), Some((0.8, Some(1.0))));
        assert_eq!(counted(&[(0.9, '-')], 2).best(), None);
        assert_eq!(counted(&[], 2).best(), None);
    }

    #[test]
    fn equal_scores_are_one_step() {
        let curve = counted(&[(0.5, '+'), (0.5, '-'), (0.4, '+')], 2).curve();
        assert_eq!(curve.confidence, [0.5, 0.4]);
        assert_eq!(curve.precision, [0.5, 2.0 / 3.0]);
        assert_eq!(curve.recall, [0.5, 1.0]);
    }

    #[test]
    fn a_curve_is_bounded_and_has_the_best_on_it() {
        let finds: Vec<(f32, char)> = (0..5_000)
            .map(|place| (1.0 - place as f32 / 5_000.0, if place < 1_234 { '+' } else { '-' }))
            .collect();
        let counted = counted(&finds, 2_000);
        let curve = counted.curve();
        let best = counted.best().expect("some are right");
        assert!(curve.confidence.len() <= MOST_POINTS);
        assert_eq!(curve.confidence.first(), Some(&1.0));
        assert_eq!(curve.confidence.last(), Some(&finds[4_999].0));
        assert!(curve.confidence.contains(&best.confidence));
        assert_eq!(best.right, 1_234);
        let top = curve.f1.iter().copied().fold(0.0, f32::max);
        assert_eq!(f64::from(top), f64::from(best.f1.unwrap_or(0.0) as f32));
    }
}

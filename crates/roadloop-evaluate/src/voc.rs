//! Pascal VOC's mean average precision at IoU 0.5: the reference's metric.
//!
//! By the rules of GluonCV's `VOC07MApMetric`, which the reference reports: of an image and a
//! class, each find, best score first, is held against the truth it overlaps most, even one
//! that is taken (COCO would give it the next one); it is right where that one is free. Where
//! it is difficult, the find is neither right nor wrong. Sides count as whole pixels, so that
//! a box from 3 to 5 is three wide. The mean is over classes that have truths.

use serde::{Deserialize, Serialize};

use crate::given::Corners;
use crate::matching::ByClass;
use crate::{Found, Truth};

const IOU: f64 = 0.5;

/// Mean over classes, 0 to 1; absent where no class has truths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VocMetrics {
    /// VOC 2007: the mean of precision at recalls 0.0, 0.1, … 1.0.
    pub map07: Option<f64>,
    /// VOC 2010 and on: the area below precision over all recalls.
    pub map10: Option<f64>,
}

/// The finds of a class, best first, and the truths that are not difficult, by image.
#[derive(Clone, Debug, Default)]
pub(crate) struct VocMatches {
    finds: Vec<(u32, f32, Outcome)>,
    truths: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Right,
    Wrong,
    Ignored,
}

pub(crate) fn match_classes(
    classes: usize,
    by_class: &ByClass,
    truths: &[Truth],
    found: &[Found],
) -> Vec<VocMatches> {
    let one = |class: u32| {
        let mut matches = VocMatches::default();
        for (image, here, finds) in by_class.images(class, truths, found) {
            let counted = here.iter().filter(|place| !truths[**place as usize].crowd).count();
            if counted > 0 {
                matches.truths.push((image, counted as u32));
            }
            let mut taken = vec![false; here.len()];
            for find in finds {
                let find = found[*find as usize];
                let outcome = outcome(find.corners, here, truths, &mut taken);
                matches.finds.push((image, find.score, outcome));
            }
        }
        matches.finds.sort_by(|a, b| b.1.total_cmp(&a.1));
        matches
    };
    (0..classes as u32).map(one).collect()
}

fn outcome(find: Corners, here: &[u32], truths: &[Truth], taken: &mut [bool]) -> Outcome {
    let mut best: Option<(usize, f64)> = None;
    for (place, truth) in here.iter().enumerate() {
        let overlap = whole_pixels(find).iou(whole_pixels(truths[*truth as usize].corners));
        if best.is_none_or(|(_, most)| overlap > most) {
            best = Some((place, overlap));
        }
    }
    match best {
        Some((place, overlap)) if overlap >= IOU => {
            if truths[here[place] as usize].crowd {
                Outcome::Ignored
            } else if std::mem::replace(&mut taken[place], true) {
                Outcome::Wrong
            } else {
                Outcome::Right
            }
        }
        _ => Outcome::Wrong,
    }
}

fn whole_pixels(corners: Corners) -> Corners {
    Corners { right: corners.right + 1.0, bottom: corners.bottom + 1.0, ..corners }
}

impl VocMatches {
    /// By VOC 2007 and by VOC 2010, each image weighing as said; `None` without truths.
    pub(crate) fn average_precision(&self, weights: &[u32]) -> Option<(f64, f64)> {
        let weight = |image: u32| f64::from(weights.get(image as usize).copied().unwrap_or(0));
        let truths: f64 =
            self.truths.iter().map(|(image, count)| weight(*image) * f64::from(*count)).sum();
        if truths == 0.0 {
            return None;
        }
        // Recall and precision at each right find: between them precision only falls.
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let (mut right, mut seen) = (0.0, 0.0);
        for (image, _, outcome) in &self.finds {
            let weight = weight(*image);
            if weight == 0.0 || *outcome == Outcome::Ignored {
                continue;
            }
            seen += weight;
            if *outcome == Outcome::Right {
                right += weight;
                steps.push((right / truths, right / seen));
            }
        }
        // The best precision at a recall or any higher one.
        let mut best = 0.0f64;
        for (_, precision) in steps.iter_mut().rev() {
            best = best.max(*precision);
            *precision = best;
        }
        let (mut area, mut before) = (0.0, 0.0);
        for (recall, precision) in &steps {
            area += (recall - before) * precision;
            before = *recall;
        }
        let eleven: f64 = (0..=10)
            .map(|tenth| {
                // As `numpy.arange` gives them: 0.3 is asked as 0.30000000000000004, which 3
                // of 10 do not reach.
                let asked = f64::from(tenth) * 0.1;
                let place = steps.partition_point(|(recall, _)| *recall < asked);
                steps.get(place).map_or(0.0, |(_, precision)| *precision)
            })
            .sum();
        Some((eleven / 11.0, area))
    }
}

/// Over the classes that have truths.
pub(crate) fn voc_metrics(classes: &[VocMatches], weights: &[u32]) -> VocMetrics {
    let all: Vec<(f64, f64)> =
        classes.iter().filter_map(|class| class.average_precision(weights)).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| {
        (!all.is_empty()).then(|| all.iter().map(of).sum::<f64>() / all.len() as f64)
    };
    VocMetrics { map07: mean(|both| both.0), map10: mean(|both| both.1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(left: f64, right: f64, crowd: bool) -> Truth {
        Truth { image: 0, class: 0, corners: Corners::new(left, 0.0, right, 9.0), crowd }
    }

    fn find(left: f64, right: f64, score: f32) -> Found {
        Found { image: 0, class: 0, score, corners: Corners::new(left, 0.0, right, 9.0) }
    }

    #[track_caller]
    fn check(truths: &[Truth], found: &[Found], expected: Option<(f64, f64)>) {
        let by_class = ByClass::of(truths, found);
        let said = match_classes(1, &by_class, truths, found)[0].average_precision(&[1]);
        match (said, expected) {
            (None, None) => {}
            (Some((eleven, area)), Some((expected_eleven, expected_area))) => {
                let off = (eleven - expected_eleven).abs() + (area - expected_area).abs();
                assert!(off < 1e-12, "{said:?} is not {expected:?}");
            }
            _ => panic!("{said:?} is not {expected:?}"),
        }
    }

    #[test]
    fn by_hand() {
        check(&[], &[find(0.0, 9.0, 0.9)], None);
        check(&[truth(0.0, 9.0, false)], &[], Some((0.0, 0.0)));
        check(&[truth(0.0, 9.0, false)], &[find(0.0, 9.0, 0.9)], Some((1.0, 1.0)));
        // One of two: recalls 0.0 to 0.5 are six of eleven.
        let two = [truth(0.0, 9.0, false), truth(50.0, 59.0, false)];
        check(&two, &[find(0.0, 9.0, 0.9)], Some((6.0 / 11.0, 0.5)));
        // Right, wrong, right: precision 1, then 2/3.
        let found = [find(0.0, 9.0, 0.9), find(100.0, 109.0, 0.8), find(50.0, 59.0, 0.7)];
        check(&two, &found, Some(((6.0 + 5.0 * 2.0 / 3.0) / 11.0, 0.5 + 0.5 * 2.0 / 3.0)));
    }

    #[test]
    fn the_one_it_overlaps_most_or_none() {
        // The second overlaps the other truth too, but the first one more, which is taken.
        let truths = [truth(0.0, 9.0, false), truth(2.0, 11.0, false)];
        let found = [find(0.0, 9.0, 0.9), find(0.0, 9.0, 0.8)];
        check(&truths, &found, Some((6.0 / 11.0, 0.5)));
    }

    #[test]
    fn what_is_difficult_is_not_asked() {
        let truths = [truth(0.0, 9.0, true), truth(50.0, 59.0, false)];
        let found = [find(0.0, 9.0, 0.9), find(0.0, 9.0, 0.8), find(50.0, 59.0, 0.7)];
        check(&truths, &found, Some((1.0, 1.0)));
        check(&truths[..1], &found, None);
    }

    #[test]
    fn sides_are_whole_pixels() {
        // 0 to 1 and 0 to 3 are 2 and 4 wide: one half, where plain sides give a third.
        check(&[truth(0.0, 3.0, false)], &[find(0.0, 1.0, 0.9)], Some((1.0, 1.0)));
    }

    #[test]
    fn three_of_ten_do_not_reach_the_fourth_point() {
        let truths: Vec<Truth> = (0..10)
            .map(|place| truth(100.0 * f64::from(place), 100.0 * f64::from(place) + 9.0, false))
            .collect();
        let found: Vec<Found> = (0..3)
            .map(|place| find(100.0 * f64::from(place), 100.0 * f64::from(place) + 9.0, 0.9))
            .collect();
        check(&truths, &found, Some((3.0 / 11.0, 0.3)));
    }
}

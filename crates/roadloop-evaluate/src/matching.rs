//! Which find is which truth, class by class, as COCO's evaluation does it.
//!
//! By COCO's rules (`COCOeval.evaluateImg` of pycocotools): of an image and a class, finds
//! take their truths best score first, each the free one it overlaps most, for ten IoU
//! thresholds and four ranges of size. A truth outside the range, and a crowd, is ignored: a
//! find that takes it is neither right nor wrong, nor is one outside the range that takes
//! nothing. What is kept of a find is one bit for each threshold, so that any choice of images
//! (a resample, a recording) can be counted again without matching again.

use crate::given::Corners;
use crate::{Found, Truth};

/// 0.50, 0.55, … 0.95.
pub(crate) const THRESHOLDS: usize = 10;
/// All, small, medium, large: by COCO from 0 to 32² to 96² pixels and on, both ends in.
pub(crate) const RANGES: [(f64, f64); 4] =
    [(0.0, 1e10), (0.0, 1024.0), (1024.0, 9216.0), (9216.0, 1e10)];
/// More of an image and a class are not looked at (COCO's largest `maxDets`).
pub(crate) const MOST_FINDS: usize = 100;

/// The finds of a class over all images, best first; of equal scores in order of images.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClassMatches {
    pub(crate) finds: Vec<MatchedFind>,
    /// Images with truths that count, and how many, by range of size.
    pub(crate) truths: [Vec<(u32, u32)>; 4],
    /// Crowds.
    pub(crate) crowds: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct MatchedFind {
    pub(crate) image: u32,
    pub(crate) score: f32,
    /// Which it is of its image and class by score, from 0.
    pub(crate) rank: u8,
    /// Where it is right: by range of size, bit by IoU threshold.
    pub(crate) right: [u16; 4],
    /// Where it is neither right nor wrong.
    pub(crate) ignored: [u16; 4],
}

/// 0.5 + 0.05 × place, as `numpy.linspace(.5, .95, 10)` gives it.
pub(crate) fn threshold(place: usize) -> f64 {
    if place + 1 == THRESHOLDS { 0.95 } else { 0.5 + place as f64 * ((0.95 - 0.5) / 9.0) }
}

/// Truths and finds by class, then by image; finds of one best first. What is given stays
/// where it is: these are places in it.
#[derive(Debug)]
pub(crate) struct ByClass {
    truths: Vec<u32>,
    found: Vec<u32>,
}

impl ByClass {
    pub(crate) fn of(truths: &[Truth], found: &[Found]) -> ByClass {
        let mut truth_order: Vec<u32> = (0..truths.len() as u32).collect();
        truth_order.sort_by_key(|place| {
            let truth = truths[*place as usize];
            (truth.class, truth.image)
        });
        let mut found_order: Vec<u32> = (0..found.len() as u32).collect();
        found_order.sort_by(|a, b| {
            let [a, b] = [a, b].map(|place| found[*place as usize]);
            (a.class, a.image).cmp(&(b.class, b.image)).then(b.score.total_cmp(&a.score))
        });
        ByClass { truths: truth_order, found: found_order }
    }

    /// What there is of each image of a class that has any, images in order.
    pub(crate) fn images<'a>(
        &'a self,
        class: u32,
        truths: &'a [Truth],
        found: &'a [Found],
    ) -> impl Iterator<Item = (u32, &'a [u32], &'a [u32])> {
        let of_truth = |place: &u32| (truths[*place as usize].class, truths[*place as usize].image);
        let of_found = |place: &u32| (found[*place as usize].class, found[*place as usize].image);
        let mut rest_truths = span(&self.truths, |place| of_truth(place).0.cmp(&class));
        let mut rest_found = span(&self.found, |place| of_found(place).0.cmp(&class));
        std::iter::from_fn(move || {
            let next = |rest: &[u32], image: &dyn Fn(&u32) -> (u32, u32)| {
                rest.first().map_or(u32::MAX, |place| image(place).1)
            };
            let image = next(rest_truths, &of_truth).min(next(rest_found, &of_found));
            if image == u32::MAX {
                return None;
            }
            let ours = rest_truths.iter().take_while(|place| of_truth(place).1 == image).count();
            let (truths, rest) = rest_truths.split_at(ours);
            rest_truths = rest;
            let ours = rest_found.iter().take_while(|place| of_found(place).1 == image).count();
            let (found, rest) = rest_found.split_at(ours);
            rest_found = rest;
            Some((image, truths, found))
        })
    }
}

/// The part of a sorted slice that compares equal.
fn span(places: &[u32], compare: impl Fn(&u32) -> std::cmp::Ordering) -> &[u32] {
    let start = places.partition_point(|place| compare(place).is_lt());
    let end = places.partition_point(|place| compare(place).is_le());
    &places[start..end]
}

/// One [`ClassMatches`] for each class.
pub(crate) fn match_classes(
    classes: usize,
    by_class: &ByClass,
    truths: &[Truth],
    found: &[Found],
) -> Vec<ClassMatches> {
    let mut overlaps = Vec::new();
    (0..classes as u32)
        .map(|class| {
            let mut matches = ClassMatches::default();
            for (image, here, finds) in by_class.images(class, truths, found) {
                match_image(
                    image,
                    &here_of(truths, here),
                    finds,
                    found,
                    &mut overlaps,
                    &mut matches,
                );
            }
            // Stable: of equal scores, images stay in order, as COCO's merge sort leaves them.
            matches.finds.sort_by(|a, b| b.score.total_cmp(&a.score));
            matches
        })
        .collect()
}

fn here_of(truths: &[Truth], places: &[u32]) -> Vec<(Corners, bool)> {
    let truth = |place: &u32| (truths[*place as usize].corners, truths[*place as usize].crowd);
    places.iter().map(truth).collect()
}

fn match_image(
    image: u32,
    truths: &[(Corners, bool)],
    finds: &[u32],
    found: &[Found],
    overlaps: &mut Vec<f64>,
    matches: &mut ClassMatches,
) {
    let finds = &finds[..finds.len().min(MOST_FINDS)];
    overlaps.clear();
    for find in finds {
        let corners = found[*find as usize].corners;
        // Of a crowd, COCO asks how much of the find lies in it.
        overlaps.extend(truths.iter().map(|(truth, is_crowd)| {
            if *is_crowd { corners.share_in(*truth) } else { corners.iou(*truth) }
        }));
    }
    let first = matches.finds.len();
    matches.finds.extend(finds.iter().enumerate().map(|(rank, find)| MatchedFind {
        image,
        score: found[*find as usize].score,
        rank: rank as u8,
        right: [0; 4],
        ignored: [0; 4],
    }));
    matches.crowds += truths.iter().filter(|(_, is_crowd)| *is_crowd).count() as u64;
    let mut taken = Vec::new();
    for (range, (least, most)) in RANGES.into_iter().enumerate() {
        let is_in = |corners: Corners| (least..=most).contains(&corners.area());
        let ignored: Vec<bool> =
            truths.iter().map(|(truth, is_crowd)| *is_crowd || !is_in(*truth)).collect();
        let counted = ignored.iter().filter(|ignored| !**ignored).count();
        if counted > 0 {
            matches.truths[range].push((image, counted as u32));
        }
        if truths.is_empty() {
            for (matched, find) in matches.finds[first..].iter_mut().zip(finds) {
                let is_out = !is_in(found[*find as usize].corners);
                matched.ignored[range] = if is_out { (1 << THRESHOLDS) - 1 } else { 0 };
            }
            continue;
        }
        for place in 0..THRESHOLDS {
            let bit = 1 << place;
            taken.clear();
            taken.resize(truths.len(), false);
            for (row, find) in finds.iter().enumerate() {
                let overlap = &overlaps[row * truths.len()..(row + 1) * truths.len()];
                let matched = &mut matches.finds[first + row];
                match best_free(overlap, truths, &ignored, &taken, threshold(place)) {
                    Some(truth) => {
                        taken[truth] = true;
                        if ignored[truth] {
                            matched.ignored[range] |= bit;
                        } else {
                            matched.right[range] |= bit;
                        }
                    }
                    None if !is_in(found[*find as usize].corners) => matched.ignored[range] |= bit,
                    None => {}
                }
            }
        }
    }
}

/// The truth a find takes: one that counts before one that is ignored; of these the one it
/// overlaps most, of equals the last, as pycocotools.
fn best_free(
    overlaps: &[f64],
    truths: &[(Corners, bool)],
    ignored: &[bool],
    taken: &[bool],
    threshold: f64,
) -> Option<usize> {
    for wants_ignored in [false, true] {
        let mut best = None;
        // The most that is asked is a hair below 1, as in pycocotools.
        let mut least = threshold.min(1.0 - 1e-10);
        for (truth, overlap) in overlaps.iter().enumerate() {
            let is_free = !taken[truth] || truths[truth].1;
            if ignored[truth] == wants_ignored && is_free && *overlap >= least {
                least = *overlap;
                best = Some(truth);
            }
        }
        if best.is_some() {
            return best;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Boxes of height 10 on one image by left and right; a crowd where it says so.
    #[track_caller]
    fn check(truths: &[(f64, f64, bool)], found: &[(f64, f64, f32)], expected: &[&str]) {
        let truths: Vec<Truth> = truths
            .iter()
            .map(|(left, right, crowd)| Truth {
                image: 0,
                class: 0,
                corners: Corners::new(*left, 0.0, *right, 10.0),
                crowd: *crowd,
            })
            .collect();
        let found: Vec<Found> = found
            .iter()
            .map(|(left, right, score)| Found {
                image: 0,
                class: 0,
                score: *score,
                corners: Corners::new(*left, 0.0, *right, 10.0),
            })
            .collect();
        let by_class = ByClass::of(&truths, &found);
        let matches = match_classes(1, &by_class, &truths, &found);
        let said: Vec<String> = matches[0]
            .finds
            .iter()
            .map(|find| match (find.right[0] & 1, find.ignored[0] & 1) {
                (1, 0) => format!("right to {}", find.right[0].count_ones()),
                (0, 1) => "ignored".to_owned(),
                _ => "wrong".to_owned(),
            })
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn the_best_score_takes_the_truth() {
        // IoU 1 is right at all ten thresholds, 0.8 at 0.50 to 0.80.
        check(
            &[(0.0, 10.0, false)],
            &[(0.0, 10.0, 0.5), (0.0, 8.0, 0.9)],
            &["right to 7", "wrong"],
        );
        check(&[(0.0, 10.0, false)], &[(0.0, 10.0, 0.9)], &["right to 10"]);
        check(&[], &[(0.0, 10.0, 0.9)], &["wrong"]);
    }

    #[test]
    fn a_find_takes_what_is_free() {
        // Both overlap both; the second is left the other truth.
        let truths = [(0.0, 10.0, false), (2.0, 12.0, false)];
        check(&truths, &[(0.0, 10.0, 0.9), (0.0, 10.0, 0.8)], &["right to 10", "right to 4"]);
    }

    #[test]
    fn a_crowd_takes_any_number() {
        let truths = [(0.0, 100.0, true)];
        check(&truths, &[(0.0, 10.0, 0.9), (40.0, 50.0, 0.8)], &["ignored", "ignored"]);
        check(&[(0.0, 10.0, false), (0.0, 100.0, true)], &[(0.0, 10.0, 0.9)], &["right to 10"]);
    }

    #[test]
    fn sizes_are_apart() {
        let truth =
            Truth { image: 0, class: 0, corners: Corners::new(0.0, 0.0, 40.0, 40.0), crowd: false };
        let found = [Found { image: 0, class: 0, score: 0.9, corners: truth.corners }];
        let by_class = ByClass::of(&[truth], &found);
        let matches = match_classes(1, &by_class, &[truth], &found);
        let counted = matches[0].truths.clone().map(|truths| truths.len());
        assert_eq!(counted, [1, 0, 1, 0], "1600 pixels are of medium size");
        let all = (1 << THRESHOLDS) - 1;
        assert_eq!(matches[0].finds[0].right, [all, 0, all, 0]);
        assert_eq!(matches[0].finds[0].ignored, [0, all, 0, all]);
    }

    #[test]
    fn thresholds_are_those_of_numpy() {
        let all: Vec<f64> = (0..THRESHOLDS).map(threshold).collect();
        for (place, found) in all.iter().enumerate() {
            assert!((found - (0.5 + 0.05 * place as f64)).abs() < 1e-12);
        }
        // From hotcoco's table of numpy's bits: 0.55 is one above the nearest number.
        assert_eq!(all[1].to_bits(), 4_603_129_179_135_383_962);
        assert_eq!(all[9].to_bits(), 4_606_732_058_837_280_358);
    }
}

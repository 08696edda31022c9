//! Two detectors on the same images: who finds what the other misses, and whether the
//! difference is more than chance.

use serde::{Deserialize, Serialize};

use crate::curves::AtThreshold;
use crate::judge::Judged;
use crate::metrics::{Wanted, coco_metrics};
use crate::resample::{quantile, resample};
use crate::voc::voc_metrics;
use crate::{EvaluateError, Evaluation, ImageReport, TruthBox};

/// Resamples times finds of both: some half a minute on one core. Above it there are fewer
/// resamples, yet never below 100: the more images there are, the less an interval needs.
const MOST_WORK: u64 = 200_000_000;
const FEWEST_RESAMPLES: u64 = 100;
const MOST_RESAMPLES: usize = 100_000;

#[derive(Clone, Debug, PartialEq)]
pub struct CompareSettings {
    /// What the two are called.
    pub names: [String; 2],
    /// Of the first and of the second; where F1 is best by itself where none is given.
    pub confidence: [Option<f32>; 2],
    /// How often images are drawn for the intervals; 0 for none, 1 000 is usual.
    pub resamples: usize,
    pub seed: u64,
    /// Of the images that are better, and of those that are worse, as many.
    pub images: usize,
}

impl Default for CompareSettings {
    fn default() -> CompareSettings {
        CompareSettings {
            names: ["first".to_owned(), "second".to_owned()],
            confidence: [None; 2],
            resamples: 1_000,
            seed: 0,
            images: 12,
        }
    }
}

/// The second against the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub first: String,
    pub second: String,
    /// What counts as found, of the first and of the second.
    pub confidence: [f32; 2],
    /// COCO's twelve, VOC's two, then precision, recall and F1 at the confidence.
    pub metrics: Vec<Change>,
    /// AP of each class; without intervals.
    pub classes: Vec<Change>,
    /// How often images were drawn; fewer than asked for where there are very many finds.
    pub resamples: u64,
    pub seed: u64,
    pub truths: TruthTotals,
    pub images: ImageTotals,
    /// Images on which the second is better, most first, by [`ImageReport::badness`].
    pub better: Vec<ComparedImage>,
    /// Images on which it is worse, most first.
    pub worse: Vec<ComparedImage>,
}

/// One number of both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// `AP`, `AP50`, `mAP07`; or a class.
    pub name: String,
    pub first: Option<f64>,
    pub second: Option<f64>,
    /// The second less the first; absent where either is.
    pub change: Option<f64>,
    /// The middle 95 % of the change over resamples of the images, from and to.
    pub interval: Option<[f64; 2]>,
}

/// Who finds how many truths, with their class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthTotals {
    pub both: u64,
    pub only_first: u64,
    pub only_second: u64,
    pub neither: u64,
}

/// On how many images the second is better, and worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageTotals {
    pub better: u64,
    pub worse: u64,
    pub same: u64,
}

/// An image as both see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedImage {
    pub first: ImageReport,
    pub second: ImageReport,
    /// Truths that the second does not find.
    pub only_first: Vec<TruthBox>,
    /// Truths that the first does not find.
    pub only_second: Vec<TruthBox>,
}

/// Holds `second` against `first`; both are of the same classes, images and truths.
pub fn compare(
    first: &Evaluation,
    second: &Evaluation,
    settings: &CompareSettings,
) -> Result<Comparison, EvaluateError> {
    let same = |is_same: bool, what| {
        if is_same { Ok(()) } else { Err(EvaluateError::NotTheSame { what }) }
    };
    same(first.classes == second.classes, "classes")?;
    same(first.images == second.images, "images")?;
    same(first.truths == second.truths, "truths")?;
    if settings.resamples > MOST_RESAMPLES {
        return Err(EvaluateError::Setting {
            setting: "resamples",
            found: settings.resamples.to_string(),
            expected: "at most 100000",
        });
    }
    let confidence =
        [first.confidence(settings.confidence[0])?, second.confidence(settings.confidence[1])?];
    let both = [first, second];
    let images = Images::of(both, confidence);
    let finds = (first.found.len() + second.found.len()) as u64;
    let most = (MOST_WORK / finds.max(1)).max(FEWEST_RESAMPLES);
    let resamples = settings.resamples.min(usize::try_from(most).unwrap_or(usize::MAX));
    let [first_name, second_name] = settings.names.clone();
    let show = |chosen: &[(f64, u32)]| -> Vec<ComparedImage> {
        let chosen = chosen.iter().take(settings.images);
        chosen.filter_map(|(_, image)| compared(both, confidence, *image)).collect()
    };
    Ok(Comparison {
        first: first_name,
        second: second_name,
        confidence,
        metrics: changes(both, confidence, resamples, settings.seed),
        classes: of_classes(both),
        resamples: resamples as u64,
        seed: settings.seed,
        truths: images.truths,
        images: images.totals,
        better: show(&images.better),
        worse: show(&images.worse),
    })
}

/// Images by how much badness the second takes away, or adds.
#[derive(Debug, Default)]
struct Images {
    truths: TruthTotals,
    totals: ImageTotals,
    better: Vec<(f64, u32)>,
    worse: Vec<(f64, u32)>,
}

impl Images {
    fn of(both: [&Evaluation; 2], confidence: [f32; 2]) -> Images {
        let mut images = Images::default();
        let mut is_found = [vec![false; both[0].truths.len()], vec![false; both[0].truths.len()]];
        for image in 0..both[0].images.len() as u32 {
            let mut badness = [0.0; 2];
            for model in 0..2 {
                let Evaluation { truths, found, .. } = both[model];
                let judged = both[model].judge(image, confidence[model]);
                badness[model] = judged.badness(truths, found);
                for pair in right(&judged, both[model]) {
                    is_found[model][pair as usize] = true;
                }
            }
            let gain = badness[0] - badness[1];
            // Scores are single precision: what is below it is noise of the sum.
            match gain {
                gain if gain > 1e-6 => images.better.push((gain, image)),
                gain if gain < -1e-6 => images.worse.push((-gain, image)),
                _ => images.totals.same += 1,
            }
        }
        images.totals.better = images.better.len() as u64;
        images.totals.worse = images.worse.len() as u64;
        for list in [&mut images.better, &mut images.worse] {
            list.sort_by(|a, b| b.0.total_cmp(&a.0));
        }
        let of_first = is_found[0].iter().zip(&is_found[1]).zip(&both[0].truths);
        for ((in_first, in_second), truth) in of_first {
            let TruthTotals { both, only_first, only_second, neither } = &mut images.truths;
            let total = match (*in_first, *in_second) {
                _ if truth.crowd => continue,
                (true, true) => both,
                (true, false) => only_first,
                (false, true) => only_second,
                (false, false) => neither,
            };
            *total += 1;
        }
        images
    }
}

/// The truths that are found with their class.
fn right(judged: &Judged, of: &Evaluation) -> Vec<u32> {
    let is_right = |pair: &&(u32, u32, f64)| Judged::is_right(pair, &of.truths, &of.found);
    judged.pairs.iter().filter(is_right).map(|pair| pair.0).collect()
}

fn compared(both: [&Evaluation; 2], confidence: [f32; 2], image: u32) -> Option<ComparedImage> {
    let right =
        [0, 1].map(|model: usize| right(&both[model].judge(image, confidence[model]), both[model]));
    let only = |here: usize, there: usize| -> Vec<TruthBox> {
        let only = right[here].iter().filter(|truth| !right[there].contains(truth));
        only.map(|place| both[0].truths[*place as usize])
            .map(|truth| TruthBox { class: truth.class, corners: truth.corners })
            .collect()
    };
    Some(ComparedImage {
        first: both[0].image(image, confidence[0])?,
        second: both[1].image(image, confidence[1])?,
        only_first: only(0, 1),
        only_second: only(1, 0),
    })
}

const NAMES: [&str; 17] = [
    "AP",
    "AP50",
    "AP75",
    "AP small",
    "AP medium",
    "AP large",
    "AR1",
    "AR10",
    "AR100",
    "AR small",
    "AR medium",
    "AR large",
    "mAP07",
    "mAP10",
    "precision",
    "recall",
    "F1",
];

/// All numbers of one, for a choice of images.
fn numbers(of: &Evaluation, counts: &[[u64; 3]], weights: &[u32]) -> [Option<f64>; 17] {
    let coco = coco_metrics(&of.matches, weights, Wanted::Everything);
    let voc = voc_metrics(&of.voc, weights);
    let mut sums = [0u64; 3];
    for (image, weight) in counts.iter().zip(weights) {
        for (sum, count) in sums.iter_mut().zip(image) {
            *sum += count * u64::from(*weight);
        }
    }
    let [right, wrong, truths] = sums;
    let at = AtThreshold::of(0.0, right, wrong, truths);
    [
        coco.ap,
        coco.ap50,
        coco.ap75,
        coco.ap_small,
        coco.ap_medium,
        coco.ap_large,
        coco.ar1,
        coco.ar10,
        coco.ar100,
        coco.ar_small,
        coco.ar_medium,
        coco.ar_large,
        voc.map07,
        voc.map10,
        at.precision,
        at.recall,
        at.f1,
    ]
}

/// Right and wrong finds and truths of each image, classes apart.
fn counts(of: &Evaluation, confidence: f32) -> Vec<[u64; 3]> {
    let mut counts = vec![[0; 3]; of.images.len()];
    for class in &of.matches {
        for find in class.finds.iter().take_while(|find| find.score >= confidence) {
            if find.ignored[0] & 1 == 0 {
                counts[find.image as usize][usize::from(find.right[0] & 1 == 0)] += 1;
            }
        }
        for (image, truths) in &class.truths[0] {
            counts[*image as usize][2] += u64::from(*truths);
        }
    }
    counts
}

fn changes(
    both: [&Evaluation; 2],
    confidence: [f32; 2],
    resamples: usize,
    seed: u64,
) -> Vec<Change> {
    let images = both[0].images.len();
    let counts = [counts(both[0], confidence[0]), counts(both[1], confidence[1])];
    let of_both =
        |weights: &[u32]| [0, 1].map(|model: usize| numbers(both[model], &counts[model], weights));
    let less = |[first, second]: [[Option<f64>; 17]; 2], place: usize| {
        Some(second[place]? - first[place]?)
    };
    let all = of_both(&vec![1; images]);
    let drawn = resample(images, resamples, seed, of_both);
    let change = |(place, name): (usize, &&str)| {
        // Where a draw has no truth that a number asks for, it says nothing.
        let mut spread: Vec<f64> = drawn.iter().filter_map(|both| less(*both, place)).collect();
        spread.sort_by(f64::total_cmp);
        let low = quantile(&spread, 0.025);
        Change {
            name: (*name).to_owned(),
            first: all[0][place],
            second: all[1][place],
            change: less(all, place),
            interval: low.zip(quantile(&spread, 0.975)).map(|(low, high)| [low, high]),
        }
    };
    NAMES.iter().enumerate().map(change).collect()
}

fn of_classes(both: [&Evaluation; 2]) -> Vec<Change> {
    let weights = vec![1; both[0].images.len()];
    let change = |(class, name): (usize, &String)| {
        let [first, second] =
            both.map(|of| coco_metrics(&of.matches[class..=class], &weights, Wanted::Precision).ap);
        let change = first.zip(second).map(|(first, second)| second - first);
        Change { name: name.clone(), first, second, change, interval: None }
    };
    both[0].classes.iter().enumerate().map(change).collect()
}

#[cfg(test)]
mod tests;

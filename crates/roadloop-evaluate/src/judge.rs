//! What a detector got right and wrong on one image, at one confidence.
//!
//! Here classes are not apart: the pair of a truth and a find that overlap most comes first,
//! whatever their classes, and each is of one pair at most (as in Ultralytics' confusion
//! matrix). So a car taken for a truck is seen as that, where class by class it would be a
//! missed car and a false truck. A find that lies in a crowd of its class is left out.

use roadloop_base::Nanos;
use serde::{Deserialize, Serialize};

use crate::given::Corners;
use crate::{Evaluation, Found, Truth};

/// A pair of a truth and a find overlaps at least this much.
pub(crate) const IOU: f64 = 0.5;
/// Of an image's boxes, those that are told.
const MOST_BOXES: usize = 200;

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Right, wrong class and missed; crowds are not among them.
    pub truths: u64,
    /// Right, wrong class and false.
    pub found: u64,
    pub right: u64,
    /// Found where something of another class is.
    pub wrong_class: u64,
    pub missed: u64,
    /// Found where nothing is.
    pub false_finds: u64,
}

/// What became of a truth, a find, or a pair of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Missed,
    WrongClass,
    False,
    Right,
}

/// A truth of an image that is named elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TruthBox {
    /// Place in the list of classes.
    pub class: u32,
    #[serde(flatten)]
    pub corners: Corners,
}

/// A find of an image that is named elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoundBox {
    /// Place in the list of classes.
    pub class: u32,
    /// 0 to 1.
    pub score: f32,
    #[serde(flatten)]
    pub corners: Corners,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedBox {
    pub verdict: Verdict,
    /// Absent of a false find.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<TruthBox>,
    /// Absent of what was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<FoundBox>,
    /// Of the two, 0.5 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iou: Option<f64>,
}

/// An image and what became of each box on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageReport {
    /// Place in the list of images.
    pub image: u32,
    pub name: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<Nanos>,
    /// One for each truth missed or of the wrong class, and the scores of the finds that are
    /// false or of the wrong class: an error that a detector is sure of weighs more.
    pub badness: f64,
    pub counts: Counts,
    /// The missed first, then the wrong classes, the false and the right, each by score; at
    /// most 200.
    pub boxes: Vec<JudgedBox>,
}

/// Truths and finds by image, finds of one best first: places in what is given.
#[derive(Debug)]
pub(crate) struct ByImage {
    truths: Lists,
    found: Lists,
}

#[derive(Debug)]
struct Lists {
    places: Vec<u32>,
    /// Where each image's part starts, and where the last ends.
    starts: Vec<u32>,
}

impl Lists {
    fn of(images: usize, of_places: impl Iterator<Item = u32> + Clone) -> Lists {
        let mut starts = vec![0u32; images + 1];
        for image in of_places.clone() {
            starts[image as usize + 1] += 1;
        }
        for image in 0..images {
            starts[image + 1] += starts[image];
        }
        let mut next = starts.clone();
        let mut places = vec![0u32; starts[images] as usize];
        for (place, image) in of_places.enumerate() {
            places[next[image as usize] as usize] = place as u32;
            next[image as usize] += 1;
        }
        Lists { places, starts }
    }

    fn get(&self, image: usize) -> &[u32] {
        match (self.starts.get(image), self.starts.get(image + 1)) {
            (Some(start), Some(end)) => &self.places[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

impl ByImage {
    pub(crate) fn of(images: usize, truths: &[Truth], found: &[Found]) -> ByImage {
        let mut by_image = ByImage {
            truths: Lists::of(images, truths.iter().map(|truth| truth.image)),
            found: Lists::of(images, found.iter().map(|find| find.image)),
        };
        for image in 0..images {
            let (start, end) = (by_image.found.starts[image], by_image.found.starts[image + 1]);
            by_image.found.places[start as usize..end as usize]
                .sort_by(|a, b| found[*b as usize].score.total_cmp(&found[*a as usize].score));
        }
        by_image
    }
}

/// Pairs, and what is of none: places in what was given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Judged {
    /// Truth, find, IoU: of one class or of two.
    pub(crate) pairs: Vec<(u32, u32, f64)>,
    pub(crate) missed: Vec<u32>,
    /// Best first.
    pub(crate) false_finds: Vec<u32>,
}

/// Of one image, with the finds whose score is `confidence` or more.
pub(crate) fn judge(
    by_image: &ByImage,
    truths: &[Truth],
    found: &[Found],
    image: u32,
    confidence: f32,
) -> Judged {
    let places = by_image.truths.get(image as usize);
    let (crowds, here): (Vec<u32>, Vec<u32>) =
        places.iter().partition(|place| truths[**place as usize].crowd);
    let finds = by_image.found.get(image as usize);
    let finds = &finds[..finds.partition_point(|find| found[*find as usize].score >= confidence)];
    // Places in `here` and `finds`.
    let mut near: Vec<(usize, usize, f64)> = Vec::new();
    for (row, find) in finds.iter().enumerate() {
        for (column, truth) in here.iter().enumerate() {
            let overlap = found[*find as usize].corners.iou(truths[*truth as usize].corners);
            if overlap >= IOU {
                near.push((column, row, overlap));
            }
        }
    }
    let is_other = |pair: &(usize, usize, f64)| {
        truths[here[pair.0] as usize].class != found[finds[pair.1] as usize].class
    };
    // Stable: of equals, the find with the better score comes first.
    near.sort_by(|a, b| b.2.total_cmp(&a.2).then(is_other(a).cmp(&is_other(b))));
    let (mut of_truth, mut of_find) = (vec![false; here.len()], vec![false; finds.len()]);
    let mut pairs: Vec<(u32, u32, f64)> = Vec::new();
    for (truth, find, overlap) in near {
        if !of_truth[truth] && !of_find[find] {
            (of_truth[truth], of_find[find]) = (true, true);
            pairs.push((here[truth], finds[find], overlap));
        }
    }
    let in_crowd = |find: u32| {
        let find = found[find as usize];
        crowds.iter().any(|crowd| {
            let crowd = truths[*crowd as usize];
            crowd.class == find.class && find.corners.share_in(crowd.corners) >= IOU
        })
    };
    let left = |places: &[u32], taken: &[bool]| -> Vec<u32> {
        let free = places.iter().zip(taken).filter(|(_, taken)| !**taken);
        free.map(|(place, _)| *place).collect()
    };
    let mut false_finds = left(finds, &of_find);
    false_finds.retain(|find| !in_crowd(*find));
    Judged { missed: left(&here, &of_truth), false_finds, pairs }
}

impl Judged {
    pub(crate) fn is_right(pair: &(u32, u32, f64), truths: &[Truth], found: &[Found]) -> bool {
        truths[pair.0 as usize].class == found[pair.1 as usize].class
    }

    pub(crate) fn counts(&self, truths: &[Truth], found: &[Found]) -> Counts {
        let is_right = |pair: &&(u32, u32, f64)| Judged::is_right(pair, truths, found);
        let right = self.pairs.iter().filter(is_right).count() as u64;
        let (pairs, missed) = (self.pairs.len() as u64, self.missed.len() as u64);
        let false_finds = self.false_finds.len() as u64;
        Counts {
            truths: pairs + missed,
            found: pairs + false_finds,
            right,
            wrong_class: pairs - right,
            missed,
            false_finds,
        }
    }

    /// See [`ImageReport::badness`].
    pub(crate) fn badness(&self, truths: &[Truth], found: &[Found]) -> f64 {
        let wrong = self.pairs.iter().filter(|pair| !Judged::is_right(pair, truths, found));
        let wrong: f64 = wrong.map(|pair| 1.0 + f64::from(found[pair.1 as usize].score)).sum();
        let false_finds =
            self.false_finds.iter().map(|find| f64::from(found[*find as usize].score));
        wrong + self.missed.len() as f64 + false_finds.sum::<f64>()
    }
}

impl Evaluation {
    pub(crate) fn judge(&self, image: u32, confidence: f32) -> Judged {
        judge(&self.by_image, &self.truths, &self.found, image, confidence)
    }

    /// What became of each box of an image, with the finds whose score is `confidence` or
    /// more; `None` where there is no such image.
    pub fn image(&self, image: u32, confidence: f32) -> Option<ImageReport> {
        let of = self.images.get(image as usize)?;
        let judged = self.judge(image, confidence);
        let truth_box = |place: u32| {
            let truth = self.truths[place as usize];
            TruthBox { class: truth.class, corners: truth.corners }
        };
        let found_box = |place: u32| {
            let Found { class, score, corners, .. } = self.found[place as usize];
            FoundBox { class, score, corners }
        };
        let mut boxes: Vec<JudgedBox> = Vec::new();
        boxes.extend(judged.missed.iter().map(|truth| JudgedBox {
            verdict: Verdict::Missed,
            truth: Some(truth_box(*truth)),
            found: None,
            iou: None,
        }));
        boxes.extend(judged.pairs.iter().map(|pair| JudgedBox {
            verdict: if Judged::is_right(pair, &self.truths, &self.found) {
                Verdict::Right
            } else {
                Verdict::WrongClass
            },
            truth: Some(truth_box(pair.0)),
            found: Some(found_box(pair.1)),
            iou: Some(pair.2),
        }));
        boxes.extend(judged.false_finds.iter().map(|find| JudgedBox {
            verdict: Verdict::False,
            truth: None,
            found: Some(found_box(*find)),
            iou: None,
        }));
        let score = |judged: &JudgedBox| judged.found.map_or(0.0, |find| find.score);
        boxes.sort_by(|a, b| a.verdict.cmp(&b.verdict).then_with(|| score(b).total_cmp(&score(a))));
        boxes.truncate(MOST_BOXES);
        Some(ImageReport {
            image,
            name: of.name.clone(),
            width: of.width,
            height: of.height,
            group: of.group.clone(),
            taken_at: of.taken_at,
            badness: judged.badness(&self.truths, &self.found),
            counts: judged.counts(&self.truths, &self.found),
            boxes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(class: u32, left: f64, right: f64, crowd: bool) -> Truth {
        Truth { image: 0, class, corners: Corners::new(left, 0.0, right, 10.0), crowd }
    }

    fn find(class: u32, left: f64, right: f64, score: f32) -> Found {
        Found { image: 0, class, score, corners: Corners::new(left, 0.0, right, 10.0) }
    }

    /// Pairs as `truth:find`, missed as `truth:`, false as `:find`; and the badness.
    #[track_caller]
    fn check(truths: &[Truth], found: &[Found], expected: &str, badness: f64) {
        let judged = judge(&ByImage::of(1, truths, found), truths, found, 0, 0.25);
        let pairs = judged.pairs.iter().map(|(truth, find, _)| format!("{truth}:{find}"));
        let missed = judged.missed.iter().map(|truth| format!("{truth}:"));
        let wrong = judged.false_finds.iter().map(|find| format!(":{find}"));
        let said: Vec<String> = pairs.chain(missed).chain(wrong).collect();
        assert_eq!(said.join(" "), expected);
        let found_badness = judged.badness(truths, found);
        assert!((found_badness - badness).abs() < 1e-6, "{found_badness} is not {badness}");
        let counts = judged.counts(truths, found);
        assert_eq!(counts.truths, counts.right + counts.wrong_class + counts.missed);
        assert_eq!(counts.found, counts.right + counts.wrong_class + counts.false_finds);
    }

    #[test]
    fn pairs_by_overlap() {
        let truths = [truth(0, 0.0, 10.0, false), truth(1, 50.0, 60.0, false)];
        check(&truths, &[], "0: 1:", 2.0);
        check(&truths, &[find(0, 0.0, 10.0, 0.9), find(0, 50.0, 60.0, 0.5)], "0:0 1:1", 1.5);
        // The closer one takes it, though its score is lower and its class is another.
        check(&truths[..1], &[find(0, 0.0, 8.0, 0.9), find(1, 0.0, 9.0, 0.5)], "0:1 :0", 2.4);
        // Of equals, that of its class.
        check(&truths[..1], &[find(1, 0.0, 10.0, 0.9), find(0, 0.0, 10.0, 0.5)], "0:1 :0", 0.9);
    }

    #[test]
    fn what_is_unsure_is_not_there() {
        check(&[], &[find(0, 0.0, 10.0, 0.25), find(0, 0.0, 10.0, 0.2)], ":0", 0.25);
    }

    #[test]
    fn crowds_are_not_asked() {
        let crowd = [truth(0, 0.0, 100.0, true)];
        check(&crowd, &[find(0, 0.0, 10.0, 0.9)], "", 0.0);
        check(&crowd, &[find(1, 0.0, 10.0, 0.5)], ":0", 0.5);
        check(&crowd, &[], "", 0.0);
    }
}

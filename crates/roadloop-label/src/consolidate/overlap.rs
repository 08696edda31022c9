//! How far two boxes, or two sets of them, are the same.

use std::cmp::Ordering;

use roadloop_base::{DrawnBox, PixelBox};
use serde::{Deserialize, Serialize};

/// Intersection over union: 1 for the same box, 0 where they do not meet.
pub fn iou(a: PixelBox, b: PixelBox) -> f64 {
    if a == b {
        return 1.0;
    }
    let [a, b] = [edges(a), edges(b)];
    let area = |[left, top, right, bottom]: [f64; 4]| (right - left) * (bottom - top);
    let width = a[2].min(b[2]) - a[0].max(b[0]);
    let height = a[3].min(b[3]) - a[1].max(b[1]);
    if width <= 0.0 || height <= 0.0 {
        return 0.0;
    }
    let both = width * height;
    let ratio = both / (area(a) + area(b) - both);
    // Numbers so large that areas overflow are nobody's pixels.
    if ratio.is_finite() { ratio.clamp(0.0, 1.0) } else { 0.0 }
}

/// Left, top, right, bottom.
pub(super) fn edges(pixels: PixelBox) -> [f64; 4] {
    let right = pixels.left() + pixels.width();
    let bottom = pixels.top() + pixels.height();
    [pixels.left(), pixels.top(), right, bottom]
}

/// An order of boxes by what they are, not whose.
pub(super) fn by_content(one: &DrawnBox, other: &DrawnBox) -> Ordering {
    let sides = |drawn: &DrawnBox| {
        let pixels = drawn.pixels;
        // Adding zero makes one zero of the two there are.
        [pixels.left(), pixels.top(), pixels.width(), pixels.height()].map(|side| side + 0.0)
    };
    let pairs = sides(one).into_iter().zip(sides(other));
    pairs
        .map(|(one, other)| one.total_cmp(&other))
        .find(|ordering| ordering.is_ne())
        .unwrap_or_else(|| one.label.cmp(&other.label))
}

/// How near a box of anyone else came to this one.
pub(super) fn nearest(answers: &[&[DrawnBox]], answer: usize, pixels: PixelBox) -> f64 {
    let others = answers.iter().enumerate().filter(|(other, _)| *other != answer);
    let boxes = others.flat_map(|(_, boxes)| boxes.iter());
    boxes.map(|other| iou(pixels, other.pixels)).fold(0.0, f64::max)
}

/// How boxes that were found fit those that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub matched: u64,
    /// Found, but not there.
    pub extra: u64,
    /// There, but not found.
    pub missed: u64,
}

impl Score {
    /// Of what was found, the share that is there; 1 where nothing was found.
    pub fn precision(&self) -> f64 {
        share(self.matched, self.extra)
    }

    /// Of what is there, the share that was found; 1 where nothing is there.
    pub fn recall(&self) -> f64 {
        share(self.matched, self.missed)
    }

    /// 1 where nothing is there and nothing was found.
    pub fn f1(&self) -> f64 {
        share(2 * self.matched, self.extra + self.missed)
    }
}

fn share(good: u64, bad: u64) -> f64 {
    if good + bad == 0 { 1.0 } else { good as f64 / (good + bad) as f64 }
}

/// Each box that was found is matched with one that is there, of the same name and
/// overlapping that far, the best overlaps first.
pub fn score(found: &[DrawnBox], truth: &[DrawnBox], threshold: f64) -> Score {
    let [found, truth] = [in_order(found), in_order(truth)];
    let mut is_found = vec![false; found.len()];
    let mut is_there = vec![false; truth.len()];
    let mut matched = 0;
    let mut best = MostAlike::new(PAIRS_AT_ONCE);
    loop {
        for (place, drawn) in (0u32..).zip(&found) {
            if is_found[place as usize] {
                continue;
            }
            let right = edges(drawn.pixels)[2];
            for (there, real) in (0u32..).zip(&truth) {
                // By content is from left to right: nothing that follows meets this one.
                if real.pixels.left() >= right && real.pixels.left() > drawn.pixels.left() {
                    break;
                }
                if is_there[there as usize] || drawn.label != real.label {
                    continue;
                }
                let overlap = iou(drawn.pixels, real.pixels);
                if overlap > 0.0 && overlap >= threshold {
                    best.offer((overlap, place, there));
                }
            }
        }
        let pairs = best.take();
        if pairs.is_empty() {
            break;
        }
        for (_, place, there) in pairs {
            let (place, there) = (place as usize, there as usize);
            if !is_found[place] && !is_there[there] {
                is_found[place] = true;
                is_there[there] = true;
                matched += 1;
            }
        }
    }
    Score { matched, extra: found.len() as u64 - matched, missed: truth.len() as u64 - matched }
}

/// Where boxes are piled up there are millions of pairs, and nearly all of them are of no
/// use any more once the most alike are put together: so many are looked at, and then only
/// what is left.
pub(super) const PAIRS_AT_ONCE: usize = 1 << 16;

/// How alike two boxes are, and which by their places in the order of content.
pub(super) type Pair = (f64, u32, u32);

/// The most alike pairs of those offered, of which none comes twice.
pub(super) struct MostAlike {
    at_once: usize,
    pairs: Vec<Pair>,
    /// The last one that was taken.
    taken: Option<Pair>,
    /// So many are better than this one already.
    worst: Option<Pair>,
}

impl MostAlike {
    pub(super) fn new(at_once: usize) -> MostAlike {
        MostAlike { at_once, pairs: Vec::new(), taken: None, worst: None }
    }

    pub(super) fn offer(&mut self, pair: Pair) {
        if self.taken.is_some_and(|taken| before(&pair, &taken).is_le())
            || self.worst.is_some_and(|worst| before(&worst, &pair).is_lt())
        {
            return;
        }
        self.pairs.push(pair);
        if self.pairs.len() >= 2 * self.at_once {
            self.worst = Some(self.keep_best());
        }
    }

    /// In their order, so many at most. None: all were.
    pub(super) fn take(&mut self) -> Vec<Pair> {
        if self.pairs.len() > self.at_once {
            self.keep_best();
        }
        let mut pairs = std::mem::take(&mut self.pairs);
        pairs.sort_unstable_by(before);
        self.worst = None;
        self.taken = pairs.last().copied().or(self.taken);
        pairs
    }

    fn keep_best(&mut self) -> Pair {
        let (_, worst, _) = self.pairs.select_nth_unstable_by(self.at_once - 1, before);
        let worst = *worst;
        self.pairs.truncate(self.at_once);
        worst
    }
}

/// The most alike first; places tell those apart that are as alike.
fn before(one: &Pair, other: &Pair) -> Ordering {
    other.0.total_cmp(&one.0).then((one.1, one.2).cmp(&(other.1, other.2)))
}

fn in_order(boxes: &[DrawnBox]) -> Vec<&DrawnBox> {
    let mut boxes: Vec<&DrawnBox> = boxes.iter().collect();
    boxes.sort_by(|one, other| by_content(one, other));
    boxes
}

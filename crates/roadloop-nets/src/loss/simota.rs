//! Which anchors of an image answer for which target, chosen by what they predict now.
//!
//! SimOTA of YOLOX (Ge et al. 2021, section 2.1; version 0.3, `get_assignments`). Candidates
//! are the anchors whose centre lies within 1.5 strides of a target's, along both axes. A
//! candidate costs a target
//!
//! ```text
//! class + 3 (-log IoU) + 1e6 [not near this target's centre]
//! ```
//!
//! where `class` is the cross-entropy of `sqrt(s(class) s(objectness))`. A target takes its
//! `k` cheapest, `k` being the sum of its ten best IoUs, cut to a whole number of at least 1.
//! A candidate that several take goes to the target that it costs least, of all.
//!
//! Plain numbers, no gradients, one image. Costs are made target by target and never kept,
//! so memory grows with candidates (at most nine of each level for a target), not with
//! candidates times targets.

use super::iou::iou_with;
use super::{Level, Target};

/// Strides from a target's centre within which an anchor is a candidate.
const CENTER_RADIUS: f32 = 1.5;
/// How many IoUs are summed for the number of anchors.
const BEST_IOUS: usize = 10;
const IOU_WEIGHT: f32 = 3.0;
const NOT_NEAR: f32 = 1e6;
/// Added to an IoU before its logarithm.
const SMALLEST_IOU: f32 = 1e-8;
/// Logarithms of probabilities end here, as in PyTorch's `binary_cross_entropy`.
const SMALLEST_LOG: f32 = -100.0;

/// An anchor and the target that it answers for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Counted through the levels, each row by row.
    pub anchor: usize,
    pub target: usize,
    /// IoU of what the anchor predicts now with its target, 0 to 1.
    pub iou: f32,
}

/// A cell of a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cell {
    /// Counted through the levels, each row by row.
    pub(crate) anchor: usize,
    /// From the left, in cells.
    pub(crate) column: f32,
    /// From the top, in cells.
    pub(crate) row: f32,
    pub(crate) stride: f32,
}

impl Cell {
    /// The box a raw prediction (offsets in strides, logarithms of sizes) means, in pixels.
    fn decode(&self, raw: &[f32]) -> [f32; 4] {
        [
            (raw[0] + self.column) * self.stride,
            (raw[1] + self.row) * self.stride,
            raw[2].exp() * self.stride,
            raw[3].exp() * self.stride,
        ]
    }

    /// Whether its centre is within the radius of a target's, along both axes.
    fn is_near(&self, target: &Target) -> bool {
        let radius = self.stride * CENTER_RADIUS;
        let near = |place: f32, center: f32| {
            let center_of_cell = (place + 0.5) * self.stride;
            center_of_cell - (center - radius) > 0.0 && (center + radius) - center_of_cell > 0.0
        };
        near(self.column, target.center_x) && near(self.row, target.center_y)
    }
}

/// A candidate, with what does not depend on the target.
struct Candidate<'a> {
    cell: Cell,
    bbox: [f32; 4],
    /// Raw: box, objectness, classes.
    row: &'a [f32],
    /// Its cost if it were of no class.
    no_class: f32,
}

impl Candidate<'_> {
    /// `sqrt(s(class) s(objectness))`, 0 to 1.
    fn probability(&self, class: usize) -> f32 {
        probability(self.row, class)
    }

    fn cost(&self, target: &Target, iou: f32) -> f32 {
        let probability = self.probability(target.class as usize);
        let class = self.no_class + log_of(1.0 - probability, -probability) - log(probability);
        let near = if self.cell.is_near(target) { 0.0 } else { NOT_NEAR };
        let cost = class + IOU_WEIGHT * -(iou + SMALLEST_IOU).ln() + near;
        // What is not a number is the last to be taken.
        if cost.is_nan() { f32::INFINITY } else { cost }
    }
}

fn probability(row: &[f32], class: usize) -> f32 {
    let sigmoid = |logit: f32| 1.0 / (1.0 + (-logit).exp());
    (sigmoid(row[5 + class]) * sigmoid(row[4])).sqrt()
}

fn log(probability: f32) -> f32 {
    probability.ln().max(SMALLEST_LOG)
}

/// The logarithm of `value`, which is 1 + `less`, exact near 1.
fn log_of(value: f32, less: f32) -> f32 {
    if value > 0.0 { less.ln_1p().max(SMALLEST_LOG) } else { SMALLEST_LOG }
}

/// What the targets seen so far want of a candidate.
#[derive(Clone, Copy)]
struct Claim {
    claims: usize,
    claimed_by: usize,
    cheapest: usize,
    cheapest_cost: f32,
}

/// The matches of one image, by anchor.
///
/// `rows` are raw predictions, `5 + classes` numbers for each anchor of the levels: centre x
/// and y from the cell's corner in strides, logarithms of width and height in strides, logits
/// of objectness and of each class. A row that is missing is no candidate; a target's class is
/// less than `classes`. A target without a box, or far outside the image, may get nothing.
pub fn assign(rows: &[f32], levels: &[Level], classes: usize, targets: &[Target]) -> Vec<Match> {
    let candidates = candidates(rows, levels, classes, targets);
    let nobody = Claim { claims: 0, claimed_by: 0, cheapest: 0, cheapest_cost: f32::INFINITY };
    let mut claims = vec![nobody; candidates.len()];
    let mut ious = vec![0.0; candidates.len()];
    let mut costs = vec![0.0; candidates.len()];
    for (number, target) in targets.iter().enumerate() {
        if !target.is_box() || target.class as usize >= classes {
            continue;
        }
        for (index, candidate) in candidates.iter().enumerate() {
            ious[index] = iou_with(candidate.bbox, target);
            costs[index] = candidate.cost(target, ious[index]);
            let claim = &mut claims[index];
            if claim.cheapest_cost > costs[index] {
                (claim.cheapest, claim.cheapest_cost) = (number, costs[index]);
            }
        }
        let best: f32 = ends(&ious, BEST_IOUS, |a, b| b.total_cmp(a)).map(|at| ious[at]).sum();
        let wanted = (best as usize).max(1);
        for index in ends(&costs, wanted, f32::total_cmp) {
            claims[index].claims += 1;
            claims[index].claimed_by = number;
        }
    }
    let matches = candidates.iter().zip(&claims).filter(|(_, claim)| claim.claims > 0);
    matches
        .map(|(candidate, claim)| {
            let target = if claim.claims > 1 { claim.cheapest } else { claim.claimed_by };
            let iou = targets.get(target).map_or(0.0, |of| iou_with(candidate.bbox, of));
            Match { anchor: candidate.cell.anchor, target, iou }
        })
        .collect()
}

/// Where the first `count` of `values` are in this order; of equal ones those that come first.
fn ends(
    values: &[f32],
    count: usize,
    order: impl Fn(&f32, &f32) -> std::cmp::Ordering,
) -> impl Iterator<Item = usize> {
    let mut first: Vec<usize> = Vec::with_capacity(count.min(values.len()) + 1);
    for (index, value) in values.iter().enumerate() {
        let at = first.partition_point(|kept| order(&values[*kept], value).is_le());
        if at < count {
            first.insert(at, index);
            first.truncate(count);
        }
    }
    first.into_iter()
}

/// The anchors near a target's centre, by number.
fn candidates<'a>(
    rows: &'a [f32],
    levels: &[Level],
    classes: usize,
    targets: &[Target],
) -> Vec<Candidate<'a>> {
    let mut cells = Vec::new();
    let mut before = 0;
    for level in levels {
        let stride = level.stride as f32;
        for target in targets.iter().filter(|target| target.is_box()) {
            for row in around(target.center_y / stride, level.rows) {
                for column in around(target.center_x / stride, level.columns) {
                    let anchor = before + row * level.columns + column;
                    let cell = Cell { anchor, column: column as f32, row: row as f32, stride };
                    if cell.is_near(target) {
                        cells.push(cell);
                    }
                }
            }
        }
        before += level.rows * level.columns;
    }
    cells.sort_by_key(|cell| cell.anchor);
    cells.dedup_by_key(|cell| cell.anchor);
    let width = 5 + classes;
    let candidate = |cell: Cell| {
        let row = rows.get(cell.anchor * width..(cell.anchor + 1) * width)?;
        let no_class = |class| {
            let probability = probability(row, class);
            -log_of(1.0 - probability, -probability)
        };
        let no_class = (0..classes).map(no_class).sum();
        Some(Candidate { cell, bbox: cell.decode(row), row, no_class })
    };
    cells.into_iter().filter_map(candidate).collect()
}

/// Cells that may be near a centre: one more on each side than the radius reaches.
fn around(center: f32, cells: usize) -> std::ops::Range<usize> {
    let reach = CENTER_RADIUS.ceil() + 1.0;
    // A conversion of a float keeps within the range of the whole numbers.
    let first = (center - reach).max(0.0) as usize;
    let end = (center + reach + 1.0).max(0.0) as usize;
    first.min(cells)..end.min(cells)
}

#[cfg(test)]
mod tests;

//! What each anchor of an image should say, in plain numbers.

use super::Anchor;
use crate::loss::iou::{iou, iou_with};
use crate::loss::{Level, Target};

/// A side is at least a pixel before its logarithm, as in GluonCV.
const SMALLEST_SIDE: f32 = 1.0;

/// What an anchor's objectness should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objectness {
    Positive,
    Negative,
    /// It covers a truth well without being responsible for it: not asked.
    Ignored,
}

/// An anchor that answers for a truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Positive {
    /// Counted level by level, in each anchor by anchor, in each row by row.
    pub anchor: usize,
    /// From the cell's corner, in cells, 0 to 1.
    pub center: [f32; 2],
    /// Logarithm of the truth's sides in anchors.
    pub scale: [f32; 2],
    /// 2 minus the truth's share of the image: 1 to 2 for truths inside it.
    pub weight: f32,
    pub class: u32,
}

/// What is wanted of an image's anchors.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageTargets {
    /// By anchor.
    pub positives: Vec<Positive>,
    /// Of every anchor.
    pub objectness: Vec<Objectness>,
}

/// Targets of one image.
///
/// `raw_boxes` are four numbers for each anchor (counted as in [`Positive::anchor`]): logits of
/// the centre's place in its cell, logarithms of sides in anchors. A truth whose centre is
/// outside the image has no cell, and no anchor.
pub fn targets_of_image(
    raw_boxes: &[f32],
    levels: &[Level],
    anchors: &[[Anchor; 3]],
    ignore_iou: f32,
    targets: &[Target],
) -> ImageTargets {
    let boxes: Vec<Target> = targets.iter().filter(|target| target.is_box()).copied().collect();
    let mut objectness = Vec::with_capacity(raw_boxes.len() / 4);
    let mut raw_boxes = raw_boxes.chunks_exact(4);
    for (level, anchors) in levels.iter().zip(anchors) {
        for anchor in anchors {
            for cell in 0..level.rows * level.columns {
                let raw = raw_boxes.next().unwrap_or(&[0.0; 4]);
                let bbox = decode(raw, level, cell, anchor);
                let covers = boxes.iter().any(|target| iou_with(bbox, target) > ignore_iou);
                objectness.push(if covers { Objectness::Ignored } else { Objectness::Negative });
            }
        }
    }
    let mut positives: Vec<Positive> = Vec::new();
    for target in &boxes {
        if let Some(positive) = positive(target, levels, anchors) {
            positives.retain(|earlier| earlier.anchor != positive.anchor);
            positives.push(positive);
        }
    }
    positives.sort_by_key(|positive| positive.anchor);
    for positive in &positives {
        if let Some(mark) = objectness.get_mut(positive.anchor) {
            *mark = Objectness::Positive;
        }
    }
    ImageTargets { positives, objectness }
}

/// The box that a raw prediction means: centre and size, in pixels.
fn decode(raw: &[f32], level: &Level, cell: usize, anchor: &Anchor) -> [f32; 4] {
    let sigmoid = |logit: f32| 1.0 / (1.0 + (-logit).exp());
    let (column, row) = ((cell % level.columns) as f32, (cell / level.columns) as f32);
    let stride = level.stride as f32;
    [
        (sigmoid(raw[0]) + column) * stride,
        (sigmoid(raw[1]) + row) * stride,
        raw[2].exp() * anchor[0],
        raw[3].exp() * anchor[1],
    ]
}

/// The anchor of the most similar shape, in the cell of the truth's centre.
fn positive(target: &Target, levels: &[Level], anchors: &[[Anchor; 3]]) -> Option<Positive> {
    // Both at one centre, so that only shapes count; of equal ones the first.
    let alike = |anchor: &Anchor| {
        iou([0.0, 0.0, anchor[0], anchor[1]], [0.0, 0.0, target.width, target.height])
    };
    let mut best: Option<(f32, usize, usize)> = None;
    for (at, of_level) in anchors.iter().enumerate() {
        for (number, anchor) in of_level.iter().enumerate() {
            if best.is_none_or(|(most, ..)| alike(anchor) > most) {
                best = Some((alike(anchor), at, number));
            }
        }
    }
    let (_, at, number) = best?;
    let (level, anchor) = (levels.get(at)?, anchors.get(at)?.get(number)?);
    let stride = level.stride as f32;
    let (x, y) = (target.center_x / stride, target.center_y / stride);
    let inside = x >= 0.0 && y >= 0.0 && x < level.columns as f32 && y < level.rows as f32;
    if !inside {
        return None;
    }
    let before: usize = levels[..at].iter().map(|level| 3 * level.rows * level.columns).sum();
    let cell = y as usize * level.columns + x as usize;
    let image = (level.rows * level.columns) as f32 * stride * stride;
    Some(Positive {
        anchor: before + number * level.rows * level.columns + cell,
        center: [x - x.floor(), y - y.floor()],
        scale: [
            (target.width.max(SMALLEST_SIDE) / anchor[0]).ln(),
            (target.height.max(SMALLEST_SIDE) / anchor[1]).ln(),
        ],
        weight: 2.0 - target.width * target.height / image,
        class: target.class,
    })
}

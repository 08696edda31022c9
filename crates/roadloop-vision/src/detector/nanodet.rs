//! NanoDet: class scores and, for each side of a box, a distribution over
//! distances (Generalized Focal Loss, arXiv 2006.04388), per grid.

use super::{Family, Graph, best};
use crate::ModelError;
use crate::letterbox::{ColorOrder, Fit, Layout, Normalize};
use crate::model::{Model, Tensor, expect_f32};
use crate::nms::{Candidate, passes};

/// Means and deviations as NanoDet's configurations have them.
pub(super) const FAMILY: Family = Family {
    fit: Fit::Centered,
    normalize: Normalize {
        order: ColorOrder::Bgr,
        mean: [103.53, 116.28, 123.675],
        std: [57.375, 57.12, 58.395],
        fill: 0,
    },
};

/// One grid: which outputs carry it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Level {
    stride: usize,
    columns: usize,
    rows: usize,
    scores: usize,
    distances: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NanoDet {
    levels: Vec<Level>,
    classes: usize,
    bins: usize,
}

impl NanoDet {
    /// Two outputs for each stride, matched by the number of their cells: the
    /// same number of classes everywhere, and a multiple of four bins.
    pub(super) fn recognise(graph: &Graph<'_>) -> Option<(NanoDet, usize)> {
        let count = graph.outputs.len();
        if !(4..=8).contains(&count) || !count.is_multiple_of(2) {
            return None;
        }
        let shapes: Vec<Vec<usize>> = (0..count).map(|index| graph.shape(index)).collect();
        if shapes.iter().any(|shape| shape.len() != 3 || shape[0] != 1) {
            return None;
        }
        // The first half are scores, the second distances.
        let (classes, sides) = (shapes[0][2], shapes[count / 2][2]);
        if classes == 0 || sides < 8 || !sides.is_multiple_of(4) || sides > 4 * 64 {
            return None;
        }
        let mut levels = Vec::new();
        for stride in [8, 16, 32, 64].into_iter().take(count / 2) {
            let (columns, rows) = (graph.width.div_ceil(stride), graph.height.div_ceil(stride));
            let find = |from: usize, last: usize| {
                let wanted = [1, columns * rows, last];
                (from..from + count / 2).find(|index| shapes[*index] == wanted)
            };
            let (scores, distances) = (find(0, classes)?, find(count / 2, sides)?);
            levels.push(Level { stride, columns, rows, scores, distances });
        }
        Some((NanoDet { levels, classes, bins: sides / 4 }, classes))
    }

    pub(super) fn decode(
        &self,
        model: &dyn Model,
        outputs: &[Tensor],
        layout: &Layout,
        least_score: f32,
    ) -> Result<Vec<Candidate>, ModelError> {
        let mut candidates = Vec::new();
        for level in &self.levels {
            let cells = level.columns * level.rows;
            let shape = |last: usize| [Some(1), Some(cells), Some(last)];
            let scores = expect_f32(model, &outputs[level.scores], &shape(self.classes))?;
            let distances = expect_f32(model, &outputs[level.distances], &shape(4 * self.bins))?;
            for (cell, scores) in scores.chunks_exact(self.classes).enumerate() {
                let (class, score) = best(scores.iter().copied());
                if !passes(score, least_score) {
                    continue;
                }
                let bins = &distances[cell * 4 * self.bins..(cell + 1) * 4 * self.bins];
                let stride = level.stride as f32;
                let side = |index: usize| {
                    expectation(&bins[index * self.bins..(index + 1) * self.bins]) * stride
                };
                let x = ((cell % level.columns) as f32 + 0.5) * stride;
                let y = ((cell / level.columns) as f32 + 0.5) * stride;
                let (left, top, right, bottom) =
                    (x - side(0), y - side(1), x + side(2), y + side(3));
                if let Some(bbox) = layout.source_from_model(left, top, right, bottom) {
                    candidates.push(Candidate { bbox, class, score });
                }
            }
        }
        Ok(candidates)
    }
}

/// The mean of a distribution given by its logits, in bins.
fn expectation(logits: &[f32]) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - highest).exp();
        sum += weight;
        weighted += weight * bin as f32;
    }
    weighted / sum
}

//! YOLOX (arXiv 2107.08430): one row per grid cell, offsets from the cell, the
//! size as a logarithm, objectness times class.

use super::{Family, Graph, best};
use crate::ModelError;
use crate::letterbox::{ColorOrder, Fit, Layout, Normalize};
use crate::model::{Model, Tensor, expect_f32};
use crate::nms::{Candidate, passes};

/// As YOLOX 0.1.1 and later prepare pictures: bytes as they are.
pub(super) const FAMILY: Family = Family {
    fit: Fit::TopLeft,
    normalize: Normalize { order: ColorOrder::Bgr, mean: [0.0; 3], std: [1.0; 3], fill: 114 },
};

pub(super) const STRIDES: [usize; 3] = [8, 16, 32];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct YoloX {
    classes: usize,
    width: usize,
    height: usize,
}

impl YoloX {
    pub(super) fn recognise(graph: &Graph<'_>) -> Option<(YoloX, usize)> {
        let [_] = graph.outputs[..] else {
            return None;
        };
        let [1, cells, columns] = graph.shape(0)[..] else {
            return None;
        };
        let classes = columns.checked_sub(5).filter(|classes| *classes > 0)?;
        if cells != graph.cells(&STRIDES) {
            return None;
        }
        // A transposed YOLOv8 has as many rows, but one column less for as
        // many classes: labels tell, else COCO's 80.
        let transposed_v8 = graph.labels.map_or(columns == 84, |labels| labels + 4 == columns);
        if transposed_v8 && graph.settings.decoder.is_none() {
            return None;
        }
        Some((YoloX { classes, width: graph.width, height: graph.height }, classes))
    }

    pub(super) fn decode(
        &self,
        model: &dyn Model,
        outputs: &[Tensor],
        layout: &Layout,
        least_score: f32,
    ) -> Result<Vec<Candidate>, ModelError> {
        let columns = self.classes + 5;
        let rows = expect_f32(model, &outputs[0], &[Some(1), None, Some(columns)])?;
        let mut candidates = Vec::new();
        let mut rows = rows.chunks_exact(columns);
        for stride in STRIDES {
            for grid_y in 0..self.height.div_ceil(stride) {
                for grid_x in 0..self.width.div_ceil(stride) {
                    let Some(row) = rows.next() else {
                        return Ok(candidates);
                    };
                    // No class can lift a row above its objectness.
                    let objectness = row[4];
                    if !passes(objectness, least_score) {
                        continue;
                    }
                    let (class, probability) = best(row[5..].iter().copied());
                    let score = objectness * probability;
                    if !passes(score, least_score) {
                        continue;
                    }
                    let stride = stride as f32;
                    let x = (row[0] + grid_x as f32) * stride;
                    let y = (row[1] + grid_y as f32) * stride;
                    let (half_width, half_height) =
                        (row[2].exp() * stride / 2.0, row[3].exp() * stride / 2.0);
                    let bbox = layout.source_from_model(
                        x - half_width,
                        y - half_height,
                        x + half_width,
                        y + half_height,
                    );
                    candidates.extend(bbox.map(|bbox| Candidate { bbox, class, score }));
                }
            }
        }
        Ok(candidates)
    }
}

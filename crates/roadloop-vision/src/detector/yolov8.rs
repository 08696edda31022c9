//! YOLOv8 and its kin (9, 11, 12): boxes as centre and size in model pixels
//! and a score per class, usually one column per cell. YOLOv5 and 7 with
//! decoded anchors differ by an objectness and three rows per cell.

use super::{DecoderKind, Family, Graph, UNIT_RGB, best, yolox::STRIDES};
use crate::ModelError;
use crate::letterbox::{Fit, Layout};
use crate::model::{Model, Tensor, expect_f32};
use crate::nms::{Candidate, passes};

pub(super) const FAMILY: Family = Family { fit: Fit::Centered, normalize: UNIT_RGB };

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct YoloV8 {
    boxes: usize,
    /// Numbers per box: 4, perhaps an objectness, the classes.
    numbers: usize,
    objectness: bool,
    /// `[1, numbers, boxes]`; otherwise `[1, boxes, numbers]`.
    columns_are_boxes: bool,
}

impl YoloV8 {
    pub(super) fn recognise(graph: &Graph<'_>) -> Option<(YoloV8, usize)> {
        let [_] = graph.outputs[..] else {
            return None;
        };
        let [1, rows, columns] = graph.shape(0)[..] else {
            return None;
        };
        let cells = graph.cells(&STRIDES);
        let (boxes, numbers, columns_are_boxes) = match (rows, columns) {
            (numbers, boxes) if boxes == cells => (boxes, numbers, true),
            (boxes, numbers) if boxes == cells || boxes == 3 * cells => (boxes, numbers, false),
            _ => return None,
        };
        let objectness = boxes == 3 * cells;
        let named_v5 = graph.settings.decoder == Some(DecoderKind::Yolov5);
        if graph.settings.decoder.is_some() && objectness != named_v5 {
            return None;
        }
        let before_classes = 4 + usize::from(objectness);
        let classes = numbers.checked_sub(before_classes).filter(|classes| *classes > 0)?;
        Some((YoloV8 { boxes, numbers, objectness, columns_are_boxes }, classes))
    }

    pub(super) fn decode(
        &self,
        model: &dyn Model,
        outputs: &[Tensor],
        layout: &Layout,
        least_score: f32,
    ) -> Result<Vec<Candidate>, ModelError> {
        let (rows, columns) = if self.columns_are_boxes {
            (self.numbers, self.boxes)
        } else {
            (self.boxes, self.numbers)
        };
        let values = expect_f32(model, &outputs[0], &[Some(1), Some(rows), Some(columns)])?;
        let winners = if self.columns_are_boxes {
            self.winners_by_column(values)
        } else {
            self.winners_by_row(values)
        };
        let at = |index: usize, number: usize| {
            let place = if self.columns_are_boxes {
                number * self.boxes + index
            } else {
                index * self.numbers + number
            };
            values[place]
        };
        let mut candidates = Vec::new();
        for (index, (class, score)) in winners.into_iter().enumerate() {
            if !passes(score, least_score) {
                continue;
            }
            let (x, y) = (at(index, 0), at(index, 1));
            let (half_width, half_height) = (at(index, 2) / 2.0, at(index, 3) / 2.0);
            let bbox = layout.source_from_model(
                x - half_width,
                y - half_height,
                x + half_width,
                y + half_height,
            );
            candidates.extend(bbox.map(|bbox| Candidate { bbox, class, score }));
        }
        Ok(candidates)
    }

    fn winners_by_row(&self, values: &[f32]) -> Vec<(usize, f32)> {
        let winner = |row: &[f32]| {
            let (class, probability) =
                best(row[4 + usize::from(self.objectness)..].iter().copied());
            let objectness = if self.objectness { row[4] } else { 1.0 };
            (class, probability * objectness)
        };
        values.chunks_exact(self.numbers).map(winner).collect()
    }

    /// Class by class along the memory: the scores of one box lie far apart.
    fn winners_by_column(&self, values: &[f32]) -> Vec<(usize, f32)> {
        let mut winners = vec![(0, f32::NEG_INFINITY); self.boxes];
        for (class, scores) in values[4 * self.boxes..].chunks_exact(self.boxes).enumerate() {
            for (winner, score) in winners.iter_mut().zip(scores) {
                if *score > winner.1 {
                    *winner = (class, *score);
                }
            }
        }
        winners
    }
}

//! YOLOX's loss: boxes by IoU, objectness everywhere, classes where something is.
//!
//! As version 0.3 sums it (`get_losses`): every part is divided by the number of anchors that
//! [`simota`] made responsible in the whole batch (at least 1), boxes count five times, and
//! the target of a class is the IoU of the prediction with its box. In the last epochs, when
//! augmentation is off, the raw numbers of a box are also pulled straight to theirs (L1).

use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

use super::class::{ClassRules, class_loss};
use super::iou::{IouKind, iou_loss};
use super::objectness::cross_entropy;
use super::simota::{self, Match};
use super::{Level, Losses, Target, check_classes, levels_of, rows_tensor};
use crate::NetsError;

/// What boxes count against the other parts.
const BOX_WEIGHT: f64 = 5.0;
/// Added to a size before its logarithm.
const SMALLEST_SIZE: f32 = 1e-8;

/// The rules of a loss.
#[derive(Clone, Debug, PartialEq)]
pub struct YoloxLoss {
    pub classes: usize,
    /// Pixels from cell to cell, of each output map.
    pub strides: Vec<usize>,
    pub iou: IouKind,
    /// Whether raw boxes are compared too: in epochs without augmentation.
    pub l1: bool,
    pub class_rules: ClassRules,
}

/// Which anchors answer for which targets, in each image of a batch.
pub type Assignment = Vec<Vec<Match>>;

impl YoloxLoss {
    /// YOLOX's rules: strides 8, 16 and 32, IoU squared, no L1 yet.
    pub fn new(classes: usize) -> YoloxLoss {
        YoloxLoss {
            classes,
            strides: vec![8, 16, 32],
            iou: IouKind::Squared,
            l1: false,
            class_rules: ClassRules::default(),
        }
    }

    /// The loss of a batch, its parts `iou_loss`, `conf_loss`, `cls_loss` and, if asked for,
    /// `l1_loss`.
    ///
    /// `maps` are raw outputs `[images, 5 + classes, rows, columns]`, one for each stride: centre
    /// x and y from the cell's corner in strides, logarithms of width and height in strides,
    /// logits of objectness and classes. `targets` are those of each image.
    pub fn forward(
        &self,
        maps: &[Tensor<4>],
        targets: &[Vec<Target>],
    ) -> Result<Losses, NetsError> {
        let (levels, rows) = self.rows(maps, targets)?;
        let assignment = self.assign_rows(&rows, &levels, targets);
        Ok(self.compare(rows, &levels, targets, &assignment))
    }

    /// The loss with the assignment given: for comparing with another implementation.
    pub fn forward_assigned(
        &self,
        maps: &[Tensor<4>],
        targets: &[Vec<Target>],
        assignment: &Assignment,
    ) -> Result<Losses, NetsError> {
        let (levels, rows) = self.rows(maps, targets)?;
        let [images, anchors, _] = rows.dims();
        let expected = format!("one list for each of {images} images, of its anchors and targets");
        let is_right = |(of_image, targets): (&Vec<Match>, &Vec<Target>)| {
            of_image.iter().all(|of| of.anchor < anchors && of.target < targets.len())
        };
        if assignment.len() != images || !assignment.iter().zip(targets).all(is_right) {
            return Err(crate::error::shape("the assignment", assignment.len(), expected));
        }
        Ok(self.compare(rows, &levels, targets, assignment))
    }

    /// Which anchors answer for which targets, by what the maps say now.
    pub fn assign(
        &self,
        maps: &[Tensor<4>],
        targets: &[Vec<Target>],
    ) -> Result<Assignment, NetsError> {
        let (levels, rows) = self.rows(maps, targets)?;
        Ok(self.assign_rows(&rows, &levels, targets))
    }

    /// The maps as `[images, anchors, 5 + classes]`, level after level, each row by row.
    fn rows(
        &self,
        maps: &[Tensor<4>],
        targets: &[Vec<Target>],
    ) -> Result<(Vec<Level>, Tensor<3>), NetsError> {
        check_classes(targets, self.classes)?;
        let levels = levels_of(maps, &self.strides, 5 + self.classes, targets.len())?;
        let flat = |map: &Tensor<4>| map.clone().flatten::<3>(2, 3).swap_dims(1, 2);
        Ok((levels, Tensor::cat(maps.iter().map(flat).collect(), 1)))
    }

    /// Images are independent of each other: each is assigned on a processor of its own.
    fn assign_rows(
        &self,
        rows: &Tensor<3>,
        levels: &[Level],
        targets: &[Vec<Target>],
    ) -> Assignment {
        let values: Vec<f32> = rows.clone().detach().into_data().iter::<f32>().collect();
        let of_image = values.len() / targets.len().max(1);
        let image = |(number, targets): (usize, &Vec<Target>)| {
            let values = values.get(number * of_image..(number + 1) * of_image).unwrap_or_default();
            simota::assign(values, levels, self.classes, targets)
        };
        targets.par_iter().enumerate().map(image).collect()
    }

    fn compare(
        &self,
        rows: Tensor<3>,
        levels: &[Level],
        targets: &[Vec<Target>],
        assignment: &Assignment,
    ) -> Losses {
        let [images, anchors, width] = rows.dims();
        let rows: Tensor<2> = rows.reshape([images * anchors, width]);
        let wanted = Wanted::of(self, levels, targets, assignment, anchors);
        let count = wanted.rows.len();
        let share = 1.0 / count.max(1) as f64;

        let mut objectness = vec![[0.0f32]; images * anchors];
        wanted.rows.iter().for_each(|row| objectness[*row] = [1.0]);
        let objectness = rows_tensor(&objectness, &rows);
        let conf = cross_entropy(rows.clone().narrow(1, 4, 1), objectness).sum() * share;
        let nothing = || Tensor::<1>::zeros([1], &rows.device());
        if count == 0 {
            let mut parts =
                vec![("iou_loss", nothing()), ("conf_loss", conf), ("cls_loss", nothing())];
            if self.l1 {
                parts.push(("l1_loss", nothing()));
            }
            return Losses::of(parts, 0);
        }

        let chosen: Vec<i64> = wanted.rows.iter().map(|row| *row as i64).collect();
        let chosen = Tensor::<1, Int>::from_data(TensorData::new(chosen, [count]), &rows.device());
        let chosen = rows.clone().select(0, chosen);
        let raw_boxes = chosen.clone().narrow(1, 0, 4);
        let cells = rows_tensor(&wanted.cells, &rows);
        let strides = rows_tensor(&wanted.strides, &rows);
        let centers = (raw_boxes.clone().narrow(1, 0, 2) + cells) * strides.clone();
        let sizes = raw_boxes.clone().narrow(1, 2, 2).exp() * strides;
        let boxes = Tensor::cat(vec![centers, sizes], 1);
        let truth = rows_tensor(&wanted.boxes, &rows);
        let iou = iou_loss(boxes, truth, self.iou).sum() * (BOX_WEIGHT * share);

        let classes = TensorData::new(wanted.classes, [count, self.classes]);
        let classes = Tensor::from_data(classes, &rows.device());
        let weights = rows_tensor(&wanted.weights, &rows);
        let cls = class_loss(chosen.narrow(1, 5, self.classes), classes, weights) * share;
        let mut parts = vec![("iou_loss", iou), ("conf_loss", conf), ("cls_loss", cls)];
        if self.l1 {
            let raw_truth = rows_tensor(&wanted.raw_boxes, &rows);
            parts.push(("l1_loss", (raw_boxes - raw_truth).abs().sum() * share));
        }
        Losses::of(parts, count)
    }
}

/// What is wanted of the anchors that answer for a target, one row for each.
#[derive(Default)]
struct Wanted {
    /// Which rows of the whole batch.
    rows: Vec<usize>,
    /// Columns and rows of their cells.
    cells: Vec<[f32; 2]>,
    strides: Vec<[f32; 1]>,
    boxes: Vec<[f32; 4]>,
    /// The boxes as a raw output would say them.
    raw_boxes: Vec<[f32; 4]>,
    /// For each class, row after row.
    classes: Vec<f32>,
    weights: Vec<[f32; 1]>,
}

impl Wanted {
    fn of(
        loss: &YoloxLoss,
        levels: &[Level],
        targets: &[Vec<Target>],
        assignment: &Assignment,
        anchors: usize,
    ) -> Wanted {
        let mut wanted = Wanted::default();
        for (image, (matches, targets)) in assignment.iter().zip(targets).enumerate() {
            for of in matches {
                let Some((target, (level, row, column))) =
                    targets.get(of.target).zip(place(levels, of.anchor))
                else {
                    continue;
                };
                let (stride, column, row) = (level.stride as f32, column as f32, row as f32);
                wanted.rows.push(image * anchors + of.anchor);
                wanted.cells.push([column, row]);
                wanted.strides.push([stride]);
                wanted.boxes.push(target.center_size());
                wanted.raw_boxes.push([
                    target.center_x / stride - column,
                    target.center_y / stride - row,
                    (target.width / stride + SMALLEST_SIZE).ln(),
                    (target.height / stride + SMALLEST_SIZE).ln(),
                ]);
                wanted.classes.extend(loss.class_rules.row(target.class, of.iou, loss.classes));
                wanted.weights.push([loss.class_rules.weight(target.class)]);
            }
        }
        wanted
    }
}

/// The level of an anchor, its row and its column there.
fn place(levels: &[Level], anchor: usize) -> Option<(&Level, usize, usize)> {
    let mut left = anchor;
    for level in levels {
        let cells = level.rows * level.columns;
        if left < cells {
            return Some((level, left / level.columns, left % level.columns));
        }
        left -= cells;
    }
    None
}

#[cfg(test)]
mod pytorch;
#[cfg(test)]
mod tests;

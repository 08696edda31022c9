//! YOLOv3's four losses, as GluonCV 0.10 draws and names them.
//!
//! A truth goes to the one anchor, of nine, whose shape is most like its own, in the cell
//! where its centre lies; of two truths that want the same anchor the later has it
//! (`YOLOV3PrefetchTargetGenerator`). Of the other anchors those whose predicted box has an
//! IoU above 0.7 with any truth are left alone, and the rest should see nothing
//! (`YOLOV3DynamicTargetGeneratorSimple`). The parts (`YOLOV3Loss`):
//!
//! ```text
//! ObjLoss        cross-entropy of objectness, over positives and negatives
//! BoxCenterLoss  cross-entropy of the centre's place in its cell, times 2 - w h
//! BoxScaleLoss   |log scale - log (side / anchor's side)|, times 2 - w h
//! ClassLoss      cross-entropy of each class, over positives
//! ```
//!
//! with w and h as fractions of the image, so that small things count up to twice as much.
//! GluonCV takes means over anchors and multiplies them by the number of anchors, and its
//! trainer divides gradients by the batch: each part is a **sum over an image, and a mean over
//! the images of the batch**. The numbers are those it prints.

mod targets;

use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;

use super::class::{ClassRules, class_loss};
use super::objectness::cross_entropy;
use super::{Level, Losses, Target, check_classes, levels_of, rows_tensor};
use crate::NetsError;

pub use targets::{ImageTargets, Objectness, Positive, targets_of_image};

/// Width and height of an anchor, in pixels of the network's input.
pub type Anchor = [f32; 2];

/// The nine anchors of YOLOv3 on COCO, those of stride 8 first (Redmon and Farhadi 2018, 2.3).
pub const ANCHORS: [[Anchor; 3]; 3] = [
    [[10.0, 13.0], [16.0, 30.0], [33.0, 23.0]],
    [[30.0, 61.0], [62.0, 45.0], [59.0, 119.0]],
    [[116.0, 90.0], [156.0, 198.0], [373.0, 326.0]],
];

/// The rules of a loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Yolov3Loss {
    pub classes: usize,
    /// Pixels from cell to cell, of each output map.
    pub strides: Vec<usize>,
    /// Three for each stride.
    pub anchors: Vec<[Anchor; 3]>,
    /// Predictions that cover a truth better than this are not punished for seeing something.
    pub ignore_iou: f32,
    /// GluonCV's `label_smooth`: 1 becomes 1 - s and 0 becomes s, s = min(1 / classes, 1 / 40).
    pub label_smooth: bool,
    /// What a thing of each class counts in ClassLoss, 1 where none is given.
    pub class_weights: Vec<f32>,
}

impl Yolov3Loss {
    /// GluonCV's rules: strides 8, 16 and 32, COCO's anchors, no smoothing.
    pub fn new(classes: usize) -> Yolov3Loss {
        Yolov3Loss {
            classes,
            strides: vec![8, 16, 32],
            anchors: ANCHORS.to_vec(),
            ignore_iou: 0.7,
            label_smooth: false,
            class_weights: Vec::new(),
        }
    }

    /// The loss of a batch, its parts `ObjLoss`, `BoxCenterLoss`, `BoxScaleLoss`, `ClassLoss`.
    ///
    /// `maps` are raw outputs `[images, 3 (5 + classes), rows, columns]`, one for each stride:
    /// for each of three anchors the logits of the centre's place in its cell (x, y), the
    /// logarithms of width and height in anchors, logits of objectness and classes.
    pub fn forward(
        &self,
        maps: &[Tensor<4>],
        targets: &[Vec<Target>],
    ) -> Result<Losses, NetsError> {
        check_classes(targets, self.classes)?;
        let width = 5 + self.classes;
        let levels = levels_of(maps, &self.strides, 3 * width, targets.len())?;
        if self.anchors.len() != levels.len() {
            let expected = format!("{} triples, one for each stride", levels.len());
            return Err(crate::error::shape("the anchors", self.anchors.len(), expected));
        }
        let flat = |(map, level): (&Tensor<4>, &Level)| {
            map.clone()
                .reshape([targets.len(), 3, width, level.rows * level.columns])
                .swap_dims(2, 3)
                .flatten::<3>(1, 2)
        };
        let rows = Tensor::cat(maps.iter().zip(&levels).map(flat).collect(), 1);
        let wanted = self.wanted(&rows, &levels, targets);
        Ok(self.compare(rows, &wanted))
    }

    /// Images are independent of each other: each is looked at on a processor of its own.
    fn wanted(
        &self,
        rows: &Tensor<3>,
        levels: &[Level],
        targets: &[Vec<Target>],
    ) -> Vec<ImageTargets> {
        let boxes = rows.clone().detach().narrow(2, 0, 4);
        let values: Vec<f32> = boxes.into_data().iter::<f32>().collect();
        let of_image = values.len() / targets.len().max(1);
        let image = |(number, targets): (usize, &Vec<Target>)| {
            let values = values.get(number * of_image..(number + 1) * of_image).unwrap_or_default();
            targets_of_image(values, levels, &self.anchors, self.ignore_iou, targets)
        };
        targets.par_iter().enumerate().map(image).collect()
    }

    fn compare(&self, rows: Tensor<3>, wanted: &[ImageTargets]) -> Losses {
        let [images, anchors, width] = rows.dims();
        let rows: Tensor<2> = rows.reshape([images * anchors, width]);
        let share = 1.0 / images.max(1) as f64;

        let marks = || wanted.iter().flat_map(|image| &image.objectness);
        let is = |mark: &Objectness| f32::from(u8::from(*mark == Objectness::Positive));
        let asked = |mark: &Objectness| f32::from(u8::from(*mark != Objectness::Ignored));
        let truth: Vec<[f32; 1]> = marks().map(|mark| [is(mark)]).collect();
        let mask: Vec<[f32; 1]> = marks().map(|mark| [asked(mark)]).collect();
        let (truth, mask) = (rows_tensor(&truth, &rows), rows_tensor(&mask, &rows));
        let objectness = rows.clone().narrow(1, 4, 1);
        let objectness = (cross_entropy(objectness, truth) * mask).sum() * share;

        let positives: Vec<(usize, &Positive)> = wanted
            .iter()
            .enumerate()
            .flat_map(|(image, of)| of.positives.iter().map(move |one| (image, one)))
            .collect();
        let count = positives.len();
        if count == 0 {
            let nothing = || Tensor::<1>::zeros([1], &rows.device());
            return Losses::of(
                vec![
                    ("ObjLoss", objectness),
                    ("BoxCenterLoss", nothing()),
                    ("BoxScaleLoss", nothing()),
                    ("ClassLoss", nothing()),
                ],
                0,
            );
        }
        let chosen: Vec<i64> =
            positives.iter().map(|(image, one)| (image * anchors + one.anchor) as i64).collect();
        let chosen = Tensor::<1, Int>::from_data(TensorData::new(chosen, [count]), &rows.device());
        let chosen = rows.clone().select(0, chosen);
        let weights: Vec<[f32; 1]> = positives.iter().map(|(_, one)| [one.weight]).collect();
        let weights = rows_tensor(&weights, &rows);
        let centers: Vec<[f32; 2]> = positives.iter().map(|(_, one)| one.center).collect();
        let scales: Vec<[f32; 2]> = positives.iter().map(|(_, one)| one.scale).collect();
        let center = cross_entropy(chosen.clone().narrow(1, 0, 2), rows_tensor(&centers, &rows));
        let scale = (chosen.clone().narrow(1, 2, 2) - rows_tensor(&scales, &rows)).abs();
        let center = (center * weights.clone()).sum() * share;
        let scale = (scale * weights).sum() * share;

        let rules = self.class_rules();
        let classes = positives.iter().flat_map(|(_, one)| self.class_row(one.class)).collect();
        let classes: TensorData = TensorData::new::<f32, _>(classes, [count, self.classes]);
        let classes = Tensor::from_data(classes, &rows.device());
        let weights: Vec<[f32; 1]> =
            positives.iter().map(|(_, one)| [rules.weight(one.class)]).collect();
        let logits = chosen.narrow(1, 5, self.classes);
        let class = class_loss(logits, classes, rows_tensor(&weights, &rows)) * share;
        Losses::of(
            vec![
                ("ObjLoss", objectness),
                ("BoxCenterLoss", center),
                ("BoxScaleLoss", scale),
                ("ClassLoss", class),
            ],
            count,
        )
    }

    fn class_rules(&self) -> ClassRules {
        ClassRules { smoothing: 0.0, weights: self.class_weights.clone() }
    }

    /// What is wanted of each class of a thing (`YOLOV3TargetMerger`).
    fn class_row(&self, class: u32) -> Vec<f32> {
        let least =
            if self.label_smooth { (1.0 / self.classes as f32).min(1.0 / 40.0) } else { 0.0 };
        let of = |number: usize| if number == class as usize { 1.0 - least } else { least };
        (0..self.classes).map(of).collect()
    }
}

#[cfg(test)]
mod tests;

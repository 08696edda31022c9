//! How far a predicted box is from the true one, by what they have in common.
//!
//! IoU: intersection over union. GIoU (Rezatofighi et al. 2019) also takes off the part of
//! the smallest box around both that neither covers, so that boxes apart pull at each other.

use burn::tensor::Tensor;

use super::Target;

/// Keeps a division by an area of 0 finite, as YOLOX does.
const SMALLEST_AREA: f64 = 1e-16;

/// Which loss is taken of two boxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IouKind {
    /// `1 - IoU^2`: YOLOX's own.
    #[default]
    Squared,
    /// `1 - GIoU`, from 0 to 2.
    Generalized,
}

/// The loss of each pair of boxes, of shape `[pairs]`; from 0 (the same box) to 1 (GIoU: 2).
///
/// Both are `[pairs, 4]`: centre x and y, width, height, in pixels, sizes of 0 or more.
pub fn iou_loss(predicted: Tensor<2>, truth: Tensor<2>, kind: IouKind) -> Tensor<1> {
    let pairs = predicted.dims()[0];
    let (predicted_low, predicted_high, predicted_area) = corners(predicted);
    let (truth_low, truth_high, truth_area) = corners(truth);
    let common_low = predicted_low.clone().max_pair(truth_low.clone());
    let common_high = predicted_high.clone().min_pair(truth_high.clone());
    let intersection = area((common_high - common_low).clamp_min(0.0));
    let union = predicted_area + truth_area - intersection.clone();
    let iou = intersection / (union.clone() + SMALLEST_AREA);
    let loss = match kind {
        IouKind::Squared => iou.clone() * iou * -1.0 + 1.0,
        IouKind::Generalized => {
            let around = predicted_high.max_pair(truth_high) - predicted_low.min_pair(truth_low);
            let around = area(around);
            let uncovered = (around.clone() - union) / around.clamp_min(SMALLEST_AREA);
            (iou - uncovered).clamp(-1.0, 1.0) * -1.0 + 1.0
        }
    };
    loss.reshape([pairs])
}

/// Lower corners and upper corners, `[boxes, 2]` each, and areas, `[boxes, 1]`.
fn corners(boxes: Tensor<2>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
    let center = boxes.clone().narrow(1, 0, 2);
    let size = boxes.narrow(1, 2, 2);
    let half = size.clone() * 0.5;
    (center.clone() - half.clone(), center + half, area(size))
}

/// Width times height of `[boxes, 2]`, as `[boxes, 1]`.
fn area(size: Tensor<2>) -> Tensor<2> {
    size.clone().narrow(1, 0, 1) * size.narrow(1, 1, 1)
}

/// IoU of two boxes given by centre and size, 0 to 1; 0 where it is not a number.
pub(crate) fn iou(one: [f32; 4], other: [f32; 4]) -> f32 {
    // `min` and `max` pass over what is not a number.
    if one.iter().chain(&other).any(|value| value.is_nan()) {
        return 0.0;
    }
    let common = |axis: usize| {
        let high = (one[axis] + one[axis + 2] / 2.0).min(other[axis] + other[axis + 2] / 2.0);
        let low = (one[axis] - one[axis + 2] / 2.0).max(other[axis] - other[axis + 2] / 2.0);
        (high - low).max(0.0)
    };
    let intersection = common(0) * common(1);
    let value = intersection / (one[2] * one[3] + other[2] * other[3] - intersection);
    if value.is_finite() { value } else { 0.0 }
}

/// IoU of a predicted box and a target.
pub(crate) fn iou_with(predicted: [f32; 4], target: &Target) -> f32 {
    iou(predicted, target.center_size())
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use proptest::prelude::*;

    use super::*;

    fn losses(predicted: &[[f32; 4]], truth: &[[f32; 4]], kind: IouKind) -> Vec<f32> {
        let device = Device::default();
        let like = Tensor::<2>::zeros([1, 1], &device);
        let (predicted, truth) =
            (crate::loss::rows_tensor(predicted, &like), crate::loss::rows_tensor(truth, &like));
        iou_loss(predicted, truth, kind).into_data().iter::<f32>().collect()
    }

    #[track_caller]
    fn check(predicted: [f32; 4], truth: [f32; 4], squared: f32, generalized: f32) {
        let found = [
            losses(&[predicted], &[truth], IouKind::Squared)[0],
            losses(&[predicted], &[truth], IouKind::Generalized)[0],
        ];
        for (found, expected) in found.iter().zip([squared, generalized]) {
            assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
        }
    }

    #[test]
    fn the_same_box_costs_nothing() {
        check([10.0, 10.0, 4.0, 6.0], [10.0, 10.0, 4.0, 6.0], 0.0, 0.0);
    }

    #[test]
    fn half_of_a_box_beside_its_other_half() {
        // 0..4 x 0..2 and 2..6 x 0..2: 4 in common of 8 + 8 - 4 = 12, IoU 1/3; around both
        // 6 x 2 = 12, all of it covered.
        let (one, other) = ([2.0, 1.0, 4.0, 2.0], [4.0, 1.0, 4.0, 2.0]);
        check(one, other, 1.0 - 1.0 / 9.0, 1.0 - 1.0 / 3.0);
    }

    #[test]
    fn boxes_apart_are_told_apart_only_by_giou() {
        // 0..1 and 3..4 along x: around both 4 x 1, 2 of it uncovered: GIoU -1/2.
        check([0.5, 0.5, 1.0, 1.0], [3.5, 0.5, 1.0, 1.0], 1.0, 1.5);
        // Apart along both axes: the product of two negative lengths is no area. Around both
        // 4 x 4 = 16, 14 of it uncovered: GIoU -14/16.
        check([0.5, 0.5, 1.0, 1.0], [3.5, 3.5, 1.0, 1.0], 1.0, 1.0 + 14.0 / 16.0);
    }

    #[test]
    fn boxes_without_area_stay_finite() {
        check([1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], 1.0, 1.0);
        assert_eq!(iou([1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]), 0.0);
        assert_eq!(iou([f32::NAN, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]), 0.0);
    }

    fn any_box() -> impl Strategy<Value = [f32; 4]> {
        [0.0f32..100.0, 0.0f32..100.0, 0.5f32..60.0, 0.5f32..60.0]
    }

    proptest! {
        #[test]
        fn a_loss_is_in_range_and_the_same_both_ways(one in any_box(), other in any_box()) {
            for (kind, most) in [(IouKind::Squared, 1.0), (IouKind::Generalized, 2.0)] {
                let there = losses(&[one], &[other], kind)[0];
                let back = losses(&[other], &[one], kind)[0];
                prop_assert!((-1e-5..=most + 1e-5).contains(&there), "{there}");
                prop_assert!((there - back).abs() < 1e-5);
            }
            let squared = losses(&[one], &[other], IouKind::Squared)[0];
            prop_assert!((squared - (1.0 - iou(one, other).powi(2))).abs() < 1e-4);
        }
    }
}

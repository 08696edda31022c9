//! From what YOLOv3 says of its anchors to boxes in model pixels.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData, s};

use crate::loss::yolov3::{ANCHORS, Anchor};
use crate::yolox::STRIDES;

/// What the network gives, nothing done to it.
#[derive(Clone, Debug)]
pub struct Yolov3Maps {
    /// By level, 8, 16 and 32 pixels a cell: `[batch, 3 (5 + classes), height, width]`, for each
    /// of three anchors the logits of the centre's place in its cell (x, y), the logarithms of
    /// width and height in anchors, the logit of there being a box, then one logit a class.
    pub levels: [Tensor<4>; 3],
}

impl Yolov3Maps {
    /// `[batch, anchors, 5 + classes]`: the box's centre, width and height in model pixels, then
    /// probabilities. A class's score is its probability times the box's. Anchors go level by
    /// level, in each anchor by anchor, in each row by row.
    pub fn decode(&self) -> Tensor<3> {
        let levels = self.levels.iter().zip(STRIDES).zip(&ANCHORS);
        Tensor::cat(levels.map(|((map, stride), anchors)| level(map, stride, anchors)).collect(), 1)
    }
}

fn level(map: &Tensor<4>, stride: usize, anchors: &[Anchor; 3]) -> Tensor<3> {
    let [batch, channels, height, width] = map.dims();
    let cells = height * width;
    let rows = map.clone().reshape([batch, 3, channels / 3, cells]).swap_dims(2, 3);
    let rows: Tensor<3> = rows.flatten(1, 2);
    let (corners, sizes) = corners_and_sizes(height, width, anchors, &map.device());
    let centers = (sigmoid(rows.clone().slice(s![.., .., 0..2])) + corners) * stride as f64;
    let sizes = rows.clone().slice(s![.., .., 2..4]).exp() * sizes;
    Tensor::cat(vec![centers, sizes, sigmoid(rows.slice(s![.., .., 4..]))], 2)
}

/// Columns and rows of cells, and sizes of anchors, each `[1, 3 height width, 2]`.
fn corners_and_sizes(
    height: usize,
    width: usize,
    anchors: &[Anchor; 3],
    device: &Device,
) -> (Tensor<3>, Tensor<3>) {
    let cells = height * width;
    let (mut corners, mut sizes) = (Vec::new(), Vec::new());
    for anchor in anchors {
        for cell in 0..cells {
            corners.extend([(cell % width) as f32, (cell / width) as f32]);
            sizes.extend(anchor);
        }
    }
    let tensor =
        |values: Vec<f32>| Tensor::from_data(TensorData::new(values, [1, 3 * cells, 2]), device);
    (tensor(corners), tensor(sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_numbers_become_boxes() {
        let device = Device::flex();
        // One class. The second anchor (16 x 30) of the second cell: the place is 3/4 and 1/4,
        // twice as wide, half as high; even odds of a box, 3 to 1 for the class.
        let mut raw = vec![0.0f32; 3 * 6 * 2];
        let logit = 3f32.ln();
        for (channel, value) in
            [logit, -logit, 2f32.ln(), 0.5f32.ln(), 0.0, logit].iter().enumerate()
        {
            raw[(6 + channel) * 2 + 1] = *value;
        }
        let fine = Tensor::from_data(TensorData::new(raw, [1, 18, 1, 2]), &device);
        let empty = || Tensor::<4>::zeros([1, 18, 1, 1], &device);
        let decoded = Yolov3Maps { levels: [fine, empty(), empty()] }.decode();
        assert_eq!(decoded.dims(), [1, 12, 6]);
        let found: Vec<f32> = decoded.into_data().iter::<f32>().collect();
        let expected = [14.0, 2.0, 32.0, 15.0, 0.5, 0.75];
        // Three anchors of two cells: the fourth row.
        for (found, expected) in found[18..24].iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{:?}", &found);
        }
        // The last row is the largest anchor of the coarsest cell, in its middle.
        assert_eq!(found[66..72], [16.0, 16.0, 373.0, 326.0, 0.5, 0.5]);
    }
}

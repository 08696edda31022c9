//! What a network is punished for, and which of its anchors answer for which truth.
//!
//! An assigner ([`simota`], and the one inside [`yolov3`]) reads predictions as plain
//! numbers and says which anchor is responsible for which target; no gradient passes
//! through it. A loss ([`YoloxLoss`], [`Yolov3Loss`]) then compares the anchors chosen with
//! their targets, in tensors that differentiate.
//!
//! Knows no image and no dataset: targets come in pixels of the network's input.

pub mod class;
pub mod iou;
pub mod objectness;
pub mod simota;
pub mod yolov3;
pub mod yolox;

use burn::tensor::{Tensor, TensorData};

use crate::NetsError;

pub use iou::IouKind;
pub use yolov3::Yolov3Loss;
pub use yolox::YoloxLoss;

/// A thing that is to be found: its class and its box, in pixels of the network's input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// From 0.
    pub class: u32,
    pub center_x: f32,
    pub center_y: f32,
    /// Above 0.
    pub width: f32,
    /// Above 0.
    pub height: f32,
}

impl Target {
    /// Centre and size: x, y, width, height.
    pub(crate) fn center_size(&self) -> [f32; 4] {
        [self.center_x, self.center_y, self.width, self.height]
    }

    /// A box that can be learned: finite, with an area.
    pub(crate) fn is_box(&self) -> bool {
        self.center_size().iter().all(|value| value.is_finite())
            && self.width > 0.0
            && self.height > 0.0
    }
}

/// What a batch costs.
#[derive(Clone, Debug)]
pub struct Losses {
    /// To be differentiated: the sum of the parts, of shape `[1]`.
    pub total: Tensor<1>,
    /// Its parts, by the names that the reference prints.
    pub parts: Vec<(&'static str, f32)>,
    /// Anchors that were made responsible for a target, in the whole batch.
    pub positives: usize,
}

impl Losses {
    /// Adds the parts up, and reads them all in one go: on a graphics processor each read
    /// waits for everything before it.
    fn of(parts: Vec<(&'static str, Tensor<1>)>, positives: usize) -> Losses {
        let values = Tensor::cat(parts.iter().map(|(_, part)| part.clone().detach()).collect(), 0)
            .into_data()
            .iter::<f32>()
            .collect::<Vec<f32>>();
        let names = parts.iter().map(|(name, _)| *name);
        let values = names.zip(values).collect();
        let total = parts.into_iter().map(|(_, part)| part).reduce(|sum, part| sum + part);
        Losses {
            // Every loss has at least a part for objectness.
            total: total.unwrap_or_else(|| Tensor::zeros([1], &Default::default())),
            parts: values,
            positives,
        }
    }
}

/// One scale of a network's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Pixels of the network's input from one cell to the next.
    pub stride: usize,
    /// Cells.
    pub rows: usize,
    /// Cells.
    pub columns: usize,
}

/// The levels that maps `[batch, channels, rows, columns]` are of, finest first or last.
fn levels_of(
    maps: &[Tensor<4>],
    strides: &[usize],
    channels: usize,
    images: usize,
) -> Result<Vec<Level>, NetsError> {
    if maps.is_empty() || maps.len() != strides.len() {
        let expected = format!("{} (one for each stride), at least one", strides.len());
        return Err(crate::error::shape("the network's output maps", maps.len(), expected));
    }
    let level = |(map, stride): (&Tensor<4>, &usize)| {
        let [map_images, map_channels, rows, columns] = map.dims();
        let shape_is_right = map_images == images && map_channels == channels;
        if !shape_is_right || rows == 0 || columns == 0 || *stride == 0 {
            return Err(crate::error::shape(
                format!("the output map of stride {stride}"),
                map.dims(),
                format!("[{images}, {channels}, rows, columns]"),
            ));
        }
        Ok(Level { stride: *stride, rows, columns })
    };
    maps.iter().zip(strides).map(level).collect()
}

/// Refuses targets whose class the network does not have.
fn check_classes(targets: &[Vec<Target>], classes: usize) -> Result<(), NetsError> {
    for (image, of_image) in targets.iter().enumerate() {
        for (number, target) in of_image.iter().enumerate() {
            if target.class as usize >= classes {
                let found = target.class;
                return Err(NetsError::Class { image, target: number, found, classes });
            }
        }
    }
    Ok(())
}

/// A tensor of rows of `N` numbers, on the device of `like`.
fn rows_tensor<const N: usize>(rows: &[[f32; N]], like: &Tensor<2>) -> Tensor<2> {
    let data = TensorData::new(rows.as_flattened().to_vec(), [rows.len(), N]);
    Tensor::from_data(data, &like.device())
}

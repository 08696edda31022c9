//! The decoupled head: classes by one branch, box and objectness by another.

use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor};

use super::{YoloxMaps, YoloxSize};
use crate::blocks::{Activation, Conv, ConvNorm, ConvNormConfig, Norms, convolution};

/// What a head that has seen nothing says of any cell: one in a hundred (Lin et al. 2017), so
/// that the first steps are not spent on unlearning boxes everywhere.
pub const PRIOR: f64 = 0.01;

/// Three heads, one a level; all lists are by level.
#[derive(Module, Debug)]
pub struct YoloxHead {
    /// Two convolutions for the class.
    pub cls_convs: Vec<Vec<Conv>>,
    /// Two convolutions for box and objectness.
    pub reg_convs: Vec<Vec<Conv>>,
    pub cls_preds: Vec<Conv2d>,
    pub reg_preds: Vec<Conv2d>,
    pub obj_preds: Vec<Conv2d>,
    /// All levels to the same channels.
    pub stems: Vec<ConvNorm>,
}

impl YoloxHead {
    pub fn new(size: YoloxSize, classes: usize, device: &Device) -> YoloxHead {
        let levels = [256, 512, 1024].map(|large| size.channels(large));
        let width = size.channels(256);
        YoloxHead::over(levels, width, size.separable(), Activation::Silu, classes, device)
    }

    /// Over maps of these channels, by level, with `width` channels inside.
    pub fn over(
        levels: [usize; 3],
        width: usize,
        separable: bool,
        activation: Activation,
        classes: usize,
        device: &Device,
    ) -> YoloxHead {
        let branch = || -> Vec<Conv> {
            let config = ConvNormConfig { activation, ..ConvNormConfig::new(width, width, 3) };
            (0..2).map(|_| Conv::new(config, separable, device)).collect()
        };
        let stem = |channels: &usize| {
            ConvNormConfig { activation, ..ConvNormConfig::new(*channels, width, 1) }.init(device)
        };
        let predict =
            |channels: usize| convolution(&ConvNormConfig::new(width, channels, 1), true, device);
        YoloxHead {
            cls_convs: levels.iter().map(|_| branch()).collect(),
            reg_convs: levels.iter().map(|_| branch()).collect(),
            cls_preds: levels.iter().map(|_| unsure(predict(classes))).collect(),
            reg_preds: levels.iter().map(|_| predict(4)).collect(),
            obj_preds: levels.iter().map(|_| unsure(predict(1))).collect(),
            stems: levels.iter().map(stem).collect(),
        }
    }

    pub fn forward(&self, maps: [Tensor<4>; 3]) -> YoloxMaps {
        let mut level = 0;
        let levels = maps.map(|map| {
            let raw = self.forward_level(level, map);
            level += 1;
            raw
        });
        YoloxMaps { levels }
    }

    /// `[batch, 4 + 1 + classes, height, width]`.
    fn forward_level(&self, level: usize, map: Tensor<4>) -> Tensor<4> {
        let map = self.stems[level].forward(map);
        let through = |branch: &[Conv], map| branch.iter().fold(map, |map, conv| conv.forward(map));
        let of_class = through(&self.cls_convs[level], map.clone());
        let of_box = through(&self.reg_convs[level], map);
        Tensor::cat(
            vec![
                self.reg_preds[level].forward(of_box.clone()),
                self.obj_preds[level].forward(of_box),
                self.cls_preds[level].forward(of_class),
            ],
            1,
        )
    }
}

/// With a bias whose sigmoid is [`PRIOR`].
fn unsure(conv: Conv2d) -> Conv2d {
    let bias = conv.bias.map(|bias| {
        let (channels, device) = (bias.dims(), bias.device());
        Param::from_tensor(Tensor::full(channels, -((1.0 - PRIOR) / PRIOR).ln(), &device))
    });
    Conv2d { bias, ..conv }
}

impl Norms for YoloxHead {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        let mut norms = self.stems.norms_mut();
        for branch in self.cls_convs.iter_mut().chain(&mut self.reg_convs) {
            norms.extend(branch.norms_mut());
        }
        norms
    }
}

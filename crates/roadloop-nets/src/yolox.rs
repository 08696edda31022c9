//! YOLOX (Ge et al. 2021): a detector without anchors, in six sizes.
//!
//! A backbone ([`darknet`]) gives maps at 8, 16 and 32 pixels a cell, a neck ([`pafpn`]) mixes
//! them, a head ([`head`]) says of each cell where a box lies, how sure it is of one, and of
//! what class. [`decode`] turns that into boxes in model pixels.

pub mod darknet;
pub mod darknet53;
pub mod decode;
pub mod head;
pub mod pafpn;

use burn::module::Module;
use burn::tensor::{Device, Tensor};

pub use darknet::CspDarknet;
pub use darknet53::YoloxDarknet53;
pub use decode::{Cell, YoloxMaps, cells};
pub use head::YoloxHead;
pub use pafpn::Pafpn;

use crate::NetsError;
use crate::blocks::{ConvNorm, Norms};

/// Model pixels to a cell, by level.
pub const STRIDES: [usize; 3] = [8, 16, 32];

/// The most classes a head is made for: no dataset has as many (LVIS has 1203), and a number
/// read from a file must not decide what memory is taken.
pub const MOST_CLASSES: usize = 10_000;

/// How deep and wide a network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum YoloxSize {
    /// A quarter as wide as [`YoloxSize::L`], with separable convolutions.
    Nano,
    Tiny,
    S,
    M,
    L,
    X,
}

impl YoloxSize {
    pub const ALL: [YoloxSize; 6] =
        [YoloxSize::Nano, YoloxSize::Tiny, YoloxSize::S, YoloxSize::M, YoloxSize::L, YoloxSize::X];

    /// As people call it: `yolox-nano`.
    pub fn name(self) -> &'static str {
        match self {
            YoloxSize::Nano => "yolox-nano",
            YoloxSize::Tiny => "yolox-tiny",
            YoloxSize::S => "yolox-s",
            YoloxSize::M => "yolox-m",
            YoloxSize::L => "yolox-l",
            YoloxSize::X => "yolox-x",
        }
    }

    /// By its name, with a hyphen or an underscore.
    pub fn from_name(name: &str) -> Option<YoloxSize> {
        let name = name.to_lowercase().replace('_', "-");
        YoloxSize::ALL.into_iter().find(|size| size.name() == name)
    }

    /// Depth and width as parts of the large network's, from the authors' `exps/default`.
    fn depth_and_width(self) -> (f64, f64) {
        match self {
            YoloxSize::Nano => (0.33, 0.25),
            YoloxSize::Tiny => (0.33, 0.375),
            YoloxSize::S => (0.33, 0.50),
            YoloxSize::M => (0.67, 0.75),
            YoloxSize::L => (1.0, 1.0),
            YoloxSize::X => (1.33, 1.25),
        }
    }

    /// Bottlenecks of a CSP layer that has three in the large network.
    pub fn bottlenecks(self) -> usize {
        (self.depth_and_width().0 * 3.0).round() as usize
    }

    /// Channels of a map that has `large` in the large network.
    pub fn channels(self, large: usize) -> usize {
        (self.depth_and_width().1 * large as f64) as usize
    }

    /// Whether its 3 x 3 convolutions are separable.
    pub fn separable(self) -> bool {
        self == YoloxSize::Nano
    }
}

/// How a [`Yolox`] is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YoloxConfig {
    pub size: YoloxSize,
    /// 1 or more.
    pub classes: usize,
}

impl YoloxConfig {
    /// With random weights; the same ones for the same `device.seed(..)` before.
    pub fn init(&self, device: &Device) -> Result<Yolox, NetsError> {
        if !(1..=MOST_CLASSES).contains(&self.classes) {
            return Err(NetsError::Settings(format!(
                "{} learns 1 to {MOST_CLASSES} classes, not {}",
                self.size.name(),
                self.classes
            )));
        }
        let network = Yolox {
            backbone: Pafpn::new(self.size, device),
            head: YoloxHead::new(self.size, self.classes, device),
            config: *self,
        };
        // Burn draws weights at first use; all at once here, so that a seed decides them.
        Ok(network.materialize())
    }
}

/// The whole detector.
#[derive(Module, Debug)]
pub struct Yolox {
    /// Backbone and neck, which the original code calls backbone together.
    pub backbone: Pafpn,
    pub head: YoloxHead,
    #[module(skip)]
    pub config: YoloxConfig,
}

impl Yolox {
    /// `images` are `[batch, 3, height, width]`, blue, green and red, 0 to 255, both sides
    /// multiples of 32.
    pub fn forward(&self, images: Tensor<4>) -> YoloxMaps {
        self.head.forward(self.backbone.forward(images))
    }

    /// With a backbone that keeps its weights, and what its norms know of means and variances.
    #[must_use]
    pub fn with_frozen_backbone(mut self) -> Yolox {
        self.backbone.backbone = self.backbone.backbone.freeze();
        self
    }

    /// With everything frozen but the last layers of the head, which say box, objectness and
    /// class.
    #[must_use]
    pub fn with_frozen_features(mut self) -> Yolox {
        self.backbone = self.backbone.freeze();
        self.head.cls_convs = self.head.cls_convs.freeze();
        self.head.reg_convs = self.head.reg_convs.freeze();
        self.head.stems = self.head.stems.freeze();
        self
    }
}

impl Norms for Yolox {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        let mut norms = self.backbone.norms_mut();
        norms.extend(self.head.norms_mut());
        norms
    }
}

#[cfg(test)]
mod tests;

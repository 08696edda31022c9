//! A convolution over each channel alone, then one over channels: MobileNet's depthwise
//! separable convolution (Howard et al. 2017), YOLOX's `DWConv`.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{ConvNorm, ConvNormConfig};

/// Depthwise, then pointwise, each with norm and activation.
#[derive(Module, Debug)]
pub struct SeparableConv {
    /// As many groups as channels.
    pub dconv: ConvNorm,
    /// 1 x 1.
    pub pconv: ConvNorm,
}

impl SeparableConv {
    /// Takes the place of a convolution made from the same settings.
    pub fn new(config: ConvNormConfig, device: &Device) -> SeparableConv {
        let ConvNormConfig { channels_in, .. } = config;
        let depthwise = ConvNormConfig { channels_out: channels_in, groups: channels_in, ..config };
        let pointwise = ConvNormConfig { kernel: 1, stride: 1, groups: 1, ..config };
        SeparableConv { dconv: depthwise.init(device), pconv: pointwise.init(device) }
    }

    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        self.pconv.forward(self.dconv.forward(map))
    }
}

/// What stands where a paper draws a convolution: a full one, or in the nano model a separable
/// one.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // A model has a hundred of them, made once.
pub enum Conv {
    Full(ConvNorm),
    Separable(SeparableConv),
}

impl Conv {
    pub fn new(config: ConvNormConfig, separable: bool, device: &Device) -> Conv {
        if separable {
            Conv::Separable(SeparableConv::new(config, device))
        } else {
            Conv::Full(config.init(device))
        }
    }

    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        match self {
            Conv::Full(conv) => conv.forward(map),
            Conv::Separable(conv) => conv.forward(map),
        }
    }
}

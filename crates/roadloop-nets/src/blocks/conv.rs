//! Convolution, norm, activation: YOLOX's `BaseConv`, Darknet's `convolutional`.

use burn::module::{Initializer, Module};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Tensor};

use super::{Activation, BatchNorm, NormSettings};
use crate::depthwise;

/// How a [`ConvNorm`] is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvNormConfig {
    pub channels_in: usize,
    pub channels_out: usize,
    /// Height and width of the kernel, odd.
    pub kernel: usize,
    pub stride: usize,
    pub groups: usize,
    pub activation: Activation,
    pub norm: NormSettings,
}

impl ConvNormConfig {
    /// With stride 1, one group, SiLU and YOLOX's norm.
    pub fn new(channels_in: usize, channels_out: usize, kernel: usize) -> ConvNormConfig {
        ConvNormConfig {
            channels_in,
            channels_out,
            kernel,
            stride: 1,
            groups: 1,
            activation: Activation::Silu,
            norm: NormSettings::YOLOX,
        }
    }

    pub fn init(&self, device: &Device) -> ConvNorm {
        let bias = false; // The norm has one.
        ConvNorm {
            conv: convolution(self, bias, device),
            bn: BatchNorm::new(self.channels_out, self.norm, device),
            activation: self.activation,
        }
    }
}

/// A convolution padded to keep the size (over its stride), with weights as PyTorch makes them:
/// uniform within `1 / sqrt(fan_in)`, which is Kaiming's with `a = sqrt(5)`; the bias too.
pub(crate) fn convolution(config: &ConvNormConfig, bias: bool, device: &Device) -> Conv2d {
    let padding = config.kernel.saturating_sub(1) / 2;
    Conv2dConfig::new([config.channels_in, config.channels_out], [config.kernel, config.kernel])
        .with_stride([config.stride, config.stride])
        .with_padding(PaddingConfig2d::Explicit(padding, padding, padding, padding))
        .with_groups(config.groups)
        .with_bias(bias)
        .with_initializer(Initializer::KaimingUniform {
            gain: 1.0 / 3f64.sqrt(),
            fan_out_only: false,
        })
        .init(device)
}

/// `activation(bn(conv(map)))`.
#[derive(Module, Debug)]
pub struct ConvNorm {
    pub conv: Conv2d,
    pub bn: BatchNorm,
    #[module(skip)]
    pub activation: Activation,
}

impl ConvNorm {
    /// `[batch, in, height, width]` to `[batch, out, height / stride, width / stride]`, rounded
    /// up.
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        self.activation.forward(self.bn.forward(self.convolve(map)))
    }

    /// By our own operation where each channel goes by itself.
    fn convolve(&self, map: Tensor<4>) -> Tensor<4> {
        let [channels, of_group, height, width] = self.conv.weight.dims();
        let is_depthwise = self.conv.groups == channels && of_group == 1 && channels > 1;
        let is_odd_square = height == width && height % 2 == 1;
        if is_depthwise && is_odd_square && self.conv.bias.is_none() && depthwise::runs_on(&map) {
            return depthwise::convolve(map, self.conv.weight.val(), self.conv.stride[0]);
        }
        self.conv.forward(map)
    }

    /// Weight `[out, in / groups, kernel, kernel]` and bias `[out]` of the one convolution that
    /// gives what convolution and norm give with running values.
    pub fn folded(&self) -> (Tensor<4>, Tensor<1>) {
        let (scale, shift) = self.bn.scale_and_shift();
        let channels = scale.dims()[0];
        let bias = match &self.conv.bias {
            Some(bias) => bias.val() * scale.clone() + shift,
            None => shift,
        };
        (self.conv.weight.val() * scale.reshape([channels, 1, 1, 1]), bias)
    }
}

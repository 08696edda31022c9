//! ResNet's bottleneck (He et al. 2015) as YOLOX draws it: 1 x 1, 3 x 3, and a way past both.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Conv, ConvNorm, ConvNormConfig};

/// `conv2(conv1(map))`, plus `map` where there is a shortcut.
#[derive(Module, Debug)]
pub struct Bottleneck {
    pub conv1: ConvNorm,
    pub conv2: Conv,
    #[module(skip)]
    pub shortcut: bool,
}

impl Bottleneck {
    /// As many channels out as in, as CSP layers use it.
    pub fn new(channels: usize, shortcut: bool, separable: bool, device: &Device) -> Bottleneck {
        Bottleneck {
            conv1: ConvNormConfig::new(channels, channels, 1).init(device),
            conv2: Conv::new(ConvNormConfig::new(channels, channels, 3), separable, device),
            shortcut,
        }
    }

    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let narrow = self.conv1.forward(map.clone());
        let out = self.conv2.forward(narrow);
        if self.shortcut { out + map } else { out }
    }
}

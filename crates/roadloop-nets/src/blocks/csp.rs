//! The cross stage partial layer (Wang et al. 2019): half of the channels go through
//! bottlenecks, half past them.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Bottleneck, ConvNorm, ConvNormConfig};

/// How a [`CspLayer`] is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CspConfig {
    pub channels_in: usize,
    pub channels_out: usize,
    /// How many bottlenecks one after another.
    pub bottlenecks: usize,
    /// Whether a bottleneck's input is added to its output.
    pub shortcut: bool,
    /// Whether their 3 x 3 convolutions are separable.
    pub separable: bool,
}

impl CspConfig {
    pub fn init(&self, device: &Device) -> CspLayer {
        let hidden = self.channels_out / 2;
        CspLayer {
            conv1: ConvNormConfig::new(self.channels_in, hidden, 1).init(device),
            conv2: ConvNormConfig::new(self.channels_in, hidden, 1).init(device),
            conv3: ConvNormConfig::new(hidden * 2, self.channels_out, 1).init(device),
            m: (0..self.bottlenecks)
                .map(|_| Bottleneck::new(hidden, self.shortcut, self.separable, device))
                .collect(),
        }
    }
}

/// `conv3(m(conv1(map)) beside conv2(map))`.
#[derive(Module, Debug)]
pub struct CspLayer {
    pub conv1: ConvNorm,
    pub conv2: ConvNorm,
    pub conv3: ConvNorm,
    /// The bottlenecks.
    pub m: Vec<Bottleneck>,
}

impl CspLayer {
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let past = self.conv2.forward(map.clone());
        let through = self.conv1.forward(map);
        let through = self.m.iter().fold(through, |map, bottleneck| bottleneck.forward(map));
        self.conv3.forward(Tensor::cat(vec![through, past], 1))
    }
}

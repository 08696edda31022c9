//! Darknet-53: YOLOv3's backbone, 52 convolutions that halve the map five times (Redmon and
//! Farhadi 2018, table 1).
//!
//! Every convolution has a norm and a leaky activation. A stage halves the map and doubles its
//! channels, then adds what two convolutions make of it, 1, 2, 8, 8 and 4 times over.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::blocks::{Activation, ConvNorm, ConvNormConfig, NormSettings};

/// Residual pairs of each stage.
pub const RESIDUALS: [usize; 5] = [1, 2, 8, 8, 4];

/// Darknet's norms: it adds 1e-5 to a variance, and GluonCV's move by a tenth, which is how
/// PyTorch is by default.
const NORM: NormSettings = NormSettings::PYTORCH;

/// The backbone.
#[derive(Module, Debug)]
pub struct Darknet53 {
    pub stem: ConvNorm,
    pub stages: Vec<Stage>,
}

/// Halves the map, then refines it.
#[derive(Module, Debug)]
pub struct Stage {
    pub down: ConvNorm,
    pub residuals: Vec<Residual>,
}

/// `map + conv2(conv1(map))`, through half of the channels.
#[derive(Module, Debug)]
pub struct Residual {
    pub conv1: ConvNorm,
    pub conv2: ConvNorm,
}

impl Darknet53 {
    /// `channels` are those of the first map: 32 in the paper, even.
    pub fn new(channels: usize, device: &Device) -> Darknet53 {
        let stage = |(number, residuals): (usize, usize)| {
            let channels_in = channels << number;
            let channels_out = channels_in * 2;
            let down = ConvNormConfig { stride: 2, ..leaky(channels_in, channels_out, 3) };
            let residual = |_| Residual {
                conv1: leaky(channels_out, channels_in, 1).init(device),
                conv2: leaky(channels_in, channels_out, 3).init(device),
            };
            Stage { down: down.init(device), residuals: (0..residuals).map(residual).collect() }
        };
        Darknet53 {
            stem: leaky(3, channels, 3).init(device),
            stages: RESIDUALS.into_iter().enumerate().map(stage).collect(),
        }
    }

    /// Maps of 8, 16 and 32 pixels a cell, of 8, 16 and 32 times the first map's channels.
    ///
    /// `images` are `[batch, 3, height, width]`, both sides multiples of 32.
    pub fn forward(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        let mut map = self.stem.forward(images);
        let mut maps = Vec::with_capacity(self.stages.len());
        for stage in &self.stages {
            map = stage.down.forward(map);
            for residual in &stage.residuals {
                let through = residual.conv1.forward(map.clone());
                map = map + residual.conv2.forward(through);
            }
            maps.push(map.clone());
        }
        // Five stages are made; the last three are looked at.
        [maps[2].clone(), maps[3].clone(), map]
    }
}

/// A convolution as Darknet has it everywhere.
pub(crate) fn leaky(channels_in: usize, channels_out: usize, kernel: usize) -> ConvNormConfig {
    ConvNormConfig {
        activation: Activation::Leaky,
        norm: NORM,
        ..ConvNormConfig::new(channels_in, channels_out, kernel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_as_many_weights_as_the_original() {
        // darknet53.conv.74 has 162 482 580 bytes: 20 of header and 40 620 640 numbers, running
        // means and variances among them.
        let network = Darknet53::new(32, &Device::flex());
        assert_eq!(network.num_params(), 40_620_640);
    }

    #[test]
    fn maps_are_halved_five_times() {
        let network = Darknet53::new(2, &Device::flex());
        let maps = network.forward(Tensor::zeros([1, 3, 64, 96], &Device::flex()));
        let expected = [[1, 16, 8, 12], [1, 32, 4, 6], [1, 64, 2, 3]];
        assert_eq!(maps.map(|map| map.dims()), expected);
    }
}

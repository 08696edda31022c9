//! The neck: a path aggregation network (Liu et al. 2018) over the backbone's three maps, from
//! coarse to fine and back.

use burn::module::Module;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};

use super::{CspDarknet, YoloxSize};
use crate::blocks::{Conv, ConvNorm, ConvNormConfig, CspConfig, CspLayer, Norms};

/// Backbone and neck. `p` is on the way to fine maps, `n` on the way back; the numbers are the
/// originals'.
#[derive(Module, Debug)]
pub struct Pafpn {
    pub backbone: CspDarknet,
    pub lateral_conv0: ConvNorm,
    /// `C3_p4` in a state dict, and so are the other three.
    pub c3_p4: CspLayer,
    pub reduce_conv1: ConvNorm,
    pub c3_p3: CspLayer,
    pub bu_conv2: Conv,
    pub c3_n3: CspLayer,
    pub bu_conv1: Conv,
    pub c3_n4: CspLayer,
}

impl Pafpn {
    pub fn new(size: YoloxSize, device: &Device) -> Pafpn {
        let [fine, middle, coarse] = [256, 512, 1024].map(|large| size.channels(large));
        let csp = |channels_in: usize, channels_out: usize| {
            let config = CspConfig {
                channels_in,
                channels_out,
                bottlenecks: size.bottlenecks(),
                shortcut: false,
                separable: size.separable(),
            };
            config.init(device)
        };
        let down = |channels: usize| {
            let config = ConvNormConfig { stride: 2, ..ConvNormConfig::new(channels, channels, 3) };
            Conv::new(config, size.separable(), device)
        };
        Pafpn {
            backbone: CspDarknet::new(size, device),
            lateral_conv0: ConvNormConfig::new(coarse, middle, 1).init(device),
            c3_p4: csp(middle * 2, middle),
            reduce_conv1: ConvNormConfig::new(middle, fine, 1).init(device),
            c3_p3: csp(fine * 2, fine),
            bu_conv2: down(fine),
            c3_n3: csp(fine * 2, middle),
            bu_conv1: down(middle),
            c3_n4: csp(middle * 2, coarse),
        }
    }

    /// Maps of 8, 16 and 32 pixels a cell, with 256, 512 and 1024 channels in the large network.
    pub fn forward(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        self.mix(self.backbone.forward(images))
    }

    /// The neck alone, over what the backbone gave.
    pub fn mix(&self, [third, fourth, fifth]: [Tensor<4>; 3]) -> [Tensor<4>; 3] {
        let beside = |one, other| Tensor::cat(vec![one, other], 1);
        let coarse = self.lateral_conv0.forward(fifth);
        let middle = self.c3_p4.forward(beside(twice_as_large(coarse.clone()), fourth));
        let middle = self.reduce_conv1.forward(middle);
        let fine = self.c3_p3.forward(beside(twice_as_large(middle.clone()), third));
        let middle = self.c3_n3.forward(beside(self.bu_conv2.forward(fine.clone()), middle));
        let coarse = self.c3_n4.forward(beside(self.bu_conv1.forward(middle.clone()), coarse));
        [fine, middle, coarse]
    }
}

/// Each cell as four of the same.
pub(super) fn twice_as_large(map: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = map.dims();
    let options = InterpolateOptions::new(InterpolateMode::Nearest);
    interpolate(map, options.with_output_size([height * 2, width * 2]))
}

impl Norms for Pafpn {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        let mut norms = self.backbone.norms_mut();
        norms.extend(self.lateral_conv0.norms_mut());
        norms.extend(self.reduce_conv1.norms_mut());
        norms.extend(self.bu_conv2.norms_mut());
        norms.extend(self.bu_conv1.norms_mut());
        for csp in [&mut self.c3_p4, &mut self.c3_p3, &mut self.c3_n3, &mut self.c3_n4] {
            norms.extend(csp.norms_mut());
        }
        norms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_becomes_four() {
        let map = Tensor::<4>::from_floats([[[[1.0, 2.0, 3.0]]]], &Device::flex());
        let large: Vec<f32> = twice_as_large(map).into_data().try_to_vec().unwrap();
        assert_eq!(large, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    }
}

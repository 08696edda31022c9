//! CSPDarknet: the backbone, a stem and four stages that halve the map.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::YoloxSize;
use crate::blocks::{
    Conv, ConvNorm, ConvNormConfig, CspConfig, CspLayer, Focus, Norms, SppBottleneck,
};

/// One piece of a stage.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // Some ten of them, made once.
pub enum Layer {
    /// Halves the map.
    Down(Conv),
    Spp(SppBottleneck),
    Csp(CspLayer),
}

impl Layer {
    fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        match self {
            Layer::Down(conv) => conv.forward(map),
            Layer::Spp(spp) => spp.forward(map),
            Layer::Csp(csp) => csp.forward(map),
        }
    }
}

/// The backbone; `darkN` gives maps of `2^N` pixels a cell.
#[derive(Module, Debug)]
pub struct CspDarknet {
    pub stem: Focus,
    pub dark2: Vec<Layer>,
    pub dark3: Vec<Layer>,
    pub dark4: Vec<Layer>,
    pub dark5: Vec<Layer>,
}

impl CspDarknet {
    pub fn new(size: YoloxSize, device: &Device) -> CspDarknet {
        let width = size.channels(64);
        let few = size.bottlenecks();
        let stage = |channels: usize, bottlenecks: usize| {
            vec![down(size, channels, device), csp(size, channels * 2, bottlenecks, true, device)]
        };
        CspDarknet {
            stem: Focus::new(ConvNormConfig::new(3, width, 3), device),
            dark2: stage(width, few),
            dark3: stage(width * 2, few * 3),
            dark4: stage(width * 4, few * 3),
            dark5: vec![
                down(size, width * 8, device),
                Layer::Spp(SppBottleneck::new(width * 16, width * 16, device)),
                csp(size, width * 16, few, false, device),
            ],
        }
    }

    /// The maps of stages 3, 4 and 5: 8, 16 and 32 pixels a cell.
    pub fn forward(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        let through =
            |stage: &[Layer], map| stage.iter().fold(map, |map, layer| layer.forward(map));
        let map = through(&self.dark2, self.stem.forward(images));
        let third = through(&self.dark3, map);
        let fourth = through(&self.dark4, third.clone());
        let fifth = through(&self.dark5, fourth.clone());
        [third, fourth, fifth]
    }
}

/// From `channels` to twice as many.
fn down(size: YoloxSize, channels: usize, device: &Device) -> Layer {
    let config = ConvNormConfig { stride: 2, ..ConvNormConfig::new(channels, channels * 2, 3) };
    Layer::Down(Conv::new(config, size.separable(), device))
}

fn csp(
    size: YoloxSize,
    channels: usize,
    bottlenecks: usize,
    shortcut: bool,
    device: &Device,
) -> Layer {
    let config = CspConfig {
        channels_in: channels,
        channels_out: channels,
        bottlenecks,
        shortcut,
        separable: size.separable(),
    };
    Layer::Csp(config.init(device))
}

impl Norms for Layer {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        match self {
            Layer::Down(conv) => conv.norms_mut(),
            Layer::Spp(spp) => spp.norms_mut(),
            Layer::Csp(csp) => csp.norms_mut(),
        }
    }
}

impl Norms for CspDarknet {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        let mut norms = self.stem.norms_mut();
        for stage in [&mut self.dark2, &mut self.dark3, &mut self.dark4, &mut self.dark5] {
            norms.extend(stage.norms_mut());
        }
        norms
    }
}

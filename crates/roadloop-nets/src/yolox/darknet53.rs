//! YOLOX on YOLOv3's backbone: Darknet-53 with pyramid pooling, a neck that only goes from
//! coarse to fine, and YOLOX's head, leaky throughout (`yolov3.py` of the authors' `exps`).
//!
//! Names are those of its state dict, which are others than Darknet's: [`crate::Darknet53`] is
//! the same backbone for Darknet's files.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::pafpn::twice_as_large;
use super::{MOST_CLASSES, YoloxHead, YoloxMaps};
use crate::NetsError;
use crate::blocks::{Activation, ConvNorm, ConvNormConfig, SppBottleneck};
use crate::darknet53::RESIDUALS;

/// Channels of the backbone's first map.
const CHANNELS: usize = 32;

/// The whole detector.
#[derive(Module, Debug)]
pub struct YoloxDarknet53 {
    /// Backbone and neck, which the original code calls backbone together.
    pub backbone: Fpn,
    pub head: YoloxHead,
}

impl YoloxDarknet53 {
    /// With random weights, for 1 or more classes.
    pub fn init(classes: usize, device: &Device) -> Result<YoloxDarknet53, NetsError> {
        if !(1..=MOST_CLASSES).contains(&classes) {
            return Err(NetsError::Settings(format!(
                "yolox-darknet53 learns 1 to {MOST_CLASSES} classes, not {classes}"
            )));
        }
        let separable = false;
        let levels = [128, 256, 512];
        let network = YoloxDarknet53 {
            backbone: Fpn::new(device),
            head: YoloxHead::over(levels, 256, separable, Activation::Leaky, classes, device),
        };
        Ok(network.materialize())
    }

    /// `images` are `[batch, 3, height, width]`, blue, green and red, 0 to 255, both sides
    /// multiples of 32.
    pub fn forward(&self, images: Tensor<4>) -> YoloxMaps {
        self.head.forward(self.backbone.forward(images))
    }
}

/// The neck: two steps from coarse to fine.
#[derive(Module, Debug)]
pub struct Fpn {
    pub backbone: Backbone,
    pub out1_cbl: ConvNorm,
    pub out1: Vec<ConvNorm>,
    pub out2_cbl: ConvNorm,
    pub out2: Vec<ConvNorm>,
}

impl Fpn {
    fn new(device: &Device) -> Fpn {
        let embedding = |channels_in: usize, width: usize| {
            let wide = width * 2;
            let first = leaky(channels_in, width, 1);
            let rest = [(width, wide, 3), (wide, width, 1), (width, wide, 3), (wide, width, 1)];
            let rest = rest.map(|(of, to, kernel)| leaky(of, to, kernel));
            std::iter::once(first).chain(rest).map(|config| config.init(device)).collect()
        };
        Fpn {
            backbone: Backbone::new(device),
            out1_cbl: leaky(512, 256, 1).init(device),
            out1: embedding(512 + 256, 256),
            out2_cbl: leaky(256, 128, 1).init(device),
            out2: embedding(256 + 128, 128),
        }
    }

    /// Maps of 8, 16 and 32 pixels a cell, with 128, 256 and 512 channels.
    pub fn forward(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        let [fine, middle, coarse] = self.backbone.forward(images);
        let through =
            |convs: &[ConvNorm], map| convs.iter().fold(map, |map, conv| conv.forward(map));
        let finer = |conv: &ConvNorm, map: &Tensor<4>, beside| {
            Tensor::cat(vec![twice_as_large(conv.forward(map.clone())), beside], 1)
        };
        let middle = through(&self.out1, finer(&self.out1_cbl, &coarse, middle));
        let fine = through(&self.out2, finer(&self.out2_cbl, &middle, fine));
        [fine, middle, coarse]
    }
}

/// One piece of a stage.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // Some forty of them, made once.
pub enum Layer {
    Conv(ConvNorm),
    Residual(Residual),
    Spp(SppBottleneck),
}

impl Layer {
    fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        match self {
            Layer::Conv(conv) => conv.forward(map),
            Layer::Residual(pair) => map.clone() + pair.layer2.forward(pair.layer1.forward(map)),
            Layer::Spp(spp) => spp.forward(map),
        }
    }
}

/// `map + layer2(layer1(map))`, through half of the channels.
#[derive(Module, Debug)]
pub struct Residual {
    pub layer1: ConvNorm,
    pub layer2: ConvNorm,
}

/// The backbone; `darkN` gives maps of `2^N` pixels a cell, `stem` of two.
#[derive(Module, Debug)]
pub struct Backbone {
    pub stem: Vec<Layer>,
    pub dark2: Vec<Layer>,
    pub dark3: Vec<Layer>,
    pub dark4: Vec<Layer>,
    pub dark5: Vec<Layer>,
}

impl Backbone {
    fn new(device: &Device) -> Backbone {
        let conv =
            |of: usize, to: usize, kernel: usize| Layer::Conv(leaky(of, to, kernel).init(device));
        let stage = |number: usize| -> Vec<Layer> {
            let (narrow, wide) = (CHANNELS << number, CHANNELS << (number + 1));
            let down = ConvNormConfig { stride: 2, ..leaky(narrow, wide, 3) };
            let residual = |_| {
                Layer::Residual(Residual {
                    layer1: leaky(wide, narrow, 1).init(device),
                    layer2: leaky(narrow, wide, 3).init(device),
                })
            };
            let residuals = (0..RESIDUALS[number]).map(residual);
            std::iter::once(Layer::Conv(down.init(device))).chain(residuals).collect()
        };
        let mut stem = vec![conv(3, CHANNELS, 3)];
        stem.extend(stage(0));
        let mut dark5 = stage(4);
        dark5.extend([
            conv(1024, 512, 1),
            conv(512, 1024, 3),
            Layer::Spp(SppBottleneck::with(1024, 512, Activation::Leaky, device)),
            conv(512, 1024, 3),
            conv(1024, 512, 1),
        ]);
        Backbone { stem, dark2: stage(1), dark3: stage(2), dark4: stage(3), dark5 }
    }

    fn forward(&self, images: Tensor<4>) -> [Tensor<4>; 3] {
        let through =
            |stage: &[Layer], map| stage.iter().fold(map, |map, layer| layer.forward(map));
        let map = through(&self.dark2, through(&self.stem, images));
        let fine = through(&self.dark3, map);
        let middle = through(&self.dark4, fine.clone());
        let coarse = through(&self.dark5, middle.clone());
        [fine, middle, coarse]
    }
}

/// As YOLOX has its convolutions, but leaky.
fn leaky(channels_in: usize, channels_out: usize, kernel: usize) -> ConvNormConfig {
    let config = ConvNormConfig::new(channels_in, channels_out, kernel);
    ConvNormConfig { activation: Activation::Leaky, ..config }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_large_as_the_authors_say() {
        let network = YoloxDarknet53::init(80, &Device::flex()).expect("a network");
        // Their table has 63.7 million; running means and variances are counted here too.
        let millions = network.num_params() as f64 / 1e6;
        assert!((63.6..63.9).contains(&millions), "{millions}");
        assert!(YoloxDarknet53::init(0, &Device::flex()).is_err());
    }
}

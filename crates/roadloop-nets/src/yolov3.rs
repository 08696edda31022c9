//! YOLOv3 (Redmon and Farhadi 2018): anchors of nine shapes on maps of three scales.
//!
//! The backbone is [`Darknet53`]; from its coarsest map back to its finest, five convolutions
//! refine each scale, a tip widens it and an output says of three anchors in each cell where a
//! box is, how sure it is of one and of what class. Its loss is [`crate::loss::Yolov3Loss`].

mod decode;

use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::module::interpolate;
use burn::tensor::ops::{InterpolateMode, InterpolateOptions};
use burn::tensor::{Device, Tensor};

use crate::NetsError;
use crate::blocks::{ConvNorm, ConvNormConfig, convolution};
use crate::darknet53::{Darknet53, leaky};
use crate::yolox::MOST_CLASSES;

pub use decode::Yolov3Maps;

/// The most channels of the first map that are made: four times the paper's.
const MOST_CHANNELS: usize = 128;

/// How a [`Yolov3`] is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Yolov3Config {
    /// 1 or more.
    pub classes: usize,
    /// Of the backbone's first map; all others are multiples. Even, 32 in the paper.
    pub channels: usize,
}

impl Yolov3Config {
    /// As wide as the paper's.
    pub fn new(classes: usize) -> Yolov3Config {
        Yolov3Config { classes, channels: 32 }
    }

    /// With random weights; the same ones for the same `device.seed(..)` before.
    pub fn init(&self, device: &Device) -> Result<Yolov3, NetsError> {
        let Yolov3Config { classes, channels } = *self;
        if !(1..=MOST_CLASSES).contains(&classes) {
            return Err(NetsError::Settings(format!(
                "yolov3 learns 1 to {MOST_CLASSES} classes, not {classes}"
            )));
        }
        if !(2..=MOST_CHANNELS).contains(&channels) || !channels.is_multiple_of(2) {
            return Err(NetsError::Settings(format!(
                "yolov3 has an even number of 2 to {MOST_CHANNELS} channels in its first map, \
                 not {channels}"
            )));
        }
        // Coarse, middle, fine: 512, 256 and 128 in the paper. The later two also see what
        // comes down from before, and the backbone's map of their scale.
        let block = |width: usize, channels_in: usize| {
            DetectionBlock::new(channels_in, width, 3 * (5 + classes), device)
        };
        let down = |width: usize| leaky(width, width / 2, 1).init(device);
        let network = Yolov3 {
            backbone: Darknet53::new(channels, device),
            blocks: vec![
                block(16 * channels, 32 * channels),
                block(8 * channels, 24 * channels),
                block(4 * channels, 12 * channels),
            ],
            transitions: vec![down(16 * channels), down(8 * channels)],
            config: *self,
        };
        Ok(network.materialize())
    }
}

/// The whole detector. Lists go from coarse to fine, as in Darknet's files.
#[derive(Module, Debug)]
pub struct Yolov3 {
    pub backbone: Darknet53,
    pub blocks: Vec<DetectionBlock>,
    /// From a scale to the next finer one.
    pub transitions: Vec<ConvNorm>,
    #[module(skip)]
    pub config: Yolov3Config,
}

impl Yolov3 {
    /// `images` are `[batch, 3, height, width]`, both sides multiples of 32. Darknet's weights
    /// want red, green and blue, 0 to 1.
    pub fn forward(&self, images: Tensor<4>) -> Yolov3Maps {
        self.mix(self.backbone.forward(images))
    }

    /// Everything after the backbone, over what it gave.
    pub fn mix(&self, [fine, middle, coarse]: [Tensor<4>; 3]) -> Yolov3Maps {
        let finer = |route: Tensor<4>, number: usize, beside: Tensor<4>| {
            let down = twice_as_large(self.transitions[number].forward(route));
            Tensor::cat(vec![down, beside], 1)
        };
        let (route, coarse) = self.blocks[0].forward(coarse);
        let (route, middle) = self.blocks[1].forward(finer(route, 0, middle));
        let (_, fine) = self.blocks[2].forward(finer(route, 1, fine));
        Yolov3Maps { levels: [fine, middle, coarse] }
    }
}

/// What refines a scale and speaks of it.
#[derive(Module, Debug)]
pub struct DetectionBlock {
    /// Five, of 1 x 1 and 3 x 3 in turn.
    pub body: Vec<ConvNorm>,
    pub tip: ConvNorm,
    pub output: Conv2d,
}

impl DetectionBlock {
    fn new(channels_in: usize, width: usize, out: usize, device: &Device) -> DetectionBlock {
        let wide = width * 2;
        let body = [(channels_in, width, 1), (width, wide, 3), (wide, width, 1), (width, wide, 3)];
        let body = body.into_iter().chain([(wide, width, 1)]);
        DetectionBlock {
            body: body.map(|(of, to, kernel)| leaky(of, to, kernel).init(device)).collect(),
            tip: leaky(width, wide, 3).init(device),
            output: convolution(&ConvNormConfig::new(wide, out, 1), true, device),
        }
    }

    /// What goes on to the next scale, and what is said of this one.
    fn forward(&self, map: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let route = self.body.iter().fold(map, |map, conv| conv.forward(map));
        let output = self.output.forward(self.tip.forward(route.clone()));
        (route, output)
    }
}

/// Each cell as four of the same.
fn twice_as_large(map: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = map.dims();
    let options = InterpolateOptions::new(InterpolateMode::Nearest);
    interpolate(map, options.with_output_size([height * 2, width * 2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{Target, Yolov3Loss};
    use crate::optim::{GradientSum, Sgd, SgdSettings};

    fn small(device: &Device) -> Yolov3 {
        Yolov3Config { classes: 2, channels: 2 }.init(device).expect("a network")
    }

    #[test]
    fn maps_have_three_anchors_of_each_number() {
        let maps = small(&Device::flex()).forward(Tensor::zeros([1, 3, 64, 96], &Device::flex()));
        let expected = [[1, 21, 8, 12], [1, 21, 4, 6], [1, 21, 2, 3]];
        assert_eq!(maps.levels.each_ref().map(Tensor::dims), expected);
        assert_eq!(maps.decode().dims(), [1, 3 * (96 + 24 + 6), 7]);
    }

    #[test]
    fn it_learns_two_things_by_heart() {
        let device = Device::flex().autodiff();
        device.seed(3);
        let mut network = small(&device);
        let images = Tensor::random([1, 3, 64, 64], burn::tensor::Distribution::Default, &device);
        let thing = |class, center: f32, side: f32| Target {
            class,
            center_x: center,
            center_y: center,
            width: side,
            height: side,
        };
        let targets = [vec![thing(0, 20.0, 18.0), thing(1, 40.0, 60.0)]];
        let rules = Yolov3Loss::new(2);
        let mut sgd = Sgd::new(SgdSettings { clip_norm: Some(10.0), ..SgdSettings::default() });
        let mut totals = Vec::new();
        for _ in 0..20 {
            let losses = rules.forward(&network.forward(images.clone()).levels, &targets);
            let losses = losses.expect("a loss");
            assert_eq!(losses.positives, 2);
            totals.push(losses.parts.iter().map(|(_, value)| value).sum::<f32>());
            let mut sum = GradientSum::new();
            sum.add(&network, losses.total.backward());
            network = sgd.step(network, sum, 0.02);
        }
        assert!(totals[19] < totals[0] / 2.0, "{totals:?}");
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let device = Device::flex();
        for (classes, channels) in [(0, 32), (MOST_CLASSES + 1, 32), (1, 0), (1, 3), (1, 1 << 20)] {
            assert!(Yolov3Config { classes, channels }.init(&device).is_err());
        }
    }
}

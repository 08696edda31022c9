//! Spatial pyramid pooling (He et al. 2014) as YOLOv3-SPP and YOLOX use it: the same map seen
//! through windows of 5, 9 and 13, side by side.

use burn::module::Module;
use burn::tensor::module::max_pool2d;
use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};

use super::{Activation, ConvNorm, ConvNormConfig};

/// The windows, of YOLOX's `SPPBottleneck`.
const WINDOWS: [usize; 3] = [5, 9, 13];

/// `conv2(map, and its maxima over each window)` of a map that `conv1` halved.
#[derive(Module, Debug)]
pub struct SppBottleneck {
    pub conv1: ConvNorm,
    pub conv2: ConvNorm,
}

impl SppBottleneck {
    pub fn new(channels_in: usize, channels_out: usize, device: &Device) -> SppBottleneck {
        SppBottleneck::with(channels_in, channels_out, Activation::Silu, device)
    }

    /// With another activation than YOLOX's own.
    pub fn with(
        channels_in: usize,
        channels_out: usize,
        activation: Activation,
        device: &Device,
    ) -> SppBottleneck {
        let hidden = channels_in / 2;
        let wide = hidden * (WINDOWS.len() + 1);
        let conv = |channels_in: usize, channels_out: usize| {
            let config = ConvNormConfig::new(channels_in, channels_out, 1);
            ConvNormConfig { activation, ..config }.init(device)
        };
        SppBottleneck { conv1: conv(channels_in, hidden), conv2: conv(wide, channels_out) }
    }

    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let map = self.conv1.forward(map);
        let mut parts = vec![map.clone()];
        // A maximum over 9 is one over 5 of one over 5, and 13 over 5 of that: the same values
        // from windows of 25 pixels instead of 25, 81 and 169.
        let mut seen = map;
        for _ in WINDOWS {
            seen = largest_of_five(seen);
            parts.push(seen.clone());
        }
        self.conv2.forward(Tensor::cat(parts, 1))
    }
}

fn largest_of_five(map: Tensor<4>) -> Tensor<4> {
    max_pool2d(map, MaxPoolOptions::new([5, 5]).with_stride([1, 1]).with_padding([2, 2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn small_windows_in_a_row_see_as_much_as_large_ones() {
        let device = Device::flex();
        let map = Tensor::<4>::random([1, 2, 16, 15], Distribution::Uniform(-2.0, -1.0), &device);
        let mut seen = map.clone();
        for window in WINDOWS {
            seen = largest_of_five(seen);
            let options = MaxPoolOptions::new([window, window])
                .with_stride([1, 1])
                .with_padding([window / 2, window / 2]);
            let expected = max_pool2d(map.clone(), options);
            assert_eq!(seen.clone().into_data(), expected.into_data(), "window {window}");
        }
    }
}

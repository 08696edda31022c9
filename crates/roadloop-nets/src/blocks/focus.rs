//! YOLOX's stem: every second pixel apart, then one convolution.

use burn::module::Module;
use burn::tensor::{Device, Tensor, s};

use super::{ConvNorm, ConvNormConfig};

/// Four images of half the size side by side, and a convolution over them.
#[derive(Module, Debug)]
pub struct Focus {
    pub conv: ConvNorm,
}

impl Focus {
    /// `config` with the channels of the image; the convolution sees four times as many.
    pub fn new(config: ConvNormConfig, device: &Device) -> Focus {
        let conv = ConvNormConfig { channels_in: config.channels_in * 4, ..config };
        Focus { conv: conv.init(device) }
    }

    /// `[batch, in, height, width]`, even sides, to `[batch, out, height / 2, width / 2]`.
    pub fn forward(&self, image: Tensor<4>) -> Tensor<4> {
        self.conv.forward(space_to_depth(image))
    }
}

/// `[batch, channels, height, width]` to `[batch, 4 channels, height / 2, width / 2]`: the
/// pixels at even rows and columns, then odd rows, then odd columns, then both odd. That order
/// is YOLOX's, and its weights know no other.
pub fn space_to_depth(image: Tensor<4>) -> Tensor<4> {
    let parts = vec![
        image.clone().slice(s![.., .., 0..;2, 0..;2]),
        image.clone().slice(s![.., .., 1..;2, 0..;2]),
        image.clone().slice(s![.., .., 0..;2, 1..;2]),
        image.slice(s![.., .., 1..;2, 1..;2]),
    ];
    Tensor::cat(parts, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_apart_before_columns() {
        let image = Tensor::<4>::from_floats([[[[1.0, 2.0], [3.0, 4.0]]]], &Device::flex());
        let apart: Vec<f32> = space_to_depth(image).into_data().try_to_vec().unwrap();
        assert_eq!(apart, [1.0, 3.0, 2.0, 4.0]);
    }
}

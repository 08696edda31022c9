//! Batch normalisation (Ioffe and Szegedy 2015) with PyTorch's arithmetic.
//!
//! While it learns, a map is normalised by the batch's own mean and biased variance, and the
//! running values move towards the batch's mean and its *unbiased* variance, n / (n - 1) times
//! the biased one. Burn's own layer moves towards the biased one, which on the smallest maps of
//! small batches (13 x 13 x 1) is another network in the end.

use burn::module::{Flag, Module, Param};
use burn::tensor::module::batch_norm_train;
use burn::tensor::{Device, Tensor};

use super::Running;
use super::measure::Measuring;

/// The two constants of a norm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormSettings {
    /// Added to the variance before its root.
    pub epsilon: f64,
    /// How far the running values move towards a batch's.
    pub momentum: f64,
}

impl NormSettings {
    /// What YOLOX sets on every norm when a model is made (`init_yolo`).
    pub const YOLOX: NormSettings = NormSettings { epsilon: 1e-3, momentum: 0.03 };
    /// PyTorch's defaults.
    pub const PYTORCH: NormSettings = NormSettings { epsilon: 1e-5, momentum: 0.1 };
}

/// Normalises each channel, then scales and shifts it.
///
/// It learns on a device with autodiff unless it is frozen ([`Module::freeze`]); a frozen one,
/// and one without autodiff, uses its running values and leaves them as they are.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// The scale, `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// The shift, `[channels]`.
    pub bias: Param<Tensor<1>>,
    pub running_mean: Running,
    pub running_var: Running,
    /// Whether the batch's statistics are used; `freeze` turns it off.
    pub training: Param<Flag>,
    #[module(skip)]
    pub settings: NormSettings,
    #[module(skip)]
    pub(super) measuring: Measuring,
}

impl BatchNorm {
    pub fn new(channels: usize, settings: NormSettings, device: &Device) -> BatchNorm {
        BatchNorm {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: Running::new(Tensor::zeros([channels], device)),
            running_var: Running::new(Tensor::ones([channels], device)),
            training: Param::from_bool(true),
            settings,
            measuring: Measuring::default(),
        }
    }

    /// `[batch, channels, height, width]` to the same shape.
    pub fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        let measured = self.measuring.see(&map);
        if map.device().is_autodiff() && self.training.is_enabled() && !measured {
            self.forward_learning(map)
        } else {
            let (scale, shift) = self.scale_and_shift();
            let channels = scale.dims()[0];
            map * scale.reshape([1, channels, 1, 1]) + shift.reshape([1, channels, 1, 1])
        }
    }

    /// The norm of running values as one product and one sum: `scale * x + shift`, each
    /// `[channels]`. What is folded into a convolution on the way out.
    pub fn scale_and_shift(&self) -> (Tensor<1>, Tensor<1>) {
        let deviation = (self.running_var.value() + self.settings.epsilon).sqrt();
        let scale = self.weight.val() / deviation;
        let shift = self.bias.val() - self.running_mean.value() * scale.clone();
        (scale, shift)
    }

    fn forward_learning(&self, map: Tensor<4>) -> Tensor<4> {
        let [batch, _, height, width] = map.dims();
        let values = (batch * height * width) as f64;
        let epsilon = self.settings.epsilon;
        let result = batch_norm_train(map, self.weight.val(), self.bias.val(), epsilon);
        // PyTorch refuses a batch of one value; here it counts as its own variance, 0.
        let unbiased = result.variance * (values / (values - 1.0).max(1.0));
        self.towards(&self.running_mean, result.mean);
        self.towards(&self.running_var, unbiased);
        result.output
    }

    fn towards(&self, running: &Running, of_batch: Tensor<1>) {
        let momentum = self.settings.momentum;
        running.set(running.value() * (1.0 - momentum) + of_batch.detach() * momentum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(device: &Device) -> Tensor<4> {
        Tensor::from_floats([[[[1.0f32, 2.0, 3.0, 6.0]]]], device)
    }

    #[track_caller]
    fn check(found: Tensor<1>, expected: &[f32]) {
        let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
        }
    }

    #[test]
    fn running_values_move_towards_the_unbiased_variance() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm::new(1, NormSettings { epsilon: 0.0, momentum: 0.25 }, &device);
        let out = norm.forward(map(&device));
        // Mean 3, biased variance 14 / 4 = 3.5, unbiased 14 / 3.
        let deviation = 3.5f32.sqrt();
        let expected = [-2.0, -1.0, 0.0, 3.0].map(|from_mean: f32| from_mean / deviation);
        check(out.reshape([4]).without_autodiff(), &expected);
        check(norm.running_mean.value(), &[0.75]);
        check(norm.running_var.value(), &[0.75 + 0.25 * 14.0 / 3.0]);
    }

    #[test]
    fn a_frozen_norm_uses_and_keeps_its_running_values() {
        let device = Device::flex().autodiff();
        let settings = NormSettings { epsilon: 0.5, momentum: 0.25 };
        let norm = BatchNorm::new(1, settings, &device).freeze();
        norm.running_mean.set(Tensor::from_floats([2.0], &device));
        norm.running_var.set(Tensor::from_floats([3.5], &device));
        check(norm.forward(map(&device)).reshape([4]), &[-0.5, 0.0, 0.5, 2.0]);
        check(norm.running_mean.value(), &[2.0]);
        check(norm.running_var.value(), &[3.5]);
    }

    #[test]
    fn a_clone_keeps_what_it_had() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm::new(1, NormSettings::YOLOX, &device);
        let aside = norm.clone();
        norm.forward(map(&device));
        check(aside.running_mean.value(), &[0.0]);
        check(norm.running_mean.value(), &[0.09]);
        check(norm.valid().running_mean.value(), &[0.09]);
    }
}

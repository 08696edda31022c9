//! Norms measured again: what a network sees of pictures, put back into norms that were folded
//! away.
//!
//! An exported network has its norms folded into its convolutions; read back, each is one that
//! does nothing. That is the same function, but not one that can learn with the statistics of
//! its batches: the first of them would scale every channel to a deviation of 1, where the
//! folded weights give whatever the lost scale was. So the network looks at pictures as it is,
//! each norm takes the mean and variance of what it is given as its own, and a scale and shift
//! that undo them. The function stays, and a batch like those pictures gives what it gave.

use std::sync::{Mutex, PoisonError};

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};

use super::{Bottleneck, Conv, ConvNorm, CspLayer, Focus, SeparableConv, SppBottleneck};

/// What has norms.
pub trait Norms {
    /// All of them with their convolutions, in no order that anyone should trust.
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm>;
}

/// Measures every norm while `look` runs the network over pictures, and gives the same function
/// with norms that fit them. Norms that were given nothing stay as they are.
pub fn measure_norms<N: Norms>(mut network: N, look: impl FnOnce(&N)) -> N {
    for part in network.norms_mut() {
        part.bn.measuring.start();
    }
    look(&network);
    for part in network.norms_mut() {
        if let Some(moments) = part.bn.measuring.take() {
            refit(part, &moments);
        }
    }
    network
}

/// Filters of one length, new running values, and a scale and shift that make up for both.
///
/// A folded filter is its scale over its deviation times what was trained. Where that factor is
/// small the filter is short, and the same step turns it much further than it would have turned
/// the original: with YOLOX-nano's weights a gradient of 3000 and a loss that is no number a few
/// steps later. How long filters were is lost, so all of a layer get the length that the middle
/// one has; the norm behind takes the factor out again.
fn refit(part: &mut ConvNorm, moments: &Moments) {
    if moments.count == 0.0 {
        return;
    }
    let (scale, shift) = part.bn.scale_and_shift();
    let device = scale.device();
    let of = |values: Vec<f32>| {
        let count = values.len();
        Tensor::<1>::from_data(TensorData::new(values, [count]), &device)
    };
    let factors = factors(&part.conv.weight.val());
    let channels = factors.len();
    let factors = of(factors);
    let mean = of(moments.mean.iter().map(|value| *value as f32).collect());
    let count = moments.count;
    let variance = of(moments.squares.iter().map(|sum| (sum / count) as f32).collect());
    let shift = shift + scale.clone() * mean.clone();
    let mean = mean * factors.clone();
    let variance = variance * factors.clone().powf_scalar(2.0);
    let norm = &mut part.bn;
    let deviation = (variance.clone() + norm.settings.epsilon).sqrt();
    norm.bias = put(&norm.bias, shift);
    norm.weight = put(&norm.weight, scale * deviation / factors.clone());
    norm.running_mean.set(mean);
    norm.running_var.set(variance);
    let weight = part.conv.weight.val().detach() * factors.reshape([channels, 1, 1, 1]);
    part.conv.weight = put(&part.conv.weight, weight);
}

/// What each filter of `[out, in, kernel, kernel]` is to be multiplied by, to be as long as the
/// middle one; 1 for one that is nothing.
fn factors(weight: &Tensor<4>) -> Vec<f32> {
    let channels = weight.dims()[0];
    let values: Vec<f32> = weight.clone().detach().into_data().iter::<f32>().collect();
    let filters = values.chunks_exact((values.len() / channels.max(1)).max(1));
    let lengths: Vec<f32> = filters
        .map(|filter| filter.iter().map(|value| value * value).sum::<f32>().sqrt())
        .collect();
    let mut sorted = lengths.clone();
    sorted.sort_by(f32::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    let factor = |length: &f32| if *length > 0.0 && middle > 0.0 { middle / length } else { 1.0 };
    lengths.iter().map(factor).collect()
}

fn put<const D: usize>(param: &Param<Tensor<D>>, value: Tensor<D>) -> Param<Tensor<D>> {
    param.clone().map(|old| value.detach().set_require_grad(old.is_require_grad()))
}

/// Mean and spread of each channel over everything seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments {
    count: f64,
    mean: Vec<f64>,
    /// Sums of squared distances from the mean.
    squares: Vec<f64>,
}

impl Moments {
    /// Two sets as one, without the cancellation of sums of squares (Chan et al. 1979).
    fn add(&mut self, count: f64, mean: &[f64], variance: &[f64]) {
        self.mean.resize(mean.len(), 0.0);
        self.squares.resize(mean.len(), 0.0);
        let all = self.count + count;
        for ((ours, squares), (theirs, variance)) in
            self.mean.iter_mut().zip(&mut self.squares).zip(mean.iter().zip(variance))
        {
            let apart = theirs - *ours;
            *squares += variance * count + apart * apart * self.count * count / all;
            *ours += apart * count / all;
        }
        self.count = all;
    }
}

/// Whether a norm is being measured, and what it has seen. Never part of a state.
#[derive(Debug, Default)]
pub(super) struct Measuring(Mutex<Option<Moments>>);

impl Measuring {
    fn start(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Moments::default());
    }

    fn take(&self) -> Option<Moments> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Looks at what the norm is given, if it is measured; says whether it is.
    pub(super) fn see(&self, map: &Tensor<4>) -> bool {
        let mut moments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(moments) = moments.as_mut() else { return false };
        let [batch, channels, height, width] = map.dims();
        let rows = map.clone().detach().swap_dims(0, 1);
        let rows: Tensor<2> = rows.reshape([channels, batch * height * width]);
        let mean = rows.clone().mean_dim(1);
        let apart = rows - mean.clone();
        let variance = (apart.clone() * apart).mean_dim(1);
        let numbers = |tensor: Tensor<2>| -> Vec<f64> {
            let values = tensor.into_data().convert::<f64>().try_into_vec();
            values.unwrap_or_else(|_| vec![0.0; channels])
        };
        let count = (batch * height * width) as f64;
        moments.add(count, &numbers(mean), &numbers(variance));
        true
    }
}

/// A copy is not measured: what the original sees is not what it sees.
impl Clone for Measuring {
    fn clone(&self) -> Measuring {
        Measuring::default()
    }
}

impl Norms for ConvNorm {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        vec![self]
    }
}

impl Norms for SeparableConv {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        vec![&mut self.dconv, &mut self.pconv]
    }
}

impl Norms for Conv {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        match self {
            Conv::Full(conv) => conv.norms_mut(),
            Conv::Separable(conv) => conv.norms_mut(),
        }
    }
}

impl Norms for Bottleneck {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        let mut norms = self.conv1.norms_mut();
        norms.extend(self.conv2.norms_mut());
        norms
    }
}

impl Norms for CspLayer {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        let mut norms = vec![&mut self.conv1, &mut self.conv2, &mut self.conv3];
        norms.extend(self.m.norms_mut());
        norms
    }
}

impl Norms for SppBottleneck {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        vec![&mut self.conv1, &mut self.conv2]
    }
}

impl Norms for Focus {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        self.conv.norms_mut()
    }
}

impl<N: Norms + Module> Norms for Vec<N> {
    fn norms_mut(&mut self) -> Vec<&mut ConvNorm> {
        self.iter_mut().flat_map(N::norms_mut).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_add_up_to_their_union() {
        let mut moments = Moments::default();
        // 1, 3 and 5, 6, 7: mean 4.4, squared distances 23.2.
        moments.add(2.0, &[2.0], &[1.0]);
        moments.add(3.0, &[6.0], &[2.0 / 3.0]);
        assert!((moments.mean[0] - 4.4).abs() < 1e-12);
        assert!((moments.squares[0] - 23.2).abs() < 1e-12);
    }
}

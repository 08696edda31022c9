//! How weights follow their gradients: momentum as PyTorch has it, and averages of weights.
//!
//! Burn's own SGD with a dampening of 0 (its default is 0.1) takes the same step. It is not
//! used because it clips every weight's gradient by itself where PyTorch's recipes clip the
//! norm of all together, and because it keys its state by random ids, so that a process that
//! starts anew cannot find its velocities. Here everything is keyed by a weight's path in the
//! module, and [`Sgd::to_bytes`] and [`Ema::to_bytes`] give the whole state back to the bit.

mod ema;
mod gradients;
mod state;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};

use crate::NetsError;

pub use ema::Ema;
pub use gradients::GradientSum;

/// Added to the norm of gradients that is divided by, as in `torch.nn.utils.clip_grad_norm_`.
const SMALLEST_NORM: f64 = 1e-6;

/// The rules of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdSettings {
    /// 0 to 1: how much of the last velocity stays.
    pub momentum: f64,
    /// Whether the step looks ahead (Sutskever et al. 2013, in PyTorch's form).
    pub nesterov: bool,
    /// Of a weight that is added to its gradient. Biases, scales and shifts of norms (whatever
    /// has one dimension) are left out, as in YOLOX's parameter groups.
    pub weight_decay: f64,
    /// The largest norm of all gradients together.
    pub clip_norm: Option<f64>,
}

impl Default for SgdSettings {
    /// YOLOX's: momentum 0.9 with Nesterov, decay 5e-4, no clipping.
    fn default() -> SgdSettings {
        SgdSettings { momentum: 0.9, nesterov: true, weight_decay: 5e-4, clip_norm: None }
    }
}

/// Stochastic gradient descent with momentum.
///
/// With gradient `g` and weight `w`, as `torch.optim.SGD` with a dampening of 0:
///
/// ```text
/// g += decay w;   v = momentum v + g (at first v = g)
/// w -= rate (g + momentum v)  with Nesterov,  w -= rate v  without
/// ```
///
/// A weight without a gradient (frozen, or not used) stays as it is, and so does its velocity.
#[derive(Clone, Debug)]
pub struct Sgd {
    pub settings: SgdSettings,
    /// By path in the module, each flat.
    velocities: BTreeMap<String, Tensor<1>>,
}

impl Sgd {
    pub fn new(settings: SgdSettings) -> Sgd {
        Sgd { settings, velocities: BTreeMap::new() }
    }

    /// The module a step further, at this rate.
    pub fn step<M: Module>(&mut self, module: M, gradients: GradientSum, rate: f64) -> M {
        let mut gradients = gradients.mean();
        if let Some(most) = self.settings.clip_norm {
            let factor = most / (gradients::norm(&gradients) + SMALLEST_NORM);
            if factor < 1.0 {
                for gradient in gradients.values_mut() {
                    gradient.inplace(|gradient| gradient * factor);
                }
            }
        }
        module.map(&mut Step { sgd: self, gradients, rate, path: Vec::new() })
    }

    /// All velocities, so that [`Sgd::from_bytes`] goes on as if nothing had been between.
    pub fn to_bytes(&self) -> Result<Vec<u8>, NetsError> {
        state::write(&self.velocities, 0)
    }

    /// What [`Sgd::to_bytes`] wrote, on the device of the weights.
    pub fn from_bytes(
        settings: SgdSettings,
        bytes: &[u8],
        device: &Device,
    ) -> Result<Sgd, NetsError> {
        let (velocities, _) = state::read(bytes, "velocities", device)?;
        Ok(Sgd { settings, velocities })
    }

    /// What is taken off a weight at a rate of 1.
    fn direction(
        &mut self,
        path: String,
        weight: Tensor<1>,
        gradient: Tensor<1>,
        decays: bool,
    ) -> Tensor<1> {
        let SgdSettings { momentum, nesterov, weight_decay, .. } = self.settings;
        let gradient = if decays { gradient + weight * weight_decay } else { gradient };
        let velocity = match self.velocities.remove(&path) {
            // A velocity of another length is of another network.
            Some(before) if before.dims() == gradient.dims() => {
                before * momentum + gradient.clone()
            }
            _ => gradient.clone(),
        };
        self.velocities.insert(path, velocity.clone());
        if nesterov { gradient + velocity * momentum } else { velocity }
    }
}

struct Step<'a> {
    sgd: &'a mut Sgd,
    gradients: BTreeMap<String, Tensor<1>>,
    rate: f64,
    path: Vec<String>,
}

impl ModuleMapper for Step<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, weight: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let Some(gradient) = self.gradients.remove(&path) else {
            return weight;
        };
        weight.map(|weight| {
            let (shape, flat) =
                (weight.dims(), weight.clone().without_autodiff().flatten(0, D - 1));
            let decays = D > 1;
            let direction = self.sgd.direction(path, flat.clone(), gradient, decays);
            learning_like(&weight, (flat - direction * self.rate).reshape(shape))
        })
    }
}

/// A new value in the place of a weight, learning (or not) as that did.
fn learning_like<const D: usize>(weight: &Tensor<D>, value: Tensor<D>) -> Tensor<D> {
    if !weight.is_autodiff() {
        return value;
    }
    let value = match weight.gradient_checkpointing_strategy() {
        Some(strategy) => value.autodiff().with_gradient_checkpointing_strategy(strategy),
        None => value.autodiff(),
    };
    value.set_require_grad(weight.is_require_grad())
}

#[cfg(test)]
mod tests;

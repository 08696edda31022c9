//! An average of a network's weights over its steps, which is what is evaluated and kept.
//!
//! As YOLOX's `ModelEMA`: everything that is a float, running means and variances too, moves
//! towards the network by `1 - d`, `d = decay (1 - exp(-updates / 2000))`, so that the first
//! steps are followed closely.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

use super::{learning_like, state};
use crate::NetsError;

/// Updates until the decay is two thirds of what it will be.
const RAMP: f64 = 2000.0;

/// The average, by a weight's path in the module.
#[derive(Clone, Debug)]
pub struct Ema {
    /// Each flat.
    averages: BTreeMap<String, Tensor<1>>,
    updates: u64,
    decay: f64,
}

impl Ema {
    /// Starts as the module is.
    /// YOLOX decays by 0.9998.
    pub fn new<M: Module>(decay: f64, module: &M) -> Ema {
        Ema { averages: values(module), updates: 0, decay }
    }

    /// How many steps it has followed.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// Follows a step. What the average does not know yet it takes as it is.
    pub fn update<M: Module>(&mut self, module: &M) {
        self.updates += 1;
        let decay = self.decay * (1.0 - (-(self.updates as f64) / RAMP).exp());
        for (path, value) in values(module) {
            let average = match self.averages.remove(&path) {
                Some(before) if before.dims() == value.dims() => {
                    before * decay + value * (1.0 - decay)
                }
                _ => value,
            };
            self.averages.insert(path, average);
        }
    }

    /// The module with the averages in the place of its own values.
    pub fn apply<M: Module>(&self, module: M) -> M {
        module.map(&mut Apply { averages: &self.averages, path: Vec::new() })
    }

    /// The whole state, for [`Ema::from_bytes`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, NetsError> {
        state::write(&self.averages, self.updates)
    }

    /// What [`Ema::to_bytes`] wrote, on the device of the weights.
    pub fn from_bytes(decay: f64, bytes: &[u8], device: &Device) -> Result<Ema, NetsError> {
        let (averages, updates) = state::read(bytes, "averages", device)?;
        Ok(Ema { averages, updates, decay })
    }
}

/// All floats of a module, flat, by path.
fn values<M: Module>(module: &M) -> BTreeMap<String, Tensor<1>> {
    let mut values = Values::default();
    module.visit(&mut values);
    values.found
}

#[derive(Default)]
struct Values {
    path: Vec<String>,
    found: BTreeMap<String, Tensor<1>>,
}

impl ModuleVisitor for Values {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, value: &Param<Tensor<D>>) {
        let flat = value.val().without_autodiff().flatten(0, D - 1);
        self.found.insert(self.path.join("."), flat);
    }
}

struct Apply<'a> {
    averages: &'a BTreeMap<String, Tensor<1>>,
    path: Vec<String>,
}

impl ModuleMapper for Apply<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, value: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(average) = self.averages.get(&self.path.join(".")) else {
            return value;
        };
        value.map(|value| {
            let same = average.dims()[0] == value.shape().num_elements();
            if same { learning_like(&value, average.clone().reshape(value.dims())) } else { value }
        })
    }
}

//! Gradients of several batches, added up before a step.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// The sum of the gradients of some batches, by weight.
#[derive(Clone, Debug, Default)]
pub struct GradientSum {
    /// By path in the module, each flat.
    sums: BTreeMap<String, Tensor<1>>,
    batches: usize,
}

impl GradientSum {
    pub fn new() -> GradientSum {
        GradientSum::default()
    }

    /// Takes the gradients of one more batch.
    pub fn add<M: Module>(&mut self, module: &M, gradients: Gradients) {
        self.batches += 1;
        module.visit(&mut Collect { sum: self, gradients, path: Vec::new() });
    }

    pub fn batches(&self) -> usize {
        self.batches
    }

    /// Each weight's mean over the batches, flat, by its path in the module.
    pub fn mean(self) -> BTreeMap<String, Tensor<1>> {
        let share = 1.0 / self.batches.max(1) as f64;
        let mean = |(path, sum): (String, Tensor<1>)| {
            // So that one batch's gradients are what they are, to the bit.
            let mean = if self.batches > 1 { sum * share } else { sum };
            (path, mean)
        };
        self.sums.into_iter().map(mean).collect()
    }
}

/// The norm of all values together.
pub(super) fn norm(gradients: &BTreeMap<String, Tensor<1>>) -> f64 {
    let squares = gradients.values().map(|gradient| gradient.clone().square().sum());
    let squares: Vec<Tensor<1>> = squares.collect();
    if squares.is_empty() {
        return 0.0;
    }
    // One number is read back, not one for each weight.
    f64::from(Tensor::cat(squares, 0).sum().into_scalar::<f32>()).sqrt()
}

struct Collect<'a> {
    sum: &'a mut GradientSum,
    gradients: Gradients,
    path: Vec<String>,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, weight: &Param<Tensor<D>>) {
        if !weight.is_require_grad() {
            return;
        }
        let Some(gradient) = weight.val().grad_remove(&mut self.gradients) else {
            return;
        };
        let gradient: Tensor<1> = gradient.without_autodiff().flatten(0, D - 1);
        let path = self.path.join(".");
        let sum = match self.sum.sums.remove(&path) {
            Some(before) => before + gradient,
            None => gradient,
        };
        self.sum.sums.insert(path, sum);
    }
}

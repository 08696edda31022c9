//! Which class a thing is of: a yes or no for each class, so that a target may be soft.

use burn::tensor::Tensor;

use super::objectness::cross_entropy;

/// How classes are told apart in training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClassRules {
    /// 0 to 1: a target `t` becomes `t (1 - smoothing) + smoothing / 2`.
    pub smoothing: f32,
    /// What a thing of each class counts, 1 where none is given.
    pub weights: Vec<f32>,
}

impl ClassRules {
    /// What a thing of this class counts.
    pub(crate) fn weight(&self, class: u32) -> f32 {
        self.weights.get(class as usize).copied().unwrap_or(1.0)
    }

    /// The targets of one thing, for each class: `strength` (0 to 1) at its own.
    pub(crate) fn row(&self, class: u32, strength: f32, classes: usize) -> Vec<f32> {
        let soft = |target: f32| target * (1.0 - self.smoothing) + self.smoothing / 2.0;
        (0..classes).map(|of| soft(if of == class as usize { strength } else { 0.0 })).collect()
    }
}

/// The cross-entropies of things, each weighed, summed: of shape `[1]`.
///
/// `logits` and `targets` are `[things, classes]`, `weights` is `[things, 1]`.
pub fn class_loss(logits: Tensor<2>, targets: Tensor<2>, weights: Tensor<2>) -> Tensor<1> {
    (cross_entropy(logits, targets) * weights).sum()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[track_caller]
    fn check(rules: &ClassRules, class: u32, strength: f32, expected: &[f32]) {
        let found = rules.row(class, strength, expected.len());
        let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-6;
        assert!(found.iter().zip(expected).all(near), "{found:?} is not {expected:?}");
    }

    #[test]
    fn a_thing_is_its_class_and_no_other() {
        check(&ClassRules::default(), 1, 0.75, &[0.0, 0.75, 0.0]);
        // (1 - 0.1) 1 + 0.05, and 0.05 for the others.
        let smooth = ClassRules { smoothing: 0.1, ..ClassRules::default() };
        check(&smooth, 0, 1.0, &[0.95, 0.05]);
    }

    #[test]
    fn a_class_without_a_weight_counts_once() {
        let rules = ClassRules { weights: vec![1.0, 3.0], ..ClassRules::default() };
        assert_eq!([rules.weight(0), rules.weight(1), rules.weight(2)], [1.0, 3.0, 1.0]);
    }

    #[test]
    fn things_are_weighed() {
        let device = Device::default();
        // At even odds each of the 2 x 2 answers costs ln 2; the second thing counts twice:
        // 2 ln 2 + 2 * 2 ln 2.
        let loss = class_loss(
            Tensor::zeros([2, 2], &device),
            Tensor::from_floats([[1.0, 0.0], [0.0, 1.0]], &device),
            Tensor::from_floats([[1.0], [2.0]], &device),
        );
        assert!((loss.into_scalar::<f32>() - 6.0 * std::f32::consts::LN_2).abs() < 1e-5);
    }
}

//! Whether a cell looks at anything: binary cross-entropy of logits.

use burn::tensor::{Tensor, activation::log_sigmoid};

/// The cross-entropy of each logit with its target (0 to 1), both `[rows, columns]`.
///
/// `-t log s(x) - (1 - t) log(1 - s(x)) = -log s(-x) - t x`, which neither overflows nor loses
/// the gradient `s(x) - t` at any size of x.
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    -log_sigmoid(-logits.clone()) - logits * targets
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// The loss of a logit, and its derivative.
    #[track_caller]
    fn check(logit: f32, target: f32, loss: f32, gradient: f32) {
        let device = Device::default().autodiff();
        let logit = Tensor::<2>::from_floats([[logit]], &device).require_grad();
        let target = Tensor::<2>::from_floats([[target]], &device);
        let total = cross_entropy(logit.clone(), target).sum();
        let gradients = total.backward();
        let found = logit.grad(&gradients).expect("a gradient").into_scalar::<f32>();
        assert!((found - gradient).abs() < 1e-6, "gradient {found} is not {gradient}");
        let found = total.into_scalar::<f32>();
        assert!((found - loss).abs() < 1e-6 * loss.max(1.0), "loss {found} is not {loss}");
    }

    #[test]
    fn even_odds_cost_log_two() {
        check(0.0, 1.0, std::f32::consts::LN_2, -0.5);
        check(0.0, 0.0, std::f32::consts::LN_2, 0.5);
        // A target between: the loss at even odds is the same, the gradient 0.5 - 0.8.
        check(0.0, 0.8, std::f32::consts::LN_2, -0.3);
    }

    #[test]
    fn odds_of_three_to_one() {
        // x = ln 3: s = 3/4. Cost ln(4/3) where it is right, ln 4 where it is wrong.
        let logit = 3.0f32.ln();
        check(logit, 1.0, (4.0f32 / 3.0).ln(), -0.25);
        check(logit, 0.0, 4.0f32.ln(), 0.75);
    }

    #[test]
    fn huge_logits_neither_overflow_nor_stop_learning() {
        check(200.0, 0.0, 200.0, 1.0);
        check(-200.0, 1.0, 200.0, -1.0);
        check(200.0, 1.0, 0.0, 0.0);
        check(-200.0, 0.0, 0.0, 0.0);
    }
}

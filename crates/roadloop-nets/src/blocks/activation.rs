//! What bends a map after its norm.

use burn::tensor::{Tensor, activation};

/// A function of one value, by the names of the papers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x * sigmoid(x)` (Elfwing et al. 2017), what YOLOX uses.
    Silu,
    /// `x`, and a tenth of it below 0: Darknet's.
    Leaky,
    Relu,
    /// As it is.
    None,
}

impl Activation {
    pub fn forward<const D: usize>(self, map: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::Silu => activation::silu(map),
            // Darknet writes 0.1; so do YOLOv3 and YOLOX's `lrelu`.
            Activation::Leaky => activation::leaky_relu(map, 0.1),
            Activation::Relu => activation::relu(map),
            Activation::None => map,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[track_caller]
    fn check(activation: Activation, given: [f32; 3], expected: [f32; 3]) {
        let found = activation.forward(Tensor::<1>::from_floats(given, &Device::flex()));
        let found: Vec<f32> = found.into_data().try_to_vec().unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{activation:?}: {found} for {expected}");
        }
    }

    #[test]
    fn activations_are_the_papers() {
        check(Activation::Silu, [-1.0, 0.0, 2.0], [-0.268_941_43, 0.0, 1.761_594_2]);
        check(Activation::Leaky, [-1.0, 0.0, 2.0], [-0.1, 0.0, 2.0]);
        check(Activation::Relu, [-1.0, 0.0, 2.0], [0.0, 0.0, 2.0]);
        check(Activation::None, [-1.0, 0.0, 2.0], [-1.0, 0.0, 2.0]);
    }
}

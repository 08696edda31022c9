//! The same numbers as Burn's convolution, forward and back.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution};
use proptest::prelude::*;

use super::*;

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Output, gradient of the map and gradient of the weights, of `by` or of Burn's.
fn passes(map: &Tensor<4>, weight: &Tensor<4>, stride: usize, ours: bool) -> [Vec<f32>; 3] {
    let device = Device::flex().autodiff();
    let tracked = |tensor: &Tensor<4>| tensor.clone().autodiff().require_grad();
    let (map, weight) = (tracked(map), tracked(weight));
    let output = if ours {
        convolve(map.clone(), weight.clone(), stride)
    } else {
        let [channels, _, kernel, _] = weight.dims();
        let options = ConvOptions::new([stride; 2], [kernel / 2; 2], [1; 2], channels);
        conv2d(map.clone(), weight.clone(), None, options)
    };
    // Each place weighs differently, so that none can stand for another.
    let places = output.dims().iter().product::<usize>() as i64;
    let weights = Tensor::<1, burn::tensor::Int>::arange(0..places, &device).float() / 10.0;
    let loss = (output.clone() * weights.sin().reshape(output.dims())).sum();
    let gradients = loss.backward();
    let [of_map, of_weight] = [map, weight].map(|tensor| values(tensor.grad(&gradients).unwrap()));
    [values(output.without_autodiff()), of_map, of_weight]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn all_passes_are_burns(
        batch in 1usize..3,
        channels in 1usize..5,
        height in 1usize..14,
        width in 1usize..30,
        half in 0usize..3,
        stride in 1usize..3,
    ) {
        let device = Device::flex();
        let random = |shape: [usize; 4]| {
            Tensor::<4>::random(shape, Distribution::Uniform(-1.0, 1.0), &device)
        };
        let kernel = half * 2 + 1;
        let map = random([batch, channels, height, width]);
        let weight = random([channels, 1, kernel, kernel]);
        let ours = passes(&map, &weight, stride, true);
        let burns = passes(&map, &weight, stride, false);
        for (ours, burns) in ours.iter().zip(&burns) {
            prop_assert_eq!(ours.len(), burns.len());
            for (ours, burns) in ours.iter().zip(burns) {
                prop_assert!((ours - burns).abs() < 1e-3 * burns.abs().max(1.0), "{ours} {burns}");
            }
        }
    }
}

//! Sizes and shapes of whole networks.

use super::*;
use burn::module::ModuleVisitor;
use burn::module::Param;

/// Weights that learn, as the authors count them.
#[derive(Default)]
struct Learned(usize);

impl ModuleVisitor for Learned {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.0 += param.shape().num_elements();
        }
    }
}

/// The authors' tables say 0.91, 5.06, 9.0, 25.3, 54.2 and 99.1 million for COCO's 80 classes.
#[track_caller]
fn check(size: YoloxSize, millions: f64) {
    let device = Device::flex().autodiff();
    let network = YoloxConfig { size, classes: 80 }.init(&device).unwrap();
    let mut learned = Learned::default();
    network.visit(&mut learned);
    let found = learned.0 as f64 / 1e6;
    assert!((found - millions).abs() < 0.01 * millions, "{}: {found}", size.name());
}

#[test]
fn sizes_have_as_many_weights_as_the_authors() {
    check(YoloxSize::Nano, 0.91);
    check(YoloxSize::Tiny, 5.06);
    check(YoloxSize::S, 8.97);
    check(YoloxSize::M, 25.3);
}

#[test]
fn maps_have_a_channel_for_each_number() {
    let device = Device::flex();
    let network = YoloxConfig { size: YoloxSize::Nano, classes: 3 }.init(&device).unwrap();
    let maps = network.forward(Tensor::zeros([2, 3, 64, 96], &device));
    assert_eq!(maps.shapes(), [[8, 12], [4, 6], [2, 3]]);
    assert_eq!(maps.flat().dims(), [2, 96 + 24 + 6, 8]);
    let decoded: Vec<f32> =
        maps.decode().slice([0..1, 0..126, 4..8]).into_data().try_to_vec().unwrap();
    assert!(decoded.iter().all(|unsure| *unsure < 0.1), "no box is likely before learning");
}

#[test]
fn a_seed_decides_the_weights() {
    let device = Device::flex();
    let first = |seed| {
        device.seed(seed);
        let network = YoloxConfig { size: YoloxSize::Nano, classes: 1 }.init(&device).unwrap();
        network.backbone.backbone.stem.conv.conv.weight.to_data()
    };
    assert_ne!(first(1), first(2));
}

#[test]
fn gradients_reach_every_weight() {
    let device = Device::flex().autodiff();
    let network = YoloxConfig { size: YoloxSize::Nano, classes: 2 }.init(&device).unwrap();
    let images = Tensor::random([1, 3, 64, 64], burn::tensor::Distribution::Default, &device);
    let gradients = network.forward(images).flat().powi_scalar(2).sum().backward();
    struct Reached<'a>(&'a burn::tensor::Gradients, usize);
    impl ModuleVisitor for Reached<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                let gradient = param.val().grad(self.0).expect("a gradient");
                assert!(gradient.abs().sum().into_scalar::<f32>().is_finite());
                self.1 += 1;
            }
        }
    }
    let mut reached = Reached(&gradients, 0);
    network.visit(&mut reached);
    assert!(reached.1 > 200, "{} weights", reached.1);
}

#[test]
fn impossible_numbers_of_classes_are_refused() {
    let config = YoloxConfig { size: YoloxSize::Nano, classes: 0 };
    assert!(config.init(&Device::flex()).is_err());
}

#[test]
fn names_lead_to_sizes() {
    for size in YoloxSize::ALL {
        assert_eq!(YoloxSize::from_name(&size.name().replace('-', "_")), Some(size));
    }
    assert_eq!(YoloxSize::from_name("yolox-xl"), None);
}

fn flat(network: &Yolox, images: &Tensor<4>) -> Vec<f32> {
    let flat = network.forward(images.clone()).flat();
    flat.without_autodiff().into_data().try_to_vec().unwrap()
}

#[track_caller]
fn check_near(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 2e-3 * expected.abs().max(1.0), "{found}, {expected}");
    }
}

#[test]
fn measured_norms_are_the_same_function_learning_or_not() {
    use burn::tensor::Distribution;
    let device = Device::flex().autodiff();
    let mut network = YoloxConfig { size: YoloxSize::Nano, classes: 1 }.init(&device).unwrap();
    let norms = network.norms_mut().len();
    let weights = crate::weights::state(&network).arrays;
    assert_eq!(norms, weights.keys().filter(|name| name.ends_with("running_var")).count());
    let images = Tensor::random([2, 3, 64, 64], Distribution::Uniform(0.0, 255.0), &device);
    let before = flat(&network.clone().freeze(), &images);
    let measured = crate::blocks::measure_norms(network, |network| {
        network.forward(images.clone());
    });
    check_near(&flat(&measured.clone().freeze(), &images), &before);
    check_near(&flat(&measured, &images), &before);
}

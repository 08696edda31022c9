//! Steps against PyTorch's numbers, and states against themselves.

use burn::tensor::Device;
use proptest::prelude::*;

use super::*;

/// A weight that decays and a bias that does not.
#[derive(Module, Debug)]
struct Pair {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

const RATES: [f64; 5] = [0.1, 0.08, 0.06, 0.04, 0.02];

fn pair() -> Pair {
    let device = Device::flex().autodiff();
    Pair {
        weight: Param::from_tensor(Tensor::from_floats([[1.0, -2.0], [0.5, 3.0]], &device)),
        bias: Param::from_tensor(Tensor::from_floats([0.1, -0.3], &device)),
    }
}

/// `sum(k w^2) / 2 + sum(b^3) / 3`, times a factor.
fn add_gradients(pair: &Pair, factor: f64, sum: &mut GradientSum) {
    let device = Device::flex().autodiff();
    let k = Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device);
    let weight = pair.weight.val();
    let loss =
        (weight.clone() * weight * k).sum() * 0.5 + pair.bias.val().powi_scalar(3).sum() / 3.0;
    sum.add(pair, (loss * factor).backward());
}

fn step(sgd: &mut Sgd, pair: Pair, rate: f64) -> Pair {
    let mut sum = GradientSum::new();
    add_gradients(&pair, 1.0, &mut sum);
    sgd.step(pair, sum, rate)
}

fn numbers(pair: &Pair) -> Vec<f32> {
    let weight = pair.weight.val().into_data();
    let bias = pair.bias.val().into_data();
    weight.iter::<f32>().chain(bias.iter::<f32>()).collect()
}

/// Five steps with a decay of 0.05. The numbers: `bench/train/gradients.py steps`.
#[track_caller]
fn check(nesterov: bool, clip_norm: Option<f64>, expected: [f32; 6]) {
    let mut sgd = Sgd::new(SgdSettings { momentum: 0.9, nesterov, weight_decay: 0.05, clip_norm });
    let pair = RATES.iter().fold(pair(), |pair, rate| step(&mut sgd, pair, *rate));
    for (found, expected) in numbers(&pair).iter().zip(expected) {
        assert!((found - expected).abs() < 2e-6, "{found} is not {expected}");
    }
}

#[test]
fn five_steps_are_pytorch_s() {
    let ahead = [0.283623, 0.196194, -0.13608, -0.923592, 0.091673, -0.390541];
    check(true, None, ahead);
    let plain = [0.419844, -0.023588, -0.137727, -1.380654, 0.093818, -0.361808];
    check(false, None, plain);
    let clipped = [0.846257, -1.485484, 0.32306, 1.668308, 0.098836, -0.31075];
    check(true, Some(1.5), clipped);
}

#[test]
fn batches_added_up_are_their_mean() {
    let mut once = Sgd::new(SgdSettings::default());
    let expected = numbers(&step(&mut once, pair(), 0.1));
    let mut sgd = Sgd::new(SgdSettings::default());
    let mut sum = GradientSum::new();
    // Half and one and a half of the loss: their mean is the loss.
    add_gradients(&pair(), 0.5, &mut sum);
    add_gradients(&pair(), 1.5, &mut sum);
    assert_eq!(sum.batches(), 2);
    let found = numbers(&sgd.step(pair(), sum, 0.1));
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6);
    }
}

#[test]
fn what_is_frozen_neither_moves_nor_decays() {
    let mut sgd = Sgd::new(SgdSettings { weight_decay: 0.5, ..SgdSettings::default() });
    let Pair { weight, bias } = pair();
    let half = Pair { weight: weight.set_require_grad(false), bias };
    let after = step(&mut sgd, half, 0.1);
    let (before, found) = (numbers(&pair()), numbers(&after));
    assert_eq!(before[..4], found[..4]);
    assert_ne!(before[4..], found[4..]);
    assert!(!after.weight.is_require_grad() && after.bias.is_require_grad());
}

#[test]
fn a_step_saved_between_two_changes_no_bit() {
    let settings = SgdSettings { clip_norm: Some(3.0), ..SgdSettings::default() };
    let (mut straight, mut pair_straight) = (Sgd::new(settings), pair());
    let (mut broken, mut pair_broken) = (Sgd::new(settings), pair());
    let mut average_straight = Ema::new(0.9998, &pair_straight);
    let mut average_broken = average_straight.clone();
    for rate in RATES {
        pair_straight = step(&mut straight, pair_straight, rate);
        average_straight.update(&pair_straight);
        pair_broken = step(&mut broken, pair_broken, rate);
        average_broken.update(&pair_broken);
        let device = Device::flex().autodiff();
        let bytes = broken.to_bytes().expect("bytes");
        broken = Sgd::from_bytes(settings, &bytes, &device).expect("a state");
        let bytes = average_broken.to_bytes().expect("bytes");
        average_broken = Ema::from_bytes(0.9998, &bytes, &device).expect("a state");
    }
    let bits =
        |pair: &Pair| numbers(pair).iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&pair_straight), bits(&pair_broken));
    let averages = [average_straight, average_broken].map(|of| bits(&of.apply(pair())));
    assert_eq!(averages[0], averages[1]);
}

#[test]
fn the_average_follows_closely_at_first() {
    let mut average = Ema::new(0.9998, &pair());
    let mut sgd = Sgd::new(SgdSettings::default());
    let moved = step(&mut sgd, pair(), 0.1);
    average.update(&moved);
    assert_eq!(average.updates(), 1);
    // 0.9998 (1 - exp(-1/2000)) = 0.000499775: almost all of it is new.
    let decay = 0.000_499_775_f32;
    let both = numbers(&pair()).into_iter().zip(numbers(&moved));
    let found = numbers(&average.apply(pair()));
    for (found, (before, after)) in found.iter().zip(both) {
        assert!((found - (before * decay + after * (1.0 - decay))).abs() < 1e-6);
    }
}

#[test]
fn damaged_states_are_refused() {
    let said = |bytes: &[u8]| match Ema::from_bytes(0.9998, bytes, &Device::flex()) {
        Ok(average) => format!("{} updates", average.updates()),
        Err(error) => error.to_string(),
    };
    let whole = Ema::new(0.9998, &pair()).to_bytes().expect("bytes");
    assert_eq!(said(&whole), "0 updates");
    assert_eq!(said(b"no"), "saved averages at byte 0: found 2 bytes, expected 16 more");
    assert_eq!(
        said(&[&whole[..], b"x"].concat()),
        format!("saved averages at byte {}: found more bytes, expected the end", whole.len())
    );
    // A length of 2^64 - 1 values where two are.
    let mut huge = whole.clone();
    let at = whole.len() - 4 * 4 - 8;
    huge[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(said(&huge).contains("found 16 bytes, expected"), "{}", said(&huge));
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(cut in 0usize..200, at in 0usize..200, to: u8) {
        let mut bytes = Ema::new(0.9998, &pair()).to_bytes().expect("bytes");
        let at = at % bytes.len();
        bytes[at] = to;
        bytes.truncate(cut.max(1));
        let read = Ema::from_bytes(0.9998, &bytes, &Device::flex());
        prop_assert!(read.is_err() || cut >= bytes.len());
    }
}

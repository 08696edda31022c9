//! Two models on six images.

use super::*;
use crate::given::{Corners, Found, Image, Truth};

const IMAGES: u32 = 6;

fn corners(left: f64) -> Corners {
    Corners::new(left, 0.0, left + 50.0, 50.0)
}

/// One car on each image; found on those that are named.
fn model(found_on: &[u32], score: f32) -> Evaluation {
    let images = (0..IMAGES)
        .map(|place| Image { name: format!("{place}.jpg"), ..Image::default() })
        .collect();
    let truths = (0..IMAGES)
        .map(|image| Truth { image, class: 0, corners: corners(0.0), crowd: false })
        .collect();
    let found = found_on
        .iter()
        .map(|image| Found { image: *image, class: 0, score, corners: corners(0.0) })
        .collect();
    Evaluation::new(vec!["car".to_owned()], images, truths, found).expect("all can be")
}

#[track_caller]
fn check(first: &[u32], second: &[u32], expected: [u64; 7]) {
    let settings = CompareSettings { resamples: 50, ..CompareSettings::default() };
    let comparison = compare(&model(first, 0.9), &model(second, 0.9), &settings).expect("compares");
    let TruthTotals { both, only_first, only_second, neither } = comparison.truths;
    let ImageTotals { better, worse, same } = comparison.images;
    assert_eq!([both, only_first, only_second, neither, better, worse, same], expected);
    assert_eq!(comparison.better.len() as u64, better);
    for image in &comparison.better {
        assert_eq!((image.only_first.len(), image.only_second.len()), (0, 1));
    }
    for change in &comparison.metrics {
        if let (Some(change), Some([low, high])) = (change.change, change.interval) {
            assert!(low <= high && (-1.0..=1.0).contains(&low) && (-1.0..=1.0).contains(&high));
            assert!((-1.0..=1.0).contains(&change));
        }
    }
}

#[test]
fn who_finds_what_the_other_misses() {
    check(&[0, 1, 2], &[2, 3, 4, 5], [1, 2, 3, 0, 3, 2, 1]);
    check(&[], &[], [0, 0, 0, 6, 0, 0, 6]);
    check(&[0], &[0], [1, 0, 0, 5, 0, 0, 6]);
}

#[test]
fn the_same_twice_has_no_change() {
    let (first, second) = (model(&[0, 3], 0.9), model(&[0, 3], 0.9));
    let comparison = compare(&first, &second, &CompareSettings::default()).expect("compares");
    for change in comparison.metrics.iter().filter(|change| change.first.is_some()) {
        assert_eq!(change.change, Some(0.0), "{}", change.name);
        assert_eq!(change.interval, Some([0.0, 0.0]), "{}", change.name);
    }
    assert_eq!(comparison.metrics.len(), 17);
    assert_eq!(comparison.resamples, 1_000);
}

#[test]
fn the_seed_decides() {
    let (first, second) = (model(&[0], 0.9), model(&[1, 2, 3, 4], 0.9));
    let with = |seed| {
        let settings = CompareSettings { seed, resamples: 30, ..CompareSettings::default() };
        compare(&first, &second, &settings).expect("compares").metrics
    };
    assert_eq!(with(3), with(3));
    assert_ne!(with(3), with(4));
    let recall = with(3).into_iter().find(|change| change.name == "recall").expect("recall");
    assert!((recall.change.expect("a change") - 0.5).abs() < 1e-12);
}

#[test]
fn other_truths_cannot_be_compared() {
    let first = model(&[0], 0.9);
    let mut truths = first.truths.clone();
    truths[0].corners = corners(1.0);
    let second = Evaluation::new(first.classes.clone(), first.images.clone(), truths, Vec::new())
        .expect("can be");
    let err = compare(&first, &second, &CompareSettings::default()).expect_err("others");
    assert_eq!(err.to_string(), "two models are compared on the same truths, and these differ");
}

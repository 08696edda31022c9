//! Numbers of small datasets, and sums that hold for all.

use proptest::prelude::*;

use super::*;
use crate::testing::{any_samples, classes, sample, with_boxes};

fn of(samples: Vec<Sample>) -> Statistics {
    let names = classes(&["car", "person", "bus", "tram"]);
    Statistics::of(samples.into_iter().map(Ok), &names).unwrap()
}

/// The bin of a box with that area that counts it, by its lower edge.
#[track_caller]
fn check(histogram: impl Fn(Statistics) -> Histogram, sides: [f64; 4], from: f64) {
    let histogram = histogram(of(vec![with_boxes("a.png", "d", &[(0, sides)])]));
    let bins: Vec<usize> =
        (0..histogram.counts.len()).filter(|bin| histogram.counts[*bin] > 0).collect();
    assert_eq!(bins.len(), 1, "{histogram:?}");
    assert_eq!(histogram.edges[bins[0]], from);
}

#[test]
fn boxes_fall_into_bins() {
    let pixels = |all: Statistics| all.box_size_pixels;
    check(pixels, [0.0, 0.0, 32.0, 32.0], 32.0);
    check(pixels, [0.0, 0.0, 31.9, 31.9], 16.0);
    check(pixels, [0.0, 0.0, 0.0, 9.0], 0.0);
    check(pixels, [0.0, 0.0, 1e9, 1e9], 4096.0);
    let share = |all: Statistics| all.box_size_share;
    check(share, [0.0, 0.0, 320.0, 240.0], 0.25);
    check(share, [0.0, 0.0, 640.0, 480.0], 0.5);
    check(share, [0.0, 0.0, 0.1, 0.1], 0.0);
    let aspect = |all: Statistics| all.aspect_ratio;
    check(aspect, [0.0, 0.0, 20.0, 20.0], 1.0);
    check(aspect, [0.0, 0.0, 1.0, 500.0], 0.125);
    check(aspect, [0.0, 0.0, 500.0, 1.0], 2f64.powf(2.5));
    check(|all| all.boxes_per_image, [0.0, 0.0, 5.0, 5.0], 1.0);
}

#[test]
fn splits_and_classes() {
    let boxes = [
        (0, [0.0, 0.0, 10.0, 10.0]),
        (0, [0.0, 0.0, 50.0, 50.0]),
        (2, [320.0, 240.0, 320.0, 240.0]),
    ];
    let mut other = with_boxes("b.png", "e", &boxes[..1]);
    other.split = Split::Val;
    other.image.width = 1920;
    let all = of(vec![
        with_boxes("a.png", "d", &boxes),
        other,
        with_boxes("c.png", "d", &[]),
        sample("d.png", "d"),
    ]);
    assert_eq!(all.total, SplitStatistics { images: 4, boxes: 4, empty: 1, unlabelled: 1 });
    assert_eq!(all.splits[&Split::Val].boxes, 1);
    let car = &all.classes[0];
    assert_eq!((car.boxes, car.images, car.boxes_of_splits), (3, 2, [2, 1, 0]));
    assert_eq!((car.small, car.medium, car.large), (2, 1, 0));
    assert_eq!(all.classes[2].large, 1);
    assert_eq!((all.image_sizes_in_all, all.image_sizes[0].images), (2, 3));
    assert_eq!((all.groups_in_all, all.groups[0].name.as_str()), (2, "d"));
    assert_eq!(all.confidence, None);
    let bus = &all.positions_of_classes[1];
    assert_eq!((bus.class, bus.positions.counts[24 * 32 + 24]), (2, 1));
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Statistics>(&text).unwrap(), all);
}

#[test]
fn strange_numbers_stay_in_their_bins() {
    let boxes = [(9, [-1e308, -1e308, 1e308, 1e308]), (0, [1e308, 0.0, 1e308, 1e308])];
    let mut no_size = with_boxes("b.png", "d", &boxes);
    no_size.image.width = 0;
    let all = of(vec![with_boxes("a.png", "d", &boxes), no_size]);
    assert_eq!(all.positions.counts.iter().sum::<u32>(), 2);
    assert_eq!(all.box_size_pixels.counts.last(), Some(&4));
    assert_eq!(all.classes[0].boxes, 2, "and what is of no class is in no class");
}

proptest! {
    #[test]
    fn sums_agree(samples in any_samples(60)) {
        let labelled = samples.iter().filter(|sample| sample.boxes.is_some()).count() as u64;
        let boxes = samples.iter().flat_map(|sample| &sample.boxes).map(Vec::len).sum::<usize>() as u64;
        let all = of(samples);
        let sum = |histogram: &Histogram| histogram.counts.iter().sum::<u64>();
        prop_assert_eq!(sum(&all.boxes_per_image), labelled);
        prop_assert_eq!(sum(&all.box_size_pixels), boxes);
        prop_assert_eq!(sum(&all.box_size_share), boxes);
        prop_assert_eq!(u64::from(all.positions.counts.iter().sum::<u32>()), boxes);
        prop_assert_eq!(all.classes.iter().map(|class| class.boxes).sum::<u64>(), boxes);
        for class in &all.classes {
            prop_assert_eq!(class.small + class.medium + class.large, class.boxes);
            prop_assert_eq!(class.boxes_of_splits.iter().sum::<u64>(), class.boxes);
        }
        prop_assert_eq!(all.splits.values().map(|split| split.images).sum::<u64>(), all.total.images);
        let is_sound = |histogram: &Histogram| {
            histogram.edges.len() == histogram.counts.len() + 1 && histogram.edges.is_sorted()
        };
        for histogram in [&all.boxes_per_image, &all.box_size_pixels, &all.box_size_share, &all.aspect_ratio] {
            prop_assert!(is_sound(histogram));
        }
    }
}

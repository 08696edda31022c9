//! Laws that hold for any truths and finds, and what there is of nothing.

use proptest::prelude::*;

use super::*;
use crate::given::Corners;
use crate::metrics::{Wanted, coco_metrics};
use crate::{Counts, Report};

fn image(place: usize) -> Image {
    let group = if place.is_multiple_of(2) { "even" } else { "odd" };
    let tod = if place.is_multiple_of(3) { "night" } else { "day" };
    Image {
        name: format!("{place}.jpg"),
        width: 640,
        height: 480,
        group: group.to_owned(),
        taken_at: None,
        facets: vec![("tod".to_owned(), tod.to_owned())],
    }
}

fn evaluation(images: usize, truths: &[Truth], found: &[Found]) -> Evaluation {
    let classes = ["car", "person", "sign"].map(str::to_owned).to_vec();
    let images = (0..images).map(image).collect();
    Evaluation::new(classes, images, truths.to_vec(), found.to_vec()).expect("all can be")
}

fn report(images: usize, truths: &[Truth], found: &[Found]) -> Report {
    evaluation(images, truths, found).report(&Settings::default()).expect("a report")
}

fn corners(left: f64, top: f64, side: f64) -> Corners {
    Corners::new(left, top, left + side, top + side)
}

fn truth(image: u32, class: u32, left: f64, side: f64) -> Truth {
    Truth { image, class, corners: corners(left, 0.0, side), crowd: false }
}

fn find(image: u32, class: u32, left: f64, side: f64, score: f32) -> Found {
    Found { image, class, score, corners: corners(left, 0.0, side) }
}

#[track_caller]
fn check_near(found: Option<f64>, expected: Option<f64>) {
    match (found, expected) {
        (None, None) => {}
        (Some(found), Some(expected)) if (found - expected).abs() < 1e-9 => {}
        _ => panic!("{found:?} is not {expected:?}"),
    }
}

#[test]
fn of_nothing_there_is_nothing() {
    for images in [0, 2] {
        let report = report(images, &[], &[]);
        assert_eq!(report.coco, crate::CocoMetrics::default());
        assert_eq!(report.voc, crate::VocMetrics::default());
        assert_eq!(report.best, None);
        assert_eq!(report.at_confidence.f1, None);
        assert!(report.worst.is_empty() && report.confusion.cells.is_empty());
    }
    let empty = Evaluation::new(Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let report = empty.expect("nothing can be").report(&Settings::default()).expect("a report");
    assert_eq!(report.coco.ap, None);
    assert!(report.of_classes.is_empty());
}

#[test]
fn without_finds_all_is_missed() {
    let report = report(1, &[truth(0, 0, 0.0, 40.0)], &[]);
    check_near(report.coco.ap, Some(0.0));
    check_near(report.coco.ar100, Some(0.0));
    check_near(report.voc.map07, Some(0.0));
    check_near(report.at_confidence.recall, Some(0.0));
    assert_eq!(report.at_confidence.precision, None);
    assert_eq!(report.counts.missed, 1);
    assert_eq!(report.confusion.count(Some(0), None), 1);
    assert_eq!(report.worst.len(), 1);
}

#[test]
fn without_truths_all_is_false() {
    let report = report(1, &[], &[find(0, 1, 0.0, 40.0, 0.9)]);
    assert_eq!(report.coco.ap, None);
    assert_eq!(report.voc.map07, None);
    assert_eq!(report.confusion.count(None, Some(1)), 1);
    assert_eq!(report.counts.false_finds, 1);
}

#[test]
fn a_class_without_truths_is_not_in_the_mean() {
    let truths = [truth(0, 0, 0.0, 40.0)];
    let found = [find(0, 0, 0.0, 40.0, 0.9), find(0, 2, 0.0, 40.0, 0.8)];
    let report = report(1, &truths, &found);
    check_near(report.coco.ap, Some(1.0));
    check_near(report.voc.map07, Some(1.0));
    check_near(report.of_classes[0].ap, Some(1.0));
    assert_eq!(report.of_classes[2].ap, None);
    assert_eq!(report.of_classes[2].voc07, None);
    assert_eq!(report.of_classes[2].found, 1);
}

/// Car: right at 0.9, then a false find at 0.8, then right at 0.7. Person: taken for a sign.
#[test]
fn a_small_case_by_hand() {
    let truths = [truth(0, 0, 0.0, 40.0), truth(1, 0, 0.0, 40.0), truth(1, 1, 200.0, 100.0)];
    let found = [
        find(0, 0, 0.0, 40.0, 0.9),
        find(0, 0, 300.0, 40.0, 0.8),
        find(1, 0, 0.0, 40.0, 0.7),
        find(1, 2, 200.0, 100.0, 0.75),
    ];
    let report = report(2, &truths, &found);
    // 51 recalls at precision 1, 50 at 2/3; persons: 0.
    let car = (51.0 + 50.0 * 2.0 / 3.0) / 101.0;
    check_near(report.of_classes[0].ap, Some(car));
    check_near(report.coco.ap50, Some(car / 2.0));
    check_near(report.coco.ap_small, None);
    check_near(report.coco.ap_medium, Some(car));
    check_near(report.coco.ap_large, Some(0.0));
    check_near(report.of_classes[0].voc07, Some((6.0 + 5.0 * 2.0 / 3.0) / 11.0));
    check_near(report.of_classes[0].voc10, Some(0.5 + 1.0 / 3.0));
    // Of the four finds, two are right; of three truths, two are found.
    assert_eq!(report.best.map(|best| best.confidence), Some(0.7));
    check_near(report.best.and_then(|best| best.precision), Some(0.5));
    check_near(report.best.and_then(|best| best.recall), Some(2.0 / 3.0));
    assert_eq!(report.confusion.count(Some(1), Some(2)), 1);
    assert_eq!(report.confusion.count(None, Some(0)), 1);
    assert_eq!(report.confusion.count(Some(0), Some(0)), 2);
    assert_eq!(report.counts.wrong_class, 1);
    // The image with the wrong class (1.75) is worse than that with the false find (0.8).
    let worst: Vec<&str> = report.worst.iter().map(|image| image.name.as_str()).collect();
    assert_eq!(worst, ["1.jpg", "0.jpg"]);
    check_near(Some(report.worst[0].badness), Some(1.75));
    let by: Vec<&str> = report.breakdowns.iter().map(|breakdown| breakdown.by.as_str()).collect();
    assert_eq!(by, ["size", "class", "recording", "tod"]);
    let sizes = &report.breakdowns[0].buckets;
    assert_eq!(sizes.iter().map(|size| size.counts.truths).collect::<Vec<_>>(), [0, 2, 1]);
    check_near(sizes[1].ap50, Some(car));
    let even = &report.breakdowns[2].buckets[0];
    assert_eq!((even.name.as_str(), even.images, even.counts.false_finds), ("even", 1, 1));
    check_near(even.ap50, Some(1.0));
}

#[test]
fn a_report_comes_back_from_its_json() {
    let truths = [truth(0, 0, 0.0, 40.0), truth(1, 1, 0.0, 40.0)];
    let found = [find(0, 0, 3.0, 40.0, 0.9), find(1, 2, 0.0, 40.0, 0.7)];
    let report = report(2, &truths, &found);
    let json = serde_json::to_string(&report).expect("text");
    let back: Report = serde_json::from_str(&json).expect("a report");
    assert_eq!(back, report);
}

#[test]
fn a_confidence_is_a_share() {
    let evaluation = evaluation(1, &[], &[]);
    for asked in [-0.1, 1.1, f32::NAN] {
        let settings = Settings { confidence: Some(asked), ..Settings::default() };
        let err = evaluation.report(&settings).expect_err("no such confidence");
        assert_eq!(err.to_string(), format!("confidence is {asked}; it is a number from 0 to 1"));
    }
}

const IMAGES: usize = 5;

/// Whole pixels: overlaps that are equal in one way of counting are equal in the other.
fn any_corners() -> impl Strategy<Value = Corners> {
    (0..60u32, 0..60u32, 1..130u32, 1..130u32).prop_map(|(left, top, width, height)| {
        let [left, top, width, height] = [left, top, width, height].map(f64::from);
        Corners::new(left, top, left + width, top + height)
    })
}

fn any_truths() -> impl Strategy<Value = Vec<Truth>> {
    let one = (0..IMAGES as u32, 0..3u32, any_corners(), prop::bool::weighted(0.1));
    let one = one.prop_map(|(image, class, corners, crowd)| Truth { image, class, corners, crowd });
    prop::collection::vec(one, 0..30)
}

/// Near a truth or anywhere, with scores that differ.
fn any_found(truths: Vec<Truth>) -> impl Strategy<Value = (Vec<Truth>, Vec<Found>)> {
    let one = (
        (0..IMAGES as u32, 0..3u32, any_corners()),
        (prop::option::weighted(0.7, any::<prop::sample::Index>()), -6..7i32, -6..7i32),
        prop::bool::weighted(0.1),
    );
    let found = prop::collection::vec(one, 0..40);
    let scores = Just((1..41u32).collect::<Vec<u32>>()).prop_shuffle();
    (Just(truths), found, scores).prop_map(|(truths, found, scores)| {
        let found = found.into_iter().zip(scores).map(|(one, score)| {
            let ((image, class, corners), (near, right, down), other_class) = one;
            let score = score as f32 / 40.0;
            let mut find = Found { image, class, score, corners };
            if let (Some(near), false) = (near, truths.is_empty()) {
                let truth = *near.get(&truths);
                let [right, down] = [right, down].map(f64::from);
                find.image = truth.image;
                find.class = if other_class { class } else { truth.class };
                find.corners.left = truth.corners.left + right;
                find.corners.top = truth.corners.top + down;
                find.corners.right = truth.corners.right + right;
                find.corners.bottom = truth.corners.bottom + down;
            }
            find
        });
        let found = found.collect();
        (truths, found)
    })
}

fn any_case() -> impl Strategy<Value = (Vec<Truth>, Vec<Found>)> {
    any_truths().prop_flat_map(any_found)
}

fn twelve(coco: &crate::CocoMetrics) -> [Option<f64>; 12] {
    [
        coco.ap,
        coco.ap50,
        coco.ap75,
        coco.ap_small,
        coco.ap_medium,
        coco.ap_large,
        coco.ar1,
        coco.ar10,
        coco.ar100,
        coco.ar_small,
        coco.ar_medium,
        coco.ar_large,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn our_count_is_cocos((truths, found) in any_case()) {
        let evaluation = evaluation(IMAGES, &truths, &found);
        let report = evaluation.report(&Settings::default()).expect("a report");
        let ours = coco_metrics(&evaluation.matches, &[1; IMAGES], Wanted::Everything);
        for (ours, theirs) in twelve(&ours).into_iter().zip(twelve(&report.coco)) {
            check_near(ours, theirs);
        }
        for (class, of_class) in evaluation.matches.iter().zip(&report.of_classes) {
            let ours = coco_metrics(std::slice::from_ref(class), &[1; IMAGES], Wanted::Precision);
            check_near(ours.ap, of_class.ap);
            check_near(ours.ap50, of_class.ap50);
        }
    }

    #[test]
    fn perfect_finds_are_perfect(truths in any_truths()) {
        let asked: Vec<Truth> = truths.into_iter().filter(|truth| !truth.crowd).collect();
        let found: Vec<Found> = asked
            .iter()
            .map(|truth| Found { image: truth.image, class: truth.class, score: 0.9, corners: truth.corners })
            .collect();
        let report = report(IMAGES, &asked, &found);
        let one = (!asked.is_empty()).then_some(1.0);
        for number in [report.coco.ap, report.coco.ap50, report.coco.ar100, report.voc.map07,
            report.voc.map10, report.at_confidence.f1] {
            check_near(number, one);
        }
        for class in &report.of_classes {
            check_near(class.ap, (class.truths > 0).then_some(1.0));
        }
        prop_assert_eq!(report.counts.right, asked.len() as u64);
        prop_assert!(report.worst.is_empty());
    }

    #[test]
    fn the_order_of_finds_says_nothing((truths, found) in any_case()) {
        let backwards: Vec<Found> = found.iter().rev().copied().collect();
        prop_assert_eq!(report(IMAGES, &truths, &found), report(IMAGES, &truths, &backwards));
    }

    #[test]
    fn a_false_find_never_helps((truths, mut found) in any_case(), score in 0.0f32..1.0) {
        let before = report(IMAGES, &truths, &found);
        found.push(Found { image: 0, class: 0, score, corners: corners(5_000.0, 5_000.0, 50.0) });
        let after = report(IMAGES, &truths, &found);
        let both = [
            (before.coco.ap, after.coco.ap),
            (before.coco.ap50, after.coco.ap50),
            (before.voc.map07, after.voc.map07),
            (before.voc.map10, after.voc.map10),
        ];
        for (before, after) in both {
            prop_assert!(after.unwrap_or(0.0) <= before.unwrap_or(0.0) + 1e-12);
        }
    }

    #[test]
    fn numbers_are_shares_and_matrices_add_up(
        (truths, found) in any_case(), confidence in 0.0f32..1.0,
    ) {
        let settings = Settings { confidence: Some(confidence), ..Settings::default() };
        let report = evaluation(IMAGES, &truths, &found).report(&settings).expect("a report");
        let voc = [report.voc.map07, report.voc.map10];
        for number in twelve(&report.coco).into_iter().chain(voc).flatten() {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&number));
        }
        let cells = &report.confusion.cells;
        for class in 0..3u32 {
            let row: u64 = cells.iter().filter(|cell| cell.truth == Some(class)).map(|cell| cell.count).sum();
            let asked = truths.iter().filter(|truth| truth.class == class && !truth.crowd).count();
            prop_assert_eq!(row, asked as u64);
            let column: u64 = cells.iter().filter(|cell| cell.found == Some(class)).map(|cell| cell.count).sum();
            let passed = found.iter().filter(|find| find.class == class && find.score >= confidence).count() as u64;
            let crowds = truths.iter().any(|truth| truth.crowd);
            prop_assert!(column == passed || (crowds && column < passed));
        }
        prop_assert!(!cells.iter().any(|cell| cell.truth.is_none() && cell.found.is_none()));
        let sum: u64 = cells.iter().map(|cell| cell.count).sum();
        let Counts { right, wrong_class, missed, false_finds, .. } = report.counts;
        prop_assert_eq!(sum, right + wrong_class + missed + false_finds);
        for breakdown in &report.breakdowns {
            let sum: u64 = breakdown.buckets.iter().map(|bucket| bucket.counts.truths).sum();
            prop_assert_eq!(sum, report.counts.truths, "by {}", breakdown.by);
            let sum: u64 = breakdown.buckets.iter().map(|bucket| bucket.counts.false_finds).sum();
            prop_assert_eq!(sum, report.counts.false_finds, "by {}", breakdown.by);
        }
        for curve in report.of_classes.iter().map(|class| &class.curve).chain([&report.curve]) {
            prop_assert!(curve.confidence.is_sorted_by(|a, b| a > b));
            prop_assert!(curve.recall.is_sorted());
        }
    }
}

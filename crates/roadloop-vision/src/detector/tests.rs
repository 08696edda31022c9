//! Every family through fake models whose answers are computed on paper.
//!
//! The picture is 64 wide and 32 high; the models take 64 x 64, so their grids
//! have 64, 16 and 4 cells.

use super::*;
use crate::Channels;
use crate::model::fake::{FakeModel, port, sparse, tensor};

const INPUT: [usize; 4] = [1, 3, 64, 64];

fn two_labels() -> Settings {
    Settings { labels: Some(vec!["car".into(), "person".into()]), ..Settings::default() }
}

fn open(model: FakeModel, settings: &Settings) -> Result<ModelDetector, ModelError> {
    let id = ModelId::from_content("fake", [0; 4]);
    ModelDetector::new(Box::new(model), id, settings, &DetectorOptions::default())
}

/// Detections as `label score left top right bottom`, in pixels of the picture.
#[track_caller]
fn check(model: FakeModel, settings: &Settings, expected: &[&str]) {
    let detector = open(model, settings).expect("a detector");
    let image = Pixels::new(64, 32, Channels::Rgb, vec![0; 64 * 32 * 3]).expect("a picture");
    let found: Vec<String> = detector
        .detect(&image)
        .expect("it runs")
        .iter()
        .map(|one| {
            let bbox = one.bbox.expect("a box");
            format!(
                "{} {:.3} {:.2} {:.2} {:.2} {:.2}",
                one.label,
                one.confidence,
                bbox.left() * 64.0,
                bbox.top() * 32.0,
                bbox.right() * 64.0,
                bbox.bottom() * 32.0
            )
        })
        .collect();
    assert_eq!(found, expected);
}

/// One car at cell (3, 2) of the finest grid. With three bins of which one has
/// nearly all the weight, the sides lie 1, 0, 2 and 1 strides from its centre
/// (28, 20); the picture starts 16 below the input's top.
fn nanodet(score: f32, sure: f32) -> FakeModel {
    let cell = 2 * 8 + 3;
    let sides = [1, 0, 2, 1];
    let bins: Vec<(usize, f32)> =
        (0..4).map(|side| (cell * 12 + side * 3 + sides[side], sure)).collect();
    FakeModel::fixed(
        &INPUT,
        vec![
            ("c8", sparse(&[1, 64, 2], &[(cell * 2, score)])),
            ("c16", sparse(&[1, 16, 2], &[])),
            ("c32", sparse(&[1, 4, 2], &[])),
            ("d8", sparse(&[1, 64, 12], &bins)),
            ("d16", sparse(&[1, 16, 12], &[])),
            ("d32", sparse(&[1, 4, 12], &[])),
        ],
    )
}

#[test]
fn nanodet_distances_are_expectations() {
    check(nanodet(0.9, 100.0), &two_labels(), &["car 0.900 20.00 4.00 44.00 12.00"]);
    // Equal weights: the mean of 0, 1 and 2 strides, 8, on each side.
    check(nanodet(0.9, 0.0), &two_labels(), &["car 0.900 20.00 0.00 36.00 12.00"]);
    check(nanodet(0.29, 100.0), &two_labels(), &[]);
    check(nanodet(f32::NAN, 100.0), &two_labels(), &[]);
    check(nanodet(0.9, f32::NAN), &two_labels(), &[]);
}

/// One person at cell (2, 1) of the middle grid: centre (40, 20), 16 x 16.
fn yolox(objectness: f32, log_width: f32) -> FakeModel {
    let row = (64 + 4 + 2) * 7;
    let numbers = [0.5, 0.25, log_width, 0.0, objectness, 0.1, 0.5];
    let values: Vec<(usize, f32)> =
        numbers.iter().enumerate().map(|(index, value)| (row + index, *value)).collect();
    FakeModel::fixed(&INPUT, vec![("output", sparse(&[1, 84, 7], &values))])
}

#[test]
fn yolox_counts_from_the_cell() {
    check(yolox(0.8, 0.0), &two_labels(), &["person 0.400 32.00 12.00 48.00 28.00"]);
    check(yolox(0.8, 2.0f32.ln()), &two_labels(), &["person 0.400 24.00 12.00 56.00 28.00"]);
    check(yolox(0.5, 0.0), &two_labels(), &[]);
    check(yolox(0.8, f32::INFINITY), &two_labels(), &[]);
    // exp(1000) is infinite.
    check(yolox(0.8, 1000.0), &two_labels(), &[]);
}

/// Box 5: centre (32, 32), 16 x 8, in a letterbox with 16 above the picture.
fn yolov8(columns_are_boxes: bool) -> FakeModel {
    let numbers = [32.0, 32.0, 16.0, 8.0, 0.2, 0.7];
    let place = |number: usize| if columns_are_boxes { number * 84 + 5 } else { 5 * 6 + number };
    let values: Vec<(usize, f32)> =
        numbers.iter().enumerate().map(|(number, value)| (place(number), *value)).collect();
    let shape = if columns_are_boxes { [1, 6, 84] } else { [1, 84, 6] };
    FakeModel::fixed(&INPUT, vec![("output0", sparse(&shape, &values))])
}

#[test]
fn yolov8_either_way_round() {
    let expected = ["person 0.700 24.00 12.00 40.00 20.00"];
    check(yolov8(true), &two_labels(), &expected);
    // [1, 84, 6] is read as YOLOX with one class unless the labels say two.
    check(yolov8(false), &two_labels(), &expected);
    let one_label = Settings { labels: Some(vec!["car".into()]), ..Settings::default() };
    let yolox = open(yolov8(false), &one_label).expect("a detector");
    assert!(matches!(yolox.decoder, Decoder::YoloX(_)), "{yolox:?}");
    let named = Settings { decoder: Some(DecoderKind::Yolox), ..two_labels() };
    assert!(open(yolov8(false), &named).is_err());
}

#[test]
fn yolov5_multiplies_objectness() {
    let numbers = [32.0, 32.0, 16.0, 8.0, 0.5, 0.2, 0.8];
    let values: Vec<(usize, f32)> =
        numbers.iter().enumerate().map(|(number, value)| (7 * 100 + number, *value)).collect();
    let model = FakeModel::fixed(&INPUT, vec![("output", sparse(&[1, 252, 7], &values))]);
    check(model, &two_labels(), &["person 0.400 24.00 12.00 40.00 20.00"]);
}

#[test]
fn detr_logits_pass_a_sigmoid() {
    // sigmoid(ln 3) = 0.75; the boxes are fractions of a stretched picture.
    let logit = 3.0f32.ln();
    let outputs = |names: [&'static str; 2]| {
        vec![
            (names[0], tensor(&[1, 2, 2], vec![-9.0, -9.0, logit, -9.0])),
            (names[1], tensor(&[1, 2, 4], vec![0.5, 0.5, 1.0, 1.0, 0.25, 0.5, 0.25, 0.5])),
        ]
    };
    let expected = ["car 0.750 8.00 8.00 24.00 24.00"];
    check(FakeModel::fixed(&INPUT, outputs(["logits", "boxes"])), &two_labels(), &expected);
    let mut swapped = outputs(["labels", "dets"]);
    swapped.reverse();
    check(FakeModel::fixed(&INPUT, swapped), &two_labels(), &expected);
}

#[test]
fn the_first_detr_has_a_logit_for_nothing() {
    // Two of three logits equal, the third far below: 0.5.
    let model = FakeModel::fixed(
        &INPUT,
        vec![
            ("logits", tensor(&[1, 1, 3], vec![2.0, -99.0, 2.0])),
            ("boxes", tensor(&[1, 1, 4], vec![0.5, 0.5, 0.5, 0.5])),
        ],
    );
    let settings = Settings { activation: Some(Activation::Softmax), ..two_labels() };
    check(model, &settings, &["car 0.500 16.00 8.00 48.00 24.00"]);
}

#[test]
fn finished_detr_answers_in_the_pixels_it_is_asked_for() {
    let labels = Tensor::new(vec![1, 3], Values::I64(vec![1, 7, -1])).expect("three");
    let answer = move |inputs: &[Tensor]| {
        assert_eq!(inputs[1].values(), &Values::I64(vec![64, 64]));
        let boxes = vec![32.0, 16.0, 64.0, 32.0, 0.0, 0.0, 9.0, 9.0, 0.0, 0.0, 9.0, 9.0];
        vec![labels.clone(), tensor(&[1, 3, 4], boxes), tensor(&[1, 3], vec![0.6, 0.9, 0.9])]
    };
    let mut size = port("orig_target_sizes", &[0, 2]);
    size.element = Element::I64;
    let mut labels_port = port("labels", &[1, 3]);
    labels_port.element = Element::I64;
    let model = FakeModel {
        inputs: vec![port("images", &[0, 3, 64, 64]), size],
        outputs: vec![labels_port, port("boxes", &[1, 3, 4]), port("scores", &[1, 3])],
        answer: Box::new(answer),
    };
    // Labels 7 and -1 do not exist.
    check(model, &two_labels(), &["person 0.600 32.00 8.00 64.00 16.00"]);
}

#[test]
fn open_sides_are_settled_by_running_once() {
    let mut model = yolov8(true);
    model.inputs = vec![port("images", &[0, 3, 0, 0])];
    model.outputs = vec![port("output0", &[0, 6, 0])];
    let settings = Settings { size: Some([64, 64]), ..two_labels() };
    check(model, &settings, &["person 0.700 24.00 12.00 40.00 20.00"]);
}

#[track_caller]
fn check_refused(model: FakeModel, settings: &Settings, expected: &str) {
    let error = open(model, settings).expect_err("it is no detector");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn what_is_no_detector_is_named_with_what_was_found() {
    let classifier = || FakeModel::fixed(&INPUT, vec![("prob", sparse(&[1, 1000], &[]))]);
    check_refused(
        classifier(),
        &Settings::default(),
        "fake.onnx is no detector: found inputs images f32 [1, 3, 64, 64]; \
         outputs prob f32 [1, 1000]; understood are NanoDet",
    );
    let mut text = classifier();
    text.inputs = vec![port("ids", &[1, 128])];
    check_refused(text, &Settings::default(), "found inputs ids f32 [1, 128]");
    let mut huge = classifier();
    huge.inputs = vec![port("images", &[1, 3, 1 << 20, 1 << 20])];
    check_refused(huge, &Settings::default(), "is no detector");
    let mut nothing = classifier();
    nothing.outputs.clear();
    check_refused(nothing, &Settings::default(), "is no detector");
}

#[test]
fn labels_must_be_as_many_as_the_classes() {
    check_refused(yolox(0.8, 0.0), &Settings::default(), "has 2 classes and no labels");
    let five = Settings { labels: Some(vec![String::new(); 5]), ..Settings::default() };
    check_refused(yolox(0.8, 0.0), &five, "has 2 classes, but there are 5 labels");
}

#[test]
fn a_model_that_answers_otherwise_than_it_declares_is_an_error() {
    let mut model = yolox(0.8, 0.0);
    model.answer = Box::new(|_| vec![tensor(&[1, 84, 6], vec![0.0; 84 * 6])]);
    let detector = open(model, &two_labels()).expect("a detector");
    let image = Pixels::new(1, 1, Channels::Gray, vec![0]).expect("a picture");
    let error = detector.detect(&image).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fake.onnx answered with [1, 84, 6] where a tensor f32 [1, ?, 7] was expected"
    );
}

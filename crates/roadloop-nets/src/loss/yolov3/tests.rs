//! Losses worked out by hand: two truths, a level of four cells.

use burn::tensor::Device;

use super::*;

const LN_2: f32 = std::f32::consts::LN_2;

/// One level of 2 x 2 cells of 8 pixels, of an image of 16 x 16, anchors 8x8, 4x4 and 16x4.
fn loss(classes: usize) -> Yolov3Loss {
    Yolov3Loss {
        strides: vec![8],
        anchors: vec![[[8.0, 8.0], [4.0, 4.0], [16.0, 4.0]]],
        ..Yolov3Loss::new(classes)
    }
}

fn target(class: u32, [center_x, center_y, width, height]: [f32; 4]) -> Target {
    Target { class, center_x, center_y, width, height }
}

/// All twelve anchors say 0: a box of the anchor's size in the middle of the cell.
fn zeros(images: usize, classes: usize) -> Tensor<4> {
    let shape = [images, 3 * (5 + classes), 2, 2];
    Tensor::zeros(shape, &Device::default().autodiff()).require_grad()
}

#[track_caller]
fn check(
    loss: &Yolov3Loss,
    map: &Tensor<4>,
    targets: &[Vec<Target>],
    positives: usize,
    parts: [f32; 4],
) {
    let losses = loss.forward(std::slice::from_ref(map), targets).expect("a loss");
    assert_eq!(losses.positives, positives);
    let names: Vec<&str> = losses.parts.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["ObjLoss", "BoxCenterLoss", "BoxScaleLoss", "ClassLoss"]);
    for ((name, found), expected) in losses.parts.iter().zip(parts) {
        assert!((found - expected).abs() < 1e-4, "{name}: {found} is not {expected}");
    }
    let total: f32 = parts.iter().sum();
    assert!((losses.total.into_scalar::<f32>() - total).abs() < 1e-4);
}

#[test]
fn one_truth_that_an_anchor_covers() {
    // 8 x 8 at (6, 6): the first anchor's shape, cell (0, 0), place 6/8. That anchor predicts
    // 0..8 x 0..8: IoU with 2..10 x 2..10 is 36 / (128 - 36) = 0.39, others less: no one is
    // ignored. Weight 2 - 64/256 = 1.75.
    // ObjLoss: 12 ln 2. Centre: at logit 0 each of x and y costs ln 2, whatever the target.
    let truth = vec![vec![target(0, [6.0, 6.0, 8.0, 8.0])]];
    check(&loss(1), &zeros(1, 1), &truth, 1, [12.0 * LN_2, 2.0 * LN_2 * 1.75, 0.0, LN_2]);
    // Two images of which one shows nothing: means of 12 ln 2 and 12 ln 2, and halves.
    let truths = vec![truth[0].clone(), Vec::new()];
    check(&loss(1), &zeros(2, 1), &truths, 1, [12.0 * LN_2, LN_2 * 1.75, 0.0, LN_2 / 2.0]);
}

#[test]
fn what_covers_a_truth_well_is_not_asked() {
    // 8 x 8 at (5, 4) is 1..9: cell (0, 0) predicts 0..8, IoU 56 / 72 = 0.78: it is the
    // positive itself. A second truth, 4 x 4 at (12, 12): its anchor is the second one of cell
    // (1, 1), which predicts it exactly. A third, 7 x 8 at (12, 4): the first anchor's shape
    // (7/8), cell (1, 0), scale ln 7/8; a positive too.
    let truths = vec![vec![
        target(0, [5.0, 4.0, 8.0, 8.0]),
        target(1, [12.0, 12.0, 4.0, 4.0]),
        target(0, [12.0, 4.0, 7.0, 8.0]),
    ]];
    let weights = [2.0 - 64.0 / 256.0, 2.0 - 16.0 / 256.0, 2.0 - 56.0 / 256.0];
    let sum: f32 = weights.iter().sum();
    let scale = (8.0f32 / 7.0).ln() * weights[2];
    let expected = [12.0 * LN_2, 2.0 * LN_2 * sum, scale, 6.0 * LN_2];
    check(&loss(2), &zeros(1, 2), &truths, 3, expected);
    // Moved to (8, 4), on the edge of the next cell: the anchor of cell (1, 0) is responsible,
    // and that of cell (0, 0) has an IoU of 1/3 only: asked. With a threshold of 0.3 neither
    // it nor the one below counts as nothing: 1/3 for (0, 0); cell (0, 1) and others have 0.
    let edge = vec![vec![target(0, [8.0, 4.0, 8.0, 8.0])]];
    let easy = Yolov3Loss { ignore_iou: 0.3, ..loss(1) };
    check(&loss(1), &zeros(1, 1), &edge, 1, [12.0 * LN_2, 2.0 * LN_2 * 1.75, 0.0, LN_2]);
    // The 16 x 4 anchor of cell (0, 0) is -4..12 x 2..6: 8 x 4 = 32 of 96, 1/3 as well, and
    // so is that of cell (1, 0), 4..20 x 2..6: three are not asked.
    check(&easy, &zeros(1, 1), &edge, 1, [9.0 * LN_2, 2.0 * LN_2 * 1.75, 0.0, LN_2]);
}

#[test]
fn the_later_truth_has_the_anchor() {
    let truths = vec![vec![target(0, [4.0, 4.0, 8.0, 8.0]), target(1, [2.0, 4.0, 8.0, 8.0])]];
    check(&loss(2), &zeros(1, 2), &truths, 1, [12.0 * LN_2, 2.0 * LN_2 * 1.75, 0.0, 2.0 * LN_2]);
    let found = targets_of_image(&[0.0; 48], &levels(), &loss(2).anchors, 0.7, &truths[0]);
    assert_eq!(found.positives.len(), 1);
    assert_eq!((found.positives[0].class, found.positives[0].center), (1, [0.25, 0.5]));
}

fn levels() -> [Level; 1] {
    [Level { stride: 8, rows: 2, columns: 2 }]
}

#[test]
fn labels_are_smoothed_as_gluon_smooths_them() {
    let smooth = |classes| Yolov3Loss { label_smooth: true, ..loss(classes) }.class_row(1);
    // min(1/2, 1/40) and min(1/80, 1/40).
    assert_eq!(smooth(2), [0.025, 0.975]);
    let many = smooth(80);
    assert_eq!((many[0], many[1]), (0.0125, 0.9875));
    assert_eq!(loss(3).class_row(2), [0.0, 0.0, 1.0]);
}

#[test]
fn gradients_by_hand() {
    let map = zeros(1, 1);
    let truth = [vec![target(0, [6.0, 5.0, 8.0, 16.0])]];
    let losses = loss(1).forward(std::slice::from_ref(&map), &truth).expect("a loss");
    let gradients = losses.total.backward();
    let gradient: Vec<f32> =
        map.grad(&gradients).expect("a gradient").into_data().iter::<f32>().collect();
    // Shapes: 8x8 has 64/128 in common, 4x4 16/128, 16x4 32/(128 + 64 - 32): the first anchor,
    // cell (0, 0); places 6/8 and 5/8; weight 2 - 128/256 = 1.5; log scales 0 and ln 2.
    let of = |channel: usize| gradient[channel * 4];
    let expected = [(0.5 - 0.75) * 1.5, (0.5 - 0.625) * 1.5, 0.0, -1.5, 0.5 - 1.0, 0.5 - 1.0];
    for (channel, expected) in expected.into_iter().enumerate() {
        assert!((of(channel) - expected).abs() < 1e-5, "{channel}: {}", of(channel));
    }
    // The second anchor of the cell is a negative; its box and class are not asked.
    assert!((of(6 + 4) - 0.5).abs() < 1e-5);
    assert!(of(6).abs() < 1e-9 && of(6 + 5).abs() < 1e-9);
}

#[test]
fn foreign_truths_have_no_anchor() {
    let not_found = |wrong: Target| {
        let found = targets_of_image(&[0.0; 48], &levels(), &loss(1).anchors, 0.7, &[wrong]);
        assert_eq!(found.positives, []);
    };
    not_found(target(0, [16.0, 4.0, 8.0, 8.0]));
    not_found(target(0, [-0.1, 4.0, 8.0, 8.0]));
    not_found(target(0, [f32::NAN, 4.0, 8.0, 8.0]));
    not_found(target(0, [4.0, 4.0, 0.0, 8.0]));
    let wrong = [vec![target(1, [4.0, 4.0, 8.0, 8.0])]];
    assert!(loss(1).forward(&[zeros(1, 1)], &wrong).is_err());
    assert!(loss(1).forward(&[zeros(1, 2)], &[Vec::new()]).is_err());
}

#[test]
fn the_nine_anchors_share_truths_by_size() {
    let rules = Yolov3Loss::new(1);
    let levels = [(8, 8), (16, 4), (32, 2)].map(|(stride, cells)| Level {
        stride,
        rows: cells,
        columns: cells,
    });
    let raw = vec![0.0; 4 * 3 * (64 + 16 + 4)];
    let anchor = |width, height| {
        let truth = [target(0, [33.0, 33.0, width, height])];
        let found = targets_of_image(&raw, &levels, &rules.anchors, 0.7, &truth);
        assert_eq!(found.objectness.len(), 3 * 84);
        found.positives[0].anchor
    };
    // Cell (4, 4) of 8 x 8, the first anchor; (2, 2) of 4 x 4, the fifth; (1, 1), the ninth.
    assert_eq!(anchor(11.0, 13.0), 36);
    assert_eq!(anchor(60.0, 46.0), 3 * 64 + 16 + 10);
    assert_eq!(anchor(400.0, 400.0), 3 * 80 + 2 * 4 + 3);
}

//! Losses worked out by hand: two truths, four anchors, one class or two.

use burn::tensor::Device;

use super::*;

/// One level of 2 x 2 cells of 8 pixels.
fn loss(classes: usize) -> YoloxLoss {
    YoloxLoss { strides: vec![8], ..YoloxLoss::new(classes) }
}

/// A map `[1, channels, 2, 2]` of four rows of raw numbers.
fn map(rows: [&[f32]; 4]) -> Tensor<4> {
    let channels = rows[0].len();
    let by_channel: Vec<f32> =
        (0..channels).flat_map(|channel| rows.iter().map(move |row| row[channel])).collect();
    let data = TensorData::new(by_channel, [1, channels, 2, 2]);
    Tensor::from_data(data, &Device::default().autodiff()).require_grad()
}

fn target(class: u32, [center_x, center_y, width, height]: [f32; 4]) -> Target {
    Target { class, center_x, center_y, width, height }
}

#[track_caller]
fn check(loss: &YoloxLoss, map: &Tensor<4>, targets: &[Target], positives: usize, parts: &[f32]) {
    let losses = loss.forward(std::slice::from_ref(map), &[targets.to_vec()]).expect("a loss");
    assert_eq!(losses.positives, positives);
    let names: Vec<&str> = losses.parts.iter().map(|(name, _)| *name).collect();
    let expected = ["iou_loss", "conf_loss", "cls_loss", "l1_loss"];
    assert_eq!(names, expected[..if loss.l1 { 4 } else { 3 }]);
    for ((name, found), expected) in losses.parts.iter().zip(parts) {
        assert!((found - expected).abs() < 1e-4, "{name}: {found} is not {expected}");
    }
    let total: f32 = parts.iter().sum();
    assert!((losses.total.into_scalar::<f32>() - total).abs() < 1e-4);
}

const LN_2: f32 = std::f32::consts::LN_2;

/// Cells at (0, 0), (1, 0), (0, 1), (1, 1). Raw zeros are a box of 8 x 8 at the cell's corner.
fn four() -> Tensor<4> {
    map([
        // Exactly 0..8 x 0..8.
        &[0.5, 0.5, 0.0, 0.0, 0.0, 0.0],
        // Exactly 8..16 x 0..4: centre (12, 2), height 4 = 8 e^-ln2.
        &[0.5, 0.25, 0.0, -LN_2, 0.0, 0.0],
        // Far away, tiny.
        &[30.0, 30.0, -3.0, -3.0, 0.0, 0.0],
        &[30.0, 30.0, -3.0, -3.0, 0.0, 0.0],
    ])
}

#[test]
fn two_truths_and_four_anchors() {
    // Truths 0..8 x 0..8 and 8..16 x 0..8. IoUs of the first: 1, 0 (touching), 0, 0: one
    // anchor. Of the second: 0 and 32/64 = 1/2: one anchor. Two positives.
    // iou_loss = 5 (0 + 1 - 1/4) / 2; conf_loss: four times ln 2 (even odds) / 2;
    // cls_loss: ln 2 each, whatever the target, at logit 0: 2 ln 2 / 2.
    let targets = [target(0, [4.0, 4.0, 8.0, 8.0]), target(0, [12.0, 4.0, 8.0, 8.0])];
    check(&loss(1), &four(), &targets, 2, &[5.0 * 0.75 / 2.0, 2.0 * LN_2, LN_2]);
    // L1: the first is exact; the second is 1/4 too high and ln 2 too flat, of 2 anchors.
    let with_l1 = YoloxLoss { l1: true, ..loss(1) };
    let l1 = (0.25 + LN_2) / 2.0;
    check(&with_l1, &four(), &targets, 2, &[5.0 * 0.75 / 2.0, 2.0 * LN_2, LN_2, l1]);
    // Its class counts three times.
    let mut weighed = loss(1);
    weighed.class_rules.weights = vec![3.0];
    check(&weighed, &four(), &targets, 2, &[5.0 * 0.75 / 2.0, 2.0 * LN_2, 3.0 * LN_2]);
}

#[test]
fn an_image_of_nothing_teaches_only_that() {
    check(&loss(1), &four(), &[], 0, &[0.0, 4.0 * LN_2, 0.0]);
    check(&YoloxLoss { l1: true, ..loss(1) }, &four(), &[], 0, &[0.0, 4.0 * LN_2, 0.0, 0.0]);
}

#[test]
fn gradients_by_hand() {
    // One truth, 0..8 x 0..8; anchor 1 predicts 1..7 x 1..5, inside it.
    let map = map([
        &[40.0, 40.0, 0.0, 0.0, 1.0, 0.0],
        // Centre (4, 3) of cell (1, 0): 4/8 - 1, 3/8; width 6, height 4.
        &[-0.5, 0.375, 0.75f32.ln(), 0.5f32.ln(), 0.0, 0.0],
        &[40.0, 40.0, 0.0, 0.0, 0.0, 0.0],
        &[40.0, 40.0, 0.0, 0.0, 0.0, 0.0],
    ]);
    let losses = loss(1)
        .forward(std::slice::from_ref(&map), &[vec![target(0, [4.0, 4.0, 8.0, 8.0])]])
        .expect("a loss");
    assert_eq!(losses.positives, 1);
    let gradients = losses.total.backward();
    let gradient = map.grad(&gradients).expect("a gradient").into_data();
    let gradient: Vec<f32> = gradient.iter::<f32>().collect();
    let check = |channel: usize, anchor: usize, expected: f32| {
        let found = gradient[channel * 4 + anchor];
        assert!((found - expected).abs() < 1e-5, "{channel}, {anchor}: {found} not {expected}");
    };
    // IoU = w h / 64 = 3/8. The sizes are exponentials, so dIoU/dr = IoU for both, and
    // d 5 (1 - IoU^2)/dr = -10 IoU^2 = -90/64. Moving it inside the truth changes nothing.
    check(2, 1, -90.0 / 64.0);
    check(3, 1, -90.0 / 64.0);
    check(0, 1, 0.0);
    check(1, 1, 0.0);
    // Objectness: s(0) - 1 at the positive, s(x) elsewhere.
    check(4, 1, -0.5);
    check(4, 0, 1.0 / (1.0 + (-1.0f32).exp()));
    check(4, 2, 0.5);
    // Class: s(0) - IoU = 1/2 - 3/8; nothing where nothing is.
    check(5, 1, 0.125);
    check(5, 0, 0.0);
    check(0, 0, 0.0);
}

#[test]
fn the_whole_batch_shares_its_anchors() {
    // The same image twice, once with nothing to find: the parts are those of one image,
    // but objectness is asked of eight anchors.
    let targets = vec![target(0, [4.0, 4.0, 8.0, 8.0]), target(0, [12.0, 4.0, 8.0, 8.0])];
    let both = Tensor::cat(vec![four(), four()], 0);
    let losses = loss(1).forward(&[both], &[targets, Vec::new()]).expect("a loss");
    assert_eq!(losses.positives, 2);
    let parts: Vec<f32> = losses.parts.iter().map(|(_, value)| *value).collect();
    for (found, expected) in parts.iter().zip([5.0 * 0.75 / 2.0, 4.0 * LN_2, LN_2]) {
        assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let said = |maps: &[Tensor<4>], targets: Vec<Vec<Target>>| match loss(1).forward(maps, &targets)
    {
        Ok(_) => "fits".to_owned(),
        Err(error) => error.to_string(),
    };
    let wrong = target(5, [4.0, 4.0, 8.0, 8.0]);
    assert_eq!(
        said(&[four()], vec![vec![wrong]]),
        "target 0 of image 0 has class 5, but the network knows 1 (0 to 0)"
    );
    assert_eq!(
        said(&[four()], vec![Vec::new(), Vec::new()]),
        "the output map of stride 8: found [1, 6, 2, 2], expected [2, 6, rows, columns]"
    );
    assert_eq!(
        said(&[], vec![Vec::new()]),
        "the network's output maps: found 0, expected 1 (one for each stride), at least one"
    );
}

#[test]
fn an_assignment_from_outside_is_checked() {
    let targets = vec![vec![target(0, [4.0, 4.0, 8.0, 8.0])]];
    let maps = [four()];
    let own = loss(1).assign(&maps, &targets).expect("an assignment");
    let given = loss(1).forward_assigned(&maps, &targets, &own).expect("a loss");
    let same = loss(1).forward(&maps, &targets).expect("a loss");
    assert_eq!(given.parts, same.parts);
    let beyond = vec![vec![Match { anchor: 4, target: 0, iou: 1.0 }]];
    assert!(loss(1).forward_assigned(&maps, &targets, &beyond).is_err());
}

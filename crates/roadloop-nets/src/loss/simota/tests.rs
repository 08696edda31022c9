//! Assignments worked out by hand, and laws against the paper's definition written plainly.

use proptest::prelude::*;

use super::*;

const LEVELS: [Level; 1] = [Level { stride: 8, rows: 2, columns: 2 }];
/// Logits whose objectness and class are as sure as 32 bits allow: the class costs nothing.
const SURE: f32 = 40.0;

fn target(class: u32, [center_x, center_y, width, height]: [f32; 4]) -> Target {
    Target { class, center_x, center_y, width, height }
}

/// What a cell of stride 8 says, when it means this box.
fn row(column: usize, row: usize, bbox: [f32; 4], objectness: f32, classes: &[f32]) -> Vec<f32> {
    let mut raw = vec![
        bbox[0] / 8.0 - column as f32,
        bbox[1] / 8.0 - row as f32,
        (bbox[2] / 8.0).ln(),
        (bbox[3] / 8.0).ln(),
        objectness,
    ];
    raw.extend(classes);
    raw
}

/// Four anchors of a 2 x 2 level, all sure of class 0 of 1, with these boxes.
fn sure(boxes: [[f32; 4]; 4]) -> Vec<f32> {
    (0..4).flat_map(|at| row(at % 2, at / 2, boxes[at], SURE, &[SURE])).collect()
}

#[track_caller]
fn check(rows: &[f32], classes: usize, targets: &[Target], expected: &[(usize, usize, f32)]) {
    let found = assign(rows, &LEVELS, classes, targets);
    let pairs: Vec<(usize, usize)> = found.iter().map(|of| (of.anchor, of.target)).collect();
    let wanted: Vec<(usize, usize)> = expected.iter().map(|of| (of.0, of.1)).collect();
    assert_eq!(pairs, wanted);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found.iou - expected.2).abs() < 1e-5, "{found:?} is not {expected:?}");
    }
}

#[test]
fn a_target_takes_as_many_as_its_ious_add_up_to() {
    // Target 0..8 x 0..8. IoUs: 64/64 = 1; 8 x 4 = 32 of 64, 1/2; the same; none.
    // Their sum is 2, so k = 2: the one of IoU 1, and of the two equal ones the first.
    let boxes =
        [[4.0, 4.0, 8.0, 8.0], [4.0, 2.0, 8.0, 4.0], [4.0, 6.0, 8.0, 4.0], [40.0, 40.0, 2.0, 2.0]];
    let truth = target(0, [4.0, 4.0, 8.0, 8.0]);
    check(&sure(boxes), 1, &[truth], &[(0, 0, 1.0), (1, 0, 0.5)]);
}

#[test]
fn a_target_that_nothing_covers_takes_one() {
    let far = [100.0, 100.0, 2.0, 2.0];
    // All IoUs 0: every cost is -3 ln 1e-8; k is at least 1, and the first is taken.
    check(&sure([far; 4]), 1, &[target(0, [4.0, 4.0, 8.0, 8.0])], &[(0, 0, 0.0)]);
}

#[test]
fn an_anchor_that_two_want_goes_to_the_cheaper() {
    // Anchor 0 predicts exactly target 1; target 0, half of it, wants it too (all others have
    // an IoU of 0 with both). k is 1 for both: 1/2 and 1. It costs target 0 -3 ln 1/2 = 2.08,
    // target 1 nothing: target 0 is left without.
    let far = [100.0, 100.0, 2.0, 2.0];
    let rows = sure([[4.0, 4.0, 8.0, 8.0], far, far, far]);
    let targets = [target(0, [4.0, 2.0, 8.0, 4.0]), target(0, [4.0, 4.0, 8.0, 8.0])];
    check(&rows, 1, &targets, &[(0, 1, 1.0)]);
    let swapped = [targets[1], targets[0]];
    check(&rows, 1, &swapped, &[(0, 0, 1.0)]);
}

#[test]
fn what_says_the_right_class_is_preferred() {
    // Two anchors predict the target's box; the first is sure of class 1, the second of
    // class 0, which is right. IoUs 1, 1, 0, 0: k would be 2, so the box is made less good:
    // 8 x 6 of 8 x 8, 3/4 each, sum 1.5, k = 1.
    let near = [4.0, 3.0, 8.0, 6.0];
    let far = [100.0, 100.0, 2.0, 2.0];
    let mut rows = row(0, 0, near, SURE, &[-SURE, SURE]);
    rows.extend(row(1, 0, near, SURE, &[SURE, -SURE]));
    rows.extend(row(0, 1, far, SURE, &[SURE, -SURE]));
    rows.extend(row(1, 1, far, SURE, &[SURE, -SURE]));
    check(&rows, 2, &[target(0, [4.0, 4.0, 8.0, 8.0])], &[(1, 0, 0.75)]);
    check(&rows, 2, &[target(1, [4.0, 4.0, 8.0, 8.0])], &[(0, 0, 0.75)]);
}

#[test]
fn an_anchor_far_from_the_centre_is_the_last_choice() {
    // A row of five cells, centres 4, 12, 20, 28, 36. Target at 4: within 12 pixels are the
    // first (4) and, 12 - 4 = 8 < 12, the second; the third, 16 away, is not. The third is a
    // candidate by the other target at 36 (28 and 36; 20 is 16 away: not; so add one at 28).
    let levels = [Level { stride: 8, rows: 1, columns: 5 }];
    let exact = [4.0, 4.0, 8.0, 8.0];
    let far = [300.0, 300.0, 2.0, 2.0];
    let mut rows = Vec::new();
    for (column, bbox) in [far, far, exact, far, far].into_iter().enumerate() {
        rows.extend(row(column, 0, bbox, SURE, &[SURE]));
    }
    let targets = [target(0, exact), target(0, [28.0, 4.0, 8.0, 8.0])];
    // Target 0: cell 2 has IoU 1 but costs 1e6; cell 0 costs 55 and is taken. Target 1 takes
    // the first of its own (cells 2, 3, 4: all 55).
    let found = assign(&rows, &levels, 1, &targets);
    let pairs: Vec<(usize, usize)> = found.iter().map(|of| (of.anchor, of.target)).collect();
    assert_eq!(pairs, [(0, 0), (2, 1)]);
}

#[test]
fn the_radius_itself_is_outside() {
    // A centre at 16 is 12 = 1.5 strides from the cell centres 4 and 28: only 12 and 20 count.
    let level = [Level { stride: 8, rows: 1, columns: 5 }];
    let rows: Vec<f32> = (0..5).flat_map(|at| row(at, 0, [1.0; 4], 0.0, &[0.0])).collect();
    let at = |center| {
        let targets = [target(0, [center, 4.0, 8.0, 8.0])];
        let found = candidates(&rows, &level, 1, &targets);
        found.iter().map(|candidate| candidate.cell.anchor).collect::<Vec<usize>>()
    };
    assert_eq!(at(16.0), [1, 2]);
    assert_eq!(at(16.5), [1, 2, 3]);
    assert_eq!(at(-8.0), [0usize; 0]);
    assert_eq!(at(-7.5), [0]);
    assert_eq!(at(f32::MAX), [0usize; 0]);
}

#[test]
fn foreign_numbers_are_no_match_and_no_panic() {
    let broken = vec![f32::NAN; 24];
    check(&broken, 1, &[target(0, [4.0, 4.0, 8.0, 8.0])], &[(0, 0, 0.0)]);
    check(&sure([[4.0, 4.0, 8.0, 8.0]; 4]), 1, &[], &[]);
    for wrong in [
        target(0, [f32::NAN, 4.0, 8.0, 8.0]),
        target(0, [4.0, 4.0, 0.0, 8.0]),
        target(0, [4.0, 4.0, f32::INFINITY, 8.0]),
        target(7, [4.0, 4.0, 8.0, 8.0]),
        target(0, [1e30, -1e30, 8.0, 8.0]),
    ] {
        check(&sure([[4.0, 4.0, 8.0, 8.0]; 4]), 1, &[wrong], &[]);
    }
    // Fewer rows than the levels have anchors.
    check(&[], 1, &[target(0, [4.0, 4.0, 8.0, 8.0])], &[]);
}

const TWO_LEVELS: [Level; 2] =
    [Level { stride: 8, rows: 6, columns: 6 }, Level { stride: 16, rows: 3, columns: 3 }];

/// The definition with the whole matrix of costs, as the paper's authors compute it.
fn plainly(rows: &[f32], classes: usize, targets: &[Target]) -> Vec<(usize, usize)> {
    let candidates = candidates(rows, &TWO_LEVELS, classes, targets);
    let ious: Vec<Vec<f32>> = targets
        .iter()
        .map(|target| candidates.iter().map(|of| iou_with(of.bbox, target)).collect())
        .collect();
    let cost = |target: usize, candidate: usize| {
        let of = &candidates[candidate];
        let class: f64 = (0..classes)
            .map(|class| {
                let probability = f64::from(of.probability(class));
                let is = class == targets[target].class as usize;
                -if is { probability.ln() } else { (-probability).ln_1p() }
            })
            .sum();
        let near = if of.cell.is_near(&targets[target]) { 0.0 } else { 1e6 };
        class - 3.0 * f64::from(ious[target][candidate] + 1e-8).ln() + near
    };
    let mut taken = vec![Vec::new(); candidates.len()];
    for (target, of_target) in ious.iter().enumerate() {
        let mut best = of_target.clone();
        best.sort_by(|a, b| b.total_cmp(a));
        let wanted = (best.iter().take(10).sum::<f32>() as usize).max(1);
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_by(|a, b| cost(target, *a).total_cmp(&cost(target, *b)));
        order.iter().take(wanted).for_each(|index| taken[*index].push(target));
    }
    let all = 0..targets.len();
    let mut matches = Vec::new();
    for (index, by) in taken.iter().enumerate() {
        let cheapest = all.clone().min_by(|a, b| cost(*a, index).total_cmp(&cost(*b, index)));
        match by.as_slice() {
            [] => {}
            [one] => matches.push((candidates[index].cell.anchor, *one)),
            _ => matches.push((candidates[index].cell.anchor, cheapest.unwrap_or_default())),
        }
    }
    matches
}

proptest! {
    #[test]
    fn the_definition_holds(
        values in prop::collection::vec(-1.5f32..1.5, 45 * 8),
        boxes in prop::collection::vec(
            ([-4.0f32..52.0, -4.0f32..52.0, 4.0f32..40.0, 4.0f32..40.0], 0u32..3), 0..6),
    ) {
        let targets: Vec<Target> =
            boxes.iter().map(|(bbox, class)| target(*class, *bbox)).collect();
        let found = assign(&values, &TWO_LEVELS, 3, &targets);
        let pairs: Vec<(usize, usize)> = found.iter().map(|of| (of.anchor, of.target)).collect();
        prop_assert_eq!(pairs, plainly(&values, 3, &targets));
        for of in &found {
            prop_assert!((0.0..=1.0001).contains(&of.iou));
        }
    }
}

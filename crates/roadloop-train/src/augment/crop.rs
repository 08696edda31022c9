//! A part of a picture, drawn so that the boxes in it are not cut too much.
//!
//! After SSD (Liu and others, 2016) and GluonCV's `random_crop_with_constraints`: for each of
//! six bounds on how much boxes and part overlap, up to fifty parts are drawn until one keeps
//! it; of those found, and the whole, one is taken by lot that still has a box.

use super::Augment;
use super::dice::Dice;
use super::example::LabelBox;
use super::view::View;

/// Every box overlaps with the part by at least this much, intersection over union; below 0
/// all do.
const OVERLAPS: [f64; 6] = [0.1, 0.3, 0.5, 0.7, 0.9, -1.0];
const TRIALS: usize = 50;

/// A view inside of a view. Boxes are in pixels of the picture, as the view is. Where there
/// are none the view stays as it is.
pub(crate) fn drawn(dice: &mut Dice, augment: &Augment, view: &View, boxes: &[LabelBox]) -> View {
    if boxes.is_empty() {
        return *view;
    }
    let mut candidates = vec![*view];
    for least in OVERLAPS {
        let mut parts = (0..TRIALS).map(|_| part(dice, augment, view));
        candidates
            .extend(parts.find(|part| boxes.iter().all(|found| overlap(part, found) >= least)));
    }
    while !candidates.is_empty() {
        let drawn = candidates.swap_remove(dice.below(candidates.len() as u64) as usize);
        if boxes.iter().any(|found| drawn.contains_middle_of(found)) {
            return drawn;
        }
    }
    *view
}

/// Any part: its scale is the root of its share of the area, its shape is relative to that of
/// the view.
fn part(dice: &mut Dice, augment: &Augment, view: &View) -> View {
    let (least, most) = augment.crop_scale;
    let scale = dice.between(least.into(), most.into());
    let aspect = f64::from(augment.crop_aspect);
    // Bounds that no side becomes longer than the view's.
    let aspect = dice.between((1.0 / aspect).max(scale * scale), aspect.min(1.0 / (scale * scale)));
    let side = |length: f64, scale: f64| (length * scale).floor().clamp(1.0, length.max(1.0));
    let width = side(view.width, scale * aspect.sqrt());
    let height = side(view.height, scale / aspect.sqrt());
    let mut start = |room: f64| dice.below(room.max(0.0) as u64 + 1) as f64;
    let (left, top) = (start(view.width - width), start(view.height - height));
    View { left: view.left + left, top: view.top + top, width, height }
}

/// Intersection over union of part and box, 0 to 1.
fn overlap(part: &View, found: &LabelBox) -> f64 {
    let shared = |start: f64, length: f64, low: f32, high: f32| {
        ((start + length).min(high.into()) - start.max(low.into())).max(0.0)
    };
    let both = shared(part.left, part.width, found.left, found.right)
        * shared(part.top, part.height, found.top, found.bottom);
    let either = part.width * part.height + f64::from(found.area()) - both;
    if either > 0.0 { both / either } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_view() -> impl Strategy<Value = View> {
        (-50i32..50, -50i32..50, 1u32..900, 1u32..900).prop_map(|(left, top, width, height)| View {
            left: left.into(),
            top: top.into(),
            width: width.into(),
            height: height.into(),
        })
    }

    proptest! {
        #[test]
        fn parts_are_inside_and_of_the_shape_asked_for(seed: u64, view in any_view()) {
            let augment = Augment::yolov3_reference();
            let part = part(&mut Dice::of(&[seed]), &augment, &view);
            prop_assert!(part.left >= view.left && part.top >= view.top);
            prop_assert!(part.left + part.width <= view.left + view.width);
            prop_assert!(part.top + part.height <= view.top + view.height);
            if view.width > 100.0 && view.height > 100.0 {
                let share = part.width * part.height / (view.width * view.height);
                prop_assert!((0.08..=1.0).contains(&share), "{share}");
                let aspect = part.width / view.width / (part.height / view.height);
                prop_assert!((0.45..2.2).contains(&aspect), "{aspect}");
            }
        }

        #[test]
        fn a_box_stays(seed: u64, view in any_view(), place in prop::array::uniform4(0.0f64..1.0)) {
            let [x, y, width, height] = place;
            let left = view.left + x * view.width;
            let top = view.top + y * view.height;
            let found = LabelBox {
                class: 0,
                left: left as f32,
                top: top as f32,
                right: (left + width * (view.left + view.width - left)) as f32,
                bottom: (top + height * (view.top + view.height - top)) as f32,
            };
            prop_assume!(view.contains_middle_of(&found));
            let augment = Augment::yolov3_reference();
            let drawn = drawn(&mut Dice::of(&[seed]), &augment, &view, &[found]);
            prop_assert!(drawn.contains_middle_of(&found));
        }
    }

    #[test]
    fn overlaps_by_hand() {
        let part = View { left: 10.0, top: 20.0, width: 10.0, height: 10.0 };
        let check = |left, top, right, bottom, expected: f64| {
            let found = LabelBox { class: 0, left, top, right, bottom };
            assert!((overlap(&part, &found) - expected).abs() < 1e-9);
        };
        check(10.0, 20.0, 20.0, 30.0, 1.0);
        check(10.0, 20.0, 15.0, 30.0, 0.5);
        check(15.0, 20.0, 25.0, 30.0, 50.0 / 150.0);
        check(20.0, 20.0, 25.0, 30.0, 0.0);
    }

    #[test]
    fn without_boxes_the_view_stays() {
        let view = View { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };
        let augment = Augment::yolov3_reference();
        assert_eq!(drawn(&mut Dice::of(&[1]), &augment, &view, &[]), view);
    }
}

//! Turned, scaled, sheared and shifted: the matrix, drawn by lot, and what becomes of boxes.
//!
//! After `random_perspective` of YOLOX 0.1 and YOLOv5, whose matrix is T S R C from right to
//! left: the middle of the source to the origin, turned and scaled, sheared, then to a place
//! near the middle of the target. (YOLOX since 0.2 leaves C out, so that pictures turn around
//! their corner and three quarters of most mosaics are never seen.)
//!
//! Points are in pixels with corners at whole numbers, as boxes are; OpenCV's `warpAffine`
//! counts from the middle of the first pixel, and the recipe lets both mean the same.

use super::Augment;
use super::dice::Dice;
use super::example::{LabelBox, is_worth_keeping};

/// A point (x, y) goes to (a x + b y + c, d x + e y + f); rows are (a, b, c) and (d, e, f).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) rows: [[f64; 3]; 2],
}

/// Boxes must be wider and higher than this, in pixels, to be kept.
const SMALLEST_SIDE: f32 = 2.0;

impl Affine {
    #[cfg(test)]
    pub(crate) const IDENTITY: Affine = Affine { rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] };

    fn shift(x: f64, y: f64) -> Affine {
        Affine { rows: [[1.0, 0.0, x], [0.0, 1.0, y]] }
    }

    /// Angle counter-clockwise for who looks at the picture, in degrees: OpenCV's
    /// `getRotationMatrix2D` around the origin.
    fn turned(degrees: f64, scale: f64) -> Affine {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (sin, cos) = (scale * sin, scale * cos);
        Affine { rows: [[cos, sin, 0.0], [-sin, cos, 0.0]] }
    }

    fn sheared(x_degrees: f64, y_degrees: f64) -> Affine {
        let [x, y] = [x_degrees, y_degrees].map(|degrees| degrees.to_radians().tan());
        Affine { rows: [[1.0, x, 0.0], [y, 1.0, 0.0]] }
    }

    /// By lot, from a source of that size to a target of that size.
    pub(crate) fn drawn(
        dice: &mut Dice,
        augment: &Augment,
        source: (u32, u32),
        target: (u32, u32),
    ) -> Affine {
        let degrees = dice.around_zero(augment.degrees.into());
        let scale = dice.between(augment.scale.0.into(), augment.scale.1.into());
        let [shear_x, shear_y] = [0; 2].map(|_| dice.around_zero(augment.shear.into()));
        let mut near_the_middle =
            |side: u32| f64::from(side) * (0.5 + dice.around_zero(augment.translate.into()));
        let (x, y) = (near_the_middle(target.0), near_the_middle(target.1));
        Affine::shift(-f64::from(source.0) / 2.0, -f64::from(source.1) / 2.0)
            .then(&Affine::turned(degrees, scale))
            .then(&Affine::sheared(shear_x, shear_y))
            .then(&Affine::shift(x, y))
    }

    /// First this, then the other.
    fn then(&self, next: &Affine) -> Affine {
        let [first, second] = &self.rows;
        let row = |of: &[f64; 3]| {
            let column = |place: usize| of[0] * first[place] + of[1] * second[place];
            [column(0), column(1), column(2) + of[2]]
        };
        Affine { rows: [row(&next.rows[0]), row(&next.rows[1])] }
    }

    /// How many times larger areas become; below 0 where left and right are exchanged.
    fn determinant(&self) -> f64 {
        let [[a, b, _], [d, e, _]] = self.rows;
        a * e - b * d
    }

    /// The way back; `None` where there is none, for all points go to one line.
    pub(crate) fn inverse(&self) -> Option<Affine> {
        let determinant = self.determinant();
        // The recipe's smallest is a ten thousandth; what is no number does not compare.
        if !(determinant.abs() > 1e-9 && determinant.is_finite()) {
            return None;
        }
        let [[a, b, c], [d, e, f]] = self.rows;
        let row = |x: f64, y: f64| {
            let (x, y) = (x / determinant, y / determinant);
            [x, y, -(x * c + y * f)]
        };
        Some(Affine { rows: [row(e, -b), row(-d, a)] })
    }

    pub(crate) fn point(&self, x: f64, y: f64) -> (f64, f64) {
        let [[a, b, c], [d, e, f]] = self.rows;
        (a * x + b * y + c, d * x + e * y + f)
    }

    /// The box around the four corners, where they go.
    fn around(&self, found: &LabelBox) -> LabelBox {
        let LabelBox { class, left, top, right, bottom } = *found;
        let corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
            .map(|(x, y)| self.point(x.into(), y.into()));
        let least = |of: fn(&(f64, f64)) -> f64| {
            corners.iter().map(of).fold(f64::INFINITY, f64::min) as f32
        };
        let most = |of: fn(&(f64, f64)) -> f64| {
            corners.iter().map(of).fold(f64::NEG_INFINITY, f64::max) as f32
        };
        LabelBox {
            class,
            left: least(|point| point.0),
            top: least(|point| point.1),
            right: most(|point| point.0),
            bottom: most(|point| point.1),
        }
    }

    /// Boxes where they go, cut to a target of that size; those of which too little is left
    /// are left out. What a box was before is its area, as many times larger as the matrix
    /// makes areas.
    pub(crate) fn boxes(&self, boxes: &[LabelBox], target: (u32, u32)) -> Vec<LabelBox> {
        let larger = self.determinant().abs() as f32;
        let moved = boxes.iter().filter_map(|found| {
            let after = self.around(found).clipped(target.0 as f32, target.1 as f32);
            is_worth_keeping(found.area() * larger, &after, SMALLEST_SIDE).then_some(after)
        });
        moved.collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Where a box 10, 20, 30, 60 goes in a target of 100 x 100.
    #[track_caller]
    fn check(affine: &Affine, expected: Option<[f32; 4]>) {
        let found = LabelBox { class: 3, left: 10.0, top: 20.0, right: 30.0, bottom: 60.0 };
        let got = affine.boxes(&[found], (100, 100));
        let sides = got.first().map(|found| [found.left, found.top, found.right, found.bottom]);
        match (sides, expected) {
            (Some(sides), Some(expected)) => {
                let far = sides.iter().zip(expected).map(|(a, b)| (a - b).abs());
                assert!(far.fold(0.0, f32::max) < 1e-4, "{sides:?}");
                assert_eq!(got[0].class, 3);
            }
            (sides, expected) => assert_eq!(sides, expected),
        }
    }

    #[test]
    fn boxes_go_where_their_corners_go() {
        check(&Affine::IDENTITY, Some([10.0, 20.0, 30.0, 60.0]));
        check(&Affine::shift(5.0, -7.0), Some([15.0, 13.0, 35.0, 53.0]));
        check(&Affine::turned(0.0, 0.5), Some([5.0, 10.0, 15.0, 30.0]));
        // Counter-clockwise: what was right is up, so a shift brings it back.
        let quarter = Affine::turned(90.0, 1.0).then(&Affine::shift(0.0, 50.0));
        check(&quarter, Some([20.0, 20.0, 60.0, 40.0]));
        check(&Affine::sheared(45.0, 0.0), Some([30.0, 20.0, 90.0, 60.0]));
        check(&Affine::sheared(0.0, 45.0), Some([10.0, 30.0, 30.0, 90.0]));
    }

    #[test]
    fn what_is_too_little_is_left_out() {
        check(&Affine::shift(-15.0, 0.0), Some([0.0, 20.0, 15.0, 60.0]));
        // 2.5 of 20 pixels are left, an eighth; then 1.9.
        check(&Affine::shift(-27.5, 0.0), Some([0.0, 20.0, 2.5, 60.0]));
        check(&Affine::shift(-28.1, 0.0), None);
        check(&Affine::shift(200.0, 0.0), None);
        check(&Affine::turned(0.0, 0.1), None);
        // Nothing but NaN comes of it.
        check(&Affine::turned(f64::NAN, 1.0), None);
    }

    #[test]
    fn a_line_has_no_way_back() {
        assert_eq!(Affine::sheared(45.0, 45.0).inverse().map(|_| ()), None);
        assert_eq!(Affine::turned(3.0, 0.0).inverse(), None);
        assert_eq!(Affine::turned(f64::NAN, 1.0).inverse(), None);
    }

    proptest! {
        #[test]
        fn there_and_back_again(seed: u64, x in -1e3..1e3, y in -1e3..1e3) {
            let augment = Augment::default();
            let affine = Affine::drawn(&mut Dice::of(&[seed]), &augment, (1280, 1280), (640, 640));
            let there = affine.point(x, y);
            let back = affine.inverse().expect("a way back").point(there.0, there.1);
            prop_assert!((back.0 - x).abs() < 1e-6 && (back.1 - y).abs() < 1e-6);
        }

        #[test]
        fn the_middle_stays_near_the_middle(seed: u64) {
            let augment = Augment::default();
            let affine = Affine::drawn(&mut Dice::of(&[seed]), &augment, (300, 200), (100, 80));
            let (x, y) = affine.point(150.0, 100.0);
            prop_assert!((x - 50.0).abs() <= 10.0 && (y - 40.0).abs() <= 8.0);
        }
    }
}

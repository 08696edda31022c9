//! Brightness, contrast, saturation and hue, as GluonCV trains YOLOv3 and SSD.
//!
//! After `random_color_distort` (gluoncv `experimental/image.py`, from SSD, Liu and others,
//! 2016): each of the four by half a chance, contrast before the other two or behind them. All
//! are linear in red, green and blue, so they are drawn into one matrix, and each pixel is
//! computed and rounded once.

use roadloop_vision::Pixels;

use super::dice::Dice;
use super::lanes::{LANES, each_lane};
use super::paste::Area;
use super::{Augment, lanes};

/// Rows give red, green and blue; the last column is added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Distort(pub(crate) [[f32; 4]; 3]);

/// Weights of red, green and blue in what is gray: those of NTSC.
const GRAY: [f32; 3] = [0.299, 0.587, 0.114];
/// To YIQ and back, of GluonCV.
const YIQ: [[f32; 3]; 3] = [[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]];
const RGB: [[f32; 3]; 3] = [[1.0, 0.956, 0.621], [1.0, -0.272, -0.647], [1.0, -1.107, 1.705]];

impl Distort {
    pub(crate) const NONE: Distort =
        Distort([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);

    pub(crate) fn drawn(dice: &mut Dice, augment: &Augment) -> Distort {
        let p = augment.distort_probability;
        let mut drawn = |low: f32, high: f32, none: f32| {
            let value = dice.between(low.into(), high.into()) as f32;
            if dice.chance(p) { value } else { none }
        };
        let brightness = drawn(-augment.brightness, augment.brightness, 0.0);
        let contrast = Distort::scaled(drawn(augment.contrast.0, augment.contrast.1, 1.0));
        let saturation = Distort::saturated(drawn(augment.saturation.0, augment.saturation.1, 1.0));
        let hue = match drawn(-augment.hue_degrees, augment.hue_degrees, 0.0) {
            // The two matrices of YIQ are each other's inverse to two digits only.
            0.0 => Distort::NONE,
            degrees => Distort::turned(degrees),
        };
        let bright = Distort::brighter(brightness);
        match dice.chance(0.5) {
            true => bright.then(&contrast).then(&saturation).then(&hue),
            false => bright.then(&saturation).then(&hue).then(&contrast),
        }
    }

    fn brighter(by: f32) -> Distort {
        let mut matrix = Distort::NONE;
        for row in &mut matrix.0 {
            row[3] = by;
        }
        matrix
    }

    fn scaled(by: f32) -> Distort {
        Distort(Distort::NONE.0.map(|row| row.map(|value| value * by)))
    }

    /// 0 is gray, 1 as it is.
    fn saturated(by: f32) -> Distort {
        let mut matrix = Distort::scaled(by);
        for row in &mut matrix.0 {
            for (value, weight) in row.iter_mut().zip(GRAY) {
                *value += (1.0 - by) * weight;
            }
        }
        matrix
    }

    /// Turns I and Q.
    fn turned(degrees: f32) -> Distort {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let turn = [[1.0, 0.0, 0.0], [0.0, cos, -sin], [0.0, sin, cos]];
        let widened = |of: [[f32; 3]; 3]| Distort(of.map(|[a, b, c]| [a, b, c, 0.0]));
        widened(YIQ).then(&widened(turn)).then(&widened(RGB))
    }

    /// First this, then the other.
    fn then(&self, next: &Distort) -> Distort {
        Distort(next.0.map(|of| {
            let column = |place: usize| (0..3).map(|row| of[row] * self.0[row][place]).sum::<f32>();
            [column(0), column(1), column(2), column(3) + of[3]]
        }))
    }

    /// Changes an area of a picture with three channels.
    pub(crate) fn apply(&self, pixels: &mut Pixels, area: &Area) {
        if *self == Distort::NONE {
            return;
        }
        let [reds, greens, blues] = self.0;
        each_lane(pixels, area, |[red, green, blue]: &mut [lanes::Lane; 3]| {
            for lane in 0..LANES {
                let (r, g, b) = (red[lane], green[lane], blue[lane]);
                red[lane] = reds[0] * r + reds[1] * g + reds[2] * b + reds[3];
                green[lane] = greens[0] * r + greens[1] * g + greens[2] * b + greens[3];
                blue[lane] = blues[0] * r + blues[1] * g + blues[2] * b + blues[3];
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::example::filled;
    use crate::augment::lanes::all_of;

    #[track_caller]
    fn check(distort: &Distort, color: [u8; 3], expected: [u8; 3]) {
        let mut pixels = filled(70, 2, color);
        let all = all_of(&pixels);
        distort.apply(&mut pixels, &all);
        let far = pixels.data().iter().zip(expected.iter().cycle()).map(|(a, b)| a.abs_diff(*b));
        assert!(far.max() <= Some(1), "{:?}", &pixels.data()[..3]);
    }

    #[test]
    fn one_thing_at_a_time() {
        check(&Distort::NONE, [10, 200, 30], [10, 200, 30]);
        check(&Distort::brighter(32.0), [10, 240, 30], [42, 255, 62]);
        check(&Distort::scaled(0.5), [10, 200, 30], [5, 100, 15]);
        // Gray is 0.299 * 100 + 0.587 * 200 + 0.114 * 50 = 153.
        check(&Distort::saturated(0.0), [100, 200, 50], [153, 153, 153]);
        check(&Distort::saturated(1.5), [100, 200, 50], [73, 223, 0]);
        // A turn about the gray axis leaves gray alone, up to the matrices' digits.
        check(&Distort::turned(77.0), [153, 153, 153], [153, 153, 153]);
        check(&Distort::turned(360.0), [100, 200, 50], [100, 200, 50]);
    }

    #[test]
    fn one_behind_the_other() {
        let both = Distort::brighter(10.0).then(&Distort::scaled(2.0));
        check(&both, [10, 20, 30], [40, 60, 80]);
        let other = Distort::scaled(2.0).then(&Distort::brighter(10.0));
        check(&other, [10, 20, 30], [30, 50, 70]);
    }

    #[test]
    fn what_is_never_drawn_changes_nothing() {
        let augment = Augment { distort_probability: 0.0, ..Augment::yolov3_reference() };
        assert_eq!(Distort::drawn(&mut Dice::of(&[3]), &augment), Distort::NONE);
        let augment = Augment { distort_probability: 1.0, ..augment };
        assert_ne!(Distort::drawn(&mut Dice::of(&[3]), &augment), Distort::NONE);
    }
}

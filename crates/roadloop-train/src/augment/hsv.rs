//! Hue, saturation and value, each shifted by one draw for the whole picture.
//!
//! After YOLOX's `augment_hsv` (0.3): for each of the three a shift of at most its gain, which
//! by half a chance is none. OpenCV's HSV is meant, hue in steps of two degrees, saturation
//! and value of 0 to 255; here in floating point, so that no level is lost by the way there
//! and back. As there, what is gray has the hue of red: more saturation makes it reddish.

use roadloop_vision::Pixels;

use super::dice::Dice;
use super::lanes::{LANES, Lane, each_lane};
use super::paste::Area;

/// What is added to hue (of 180), saturation and value (of 255).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HsvShift(pub(crate) [f32; 3]);

impl HsvShift {
    pub(crate) const NONE: HsvShift = HsvShift([0.0; 3]);

    pub(crate) fn drawn(dice: &mut Dice, gains: [f32; 3]) -> HsvShift {
        HsvShift(gains.map(|gain| {
            let shift = dice.around_zero(gain.into()) as f32;
            if dice.chance(0.5) { shift } else { 0.0 }
        }))
    }

    /// Changes an area of a picture with three channels.
    pub(crate) fn apply(self, pixels: &mut Pixels, area: &Area) {
        let HsvShift([hue, saturation, value]) = self;
        if self == HsvShift::NONE {
            return;
        }
        // In sixths of a turn, 0 to just under 6.
        let hue = (hue / 30.0).rem_euclid(6.0);
        each_lane(pixels, area, |lanes| shift(lanes, hue, saturation / 255.0, value));
    }
}

/// The hexagon of Smith ("Color gamut transform pairs", 1978); the way back is the form
/// without cases: v - v s clamp(min(k, 4 - k), 0, 1) with k = (n + h) mod 6, n = 5, 3, 1.
fn shift([red, green, blue]: &mut [Lane; 3], hue: f32, saturation: f32, value: f32) {
    for lane in 0..LANES {
        let (r, g, b) = (red[lane], green[lane], blue[lane]);
        let most = r.max(g).max(b);
        let spread = most - r.min(g).min(b);
        // Where both are 0 the quotient is 0 too, without a case.
        let per_spread = 1.0 / spread.max(1e-3);
        let h = if most == r {
            (g - b) * per_spread
        } else if most == g {
            (b - r) * per_spread + 2.0
        } else {
            (r - g) * per_spread + 4.0
        };
        let s = (spread / most.max(1e-3) + saturation).clamp(0.0, 1.0);
        let v = (most + value).clamp(0.0, 255.0);
        // From -1 to just under 11, and with n from 0 to just under 16: two turns may come off,
        // or one.
        let h = h + hue;
        let chroma = v * s;
        let channel = |n: f32| {
            let k = h + n;
            let k = if k >= 12.0 { k - 12.0 } else { k };
            let k = if k >= 6.0 { k - 6.0 } else { k };
            v - chroma * k.min(4.0 - k).clamp(0.0, 1.0)
        };
        red[lane] = channel(5.0);
        green[lane] = channel(3.0);
        blue[lane] = channel(1.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::augment::example::{filled, picture};
    use crate::augment::lanes::all_of;

    #[track_caller]
    fn check(color: [u8; 3], shift: [f32; 3], expected: [u8; 3]) {
        let mut pixels = filled(70, 2, color);
        let all = all_of(&pixels);
        HsvShift(shift).apply(&mut pixels, &all);
        let far = pixels.data().iter().zip(expected.iter().cycle()).map(|(a, b)| a.abs_diff(*b));
        assert!(far.max() <= Some(1), "{:?}", &pixels.data()[..3]);
    }

    /// Expected values by hand from the hexagon.
    #[test]
    fn colours_turn() {
        check([255, 0, 0], [60.0, 0.0, 0.0], [0, 255, 0]);
        check([255, 0, 0], [-60.0, 0.0, 0.0], [0, 0, 255]);
        check([255, 0, 0], [30.0, 0.0, 0.0], [255, 255, 0]);
        check([0, 0, 255], [60.0, 0.0, 0.0], [255, 0, 0]);
        check([200, 100, 150], [180.0, 0.0, 0.0], [200, 100, 150]);
        // Saturation 0.5 to 0.75: 200 (1 - 0.75) = 50, and the middle in proportion.
        check([200, 100, 150], [0.0, 63.75, 0.0], [200, 50, 125]);
        check([200, 100, 150], [0.0, -255.0, 0.0], [200, 200, 200]);
        check([200, 100, 150], [0.0, 0.0, 40.0], [240, 120, 180]);
        check([200, 100, 150], [0.0, 0.0, -255.0], [0, 0, 0]);
        // What is gray has the hue of red.
        check([100, 100, 100], [0.0, 127.5, 0.0], [100, 50, 50]);
        check([0, 0, 0], [5.0, 30.0, 0.0], [0, 0, 0]);
    }

    /// What OpenCV 4.12 gives when hue, saturation and value of its 8-bit HSV are shifted by 4,
    /// -20 and 25, within the levels that its steps of two degrees lose.
    #[test]
    fn shifts_are_opencvs() {
        let shift = [4.0, -20.0, 25.0];
        let within = |color, expected: [u8; 3]| {
            let mut pixels = filled(1, 1, color);
            HsvShift(shift).apply(&mut pixels, &(0..1, 0..1));
            let far = pixels.data().iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max();
            assert!(far <= Some(3), "{:?} {expected:?}", pixels.data());
        };
        within([200, 100, 150], [225, 131, 165]);
        within([10, 200, 30], [29, 225, 75]);
        within([30, 60, 90], [47, 72, 115]);
        within([255, 254, 0], [224, 255, 20]);
        within([120, 119, 121], [146, 146, 146]);
        within([1, 2, 3], [12, 18, 28]);
    }

    #[test]
    fn only_the_area_is_changed() {
        let mut pixels = filled(4, 3, [10, 20, 30]);
        HsvShift([0.0, 0.0, 30.0]).apply(&mut pixels, &(1..3, 2..3));
        let changed: Vec<bool> =
            pixels.data().chunks(3).map(|pixel| pixel != [10, 20, 30]).collect();
        let expected: Vec<bool> = (0..12).map(|place| place == 9 || place == 10).collect();
        assert_eq!(changed, expected);
    }

    proptest! {
        /// A whole turn changes nothing, though every pixel went there and back.
        #[test]
        fn a_whole_turn_is_none(data in prop::collection::vec(any::<u8>(), 3 * 80)) {
            let mut pixels = picture(80, 1, data.clone());
            let all = all_of(&pixels);
            HsvShift([180.0, 1e-9, 0.0]).apply(&mut pixels, &all);
            let far = pixels.data().iter().zip(&data).map(|(a, b)| a.abs_diff(*b)).max();
            prop_assert!(far <= Some(1));
        }
    }
}

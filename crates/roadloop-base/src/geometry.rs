//! Where in an image something is.

use serde::{Deserialize, Serialize};

/// A box in the source image, as fractions of its width and height.
///
/// Invariant: `0 <= left <= right <= 1`, and the same for top and bottom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BBox {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl BBox {
    /// The whole image.
    pub const FULL: BBox = BBox { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };

    /// `None` when a side lies outside the image or the sides are swapped.
    pub fn from_ltrb(left: f32, top: f32, right: f32, bottom: f32) -> Option<BBox> {
        let in_image = |lo: f32, hi: f32| 0.0 <= lo && lo <= hi && hi <= 1.0;
        if !in_image(left, right) || !in_image(top, bottom) {
            return None;
        }
        Some(BBox { left, top, right, bottom })
    }

    /// Clamps to the image first, as models point outside it. `None` when a
    /// number is not finite or nothing of the box lies inside.
    pub fn clamped(left: f32, top: f32, right: f32, bottom: f32) -> Option<BBox> {
        if ![left, top, right, bottom].iter().all(|v| v.is_finite()) {
            return None;
        }
        let unit = |v: f32| v.clamp(0.0, 1.0);
        let clamped = BBox::from_ltrb(unit(left), unit(top), unit(right), unit(bottom))?;
        (clamped.area() > 0.0).then_some(clamped)
    }

    /// From pixels of an image of that size, clamped to it. `None` where nothing of the box
    /// lies inside, or the image has no size.
    pub fn from_pixels(
        [left, top, right, bottom]: [f64; 4],
        (width, height): (u32, u32),
    ) -> Option<BBox> {
        let (across, down) = (f64::from(width), f64::from(height));
        BBox::clamped(
            (left / across) as f32,
            (top / down) as f32,
            (right / across) as f32,
            (bottom / down) as f32,
        )
    }

    /// From a centre and a size in fractions, clamped to the image.
    pub fn from_center_size(x: f32, y: f32, width: f32, height: f32) -> Option<BBox> {
        BBox::clamped(x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0)
    }

    pub fn left(self) -> f32 {
        self.left
    }

    pub fn top(self) -> f32 {
        self.top
    }

    pub fn right(self) -> f32 {
        self.right
    }

    pub fn bottom(self) -> f32 {
        self.bottom
    }

    pub fn width(self) -> f32 {
        self.right - self.left
    }

    pub fn height(self) -> f32 {
        self.bottom - self.top
    }

    /// Share of the image, 0 to 1.
    pub fn area(self) -> f32 {
        self.width() * self.height()
    }

    /// Intersection over union, 0 to 1; 0 for two boxes without area.
    pub fn iou(self, other: BBox) -> f32 {
        let width = (self.right.min(other.right) - self.left.max(other.left)).max(0.0);
        let height = (self.bottom.min(other.bottom) - self.top.max(other.top)).max(0.0);
        let intersection = width * height;
        let union = self.area() + other.area() - intersection;
        if union > 0.0 { (intersection / union).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// Grown on each side by a fraction of its own width and height, clamped.
    #[must_use]
    pub fn grown(self, margin: f32) -> BBox {
        let (dx, dy) = (self.width() * margin, self.height() * margin);
        BBox {
            left: (self.left - dx).clamp(0.0, 1.0),
            top: (self.top - dy).clamp(0.0, 1.0),
            right: (self.right + dx).clamp(0.0, 1.0),
            bottom: (self.bottom + dy).clamp(0.0, 1.0),
        }
    }

    /// The whole pixels the box touches, as `(x, y, width, height)`, inside an
    /// image of the given size.
    pub fn pixels(self, image_width: u32, image_height: u32) -> (u32, u32, u32, u32) {
        let span = |lo: f32, hi: f32, size: u32| {
            let first = ((f64::from(lo) * f64::from(size)).floor() as u32).min(size);
            let end = ((f64::from(hi) * f64::from(size)).ceil() as u32).min(size);
            (first, end.saturating_sub(first))
        };
        let (x, width) = span(self.left, self.right, image_width);
        let (y, height) = span(self.top, self.bottom, image_height);
        (x, y, width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn swapped_outside_and_nan_are_refused() {
        assert_eq!(BBox::from_ltrb(0.6, 0.0, 0.5, 1.0), None);
        assert_eq!(BBox::from_ltrb(-0.1, 0.0, 0.5, 1.0), None);
        assert_eq!(BBox::from_ltrb(f32::NAN, 0.0, 0.5, 1.0), None);
        assert_eq!(BBox::clamped(f32::INFINITY, 0.0, 0.5, 1.0), None);
        assert_eq!(BBox::clamped(1.2, 0.0, 1.5, 1.0), None);
    }

    #[test]
    fn pixels_cover_the_box() {
        let bbox = BBox::from_ltrb(0.25, 0.5, 0.5, 1.0).unwrap();
        assert_eq!(bbox.pixels(8, 4), (2, 2, 2, 2));
        assert_eq!(BBox::FULL.pixels(640, 480), (0, 0, 640, 480));
    }

    #[test]
    fn from_pixels_of_an_image() {
        let expected = BBox::from_ltrb(0.25, 0.5, 0.5, 1.0);
        assert_eq!(BBox::from_pixels([2.0, 2.0, 4.0, 9.0], (8, 4)), expected);
        assert_eq!(BBox::from_pixels([9.0, 0.0, 12.0, 4.0], (8, 4)), None);
        assert_eq!(BBox::from_pixels([0.0, 0.0, 1.0, 1.0], (0, 0)), None);
    }

    #[test]
    fn half_overlap() {
        let a = BBox::from_ltrb(0.0, 0.0, 0.5, 1.0).unwrap();
        let b = BBox::from_ltrb(0.25, 0.0, 0.75, 1.0).unwrap();
        assert!((a.iou(b) - 1.0 / 3.0).abs() < 1e-6);
    }

    fn any_box() -> impl Strategy<Value = BBox> {
        (0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0).prop_map(|(a, b, c, d)| {
            BBox::from_ltrb(a.min(b), c.min(d), a.max(b), c.max(d)).expect("sorted, in the image")
        })
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(a in any_box(), b in any_box()) {
            prop_assert_eq!(a.iou(b), b.iou(a));
            prop_assert!((0.0..=1.0).contains(&a.iou(b)));
        }

        #[test]
        fn grown_contains_the_box(a in any_box(), margin in 0.0f32..2.0) {
            let g = a.grown(margin);
            prop_assert!(g.left() <= a.left() && g.right() >= a.right());
            prop_assert!(BBox::from_ltrb(g.left(), g.top(), g.right(), g.bottom()).is_some());
        }

        #[test]
        fn pixels_stay_inside(a in any_box(), w in 1u32..5000, h in 1u32..5000) {
            let (x, y, width, height) = a.pixels(w, h);
            prop_assert!(x + width <= w && y + height <= h);
        }
    }
}

//! Where a label lies, in pixels, whatever was said.

use roadloop_base::PixelBox;
use serde::{Deserialize, Serialize};

/// A rectangle in pixels of the source image, origin at its top left. Other than a
/// [`PixelBox`] it may have nothing inside, so that what others labelled wrong is read,
/// named and written again.
///
/// Invariant: all finite, no width or height below zero.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "[f64; 4]", into = "[f64; 4]")]
pub struct Area {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a box is four finite numbers, its width and height not below zero")]
pub struct BadArea;

impl Area {
    pub fn new(left: f64, top: f64, width: f64, height: f64) -> Result<Area, BadArea> {
        let are_finite = [left, top, width, height].iter().all(|side| side.is_finite());
        let is_one = are_finite && width >= 0.0 && height >= 0.0;
        if is_one { Ok(Area { left, top, width, height }) } else { Err(BadArea) }
    }

    /// From two corners, the second right of and below the first one, or on it.
    pub fn from_corners(left: f64, top: f64, right: f64, bottom: f64) -> Result<Area, BadArea> {
        Area::new(left, top, right - left, bottom - top)
    }

    pub fn left(self) -> f64 {
        self.left
    }

    pub fn top(self) -> f64 {
        self.top
    }

    pub fn width(self) -> f64 {
        self.width
    }

    pub fn height(self) -> f64 {
        self.height
    }

    pub fn right(self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(self) -> f64 {
        self.top + self.height
    }

    /// Left, top, right, bottom.
    pub fn ltrb(self) -> [f64; 4] {
        [self.left, self.top, self.right(), self.bottom()]
    }

    /// In square pixels.
    pub fn size(self) -> f64 {
        self.width * self.height
    }

    /// The same as people draw them; `None` where there is nothing inside.
    pub fn pixels(self) -> Option<PixelBox> {
        PixelBox::new(self.left, self.top, self.width, self.height)
    }

    /// What of it lies in an image of that size; may be nothing.
    #[must_use]
    pub fn within(self, width: u32, height: u32) -> Area {
        let [width, height] = [width, height].map(f64::from);
        let (left, top) = (self.left.clamp(0.0, width), self.top.clamp(0.0, height));
        let (right, bottom) = (self.right().clamp(left, width), self.bottom().clamp(top, height));
        Area { left, top, width: right - left, height: bottom - top }
    }

    /// Intersection over union, 0 to 1; 0 for two without an inside.
    pub fn iou(self, other: Area) -> f64 {
        let width = self.right().min(other.right()) - self.left.max(other.left);
        let height = self.bottom().min(other.bottom()) - self.top.max(other.top);
        let shared = width.max(0.0) * height.max(0.0);
        let union = self.size() + other.size() - shared;
        if union > 0.0 { (shared / union).clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl From<PixelBox> for Area {
    fn from(pixels: PixelBox) -> Area {
        let (left, top) = (pixels.left(), pixels.top());
        Area { left, top, width: pixels.width(), height: pixels.height() }
    }
}

impl TryFrom<[f64; 4]> for Area {
    type Error = BadArea;

    fn try_from([left, top, width, height]: [f64; 4]) -> Result<Area, BadArea> {
        Area::new(left, top, width, height)
    }
}

impl From<Area> for [f64; 4] {
    fn from(area: Area) -> [f64; 4] {
        [area.left, area.top, area.width, area.height]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_numbers_and_negative_sides_are_refused() {
        assert!(Area::new(-3.5, 1e9, 0.0, 0.0).is_ok(), "wrong, but said");
        for sides in
            [[0.0, 0.0, -1.0, 1.0], [f64::NAN, 0.0, 1.0, 1.0], [0.0, f64::INFINITY, 1.0, 1.0]]
        {
            assert_eq!(Area::try_from(sides), Err(BadArea));
        }
        assert!(serde_json::from_str::<Area>("[0,0,1,-1]").is_err());
    }

    #[test]
    fn what_is_outside_is_cut_off() {
        let area = |left, top, width, height| Area::new(left, top, width, height).unwrap();
        assert_eq!(area(-5.0, 2.0, 10.0, 10.0).within(8, 6), area(0.0, 2.0, 5.0, 4.0));
        assert_eq!(area(20.0, 2.0, 10.0, 1.0).within(8, 6).size(), 0.0);
    }
}

//! What people say is on a frame.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A box in pixels of the source image, as it was drawn: exact where a [`BBox`]
/// would round.
///
/// Invariant: all finite, a width and a height above zero.
///
/// [`BBox`]: crate::BBox
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PixelBox {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl PixelBox {
    /// `None` where a number is not finite, or there is nothing inside.
    pub fn new(left: f64, top: f64, width: f64, height: f64) -> Option<PixelBox> {
        let are_finite = [left, top, width, height].iter().all(|side| side.is_finite());
        (are_finite && width > 0.0 && height > 0.0).then_some(PixelBox { left, top, width, height })
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

    /// Left, top, right, bottom.
    pub fn ltrb(self) -> [f64; 4] {
        [self.left, self.top, self.left + self.width, self.top + self.height]
    }

    /// Whether it lies in an image of that size.
    pub fn is_within(self, width: u32, height: u32) -> bool {
        self.left >= 0.0
            && self.top >= 0.0
            && self.left + self.width <= f64::from(width)
            && self.top + self.height <= f64::from(height)
    }
}

/// A box that a person drew, or took over from a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawnBox {
    /// `person`, `traffic light`.
    pub label: String,
    pub pixels: PixelBox,
    /// Of the model it was taken over from as it was; absent where a person drew or
    /// changed it.
    pub confidence: Option<f32>,
    /// Words about this box: `occluded`, `check`.
    pub tags: Vec<String>,
}

/// All that a person says is on a frame: none of it may be what a model says.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// None at all is an answer too: there is nothing.
    pub boxes: Vec<DrawnBox>,
    /// Who said so last.
    pub author: String,
    /// When, in nanoseconds since 1970.
    pub saved_at: crate::Nanos,
    pub revision: AnnotationRevision,
}

/// Which saying of several: another one for each that was saved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AnnotationRevision(String);

impl AnnotationRevision {
    /// `None` where it is not 1 to 64 letters and digits.
    pub fn new(text: &str) -> Option<AnnotationRevision> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_plain && (1..=64).contains(&text.len())).then(|| AnnotationRevision(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AnnotationRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_has_an_inside() {
        assert!(PixelBox::new(0.0, 0.0, 1.0, 0.5).is_some());
        assert!(PixelBox::new(-3.0, 0.0, 1.0, 1.0).is_some(), "outside, but a box");
        for sides in [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, -1.0], [f64::NAN, 0.0, 1.0, 1.0]] {
            let [left, top, width, height] = sides;
            assert_eq!(PixelBox::new(left, top, width, height), None);
        }
        let drawn = PixelBox::new(10.0, 20.0, 30.0, 40.0).unwrap();
        assert!(drawn.is_within(40, 60));
        assert!(!drawn.is_within(39, 60));
        assert!(!PixelBox::new(-0.5, 0.0, 1.0, 1.0).unwrap().is_within(10, 10));
    }

    #[test]
    fn revisions_are_plain_words() {
        assert!(AnnotationRevision::new("0a1b2c").is_some());
        for text in ["", "a b", "\"", "a/b", &"a".repeat(65)] {
            assert_eq!(AnnotationRevision::new(text), None);
        }
    }
}

//! An image and the boxes people drew on it, as every step changes both together.

use roadloop_base::BBox;
use roadloop_vision::{Channels, Pixels};

/// What is learned from.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// For people: the sample's, or the record's.
    pub name: String,
    pub pixels: Pixels,
    pub boxes: Vec<LabelBox>,
}

/// A box in pixels of its image, whose left top corner is (0, 0) and whose right bottom corner
/// is (width, height): a box around the first pixel alone is 0, 0, 1, 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelBox {
    /// Place in the dataset's classes.
    pub class: u32,
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
}

impl LabelBox {
    /// From fractions of an image of that size, as datasets have them.
    pub fn of_image(class: u32, bbox: BBox, (width, height): (u32, u32)) -> LabelBox {
        LabelBox {
            class,
            left: bbox.left() * width as f32,
            top: bbox.top() * height as f32,
            right: bbox.right() * width as f32,
            bottom: bbox.bottom() * height as f32,
        }
    }

    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Stretched from the origin, then shifted.
    pub(crate) fn moved(self, scale: (f64, f64), shift: (f64, f64)) -> LabelBox {
        let x = |x: f32| (f64::from(x) * scale.0 + shift.0) as f32;
        let y = |y: f32| (f64::from(y) * scale.1 + shift.1) as f32;
        LabelBox {
            left: x(self.left),
            top: y(self.top),
            right: x(self.right),
            bottom: y(self.bottom),
            ..self
        }
    }

    /// What of it lies in a picture of that size; where nothing does, it has no area.
    pub(crate) fn clipped(self, width: f32, height: f32) -> LabelBox {
        LabelBox {
            left: self.left.clamp(0.0, width),
            top: self.top.clamp(0.0, height),
            right: self.right.clamp(0.0, width),
            bottom: self.bottom.clamp(0.0, height),
            ..self
        }
    }

    /// As in a picture of that width seen from behind.
    pub(crate) fn mirrored(self, width: f32) -> LabelBox {
        LabelBox { left: width - self.right, right: width - self.left, ..self }
    }

    fn is_finite(&self) -> bool {
        [self.left, self.top, self.right, self.bottom].iter().all(|side| side.is_finite())
    }
}

impl Example {
    /// As the steps take it: three channels, and of boxes what lies inside. A box without an
    /// inside, or with sides that are no numbers, is left out.
    pub(crate) fn cleaned(self) -> Example {
        let Example { name, pixels, mut boxes } = self;
        let (width, height) = (pixels.width() as f32, pixels.height() as f32);
        boxes.retain(LabelBox::is_finite);
        clip(&mut boxes, width, height);
        Example { name, pixels: rgb(pixels), boxes }
    }
}

/// Cuts boxes to a picture of that size; those of which nothing is left are left out.
pub(crate) fn clip(boxes: &mut Vec<LabelBox>, width: f32, height: f32) {
    for found in &mut *boxes {
        *found = found.clipped(width, height);
    }
    boxes.retain(|found| found.width() > 0.0 && found.height() > 0.0);
}

/// Opacity is not looked at, as in serving.
fn rgb(pixels: Pixels) -> Pixels {
    let data = match pixels.channels() {
        Channels::Rgb => return pixels,
        Channels::Gray => pixels.data().iter().flat_map(|&gray| [gray; 3]).collect(),
        Channels::Rgba => {
            let (rgba, _) = pixels.data().as_chunks::<4>();
            rgba.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect()
        }
    };
    picture(pixels.width(), pixels.height(), data)
}

/// Of three bytes a pixel, as many as the size says.
pub(crate) fn picture(width: u32, height: u32, data: Vec<u8>) -> Pixels {
    Pixels::new(width, height, Channels::Rgb, data).expect("three bytes for each pixel")
}

/// All of one colour; no side is 0.
pub(crate) fn filled(width: u32, height: u32, color: [u8; 3]) -> Pixels {
    let pixels = width as usize * height as usize;
    let data = match color {
        // What memory is set to at once, which is many times faster.
        [r, g, b] if r == g && g == b => vec![r; 3 * pixels],
        _ => color.repeat(pixels),
    };
    picture(width, height, data)
}

/// A box after it was changed must still be something to learn from. The numbers are those of
/// YOLOX's `box_candidates` (0.1), and Ultralytics' for the area: wider and higher than so
/// many pixels, more than a tenth of what it was before, less than twenty times as long as
/// thin.
pub(crate) fn is_worth_keeping(before: f32, after: &LabelBox, smallest_side: f32) -> bool {
    let (width, height) = (after.width(), after.height());
    width > smallest_side
        && height > smallest_side
        && after.area() > 0.1 * before
        && width < 20.0 * height
        && height < 20.0 * width
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(left: f32, top: f32, right: f32, bottom: f32) -> LabelBox {
        LabelBox { class: 0, left, top, right, bottom }
    }

    /// Of a picture 10 wide and 4 high.
    #[track_caller]
    fn check(found: LabelBox, expected: Option<LabelBox>) {
        let pixels = Pixels::new(10, 4, Channels::Gray, vec![9; 40]).unwrap();
        let example = Example { name: String::new(), pixels, boxes: vec![found] }.cleaned();
        assert_eq!(example.boxes, Vec::from_iter(expected));
        assert_eq!(example.pixels, filled(10, 4, [9; 3]));
    }

    #[test]
    fn boxes_are_cut_to_their_picture() {
        check(label(1.0, 1.0, 2.0, 3.5), Some(label(1.0, 1.0, 2.0, 3.5)));
        check(label(-5.0, 1.0, 20.0, 30.0), Some(label(0.0, 1.0, 10.0, 4.0)));
        check(label(-5.0, 1.0, 0.0, 3.0), None);
        check(label(5.0, 1.0, 5.0, 3.0), None);
        check(label(6.0, 1.0, 5.0, 3.0), None);
        check(label(f32::NAN, 1.0, 5.0, 3.0), None);
        check(label(0.0, f32::NEG_INFINITY, 5.0, 3.0), None);
    }

    #[test]
    fn fractions_are_of_the_image() {
        let bbox = BBox::from_ltrb(0.25, 0.5, 0.75, 1.0).unwrap();
        let found = LabelBox { class: 0, ..LabelBox::of_image(7, bbox, (200, 100)) };
        assert_eq!(found, label(50.0, 50.0, 150.0, 100.0));
    }

    #[test]
    fn opacity_is_left_out() {
        let data = vec![1, 2, 3, 0, 4, 5, 6, 255];
        let pixels = Pixels::new(2, 1, Channels::Rgba, data).unwrap();
        assert_eq!(rgb(pixels).data(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(filled(1, 2, [1, 2, 3]).data(), [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn what_is_worth_keeping() {
        let keeps = |before: f32, width: f32, height: f32| {
            is_worth_keeping(before, &label(1.0, 1.0, 1.0 + width, 1.0 + height), 2.0)
        };
        assert!(keeps(100.0, 10.0, 10.0));
        assert!(!keeps(100.0, 2.0, 40.0), "not wider than two pixels");
        assert!(keeps(100.0, 4.0, 2.75), "an eleventh is left");
        assert!(!keeps(100.0, 4.0, 2.25), "nine hundredths are left");
        assert!(keeps(100.0, 3.0, 59.0));
        assert!(!keeps(100.0, 3.0, 61.0), "a line");
    }
}

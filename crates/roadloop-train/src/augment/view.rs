//! A rectangle over a picture, inside it or wider than it, and what is seen of the picture in
//! it. Expand and crop draw one after the other; only what comes of both is painted, at the
//! size it is wanted in, so that neither makes a picture sixteen times as large on the way.

use roadloop_vision::{Layout, Pixels, Resampling};

use super::Example;
use super::example::{LabelBox, clip, filled};
use super::paste::{Area, Placement, paste};

/// In pixels of the picture; what is not over the picture has the colour of the fill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl View {
    pub(crate) fn of(pixels: &Pixels) -> View {
        View {
            left: 0.0,
            top: 0.0,
            width: f64::from(pixels.width()),
            height: f64::from(pixels.height()),
        }
    }

    /// What a model's input shows of the picture that lies in it so.
    pub(crate) fn around(pixels: &Pixels, layout: &Layout) -> View {
        let across = f64::from(pixels.width()) / layout.resized_width as f64;
        let down = f64::from(pixels.height()) / layout.resized_height as f64;
        View {
            left: -(layout.left as f64) * across,
            top: -(layout.top as f64) * down,
            width: layout.model_width as f64 * across,
            height: layout.model_height as f64 * down,
        }
    }

    pub(crate) fn contains_middle_of(&self, found: &LabelBox) -> bool {
        let x = f64::from(found.left + found.right) / 2.0 - self.left;
        let y = f64::from(found.top + found.bottom) / 2.0 - self.top;
        (0.0..self.width).contains(&x) && (0.0..self.height).contains(&y)
    }

    /// The view as a picture of that size, and where in it the picture is seen. Boxes whose
    /// middle is not in it are left out, the others are cut to it.
    pub(crate) fn show(
        &self,
        example: &Example,
        (width, height): (u32, u32),
        how: Resampling,
        fill: [u8; 3],
    ) -> (Example, Area) {
        let scale = (f64::from(width) / self.width, f64::from(height) / self.height);
        let shift = (-self.left * scale.0, -self.top * scale.1);
        let at = Placement {
            left: shift.0,
            top: shift.1,
            width: f64::from(example.pixels.width()) * scale.0,
            height: f64::from(example.pixels.height()) * scale.1,
        };
        let mut pixels = filled(width, height, fill);
        let area = paste(&mut pixels, &example.pixels, at, how).unwrap_or((0..0, 0..0));
        let inside = example.boxes.iter().filter(|found| self.contains_middle_of(found));
        let mut boxes = inside.map(|found| found.moved(scale, shift)).collect();
        clip(&mut boxes, width as f32, height as f32);
        (Example { name: example.name.clone(), pixels, boxes }, area)
    }
}

//! Four pictures around one point, on a canvas twice as wide and high as the model's input.
//!
//! From YOLOv4 (Bochkovskiy, Wang and Liao, 2020); places and numbers are YOLOX's
//! `mosaicdetection.py`: the point is drawn between a quarter and three quarters of the canvas,
//! each picture is scaled to fit the input and touches the point with a corner, and what lies
//! outside of the canvas is cut off.

use roadloop_vision::{Fit, Layout, Resampling};

use super::Example;
use super::dice::Dice;
use super::example::{clip, filled};
use super::paste::{Placement, paste};

/// Where the four meet, in pixels of the canvas.
pub(crate) fn drawn_point(dice: &mut Dice, side: u32) -> (u32, u32) {
    let mut place = || dice.between(0.5 * f64::from(side), 1.5 * f64::from(side)) as u32;
    (place(), place())
}

/// Left above, right above, left below, right below. Of those that could not be read there is
/// only the fill.
pub(crate) fn mosaic(
    tiles: [Option<Example>; 4],
    side: u32,
    point: (u32, u32),
    fill: [u8; 3],
) -> Example {
    let mut pixels = filled(2 * side, 2 * side, fill);
    let (mut name, mut boxes) = (String::new(), Vec::new());
    let (x, y) = (f64::from(point.0), f64::from(point.1));
    for (corner, tile) in tiles.into_iter().enumerate() {
        let Some(tile) = tile else { continue };
        let (across, down) = (tile.pixels.width(), tile.pixels.height());
        let fitted = Layout::fit_size(Fit::TopLeft, (across, down), side as usize, side as usize);
        let (width, height) = (fitted.resized_width as f64, fitted.resized_height as f64);
        let left = if corner % 2 == 0 { x - width } else { x };
        let top = if corner < 2 { y - height } else { y };
        let at = Placement { left, top, width, height };
        paste(&mut pixels, &tile.pixels, at, Resampling::Linear);
        let scale = (width / f64::from(across), height / f64::from(down));
        boxes.extend(tile.boxes.iter().map(|found| found.moved(scale, (left, top))));
        if name.is_empty() {
            name = tile.name;
        }
    }
    clip(&mut boxes, 2.0 * side as f32, 2.0 * side as f32);
    Example { name, pixels, boxes }
}

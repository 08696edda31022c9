//! Pictures from further away: laid at a random place on a larger canvas.
//!
//! After SSD (Liu and others, 2016) and GluonCV's `random_expand`: the canvas is up to four
//! times as wide and high, in proportion.

use super::dice::Dice;
use super::view::View;

/// A view around the picture's own, up to so many times as wide and high.
pub(crate) fn drawn(dice: &mut Dice, view: &View, most: f32) -> View {
    let ratio = dice.between(1.0, most.into());
    let (width, height) = ((view.width * ratio).floor(), (view.height * ratio).floor());
    let mut shift = |room: f64| dice.below(room.max(0.0) as u64 + 1) as f64;
    View {
        left: view.left - shift(width - view.width),
        top: view.top - shift(height - view.height),
        width,
        height,
    }
}

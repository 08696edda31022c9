//! Two pictures seen through each other, half and half, with the boxes of both.
//!
//! From "mixup" (Zhang and others, 2018) as YOLOX does it for detection (`mixup` in
//! `mosaicdetection.py`): the second one is scaled to fit the input, scaled again by lot,
//! perhaps flipped, and of what is larger than the input a window is drawn. Its weight is a
//! half and no draw, and boxes keep their full weight.

use roadloop_vision::{Fit, Layout, Pixels, Resampling};

use super::dice::Dice;
use super::example::{LabelBox, filled, is_worth_keeping};
use super::paste::{Placement, paste};
use super::{Augment, Example, flip};

/// Boxes of the second must be wider and higher than this, in pixels: YOLOX's number.
const SMALLEST_SIDE: f32 = 5.0;

/// What is drawn for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    pub(crate) scale: f64,
    pub(crate) flipped: bool,
    /// Where the window lies in what is larger than it: 0 at the left and top, 1 at the right
    /// and bottom.
    pub(crate) window: (f64, f64),
}

impl Mix {
    pub(crate) fn drawn(dice: &mut Dice, augment: &Augment) -> Mix {
        let (low, high) = augment.mixup_scale;
        let scale = dice.between(low.into(), high.into());
        let flipped = dice.chance(0.5);
        Mix { scale, flipped, window: (dice.share(), dice.share()) }
    }
}

/// Mixes the second into the first. Where none of its boxes would be seen it is left out.
pub(crate) fn mixup(first: &mut Example, second: &Example, mix: Mix, fill: [u8; 3]) {
    let (width, height) = (first.pixels.width(), first.pixels.height());
    let size = (second.pixels.width(), second.pixels.height());
    let fitted = Layout::fit_size(Fit::TopLeft, size, width as usize, height as usize);
    // The input, scaled again: the second picture at its left top, the rest padding.
    let scaled = |side: u32| ((f64::from(side) * mix.scale) as u32).max(1);
    let (across, down) = (scaled(width), scaled(height));
    let start = |share: f64, length: u32, side: u32| {
        (share * f64::from(length.saturating_sub(side))).floor()
    };
    let left = start(mix.window.0, across, width);
    let top = start(mix.window.1, down, height);
    let [x, y] = [f64::from(across) / f64::from(width), f64::from(down) / f64::from(height)];
    let at = Placement {
        left: -left,
        top: -top,
        width: fitted.resized_width as f64 * x,
        height: fitted.resized_height as f64 * y,
    };
    let scale = (at.width / f64::from(size.0), at.height / f64::from(size.1));
    let (seen_width, seen_height) =
        (f64::from(across).min(width.into()), f64::from(down).min(height.into()));
    // Flipped within the scaled input, of which the window is a part.
    let mirror = |found: LabelBox| match mix.flipped {
        true => found.mirrored(across as f32),
        false => found,
    };
    let mirrored_left = match mix.flipped {
        true => f64::from(across) - at.width - left,
        false => at.left,
    };
    let kept: Vec<LabelBox> = second
        .boxes
        .iter()
        .filter_map(|found| {
            let whole = mirror(found.moved(scale, (0.0, 0.0)));
            let seen = whole.moved((1.0, 1.0), (-left, -top));
            let seen = seen.clipped(seen_width as f32, seen_height as f32);
            is_worth_keeping(whole.area(), &seen, SMALLEST_SIDE).then_some(seen)
        })
        .collect();
    if kept.is_empty() {
        return;
    }
    first.boxes.extend(kept);
    // Black where the scaled input is smaller than the input: YOLOX's choice.
    let mut window = filled(width, height, [0; 3]);
    fill_corner(&mut window, seen_width as u32, seen_height as u32, fill);
    // Seen from behind, the window is painted as if it were not, and then flipped: there is
    // less of it than of the picture.
    let seen = Placement { left: mirrored_left, ..at };
    match mix.flipped {
        false => {
            paste(&mut window, &second.pixels, seen, Resampling::Linear);
        }
        true => {
            let mut behind = Example { name: String::new(), pixels: window, boxes: Vec::new() };
            flip::flip(&mut behind);
            let left = f64::from(width) - seen.left - seen.width;
            let seen = Placement { left, ..seen };
            paste(&mut behind.pixels, &second.pixels, seen, Resampling::Linear);
            flip::flip(&mut behind);
            window = behind.pixels;
        }
    }
    blend(&mut first.pixels, &window);
}

/// So many pixels at the left top.
fn fill_corner(pixels: &mut Pixels, width: u32, height: u32, color: [u8; 3]) {
    let row_bytes = 3 * pixels.width() as usize;
    for line in pixels.data_mut().chunks_exact_mut(row_bytes).take(height as usize) {
        line.as_chunks_mut::<3>().0[..width as usize].fill(color);
    }
}

/// The mean of both, cut to a whole number; both are of one size.
fn blend(first: &mut Pixels, second: &Pixels) {
    for (sample, other) in first.data_mut().iter_mut().zip(second.data()) {
        *sample = ((u16::from(*sample) + u16::from(*other)) >> 1) as u8;
    }
}

//! Pictures and boxes changed for training, so that a detector sees more than was recorded.
//!
//! Two recipes, whose numbers are in one value, [`Augment`]: YOLOX's (mosaic, affine, mixup,
//! HSV, flip) and that of the reference's YOLOv3 (colours, expand, crop, resampling, flip).
//! Each step is a file with its formula and source.
//!
//! What comes out is a function of seed, epoch, the example's place and the input's side, and
//! of nothing else: not of the order, the number of threads, or whether a run was resumed.
//! Each step throws [dice](dice::Dice) of its own, so a step that is switched off changes no
//! other's draws.
//!
//! Knows no dataset and no model: examples come from a source that is handed in, and pictures
//! are brought to their tensor by [batches](crate::Batches), as in serving.

mod affine;
mod crop;
mod dice;
mod distort;
mod example;
mod expand;
mod flip;
mod hsv;
mod lanes;
mod mixup;
mod mosaic;
mod paste;
mod recipe;
mod shape;
#[cfg(test)]
mod tests;
mod view;
mod warp;

use roadloop_base::{Items, Skip};
use roadloop_vision::{Fit, Layout, Resampling};

use affine::Affine;
use dice::Dice;
use distort::Distort;
pub use example::{Example, LabelBox};
use hsv::HsvShift;
use mixup::Mix;
use paste::Area;
pub(crate) use recipe::within;
pub use recipe::{Augment, AugmentError, YoloxSize};
pub use shape::RandomShape;
use view::View;

/// What draws depend on beside the example's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    pub seed: u64,
    pub epoch: u64,
}

/// What pictures are made for: a square input, and how a picture comes to lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input {
    /// In pixels, above 0.
    pub side: u32,
    pub fit: Fit,
}

/// An example as a step of training sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmented {
    /// Of any size: it is still to be fitted to the input, which changes nothing of what has
    /// its size already.
    pub example: Example,
    /// Where the example's own picture comes to lie in the input; `None` where it was changed
    /// in more than size and colours, or is one of several.
    pub layout: Option<Layout>,
}

/// Places of other examples are drawn again so often where one cannot be read, or shows
/// nothing to mix in.
const TRIES: usize = 3;

/// Which dice are thrown. Numbers are part of what a seed means: never reused or changed.
#[derive(Clone, Copy)]
enum Step {
    Mosaic = 1,
    MosaicTiles = 2,
    Affine = 3,
    Mixup = 4,
    MixupOther = 5,
    Hsv = 6,
    Distort = 7,
    Expand = 8,
    Crop = 9,
    Flip = 10,
    Resampling = 11,
}

/// The dice of one example.
struct Draws {
    lot: Lot,
    place: u64,
}

impl Draws {
    fn of(&self, step: Step) -> Dice {
        Dice::of(&[self.lot.seed, self.lot.epoch, self.place, step as u64])
    }
}

/// The example at that place, changed by the recipe, whose numbers were [checked](Augment::check).
///
/// Of others that it is put together with, those that cannot be read are left out: each is
/// spoken of when its own turn comes.
pub fn augmented<S>(
    source: &S,
    place: usize,
    lot: Lot,
    input: Input,
    augment: &Augment,
) -> Result<Augmented, Skip>
where
    S: Items<Item = Example, Error = Skip> + ?Sized,
{
    let draws = Draws { lot, place: place as u64 };
    let first = source.get(place)?.cleaned();
    let mut mosaic = draws.of(Step::Mosaic);
    if mosaic.chance(augment.mosaic_probability) {
        let point = mosaic::drawn_point(&mut mosaic, input.side);
        let mut dice = draws.of(Step::MosaicTiles);
        let [second, third, fourth] = [0; 3].map(|_| other(source, &mut dice, |_| true));
        let tiles = [Some(first), second, third, fourth];
        let canvas = mosaic::mosaic(tiles, input.side, point, augment.fill);
        let mut example = warped(&canvas, &draws, input.side, augment);
        let mut mixup = draws.of(Step::Mixup);
        if !example.boxes.is_empty() && mixup.chance(augment.mixup_probability) {
            let mut dice = draws.of(Step::MixupOther);
            let has_boxes = |example: &Example| !example.boxes.is_empty();
            if let Some(second) = other(source, &mut dice, has_boxes) {
                let mix = Mix::drawn(&mut mixup, augment);
                mixup::mixup(&mut example, &second, mix, augment.fill);
            }
        }
        return Ok(Augmented { example: composed(example, &draws, augment), layout: None });
    }
    if draws.of(Step::Affine).chance(augment.affine_probability) {
        let (across, down) = (input.side, input.side);
        let layout = Layout::fit_size(input.fit, size_of(&first), across as usize, down as usize);
        let canvas = View::around(&first.pixels, &layout);
        let (canvas, _) = canvas.show(&first, (across, down), Resampling::Linear, augment.fill);
        let example = warped(&canvas, &draws, input.side, augment);
        return Ok(Augmented { example: composed(example, &draws, augment), layout: None });
    }
    Ok(single(first, &draws, input, augment))
}

/// Another example, whichever is drawn first that can be read and is wanted.
fn other<S>(source: &S, dice: &mut Dice, wanted: impl Fn(&Example) -> bool) -> Option<Example>
where
    S: Items<Item = Example, Error = Skip> + ?Sized,
{
    let mut drawn = (0..TRIES).map(|_| source.get(dice.below(source.len() as u64) as usize));
    drawn.find_map(|read| read.ok().map(Example::cleaned).filter(|example| wanted(example)))
}

/// A canvas of any size as a square picture, by a matrix that is drawn.
fn warped(canvas: &Example, draws: &Draws, side: u32, augment: &Augment) -> Example {
    // The first draw of this row says whether, the others how.
    let mut dice = draws.of(Step::Affine);
    dice.share();
    let affine = Affine::drawn(&mut dice, augment, size_of(canvas), (side, side));
    let pixels = match affine.inverse() {
        Some(back) => warp::warp(&canvas.pixels, &back, (side, side), augment.fill),
        // Settings that were checked have a way back.
        None => example::filled(side, side, augment.fill),
    };
    let boxes = affine.boxes(&canvas.boxes, (side, side));
    Example { name: canvas.name.clone(), pixels, boxes }
}

/// What has the input's size already: colours, then a view of it, then the flip.
fn composed(mut example: Example, draws: &Draws, augment: &Augment) -> Example {
    let all = lanes::all_of(&example.pixels);
    let colors = Colors::drawn(draws, augment);
    colors.apply(&mut example, &all);
    let view = drawn_view(&example, draws, augment);
    if view != View::of(&example.pixels) {
        let how = drawn_resampling(draws, augment);
        example = view.show(&example, size_of(&example), how, augment.fill).0;
    }
    if draws.of(Step::Flip).chance(augment.flip_probability) {
        flip::flip(&mut example);
    }
    example
}

/// One picture alone. It is made smaller before its colours are changed, for there is less to
/// change then; what has no more to be done to it than that is left to serving's function.
fn single(example: Example, draws: &Draws, input: Input, augment: &Augment) -> Augmented {
    let side = input.side as usize;
    let layout = Layout::fit_size(input.fit, size_of(&example), side, side);
    let colors = Colors::drawn(draws, augment);
    let view = drawn_view(&example, draws, augment);
    let is_whole = view == View::of(&example.pixels);
    let how = drawn_resampling(draws, augment);
    let flipped = draws.of(Step::Flip).chance(augment.flip_probability);
    let layout_of_source = (is_whole && !flipped).then_some(layout);
    let mut example = example;
    if !is_whole || how != Resampling::Linear || !colors.is_none() {
        let seen = (view.width.max(1.0) as u32, view.height.max(1.0) as u32);
        let fitted = Layout::fit_size(input.fit, seen, side, side);
        let size = (fitted.resized_width as u32, fitted.resized_height as u32);
        let (shown, area) = view.show(&example, size, how, augment.fill);
        example = shown;
        colors.apply(&mut example, &area);
    }
    if flipped {
        flip::flip(&mut example);
    }
    Augmented { example, layout: layout_of_source }
}

/// Both ways of changing colours; a recipe has one of them.
struct Colors {
    hsv: HsvShift,
    distort: Distort,
}

impl Colors {
    fn drawn(draws: &Draws, augment: &Augment) -> Colors {
        let mut dice = draws.of(Step::Hsv);
        let hsv = match dice.chance(augment.hsv_probability) {
            true => HsvShift::drawn(&mut dice, augment.hsv_gains),
            false => HsvShift::NONE,
        };
        Colors { hsv, distort: Distort::drawn(&mut draws.of(Step::Distort), augment) }
    }

    fn is_none(&self) -> bool {
        self.hsv == HsvShift::NONE && self.distort == Distort::NONE
    }

    fn apply(&self, example: &mut Example, area: &Area) {
        self.hsv.apply(&mut example.pixels, area);
        self.distort.apply(&mut example.pixels, area);
    }
}

/// What is looked at: the picture, or more or less than it.
fn drawn_view(example: &Example, draws: &Draws, augment: &Augment) -> View {
    let mut view = View::of(&example.pixels);
    let mut dice = draws.of(Step::Expand);
    if dice.chance(augment.expand_probability) {
        view = expand::drawn(&mut dice, &view, augment.expand_ratio);
    }
    let mut dice = draws.of(Step::Crop);
    if dice.chance(augment.crop_probability) {
        view = crop::drawn(&mut dice, augment, &view, &example.boxes);
    }
    view
}

/// The five that `imresize` of the reference draws from.
fn drawn_resampling(draws: &Draws, augment: &Augment) -> Resampling {
    let mut dice = draws.of(Step::Resampling);
    if !dice.chance(augment.random_resampling_probability) {
        return Resampling::Linear;
    }
    match dice.below(5) {
        0 => Resampling::Nearest,
        1 => Resampling::Linear,
        2 => Resampling::Cubic,
        3 => Resampling::Area,
        _ => Resampling::Lanczos,
    }
}

fn size_of(example: &Example) -> (u32, u32) {
    (example.pixels.width(), example.pixels.height())
}

//! Laws of what comes out. The strongest: a box painted into the example as a filled
//! rectangle is, in the changed picture, where the changed box says.

use proptest::prelude::*;

use super::example::{filled, is_worth_keeping, picture};
use super::*;

/// Of painted boxes by their class: all three channels are far from any fill.
const COLORS: [[u8; 3]; 4] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
/// Of what is no box; a mixed picture is its half.
const GROUND: [u8; 3] = [0; 3];

/// Examples that lie in memory; a place that holds none cannot be read.
#[derive(Clone)]
struct Memory(Vec<Option<Example>>);

impl Items for Memory {
    type Item = Example;
    type Error = Skip;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, place: usize) -> Result<Example, Skip> {
        let missing = || Skip::new(format!("example {place}"), "it cannot be read");
        self.0.get(place).cloned().flatten().ok_or_else(missing)
    }
}

/// A picture of that size with one painted box, in whole pixels, that touches no edge.
fn painted(size: (u32, u32), place: [f64; 4], class: u32) -> Example {
    let side = |start: f64, length: f64, side: u32| {
        let start = (f64::from(side) * (0.1 + 0.5 * start)).floor();
        let length = (f64::from(side) * (0.15 + 0.2 * length)).ceil();
        (start as u32, (start + length) as u32)
    };
    let (left, right) = side(place[0], place[2], size.0);
    let (top, bottom) = side(place[1], place[3], size.1);
    let mut pixels = filled(size.0, size.1, GROUND);
    for (number, pixel) in pixels.data_mut().chunks_exact_mut(3).enumerate() {
        let (x, y) = (number as u32 % size.0, number as u32 / size.0);
        if (left..right).contains(&x) && (top..bottom).contains(&y) {
            pixel.copy_from_slice(&COLORS[class as usize % 4]);
        }
    }
    let [left, top, right, bottom] = [left, top, right, bottom].map(|side| side as f32);
    let boxes = vec![LabelBox { class, left, top, right, bottom }];
    Example { name: format!("example {class}"), pixels, boxes }
}

/// Where pixels of that class are: the box around all whose channels are on its side of the
/// middle, which is `middle` for a mixed picture.
fn seen(pixels: &roadloop_vision::Pixels, class: u32, middle: u8) -> Option<LabelBox> {
    let width = pixels.width();
    let mut found: Option<LabelBox> = None;
    for (number, pixel) in pixels.data().chunks_exact(3).enumerate() {
        let color = COLORS[class as usize % 4];
        if !pixel.iter().zip(color).all(|(sample, color)| (*sample > middle) == (color > middle)) {
            continue;
        }
        let (x, y) = ((number as u32 % width) as f32, (number as u32 / width) as f32);
        let here = LabelBox { class, left: x, top: y, right: x + 1.0, bottom: y + 1.0 };
        found = Some(found.map_or(here, |so_far| LabelBox {
            class,
            left: so_far.left.min(here.left),
            top: so_far.top.min(here.top),
            right: so_far.right.max(here.right),
            bottom: so_far.bottom.max(here.bottom),
        }));
    }
    found
}

fn sides(found: &LabelBox) -> [f32; 4] {
    [found.left, found.top, found.right, found.bottom]
}

/// Every box is where pixels of its class are, within so many pixels.
fn boxes_are_where_they_say(example: &Example, middle: u8, near: f32) -> Result<(), TestCaseError> {
    for found in &example.boxes {
        let seen = seen(&example.pixels, found.class, middle);
        // What an edge has left of a box may be too thin to cover the middle of any pixel.
        if seen.is_none() && found.width().min(found.height()) <= near {
            continue;
        }
        let Some(seen) = seen else {
            return Err(TestCaseError::fail(format!("nothing is where {found:?} is")));
        };
        for (said, seen_side) in sides(found).iter().zip(sides(&seen)) {
            prop_assert!((said - seen_side).abs() <= near, "said {found:?} seen {seen:?}");
        }
    }
    Ok(())
}

fn boxes_are_inside(example: &Example) -> Result<(), TestCaseError> {
    let (width, height) = (example.pixels.width() as f32, example.pixels.height() as f32);
    for found in &example.boxes {
        prop_assert!(found.left >= 0.0 && found.top >= 0.0, "{found:?}");
        prop_assert!(found.right <= width && found.bottom <= height, "{found:?}");
        prop_assert!(found.width() > 0.0 && found.height() > 0.0, "{found:?}");
    }
    Ok(())
}

fn any_size() -> impl Strategy<Value = (u32, u32)> {
    (60u32..300, 60u32..300)
}

fn any_place() -> impl Strategy<Value = [f64; 4]> {
    prop::array::uniform4(0.0..1.0)
}

fn four_painted() -> impl Strategy<Value = [Example; 4]> {
    prop::array::uniform4((any_size(), any_place())).prop_map(|parts| {
        let mut class = 0;
        parts.map(|(size, place)| {
            class += 1;
            painted(size, place, class - 1)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_mosaic_keeps_boxes_on_what_they_mark(tiles in four_painted(), seed: u64) {
        let point = mosaic::drawn_point(&mut Dice::of(&[seed]), 128);
        let canvas = mosaic::mosaic(tiles.map(Some), 128, point, [114; 3]);
        boxes_are_inside(&canvas)?;
        boxes_are_where_they_say(&canvas, 127, 1.5)?;
    }

    #[test]
    fn an_affine_keeps_boxes_on_what_they_mark(
        size in any_size(), place in any_place(), seed: u64,
    ) {
        let source = painted(size, place, 0);
        let augment = Augment { scale: (0.4, 2.0), ..Augment::default() };
        let affine = Affine::drawn(&mut Dice::of(&[seed]), &augment, size, (200, 160));
        let back = affine.inverse().expect("a way back");
        let pixels = warp::warp(&source.pixels, &back, (200, 160), [114; 3]);
        let boxes = affine.boxes(&source.boxes, (200, 160));
        let example = Example { name: String::new(), pixels, boxes };
        boxes_are_inside(&example)?;
        let edges = [0.0, 0.0, 200.0, 160.0];
        let is_cut = example.boxes.first().is_some_and(|found| {
            sides(found).iter().zip(edges).any(|(side, edge)| *side == edge)
        });
        if !is_cut {
            return boxes_are_where_they_say(&example, 127, 1.5);
        }
        // A turned rectangle that the edge cuts may be seen in less than its box, not in more.
        if let Some(seen) = seen(&example.pixels, 0, 127) {
            let said = sides(&example.boxes[0]);
            prop_assert!(seen.left >= said[0] - 1.5 && seen.right <= said[2] + 1.5);
            prop_assert!(seen.top >= said[1] - 1.5 && seen.bottom <= said[3] + 1.5);
        }
    }

    #[test]
    fn mixup_keeps_boxes_on_what_they_mark(
        size in any_size(), place in any_place(), seed: u64,
    ) {
        // Its own boxes are of another class; they cover too little to hide an edge.
        let mut first = Example { boxes: Vec::new(), ..painted((160, 120), [0.0; 4], 1) };
        first.pixels = filled(160, 120, GROUND);
        let second = painted(size, place, 3);
        let mix = Mix::drawn(&mut Dice::of(&[seed]), &Augment::default());
        mixup::mixup(&mut first, &second, mix, [114; 3]);
        boxes_are_inside(&first)?;
        // Half of white is 127; the fill's half is 57.
        boxes_are_where_they_say(&first, 63, 1.5)?;
        if first.boxes.is_empty() {
            prop_assert_eq!(first.pixels, filled(160, 120, GROUND), "left as it was");
        }
    }

    #[test]
    fn expand_and_crop_keep_boxes_on_what_they_mark(
        size in any_size(), place in any_place(), seed: u64, how in 0usize..5,
    ) {
        let source = painted(size, place, 2);
        let augment = Augment::yolov3_reference();
        let mut dice = Dice::of(&[seed]);
        let view = expand::drawn(&mut dice, &View::of(&source.pixels), 4.0);
        let view = crop::drawn(&mut dice, &augment, &view, &source.boxes);
        let all = [
            Resampling::Nearest,
            Resampling::Linear,
            Resampling::Cubic,
            Resampling::Area,
            Resampling::Lanczos,
        ];
        let (shown, area) = view.show(&source, (160, 128), all[how], augment.fill);
        prop_assert_eq!(shown.boxes.len(), 1, "the only box stays");
        boxes_are_inside(&shown)?;
        boxes_are_where_they_say(&shown, 127, 1.5)?;
        // What lies outside of the area is the fill.
        for (number, pixel) in shown.pixels.data().chunks_exact(3).enumerate() {
            let (x, y) = (number % 160, number / 160);
            if !(area.0.contains(&x) && area.1.contains(&y)) {
                prop_assert_eq!(pixel, &augment.fill);
            }
        }
    }

    #[test]
    fn flipped_twice_is_not_flipped(size in (1u32..40, 1u32..40), place in any_place()) {
        let mut example = painted(size, place, 1);
        let before = example.clone();
        flip::flip(&mut example);
        boxes_are_where_they_say(&example, 127, 0.0)?;
        flip::flip(&mut example);
        prop_assert_eq!(example, before);
    }

    /// Whole recipes, with colours off: they would paint over.
    #[test]
    fn recipes_keep_boxes_on_what_they_mark(tiles in four_painted(), seed: u64, recipe in 0usize..4) {
        // One example of a class: other places are drawn, and may be the same again.
        let recipes = [
            Augment { crop_probability: 0.5, ..Augment::yolov3_reference() },
            Augment { affine_probability: 1.0, ..Augment::none() },
            Augment { flip_probability: 0.5, crop_probability: 1.0, ..Augment::yolov3_reference() },
            Augment { flip_probability: 1.0, ..Augment::none() },
        ];
        let augment = Augment { distort_probability: 0.0, ..recipes[recipe].clone() };
        let source = Memory(tiles.map(Some).to_vec());
        for (fit, place) in [(Fit::Stretch, 0), (Fit::TopLeft, 1), (Fit::Centered, 2)] {
            let input = Input { side: 160, fit };
            let lot = Lot { seed, epoch: 3 };
            let made = augmented(&source, place, lot, input, &augment).expect("it can be read");
            boxes_are_inside(&made.example)?;
            boxes_are_where_they_say(&made.example, 127, 1.5)?;
        }
    }

    #[test]
    fn no_size_and_no_box_is_too_odd(
        sizes in prop::collection::vec((1u32..6, 1u32..6), 1..4),
        long in 0usize..4,
        box_sides in prop::array::uniform4(-9.0f32..9.0),
        seed: u64,
        recipe in 0usize..4,
    ) {
        let long = [(1, 1), (1, 5000), (5000, 1), (3, 2)][long];
        let recipes = [
            Augment { affine_probability: 1.0, ..Augment::default() },
            Augment::yolox(YoloxSize::Nano),
            Augment::yolov3_reference(),
            Augment { mosaic_probability: 0.7, mixup_probability: 1.0, affine_probability: 0.5,
                ..Augment::yolov3_reference() },
        ];
        let [left, top, right, bottom] = box_sides;
        let odd = [(left, right), (f32::NAN, 1.0), (0.0, f32::INFINITY), (2.0, 2.0)];
        let boxes: Vec<LabelBox> = odd
            .into_iter()
            .map(|(left, right)| LabelBox { class: 9, left, top, right, bottom })
            .collect();
        let examples = sizes.into_iter().chain([long]).map(|(width, height)| {
            let pixels = filled(width, height, [7; 3]);
            Some(Example { name: String::new(), pixels, boxes: boxes.clone() })
        });
        let source = Memory(examples.chain([None]).collect());
        for place in 0..source.len() - 1 {
            let input = Input { side: 64, fit: Fit::TopLeft };
            let lot = Lot { seed, epoch: 0 };
            let made = augmented(&source, place, lot, input, &recipes[recipe]).expect("read");
            boxes_are_inside(&made.example)?;
        }
        let (lot, input) = (Lot { seed, epoch: 0 }, Input { side: 64, fit: Fit::TopLeft });
        let broken = augmented(&source, source.len() - 1, lot, input, &recipes[recipe]);
        prop_assert_eq!(broken.unwrap_err().reason, "it cannot be read");
    }
}

/// A street of four examples: places, in the order they are asked for, give what they gave in
/// another.
#[test]
fn the_same_lot_gives_the_same_picture_in_any_order() {
    let source = Memory(
        (0..6)
            .map(|class| Some(painted((200 + class, 120), [0.3, 0.5, 0.7, 0.1], class)))
            .collect(),
    );
    for augment in [Augment::default(), Augment::yolov3_reference()] {
        let input = Input { side: 96, fit: Fit::TopLeft };
        let make = |place, seed, epoch| {
            augmented(&source, place, Lot { seed, epoch }, input, &augment).expect("it can be read")
        };
        let forwards: Vec<Augmented> = (0..6).map(|place| make(place, 5, 2)).collect();
        let mut backwards: Vec<Augmented> = (0..6).rev().map(|place| make(place, 5, 2)).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
        let differ = |other: Vec<Augmented>| {
            forwards.iter().zip(&other).all(|(a, b)| a.example.pixels != b.example.pixels)
        };
        assert!(differ((0..6).map(|place| make(place, 5, 3)).collect()), "another epoch");
        assert!(differ((0..6).map(|place| make(place, 6, 2)).collect()), "another seed");
    }
}

#[test]
fn a_step_that_is_switched_off_changes_no_other_draw() {
    let source = Memory(vec![Some(painted((200, 120), [0.3, 0.5, 0.7, 0.1], 0))]);
    let input = Input { side: 96, fit: Fit::TopLeft };
    let flips = |augment: Augment| -> Vec<bool> {
        let flipped = |epoch| {
            let lot = Lot { seed: 1, epoch };
            augmented(&source, 0, lot, input, &augment).expect("it can be read").layout.is_none()
        };
        (0..50).map(flipped).collect()
    };
    let alone = Augment { flip_probability: 0.5, ..Augment::none() };
    let with_colors =
        Augment { hsv_probability: 1.0, hsv_gains: [5.0, 30.0, 30.0], ..alone.clone() };
    assert_eq!(flips(alone.clone()), flips(with_colors));
    let count = flips(alone).into_iter().filter(|flipped| *flipped).count();
    assert!((15..35).contains(&count), "{count}");
}

#[test]
fn no_augmentation_changes_nothing() {
    let example = painted((200, 120), [0.3, 0.5, 0.7, 0.1], 0);
    let source = Memory(vec![Some(example.clone())]);
    for fit in [Fit::Stretch, Fit::TopLeft, Fit::Centered] {
        let (lot, input) = (Lot { seed: 3, epoch: 9 }, Input { side: 96, fit });
        let made = augmented(&source, 0, lot, input, &Augment::none()).expect("it can be read");
        assert_eq!(made.example, example);
        assert_eq!(made.layout, Some(Layout::fit_size(fit, (200, 120), 96, 96)));
        // A recipe that is on with nothing to do.
        let idle = Augment {
            hsv_probability: 1.0,
            distort_probability: 1.0,
            crop_probability: 1.0,
            ..Augment::none()
        };
        let made = augmented(&source, 0, lot, input, &idle).expect("it can be read");
        assert_eq!(made.example, example);
    }
    let mut with_itself = example.clone();
    let mix = Mix { scale: 1.0, flipped: false, window: (0.0, 0.0) };
    mixup::mixup(&mut with_itself, &example, mix, [114; 3]);
    assert_eq!(with_itself.pixels, example.pixels, "the mean of twice the same");
    assert_eq!(with_itself.boxes, [example.boxes[0], example.boxes[0]]);
}

#[test]
fn a_mosaic_of_what_cannot_be_read_is_of_what_can() {
    let example = painted((200, 120), [0.3, 0.5, 0.7, 0.1], 0);
    let source = Memory(vec![Some(example), None, None, None, None, None, None, None]);
    let input = Input { side: 96, fit: Fit::TopLeft };
    let made = augmented(&source, 0, Lot { seed: 1, epoch: 1 }, input, &Augment::default());
    let made = made.expect("its own picture can be read").example;
    assert_eq!((made.pixels.width(), made.pixels.height()), (96, 96));
    let broken = augmented(&source, 1, Lot { seed: 1, epoch: 1 }, input, &Augment::default());
    assert_eq!(broken.unwrap_err().place, "example 1");
}

/// Where a tile lies, by hand: a picture 100 x 50 in an input of 100, the point at (80, 120).
#[test]
fn tiles_touch_the_point() {
    let colors = [[10; 3], [20; 3], [30; 3], [40; 3]];
    let tiles = colors.map(|color| {
        let found = LabelBox { class: 0, left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };
        let pixels = filled(100, 50, color);
        Some(Example { name: String::new(), pixels, boxes: vec![found] })
    });
    let canvas = mosaic::mosaic(tiles, 100, (80, 120), [114; 3]);
    let boxes: Vec<[f32; 4]> = canvas.boxes.iter().map(sides).collect();
    let expected = [
        [0.0, 70.0, 80.0, 120.0],
        [80.0, 70.0, 180.0, 120.0],
        [0.0, 120.0, 80.0, 170.0],
        [80.0, 120.0, 180.0, 170.0],
    ];
    assert_eq!(boxes, expected);
    let at = |x: usize, y: usize| canvas.pixels.data()[3 * (200 * y + x)];
    assert_eq!([at(79, 119), at(80, 119), at(79, 120), at(80, 120)], [10, 20, 30, 40]);
    assert_eq!([at(0, 69), at(180, 119), at(0, 170)], [114; 3]);
}

/// The second picture, 40 x 20 in an input of 40, made half as large: 20 x 10, left above.
#[test]
fn mixup_is_half_and_half() {
    let first =
        || Example { name: String::new(), pixels: filled(40, 40, [100; 3]), boxes: Vec::new() };
    let found = LabelBox { class: 4, left: 0.0, top: 0.0, right: 20.0, bottom: 20.0 };
    let second =
        Example { name: String::new(), pixels: filled(40, 20, [201; 3]), boxes: vec![found] };
    let mut mixed = first();
    let mix = Mix { scale: 0.5, flipped: false, window: (0.0, 0.0) };
    mixup::mixup(&mut mixed, &second, mix, [114; 3]);
    assert_eq!(sides(&mixed.boxes[0]), [0.0, 0.0, 10.0, 10.0]);
    let at = |x: usize, y: usize| mixed.pixels.data()[3 * (40 * y + x)];
    // Cut, not rounded: (100 + 201) / 2; then padding, then black.
    assert_eq!(
        [at(0, 0), at(19, 9), at(0, 10), at(19, 19), at(20, 0), at(0, 20)],
        [150, 150, 107, 107, 50, 50]
    );
    let mut mixed = first();
    mixup::mixup(&mut mixed, &second, Mix { flipped: true, ..mix }, [114; 3]);
    assert_eq!(sides(&mixed.boxes[0]), [10.0, 0.0, 20.0, 10.0]);
    // Twice as large: of 80 x 40, the right half of the window is seen.
    let mut mixed = first();
    let mix = Mix { scale: 2.0, flipped: false, window: (0.5, 0.0) };
    mixup::mixup(&mut mixed, &second, mix, [114; 3]);
    assert_eq!(sides(&mixed.boxes[0]), [0.0, 0.0, 20.0, 40.0]);
    // A box of which little is seen brings the picture with it, or is left out with it.
    let mut mixed = first();
    mixup::mixup(&mut mixed, &second, Mix { scale: 2.0, window: (0.95, 0.0), ..mix }, [114; 3]);
    assert_eq!(mixed, first());
    assert!(!is_worth_keeping(1600.0, &found.clipped(2.0, 40.0), 5.0));
}

#[test]
fn single_pictures_stay_in_their_proportions() {
    let source = Memory(vec![Some(Example {
        name: String::new(),
        pixels: picture(40, 20, [30, 60, 90].repeat(800)),
        boxes: Vec::new(),
    })]);
    let check = |fit: Fit, expected: (u32, u32)| {
        let augment =
            Augment { hsv_probability: 1.0, hsv_gains: [0.0, 0.0, 40.0], ..Augment::none() };
        let lot = |epoch| Lot { seed: 1, epoch };
        let input = Input { side: 20, fit };
        let made = (0..20).map(|epoch| augmented(&source, 0, lot(epoch), input, &augment));
        let changed = made
            .map(|made| made.expect("it can be read").example.pixels)
            .find(|pixels| pixels.data()[0] != 30)
            .expect("every second epoch shifts the value");
        assert_eq!((changed.width(), changed.height()), expected);
    };
    check(Fit::TopLeft, (20, 10));
    check(Fit::Stretch, (20, 20));
}

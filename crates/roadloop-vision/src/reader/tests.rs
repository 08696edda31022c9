//! A finder that takes white for text, and a recogniser that reads what it is told.

use roadloop_base::ModelId;

use super::recogniser::tests::that_reads;
use super::*;
use crate::Channels;
use crate::model::Tensor;
use crate::model::fake::{FakeModel, port, tensor};

const WIDTH: usize = 800;
const HEIGHT: usize = 736;

/// `ab a`, on the first seven of ten steps of a strip whose text is 225 of 320 wide.
const WORDS: [f32; 10] = [1.9, 0.9, 2.7, 3.8, 0.9, 1.8, 0.9, 0.9, 0.9, 0.9];

fn finder(answer: fn(&Tensor) -> Tensor) -> TextFinder {
    let model = FakeModel {
        inputs: vec![port("x", &[0, 3, 0, 0])],
        outputs: vec![port("map", &[0, 1, 0, 0])],
        answer: Box::new(move |inputs| vec![answer(&inputs[0])]),
    };
    let id = ModelId::from_content("white", [1; 4]);
    TextFinder::new(Box::new(model), id, &FinderOptions::default()).expect("it fits")
}

/// White, which is more than 191 of 255, is text at 0.9.
fn white(picture: &Tensor) -> Tensor {
    let [_, _, height, width] = picture.shape() else { panic!("{:?}", picture.shape()) };
    let blue = &picture.as_f32().expect("f32")[..height * width];
    let map = blue.iter().map(|value| if *value > 0.5 { 0.9 } else { 0.0 }).collect();
    tensor(&[1, 1, *height, *width], map)
}

/// Dark, with bars: left, top, width, height and gray.
fn picture(bars: &[(usize, usize, usize, usize, u8)]) -> Pixels {
    let mut data = vec![0; WIDTH * HEIGHT];
    for (left, top, width, height, gray) in bars {
        for row in data.chunks_exact_mut(WIDTH).skip(*top).take(*height) {
            row[*left..left + width].fill(*gray);
        }
    }
    Pixels::new(WIDTH as u32, HEIGHT as u32, Channels::Gray, data).expect("a picture")
}

fn reader(steps: &'static [f32], answer: fn(&Tensor) -> bool) -> TextReader {
    TextReader::new(finder(white), that_reads(steps, answer), 0.5)
}

#[track_caller]
fn near(corners: &[[f32; 2]; 4], expected: [[f32; 2]; 4]) {
    let pixels = corners.map(|[x, y]| [x * WIDTH as f32, y * HEIGHT as f32]);
    let off = pixels.iter().zip(expected).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1]));
    assert!(off.fold(0.0, f32::max) < 1.0, "{pixels:?}");
}

#[test]
fn words_are_placed_along_their_line() {
    // 240 x 24 grows by 17.45 on each side: to 274.9 x 58.9.
    let image = picture(&[(100, 200, 240, 24, 255)]);
    let lines = reader(&WORDS, |_| true).read(&image).expect("it runs");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.text, "ab a");
    assert!((line.confidence - 0.8).abs() < 1e-5, "the space is no part of the mean");
    near(&line.corners, [[82.5, 182.5], [357.5, 182.5], [357.5, 241.5], [82.5, 241.5]]);
    assert!((line.bbox.left() - 82.5 / WIDTH as f32).abs() < 1e-3, "{:?}", line.bbox);
    let words: Vec<_> = line.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(words, ["ab", "a"]);
    // From letter to letter is 0.284 of the line: the first word ends half of that after
    // its last letter, the second begins as much before its first.
    let (end, begin) = (82.5 + 275.0 * 0.498, 82.5 + 275.0 * 0.64);
    near(&line.words[0].corners, [[82.5, 182.5], [end, 182.5], [end, 241.5], [82.5, 241.5]]);
    near(&line.words[1].corners, [[begin, 182.5], [357.5, 182.5], [357.5, 241.5], [begin, 241.5]]);
    assert!((line.words[0].confidence - 0.8).abs() < 1e-5);
}

#[test]
fn a_line_on_its_head_is_read_from_its_other_end() {
    // Brighter on the left of the picture than on the right: read only the other way.
    let image = picture(&[(100, 200, 120, 24, 255), (220, 200, 120, 24, 200)]);
    let reader = reader(&WORDS, |strip| {
        let row = &strip.as_f32().expect("f32")[24 * 320..25 * 320];
        row[56] < row[168]
    });
    let lines = reader.read(&image).expect("it runs");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line.text, "ab a");
    near(&line.corners, [[357.5, 241.5], [82.5, 241.5], [82.5, 182.5], [357.5, 182.5]]);
    let end = 357.5 - 275.0 * 0.498;
    near(&line.words[0].corners, [[357.5, 241.5], [end, 241.5], [end, 182.5], [357.5, 182.5]]);
}

#[test]
fn what_is_read_badly_is_left_out() {
    let image = picture(&[(100, 200, 240, 24, 255)]);
    let found = |steps: &'static [f32], least: f32| {
        let reader = TextReader { confidence: least, ..reader(steps, |_| true) };
        reader.read(&image).expect("it runs").len()
    };
    assert_eq!(found(&[1.9, 2.5], 0.6), 1);
    assert_eq!(found(&[1.9, 2.5], 0.8), 0);
    assert_eq!(found(&[1.9, 2.5], f32::NAN), 0);
    assert_eq!(found(&[3.9, 0.9, 3.9], 0.0), 0, "white space is no text");
    assert_eq!(found(&[], 0.0), 0);
    let none = reader(&WORDS, |_| true).read(&picture(&[])).expect("it runs");
    assert_eq!(none, []);
}

#[test]
fn lines_are_in_reading_order() {
    let bars = [
        (400, 301, 90, 20, 255),
        (100, 400, 90, 20, 255),
        (100, 305, 90, 20, 255),
        (300, 60, 90, 20, 255),
    ];
    let lines = reader(&[1.9, 2.9], |_| true).read(&picture(&bars)).expect("it runs");
    let lefts: Vec<_> =
        lines.iter().map(|line| (line.bbox.left() * WIDTH as f32) as i32 / 100).collect();
    assert_eq!(lefts, [2, 0, 3, 0]);
    assert!(lines[3].bbox.top() > lines[1].bbox.top());
}

#[test]
fn no_more_lines_than_the_limit() {
    let bars: Vec<_> =
        (0..250).map(|index| (20 + 30 * (index % 25), 20 + 30 * (index / 25), 8, 8, 255)).collect();
    let lines = reader(&[1.9], |_| true).read(&picture(&bars)).expect("it runs");
    assert_eq!(lines.len(), MOST_LINES);
}

#[test]
fn small_pictures_are_looked_at_larger_and_boxes_are_clamped() {
    // All white: its corners lie outside of it.
    let image = Pixels::new(12, 3, Channels::Rgb, vec![255; 108]).expect("a picture");
    let lines = reader(&[1.9, 2.9, 1.9], |_| true).read(&image).expect("it runs");
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.corners[0][0] < 0.0 && line.corners[2][0] > 1.0, "{line:?}");
    assert_eq!(line.bbox, BBox::FULL);
}

#[test]
fn numbers_that_are_none_are_survived() {
    let noise: fn(&Tensor) -> Tensor = |picture| {
        let [_, _, height, width] = picture.shape() else { panic!("{:?}", picture.shape()) };
        let odd = [f32::NAN, f32::INFINITY, -1.0, 1e30, 0.4, 0.9, 0.9, 0.9, 0.9];
        let map = (0..height * width).map(|place| odd[place * place % 17 % odd.len()]).collect();
        tensor(&[1, 1, *height, *width], map)
    };
    let reader = TextReader::new(finder(noise), that_reads(&[1.9], |_| true), 0.0);
    let lines = reader.read(&picture(&[])).expect("it runs");
    assert!(lines.len() <= MOST_LINES);
}

#[test]
fn a_map_of_another_size_is_an_error() {
    let reader = TextReader::new(
        finder(|_| tensor(&[1, 1, 2, 2], vec![0.0; 4])),
        that_reads(&[1.9], |_| true),
        0.0,
    );
    let error = reader.read(&picture(&[])).expect_err("two by two");
    assert!(error.to_string().contains("[1, 1, 2, 2]"), "{error}");
}

#[test]
fn the_id_names_both_models() {
    let id = |finder: u8, recogniser: u8| {
        let id = |stem: &str, hash: u8| ModelId::from_content(stem, [hash; 4]);
        joined(&id("find-er", finder), &id("read", recogniser))
    };
    assert!(id(1, 2).as_str().starts_with("find-er.read-"), "{}", id(1, 2));
    assert_eq!(id(1, 2), id(1, 2));
    assert!(id(1, 2) != id(2, 1) && id(1, 2) != id(1, 3) && id(1, 2) != id(3, 2));
}

use roadloop_base::{Kind, ModelId};

use super::*;
use crate::Channels;

fn detection(label: &str, bbox: Option<BBox>) -> Detection {
    let kind = if bbox.is_some() { Kind::Object } else { Kind::Scene };
    let model = ModelId::new("test").unwrap();
    Detection { kind, label: label.to_owned(), confidence: 0.87, bbox, model }
}

fn picture(width: u32, height: u32, channels: Channels) -> Pixels {
    let count = width as usize * height as usize * channels.count();
    Pixels::new(width, height, channels, vec![90; count]).unwrap()
}

fn at(pixels: &Pixels, x: u32, y: u32) -> [u8; 3] {
    let at = (y as usize * pixels.width() as usize + x as usize) * 3;
    pixels.data()[at..at + 3].try_into().unwrap()
}

#[test]
fn a_box_has_its_labels_colour_and_nothing_inside() {
    let bbox = BBox::from_ltrb(0.25, 0.5, 0.75, 0.75).unwrap();
    let drawn = draw_boxes(&picture(640, 480, Channels::Gray), &[detection("car", Some(bbox))]);
    assert_eq!(drawn.channels(), Channels::Rgb);
    let car = colors::of_label("car").0;
    assert_eq!(at(&drawn, 160, 300), car);
    assert_eq!(at(&drawn, 479, 300), car);
    assert_eq!(at(&drawn, 320, 359), car);
    assert_eq!(at(&drawn, 320, 300), [90; 3]);
    // The plate lies above the box, and carries letters.
    assert_eq!(at(&drawn, 161, 238), car);
    let ink = colors::of_label("car").ink().0;
    assert!((161..230).any(|x| (222..240).any(|y| at(&drawn, x, y) == ink)));
    assert_eq!(at(&drawn, 320, 100), [90; 3]);
}

#[test]
fn a_plate_at_the_top_lies_inside_the_box() {
    let drawn =
        draw_boxes(&picture(640, 480, Channels::Rgb), &[detection("car", Some(BBox::FULL))]);
    assert_eq!(at(&drawn, 5, 17), colors::of_label("car").0);
}

#[test]
fn words_about_the_whole_picture_stand_in_the_corner() {
    let drawn = draw_boxes(&picture(640, 480, Channels::Rgba), &[detection("street", None)]);
    assert_eq!(at(&drawn, 3, 3), colors::of_label("street").0);
}

#[test]
fn any_size_can_be_drawn_on() {
    let boxes = [
        detection("car", Some(BBox::FULL)),
        detection("a label far wider than the picture, with \u{fc}ml\u{e4}uts", Some(BBox::FULL)),
        detection("rain", None),
        detection("person", BBox::from_ltrb(0.5, 0.5, 0.5, 0.5)),
    ];
    for (width, height) in [(1, 1), (1, 900), (900, 1), (17, 17), (2000, 1500)] {
        let drawn = draw_boxes(&picture(width, height, Channels::Rgb), &boxes);
        assert_eq!((drawn.width(), drawn.height()), (width, height));
    }
}

/// Pixels of the plate's colour in the line just above the box.
#[track_caller]
fn check_plate(text: PlateText, expected: &str) {
    let bbox = BBox::from_ltrb(0.25, 0.5, 0.75, 0.75).unwrap();
    let found = [detection("car", Some(bbox))];
    let drawn = draw_boxes_with(&picture(640, 480, Channels::Gray), &found, text);
    let car = colors::of_label("car").0;
    let long = (160..480).take_while(|x| at(&drawn, *x, 222) == car).count();
    assert_eq!(long, Font::SMALL.plate_width(expected) as usize);
}

#[test]
fn a_plate_says_how_sure_a_box_is_or_not() {
    check_plate(PlateText::LabelAndConfidence, "car 0.87");
    check_plate(PlateText::Label, "car");
}

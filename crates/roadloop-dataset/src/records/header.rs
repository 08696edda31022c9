//! What a record says of its image: MXNet's image header and the label of detection.
//!
//! The header is a count of label numbers, a number for images with one class only, and an
//! id of twice eight bytes. The label is a row of four-byte numbers,
//! `[A, B, …, class, left, top, right, bottom, …]`: A numbers come before the objects, both
//! counts included, and each object takes B of them, sides as fractions of the image. That
//! is what `mx.image.ImageDetIter`, GluonCV's `RecordFileDetection` and SageMaker's built-in
//! object detection take. We write A = 4, with the image's width and height as GluonCV's
//! guide has it, and B = 5, or 6 where `difficult` follows.

use crate::Area;

pub(super) const HEADER_BYTES: usize = 24;
/// Numbers before the objects, of those we write.
pub(super) const OUR_HEADER: f32 = 4.0;
/// More numbers than any label has, 4 MB: a label is held in memory before its image.
const MOST_NUMBERS: usize = 1 << 20;

/// A record, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub id: u64,
    pub label: RecordLabel,
    /// An image's file, mostly a JPEG.
    pub image: Vec<u8>,
}

/// What is on the image of a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordLabel {
    /// Width and height in pixels, where the label has them.
    pub size: Option<(u32, u32)>,
    /// Without rows of class -1, which stand for nothing.
    pub boxes: Vec<RecordBox>,
}

/// A box as fractions of the image, from its top left; mostly 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecordBox {
    pub class: u32,
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
    /// Where rows have a sixth number.
    pub difficult: Option<bool>,
}

impl RecordBox {
    /// In pixels of an image of that size.
    pub fn area(&self, width: u32, height: u32) -> Option<Area> {
        let [width, height] = [width, height].map(f64::from);
        let (left, top) = (f64::from(self.left) * width, f64::from(self.top) * height);
        let (right, bottom) = (f64::from(self.right) * width, f64::from(self.bottom) * height);
        Area::from_corners(left, top, right, bottom).ok()
    }
}

/// Header and label as bytes; the image's follow.
pub(super) fn append(to: &mut Vec<u8>, id: u64, label: &[f32]) {
    to.extend_from_slice(&(label.len() as u32).to_le_bytes());
    to.extend_from_slice(&0f32.to_le_bytes());
    to.extend_from_slice(&id.to_le_bytes());
    to.extend_from_slice(&0u64.to_le_bytes());
    to.extend(label.iter().flat_map(|number| number.to_le_bytes()));
}

/// The id and how many numbers the label has.
pub(super) fn id_and_count(payload: &[u8]) -> Result<(u64, usize), String> {
    let short = || format!("{} bytes, where the header of an image has 24", payload.len());
    let header = payload.first_chunk::<HEADER_BYTES>().ok_or_else(short)?;
    let [a, b, c, d, _, _, _, _, rest @ ..] = *header;
    let [e, f, g, h, i, j, k, l, ..] = rest;
    let id = u64::from_le_bytes([e, f, g, h, i, j, k, l]);
    let count = u32::from_le_bytes([a, b, c, d]) as usize;
    if count > MOST_NUMBERS {
        return Err(format!("a label of {count} numbers; at most {MOST_NUMBERS} are read"));
    }
    Ok((id, count))
}

/// Id, label, and where in the payload the image begins.
pub(super) fn parse(payload: &[u8]) -> Result<(u64, RecordLabel, usize), String> {
    let (id, count) = id_and_count(payload)?;
    let image_at = HEADER_BYTES + count * 4;
    let Some(numbers) = payload.get(HEADER_BYTES..image_at) else {
        let there = (payload.len() - HEADER_BYTES) / 4;
        return Err(format!("a label of {count} numbers, of which {there} are there"));
    };
    if count == 0 {
        return Err("it has one class for the whole image, and no boxes".to_owned());
    }
    let numbers = numbers.as_chunks::<4>().0.iter();
    let numbers: Vec<f32> = numbers.map(|number| f32::from_le_bytes(*number)).collect();
    Ok((id, label(&numbers)?, image_at))
}

/// A label of detection.
pub(super) fn label(numbers: &[f32]) -> Result<RecordLabel, String> {
    let [header, object, ..] = *numbers else {
        return Err("its label is too short for one of boxes".to_owned());
    };
    let header = whole(header).filter(|header| *header >= 2);
    let header =
        header.ok_or_else(|| format!("a header of {} numbers, not of 2 or more", numbers[0]))?;
    let object = whole(object).filter(|object| *object >= 5);
    let object =
        object.ok_or_else(|| format!("objects of {} numbers, not of 5 or more", numbers[1]))?;
    let (header, object) = (header as usize, object as usize);
    let Some((before, rows)) = numbers.split_at_checked(header) else {
        return Err(format!("a header of {header} numbers in a label of {}", numbers.len()));
    };
    if rows.len() % object != 0 {
        let count = rows.len();
        return Err(format!("{count} numbers are no objects of {object} each"));
    }
    let side = |number: &f32| whole(*number).filter(|side| *side > 0);
    let size = match before {
        [_, _, width, height, ..] => side(width).zip(side(height)),
        _ => None,
    };
    let mut boxes = Vec::new();
    for (place, row) in rows.chunks_exact(object).enumerate() {
        let in_box = |reason: &str| format!("box {place}: {reason}");
        if let Some(found) = read_box(row).map_err(|reason| in_box(&reason))? {
            boxes.push(found);
        }
    }
    Ok(RecordLabel { size, boxes })
}

/// `None` for a row that stands for nothing: MXNet fills labels up with class -1.
fn read_box(row: &[f32]) -> Result<Option<RecordBox>, String> {
    let [class, left, top, right, bottom, ref rest @ ..] = *row else {
        return Err("it has fewer than five numbers".to_owned());
    };
    if class == -1.0 {
        return Ok(None);
    }
    let class = whole(class).ok_or_else(|| format!("{class} is no class"))?;
    let sides = [left, top, right, bottom];
    if !sides.iter().all(|side| side.is_finite()) {
        return Err("a side is no number".to_owned());
    }
    if right < left || bottom < top {
        return Err("its right or lower side lies before the other one".to_owned());
    }
    let difficult = rest.first().map(|number| *number > 0.0);
    Ok(Some(RecordBox { class, left, top, right, bottom, difficult }))
}

/// A number that counts something. Those of four bytes are exact up to 2^24.
fn whole(number: f32) -> Option<u32> {
    let counts = number >= 0.0 && number <= (1 << 24) as f32 && number.fract() == 0.0;
    counts.then_some(number as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A size, and classes.
    type Expected<'a> = (Option<(u32, u32)>, &'a [u32]);

    #[track_caller]
    fn check(numbers: &[f32], expected: Result<Expected, &str>) {
        let got = label(numbers).map(|label| {
            (label.size, label.boxes.iter().map(|found| found.class).collect::<Vec<_>>())
        });
        let expected = expected.map(|(size, classes)| (size, classes.to_vec()));
        assert_eq!(got, expected.map_err(str::to_owned));
    }

    #[test]
    fn labels_of_all_widths() {
        check(&[2.0, 5.0, 3.0, 0.1, 0.1, 0.2, 0.2], Ok((None, &[3])));
        check(&[4.0, 5.0, 640.0, 480.0, 0.0, 0.0, 0.0, 1.0, 1.0], Ok((Some((640, 480)), &[0])));
        check(&[4.0, 5.0, 640.0, 480.0, -1.0, 0.0, 0.0, 1.0, 1.0], Ok((Some((640, 480)), &[])));
        check(&[4.0, 5.0, 0.5, f32::NAN], Ok((None, &[])));
        check(&[3.0, 6.0, 9.0, 1.0, 0.0, 0.0, 0.5, 0.5, 1.0], Ok((None, &[1])));
        let label = label(&[2.0, 6.0, 1.0, 0.0, 0.0, 0.5, 0.5, 1.0]).unwrap();
        assert_eq!(label.boxes[0].difficult, Some(true));
    }

    #[test]
    fn what_is_no_label_says_why() {
        check(&[1.0], Err("its label is too short for one of boxes"));
        check(&[1.0, 5.0], Err("a header of 1 numbers, not of 2 or more"));
        check(&[f32::NAN, 5.0], Err("a header of NaN numbers, not of 2 or more"));
        check(&[2.0, 4.0], Err("objects of 4 numbers, not of 5 or more"));
        check(&[9.0, 5.0, 0.0], Err("a header of 9 numbers in a label of 3"));
        check(&[2.0, 5.0, 0.0, 0.0], Err("2 numbers are no objects of 5 each"));
        check(&[2.0, 5.0, -2.0, 0.0, 0.0, 1.0, 1.0], Err("box 0: -2 is no class"));
        check(&[2.0, 5.0, 0.5, 0.0, 0.0, 1.0, 1.0], Err("box 0: 0.5 is no class"));
        check(&[2.0, 5.0, 0.0, f32::NAN, 0.0, 1.0, 1.0], Err("box 0: a side is no number"));
        let swapped = "box 0: its right or lower side lies before the other one";
        check(&[2.0, 5.0, 0.0, 0.5, 0.0, 0.2, 1.0], Err(swapped));
    }

    #[test]
    fn headers_are_checked_before_anything_is_held() {
        let mut payload = Vec::new();
        append(&mut payload, 7, &[2.0, 5.0]);
        payload.extend_from_slice(b"image");
        assert_eq!(parse(&payload).unwrap(), (7, RecordLabel::default(), 32));
        assert!(parse(&payload[..20]).unwrap_err().starts_with("20 bytes, where"));
        payload[..4].fill(0xff);
        assert!(parse(&payload).unwrap_err().contains("4294967295 numbers; at most"));
        payload[..4].copy_from_slice(&9u32.to_le_bytes());
        assert_eq!(parse(&payload).unwrap_err(), "a label of 9 numbers, of which 3 are there");
        payload[..4].fill(0);
        assert!(parse(&payload).unwrap_err().contains("one class for the whole image"));
    }

    proptest! {
        #[test]
        fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..120), count in 0u32..30) {
            let payload = [&count.to_le_bytes()[..], &bytes].concat();
            if let Ok((_, label, image_at)) = parse(&payload) {
                prop_assert!(image_at <= payload.len());
                prop_assert!(label.boxes.len() * 5 <= count as usize);
            }
        }
    }
}

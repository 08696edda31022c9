//! Samples for tests, and strategies that make many.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use roadloop_base::{Nanos, PictureHash};

use crate::{Area, Attribute, Content, ImagePlace, ImageRef, Sample, SampleBox, SampleName, Split};

/// An image of 640 by 480 pixels that nobody looked at, for training.
pub(crate) fn sample(name: &str, group: &str) -> Sample {
    Sample {
        name: SampleName::from_path(name, "png"),
        image: ImageRef {
            place: ImagePlace::Key(name.to_owned()),
            width: 640,
            height: 480,
            content: None,
        },
        split: Split::Train,
        group: group.to_owned(),
        origin: 0,
        frame: None,
        taken_at: None,
        boxes: None,
        line: None,
    }
}

/// The same, with boxes: class, left, top, width, height.
pub(crate) fn with_boxes(name: &str, group: &str, boxes: &[(u32, [f64; 4])]) -> Sample {
    let one = |(class, sides): &(u32, [f64; 4])| a_box(*class, *sides);
    Sample { boxes: Some(boxes.iter().map(one).collect()), ..sample(name, group) }
}

pub(crate) fn a_box(class: u32, sides: [f64; 4]) -> SampleBox {
    let area = Area::try_from(sides).expect("a box");
    SampleBox { class, area, confidence: None, attributes: Default::default() }
}

/// What tells images apart, out of a number.
pub(crate) fn content(number: u64, look: u64) -> Content {
    Content { bytes: 1, sha256: format!("{number:016x}").repeat(4), look: PictureHash(look) }
}

pub(crate) fn classes(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

prop_compose! {
    fn any_box()(
        class in 0u32..4,
        left in -50.0..700.0f64,
        top in -50.0..500.0f64,
        width in 0.0..300.0f64,
        height in 0.0..300.0f64,
        confidence in option::of(0.0..=1.0f64),
        is_occluded in option::of(any::<bool>()),
    ) -> SampleBox {
        let attributes = is_occluded
            .map(|flag| ("occluded".to_owned(), Attribute::Flag(flag)))
            .into_iter()
            .collect();
        SampleBox { confidence, attributes, ..a_box(class, [left, top, width, height]) }
    }
}

prop_compose! {
    fn any_sample()(
        group in 0u8..12,
        same in option::weighted(0.8, 0u64..400),
        day in option::weighted(0.7, 0i64..6),
        split in 0usize..3,
        boxes in option::weighted(0.9, vec(any_box(), 0..5)),
    ) -> Sample {
        Sample {
            image: ImageRef {
                place: ImagePlace::Uri("s3://elsewhere/a.png".to_owned()),
                width: 640,
                height: 480,
                content: same.map(|number| content(number, number.wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            },
            split: Split::ALL[split],
            taken_at: day.map(|day| Nanos(day * 86_400_000_000_000 + i64::from(group))),
            boxes,
            ..sample("a", &format!("drive-{group}"))
        }
    }
}

/// Samples with names that differ, in no order.
pub(crate) fn any_samples(most: usize) -> impl Strategy<Value = Vec<Sample>> {
    vec(any_sample(), 0..=most).prop_map(|mut samples| {
        for (number, sample) in samples.iter_mut().enumerate() {
            sample.name = SampleName::from_path(&format!("{number:05}.png"), "png");
        }
        samples
    })
}

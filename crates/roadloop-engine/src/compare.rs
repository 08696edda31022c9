//! What a model found on a frame against what a person says is there.
//!
//! Boxes of the same label are matched as in the PASCAL VOC challenge: those the model is
//! surest of choose first, each the box of the person it overlaps most, where that is
//! still free and they overlap enough.

use roadloop_base::{BBox, Detection, DrawnBox, Kind};

/// How much is enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Intersection over union, 0 to 1.
    pub iou: f32,
    /// What the model is less sure of does not count.
    pub confidence: f32,
}

/// How a box came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Both say so: a true positive.
    Agreed,
    /// Only the model says so: a false positive.
    Extra,
    /// Only the person says so: a false negative.
    Missed,
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Agreed => "agreed",
            Verdict::Extra => "extra",
            Verdict::Missed => "missed",
        }
    }
}

/// A box and how it came out.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedBox {
    pub verdict: Verdict,
    pub label: String,
    /// The model's, or the person's where the model has none.
    pub bbox: BBox,
    /// The model's; none where it missed the box.
    pub confidence: Option<f32>,
}

/// Compares the objects of a frame of that size in pixels.
pub fn compare(
    found: &[Detection],
    said: &[DrawnBox],
    size: (u32, u32),
    measure: Measure,
) -> Vec<JudgedBox> {
    let fraction = |drawn: &DrawnBox| BBox::from_pixels(drawn.pixels.ltrb(), size);
    let mut said: Vec<(&DrawnBox, BBox, bool)> =
        said.iter().filter_map(|drawn| Some((drawn, fraction(drawn)?, false))).collect();
    let objects = found
        .iter()
        .filter(|found| found.kind == Kind::Object && found.confidence >= measure.confidence);
    let mut objects: Vec<(&Detection, BBox)> =
        objects.filter_map(|found| Some((found, found.bbox?))).collect();
    objects.sort_by(|(a, _), (b, _)| b.confidence.total_cmp(&a.confidence));
    let mut judged = Vec::with_capacity(objects.len() + said.len());
    for (object, bbox) in objects {
        let free = said
            .iter_mut()
            .filter(|(drawn, _, is_taken)| !is_taken && is_same_label(&drawn.label, &object.label));
        let best = free.map(|one| (bbox.iou(one.1), one)).max_by(|(a, _), (b, _)| a.total_cmp(b));
        let verdict = match best {
            Some((iou, one)) if iou >= measure.iou => {
                one.2 = true;
                Verdict::Agreed
            }
            _ => Verdict::Extra,
        };
        let confidence = Some(object.confidence);
        judged.push(JudgedBox { verdict, label: object.label.clone(), bbox, confidence });
    }
    for (drawn, bbox, is_taken) in said {
        if !is_taken {
            let (verdict, label) = (Verdict::Missed, drawn.label.clone());
            judged.push(JudgedBox { verdict, label, bbox, confidence: None });
        }
    }
    judged
}

/// As filters take labels: in any case, `_` a space.
fn is_same_label(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace('_', " ");
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use roadloop_base::{ModelId, PixelBox};

    const SIZE: (u32, u32) = (100, 100);

    fn found(label: &str, confidence: f32, left: f32) -> Detection {
        Detection {
            kind: Kind::Object,
            label: label.to_owned(),
            confidence,
            bbox: BBox::from_ltrb(left, 0.1, left + 0.2, 0.3),
            model: ModelId::new("m-1").unwrap(),
        }
    }

    fn said(label: &str, left: f64) -> DrawnBox {
        DrawnBox {
            label: label.to_owned(),
            pixels: PixelBox::new(left, 10.0, 20.0, 20.0).unwrap(),
            confidence: None,
            tags: Vec::new(),
        }
    }

    #[track_caller]
    fn check(found: &[Detection], said: &[DrawnBox], expected: [usize; 3]) {
        let judged = compare(found, said, SIZE, Measure { iou: 0.5, confidence: 0.3 });
        let count = |verdict| judged.iter().filter(|one| one.verdict == verdict).count();
        let counts = [Verdict::Agreed, Verdict::Extra, Verdict::Missed].map(count);
        assert_eq!(counts, expected, "{judged:?}");
    }

    #[test]
    fn boxes_of_a_label_are_matched_once() {
        check(&[found("car", 0.9, 0.1)], &[said("car", 12.0)], [1, 0, 0]);
        check(&[found("car", 0.9, 0.1)], &[said("Car", 12.0)], [1, 0, 0]);
        check(&[found("car", 0.9, 0.1)], &[said("bus", 10.0)], [0, 1, 1]);
        check(&[found("car", 0.9, 0.1), found("car", 0.8, 0.11)], &[said("car", 10.0)], [1, 1, 0]);
        check(&[found("car", 0.9, 0.5)], &[said("car", 10.0)], [0, 1, 1]);
        check(&[found("car", 0.2, 0.1)], &[said("car", 10.0)], [0, 0, 1]);
        check(&[], &[], [0, 0, 0]);
        let face = Detection { kind: Kind::Face, ..found("face", 0.9, 0.1) };
        check(&[face], &[], [0, 0, 0]);
    }

    #[test]
    fn the_surest_chooses_first() {
        let measure = Measure { iou: 0.5, confidence: 0.0 };
        let both = [found("car", 0.4, 0.1), found("car", 0.9, 0.12)];
        let judged = compare(&both, &[said("car", 10.0)], SIZE, measure);
        assert_eq!((judged[0].confidence, judged[0].verdict), (Some(0.9), Verdict::Agreed));
        assert_eq!(judged[1].verdict, Verdict::Extra);
    }

    proptest! {
        /// Every box is judged once: agreed ones stand for two.
        #[test]
        fn none_is_lost(
            lefts in prop::collection::vec((0.0f32..0.8, 0.0f32..1.0, 0..2usize), 0..12),
            drawn in prop::collection::vec((0.0f64..80.0, 0..2usize), 0..12),
        ) {
            let labels = ["car", "bus"];
            let found: Vec<Detection> = lefts
                .iter()
                .map(|(left, confidence, label)| found(labels[*label], *confidence, *left))
                .collect();
            let said: Vec<DrawnBox> =
                drawn.iter().map(|(left, label)| said(labels[*label], *left)).collect();
            let judged = compare(&found, &said, SIZE, Measure { iou: 0.5, confidence: 0.0 });
            let count = |verdict| judged.iter().filter(|one| one.verdict == verdict).count();
            prop_assert_eq!(count(Verdict::Agreed) + count(Verdict::Extra), found.len());
            prop_assert_eq!(count(Verdict::Agreed) + count(Verdict::Missed), said.len());
        }
    }
}

//! Number plates, by a RetinaFace-like detector (arXiv 1905.00641): anchors of
//! two sizes at three strides. The picture is looked at twice, at its own size
//! and at double: a plate that scores 0.10 in the one may score 0.98 in the
//! other. At double size a large picture is looked at in parts.

use std::ops::Range;

use roadloop_base::{BBox, Detection, Kind, ModelId};

use super::{FinderOptions, MULTIPLE, check_model, detections, layout};
use crate::detector::{Detector, Opened};
use crate::letterbox::{ColorOrder, Layout, Normalize, prepare};
use crate::model::{Model, ModelSource, Tensor, expect_f32};
use crate::nms::{Candidate, Suppression, passes, suppress};
use crate::{ModelError, Pixels};

/// Stride and the two anchor sides at each level, in input pixels.
const ANCHORS: [(usize, [f32; 2]); 3] =
    [(8, [24.0, 48.0]), (16, [96.0, 192.0]), (32, [384.0, 768.0])];

/// How much of an anchor one unit of the outputs moves and stretches it.
const VARIANCES: [f32; 2] = [0.1, 0.2];

/// The second look, for what is small.
const ZOOM: f64 = 2.0;

/// The largest part that is looked at enlarged, in pixels of the picture: what
/// is found does not depend on it, memory does.
const PART_WIDTH: u32 = 1280;
const PART_HEIGHT: u32 = 736;

/// How much neighbouring parts share: wider than the plates that need the
/// second look.
const OVERLAP: u32 = 128;

/// Low, since a slogan blurred costs less than a plate shown.
const CONFIDENCE: f32 = 0.3;

/// Larger pictures are scaled down to this for the first look.
const LONGEST_SIDE: u32 = 2560;

/// The means are those of the model's training, blue first.
const NORMALIZE: Normalize =
    Normalize { order: ColorOrder::Bgr, mean: [104.0, 117.0, 123.0], std: [1.0; 3], fill: 114 };

#[derive(Debug)]
pub(crate) struct PlateFinder {
    model: Box<dyn Model>,
    id: ModelId,
    confidence: f32,
    longest_side: u32,
}

/// Opens a model that finds number plates.
pub fn open_plate_finder(
    source: &ModelSource,
    options: &FinderOptions,
) -> Result<Box<dyn Detector>, ModelError> {
    let Opened { model, id, .. } = Opened::open(source, options.session)?;
    Ok(Box::new(PlateFinder::new(model, id, options)?))
}

impl PlateFinder {
    pub(crate) fn new(
        model: Box<dyn Model>,
        id: ModelId,
        options: &FinderOptions,
    ) -> Result<PlateFinder, ModelError> {
        let understood = "a RetinaFace-like detector: boxes [b, n, 4], scores [b, n, 2]";
        check_model(model.as_ref(), "plate finder", understood, &[(0, 2, 4), (1, 2, 2)])?;
        Ok(PlateFinder {
            model,
            id,
            confidence: options.confidence.unwrap_or(CONFIDENCE),
            longest_side: options.longest_side.unwrap_or(LONGEST_SIDE),
        })
    }

    fn look(&self, image: &Pixels, layout: &Layout) -> Result<Vec<Candidate>, ModelError> {
        let outputs = self.model.run(vec![prepare(image, layout, &NORMALIZE)])?;
        self.decode(&outputs, layout)
    }

    fn decode(&self, outputs: &[Tensor], layout: &Layout) -> Result<Vec<Candidate>, ModelError> {
        let mut candidates = Vec::new();
        let grid = |stride: usize| {
            (layout.model_width.div_ceil(stride), layout.model_height.div_ceil(stride))
        };
        let anchors: usize = ANCHORS
            .iter()
            .map(|(stride, sides)| grid(*stride).0 * grid(*stride).1 * sides.len())
            .sum();
        let model = self.model.as_ref();
        let moves = expect_f32(model, &outputs[0], &[Some(1), Some(anchors), Some(4)])?;
        let scores = expect_f32(model, &outputs[1], &[Some(1), Some(anchors), Some(2)])?;
        let mut rows = scores.chunks_exact(2).zip(moves.chunks_exact(4));
        for (stride, sides) in ANCHORS {
            let (columns, lines) = grid(stride);
            for cell in 0..columns * lines {
                let x = ((cell % columns) as f32 + 0.5) * stride as f32;
                let y = ((cell / columns) as f32 + 0.5) * stride as f32;
                for (side, (score, change)) in sides.into_iter().zip(&mut rows) {
                    // The first is "no plate"; both have been through a softmax.
                    let score = score[1];
                    if !passes(score, self.confidence) {
                        continue;
                    }
                    let x = x + change[0] * VARIANCES[0] * side;
                    let y = y + change[1] * VARIANCES[0] * side;
                    let half_width = (change[2] * VARIANCES[1]).exp() * side / 2.0;
                    let half_height = (change[3] * VARIANCES[1]).exp() * side / 2.0;
                    let bbox = layout.source_from_model(
                        x - half_width,
                        y - half_height,
                        x + half_width,
                        y + half_height,
                    );
                    candidates.extend(bbox.map(|bbox| Candidate { bbox, class: 0, score }));
                }
            }
        }
        Ok(candidates)
    }
}

/// Cuts a side into parts of at most `most` pixels that share [`OVERLAP`].
fn parts(length: u32, most: u32) -> impl Iterator<Item = Range<u32>> {
    let (count, part) = if length <= most {
        (1, length)
    } else {
        let count = (length - OVERLAP).div_ceil(most - OVERLAP);
        (count, (length - OVERLAP).div_ceil(count) + OVERLAP)
    };
    (0..count).map(move |number| {
        let start = (number * (part - part.min(OVERLAP))).min(length - part);
        start..start + part
    })
}

/// A box in a part of an image, in fractions of the image.
fn in_whole(bbox: BBox, columns: &Range<u32>, rows: &Range<u32>, image: &Pixels) -> Option<BBox> {
    let along = |at: f32, part: &Range<u32>, length: u32| {
        (part.start as f32 + at * part.len() as f32) / length as f32
    };
    let x = |at| along(at, columns, image.width());
    let y = |at| along(at, rows, image.height());
    BBox::clamped(x(bbox.left()), y(bbox.top()), x(bbox.right()), y(bbox.bottom()))
}

impl Detector for PlateFinder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError> {
        let mut candidates = self.look(image, &layout(image, 1.0, self.longest_side))?;
        for rows in parts(image.height(), PART_HEIGHT) {
            for columns in parts(image.width(), PART_WIDTH) {
                let is_whole =
                    columns.len() as u32 == image.width() && rows.len() as u32 == image.height();
                let enlarged = |part: &Pixels| Layout::scaled(part, ZOOM, MULTIPLE);
                if is_whole {
                    candidates.extend(self.look(image, &enlarged(image))?);
                    continue;
                }
                let part = image.part(columns.clone(), rows.clone());
                let found = self.look(&part, &enlarged(&part))?;
                let in_image = found.into_iter().filter_map(|one| {
                    let bbox = in_whole(one.bbox, &columns, &rows, image)?;
                    Some(Candidate { bbox, ..one })
                });
                candidates.extend(in_image);
            }
        }
        let found = suppress(candidates, &Suppression { iou: 0.3, ..Suppression::default() });
        Ok(detections(found, Kind::Plate, "license_plate", &self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;
    use crate::model::fake::{FakeModel, port, sparse};

    /// A model that finds one plate when the picture is as wide as given.
    fn finder(wide: usize, score: f32) -> PlateFinder {
        let answer = move |inputs: &[Tensor]| {
            let (height, width) = (inputs[0].shape()[2], inputs[0].shape()[3]);
            let cells: usize =
                [8, 16, 32].iter().map(|s| height.div_ceil(*s) * width.div_ceil(*s)).sum();
            let (mut scores, mut moves) = (Vec::new(), Vec::new());
            if width == wide {
                // Row 3: second cell, larger anchor (48), moved right by 0.1 * 48 * 2.
                scores.push((2 * 3 + 1, score));
                moves.push((4 * 3, 2.0));
            }
            vec![
                sparse(&[1, 2 * cells, 4], &moves),
                sparse(&[1, 2 * cells, 2], &scores),
                sparse(&[1, 2 * cells, 8], &[]),
            ]
        };
        let model = FakeModel {
            inputs: vec![port("image", &[0, 3, 0, 0])],
            outputs: vec![
                port("loc", &[0, 0, 4]),
                port("conf", &[0, 0, 2]),
                port("landms", &[0, 0, 8]),
            ],
            answer: Box::new(answer),
        };
        let id = ModelId::from_content("fake", [0; 4]);
        PlateFinder::new(Box::new(model), id, &FinderOptions::default()).expect("it fits")
    }

    #[track_caller]
    fn check(wide: usize, score: f32, expected: &[[f32; 4]]) {
        let image = Pixels::new(64, 64, Channels::Gray, vec![0; 4096]).expect("a picture");
        let found = finder(wide, score).detect(&image).expect("it runs");
        assert_eq!(found.len(), expected.len());
        for (one, expected) in found.iter().zip(expected) {
            let bbox = one.bbox.expect("a box");
            let sides = [bbox.left(), bbox.top(), bbox.right(), bbox.bottom()];
            for (side, expected) in sides.iter().zip(expected) {
                assert!((side * 64.0 - expected).abs() < 1e-3, "{sides:?}");
            }
        }
    }

    #[test]
    fn a_plate_is_found_at_either_zoom() {
        // Centre x 12 + 9.6, y 4, sides 48, cut at the picture's edge.
        check(64, 0.9, &[[0.0, 0.0, 45.6, 28.0]]);
        // The same numbers at double size are half as large in the picture.
        check(128, 0.9, &[[0.0, 0.0, 22.8, 14.0]]);
        check(64, 0.2, &[]);
        check(64, f32::NAN, &[]);
    }

    #[test]
    fn large_pictures_are_looked_at_in_parts() {
        let check = |length, expected: &[(u32, u32)]| {
            let found = parts(length, 1280).map(|part| (part.start, part.end));
            assert_eq!(found.collect::<Vec<_>>(), expected);
        };
        check(7, &[(0, 7)]);
        check(1280, &[(0, 1280)]);
        check(1281, &[(0, 705), (576, 1281)]);
        check(1920, &[(0, 1024), (896, 1920)]);
        for length in 1..5000 {
            let parts: Vec<_> = parts(length, 736).collect();
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, length));
            assert!(parts.iter().all(|part| part.len() <= 736));
            assert!(parts.windows(2).all(|pair| pair[0].end >= pair[1].start + OVERLAP));
        }
    }

    #[test]
    fn what_is_found_in_a_part_lies_where_it_is_in_the_whole() {
        // Two parts of 1024 x 64 pixels, 2048 x 128 for the model; see `finder`.
        let image = Pixels::new(1920, 64, Channels::Gray, vec![0; 1920 * 64]).expect("a picture");
        let found = finder(2048, 0.9).detect(&image).expect("it runs");
        let mut lefts: Vec<f32> =
            found.iter().map(|one| one.bbox.expect("a box").left() * 1920.0).collect();
        lefts.sort_by(f32::total_cmp);
        assert_eq!(lefts.iter().map(|left| left.round()).collect::<Vec<_>>(), [0.0, 896.0]);
    }
}

//! Number plates, by a RetinaFace-like detector (arXiv 1905.00641): anchors of
//! two sizes at three strides. The picture is looked at twice, at its own size
//! and at double: a plate that scores 0.10 in the one may score 0.98 in the
//! other.

use roadloop_base::{Detection, Kind, ModelId};

use super::{FinderOptions, check_model, detections, layout};
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

const ZOOMS: [f64; 2] = [1.0, 2.0];

/// Low, since a slogan blurred costs less than a plate shown.
const CONFIDENCE: f32 = 0.3;

/// A picture of 1280 pixels is looked at twice its size.
const LONGEST_SIDE: u32 = 2560;

/// The means are those of the model's training, blue first.
const NORMALIZE: Normalize =
    Normalize { order: ColorOrder::Bgr, mean: [104.0, 117.0, 123.0], std: [1.0; 3], fill: 114 };

#[derive(Debug)]
struct PlateFinder {
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
    fn new(
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

    fn decode(
        &self,
        outputs: &[Tensor],
        layout: &Layout,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), ModelError> {
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
        Ok(())
    }
}

impl Detector for PlateFinder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError> {
        let mut candidates = Vec::new();
        let mut seen: Option<Layout> = None;
        for zoom in ZOOMS {
            let layout = layout(image, zoom, self.longest_side);
            // Where the limit leaves no room for more zoom there is nothing new to see.
            if seen.replace(layout) == Some(layout) {
                continue;
            }
            let outputs = self.model.run(vec![prepare(image, &layout, &NORMALIZE)])?;
            self.decode(&outputs, &layout, &mut candidates)?;
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
}

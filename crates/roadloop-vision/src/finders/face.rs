//! Faces, by CenterFace (arXiv 1911.03599): a heat map of face centres with a
//! size and an offset at each place.

use roadloop_base::{Detection, Kind, ModelId};

use super::{FinderOptions, check_model, detections, layout};
use crate::detector::{Detector, Opened};
use crate::letterbox::{ColorOrder, Layout, Normalize, prepare};
use crate::model::{Model, ModelSource, Tensor, expect_f32};
use crate::nms::{Candidate, Suppression, passes, suppress};
use crate::{ModelError, Pixels};

/// Pixels of the input per place of the maps.
const STRIDE: usize = 4;

/// The threshold of the model's authors.
const CONFIDENCE: f32 = 0.4;

/// Full HD keeps its size: a face lost to downscaling is a face shown.
const LONGEST_SIDE: u32 = 1920;

const NORMALIZE: Normalize =
    Normalize { order: ColorOrder::Rgb, mean: [0.0; 3], std: [1.0; 3], fill: 0 };

#[derive(Debug)]
pub(crate) struct FaceFinder {
    model: Box<dyn Model>,
    id: ModelId,
    confidence: f32,
    longest_side: u32,
}

/// Opens a model that finds faces.
pub fn open_face_finder(
    source: &ModelSource,
    options: &FinderOptions,
) -> Result<Box<dyn Detector>, ModelError> {
    let Opened { model, id, .. } = Opened::open(source, options.session)?;
    Ok(Box::new(FaceFinder::new(model, id, options)?))
}

impl FaceFinder {
    pub(crate) fn new(
        model: Box<dyn Model>,
        id: ModelId,
        options: &FinderOptions,
    ) -> Result<FaceFinder, ModelError> {
        let understood = "CenterFace: heat map [1, 1, h, w], size and offset [1, 2, h, w]";
        check_model(model.as_ref(), "face finder", understood, &[(0, 1, 1), (1, 1, 2), (2, 1, 2)])?;
        Ok(FaceFinder {
            model,
            id,
            confidence: options.confidence.unwrap_or(CONFIDENCE),
            longest_side: options.longest_side.unwrap_or(LONGEST_SIDE),
        })
    }

    fn decode(&self, outputs: &[Tensor], layout: &Layout) -> Result<Vec<Candidate>, ModelError> {
        let (columns, rows) = (layout.model_width / STRIDE, layout.model_height / STRIDE);
        let maps = |index: usize, count: usize| {
            let shape = [Some(1), Some(count), Some(rows), Some(columns)];
            expect_f32(self.model.as_ref(), &outputs[index], &shape)
        };
        let (heat, sizes, offsets) = (maps(0, 1)?, maps(1, 2)?, maps(2, 2)?);
        let places = rows * columns;
        let mut candidates = Vec::new();
        for (place, score) in heat.iter().copied().enumerate() {
            if !passes(score, self.confidence) {
                continue;
            }
            // Maps give the height, and the vertical offset, first.
            let (height, width) = (sizes[place].exp(), sizes[places + place].exp());
            let (down, along) = (offsets[place], offsets[places + place]);
            let x = (place % columns) as f32 + along + 0.5;
            let y = (place / columns) as f32 + down + 0.5;
            let stride = STRIDE as f32;
            let bbox = layout.source_from_model(
                (x - width / 2.0) * stride,
                (y - height / 2.0) * stride,
                (x + width / 2.0) * stride,
                (y + height / 2.0) * stride,
            );
            candidates.extend(bbox.map(|bbox| Candidate { bbox, class: 0, score }));
        }
        Ok(candidates)
    }
}

impl Detector for FaceFinder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError> {
        let layout = layout(image, 1.0, self.longest_side);
        let outputs = self.model.run(vec![prepare(image, &layout, &NORMALIZE)])?;
        let candidates = self.decode(&outputs, &layout)?;
        let found = suppress(candidates, &Suppression { iou: 0.3, ..Suppression::default() });
        Ok(detections(found, Kind::Face, "face", &self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;
    use crate::model::fake::{FakeModel, port, tensor};

    /// One face at place (x 3, y 2) of an 8x8 map for a picture of 30x32.
    fn finder(score: f32, size: f32) -> FaceFinder {
        let map = |count: usize, values: &[(usize, f32)]| {
            let mut all = vec![0.0; count * 64];
            for (index, value) in values {
                all[*index] = *value;
            }
            tensor(&[1, count, 8, 8], all)
        };
        let place = 2 * 8 + 3;
        let outputs = vec![
            map(1, &[(place, score)]),
            map(2, &[(place, 2.0f32.ln()), (64 + place, size.ln())]),
            map(2, &[(place, 0.5), (64 + place, -0.5)]),
            map(10, &[]),
        ];
        let model = FakeModel {
            inputs: vec![port("in", &[1, 3, 0, 0])],
            outputs: vec![
                port("heat", &[1, 1, 0, 0]),
                port("size", &[1, 2, 0, 0]),
                port("offset", &[1, 2, 0, 0]),
                port("marks", &[1, 10, 0, 0]),
            ],
            answer: Box::new(move |_| outputs.clone()),
        };
        let id = ModelId::from_content("fake", [0; 4]);
        FaceFinder::new(Box::new(model), id, &FinderOptions::default()).expect("it fits")
    }

    #[track_caller]
    fn check(score: f32, size: f32, expected: Option<[f32; 4]>) {
        let image = Pixels::new(30, 32, Channels::Gray, vec![0; 960]).expect("a picture");
        let found = finder(score, size).detect(&image).expect("it runs");
        let boxes: Vec<[f32; 4]> = found
            .iter()
            .filter_map(|one| one.bbox)
            .map(|b| [b.left() * 30.0, b.top() * 32.0, b.right() * 30.0, b.bottom() * 32.0])
            .collect();
        assert_eq!(boxes.len(), usize::from(expected.is_some()));
        for (bbox, expected) in boxes.iter().zip(expected) {
            for (a, b) in bbox.iter().zip(expected) {
                assert!((a - b).abs() < 1e-3, "{bbox:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn a_face_is_where_the_maps_say() {
        // Centre x (3 - 0.5 + 0.5) * 4, y (2 + 0.5 + 0.5) * 4; 4 wide, 8 high.
        check(0.9, 1.0, Some([10.0, 8.0, 14.0, 16.0]));
        check(0.39, 1.0, None);
    }

    #[test]
    fn numbers_that_make_no_box_are_dropped() {
        check(0.9, f32::NAN, None);
        check(0.9, f32::INFINITY, None);
        check(f32::NAN, 1.0, None);
        check(f32::INFINITY, 1.0, None);
    }
}

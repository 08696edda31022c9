//! Writing of any kind, by a DB text detector (arXiv 1911.08947): a map of how
//! likely each pixel belongs to shrunken text.
//!
//! Regions become upright boxes; one that fills its box badly, as a slanted line
//! does, becomes several along its length.

use roadloop_base::{Detection, Kind, ModelId};

use super::regions::{Sides, Touching, each_region};
use super::{FinderOptions, check_model, detections, layout};
use crate::detector::{Detector, Opened};
use crate::letterbox::{ColorOrder, Layout, Normalize, prepare};
use crate::model::{Model, ModelSource, expect_f32};
use crate::nms::{Candidate, Suppression, suppress};
use crate::{ModelError, Pixels};

/// The network marks text shrunken; boxes grow back by area * ratio / perimeter.
pub(crate) const UNCLIP_RATIO: f32 = 1.6;

/// Regions narrower than this are noise, in pixels of the map.
pub(crate) const LEAST_SIDE: usize = 3;

/// The mean probability of a region that the authors ask for.
const CONFIDENCE: f32 = 0.5;

/// Full HD keeps its size.
const LONGEST_SIDE: u32 = 1920;

pub(crate) const NORMALIZE: Normalize =
    Normalize { order: ColorOrder::Bgr, mean: [127.5; 3], std: [127.5; 3], fill: 0 };

#[derive(Debug)]
pub(crate) struct TextFinder {
    model: Box<dyn Model>,
    id: ModelId,
    confidence: f32,
    longest_side: u32,
}

/// A connected region of the map.
#[derive(Clone, Debug, PartialEq)]
struct Region {
    sides: Sides,
    pixels: usize,
    sum: f32,
    /// The region cut along its longer side into as many parts as its box is
    /// larger than itself; none where that is less than two.
    parts: Vec<Sides>,
}

/// How likely each pixel of a picture is text.
#[derive(Debug)]
pub(crate) struct TextMap {
    /// Where the picture lies in the map.
    pub(crate) layout: Layout,
    /// Rows of the layout's width, as many as its height.
    pub(crate) values: Vec<f32>,
}

/// Opens a model that finds writing.
pub fn open_text_finder(
    source: &ModelSource,
    options: &FinderOptions,
) -> Result<Box<dyn Detector>, ModelError> {
    let Opened { model, id, .. } = Opened::open(source, options.session)?;
    Ok(Box::new(TextFinder::new(model, id, options)?))
}

impl TextFinder {
    pub(crate) fn new(
        model: Box<dyn Model>,
        id: ModelId,
        options: &FinderOptions,
    ) -> Result<TextFinder, ModelError> {
        let understood = "a DB text detector: a probability map [n, 1, h, w]";
        check_model(model.as_ref(), "text finder", understood, &[(0, 1, 1)])?;
        Ok(TextFinder {
            model,
            id,
            confidence: options.confidence.unwrap_or(CONFIDENCE),
            longest_side: options.longest_side.unwrap_or(LONGEST_SIDE),
        })
    }

    pub(crate) fn id(&self) -> &ModelId {
        &self.id
    }

    /// Regions of a lower mean probability are left out.
    pub(crate) fn confidence(&self) -> f32 {
        self.confidence
    }

    /// Looks at the picture at its own size times `zoom`, or smaller.
    pub(crate) fn look(&self, image: &Pixels, zoom: f64) -> Result<TextMap, ModelError> {
        let layout = layout(image, zoom, self.longest_side);
        let outputs = self.model.run(vec![prepare(image, &layout, &NORMALIZE)])?;
        let shape = [Some(1), Some(1), Some(layout.model_height), Some(layout.model_width)];
        let values = expect_f32(self.model.as_ref(), &outputs[0], &shape)?.to_vec();
        Ok(TextMap { layout, values })
    }

    fn candidates(&self, region: &Region, layout: &Layout) -> Vec<Candidate> {
        let Sides { left, top, right, bottom } = region.sides;
        let score = region.sum / region.pixels as f32;
        if right - left < LEAST_SIDE || bottom - top < LEAST_SIDE || score < self.confidence {
            return Vec::new();
        }
        let (wide, high) = if region.parts.is_empty() {
            ((right - left) as f32, (bottom - top) as f32)
        } else {
            let long = ((right - left) as f32).hypot((bottom - top) as f32);
            (long, region.pixels as f32 / long)
        };
        let grow = wide * high * UNCLIP_RATIO / (2.0 * (wide + high));
        let sides = if region.parts.is_empty() { &[region.sides][..] } else { &region.parts };
        let boxes = sides.iter().filter_map(|sides| {
            layout.source_from_model(
                sides.left as f32 - grow,
                sides.top as f32 - grow,
                sides.right as f32 + grow,
                sides.bottom as f32 + grow,
            )
        });
        boxes.map(|bbox| Candidate { bbox, class: 0, score }).collect()
    }
}

impl Detector for TextFinder {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn detect(&self, image: &Pixels) -> Result<Vec<Detection>, ModelError> {
        let TextMap { layout, values } = self.look(image, 1.0)?;
        let candidates = regions(&values, layout.model_width)
            .iter()
            .flat_map(|region| self.candidates(region, &layout))
            .collect();
        // Boxes of neighbouring lines overlap: only what lies on another goes.
        let rules = Suppression { iou: 0.7, kept: 1000, ..Suppression::default() };
        Ok(detections(suppress(candidates, &rules), Kind::Text, "text", &self.id))
    }
}

fn regions(map: &[f32], columns: usize) -> Vec<Region> {
    let mut found = Vec::new();
    each_region(map, columns, |region| {
        let Touching { sides, sum, members } = *region;
        found.push(Region { sides, pixels: members.len(), sum, parts: parts(&sides, members) });
    });
    found
}

fn parts(sides: &Sides, members: &[(usize, usize)]) -> Vec<Sides> {
    let (width, height) = (sides.right - sides.left, sides.bottom - sides.top);
    let count = width * height / members.len();
    if count < 2 {
        return Vec::new();
    }
    let mut parts = vec![None::<Sides>; count];
    for &(x, y) in members {
        let part = if width >= height {
            (x - sides.left) * count / width
        } else {
            (y - sides.top) * count / height
        };
        parts[part].get_or_insert(Sides::of_pixel(x, y)).add(x, y);
    }
    parts.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;
    use crate::model::Tensor;
    use crate::model::fake::{FakeModel, port, tensor};

    #[test]
    fn regions_touch_by_corners_too() {
        let map = [
            0.9,
            0.0,
            0.0,
            0.4, //
            0.0,
            0.5,
            0.0,
            0.0, //
            f32::NAN,
            0.0,
            0.3,
            0.8,
        ];
        let found = regions(&map, 4);
        let sides: Vec<_> =
            found.iter().map(|r| (r.sides.left, r.sides.bottom, r.pixels)).collect();
        assert_eq!(sides, [(0, 2, 2), (3, 1, 1), (3, 3, 1)]);
        assert!((found[0].sum - 1.4).abs() < 1e-6);
    }

    #[track_caller]
    fn check(value: f32, width: usize, expected: Option<[f32; 4]>) {
        // A bar from (8, 8), 4 pixels high.
        let mut map = vec![0.0; 32 * 32];
        for y in 8..12 {
            map[y * 32 + 8..y * 32 + 8 + width].fill(value);
        }
        let output = tensor(&[1, 1, 32, 32], map);
        let model = FakeModel {
            inputs: vec![port("x", &[0, 3, 0, 0])],
            outputs: vec![port("map", &[0, 1, 0, 0])],
            answer: Box::new(move |_: &[Tensor]| vec![output.clone()]),
        };
        let id = ModelId::from_content("fake", [0; 4]);
        let finder = TextFinder::new(Box::new(model), id, &FinderOptions::default());
        let image = Pixels::new(32, 32, Channels::Gray, vec![0; 1024]).expect("a picture");
        let found = finder.expect("it fits").detect(&image).expect("it runs");
        let sides = found.first().and_then(|one| one.bbox).map(|bbox| {
            [bbox.left(), bbox.top(), bbox.right(), bbox.bottom()].map(|side| side * 32.0)
        });
        assert_eq!(sides, expected);
    }

    #[test]
    fn a_slanted_line_is_covered_along_its_length() {
        // Three pixels high, one lower every fourth column: 64 columns, 18 rows.
        let mut map = vec![0.0; 64 * 32];
        for x in 0..64 {
            for y in x / 4..x / 4 + 3 {
                map[y * 64 + x] = 0.9;
            }
        }
        let found = regions(&map, 64);
        let [region] = &found[..] else { panic!("{found:?}") };
        assert_eq!((region.pixels, region.parts.len()), (64 * 3, 6));
        let area = |s: &Sides| (s.right - s.left) * (s.bottom - s.top);
        let covered: usize = region.parts.iter().map(area).sum();
        assert!(covered < area(&region.sides) / 2, "{covered}");
        for x in 0..64 {
            let holds = |s: &&Sides| {
                (s.left..s.right).contains(&x) && s.top <= x / 4 && s.bottom >= x / 4 + 3
            };
            assert!(region.parts.iter().any(|part| holds(&part)), "column {x}");
        }
    }

    #[test]
    fn a_bar_of_text_grows_back() {
        // 12 x 4 grows by 48 * 1.6 / 32 = 2.4 on each side.
        check(0.75, 12, Some([5.6, 5.6, 22.4, 14.4]));
        check(0.4, 12, None);
        check(0.75, 2, None);
    }
}

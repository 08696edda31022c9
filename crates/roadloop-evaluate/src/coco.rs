//! COCO's twelve numbers, by `hotcoco`, which gives the same as pycocotools.

use hotcoco::params::IouType;
use hotcoco::{Annotation, COCO, COCOeval, Category, Dataset};
use serde::{Deserialize, Serialize};

use crate::given::Corners;
use crate::matching::THRESHOLDS;
use crate::{EvaluateError, Found, Truth};

/// Place of 0.75 among the thresholds from 0.50 in steps of 0.05.
pub(crate) const AT_75: usize = 5;

/// COCO's detection metrics, each 0 to 1; absent where no truth asks for it. All but the
/// first six are recalls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CocoMetrics {
    /// Mean over classes and IoU thresholds 0.50, 0.55, … 0.95.
    pub ap: Option<f64>,
    pub ap50: Option<f64>,
    pub ap75: Option<f64>,
    /// Of truths of at most 32² pixels.
    pub ap_small: Option<f64>,
    /// From 32² to 96² pixels.
    pub ap_medium: Option<f64>,
    /// From 96² pixels on.
    pub ap_large: Option<f64>,
    /// Recall with one find an image and class.
    pub ar1: Option<f64>,
    /// With at most ten.
    pub ar10: Option<f64>,
    /// With at most a hundred.
    pub ar100: Option<f64>,
    pub ar_small: Option<f64>,
    pub ar_medium: Option<f64>,
    pub ar_large: Option<f64>,
}

/// Of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OfClass {
    pub(crate) ap: Option<f64>,
    pub(crate) ap50: Option<f64>,
    pub(crate) ap75: Option<f64>,
}

/// The numbers over all, and of each class.
pub(crate) fn evaluate(
    classes: usize,
    images: usize,
    truths: &[Truth],
    found: &[Found],
) -> Result<(CocoMetrics, Vec<OfClass>), EvaluateError> {
    let none = || (CocoMetrics::default(), vec![OfClass::default(); classes]);
    if classes == 0 || images == 0 {
        return Ok(none());
    }
    let failed = |source| EvaluateError::Coco { source };
    let truth = COCO::from_dataset(dataset(classes, images, truths));
    let finds = found.iter().map(|find| Annotation {
        score: Some(f64::from(find.score)),
        ..annotation(find.image, find.class, find.corners)
    });
    let finds = truth.load_res_anns(finds.collect()).map_err(failed)?;
    let mut coco = COCOeval::new(truth, finds, IouType::Bbox);
    coco.evaluate().map_err(failed)?;
    coco.accumulate();
    // It prints nothing: lines come back, and are not wanted.
    drop(coco.summarize_lines());
    let (Some(stats), Some(curves)) = (coco.stats(), coco.accumulated()) else {
        return Ok(none());
    };
    // -1 says that there is nothing to take the mean of.
    let number = |place: usize| stats.get(place).copied().filter(|number| *number >= 0.0);
    let all = CocoMetrics {
        ap: number(0),
        ap50: number(1),
        ap75: number(2),
        ap_small: number(3),
        ap_medium: number(4),
        ap_large: number(5),
        ar1: number(6),
        ar10: number(7),
        ar100: number(8),
        ar_small: number(9),
        ar_medium: number(10),
        ar_large: number(11),
    };
    let mut of_classes = vec![OfClass::default(); classes];
    for (place, category) in curves.cat_ids.iter().enumerate() {
        let ap = |thresholds: std::ops::Range<usize>| {
            let mut precisions = Vec::new();
            for threshold in thresholds {
                for recall in 0..curves.shape.r {
                    let index =
                        curves.precision_idx(threshold, recall, place, 0, curves.shape.m - 1);
                    precisions.push(curves.precision.get(index).copied().filter(|p| *p >= 0.0)?);
                }
            }
            mean(&precisions)
        };
        if let Some(of_class) = of_classes.get_mut((*category as usize).wrapping_sub(1)) {
            *of_class =
                OfClass { ap: ap(0..THRESHOLDS), ap50: ap(0..1), ap75: ap(AT_75..AT_75 + 1) };
        }
    }
    Ok((all, of_classes))
}

fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / numbers.len() as f64)
}

/// Numbers from 1: COCO's tools take 0 for "none".
fn dataset(classes: usize, images: usize, truths: &[Truth]) -> Dataset {
    let image = |id: u64| hotcoco::Image { id, ..hotcoco::Image::default() };
    // Of one without a name it says so on the terminal.
    let category = |id: u64| Category { id, name: id.to_string(), ..Category::default() };
    let annotations = truths.iter().enumerate().map(|(place, truth)| Annotation {
        id: place as u64 + 1,
        iscrowd: truth.crowd,
        ..annotation(truth.image, truth.class, truth.corners)
    });
    Dataset {
        images: (1..=images as u64).map(image).collect(),
        categories: (1..=classes as u64).map(category).collect(),
        annotations: annotations.collect(),
        ..Dataset::default()
    }
}

fn annotation(image: u32, class: u32, corners: Corners) -> Annotation {
    Annotation {
        image_id: u64::from(image) + 1,
        category_id: u64::from(class) + 1,
        bbox: Some([corners.left, corners.top, corners.width(), corners.height()]),
        area: Some(corners.area()),
        ..Annotation::default()
    }
}

//! How large, where, how many: a dataset in numbers that can be drawn.
//!
//! Samples are read once. Every histogram carries the edges of its bins, so that a picture
//! of it needs nothing else.

mod bins;
#[cfg(test)]
mod tests;
mod tops;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use bins::{HeatMap, Histogram};
pub use tops::{ImageSize, NamedCount};

use crate::formats::MOST_CLASSES;
use crate::{DatasetError, Sample, SampleBox, Split};

/// Classes whose places are given, those with the most boxes.
const MAPPED: usize = 50;
/// Classes whose places are counted, those that come first: what is among the most frequent
/// is seen early, and each takes 4 KiB.
const MOST_MAPS: usize = 4_096;

/// Below it a box is small, 32² pixels (COCO's evaluation).
pub const SMALL: f64 = 32.0 * 32.0;
/// Below it a box is of medium size, 96² pixels (COCO's evaluation).
pub const MEDIUM: f64 = 96.0 * 96.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    pub total: SplitStatistics,
    /// Those that have images.
    pub splits: BTreeMap<Split, SplitStatistics>,
    /// In the order of the dataset's classes.
    pub classes: Vec<ClassStatistics>,
    /// Images by their number of boxes: bins of 0, 1, 2, … 49, and 50 or more. Images that
    /// nobody looked at are not among them.
    pub boxes_per_image: Histogram,
    /// Boxes by the square root of their area in pixels: bins from 0, 1, 2, 4, … 4096 on, each
    /// twice the last; the last holds all that is larger.
    pub box_size_pixels: Histogram,
    /// Boxes by their share of the image's area, 0 to 1: bins from 0, 2⁻¹⁶, 2⁻¹⁵, … ½ on. Of
    /// images without a size there is none.
    pub box_size_share: Histogram,
    /// Boxes by width divided by height: bins from ⅛ to 8, each √2 times the last; the first
    /// and the last hold what is beyond. Boxes without an inside are not among them.
    pub aspect_ratio: Histogram,
    /// Boxes by how sure a model was, 0 to 1, 20 bins; absent where no box says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Histogram>,
    /// Where the middles of boxes lie.
    pub positions: HeatMap,
    /// The same by class, of the 50 with the most boxes, those first.
    pub positions_of_classes: Vec<ClassPositions>,
    /// The 20 that are most frequent.
    pub image_sizes: Vec<ImageSize>,
    /// How many different ones there are.
    pub image_sizes_in_all: u64,
    /// Images of the 20 largest recordings (or folders).
    pub groups: Vec<NamedCount>,
    /// How many there are.
    pub groups_in_all: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitStatistics {
    pub images: u64,
    pub boxes: u64,
    /// Somebody looked, and there is nothing.
    pub empty: u64,
    /// Nobody looked.
    pub unlabelled: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassStatistics {
    pub name: String,
    pub boxes: u64,
    /// Images with one or more.
    pub images: u64,
    /// Of training, validation and test.
    pub boxes_of_splits: [u64; 3],
    /// Below 32² pixels.
    pub small: u64,
    /// From 32² to below 96² pixels.
    pub medium: u64,
    /// From 96² pixels on.
    pub large: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassPositions {
    /// Place in the list of classes.
    pub class: u32,
    pub positions: HeatMap,
}

impl Statistics {
    /// Of samples whose boxes are of these classes.
    pub fn of(
        samples: impl IntoIterator<Item = Result<Sample, DatasetError>>,
        classes: &[String],
    ) -> Result<Statistics, DatasetError> {
        if classes.len() > MOST_CLASSES {
            return Err(DatasetError::TooMany { most: MOST_CLASSES as u64, what: "classes" });
        }
        let mut counting = Counting::new(classes);
        for sample in samples {
            counting.see(&sample?)?;
        }
        Ok(counting.finish())
    }
}

#[derive(Debug)]
struct Counting {
    statistics: Statistics,
    confidence: Histogram,
    maps: BTreeMap<u32, HeatMap>,
    sizes: tops::Counted<(u32, u32)>,
    groups: tops::Counted<String>,
    /// For each class the last image that had one, from 1.
    last_image: Vec<u64>,
}

impl Counting {
    fn new(classes: &[String]) -> Counting {
        let class = |name: &String| ClassStatistics { name: name.clone(), ..Default::default() };
        let statistics = Statistics {
            total: SplitStatistics::default(),
            splits: BTreeMap::new(),
            classes: classes.iter().map(class).collect(),
            boxes_per_image: Histogram::new((0..=51).map(f64::from)),
            box_size_pixels: Histogram::new(
                std::iter::once(0.0).chain((0..=13).map(|power| 2f64.powi(power))),
            ),
            box_size_share: Histogram::new(
                std::iter::once(0.0).chain((-16..=0).map(|power| 2f64.powi(power))),
            ),
            aspect_ratio: Histogram::new((-6..=6).map(|half| 2f64.powf(f64::from(half) / 2.0))),
            confidence: None,
            positions: HeatMap::default(),
            positions_of_classes: Vec::new(),
            image_sizes: Vec::new(),
            image_sizes_in_all: 0,
            groups: Vec::new(),
            groups_in_all: 0,
        };
        Counting {
            statistics,
            confidence: Histogram::new((0..=20).map(|part| f64::from(part) / 20.0)),
            maps: BTreeMap::new(),
            sizes: tops::Counted::default(),
            groups: tops::Counted::default(),
            last_image: vec![0; classes.len()],
        }
    }

    fn see(&mut self, sample: &Sample) -> Result<(), DatasetError> {
        let Statistics { total, splits, boxes_per_image, .. } = &mut self.statistics;
        for counts in [total, splits.entry(sample.split).or_default()] {
            counts.images += 1;
            match &sample.boxes {
                None => counts.unlabelled += 1,
                Some(boxes) => {
                    counts.boxes += boxes.len() as u64;
                    counts.empty += u64::from(boxes.is_empty());
                }
            }
        }
        self.sizes.add((sample.image.width, sample.image.height))?;
        self.groups.add_by_ref(&sample.group)?;
        let Some(boxes) = &sample.boxes else { return Ok(()) };
        boxes_per_image.add(boxes.len() as f64);
        for found in boxes {
            self.see_box(sample, found);
        }
        Ok(())
    }

    fn see_box(&mut self, sample: &Sample, found: &SampleBox) {
        let image = self.statistics.total.images;
        let size = found.area.size();
        let place = found.class as usize;
        if let Some(class) = self.statistics.classes.get_mut(place) {
            class.boxes += 1;
            class.boxes_of_splits[sample.split as usize] += 1;
            match size {
                size if size < SMALL => class.small += 1,
                size if size < MEDIUM => class.medium += 1,
                _ => class.large += 1,
            }
            if let Some(last) = self.last_image.get_mut(place) {
                class.images += u64::from(*last != image);
                *last = image;
            }
        }
        self.statistics.box_size_pixels.add(size.sqrt());
        if found.area.width() > 0.0 && found.area.height() > 0.0 {
            self.statistics.aspect_ratio.add(found.area.width() / found.area.height());
        }
        if let Some(confidence) = found.confidence {
            self.confidence.add(confidence);
        }
        let [width, height] = [sample.image.width, sample.image.height].map(f64::from);
        if width <= 0.0 || height <= 0.0 {
            return;
        }
        self.statistics.box_size_share.add(size / (width * height));
        let middle = (
            (found.area.left() + found.area.width() / 2.0) / width,
            (found.area.top() + found.area.height() / 2.0) / height,
        );
        self.statistics.positions.add(middle);
        let is_known = place < self.statistics.classes.len();
        if is_known && (self.maps.len() < MOST_MAPS || self.maps.contains_key(&found.class)) {
            self.maps.entry(found.class).or_default().add(middle);
        }
    }

    fn finish(mut self) -> Statistics {
        let mut statistics = self.statistics;
        statistics.confidence =
            self.confidence.counts.iter().any(|count| *count > 0).then_some(self.confidence);
        let mut frequent: Vec<(u64, u32)> = self
            .maps
            .keys()
            .filter_map(|class| Some((statistics.classes.get(*class as usize)?.boxes, *class)))
            .collect();
        frequent.sort_by_key(|(boxes, class)| (std::cmp::Reverse(*boxes), *class));
        for (_, class) in frequent.into_iter().take(MAPPED) {
            if let Some(positions) = self.maps.remove(&class) {
                statistics.positions_of_classes.push(ClassPositions { class, positions });
            }
        }
        statistics.image_sizes_in_all = self.sizes.different();
        let size = |((width, height), images)| ImageSize { width, height, images };
        statistics.image_sizes = self.sizes.most_frequent().into_iter().map(size).collect();
        statistics.groups_in_all = self.groups.different();
        let group = |(name, images)| NamedCount { name, images };
        statistics.groups = self.groups.most_frequent().into_iter().map(group).collect();
        statistics
    }
}

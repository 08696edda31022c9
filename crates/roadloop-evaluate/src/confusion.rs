//! Who is taken for whom: the confusion matrix, with a row and a column for nothing.
//!
//! Only cells with something in them are kept: of 80 classes there are 6 560, most of them
//! empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::given::Image;
use crate::judge::{IOU, Judged};
use crate::{Found, Truth};

/// What is there against what was found, at one confidence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// A find is held against a truth from this overlap on.
    pub iou: f64,
    /// Finds with this score or a higher one count.
    pub confidence: f32,
    /// By truth, then by find; of each, nothing comes last.
    pub cells: Vec<ConfusionCell>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfusionCell {
    /// Place in the list of classes; absent where nothing is there: a false find.
    pub truth: Option<u32>,
    /// Place in the list of classes; absent where nothing was found: a miss.
    pub found: Option<u32>,
    pub count: u64,
    /// Images of it: those with the most certain find first, of misses those with the
    /// largest truth.
    pub examples: Vec<Example>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Place in the list of images.
    pub image: u32,
    pub name: String,
}

/// Nothing comes after all classes.
type Key = (u32, u32);
const NOTHING: u32 = u32::MAX;

/// A matrix that is being counted, image by image.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    cells: BTreeMap<Key, Cell>,
    most_examples: usize,
}

#[derive(Debug, Default)]
struct Cell {
    count: u64,
    /// How telling it is, and the image; the most telling first.
    examples: Vec<(f64, u32)>,
}

impl Counting {
    pub(crate) fn new(most_examples: usize) -> Counting {
        Counting { cells: BTreeMap::new(), most_examples }
    }

    pub(crate) fn add(&mut self, image: u32, judged: &Judged, truths: &[Truth], found: &[Found]) {
        for (truth, find, _) in &judged.pairs {
            let find = found[*find as usize];
            let key = (truths[*truth as usize].class, find.class);
            self.count(key, image, f64::from(find.score));
        }
        for truth in &judged.missed {
            let truth = truths[*truth as usize];
            self.count((truth.class, NOTHING), image, truth.corners.area());
        }
        for find in &judged.false_finds {
            let find = found[*find as usize];
            self.count((NOTHING, find.class), image, f64::from(find.score));
        }
    }

    fn count(&mut self, key: Key, image: u32, telling: f64) {
        let most = self.most_examples;
        let Cell { count, examples } = self.cells.entry(key).or_default();
        *count += 1;
        // An image comes once, as it is most telling.
        if let Some(place) = examples.iter().position(|example| example.1 == image) {
            if examples[place].0 >= telling {
                return;
            }
            examples.remove(place);
        }
        let place = examples.partition_point(|example| example.0 >= telling);
        if place < most {
            examples.insert(place, (telling, image));
            examples.truncate(most);
        }
    }

    pub(crate) fn finish(self, confidence: f32, images: &[Image]) -> Confusion {
        let class = |class: u32| (class != NOTHING).then_some(class);
        let example = |(_, image): &(f64, u32)| Example {
            image: *image,
            name: images.get(*image as usize).map_or_else(String::new, |image| image.name.clone()),
        };
        let cells = self.cells.iter().map(|((truth, found), cell)| ConfusionCell {
            truth: class(*truth),
            found: class(*found),
            count: cell.count,
            examples: cell.examples.iter().map(example).collect(),
        });
        Confusion { iou: IOU, confidence, cells: cells.collect() }
    }
}

impl Confusion {
    /// How many are in a cell; `None` is nothing.
    pub fn count(&self, truth: Option<u32>, found: Option<u32>) -> u64 {
        let cell = self.cells.iter().find(|cell| cell.truth == truth && cell.found == found);
        cell.map_or(0, |cell| cell.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::Corners;

    fn truth(class: u32) -> Truth {
        Truth { image: 0, class, corners: Corners::new(0.0, 0.0, 10.0, 10.0), crowd: false }
    }

    fn find(class: u32, score: f32) -> Found {
        Found { image: 0, class, score, corners: Corners::new(0.0, 0.0, 10.0, 10.0) }
    }

    #[test]
    fn cells_and_their_images() {
        let (truths, found) = ([truth(0), truth(1)], [find(0, 0.9), find(1, 0.6), find(1, 0.7)]);
        let images: Vec<Image> = (0..4)
            .map(|place| Image { name: format!("{place}.jpg"), ..Image::default() })
            .collect();
        let mut counting = Counting::new(2);
        let pair = |truth, find| Judged { pairs: vec![(truth, find, 1.0)], ..Judged::default() };
        counting.add(0, &pair(0, 1), &truths, &found);
        counting.add(1, &pair(0, 2), &truths, &found);
        counting.add(2, &pair(0, 1), &truths, &found);
        counting.add(2, &pair(0, 0), &truths, &found);
        let nothing = Judged { missed: vec![1], false_finds: vec![0], ..Judged::default() };
        counting.add(3, &nothing, &truths, &found);
        let confusion = counting.finish(0.5, &images);
        let counts = |truth, found| confusion.count(truth, found);
        assert_eq!(counts(Some(0), Some(1)), 3);
        assert_eq!(counts(Some(0), Some(0)), 1);
        assert_eq!(counts(Some(1), None), 1);
        assert_eq!(counts(None, Some(0)), 1);
        assert_eq!(counts(Some(1), Some(1)), 0);
        let confused = confusion.cells.iter().find(|cell| cell.found == Some(1)).expect("a cell");
        let names: Vec<&str> =
            confused.examples.iter().map(|example| example.name.as_str()).collect();
        assert_eq!(names, ["1.jpg", "0.jpg"], "the most certain first, at most two");
    }
}

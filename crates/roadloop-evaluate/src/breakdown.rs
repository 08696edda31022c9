//! Where a detector is better and worse: by size, by class, by recording, by whatever images
//! are told apart by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::coco::CocoMetrics;
use crate::given::Image;
use crate::judge::{Counts, Judged};
use crate::matching::{ClassMatches, RANGES};
use crate::metrics::{Wanted, coco_metrics};
use crate::report::ClassReport;
use crate::{Found, Truth};

/// Kinds of buckets beside size, class and recording.
const MOST_FACETS: usize = 16;
/// Of one kind, those with the most images.
const MOST_BUCKETS: usize = 100;
pub(crate) const SIZES: [&str; 3] = ["small", "medium", "large"];

/// One way to take results apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// `size`, `class`, `recording`, or the key of a facet: `tod`, `camera`.
    pub by: String,
    /// Sizes and classes in their order, all others by name; at most 100, those with the
    /// most images.
    pub buckets: Vec<Bucket>,
    /// How many there are.
    pub buckets_in_all: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// `small` (at most 32² pixels), `medium` (at most 96²), `large`; a class; a recording;
    /// a facet's value.
    pub name: String,
    /// Images of it; of a size or a class, images where such a thing is or was found.
    pub images: u64,
    /// At the report's confidence. A false find is of its own size and class, all else of
    /// the truth's.
    pub counts: Counts,
    /// COCO's, 0 to 1; absent where nothing of it is there.
    pub ap: Option<f64>,
    pub ap50: Option<f64>,
}

/// What is counted on the way over all images.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) total: Counts,
    pub(crate) of_images: Vec<Counts>,
    classes: Vec<Tallied>,
    sizes: [Tallied; 3],
}

#[derive(Clone, Copy, Debug, Default)]
struct Tallied {
    counts: Counts,
    images: u64,
    /// The last that was counted, from 1.
    last_image: u64,
}

impl Tallied {
    fn see(&mut self, image: u32) -> &mut Counts {
        let image = u64::from(image) + 1;
        self.images += u64::from(self.last_image != image);
        self.last_image = image;
        &mut self.counts
    }
}

impl Counts {
    fn add(&mut self, other: Counts) {
        self.truths += other.truths;
        self.found += other.found;
        self.right += other.right;
        self.wrong_class += other.wrong_class;
        self.missed += other.missed;
        self.false_finds += other.false_finds;
    }
}

/// A side of a range counts as the smaller one here: each box is of one size.
fn size_of(area: f64) -> usize {
    match area {
        area if area <= RANGES[1].1 => 0,
        area if area <= RANGES[2].1 => 1,
        _ => 2,
    }
}

impl Tally {
    pub(crate) fn new(classes: usize, images: usize) -> Tally {
        Tally {
            total: Counts::default(),
            of_images: Vec::with_capacity(images),
            classes: vec![Tallied::default(); classes],
            sizes: [Tallied::default(); 3],
        }
    }

    /// Images come in their order, each once.
    pub(crate) fn add(&mut self, image: u32, judged: &Judged, truths: &[Truth], found: &[Found]) {
        let counts = judged.counts(truths, found);
        self.total.add(counts);
        self.of_images.push(counts);
        let mut see = |class: u32, area: f64, count: Counts| {
            self.classes[class as usize].see(image).add(count);
            self.sizes[size_of(area)].see(image).add(count);
        };
        for pair in &judged.pairs {
            let truth = truths[pair.0 as usize];
            let is_right = Judged::is_right(pair, truths, found);
            see(
                truth.class,
                truth.corners.area(),
                Counts {
                    truths: 1,
                    found: 1,
                    right: u64::from(is_right),
                    wrong_class: u64::from(!is_right),
                    ..Counts::default()
                },
            );
        }
        for missed in &judged.missed {
            let truth = truths[*missed as usize];
            let count = Counts { truths: 1, missed: 1, ..Counts::default() };
            see(truth.class, truth.corners.area(), count);
        }
        for find in &judged.false_finds {
            let find = found[*find as usize];
            let count = Counts { found: 1, false_finds: 1, ..Counts::default() };
            see(find.class, find.corners.area(), count);
        }
    }

    pub(crate) fn of_class(&self, class: usize) -> (u64, Counts) {
        self.classes.get(class).map_or((0, Counts::default()), |one| (one.images, one.counts))
    }
}

/// By size, by class, by recording, and by each facet that images have.
pub(crate) fn breakdowns(
    images: &[Image],
    matches: &[ClassMatches],
    tally: &Tally,
    coco: &CocoMetrics,
    classes: &[ClassReport],
) -> Vec<Breakdown> {
    let mut breakdowns = vec![by_size(images, matches, tally, coco), by_class(tally, classes)];
    let mut by: BTreeMap<&str, BTreeMap<&str, Vec<u32>>> = BTreeMap::new();
    for (place, image) in images.iter().enumerate() {
        let recording = (!image.group.is_empty()).then_some(("recording", image.group.as_str()));
        let facets = image.facets.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in recording.into_iter().chain(facets) {
            if by.len() <= MOST_FACETS || by.contains_key(key) {
                let bucket = by.entry(key).or_default().entry(value).or_default();
                // A key twice with one value is said once.
                if bucket.last() != Some(&(place as u32)) {
                    bucket.push(place as u32);
                }
            }
        }
    }
    for (key, values) in by {
        let buckets_in_all = values.len() as u64;
        let mut values: Vec<(&str, Vec<u32>)> = values.into_iter().collect();
        values.sort_by_key(|(_, images)| std::cmp::Reverse(images.len()));
        values.truncate(MOST_BUCKETS);
        values.sort_by_key(|(value, _)| *value);
        let mut weights = vec![0; images.len()];
        let mut bucket = |(value, chosen): (&str, Vec<u32>)| {
            let mut counts = Counts::default();
            for image in &chosen {
                weights[*image as usize] = 1;
                counts.add(tally.of_images.get(*image as usize).copied().unwrap_or_default());
            }
            let coco = coco_metrics(matches, &weights, Wanted::Precision);
            for image in &chosen {
                weights[*image as usize] = 0;
            }
            let images = chosen.len() as u64;
            Bucket { name: value.to_owned(), images, counts, ap: coco.ap, ap50: coco.ap50 }
        };
        let buckets = values.into_iter().map(&mut bucket).collect();
        breakdowns.push(Breakdown { by: key.to_owned(), buckets, buckets_in_all });
    }
    breakdowns
}

fn by_size(
    images: &[Image],
    matches: &[ClassMatches],
    tally: &Tally,
    coco: &CocoMetrics,
) -> Breakdown {
    let ap50 = crate::metrics::ap50_of_sizes(matches, &vec![1; images.len()]);
    let ap = [coco.ap_small, coco.ap_medium, coco.ap_large];
    let buckets = (0..3)
        .map(|size| Bucket {
            name: SIZES[size].to_owned(),
            images: tally.sizes[size].images,
            counts: tally.sizes[size].counts,
            ap: ap[size],
            ap50: ap50[size],
        })
        .collect();
    Breakdown { by: "size".to_owned(), buckets, buckets_in_all: 3 }
}

fn by_class(tally: &Tally, classes: &[ClassReport]) -> Breakdown {
    let mut buckets: Vec<(usize, Bucket)> = classes
        .iter()
        .enumerate()
        .map(|(place, class)| {
            let (images, counts) = tally.of_class(place);
            let name = class.name.clone();
            (place, Bucket { name, images, counts, ap: class.ap, ap50: class.ap50 })
        })
        .collect();
    buckets.sort_by_key(|(_, bucket)| std::cmp::Reverse(bucket.images));
    buckets.truncate(MOST_BUCKETS);
    buckets.sort_by_key(|(place, _)| *place);
    Breakdown {
        by: "class".to_owned(),
        buckets: buckets.into_iter().map(|(_, bucket)| bucket).collect(),
        buckets_in_all: classes.len() as u64,
    }
}

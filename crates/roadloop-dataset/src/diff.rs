//! What became of a dataset from one version to the next.
//!
//! Images are the same by their names, classes by theirs: a list in another order changes no
//! box. Of the earlier version all is held in memory but the lines of manifests; the later
//! one is read once.

mod boxes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::formats::MOST_IMAGES;
use crate::{DatasetError, Sample, SampleBox, SampleName, Split};

/// Names that are given of each, where nothing else is said.
const EXAMPLES: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    pub images_added: Listed<SampleName>,
    pub images_removed: Listed<SampleName>,
    /// Into another split.
    pub images_moved: Listed<MovedImage>,
    /// The name is the same, the file is another.
    pub images_replaced: Listed<SampleName>,
    /// Images that are in both, and whose boxes are not the same.
    pub images_relabelled: Listed<RelabelledImage>,
    /// In both and the same: split, file and boxes.
    pub images_unchanged: u64,
    /// On images that are in both.
    pub boxes: BoxChanges,
    pub classes: ClassChanges,
}

/// How many, and the first of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed<T> {
    pub count: u64,
    pub examples: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Listed<T> {
        Listed { count: 0, examples: Vec::new() }
    }
}

impl<T> Listed<T> {
    fn add(&mut self, most: usize, example: impl FnOnce() -> T) {
        self.count += 1;
        if self.examples.len() < most {
            self.examples.push(example());
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedImage {
    pub image: SampleName,
    pub from: Split,
    pub to: Split,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelabelledImage {
    pub image: SampleName,
    pub boxes: BoxChanges,
    /// Absent where in both or in none somebody looked; else whether somebody does now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_labelled_now: Option<bool>,
}

/// Boxes of two versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxChanges {
    /// Of the same class, confidence, attributes and place, to a millionth of a pixel.
    pub same: u64,
    /// Of the same class, overlapping by a half or more, and not the same.
    pub moved: u64,
    pub added: u64,
    pub removed: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassChanges {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// Those in both are in another order: numbers in files of labels mean others.
    pub is_reordered: bool,
    /// Boxes each class has now less those it had, where that is not 0.
    pub boxes: BTreeMap<String, i64>,
}

impl Diff {
    /// Of classes and rows of an earlier and a later version, 20 examples of each change.
    pub fn between(
        old: (&[String], impl IntoIterator<Item = Result<Sample, DatasetError>>),
        new: (&[String], impl IntoIterator<Item = Result<Sample, DatasetError>>),
    ) -> Result<Diff, DatasetError> {
        Diff::with_examples(old, new, EXAMPLES)
    }

    /// The same, with at most so many examples of each change.
    pub fn with_examples(
        old: (&[String], impl IntoIterator<Item = Result<Sample, DatasetError>>),
        new: (&[String], impl IntoIterator<Item = Result<Sample, DatasetError>>),
        most: usize,
    ) -> Result<Diff, DatasetError> {
        let ((old_classes, old_rows), (new_classes, new_rows)) = (old, new);
        let mut classes = ClassCounts::of(old_classes, new_classes);
        let mut earlier: HashMap<SampleName, Earlier> = HashMap::new();
        for sample in old_rows {
            let sample = sample?;
            if earlier.len() as u64 >= MOST_IMAGES {
                return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
            }
            let boxes = classes.see_old(sample.boxes);
            let content = sample.image.content.map(|content| content.sha256);
            let seen = Earlier { split: sample.split, content, boxes };
            if earlier.insert(sample.name.clone(), seen).is_some() {
                return Err(twice(&sample.name));
            }
        }
        let mut diff = Diff::default();
        let mut later: HashSet<SampleName> = HashSet::new();
        for sample in new_rows {
            let sample = sample?;
            if later.len() as u64 >= MOST_IMAGES {
                return Err(DatasetError::TooMany { most: MOST_IMAGES, what: "images" });
            }
            let boxes = classes.see_new(sample.boxes);
            let content = sample.image.content.map(|content| content.sha256);
            match earlier.remove(&sample.name) {
                None if later.contains(&sample.name) => return Err(twice(&sample.name)),
                None => diff.images_added.add(most, || sample.name.clone()),
                Some(before) => {
                    let now = Earlier { split: sample.split, content, boxes };
                    diff.compare(&sample.name, &before, &now, most);
                }
            }
            later.insert(sample.name);
        }
        let mut gone: Vec<SampleName> = earlier.into_keys().collect();
        gone.sort_unstable();
        diff.images_removed.count = gone.len() as u64;
        gone.truncate(most);
        diff.images_removed.examples = gone;
        diff.classes = classes.finish();
        Ok(diff)
    }

    fn compare(&mut self, name: &SampleName, before: &Earlier, now: &Earlier, most: usize) {
        let mut is_same = true;
        if before.split != now.split {
            is_same = false;
            let (from, to) = (before.split, now.split);
            self.images_moved.add(most, || MovedImage { image: name.clone(), from, to });
        }
        // Where one could not be read, nobody can say.
        if let (Some(before), Some(now)) = (&before.content, &now.content)
            && before != now
        {
            is_same = false;
            self.images_replaced.add(most, || name.clone());
        }
        let changes = boxes::changes(before.boxes(), now.boxes());
        self.boxes.same += changes.same;
        self.boxes.moved += changes.moved;
        self.boxes.added += changes.added;
        self.boxes.removed += changes.removed;
        let was_labelled = before.boxes.is_some();
        let is_labelled = now.boxes.is_some();
        let is_labelled_now = (was_labelled != is_labelled).then_some(is_labelled);
        let is_relabelled =
            is_labelled_now.is_some() || changes.moved + changes.added + changes.removed > 0;
        if is_relabelled {
            is_same = false;
            let image = name.clone();
            self.images_relabelled.add(most, || RelabelledImage {
                image,
                boxes: changes,
                is_labelled_now,
            });
        }
        self.images_unchanged += u64::from(is_same);
    }
}

fn twice(name: &SampleName) -> DatasetError {
    DatasetError::Rows(format!("{name} is there twice"))
}

/// What is compared of an image; its boxes' classes are numbers of both lists together.
#[derive(Debug)]
struct Earlier {
    split: Split,
    content: Option<String>,
    boxes: Option<Vec<SampleBox>>,
}

impl Earlier {
    fn boxes(&self) -> &[SampleBox] {
        self.boxes.as_deref().unwrap_or_default()
    }
}

/// Two lists of classes as one.
#[derive(Debug)]
struct ClassCounts {
    names: Vec<String>,
    old: Vec<u32>,
    new: Vec<u32>,
    /// Boxes now less those before.
    boxes: Vec<i64>,
}

impl ClassCounts {
    fn of(old: &[String], new: &[String]) -> ClassCounts {
        let (names, mut mappings) = crate::merge_classes(&[old, new]);
        let new = mappings.pop().unwrap_or_default();
        let old = mappings.pop().unwrap_or_default();
        let boxes = vec![0; names.len()];
        ClassCounts { names, old, new, boxes }
    }

    fn see_old(&mut self, boxes: Option<Vec<SampleBox>>) -> Option<Vec<SampleBox>> {
        renumbered(boxes, &self.old, &mut self.boxes, -1)
    }

    fn see_new(&mut self, boxes: Option<Vec<SampleBox>>) -> Option<Vec<SampleBox>> {
        renumbered(boxes, &self.new, &mut self.boxes, 1)
    }

    fn finish(self) -> ClassChanges {
        let [old, new] =
            [&self.old, &self.new].map(|list| list.iter().copied().collect::<HashSet<u32>>());
        let name = |place: &u32| self.names.get(*place as usize).cloned();
        let only = |list: &[u32], not: &HashSet<u32>| -> Vec<String> {
            list.iter().filter(|place| !not.contains(place)).filter_map(name).collect()
        };
        let olds_in_both = self.old.iter().filter(|place| new.contains(place));
        let news_in_both = self.new.iter().filter(|place| old.contains(place));
        ClassChanges {
            added: only(&self.new, &old),
            removed: only(&self.old, &new),
            is_reordered: !olds_in_both.eq(news_in_both),
            boxes: self
                .names
                .iter()
                .zip(&self.boxes)
                .filter(|(_, boxes)| **boxes != 0)
                .map(|(name, boxes)| (name.clone(), *boxes))
                .collect(),
        }
    }
}

/// A class that its list does not have stays one that no list has.
fn renumbered(
    boxes: Option<Vec<SampleBox>>,
    mapping: &[u32],
    counts: &mut [i64],
    step: i64,
) -> Option<Vec<SampleBox>> {
    let mut boxes = boxes?;
    for found in &mut boxes {
        found.class = mapping.get(found.class as usize).copied().unwrap_or(u32::MAX);
        if let Some(count) = counts.get_mut(found.class as usize) {
            *count += step;
        }
    }
    Some(boxes)
}

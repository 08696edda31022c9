//! What a dataset says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{DatasetName, Sample, Split, SplitSettings};

/// The card of a version: beside its frozen rows, and in each export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub format: u32,
    pub name: DatasetName,
    /// From 1 on.
    pub version: u32,
    /// A hash over classes and samples, 64 hexadecimal digits: the same inputs give the same.
    pub id: String,
    /// RFC 3339, UTC.
    pub made_at: String,
    pub made_by: String,
    /// The command that makes it again from the same inputs.
    pub command: String,
    /// Versions of the catalog's tables it was made from.
    pub tables: BTreeMap<String, u64>,
    pub origins: Vec<Origin>,
    pub classes: Vec<String>,
    pub split: SplitSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub counts: Counts,
    /// What people should know who train on it.
    pub warnings: Vec<String>,
}

impl Card {
    pub const FORMAT: u32 = 1;
}

/// Where samples are from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub kind: OriginKind,
    /// The job's, selection's or file's name.
    pub name: String,
    /// What tells its content from that of another time: a hash, a version, a state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The label attribute, the filter, the form of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Samples of the dataset that are from here.
    pub images: u64,
    pub boxes: u64,
    /// Why images of it are not in the dataset, and how many.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginKind {
    Job,
    Manifest,
    Selection,
    Import,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub images: u64,
    pub boxes: u64,
    /// Looked at, and nothing on them.
    pub empty: u64,
    /// Nobody looked.
    pub unlabelled: u64,
    pub splits: BTreeMap<Split, SplitCounts>,
    /// Boxes of each class, in the order of the classes.
    pub classes: Vec<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitCounts {
    pub images: u64,
    pub boxes: u64,
    pub empty: u64,
    /// What is kept together: recordings, mostly.
    pub groups: u64,
    /// Boxes of each class, in the order of the classes.
    pub classes: Vec<u64>,
}

impl Counts {
    /// Of all samples of a dataset with so many classes.
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>, classes: usize) -> Counts {
        let mut counts = Counts { classes: vec![0; classes], ..Counts::default() };
        let mut groups: BTreeMap<Split, std::collections::HashSet<&str>> = BTreeMap::new();
        for sample in samples {
            let of_split = counts.splits.entry(sample.split).or_insert_with(|| SplitCounts {
                classes: vec![0; classes],
                ..SplitCounts::default()
            });
            counts.images += 1;
            of_split.images += 1;
            groups.entry(sample.split).or_default().insert(&sample.group);
            let Some(boxes) = &sample.boxes else {
                counts.unlabelled += 1;
                continue;
            };
            counts.boxes += boxes.len() as u64;
            of_split.boxes += boxes.len() as u64;
            counts.empty += u64::from(boxes.is_empty());
            of_split.empty += u64::from(boxes.is_empty());
            for class in boxes.iter().map(|found| found.class as usize) {
                for counts in [&mut counts.classes, &mut of_split.classes] {
                    if let Some(count) = counts.get_mut(class) {
                        *count += 1;
                    }
                }
            }
        }
        for (split, groups) in groups {
            counts.splits.entry(split).or_default().groups = groups.len() as u64;
        }
        counts
    }
}

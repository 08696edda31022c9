//! What the API says of datasets, as JSON. Boxes are in pixels of the image, fractions too.

use std::collections::BTreeMap;

use roadloop_engine::datasets::{
    Attribute, Card, ImagePlace, Sample, SampleBox, Split, SplitCounts,
};
use roadloop_engine::stages::dataset::Listed;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::server::studio::model::FrameName;

/// The newest version of a dataset.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetSummary {
    name: String,
    version: u32,
    /// All there are, rising.
    versions: Vec<u32>,
    /// 64 hexadecimal digits that follow from its content.
    id: String,
    made_at: String,
    made_by: String,
    images: u64,
    boxes: u64,
    /// Looked at, and nothing on them.
    empty: u64,
    /// Nobody looked.
    unlabelled: u64,
    classes: Vec<String>,
    /// By `train`, `val`, `test`; those that have any image.
    splits: BTreeMap<String, DatasetSplit>,
    /// What people should know who train on it: how many things.
    warnings: u64,
}

/// How many of what are in a split.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetSplit {
    images: u64,
    boxes: u64,
    empty: u64,
    /// What is kept together: recordings, mostly.
    groups: u64,
    /// Boxes of each class, in the order of the classes.
    classes: Vec<u64>,
}

fn splits_of(card: &Card) -> BTreeMap<String, DatasetSplit> {
    let of = |(split, counts): (&Split, &SplitCounts)| {
        let counts = DatasetSplit {
            images: counts.images,
            boxes: counts.boxes,
            empty: counts.empty,
            groups: counts.groups,
            classes: counts.classes.clone(),
        };
        (split.name().to_owned(), counts)
    };
    card.counts.splits.iter().map(of).collect()
}

impl DatasetSummary {
    fn of(Listed { newest: card, versions }: Listed) -> DatasetSummary {
        DatasetSummary {
            splits: splits_of(&card),
            name: card.name.to_string(),
            version: card.version,
            versions,
            id: card.id,
            made_at: card.made_at,
            made_by: card.made_by,
            images: card.counts.images,
            boxes: card.counts.boxes,
            empty: card.counts.empty,
            unlabelled: card.counts.unlabelled,
            classes: card.classes,
            warnings: card.warnings.len() as u64,
        }
    }
}

/// All datasets.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetList {
    datasets: Vec<DatasetSummary>,
}

impl DatasetList {
    pub(super) fn of(listed: Vec<Listed>) -> DatasetList {
        DatasetList { datasets: listed.into_iter().map(DatasetSummary::of).collect() }
    }
}

/// Where samples of a dataset are from.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetOrigin {
    /// `job`, `manifest`, `selection`, `import`.
    kind: String,
    name: String,
    revision: Option<String>,
    detail: Option<String>,
    images: u64,
    boxes: u64,
    /// Why images of it are not in the dataset, and how many.
    left_out: BTreeMap<String, u64>,
}

/// How samples were split.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetSplitting {
    /// Parts for training, validation and test.
    ratios: Vec<f64>,
    /// `random`, `time`, `given`.
    by: String,
    /// `recording`, `day`, `none`.
    group: String,
    stratify: bool,
    seed: u64,
}

/// How many of what a dataset has.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetCounts {
    images: u64,
    boxes: u64,
    empty: u64,
    unlabelled: u64,
    splits: BTreeMap<String, DatasetSplit>,
    /// Boxes of each class, in the order of the classes.
    classes: Vec<u64>,
}

/// What a version of a dataset says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetCard {
    name: String,
    version: u32,
    /// All there are, rising.
    versions: Vec<u32>,
    id: String,
    made_at: String,
    made_by: String,
    /// The command that makes it again.
    command: String,
    /// Versions of the catalog's tables it was made from.
    tables: BTreeMap<String, u64>,
    origins: Vec<DatasetOrigin>,
    classes: Vec<String>,
    split: DatasetSplitting,
    license: Option<String>,
    description: Option<String>,
    counts: DatasetCounts,
    warnings: Vec<String>,
}

/// A word as its JSON has it.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

impl DatasetCard {
    pub(super) fn of(card: Card, versions: Vec<u32>) -> DatasetCard {
        let splits = splits_of(&card);
        let origins = card.origins.into_iter().map(|origin| DatasetOrigin {
            kind: word(origin.kind),
            name: origin.name,
            revision: origin.revision,
            detail: origin.detail,
            images: origin.images,
            boxes: origin.boxes,
            left_out: origin.left_out,
        });
        DatasetCard {
            name: card.name.to_string(),
            version: card.version,
            versions,
            id: card.id,
            made_at: card.made_at,
            made_by: card.made_by,
            command: card.command,
            tables: card.tables,
            origins: origins.collect(),
            classes: card.classes,
            split: DatasetSplitting {
                ratios: card.split.ratios.to_vec(),
                by: word(card.split.by),
                group: word(card.split.group),
                stratify: card.split.stratify,
                seed: card.split.seed,
            },
            license: card.license,
            description: card.description,
            counts: DatasetCounts {
                images: card.counts.images,
                boxes: card.counts.boxes,
                empty: card.counts.empty,
                unlabelled: card.counts.unlabelled,
                splits,
                classes: card.counts.classes,
            },
            warnings: card.warnings,
        }
    }
}

/// A labelled rectangle, in pixels of the image.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetBox {
    class: String,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    confidence: Option<f64>,
    attributes: BTreeMap<String, Value>,
}

/// An image of a dataset, and what is said to be on it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetSample {
    /// From 1 on, in the order of the dataset.
    pub(super) number: u64,
    name: String,
    split: String,
    /// What is kept together: the recording, or a folder.
    group: String,
    width: u32,
    height: u32,
    frame: Option<FrameName>,
    taken_at: Option<String>,
    /// Nothing where nobody looked; none where somebody looked and there is nothing.
    boxes: Option<Vec<DatasetBox>>,
    /// Anonymised where it is a frame; `which=raw` shows it as it was recorded.
    image_url: String,
    thumbnail_url: String,
}

/// Some samples of a dataset.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DatasetSamples {
    pub(super) samples: Vec<DatasetSample>,
    /// All that were asked for.
    pub(super) total: u64,
    /// The next page comes after this number; nothing where there is none.
    pub(super) next: Option<u64>,
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Flag(flag) => Value::from(*flag),
        Attribute::Number(number) => Value::from(*number),
        Attribute::Text(text) => Value::from(text.as_str()),
    }
}

impl DatasetBox {
    fn of(card: &Card, found: &SampleBox) -> DatasetBox {
        let attributes = found.attributes.iter();
        DatasetBox {
            class: card.classes.get(found.class as usize).cloned().unwrap_or_default(),
            left: found.area.left(),
            top: found.area.top(),
            width: found.area.width(),
            height: found.area.height(),
            confidence: found.confidence,
            attributes: attributes.map(|(name, value)| (name.clone(), attribute(value))).collect(),
        }
    }
}

impl DatasetSample {
    pub(super) fn of(card: &Card, number: u64, sample: &Sample) -> DatasetSample {
        let boxes = sample.boxes.as_ref();
        let image_url = image_url(card, sample);
        DatasetSample {
            number,
            name: sample.name.to_string(),
            split: sample.split.name().to_owned(),
            group: sample.group.clone(),
            width: sample.image.width,
            height: sample.image.height,
            frame: sample.frame.as_ref().map(FrameName::of),
            taken_at: sample.taken_at.map(roadloop_base::Nanos::iso),
            boxes: boxes
                .map(|boxes| boxes.iter().map(|found| DatasetBox::of(card, found)).collect()),
            thumbnail_url: format!("{image_url}?side=320"),
            image_url,
        }
    }
}

/// A frame's own address, where it is anonymised, or the dataset's.
fn image_url(card: &Card, sample: &Sample) -> String {
    if let (Some(_), ImagePlace::Key(key)) = (&sample.frame, &sample.image.place)
        && let Some(key) = key.strip_prefix("images/")
    {
        return format!("/api/v1/images/{key}");
    }
    format!("/api/v1/datasets/{}/{}/images/{}", card.name, card.version, sample.name)
}

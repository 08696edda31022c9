//! Datasets: what is in them, what is wrong with them, and their images. Nothing here changes
//! one: they are made by the command line, and never change.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_base::FrameId;
use roadloop_engine::EngineError;
use roadloop_engine::datasets::{
    Attribute, Card, CheckSettings, DatasetName, DatasetRef, ImagePlace, Sample, Split,
};
use roadloop_engine::pictures::THUMBNAIL_SIDES;
use roadloop_engine::stages::dataset::{self, ImageCheck, image_bytes, thumbnail_of};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::guard::{Caller, blocking};
use super::model::{FrameName, Tagged, quoted, tags_in};
use crate::server::problem::Problem;

/// Datasets whose samples are kept in memory: they are frozen, so what is kept stays true.
const KEPT: usize = 2;
/// Samples of a dataset that is looked at page by page; beyond, the command line has to do.
const MOST_SAMPLES: u64 = 500_000;
const MOST_A_PAGE: u32 = 500;
/// An image under its content never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

/// Datasets whose frames are known: a split and a number each.
const KNOWN: usize = 16;
/// Larger datasets are no part of a frame's lineage: it would wait too long.
const MOST_IN_LINEAGE: u64 = 200_000;

type Frames = HashMap<FrameId, (Split, Option<u64>)>;

/// What is known of datasets that were looked at last, by their id.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    samples: Mutex<VecDeque<(String, Arc<Vec<Sample>>)>>,
    frames: Mutex<VecDeque<(String, Arc<Frames>)>>,
}

impl Shelf {
    /// Newest versions that have a frame: in which split, with how many boxes.
    pub(super) async fn with_frame(
        &self,
        studio: &Studio,
        id: &FrameId,
    ) -> Result<Vec<(Card, Split, Option<u64>)>, Problem> {
        let mut found = Vec::new();
        for card in dataset::list(&studio.ctx).await?.0 {
            let has_frames = card.tables.get("frames").is_some_and(|version| *version > 0);
            if !has_frames || card.counts.images > MOST_IN_LINEAGE {
                continue;
            }
            let frames = self.frames_of(studio, &card).await?;
            if let Some((split, boxes)) = frames.get(id) {
                found.push((card, *split, *boxes));
            }
        }
        Ok(found)
    }

    async fn frames_of(&self, studio: &Studio, card: &Card) -> Result<Arc<Frames>, Problem> {
        let mut kept = self.frames.lock().await;
        if let Some((_, frames)) = kept.iter().find(|(id, _)| *id == card.id) {
            return Ok(Arc::clone(frames));
        }
        let rows = dataset::rows(&studio.ctx, card).await?;
        let read = move || -> Result<Frames, roadloop_engine::datasets::DatasetError> {
            let mut frames = Frames::new();
            for sample in rows {
                let sample = sample?;
                let boxes = sample.boxes.as_ref().map(|boxes| boxes.len() as u64);
                frames.extend(sample.frame.map(|frame| (frame, (sample.split, boxes))));
            }
            Ok(frames)
        };
        let frames = Arc::new(blocking(read).await?.map_err(EngineError::from)?);
        kept.push_front((card.id.clone(), Arc::clone(&frames)));
        kept.truncate(KNOWN);
        Ok(frames)
    }

    async fn samples(&self, studio: &Studio, card: &Card) -> Result<Arc<Vec<Sample>>, Problem> {
        if card.counts.images > MOST_SAMPLES {
            return Err(Problem::unprocessable(format!(
                "it has {} images, more than {MOST_SAMPLES}: look at it with roadloop dataset \
                 sheet, check and show",
                card.counts.images
            )));
        }
        // One at a time: who asks for the same waits, and finds it.
        let mut kept = self.samples.lock().await;
        if let Some((_, samples)) = kept.iter().find(|(id, _)| *id == card.id) {
            return Ok(Arc::clone(samples));
        }
        let samples = Arc::new(dataset::samples(&studio.ctx, card).await?);
        kept.push_front((card.id.clone(), Arc::clone(&samples)));
        kept.truncate(KEPT);
        Ok(samples)
    }
}

/// The newest version of a dataset.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatasetSummary {
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
pub(super) struct DatasetSplit {
    images: u64,
    boxes: u64,
    empty: u64,
    /// What is kept together: recordings, mostly.
    groups: u64,
    /// Boxes of each class, in the order of the classes.
    classes: Vec<u64>,
}

fn splits_of(card: &Card) -> BTreeMap<String, DatasetSplit> {
    let of = |(split, counts): (&Split, &roadloop_engine::datasets::SplitCounts)| {
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

/// All datasets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatasetList {
    datasets: Vec<DatasetSummary>,
}

/// The newest version of each dataset
#[utoipa::path(get, operation_id = "datasets", path = "/api/v1/datasets", tag = "datasets",
    responses((status = 200, body = DatasetList)))]
pub(super) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<DatasetList>, Problem> {
    caller.must(Permission::See)?;
    let mut datasets = Vec::new();
    for card in dataset::list(&studio.ctx).await?.0 {
        let versions = dataset::versions(&studio.ctx, &card.name).await?;
        datasets.push(DatasetSummary {
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
        });
    }
    Ok(Json(DatasetList { datasets }))
}

/// Where samples of a dataset are from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatasetOrigin {
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
pub(super) struct DatasetSplitting {
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
pub(super) struct DatasetCounts {
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
pub(super) struct DatasetCard {
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
    fn of(card: Card, versions: Vec<u32>) -> DatasetCard {
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

/// The dataset that a path names.
async fn named(studio: &Studio, name: &str, version: u32) -> Result<Card, Problem> {
    let missing = || Problem::not_found(format!("no dataset is called {name:?}"));
    let name = DatasetName::new(name).map_err(|_| missing())?;
    Ok(dataset::card(&studio.ctx, &DatasetRef { name, version: Some(version) }).await?)
}

type Named = Result<Path<(String, u32)>, PathRejection>;

/// A version of a dataset
#[utoipa::path(get, operation_id = "dataset", path = "/api/v1/datasets/{name}/{version}", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = DatasetCard), (status = 404, description = "there is none")))]
pub(super) async fn one(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Named,
) -> Result<Json<DatasetCard>, Problem> {
    caller.must(Permission::See)?;
    let Path((name, version)) = path?;
    let card = named(&studio, &name, version).await?;
    let versions = dataset::versions(&studio.ctx, &card.name).await?;
    Ok(Json(DatasetCard::of(card, versions)))
}

/// Sizes, places and numbers of a dataset's boxes, as histograms with their edges
#[utoipa::path(get, operation_id = "dataset_statistics", path = "/api/v1/datasets/{name}/{version}/statistics", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path)),
    responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn statistics(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Named,
) -> Result<Tagged<Json<Value>>, Problem> {
    caller.must(Permission::See)?;
    let Path((name, version)) = path?;
    let card = named(&studio, &name, version).await?;
    let statistics = dataset::statistics(&studio.ctx, &card).await?;
    let answer = serde_json::to_value(statistics).map_err(Problem::internal)?;
    Ok(Tagged { tag: card.id, answer: Json(answer) })
}

/// How closely images are looked at.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ImagesAsked {
    /// All are read.
    All,
    /// Whether they are there with as many bytes.
    #[default]
    Sizes,
    None,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChecksAsked {
    #[serde(default)]
    #[param(inline)]
    images: ImagesAsked,
    /// Classes with fewer boxes are named.
    min_boxes: Option<u64>,
}

/// What is wrong with a dataset, and what people should know of it: `findings` with `kind`,
/// `severity` (`error`, `warning`, `note`), `count`, `what` and `examples`
#[utoipa::path(get, operation_id = "dataset_checks", path = "/api/v1/datasets/{name}/{version}/checks", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path), ChecksAsked),
    responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn checks(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Named,
    asked: Result<Query<ChecksAsked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.must(Permission::See)?;
    let (Path((name, version)), Query(ChecksAsked { images, min_boxes })) = (path?, asked?);
    let card = named(&studio, &name, version).await?;
    let usual = CheckSettings::default();
    let settings =
        CheckSettings { min_boxes: min_boxes.unwrap_or(usual.min_boxes), examples: 20, ..usual };
    let images = match images {
        ImagesAsked::All => ImageCheck::All,
        ImagesAsked::Sizes => ImageCheck::Sizes,
        ImagesAsked::None => ImageCheck::None,
    };
    let findings = dataset::check(&studio.ctx, &card, settings, images).await?;
    Ok(Json(serde_json::json!({ "findings": findings })))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffAsked {
    /// The version it is held against.
    from: u32,
}

/// What changed from another version to this one
#[utoipa::path(get, operation_id = "dataset_diff", path = "/api/v1/datasets/{name}/{version}/diff", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path), DiffAsked),
    responses((status = 200, body = Object), (status = 404, description = "there is none")))]
pub(super) async fn diff(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Named,
    asked: Result<Query<DiffAsked>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    caller.must(Permission::See)?;
    let (Path((name, version)), Query(DiffAsked { from })) = (path?, asked?);
    let new = named(&studio, &name, version).await?;
    let old = named(&studio, &name, from).await?;
    let diff = dataset::diff(&studio.ctx, &old, &new).await?;
    Ok(Json(serde_json::to_value(diff).map_err(Problem::internal)?))
}

/// What is said of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum SampleState {
    /// At least one box.
    Labelled,
    /// Looked at, and nothing on it.
    Empty,
    /// Nobody looked.
    Unlabelled,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SamplesAsked {
    /// `train`, `val`, `test`.
    split: Option<String>,
    /// With a box of that class.
    class: Option<String>,
    #[param(inline)]
    state: Option<SampleState>,
    /// The one image of that name.
    image: Option<String>,
    /// Those behind the sample of that number.
    #[param(minimum = 0)]
    after: Option<u64>,
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// A labelled rectangle, in pixels of the image.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatasetBox {
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
pub(super) struct DatasetSample {
    /// From 1 on, in the order of the dataset.
    number: u64,
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
pub(super) struct DatasetSamples {
    samples: Vec<DatasetSample>,
    /// All that were asked for.
    total: u64,
    /// The next page comes after this number; nothing where there is none.
    next: Option<u64>,
}

fn attribute(value: &Attribute) -> Value {
    match value {
        Attribute::Flag(flag) => Value::from(*flag),
        Attribute::Number(number) => Value::from(*number),
        Attribute::Text(text) => Value::from(text.as_str()),
    }
}

fn sample_of(card: &Card, number: u64, sample: &Sample) -> DatasetSample {
    let class = |place: u32| card.classes.get(place as usize).cloned().unwrap_or_default();
    let boxes = sample.boxes.as_ref().map(|boxes| {
        let boxes = boxes.iter().map(|found| DatasetBox {
            class: class(found.class),
            left: found.area.left(),
            top: found.area.top(),
            width: found.area.width(),
            height: found.area.height(),
            confidence: found.confidence,
            attributes: found
                .attributes
                .iter()
                .map(|(name, value)| (name.clone(), attribute(value)))
                .collect(),
        });
        boxes.collect()
    });
    let own = format!("/api/v1/datasets/{}/{}/images/{}", card.name, card.version, sample.name);
    let image_url = match (&sample.frame, &sample.image.place) {
        (Some(_), ImagePlace::Key(key)) => match key.strip_prefix("images/") {
            Some(key) => format!("/api/v1/images/{key}"),
            None => own,
        },
        _ => own,
    };
    DatasetSample {
        number,
        name: sample.name.to_string(),
        split: sample.split.name().to_owned(),
        group: sample.group.clone(),
        width: sample.image.width,
        height: sample.image.height,
        frame: sample.frame.as_ref().map(FrameName::of),
        taken_at: sample.taken_at.map(roadloop_base::Nanos::iso),
        boxes,
        thumbnail_url: format!("{image_url}?side=320"),
        image_url,
    }
}

/// Samples of a dataset, in their order
#[utoipa::path(get, operation_id = "dataset_samples", path = "/api/v1/datasets/{name}/{version}/samples", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path), SamplesAsked),
    responses((status = 200, body = DatasetSamples), (status = 404, description = "there is none"),
        (status = 422, description = "it is too large for this")))]
pub(super) async fn samples(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Named,
    asked: Result<Query<SamplesAsked>, QueryRejection>,
) -> Result<Json<DatasetSamples>, Problem> {
    caller.must(Permission::See)?;
    let (Path((name, version)), Query(asked)) = (path?, asked?);
    let limit = asked.limit.unwrap_or(100);
    if !(1..=MOST_A_PAGE).contains(&limit) {
        return Err(Problem::invalid(format!("a page has 1 to {MOST_A_PAGE} samples")));
    }
    let split = asked.split.as_deref().map(str::parse::<Split>).transpose();
    let split = split.map_err(|error| Problem::invalid(error.to_string()))?;
    let card = named(&studio, &name, version).await?;
    let class = match &asked.class {
        None => None,
        Some(class) => {
            let place = card.classes.iter().position(|known| known == class);
            let missing = || Problem::not_found(format!("no class is called {class:?}"));
            Some(place.ok_or_else(missing)? as u32)
        }
    };
    let all = studio.datasets.samples(&studio, &card).await?;
    let is_asked = |sample: &Sample| {
        let boxes = sample.boxes.as_deref();
        split.is_none_or(|split| sample.split == split)
            && class.is_none_or(|class| boxes.unwrap_or_default().iter().any(|b| b.class == class))
            && asked.image.as_deref().is_none_or(|name| sample.name.as_str() == name)
            && match asked.state {
                None => true,
                Some(SampleState::Labelled) => boxes.is_some_and(|boxes| !boxes.is_empty()),
                Some(SampleState::Empty) => boxes.is_some_and(<[_]>::is_empty),
                Some(SampleState::Unlabelled) => boxes.is_none(),
            }
    };
    let after = asked.after.unwrap_or(0);
    let (mut samples, mut total, mut is_more) = (Vec::new(), 0, false);
    for (number, sample) in (1..).zip(all.iter()).filter(|(_, sample)| is_asked(sample)) {
        total += 1;
        if number > after && samples.len() < limit as usize {
            samples.push(sample_of(&card, number, sample));
        } else if number > after {
            is_more = true;
        }
    }
    let next = samples.last().map(|sample| sample.number).filter(|_| is_more);
    Ok(Json(DatasetSamples { samples, total, next }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DatasetImageAsked {
    /// Pixels of the longer side: a thumbnail, as a JPEG. The image as it lies where nothing
    /// is said.
    #[param(minimum = 1, maximum = 960)]
    side: Option<u32>,
}

/// An image of a dataset, as it is trained on: not for everybody
#[utoipa::path(get, operation_id = "dataset_image", path = "/api/v1/datasets/{name}/{version}/images/{image}", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path), ("image" = String, Path), DatasetImageAsked),
    responses(
        (status = 200, content_type = "image/jpeg", body = String),
        (status = 304, description = "the one with that entity tag"),
        (status = 403, description = "raw images are not for everybody"),
        (status = 404, description = "there is no such image, or it is gone or changed")))]
pub(super) async fn image(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    path: Result<Path<(String, u32, String)>, PathRejection>,
    asked: Result<Query<DatasetImageAsked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.must(Permission::SeeRaw)?;
    let (Path((name, version, image)), Query(DatasetImageAsked { side })) = (path?, asked?);
    let most = THUMBNAIL_SIDES[THUMBNAIL_SIDES.len() - 1];
    if side.is_some_and(|side| !(1..=most).contains(&side)) {
        return Err(Problem::invalid(format!("a side of a thumbnail has 1 to {most} pixels")));
    }
    let card = named(&studio, &name, version).await?;
    let all = studio.datasets.samples(&studio, &card).await?;
    let missing = || Problem::not_found(format!("there is no image {image:?} any more"));
    let sample = all.iter().find(|sample| sample.name.as_str() == image).ok_or_else(missing)?;
    let content = sample.image.content.as_ref().ok_or_else(missing)?;
    let tag = format!("{}-{}", content.sha256.get(..16).unwrap_or_default(), side.unwrap_or(0));
    if tags_in(&headers, header::IF_NONE_MATCH).contains(&tag) {
        let fresh = [(header::CACHE_CONTROL, FOREVER)];
        return Ok((StatusCode::NOT_MODIFIED, fresh).into_response());
    }
    let bytes = image_bytes(&studio.ctx, sample).await?.map_err(|_| missing())?;
    let (bytes, media_type) = match side {
        None => {
            let media_type = match bytes.as_ref() {
                [0x89, b'P', b'N', b'G', ..] => "image/png",
                [b'R', b'I', b'F', b'F', ..] => "image/webp",
                _ => "image/jpeg",
            };
            (bytes, media_type)
        }
        Some(side) => (thumbnail_of(&studio.ctx, bytes, side).await?, "image/jpeg"),
    };
    studio.saw_raw(&caller, "see images of a dataset", format!("{name}@{version}")).await;
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::ETAG, quoted(&tag))];
    Ok((headers, [(header::CACHE_CONTROL, FOREVER)], bytes).into_response())
}

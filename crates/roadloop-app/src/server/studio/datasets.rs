//! Datasets: what is in them, what is wrong with them, and their images. Nothing here changes
//! one: they are made by the command line, and never change.

pub(super) mod model;
pub(super) mod samples;

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use roadloop_base::FrameId;
use roadloop_engine::datasets::{Card, CheckSettings, DatasetName, DatasetRef, Split};
use roadloop_engine::stages::dataset::{self, ImageCheck};
use roadloop_users::Permission;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use self::model::{DatasetCard, DatasetList};
use super::Studio;
use super::guard::Caller;
use super::model::Tagged;
use super::views::Ready;
use crate::server::problem::Problem;

/// Larger datasets are no part of a frame's lineage: it would wait too long.
const MOST_IN_LINEAGE: u64 = 200_000;

/// The newest version of each dataset
#[utoipa::path(get, operation_id = "datasets", path = "/api/v1/datasets", tag = "datasets",
    responses((status = 200, body = DatasetList)))]
pub(super) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Json<DatasetList>, Problem> {
    caller.must(Permission::See)?;
    let (listed, _) = dataset::list(&studio.ctx).await?;
    Ok(Json(DatasetList::of(listed)))
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
) -> Result<Tagged<Ready>, Problem> {
    caller.must(Permission::See)?;
    let Path((name, version)) = path?;
    let card = named(&studio, &name, version).await?;
    let (question, ctx) = (format!("statistics of dataset {}", card.id), studio.ctx.clone());
    let ask = async move { dataset::statistics(&ctx, &card).await };
    studio.views.answer(&studio.ctx.catalog, question, ask).await
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
) -> Result<Tagged<Ready>, Problem> {
    caller.must(Permission::See)?;
    let (Path((name, version)), Query(DiffAsked { from })) = (path?, asked?);
    let new = named(&studio, &name, version).await?;
    let old = named(&studio, &name, from).await?;
    let question = format!("from dataset {} to {}", old.id, new.id);
    let ctx = studio.ctx.clone();
    let ask = async move { dataset::diff(&ctx, &old, &new).await };
    studio.views.answer(&studio.ctx.catalog, question, ask).await
}

/// Newest versions that have a frame: for which split, and with how many boxes.
pub(super) async fn with_frame(
    studio: &Studio,
    id: &FrameId,
) -> Result<Vec<(Card, Split, Option<u64>)>, Problem> {
    let mut found = Vec::new();
    let (listed, _) = dataset::list(&studio.ctx).await?;
    for card in listed.into_iter().map(|listed| listed.newest) {
        let has_frames = card.tables.get("frames").is_some_and(|version| *version > 0);
        if !has_frames || card.counts.images > MOST_IN_LINEAGE {
            continue;
        }
        let frames = studio.views.frames_in(&studio.ctx, &card).await?;
        if let Some((split, boxes)) = frames.get(id) {
            found.push((card, *split, *boxes));
        }
    }
    Ok(found)
}

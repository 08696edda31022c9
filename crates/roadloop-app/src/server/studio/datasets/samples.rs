//! Samples of a dataset, page by page, and their images.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use roadloop_engine::datasets::{Card, Sample, Split};
use roadloop_engine::pictures::{THUMBNAIL_SIDES, media_type_of};
use roadloop_engine::stages::dataset::{image_bytes, thumbnail_of};
use roadloop_users::Permission;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::model::{DatasetSample, DatasetSamples};
use super::{Named, named};
use crate::server::problem::Problem;
use crate::server::studio::Studio;
use crate::server::studio::guard::Caller;
use crate::server::studio::model::{quoted, tags_in};

/// Samples of a dataset that is looked at page by page; beyond, the command line has to do.
const MOST_SAMPLES: u64 = 500_000;
const MOST_A_PAGE: u32 = 500;
/// An image under its content never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");

async fn samples_of(studio: &Studio, card: &Card) -> Result<Arc<Vec<Sample>>, Problem> {
    if card.counts.images > MOST_SAMPLES {
        return Err(Problem::unprocessable(format!(
            "it has {} images, more than {MOST_SAMPLES}: look at it with roadloop dataset sheet, \
             check and show",
            card.counts.images
        )));
    }
    Ok(studio.views.samples(&studio.ctx, card).await?)
}

/// What is said of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::server::studio) enum SampleState {
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
pub(in crate::server::studio) struct SamplesAsked {
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

/// Samples of a dataset, in their order
#[utoipa::path(get, operation_id = "dataset_samples", path = "/api/v1/datasets/{name}/{version}/samples", tag = "datasets",
    params(("name" = String, Path), ("version" = u32, Path), SamplesAsked),
    responses((status = 200, body = DatasetSamples), (status = 404, description = "there is none"),
        (status = 422, description = "it is too large for this")))]
pub(in crate::server::studio) async fn page(
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
    let all = samples_of(&studio, &card).await?;
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
            samples.push(DatasetSample::of(&card, number, sample));
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
pub(in crate::server::studio) struct DatasetImageAsked {
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
pub(in crate::server::studio) async fn image(
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
    let all = samples_of(&studio, &card).await?;
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
            let media_type = media_type_of(&bytes);
            (bytes, media_type)
        }
        Some(side) => (thumbnail_of(&studio.ctx, bytes, side).await?, "image/jpeg"),
    };
    studio.saw_raw(&caller, "see images of a dataset", format!("{name}@{version}")).await;
    let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::ETAG, quoted(&tag))];
    Ok((headers, [(header::CACHE_CONTROL, FOREVER)], bytes).into_response())
}

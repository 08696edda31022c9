//! Counts of what a filter finds: of each label, camera, hour; and how sure models are.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use roadloop_engine::EngineError;
use roadloop_engine::catalog::{Catalog, Filter};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::filters::parsed;
use super::guard::Caller;
use super::model::Tagged;
use super::views::Ready;
use crate::server::problem::Problem;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CountsAsked {
    /// Which frames; all where it is empty.
    #[serde(default)]
    filter: String,
    /// `label`, `tag`, `hour`, or a column that a filter can name.
    by: String,
}

/// A value and how many have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupCount {
    value: String,
    /// Detections where labels are counted, else frames.
    count: u64,
    frames: u64,
}

/// How many there are of each value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Counts {
    /// `detections` or `frames`.
    counted: String,
    groups: Vec<GroupCount>,
    /// Groups that are not listed, and what they count together.
    other_groups: u64,
    other_count: u64,
}

/// Counts by a column
#[utoipa::path(get, operation_id = "counts", path = "/api/v1/counts", tag = "filters", params(CountsAsked),
    responses((status = 200, body = Counts)))]
pub(super) async fn by(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<CountsAsked>, QueryRejection>,
) -> Result<Tagged<Ready>, Problem> {
    caller.must(Permission::See)?;
    let Query(CountsAsked { filter, by }) = asked?;
    let (filter, catalog) = (parsed(&filter)?, studio.ctx.catalog.clone());
    let question = format!("counts {by} {filter}");
    let counting = async move { counted(&catalog, &filter, by).await };
    studio.views.answer(&studio.ctx.catalog, question, counting).await
}

async fn counted(catalog: &Catalog, filter: &Filter, by: String) -> Result<Counts, EngineError> {
    if by == "tag" {
        let tags = catalog.tags_of_matching(filter).await?.into_iter();
        let groups = tags.map(|(value, frames)| GroupCount { value, count: frames, frames });
        return Ok(Counts {
            counted: "frames".to_owned(),
            groups: groups.collect(),
            other_groups: 0,
            other_count: 0,
        });
    }
    let histogram = catalog.histogram(filter, &[by], None).await?;
    let groups = histogram.groups.into_iter().map(|group| GroupCount {
        value: group.is.join(" "),
        count: group.number,
        frames: group.frames,
    });
    Ok(Counts {
        counted: histogram.counted.name().to_owned(),
        groups: groups.collect(),
        other_groups: histogram.others.groups,
        other_count: histogram.others.number,
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OfFilter {
    /// Which frames; all where it is empty.
    #[serde(default)]
    filter: String,
}

/// How many detections there are of each step of confidence.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Confidences {
    /// Twenty steps from 0 to 1.
    bins: Vec<u64>,
}

/// How sure models are
#[utoipa::path(get, operation_id = "confidences", path = "/api/v1/confidences", tag = "filters", params(OfFilter),
    responses((status = 200, body = Confidences)))]
pub(super) async fn confidences(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<OfFilter>, QueryRejection>,
) -> Result<Tagged<Ready>, Problem> {
    caller.must(Permission::See)?;
    let Query(OfFilter { filter }) = asked?;
    let (filter, catalog) = (parsed(&filter)?, studio.ctx.catalog.clone());
    let question = format!("confidences {filter}");
    let counting =
        async move { Ok(Confidences { bins: catalog.confidences(&filter).await?.to_vec() }) };
    studio.views.answer(&studio.ctx.catalog, question, counting).await
}

//! The filter language for who types it: whether a text is one, and the words there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use roadloop_engine::EngineError;
use roadloop_engine::catalog::{Catalog, CatalogError, Filter, FilterError};
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Studio;
use super::guard::Caller;
use super::model::{FilterTrouble, Tagged};
use super::views::Ready;
use crate::server::problem::Problem;

/// Words of a kind that are offered.
const MOST_WORDS: usize = 2000;

pub(super) fn parsed(text: &str) -> Result<Filter, Problem> {
    Filter::parse(text).map_err(|error| Problem::invalid(error.to_string()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Text {
    /// As far as it was typed.
    text: String,
}

/// Whether a text is a filter that this catalog can answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checked {
    /// How it is written plainly, where it is one.
    normal: Option<String>,
    error: Option<FilterTrouble>,
}

/// Whether a text is a filter
#[utoipa::path(get, operation_id = "check_filter", path = "/api/v1/filter", tag = "filters", params(Text),
    responses((status = 200, body = Checked)))]
pub(super) async fn check(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Query<Text>, QueryRejection>,
) -> Result<Json<Checked>, Problem> {
    caller.must(Permission::See)?;
    let Query(Text { text }) = asked?;
    let wrong =
        |error: &FilterError| Json(Checked { normal: None, error: Some(trouble(&text, error)) });
    let filter = match Filter::parse(&text) {
        Ok(filter) => filter,
        Err(error) => return Ok(wrong(&error)),
    };
    match studio.ctx.catalog.check(&filter).await {
        Ok(()) => Ok(Json(Checked { normal: Some(filter.to_string()), error: None })),
        Err(CatalogError::Filter(error)) => Ok(wrong(&error)),
        Err(error) => Err(error.into()),
    }
}

fn trouble(text: &str, error: &FilterError) -> FilterTrouble {
    let units = |bytes: usize| text.get(..bytes).unwrap_or(text).encode_utf16().count();
    let span = error.span();
    FilterTrouble {
        message: error.message().to_owned(),
        from: units(span.start),
        to: units(span.end),
    }
}

/// A column a filter can name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ColumnWord {
    name: String,
    /// `text`, `number`, `truth`, `time`.
    kind: String,
}

/// A name and how many frames, or detections, have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Word {
    name: String,
    count: u64,
}

/// The words filters are made of, as this catalog has them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Vocabulary {
    labels: Vec<Word>,
    cameras: Vec<Word>,
    recordings: Vec<Word>,
    tags: Vec<Word>,
    selections: Vec<String>,
    columns: Vec<ColumnWord>,
}

/// The words there are
#[utoipa::path(get, operation_id = "vocabulary", path = "/api/v1/vocabulary", tag = "filters",
    responses((status = 200, body = Vocabulary)))]
pub(super) async fn vocabulary(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Tagged<Ready>, Problem> {
    caller.must(Permission::See)?;
    let catalog = studio.ctx.catalog.clone();
    let looking = async move { words_of(&catalog).await };
    studio.views.answer(&studio.ctx.catalog, "vocabulary".to_owned(), looking).await
}

async fn words_of(catalog: &Catalog) -> Result<Vocabulary, EngineError> {
    let words = async |column: &str| -> Result<Vec<Word>, CatalogError> {
        let values = catalog.values_of(column, MOST_WORDS).await?;
        Ok(values.into_iter().map(|(name, count)| Word { name, count }).collect())
    };
    let tags = catalog.tags().await?.into_iter();
    let columns = catalog.columns().await?.into_iter();
    Ok(Vocabulary {
        labels: words("label").await?,
        cameras: words("camera").await?,
        recordings: words("recording").await?,
        tags: tags.map(|tag| Word { name: tag.tag, count: tag.frames }).collect(),
        selections: catalog.selection_names().await?.into_iter().map(String::from).collect(),
        columns: columns.map(|(name, kind)| ColumnWord { name, kind: kind.to_owned() }).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, from: usize, to: usize) {
        let error = Filter::parse(text).unwrap_err();
        let trouble = trouble(text, &error);
        assert_eq!((trouble.from, trouble.to), (from, to), "{}", trouble.message);
    }

    #[test]
    fn places_are_counted_as_browsers_count() {
        check("has(car) & has(bus)", 9, 10);
        check("camera = \"🚗é\" &", 15, 16);
    }
}

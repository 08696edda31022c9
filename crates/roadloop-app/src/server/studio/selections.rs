//! Saved selections: frames that were chosen, kept as they were.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use roadloop_engine::catalog::{Sampling, SelectionCard, SelectionName};
use roadloop_engine::stages::select;
use roadloop_users::Permission;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Studio;
use super::filters::parsed;
use super::guard::Caller;
use super::model::Tagged;
use crate::server::problem::Problem;

/// A saved selection.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SelectionItem {
    name: String,
    version: u32,
    /// What was chosen from.
    filter: String,
    frames: u64,
    /// Frames that matched the filter then.
    matched: u64,
    saved_at: String,
    /// At most so many were drawn, where it is a sample.
    sample: Option<u64>,
}

impl SelectionItem {
    fn of(card: SelectionCard) -> SelectionItem {
        SelectionItem {
            name: card.name.to_string(),
            version: card.version,
            filter: card.filter,
            frames: card.frames,
            matched: card.matched,
            saved_at: card.saved_at,
            sample: card.sampling.frames,
        }
    }
}

/// The newest version of each saved selection
#[utoipa::path(get, operation_id = "selections", path = "/api/v1/selections", tag = "selections",
    responses((status = 200, body = Vec<SelectionItem>)))]
pub(super) async fn all(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Tagged<Json<Vec<SelectionItem>>>, Problem> {
    caller.must(Permission::See)?;
    let catalog = &studio.ctx.catalog;
    let state = studio.views.state(catalog).await?;
    let cards = catalog.selections().await?;
    let items = cards.into_iter().map(SelectionItem::of).collect();
    Ok(Tagged { tag: state, answer: Json(items) })
}

/// What to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSelection {
    /// Letters, digits, `-` and `_`.
    name: String,
    /// Which frames; all where it is empty.
    filter: String,
    /// At most so many, drawn anyhow.
    sample: Option<u64>,
    /// Words that a sample has as many frames of each of.
    #[serde(default)]
    #[schema(max_items = 8)]
    by: Vec<String>,
    /// What a sample is drawn by: the same seed, the same frames.
    #[serde(default)]
    seed: u64,
}

/// What was saved.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SavedSelection {
    /// Nothing new was saved where the newest version says the same.
    is_new: bool,
    selection: SelectionItem,
}

/// Saves a selection, as its next version
#[utoipa::path(post, operation_id = "save_selection", path = "/api/v1/selections", tag = "selections",
    request_body = NewSelection, responses((status = 200, body = SavedSelection)))]
pub(super) async fn save(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
    asked: Result<Json<NewSelection>, JsonRejection>,
) -> Result<Json<SavedSelection>, Problem> {
    caller.must(Permission::Edit)?;
    let Json(NewSelection { name, filter, sample, by, seed }) = asked?;
    let name = SelectionName::new(name).map_err(|error| Problem::invalid(error.to_string()))?;
    let sampling = Sampling { frames: sample, by, spread: None, seed };
    let (draw, _) = select::draw(&studio.ctx, &parsed(&filter)?, sampling).await?;
    if draw.frames() == 0 {
        return Err(Problem::invalid("no frame matches: there is nothing to save"));
    }
    let work = async move {
        let saved = studio.ctx.catalog.save(&name, &draw).await?;
        studio.views.changed().await;
        studio.note(&caller, "save selection", saved.card.name.to_string()).await;
        Ok(saved)
    };
    let saved = Studio::to_the_end(work).await?;
    let selection = SelectionItem::of(saved.card);
    Ok(Json(SavedSelection { is_new: saved.is_new, selection }))
}

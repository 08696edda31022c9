//! The studio: a site for people who would rather look than read, and the API it asks.
//!
//! [`api`](api) has the routes below `/api/v1` and their description; each file beside it
//! answers one kind of question, by the stages of the engine and the catalog. [`site`]
//! gives the pages, which lie in the binary. Nothing here draws or decides: what a filter
//! finds, how boxes are kept, what is risky is known below.

mod annotations;
mod api;
mod counts;
mod datasets;
mod evaluation;
mod events;
mod export;
mod filters;
mod frames;
mod guard;
mod images;
mod labelling;
mod lineage;
mod model;
mod people;
mod proxy;
mod recordings;
mod selections;
mod site;
mod tags;
mod timeline;
mod views;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use roadloop_engine::Ctx;
use roadloop_engine::labels::Labels;
use roadloop_engine::pictures::Thumbnails;
use roadloop_engine::work::Board;
use tokio::sync::Semaphore;

use super::Closing;
use super::live::Live;
use guard::RawSeen;
pub(crate) use guard::{Guard, Line};
pub(crate) use proxy::Proxy;
use views::Views;

/// Streams of events at once.
const STREAMS: usize = 64;

/// What the routes speak of.
#[derive(Debug)]
pub(crate) struct Studio {
    ctx: Ctx,
    labels: Labels,
    views: Views,
    thumbnails: Thumbnails,
    guard: Guard,
    raw_seen: RawSeen,
    /// Orders on their way.
    live: Live,
    closing: Closing,
    /// Places for those who listen to events.
    streams: Arc<Semaphore>,
}

/// Where thumbnails are kept, and how much of them.
#[derive(Debug)]
pub(crate) struct ThumbnailSettings {
    pub(crate) folder: PathBuf,
    pub(crate) most_bytes: u64,
}

impl Studio {
    pub(crate) fn new(
        ctx: Ctx,
        labels: Labels,
        thumbnails: ThumbnailSettings,
        guard: Guard,
        closing: Closing,
    ) -> Studio {
        let ThumbnailSettings { folder, most_bytes } = thumbnails;
        let live = Live::new(Board::new(ctx.store.clone()));
        Studio {
            live,
            ctx,
            labels,
            views: Views::default(),
            thumbnails: Thumbnails::new(folder, most_bytes),
            guard,
            raw_seen: RawSeen::default(),
            closing,
            streams: Arc::new(Semaphore::new(STREAMS)),
        }
    }

    pub(crate) fn routes(self) -> Router {
        tokio::spawn(labelling::end_leases(self.labels.clone()));
        let studio = Arc::new(self);
        let (api, _) = api::routes().split_for_parts();
        let api = api.route("/api/v1/openapi.json", get(describe)).route("/healthz", get(alive));
        guard::around(
            Router::new().merge(api.with_state(Arc::clone(&studio))).merge(site::routes()),
            studio,
        )
    }
}

/// The same for whoever asks: it is no secret.
async fn describe() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, description()).into_response()
}

/// For what looks whether this program still answers.
async fn alive() -> &'static str {
    "ok"
}

/// The description of the API, as it is committed and as people ask for it.
pub(crate) fn description() -> String {
    let (_, description) = api::routes().split_for_parts();
    let mut text = description.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

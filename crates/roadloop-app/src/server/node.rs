//! A process that does jobs of a queue, as it is seen from outside.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::routing::get;
use roadloop_base::Stage;
use roadloop_engine::queue::Queue;
use roadloop_engine::store::Store;
use roadloop_engine::work::Board;
use tokio::sync::Semaphore;

use super::cached::Cached;
use super::health::Missing;
use super::live::Live;
use super::metrics::Waiting;
use super::{Closing, Counts, events, health, metrics, orders};
use crate::traces::SpanCounts;

/// How long is believed what the queue and the store said.
const BELIEVED: Duration = Duration::from_secs(5);

/// Streams of events at once.
const STREAMS: usize = 64;

/// What the routes speak of.
#[derive(Debug)]
pub(crate) struct Node {
    pub(super) about: About,
    pub(super) board: Board,
    pub(super) live: Live,
    /// Places for those who listen to events.
    pub(super) streams: Arc<Semaphore>,
    pub(super) closing: Closing,
    pub(super) readiness: Cached<Vec<Missing>>,
    pub(super) waiting: Cached<Waiting>,
}

/// What a node is made of.
#[derive(Debug)]
pub(crate) struct About {
    /// By what people know it.
    pub(crate) name: String,
    pub(crate) roles: Vec<Stage>,
    pub(crate) store: Store,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) counts: Arc<Counts>,
    /// Where traces are sent.
    pub(crate) spans: Option<Arc<SpanCounts>>,
    pub(crate) started_at: SystemTime,
}

impl Node {
    pub(crate) fn new(about: About, closing: Closing) -> Node {
        let board = Board::new(about.store.clone());
        Node {
            about,
            live: Live::new(board.clone()),
            board,
            streams: Arc::new(Semaphore::new(STREAMS)),
            closing,
            readiness: Cached::new(BELIEVED),
            waiting: Cached::new(BELIEVED),
        }
    }

    pub(crate) fn routes(self) -> Router {
        Router::new()
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .route("/metrics", get(metrics::metrics))
            .route("/api/orders", get(orders::latest))
            .route("/api/orders/{id}", get(orders::one))
            .route("/api/orders/{id}/events", get(events::of_one))
            .route("/api/events", get(events::of_all))
            .with_state(Arc::new(self))
    }
}

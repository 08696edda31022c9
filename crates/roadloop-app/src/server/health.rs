//! Does the process work, and can it do anything?

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use roadloop_base::Stage;
use roadloop_engine::queue::Priority;
use roadloop_engine::work::lane;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use super::Node;

/// How long the queue and the store may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Something that does not answer, and what was heard instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Missing {
    what: &'static str,
    reason: String,
}

/// Whoever can say this is alive.
pub(super) async fn alive(State(node): State<Arc<Node>>) -> Response {
    let about = &node.about;
    let uptime = about.started_at.elapsed().unwrap_or_default();
    Json(json!({
        "name": about.name,
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": uptime.as_secs_f64(),
        "roles": about.roles,
    }))
    .into_response()
}

/// Whether a job could be taken, and what came of it be kept.
pub(super) async fn ready(State(node): State<Arc<Node>>) -> Response {
    let missing = node.readiness.get(look(&node)).await;
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": missing.is_empty(), "missing": missing}))).into_response()
}

async fn look(node: &Node) -> Vec<Missing> {
    let about = &node.about;
    let stage = about.roles.first().copied().unwrap_or(Stage::Extract);
    let lane = lane(stage, Priority::Normal);
    let (store, queue) = tokio::join!(
        answers("store", ANSWER, about.store.reach()),
        answers("queue", ANSWER, about.queue.depth(&lane)),
    );
    store.into_iter().chain(queue).collect()
}

async fn answers<T, E: Display>(
    what: &'static str,
    within: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Option<Missing> {
    let reason = match timeout(within, asked).await {
        Ok(Ok(_)) => return None,
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", within.as_secs_f64()),
    };
    Some(Missing { what, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_is_named() {
        let soon = Duration::from_millis(500);
        assert_eq!(answers("store", soon, async { Ok::<(), String>(()) }).await, None);
        let refused = answers("store", soon, async { Err::<(), _>("refused") }).await;
        assert_eq!(refused, Some(Missing { what: "store", reason: "refused".to_owned() }));
        let silent = answers("queue", soon, std::future::pending::<Result<(), String>>()).await;
        assert_eq!(silent.unwrap().reason, "no answer within 0.5 s");
    }
}

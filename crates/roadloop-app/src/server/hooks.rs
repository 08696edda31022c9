//! Messages of stores by HTTP: `POST /events`, as MinIO, Google Cloud, Azure and whoever
//! sends CloudEvents call it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use roadloop_engine::EngineError;
use roadloop_engine::events::{Message, Watcher, read_message};
use roadloop_engine::work::{WorkEvent, WorkLog};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// Who is told of what was put somewhere.
struct Hooks {
    watcher: Arc<Watcher>,
    log: Arc<dyn WorkLog>,
    /// What who calls has to know.
    token: Option<String>,
}

/// With a token, only who sends it (`Authorization: Bearer TOKEN`) is heard.
pub(crate) fn routes(
    watcher: Arc<Watcher>,
    log: Arc<dyn WorkLog>,
    token: Option<String>,
) -> Router {
    let hooks = Arc::new(Hooks { watcher, log, token });
    // MinIO looks first whether somebody is there.
    let events = post(told).head(|| async {}).options(allowed);
    Router::new().route("/events", events).with_state(hooks)
}

/// The question before the first event, as CloudEvents' webhooks ask it: whoever asks
/// may send.
async fn allowed(asked: HeaderMap) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::ALLOW, HeaderValue::from_static("POST, HEAD, OPTIONS"));
    if let Some(origin) = asked.get("webhook-request-origin") {
        headers.insert("webhook-allowed-origin", origin.clone());
    }
    (StatusCode::OK, headers).into_response()
}

async fn told(
    State(hooks): State<Arc<Hooks>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let body = body?;
    if let Some(token) = &hooks.token {
        let sent = headers.get(header::AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
        // By their hashes, so that how long it takes says nothing.
        let wanted = format!("Bearer {token}");
        if Sha256::digest(sent) != Sha256::digest(wanted.as_bytes()) {
            return Err(Problem::unauthorized());
        }
    }
    let message = match event_in_headers(&headers, &body) {
        Some(event) => read_message(event.to_string().as_bytes()),
        None => read_message(&body),
    };
    let hints = match message.map_err(EngineError::from)? {
        Message::Put(hints) => hints,
        Message::Nothing => Vec::new(),
    };
    let mut orders = Vec::new();
    for hint in &hints {
        if let Some(order) = hooks.watcher.told(hint).await? {
            hooks.log.told(WorkEvent::Ordered(&order));
            orders.push(json!({"order": order.id, "source": order.place()}));
        }
    }
    Ok((StatusCode::ACCEPTED, axum::Json(json!({"orders": orders}))).into_response())
}

/// An event whose attributes are headers and whose data is the body.
fn event_in_headers(headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    let of = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = of("ce-type")?;
    let data: Value = serde_json::from_slice(body).ok()?;
    Some(json!({"type": kind, "subject": of("ce-subject"), "data": data}))
}

//! What keeps those who ask from taking a process down: so large questions, so long an
//! answer; how many connections there are, is a matter of `places`.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use tokio::time::timeout;

use super::problem::Problem;

/// Bytes of a question's body.
const BODY_BYTES: usize = 64 << 10;

/// How long an answer may take to begin. Streams of events begin at once.
const ANSWER: Duration = Duration::from_secs(30);

/// The limits of every route, and the answers where there is none.
pub(super) fn around(routes: Router) -> Router {
    routes
        .fallback(|| async { Problem::not_found("nothing is here") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(from_fn(in_time))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answered = timeout(ANSWER, next.run(request)).await;
    answered.unwrap_or_else(|_| {
        Problem::busy(format!("no answer within {} s", ANSWER.as_secs())).into_response()
    })
}

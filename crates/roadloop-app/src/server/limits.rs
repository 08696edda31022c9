//! What keeps those who ask from taking a process down: so large questions, so long an
//! answer; how many connections there are, is a matter of `places`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};
use tokio::time::timeout;

use super::Peer;
use super::places::Answering;
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
        .layer(from_fn(in_its_place))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answered = timeout(ANSWER, next.run(request)).await;
    answered.unwrap_or_else(|_| {
        Problem::busy(format!("no answer within {} s", ANSWER.as_secs())).into_response()
    })
}

/// As long as the answer goes on, to its last byte, its connection keeps its place.
async fn in_its_place(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let answering = peer.map(|ConnectInfo(peer)| peer.place.answers());
    let response = next.run(request).await;
    response.map(|body| Body::new(Answer { body, _answering: answering }))
}

/// The body of an answer, whose end is noticed.
struct Answer {
    body: Body,
    _answering: Option<Answering>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

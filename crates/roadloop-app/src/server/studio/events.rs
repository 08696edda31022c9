//! What changes while somebody looks: the catalog, and orders on their way.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use roadloop_users::Permission;
use serde_json::json;
use tokio::time::sleep;

use super::Studio;
use super::guard::Caller;
use crate::server::problem::Problem;

/// How often it is looked whether the catalog changed, for all who listen together.
const LOOK_EVERY: Duration = Duration::from_secs(2);

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events as they happen
///
/// `catalog` whenever the catalog is another one; its data has the `state` that answers of
/// pages have too.
#[utoipa::path(get, operation_id = "events", path = "/api/v1/events", tag = "events",
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = 503, description = "too many listen already")))]
pub(super) async fn events(
    State(studio): State<Arc<Studio>>,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.must(Permission::See)?;
    let place = Arc::clone(&studio.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::busy("too many listen already; try again later"))?;
    let closing = studio.closing.is_told();
    let closing: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(closing);
    let told = (studio, closing, place, String::new());
    let events = stream::unfold(told, async |(studio, mut closing, place, told)| {
        loop {
            // What cannot be looked at now is looked at next time.
            let state = studio.views.state(&studio.ctx.catalog).await.unwrap_or_default();
            if !state.is_empty() && state != told {
                let event = Event::default().event("catalog");
                let event = event.data(json!({"state": state}).to_string());
                return Some((Ok::<_, Infallible>(event), (studio, closing, place, state)));
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = &mut closing => return None,
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

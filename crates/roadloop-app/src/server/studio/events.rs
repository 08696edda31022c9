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
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};

use super::Studio;
use super::guard::Caller;
use crate::server::events::{Telling, Until};
use crate::server::problem::Problem;

/// How often it is looked whether the catalog changed, for all who listen together.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A browser asks again by itself: who was sent away meanwhile is not let in.
const AT_MOST: Duration = Duration::from_secs(300);

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events as they happen
///
/// `catalog` whenever the catalog is another one; its data has the `state` that answers of
/// pages have too. `progress` for each change of an order of a queue, as `roadloop queue
/// status --json` has it; `trouble` where that cannot be looked at.
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
    let orders = Telling::new(studio.live.all(), Until::Closed);
    let listener = Listener {
        studio,
        orders,
        closing,
        until: Instant::now() + AT_MOST,
        told: String::new(),
        _place: place,
    };
    let events = stream::unfold(listener, async |mut listener| {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// Somebody who is told.
struct Listener {
    studio: Arc<Studio>,
    orders: Telling,
    closing: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
    /// When they have to ask again, and to show that they still may.
    until: Instant,
    /// The state of the catalog they know of.
    told: String,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            // What cannot be looked at now is looked at next time.
            let state = self.studio.views.state(&self.studio.ctx.catalog).await.unwrap_or_default();
            if !state.is_empty() && state != self.told {
                self.told.clone_from(&state);
                let data = json!({"state": state}).to_string();
                return Some(Event::default().event("catalog").data(data));
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                event = self.orders.next() => return event,
                () = &mut self.closing => return None,
                () = sleep_until(self.until) => return None,
            }
        }
    }
}

//! Progress as it happens: server-sent events, as
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html> has them.
//!
//! `progress` has an order and its stages; `over` is the last event of a stream about
//! one order; `trouble` says why nothing new is seen, and the stream goes on.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use roadloop_engine::work::OrderId;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Node;
use super::live::Seen;
use super::orders::named;
use super::problem::Problem;

/// A comment each time nothing was said for so long: who stands between would close
/// a silent connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// All orders, for as long as anybody listens.
pub(super) async fn of_all(State(node): State<Arc<Node>>) -> Result<Response, Problem> {
    let place = place(&node)?;
    let told = Telling::new(node.live.all(), Until::Closed);
    Ok(answer(&node, told, place))
}

/// One order, until it is over.
pub(super) async fn of_one(
    State(node): State<Arc<Node>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let place = place(&node)?;
    let order = named(&node.board, &id?.0).await?;
    let told = Telling::new(node.live.one(order), Until::Over);
    Ok(answer(&node, told, place))
}

fn place(node: &Node) -> Result<OwnedSemaphorePermit, Problem> {
    let place = Arc::clone(&node.streams).try_acquire_owned();
    place.map_err(|_| Problem::busy("too many listen already; try again later"))
}

fn answer(node: &Node, telling: Telling, place: OwnedSemaphorePermit) -> Response {
    let closing: Closed = Box::pin(node.closing.is_told());
    let events =
        stream::unfold((telling, closing, place), async |(mut telling, mut closing, place)| {
            let event = tokio::select! {
                event = telling.next() => event?,
                () = &mut closing => return None,
            };
            Some((Ok::<_, Infallible>(event), (telling, closing, place)))
        });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

type Closed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// When a stream ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    Closed,
    Over,
}

/// What one listener was told, and is to be told next.
#[derive(Debug)]
pub(super) struct Telling {
    seen: watch::Receiver<Seen>,
    until: Until,
    told: BTreeMap<OrderId, Value>,
    trouble: Option<String>,
    next: VecDeque<Event>,
    is_over: bool,
}

impl Telling {
    pub(super) fn new(seen: watch::Receiver<Seen>, until: Until) -> Telling {
        let (told, next) = (BTreeMap::new(), VecDeque::new());
        Telling { seen, until, told, trouble: None, next, is_over: false }
    }

    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next.pop_front() {
                return Some(event);
            }
            if self.is_over || self.seen.changed().await.is_err() {
                return None;
            }
            let seen = self.seen.borrow_and_update().clone();
            for (name, data) in self.news(&seen) {
                self.next.push_back(Event::default().event(name).data(data.to_string()));
            }
        }
    }

    /// What of it this listener was not told yet.
    fn news(&mut self, seen: &Seen) -> Vec<(&'static str, Value)> {
        let mut news = Vec::new();
        if seen.trouble != self.trouble {
            self.trouble.clone_from(&seen.trouble);
            news.extend(self.trouble.iter().map(|detail| ("trouble", json!({"detail": detail}))));
        }
        for (id, progress) in seen.orders.iter().flat_map(|orders| orders.iter()) {
            if self.told.get(id) != Some(&progress.value) {
                self.told.insert(id.clone(), progress.value.clone());
                news.push(("progress", progress.value.clone()));
            }
            if self.until == Until::Over && progress.is_over && seen.trouble.is_none() {
                self.is_over = true;
                news.push(("over", progress.value.clone()));
            }
        }
        // What is followed no more is forgotten.
        if let Some(orders) = &seen.orders {
            self.told.retain(|id, _| orders.contains_key(id));
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::live::Progress;

    fn seen(done: u32, is_over: bool) -> Seen {
        let progress = Progress { value: json!({"done": done}), is_over };
        let id = OrderId::new("drive-1").unwrap();
        Seen { orders: Some(Arc::new([(id, progress)].into())), trouble: None }
    }

    fn telling(until: Until) -> Telling {
        Telling::new(watch::channel(Seen::default()).1, until)
    }

    #[test]
    fn each_change_is_told_once() {
        let mut telling = telling(Until::Closed);
        assert_eq!(telling.news(&Seen::default()), []);
        assert_eq!(telling.news(&seen(0, false)), [("progress", json!({"done": 0}))]);
        assert_eq!(telling.news(&seen(0, false)), []);
        let lost = Seen { trouble: Some("gone".to_owned()), ..seen(0, false) };
        assert_eq!(telling.news(&lost), [("trouble", json!({"detail": "gone"}))]);
        assert_eq!(telling.news(&lost), []);
        assert_eq!(telling.news(&seen(2, true)), [("progress", json!({"done": 2}))]);
        assert!(!telling.is_over);
    }

    #[test]
    fn a_stream_about_one_order_ends_with_it() {
        let mut telling = telling(Until::Over);
        assert_eq!(telling.news(&seen(1, false)).len(), 1);
        let last = telling.news(&seen(2, true));
        assert_eq!(last, [("progress", json!({"done": 2})), ("over", json!({"done": 2}))]);
        assert!(telling.is_over);
    }
}

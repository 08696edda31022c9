//! Sightings become orders, each once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use roadloop_queue::Queue;

use super::{Hint, lister};
use crate::EngineError;
use crate::flow::RunSettings;
use crate::work::{Board, Order, OrderId, now_ms, submit};

/// Orders that are remembered without asking the board.
const REMEMBERED: usize = 100_000;

/// A recording that was seen, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sighting {
    /// Path or address.
    pub source: String,
    /// Changes with its content.
    pub version: String,
}

/// What of what is seen is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Places it must lie below; empty: anywhere.
    pub places: Vec<String>,
    /// One of these it must end in; empty: anything.
    pub suffixes: Vec<String>,
}

impl Wanted {
    pub fn has(&self, source: &str) -> bool {
        let is_below = |place: &String| {
            let place = place.trim_end_matches('/');
            source.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_there = self.places.is_empty() || self.places.iter().any(is_below);
        let ends = |suffix: &String| source.ends_with(suffix.as_str());
        is_there && (self.suffixes.is_empty() || self.suffixes.iter().any(ends))
    }
}

/// Gives orders for what is seen and wanted. Whoever watches the same gives the same
/// orders, so that any number of them may.
#[derive(Debug)]
pub struct Watcher {
    board: Board,
    queue: Arc<dyn Queue>,
    settings: RunSettings,
    wanted: Wanted,
    known: Mutex<HashSet<OrderId>>,
}

impl Watcher {
    pub fn new(
        board: Board,
        queue: Arc<dyn Queue>,
        settings: RunSettings,
        wanted: Wanted,
    ) -> Watcher {
        Watcher { board, queue, settings, wanted, known: Mutex::default() }
    }

    /// The order that was given for a sighting, if it is wanted and new.
    pub async fn sighted(&self, sighting: &Sighting) -> Result<Option<Order>, EngineError> {
        let Sighting { source, version } = sighting;
        if !self.wanted.has(source) {
            return Ok(None);
        }
        let id = OrderId::from_content(source, &[source, version]);
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&id) {
            return Ok(None);
        }
        let order = Order::new(id.clone(), source.clone(), now_ms(), &self.settings);
        let is_new = match self.board.order(&id).await? {
            // Also where it was cancelled: what a person said stands.
            Some(_) => false,
            None => submit(&self.board, &*self.queue, &order).await?,
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(id);
        Ok(is_new.then_some(order))
    }

    /// The same for what a message says.
    pub async fn told(&self, hint: &Hint) -> Result<Option<Order>, EngineError> {
        // Not asked for where it lies elsewhere: others' buckets may not answer.
        if !self.wanted.places.is_empty() && !self.wanted_place(&hint.address) {
            return Ok(None);
        }
        match lister::resolve(hint).await? {
            Some(sighting) => self.sighted(&sighting).await,
            None => Ok(None),
        }
    }

    fn wanted_place(&self, address: &str) -> bool {
        let Wanted { places, .. } = &self.wanted;
        Wanted { places: places.clone(), suffixes: Vec::new() }.has(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_told_by_place_and_ending() {
        let wanted = |places: &[&str], suffixes: &[&str]| Wanted {
            places: places.iter().map(|place| (*place).to_owned()).collect(),
            suffixes: suffixes.iter().map(|suffix| (*suffix).to_owned()).collect(),
        };
        assert!(wanted(&[], &[]).has("s3://a/b.bag"));
        assert!(wanted(&["s3://a"], &[".bag"]).has("s3://a/b.bag"));
        assert!(wanted(&["s3://a/"], &[".mcap", ".bag"]).has("s3://a/x/b.bag"));
        assert!(!wanted(&["s3://a"], &[]).has("s3://ab/b.bag"));
        assert!(!wanted(&["s3://a/x"], &[]).has("s3://a/b.bag"));
        assert!(!wanted(&["s3://a"], &[".mcap"]).has("s3://a/b.bag"));
        assert!(wanted(&["/data/in"], &[]).has("/data/in/drive"));
    }
}

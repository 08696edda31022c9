//! What filters find, kept for as long as the catalog stays as it is: a grid asks for a
//! page of the same frames many times a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use roadloop_engine::EngineError;
use roadloop_engine::catalog::{Catalog, Filter, Matches};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Frames that can be looked at of one filter, the earliest. Nobody scrolls further.
pub(super) const MOST_FRAMES: usize = 2_000_000;

/// What all of them may hold: at least the last one is kept.
const MOST_BYTES: usize = 96 << 20;

/// Filters that are kept, however little they find.
const MOST_VIEWS: usize = 64;

/// How long the catalog is believed to be as it was. What is changed here is known at once.
const BELIEVED: Duration = Duration::from_millis(700);

type Asked = Arc<OnceCell<Arc<Matches>>>;

#[derive(Debug, Default)]
pub(super) struct Views {
    kept: Mutex<Kept>,
    state: tokio::sync::Mutex<Option<(Instant, String)>>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Of the catalog, when these were found.
    state: String,
    views: HashMap<String, (u64, Asked)>,
    /// Counts questions, so that the one asked longest ago is known.
    clock: u64,
}

impl Views {
    /// A word for what the catalog is now.
    pub(super) async fn state(&self, catalog: &Catalog) -> Result<String, EngineError> {
        let mut known = self.state.lock().await;
        if let Some((at, state)) = &*known
            && at.elapsed() < BELIEVED
        {
            return Ok(state.clone());
        }
        let state = catalog.state().await?;
        *known = Some((Instant::now(), state.clone()));
        Ok(state)
    }

    /// Something was changed here.
    pub(super) async fn changed(&self) {
        *self.state.lock().await = None;
    }

    /// The frames a filter finds; those who ask the same at once are one question.
    pub(super) async fn get(
        &self,
        catalog: &Catalog,
        filter: &Filter,
    ) -> Result<(Arc<Matches>, String), EngineError> {
        let state = self.state(catalog).await?;
        let asked = self.kept().asked(&state, filter.to_string());
        let found = asked
            .get_or_try_init(async || {
                catalog.matches(filter, MOST_FRAMES).await.map(Arc::new).map_err(EngineError::from)
            })
            .await
            .cloned();
        // One that cannot be answered has its place among the others too.
        self.kept().make_room();
        Ok((found?, state))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn asked(&mut self, state: &str, filter: String) -> Asked {
        if self.state != state {
            self.views.clear();
            state.clone_into(&mut self.state);
        }
        self.clock += 1;
        let (last, asked) = self.views.entry(filter).or_default();
        *last = self.clock;
        Arc::clone(asked)
    }

    fn make_room(&mut self) {
        let bytes = |asked: &Asked| asked.get().map_or(0, |found| found.bytes());
        let mut held: usize = self.views.values().map(|(_, asked)| bytes(asked)).sum();
        while self.views.len() > 1 && (held > MOST_BYTES || self.views.len() > MOST_VIEWS) {
            let oldest = self.views.iter().min_by_key(|(_, (last, _))| *last);
            let Some(oldest) = oldest.map(|(filter, _)| filter.clone()) else { return };
            if let Some((_, asked)) = self.views.remove(&oldest) {
                held -= bytes(&asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_longest_ago_goes_and_a_new_state_begins_anew() {
        let mut kept = Kept::default();
        for number in 0..=MOST_VIEWS {
            let _asked = kept.asked("a", number.to_string());
        }
        let _again = kept.asked("a", "0".to_owned());
        kept.make_room();
        assert_eq!(kept.views.len(), MOST_VIEWS);
        assert!(kept.views.contains_key("0") && !kept.views.contains_key("1"));
        let one = kept.asked("a", "0".to_owned());
        assert!(Arc::ptr_eq(&one, &kept.asked("a", "0".to_owned())));
        assert!(!Arc::ptr_eq(&one, &kept.asked("b", "0".to_owned())));
        assert_eq!(kept.views.len(), 1);
    }
}

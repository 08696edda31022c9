//! What filters find and what is counted, kept for as long as the catalog stays as it is, and
//! samples of datasets, which stay for ever: a grid asks for a page of the same many times a
//! second.

use std::collections::HashMap;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use roadloop_base::FrameId;
use roadloop_engine::catalog::{Catalog, Filter, Matches};
use roadloop_engine::datasets::{Card, Sample, Split};
use roadloop_engine::stages::dataset;
use roadloop_engine::{Ctx, EngineError};
use serde::Serialize;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

use super::model::Tagged;
use crate::server::problem::Problem;

/// Frames that can be looked at of one filter, the earliest. Nobody scrolls further.
pub(super) const MOST_FRAMES: usize = 2_000_000;

/// What all that filters found may hold: at least the last one is kept.
const MOST_BYTES: usize = 96 << 20;

/// Answers that are kept, however little they hold.
const MOST_KEPT: usize = 64;

/// Questions that are answered at once. One that was begun goes on when who asked is gone, so
/// that whoever asks again has the answer.
const AT_ONCE: usize = 8;

/// How long the catalog is believed to be as it was. What is changed here is known at once.
const BELIEVED: Duration = Duration::from_millis(700);

/// The state of what never changes.
const FROZEN: &str = "frozen";
/// About what a sample with some boxes holds, and what is kept of one that is a frame.
const SAMPLE_BYTES: usize = 1000;
const IN_DATASET_BYTES: usize = 150;

/// Frames of a dataset: for which split they are, and how many boxes are on them, where
/// somebody looked.
pub(super) type FramesIn = HashMap<FrameId, (Split, Option<u64>)>;

#[derive(Debug)]
pub(super) struct Views {
    frames: Kept<Matches>,
    answers: Kept<Bytes>,
    /// Of datasets, by their id.
    samples: Kept<Vec<Sample>>,
    in_datasets: Kept<FramesIn>,
    turns: Arc<Semaphore>,
    state: tokio::sync::Mutex<Option<(Instant, String)>>,
}

impl Default for Views {
    fn default() -> Views {
        Views {
            frames: Kept::new(Matches::bytes),
            answers: Kept::new(Bytes::len),
            samples: Kept::new(|samples| samples.len() * SAMPLE_BYTES),
            in_datasets: Kept::new(|frames| frames.len() * IN_DATASET_BYTES),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            state: tokio::sync::Mutex::default(),
        }
    }
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
        let asked = self.frames.asked(&state, filter.to_string());
        let (catalog, filter) = (catalog.clone(), filter.clone());
        let ask = async move { catalog.matches(&filter, MOST_FRAMES).await };
        let found = self.once(asked, ask).await;
        // One that cannot be answered has its place among the others too.
        self.frames.make_room();
        Ok((found?, state))
    }

    /// What is answered to a question about the catalog as it is, as JSON.
    pub(super) async fn answer<T: Serialize>(
        &self,
        catalog: &Catalog,
        question: String,
        ask: impl Future<Output = Result<T, EngineError>> + Send + 'static,
    ) -> Result<Tagged<Ready>, Problem> {
        let tag = self.state(catalog).await?;
        let asked = self.answers.asked(&tag, question);
        let ask = async {
            let answer = ask.await?;
            serde_json::to_vec(&answer).map(Bytes::from).map_err(Problem::internal)
        };
        let found = self.once(asked, ask).await;
        self.answers.make_room();
        Ok(Tagged { tag, answer: Ready(found?.as_ref().clone()) })
    }

    /// The samples of a dataset.
    pub(super) async fn samples(
        &self,
        ctx: &Ctx,
        card: &Card,
    ) -> Result<Arc<Vec<Sample>>, EngineError> {
        let asked = self.samples.asked(FROZEN, card.id.clone());
        let (ctx, card) = (ctx.clone(), card.clone());
        let found = self.once(asked, async move { dataset::samples(&ctx, &card).await }).await;
        self.samples.make_room();
        found
    }

    /// Frames that are in a dataset.
    pub(super) async fn frames_in(
        &self,
        ctx: &Ctx,
        card: &Card,
    ) -> Result<Arc<FramesIn>, EngineError> {
        let asked = self.in_datasets.asked(FROZEN, card.id.clone());
        let (ctx, card) = (ctx.clone(), card.clone());
        let ask = async move {
            let samples = dataset::samples(&ctx, &card).await?.into_iter();
            let frames = samples.filter_map(|sample| {
                let boxes = sample.boxes.map(|boxes| boxes.len() as u64);
                Some((sample.frame?, (sample.split, boxes)))
            });
            Ok::<_, EngineError>(frames.collect())
        };
        let found = self.once(asked, ask).await;
        self.in_datasets.make_room();
        found
    }

    async fn once<T: Send + Sync + 'static, E: Send + 'static>(
        &self,
        asked: Asked<T>,
        ask: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<Arc<T>, E> {
        if let Some(found) = asked.get() {
            return Ok(Arc::clone(found));
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let asking = tokio::spawn(async move {
            let _turn = turn;
            asked.get_or_try_init(async || ask.await.map(Arc::new)).await.cloned()
        });
        asking.await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }
}

/// An answer that was put into JSON before.
#[derive(Debug)]
pub(super) struct Ready(Bytes);

impl IntoResponse for Ready {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}

type Asked<T> = Arc<OnceCell<Arc<T>>>;

/// Answers to questions about the catalog in one state.
#[derive(Debug)]
struct Kept<T> {
    inner: Mutex<Inner<T>>,
    bytes: fn(&T) -> usize,
}

#[derive(Debug)]
struct Inner<T> {
    /// Of the catalog, when these were found.
    state: String,
    answers: HashMap<String, (u64, Asked<T>)>,
    /// Counts questions, so that the one asked longest ago is known.
    clock: u64,
}

impl<T> Kept<T> {
    fn new(bytes: fn(&T) -> usize) -> Kept<T> {
        let inner = Inner { state: String::new(), answers: HashMap::new(), clock: 0 };
        Kept { inner: Mutex::new(inner), bytes }
    }

    fn inner(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self, state: &str, question: String) -> Asked<T> {
        let mut inner = self.inner();
        if inner.state != state {
            inner.answers.clear();
            state.clone_into(&mut inner.state);
        }
        inner.clock += 1;
        let clock = inner.clock;
        let (last, asked) = inner.answers.entry(question).or_default();
        *last = clock;
        Arc::clone(asked)
    }

    fn make_room(&self) {
        let answers = &mut self.inner().answers;
        let bytes = |asked: &Asked<T>| asked.get().map_or(0, |found| (self.bytes)(found));
        let mut held: usize = answers.values().map(|(_, asked)| bytes(asked)).sum();
        while answers.len() > 1 && (held > MOST_BYTES || answers.len() > MOST_KEPT) {
            let oldest = answers.iter().min_by_key(|(_, (last, _))| *last);
            let Some(oldest) = oldest.map(|(question, _)| question.clone()) else { return };
            if let Some((_, asked)) = answers.remove(&oldest) {
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
        let kept = Kept::new(Bytes::len);
        for number in 0..=MOST_KEPT {
            let _asked = kept.asked("a", number.to_string());
        }
        let _again = kept.asked("a", "0".to_owned());
        kept.make_room();
        let answers = || kept.inner().answers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(answers().len(), MOST_KEPT);
        assert!(answers().contains(&"0".to_owned()) && !answers().contains(&"1".to_owned()));
        let one = kept.asked("a", "0".to_owned());
        assert!(Arc::ptr_eq(&one, &kept.asked("a", "0".to_owned())));
        assert!(!Arc::ptr_eq(&one, &kept.asked("b", "0".to_owned())));
        assert_eq!(answers().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_goes_on_when_who_asked_is_gone() {
        let views = Views::default();
        let asked = views.answers.asked("a", "long".to_owned());
        let long = async {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok::<_, String>(Bytes::from_static(b"42"))
        };
        let answer = views.once(Arc::clone(&asked), long);
        let _gone = tokio::time::timeout(Duration::from_secs(30), answer).await.unwrap_err();
        let never = async { Err("it is asked twice") };
        let answer = views.once(asked, never).await.unwrap();
        assert_eq!(answer.as_ref(), "42");
    }
}

//! Where work is written down: small objects in the store, beside what it made.
//!
//! - `board/orders/<order>.json`: what was asked for;
//! - `board/jobs/<job>.json`: what became of each job;
//! - `board/dead/<job>.json`: jobs nobody tries any more, whole;
//! - `board/control.json`: what people said to all workers;
//! - `board/id.json`: by what the store is known to queues.
//!
//! Losing any of it loses no work: the queue has the jobs, the catalog what they made.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use roadloop_base::Stage;
use roadloop_store::{Store, StoreError};

use super::{DeadLetter, JobRecord, JobState, Order, OrderId};
use crate::EngineError;

const ORDERS: &str = "board/orders";
const JOBS: &str = "board/jobs";
const DEAD: &str = "board/dead";
const CONTROL: &str = "board/control.json";

/// Orders that are remembered as cancelled; by then the jobs of older ones are gone.
const CANCELLED_KEPT: usize = 10_000;

/// Objects read at once.
const READS: usize = 16;

/// What people said to all workers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// Stages of which nobody begins a job.
    #[serde(default)]
    pub paused: Vec<Stage>,
    /// Orders of which nobody begins or goes on with a job.
    #[serde(default)]
    pub cancelled: Vec<OrderId>,
}

/// The records of all work of a store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Board {
    store: Store,
}

impl Board {
    pub fn new(store: Store) -> Board {
        Board { store }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) async fn load<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, EngineError> {
        let bytes = match self.store.get(key).await {
            Ok(bytes) => bytes,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let unreadable = |source| EngineError::Record { key: key.to_owned(), source };
        serde_json::from_slice(&bytes).map(Some).map_err(unreadable)
    }

    async fn save(&self, key: &str, value: &impl Serialize) -> Result<(), EngineError> {
        let text = serde_json::to_vec_pretty(value)
            .map_err(|source| EngineError::Record { key: key.to_owned(), source })?;
        Ok(self.store.put(key, Bytes::from(text)).await?)
    }

    /// The names below a folder, without it and the ending.
    async fn names(&self, folder: &str) -> Result<Vec<String>, EngineError> {
        let listed = self.store.list(folder).await?;
        let name = |key: &str| Some(key.strip_prefix(folder)?.strip_prefix('/')?.to_owned());
        let names = listed.iter().filter_map(|listed| name(listed.key.strip_suffix(".json")?));
        Ok(names.collect())
    }

    /// Those of the named objects that can be read, in their order. One that went
    /// meanwhile is no loss, and a damaged one hides no other.
    async fn load_all<T: DeserializeOwned>(
        &self,
        folder: &str,
        names: Vec<String>,
    ) -> Result<Vec<T>, EngineError> {
        let loads = names.into_iter().map(|name| {
            let key = format!("{folder}/{name}.json");
            async move {
                match self.load(&key).await {
                    Err(EngineError::Record { .. }) => Ok(None),
                    loaded => loaded,
                }
            }
        });
        let loaded: Vec<Option<T>> = stream::iter(loads).buffered(READS).try_collect().await?;
        Ok(loaded.into_iter().flatten().collect())
    }

    pub(super) async fn put_order(&self, order: &Order) -> Result<(), EngineError> {
        self.save(&format!("{ORDERS}/{}.json", order.id), order).await
    }

    /// Says whether nobody else did so before.
    pub(super) async fn put_new_order(&self, order: &Order) -> Result<bool, EngineError> {
        let key = format!("{ORDERS}/{}.json", order.id);
        let text = serde_json::to_vec_pretty(order)
            .map_err(|source| EngineError::Record { key: key.clone(), source })?;
        match self.store.put_new(&key, Bytes::from(text)).await {
            Ok(()) => Ok(true),
            Err(StoreError::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, EngineError> {
        self.load(&format!("{ORDERS}/{id}.json")).await
    }

    /// The ids of every order there is, without reading them.
    pub async fn order_ids(&self) -> Result<Vec<OrderId>, EngineError> {
        Ok(self.names(ORDERS).await?.iter().filter_map(|name| OrderId::new(name)).collect())
    }

    /// Every order there is, the oldest first.
    pub async fn orders(&self) -> Result<Vec<Order>, EngineError> {
        let names = self.names(ORDERS).await?;
        let mut orders: Vec<Order> = self.load_all(ORDERS, names).await?;
        orders.sort_by(|a, b| (a.ordered_at_ms, &a.id).cmp(&(b.ordered_at_ms, &b.id)));
        Ok(orders)
    }

    /// Writes down what became of a job. What is done stays done: a worker that was cut
    /// off may come back and say that it failed, long after another one did the job.
    pub(super) async fn put_record(&self, record: &JobRecord) -> Result<(), EngineError> {
        let key = format!("{JOBS}/{}.json", record.job);
        if record.state == JobState::Done {
            return self.save(&key, record).await;
        }
        let text = serde_json::to_vec_pretty(record)
            .map_err(|source| EngineError::Record { key: key.clone(), source })?;
        let update = |found: Option<Bytes>| {
            let earlier: Option<JobRecord> =
                found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let is_done = earlier.is_some_and(|earlier| earlier.state == JobState::Done);
            Ok::<_, EngineError>((!is_done).then(|| Bytes::from(text.clone())))
        };
        self.store.update(&key, update).await
    }

    pub(super) async fn record(&self, job: &str) -> Result<Option<JobRecord>, EngineError> {
        match self.load(&format!("{JOBS}/{job}.json")).await {
            Err(EngineError::Record { .. }) => Ok(None),
            loaded => loaded,
        }
    }

    /// The records of an order's jobs but for those named.
    pub(super) async fn records_but(
        &self,
        order: &OrderId,
        is_known: impl Fn(&str) -> bool,
    ) -> Result<Vec<JobRecord>, EngineError> {
        let folder = format!("{JOBS}/{order}");
        let mut names = self.names(&folder).await?;
        names.retain(|name| !is_known(&format!("{order}/{name}")));
        self.load_all(&folder, names).await
    }

    pub(super) async fn bury(&self, dead: &DeadLetter) -> Result<(), EngineError> {
        self.save(&format!("{DEAD}/{}.json", dead.job), dead).await
    }

    /// The dead letters, by their names.
    pub async fn dead(&self) -> Result<Vec<DeadLetter>, EngineError> {
        let names = self.names(DEAD).await?;
        self.load_all(DEAD, names).await
    }

    /// The ids of the dead jobs, without reading their letters.
    pub async fn dead_jobs(&self) -> Result<Vec<String>, EngineError> {
        self.names(DEAD).await
    }

    pub async fn dead_count(&self) -> Result<usize, EngineError> {
        Ok(self.dead_jobs().await?.len())
    }

    pub async fn dead_letter(&self, job: &str) -> Result<Option<DeadLetter>, EngineError> {
        match self.load(&format!("{DEAD}/{job}.json")).await {
            // What people type may be no name at all.
            Err(EngineError::Store(StoreError::BadKey { .. })) => Ok(None),
            loaded => loaded,
        }
    }

    pub(super) async fn exhume(&self, dead: &DeadLetter) -> Result<(), EngineError> {
        Ok(self.store.remove(&format!("{DEAD}/{}.json", dead.job)).await?)
    }

    pub async fn control(&self) -> Result<Control, EngineError> {
        match self.load(CONTROL).await {
            // A damaged word is none; the next one is written in its place.
            Err(EngineError::Record { .. }) => Ok(Control::default()),
            loaded => Ok(loaded?.unwrap_or_default()),
        }
    }

    /// Says something to all workers.
    pub async fn say(&self, mut change: impl FnMut(&mut Control)) -> Result<(), EngineError> {
        let unreadable = |source| EngineError::Record { key: CONTROL.to_owned(), source };
        let update = |found: Option<Bytes>| {
            let found = found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let mut control: Control = found.unwrap_or_default();
            change(&mut control);
            let surplus = control.cancelled.len().saturating_sub(CANCELLED_KEPT);
            control.cancelled.drain(..surplus);
            Ok(Some(Bytes::from(serde_json::to_vec_pretty(&control).map_err(unreadable)?)))
        };
        self.store.update(CONTROL, update).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::RunSettings;
    use crate::stages::redact::RedactSettings;
    use crate::work::Task;
    use roadloop_bag::Selection;
    use roadloop_vision::RedactStyle;

    fn task() -> Task {
        let settings = RunSettings {
            stages: vec![Stage::Extract],
            selection: Selection::default(),
            only: None,
            redact: RedactSettings { style: RedactStyle::Blur, margin: 0.1 },
            name: None,
        };
        let id = OrderId::from_content("drive.bag", &["a"]);
        let order = Order::new(id, "drive.bag".to_owned(), 7, &settings);
        Task { order, stage: Stage::Extract, part: None }
    }

    #[tokio::test]
    async fn what_is_done_stays_done() {
        let board = Board::new(roadloop_store::open("memory:").unwrap());
        let record = |state, worker| JobRecord::new(&task(), state, 1, worker);
        let now = async || {
            let record = board.record(&task().id()).await.unwrap().unwrap();
            (record.state, record.worker)
        };
        board.put_record(&record(JobState::Running, "a")).await.unwrap();
        board.put_record(&record(JobState::Running, "b")).await.unwrap();
        assert_eq!(now().await, (JobState::Running, "b".to_owned()));
        board.put_record(&record(JobState::Done, "b")).await.unwrap();
        // The first one was cut off, and learns of its failure only now.
        for state in [JobState::Waiting, JobState::Running, JobState::Dead] {
            board.put_record(&record(state, "a")).await.unwrap();
            assert_eq!(now().await, (JobState::Done, "b".to_owned()));
        }
        board.put_record(&record(JobState::Done, "a")).await.unwrap();
        assert_eq!(now().await, (JobState::Done, "a".to_owned()));
    }

    #[tokio::test]
    async fn an_order_is_given_by_one() {
        let board = Board::new(roadloop_store::open("memory:").unwrap());
        let order = task().order;
        assert!(board.put_new_order(&order).await.unwrap());
        assert!(!board.put_new_order(&order).await.unwrap());
        assert_eq!(board.order(&order.id).await.unwrap(), Some(order));
    }

    #[tokio::test]
    async fn a_damaged_word_is_none() {
        let store = roadloop_store::open("memory:").unwrap();
        store.put(CONTROL, Bytes::from_static(b"garbage{")).await.unwrap();
        let board = Board::new(store);
        assert_eq!(board.control().await.unwrap(), Control::default());
        board.say(|control| control.paused.push(Stage::Detect)).await.unwrap();
        assert_eq!(board.control().await.unwrap().paused, [Stage::Detect]);
    }
}

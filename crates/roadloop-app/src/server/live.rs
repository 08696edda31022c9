//! Orders followed for those who want to hear of each change.
//!
//! The board is looked at once a second for all who follow the same, however many they
//! are, and only while there is one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use roadloop_engine::EngineError;
use roadloop_engine::work::{Board, Order, OrderId, OrderState};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::cli::queue::status::order_as_json;
use crate::render::in_words;

/// How often the board is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often orders that failed are looked at again: their dead jobs may be put back.
const LOOKS_AT_FAILED: u32 = 15;

/// Orders followed at once, the latest ones.
const MOST: usize = 100;

/// Orders that are read at once.
const READS: usize = 8;

/// What is followed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    All,
    One(OrderId),
}

/// How far orders are.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// `None` until the first look.
    pub(super) orders: Option<Arc<BTreeMap<OrderId, Progress>>>,
    /// Why the last look showed nothing.
    pub(super) trouble: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Progress {
    pub(super) value: Value,
    pub(super) is_over: bool,
}

/// Who looks at the board for whom.
#[derive(Debug)]
pub(super) struct Live {
    board: Board,
    followed: Arc<Mutex<HashMap<Scope, watch::Sender<Seen>>>>,
}

impl Live {
    pub(super) fn new(board: Board) -> Live {
        Live { board, followed: Arc::default() }
    }

    /// What is seen of all orders from now on.
    pub(super) fn all(&self) -> watch::Receiver<Seen> {
        self.follow(Scope::All, Vec::new())
    }

    pub(super) fn one(&self, order: Order) -> watch::Receiver<Seen> {
        self.follow(Scope::One(order.id.clone()), vec![order])
    }

    fn follow(&self, scope: Scope, orders: Vec<Order>) -> watch::Receiver<Seen> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = followed.get(&scope)
            && sender.receiver_count() > 0
        {
            let mut receiver = sender.subscribe();
            receiver.mark_changed();
            return receiver;
        }
        let (sender, receiver) = watch::channel(Seen::default());
        followed.insert(scope.clone(), sender.clone());
        let follower = Follower::new(self.board.clone(), scope, orders);
        tokio::spawn(look_on(follower, sender, Arc::clone(&self.followed)));
        receiver
    }
}

/// Looks until nobody wants to know any more. That is decided under the lock under which
/// others join: nobody joins one that ends.
async fn look_on(
    mut follower: Follower,
    sender: watch::Sender<Seen>,
    followed: Arc<Mutex<HashMap<Scope, watch::Sender<Seen>>>>,
) {
    loop {
        let looked = follower.look().await;
        sender.send_if_modified(|seen| {
            let (orders, trouble) = match &looked {
                Ok(()) => (Some(follower.progress()), None),
                Err(error) => (None, Some(in_words(error))),
            };
            let orders = orders.map(Arc::new).or_else(|| seen.orders.clone());
            let is_new = orders != seen.orders || trouble != seen.trouble;
            *seen = Seen { orders, trouble };
            is_new
        });
        sleep(LOOK_EVERY).await;
        let mut followed = followed.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.receiver_count() == 0 {
            // Somebody may have begun anew after the last one went.
            if followed.get(&follower.scope).is_some_and(|other| other.same_channel(&sender)) {
                followed.remove(&follower.scope);
            }
            return;
        }
    }
}

/// The states of what is followed, as far as they were seen.
struct Follower {
    board: Board,
    scope: Scope,
    states: BTreeMap<OrderId, OrderState>,
    /// Orders that were looked at once, also where they are followed no more.
    known: HashSet<OrderId>,
    looks: u32,
}

impl Follower {
    fn new(board: Board, scope: Scope, orders: Vec<Order>) -> Follower {
        let states = orders.into_iter().map(|order| (order.id.clone(), OrderState::new(order)));
        Follower { board, scope, states: states.collect(), known: HashSet::new(), looks: 0 }
    }

    async fn look(&mut self) -> Result<(), EngineError> {
        if self.scope == Scope::All {
            self.find().await?;
        }
        let is_thorough = self.looks.is_multiple_of(LOOKS_AT_FAILED);
        self.looks = self.looks.wrapping_add(1);
        let looks = self.states.values_mut();
        let looks: Vec<_> =
            looks.map(|state| look_at(&self.board, state, is_thorough).boxed()).collect();
        stream::iter(looks).buffer_unordered(READS).try_collect().await
    }

    /// Finds orders that were given since.
    async fn find(&mut self) -> Result<(), EngineError> {
        let ids = self.board.order_ids().await?;
        let new = ids.into_iter().filter(|id| !self.known.contains(id));
        let reads: Vec<_> = new.map(|id| read(&self.board, id).boxed()).collect();
        let read: Vec<_> = stream::iter(reads).buffer_unordered(READS).collect().await;
        for (id, order) in read {
            let order = match order {
                // One that cannot be read hides no other.
                Err(EngineError::Record { .. }) => None,
                order => order?,
            };
            self.known.insert(id);
            if let Some(order) = order {
                self.states.insert(order.id.clone(), OrderState::new(order));
            }
        }
        let surplus = self.states.len().saturating_sub(MOST);
        let mut ages: Vec<_> = self.states.values().collect();
        ages.sort_by_key(|state| state.order.ordered_at_ms);
        let old: Vec<OrderId> =
            ages.iter().take(surplus).map(|state| state.order.id.clone()).collect();
        self.states.retain(|id, _| !old.contains(id));
        Ok(())
    }

    fn progress(&self) -> BTreeMap<OrderId, Progress> {
        let progress =
            |state: &OrderState| Progress { value: order_as_json(state), is_over: state.is_over() };
        self.states.iter().map(|(id, state)| (id.clone(), progress(state))).collect()
    }
}

/// An order that is over is looked at again where something of it failed.
async fn look_at(
    board: &Board,
    state: &mut OrderState,
    is_thorough: bool,
) -> Result<(), EngineError> {
    match state.is_over() {
        true if state.is_done() || !is_thorough => Ok(()),
        true => state.refresh_all(board).await,
        false => state.refresh(board).await,
    }
}

async fn read(board: &Board, id: OrderId) -> (OrderId, Result<Option<Order>, EngineError>) {
    let order = board.order(&id).await;
    (id, order)
}

//! Items of a source in an order of one's own, made by threads before they are asked for:
//! training is not to wait for images. Knows not what the items are.

use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// What items are made from, by several threads at once.
pub trait Items: Send + Sync {
    type Item: Send;
    type Error: Send;

    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// That of a place, 0 to [`len`](Items::len): what takes time.
    fn get(&self, place: usize) -> Result<Self::Item, Self::Error>;
}

/// How far ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AheadSettings {
    /// At least one.
    pub threads: usize,
    /// The most items that are there at once, made or in the making; at least one.
    pub depth: usize,
}

/// Gives items in the order asked for, each as it is or why it is not. Threads end when it
/// is dropped, each after the item it is at.
pub struct Ahead<S: Items + 'static> {
    shared: Arc<Shared<S>>,
    threads: Vec<JoinHandle<()>>,
}

type Order = Box<dyn Iterator<Item = u32> + Send>;
/// What `get` gave, or what it panicked with.
type Made<S> = Result<Result<<S as Items>::Item, <S as Items>::Error>, Box<dyn Any + Send>>;

struct Shared<S: Items> {
    source: Arc<S>,
    state: Mutex<State<S>>,
    /// An item was made, or there will be none.
    made: Condvar,
    /// There is room for another, or nobody wants any.
    room: Condvar,
    depth: usize,
}

struct State<S: Items> {
    /// `None` behind its end, and when nobody wants more.
    order: Option<Order>,
    /// From the one that is to be given next on: made, or in the making.
    items: VecDeque<Option<Made<S>>>,
    /// The number of the first of them.
    first: u64,
}

impl<S: Items + 'static> Ahead<S> {
    pub fn new(
        source: Arc<S>,
        order: impl IntoIterator<Item = u32, IntoIter: Send + 'static>,
        settings: AheadSettings,
    ) -> io::Result<Ahead<S>> {
        let order: Order = Box::new(order.into_iter());
        let state = State { order: Some(order), items: VecDeque::new(), first: 0 };
        let shared = Arc::new(Shared {
            source,
            state: Mutex::new(state),
            made: Condvar::new(),
            room: Condvar::new(),
            depth: settings.depth.max(1),
        });
        let mut ahead = Ahead { shared, threads: Vec::new() };
        for number in 0..settings.threads.max(1) {
            let shared = Arc::clone(&ahead.shared);
            let thread = Builder::new().name(format!("ahead-{number}"));
            // Those that run already end when `ahead` is dropped.
            ahead.threads.push(thread.spawn(move || shared.work())?);
        }
        Ok(ahead)
    }
}

impl<S: Items> Shared<S> {
    fn state(&self) -> MutexGuard<'_, State<S>> {
        // Nothing panics while it is held, except the order that was handed in.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some((number, place)) = self.claim() {
            let made = catch_unwind(AssertUnwindSafe(|| self.source.get(place)));
            let mut state = self.state();
            let index = number.checked_sub(state.first).and_then(|index| index.try_into().ok());
            if let Some(slot) = index.and_then(|index: usize| state.items.get_mut(index)) {
                *slot = Some(made);
            }
            drop(state);
            self.made.notify_all();
        }
        self.made.notify_all();
    }

    /// The next to be made: its number in the order, and its place.
    fn claim(&self) -> Option<(u64, usize)> {
        let mut state = self.state();
        while state.items.len() >= self.depth && state.order.is_some() {
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(place) = state.order.as_mut()?.next() else {
            state.order = None;
            drop(state);
            self.room.notify_all();
            return None;
        };
        state.items.push_back(None);
        Some((state.first + state.items.len() as u64 - 1, place as usize))
    }
}

impl<S: Items> Iterator for Ahead<S> {
    type Item = Result<S::Item, S::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut state = self.shared.state();
        loop {
            match state.items.front() {
                Some(Some(_)) => break,
                None if state.order.is_none() => return None,
                _ => state = self.shared.made.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
        let made = state.items.pop_front().flatten()?;
        state.first += 1;
        drop(state);
        self.shared.room.notify_one();
        // What panics in a thread panics here, and not in silence.
        Some(made.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<S: Items> Drop for Ahead<S> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.order = None;
        state.items.clear();
        state.first = u64::MAX;
        drop(state);
        self.shared.room.notify_all();
        for thread in self.threads.drain(..) {
            // It catches what panics.
            let _ = thread.join();
        }
    }
}

impl<S: Items> std::fmt::Debug for Ahead<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

/// All places of so many items in an order drawn by lot, the same for the same seed and
/// epoch, on any machine.
pub fn shuffled(len: u32, seed: u64, epoch: u64) -> Vec<u32> {
    let mut state = mixed(seed) ^ mixed(epoch ^ 0x6a09_e667_f3bc_c908);
    let mut order: Vec<u32> = (0..len).collect();
    // Fisher and Yates, from behind.
    for last in (1..order.len()).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // Lemire's multiplication: a draw below `last + 1`, even to 2^-32.
        let drawn = (u128::from(mixed(state)) * (last as u128 + 1)) >> 64;
        order.swap(last, drawn as usize);
    }
    order
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Numbers, of which those that are live are counted.
    struct Numbers {
        len: usize,
        live: Arc<AtomicUsize>,
        most: AtomicUsize,
        calls: AtomicUsize,
    }

    #[derive(Debug)]
    struct Number(usize, Arc<AtomicUsize>);

    impl Drop for Number {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }

    impl Items for Numbers {
        type Item = Number;
        type Error = String;

        fn len(&self) -> usize {
            self.len
        }

        fn get(&self, place: usize) -> Result<Number, String> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            if place >= self.len {
                return Err(format!("no {place}"));
            }
            assert!(place != 13, "thirteen");
            let live = self.live.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(live, Ordering::SeqCst);
            // Those that are asked for early take longest.
            std::thread::sleep(Duration::from_micros((place as u64 * 7919) % 400));
            Ok(Number(place, Arc::clone(&self.live)))
        }
    }

    fn numbers(len: usize) -> Arc<Numbers> {
        let (most, calls) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Numbers { len, live: Arc::default(), most, calls })
    }

    /// What comes out of that order, by any number of threads and any depth.
    #[track_caller]
    fn check(order: &[u32], expected: &[Result<usize, &str>]) {
        for (threads, depth) in [(1, 1), (4, 3), (3, 64)] {
            let source = numbers(10);
            let settings = AheadSettings { threads, depth };
            let ahead = Ahead::new(Arc::clone(&source), order.to_vec(), settings).unwrap();
            let got: Vec<_> = ahead.map(|item| item.map(|number| number.0)).collect();
            let expected: Vec<_> =
                expected.iter().map(|item| item.map_err(str::to_owned)).collect();
            assert_eq!(got, expected);
            // One more: that which was given and not yet dropped.
            assert!(source.most.load(Ordering::SeqCst) <= depth + 1);
            assert_eq!(source.live.load(Ordering::SeqCst), 0);
        }
    }

    #[test]
    fn order_is_kept_and_errors_stand_in_it() {
        check(&[], &[]);
        check(&[3, 1, 2, 3], &[Ok(3), Ok(1), Ok(2), Ok(3)]);
        check(&[9, 10, 0], &[Ok(9), Err("no 10"), Ok(0)]);
        let order = shuffled(10, 1, 1);
        let expected: Vec<_> = order.iter().map(|place| Ok(*place as usize)).collect();
        check(&order, &expected);
    }

    #[test]
    fn dropping_ends_the_threads() {
        let source = numbers(10);
        let settings = AheadSettings { threads: 3, depth: 5 };
        // An order without an end.
        let mut ahead = Ahead::new(Arc::clone(&source), (0..10).cycle(), settings).unwrap();
        assert_eq!(ahead.next().unwrap().unwrap().0, 0);
        drop(ahead);
        assert_eq!(Arc::strong_count(&source), 1, "no thread holds it");
        assert_eq!(source.live.load(Ordering::SeqCst), 0);
        assert!(source.calls.load(Ordering::SeqCst) <= 1 + 5 + 3);
    }

    #[test]
    #[should_panic(expected = "thirteen")]
    fn a_panic_in_a_thread_is_not_lost() {
        let settings = AheadSettings { threads: 2, depth: 2 };
        let ahead = Ahead::new(numbers(20), vec![1, 13, 2], settings).unwrap();
        assert_eq!(ahead.count(), 3);
    }

    #[test]
    fn orders_are_drawn_by_lot_and_can_be_drawn_again() {
        let order = shuffled(1000, 7, 0);
        assert_eq!(order, shuffled(1000, 7, 0));
        assert_ne!(order, shuffled(1000, 7, 1));
        assert_ne!(order, shuffled(1000, 8, 0));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        // Where the first comes to be, over many epochs: even over tenths.
        let mut tenths = [0; 10];
        for epoch in 0..2000 {
            let place = shuffled(10, 3, epoch).iter().position(|place| *place == 0).unwrap();
            tenths[place] += 1;
        }
        assert!(tenths.iter().all(|count| (140..260).contains(count)), "{tenths:?}");
        assert!(shuffled(0, 1, 1).is_empty());
    }
}

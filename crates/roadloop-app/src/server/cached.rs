//! Something that is asked of others at most so often, however many want to know.

use std::future::Future;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// The last answer, and when it came.
#[derive(Debug)]
pub(super) struct Cached<T> {
    lasts: Duration,
    last: Mutex<Option<(Instant, T)>>,
}

impl<T: Clone> Cached<T> {
    pub(super) fn new(lasts: Duration) -> Cached<T> {
        Cached { lasts, last: Mutex::new(None) }
    }

    /// The last answer while it lasts, else a new one; those who come meanwhile wait
    /// for it.
    pub(super) async fn get(&self, ask: impl Future<Output = T>) -> T {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < self.lasts
        {
            return answer.clone();
        }
        let answer = ask.await;
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn many_who_ask_are_one_question() {
        let (cached, asked) = (Cached::new(Duration::from_millis(200)), AtomicU32::new(0));
        let ask = || async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            asked.fetch_add(1, Ordering::Relaxed)
        };
        let answers = futures::future::join_all((0..20).map(|_| cached.get(ask()))).await;
        assert!(answers.iter().all(|answer| *answer == 0), "{answers:?}");
        tokio::time::sleep(Duration::from_millis(220)).await;
        assert_eq!(cached.get(ask()).await, 1);
    }
}

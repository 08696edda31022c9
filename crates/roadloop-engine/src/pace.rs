//! How fast a service is asked that says when it is asked too much.
//!
//! All calls of this process to the service keep one rate, without a limit at first. Each
//! refusal halves it, each answer adds a little: so many processes as there are, together
//! they come to what the service grants.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use roadloop_queue::aws::AwsError;
use tokio::time::{Instant, sleep_until};

/// Calls a second after the first refusal, the fewest there are, and from where on there
/// is no limit.
const FIRST: f64 = 20.0;
const LEAST: f64 = 0.1;
const MOST: f64 = 500.0;

/// What an answer adds: so much, which brings who waited ten seconds back within some
/// twenty, and a share, so that of those who ask fast one in twenty is refused.
const ADDED: f64 = 0.25;
const GROWN: f64 = 1.02;

/// How long a call is made again that is refused. Whoever does jobs then waits on with its
/// job; to a person it is said.
const HELD: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    /// Held by the one whose turn is next: the others wait for their turns at the pace
    /// there is then.
    gate: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// Calls a second; as many as there are where it is absent.
    rate: Option<f64>,
    last: Option<Instant>,
    not_before: Instant,
    slowed_at: Option<Instant>,
}

impl State {
    fn distance(&self) -> Duration {
        self.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(rate.recip()))
    }

    /// When the next call may be made.
    fn next(&self) -> Instant {
        let next = self.last.map_or(self.not_before, |last| last + self.distance());
        next.max(self.not_before).max(Instant::now())
    }
}

impl Pace {
    pub(crate) fn new() -> Pace {
        let state = State { rate: None, last: None, not_before: Instant::now(), slowed_at: None };
        Pace { state: Mutex::new(state), gate: tokio::sync::Mutex::default() }
    }

    /// Makes a call until it is answered, or refused for good.
    pub(crate) async fn until_granted<T>(
        &self,
        mut call: impl AsyncFnMut() -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut first_refused = None;
        loop {
            let turn = self.turn().await;
            let error = match call().await {
                Ok(answer) => {
                    self.answered();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let waited = first_refused.get_or_insert_with(Instant::now).elapsed();
            if !error.is_passing() || waited > HELD {
                return Err(error);
            }
            self.refused(turn);
        }
    }

    /// Waits for its turn; gives when that was.
    async fn turn(&self) -> Instant {
        let _gate = self.gate.lock().await;
        let turn = self.with(|state| state.next());
        sleep_until(turn).await;
        self.with(|state| state.last = Some(turn));
        turn
    }

    fn answered(&self) {
        self.with(|state| {
            state.rate = state.rate.map(|rate| rate * GROWN + ADDED).filter(|rate| *rate < MOST);
        });
    }

    /// Of a call whose turn was then. Those that were on their way when the pace was
    /// slowed say nothing new.
    fn refused(&self, turn: Instant) {
        self.with(|state| {
            if state.slowed_at.is_some_and(|slowed| turn <= slowed) {
                return;
            }
            let rate = state.rate.map_or(FIRST, |rate| (rate / 2.0).max(LEAST));
            state.rate = Some(rate);
            let now = Instant::now();
            state.slowed_at = Some(now);
            // Between half of it and one and a half: others were refused at this moment too.
            let pause = state.distance().mul_f64(0.5 + fastrand::f64());
            state.not_before = state.not_before.max(now + pause);
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(pace: &Pace) -> Option<f64> {
        pace.with(|state| state.rate)
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_slow_and_answers_ease() {
        let pace = Pace::new();
        let began = Instant::now();
        let (first, second) = (pace.turn().await, pace.turn().await);
        assert_eq!((first, second), (began, began), "nobody waits at first");
        pace.refused(first);
        pace.refused(second);
        assert_eq!(rate(&pace), Some(FIRST), "two of one moment slow once");
        let third = pace.turn().await;
        assert!(third >= began + Duration::from_millis(25));
        assert!(pace.turn().await >= third + Duration::from_millis(50));
        for _ in 0..20 {
            let turn = pace.turn().await;
            pace.refused(turn);
        }
        assert_eq!(rate(&pace), Some(LEAST));
        // Back from ten seconds between calls to five a second.
        let began = Instant::now();
        while rate(&pace).is_some_and(|rate| rate < 5.0) {
            pace.turn().await;
            pace.answered();
        }
        assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
        for _ in 0..200 {
            pace.answered();
        }
        assert_eq!(rate(&pace), None);
    }

    /// A service that grants ten a second, and four that ask it as fast as they may.
    #[tokio::test(start_paused = true)]
    async fn together_they_come_to_what_is_granted() {
        let paces: Vec<Pace> = (0..4).map(|_| Pace::new()).collect();
        let take_turn = |pace: &Pace| {
            pace.with(|state| {
                let turn = state.next();
                state.last = Some(turn);
                turn
            })
        };
        let mut turns: Vec<Instant> = paces.iter().map(take_turn).collect();
        let end = Instant::now() + Duration::from_secs(300);
        let (mut lately, mut granted, mut refused) = (Vec::<Instant>::new(), 0, 0);
        loop {
            let next = turns.iter().copied().enumerate().min_by_key(|(_, turn)| *turn);
            let (who, turn) = next.expect("four ask");
            if turn > end {
                break;
            }
            // An answer takes a little.
            sleep_until(turn + Duration::from_millis(1)).await;
            lately.retain(|earlier| turn.duration_since(*earlier) < Duration::from_secs(1));
            if lately.len() < 10 {
                lately.push(turn);
                granted += 1;
                paces[who].answered();
            } else {
                refused += 1;
                paces[who].refused(turn);
            }
            turns[who] = take_turn(&paces[who]);
        }
        // 3000 could be.
        assert!(granted > 2000, "{granted} were granted");
        assert!(refused * 3 < granted, "{refused} were refused, {granted} granted");
    }
}

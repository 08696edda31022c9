//! What lies in a queue.

use std::fmt;
use std::time::Duration;

use crate::nats::Held;
use crate::sqs::Receipt;

/// Longest body of a job: what Amazon SQS takes is 256 KiB with everything
/// around it. Larger things belong in a store, and their place into the body.
pub(crate) const MAX_BODY_BYTES: usize = 200 * 1024;

/// Longest id of a job.
pub(crate) const MAX_ID_BYTES: usize = 400;

/// What is done first where both wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    High,
    #[default]
    Normal,
}

impl Priority {
    /// The first to be done first.
    pub const ALL: [Priority; 2] = [Priority::High, Priority::Normal];

    pub fn name(self) -> &'static str {
        match self {
            Priority::High => "high",
            Priority::Normal => "normal",
        }
    }
}

/// Where jobs wait that are done by the same workers: a queue for each kind of
/// work and priority. Its name is 1 to 40 letters, digits or `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    work: String,
    priority: Priority,
}

impl Lane {
    /// # Panics
    /// Where the name is none: lanes are named by code, not by people.
    pub fn new(work: &str, priority: Priority) -> Lane {
        let is_usable = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = (1..=40).contains(&work.len()) && work.chars().all(is_usable);
        assert!(is_name, "{work:?} is no name of a lane");
        Lane { work: work.to_owned(), priority }
    }

    pub fn work(&self) -> &str {
        &self.work
    }

    pub fn priority(&self) -> Priority {
        self.priority
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.priority {
            Priority::High => write!(f, "{}-high", self.work),
            Priority::Normal => f.write_str(&self.work),
        }
    }
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Job {
    pub lane: Lane,
    /// The same for the same work: a job that is pushed again under its id while
    /// it waits may be kept once. At most 400 bytes, no control characters.
    pub id: String,
    /// Pushed again on purpose, a job is another one: see [`Job::again`].
    pub generation: u32,
    /// How often it was tried in generations before.
    pub spent: u32,
    /// A text without control characters, at most 200 KiB.
    pub body: String,
}

impl Job {
    pub fn new(lane: Lane, id: impl Into<String>, body: impl Into<String>) -> Job {
        Job { lane, id: id.into(), generation: 0, spent: 0, body: body.into() }
    }

    /// The same work as a new job, of which so many tries are spent.
    #[must_use]
    pub fn again(&self, spent: u32) -> Job {
        Job { generation: self.generation.wrapping_add(1), spent, ..self.clone() }
    }
}

/// A job in the hands of who claimed it.
#[must_use = "a claim that is dropped comes back only when its time is over"]
#[derive(Debug)]
pub struct Claim {
    pub job: Job,
    /// How often this generation of the job was given out, this time included.
    pub deliveries: u32,
    pub(crate) token: Token,
}

impl Claim {
    /// How often the job was tried, this time included.
    pub fn attempts(&self) -> u32 {
        self.job.spent.saturating_add(self.deliveries)
    }
}

/// By what an engine knows its claims.
#[derive(Debug)]
pub(crate) enum Token {
    Embedded { row: i64, lease: i64 },
    Nats(Held),
    Sqs(Receipt),
}

/// How much waits in a lane. Engines with many machines count roughly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// To be claimed, now or when their delay is over.
    pub waiting: u64,
    pub in_flight: u64,
    /// How long the first of those that wait has waited, where the engine says so.
    pub oldest: Option<Duration>,
}

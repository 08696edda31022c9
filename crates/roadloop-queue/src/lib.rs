//! Work that waits: jobs pushed by some and claimed by others, on this machine
//! or many, and what is promised about them.
//!
//! [`open`] turns an address into a [`Queue`], the only place that chooses an
//! implementation. What is pushed lies in a [`Lane`]; who claims it holds it for
//! the queue's `hold`, extends that as long as the work goes on, and finishes it,
//! with the jobs that follow from it, or gives it back for later.
//!
//! Knows nothing of stages, recordings or retries: ids and texts only. How often
//! a job is tried, and what becomes of it then, is decided by who claims it.

pub mod aws;
mod embedded;
mod envelope;
mod error;
mod hold;
mod job;
mod nats;
mod open;
mod queue;
mod sqs;
#[cfg(test)]
mod suite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use error::QueueError;
pub use job::{Claim, Depth, Job, Lane, Priority};
pub use nats::NatsAddress;
pub use open::{Address, look, open};
pub use queue::{Queue, QueueOptions};
pub use sqs::SqsPrefix;

//! How long a claimed job is still ours, where the engine does not say: counted on
//! this machine from when it came, or was last extended.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::QueueError;

#[derive(Debug)]
pub(crate) struct HeldUntil(Mutex<Instant>);

impl HeldUntil {
    pub(crate) fn after(hold: Duration) -> HeldUntil {
        HeldUntil(Mutex::new(Instant::now() + hold))
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error where it is over.
    pub(crate) fn check(&self, id: &str) -> Result<(), QueueError> {
        if self.is_over() { Err(QueueError::Lost { id: id.to_owned() }) } else { Ok(()) }
    }

    pub(crate) fn set(&self, until: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

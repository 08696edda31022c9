//! Address to implementation: the only place that chooses.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::embedded::EmbeddedQueue;
use crate::job::{MAX_BODY_BYTES, MAX_ID_BYTES};
use crate::{Job, Queue, QueueError, QueueOptions};

/// Where a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file of this machine: `sqlite:PATH`, `file://PATH` or a path.
    File(PathBuf),
}

impl FromStr for Address {
    type Err = QueueError;

    fn from_str(text: &str) -> Result<Address, QueueError> {
        let bad = |reason: &str| QueueError::BadAddress {
            address: text.to_owned(),
            reason: reason.to_owned(),
        };
        let path = match text.split_once("://") {
            Some(("file" | "sqlite", path)) => path,
            Some(_) => return Err(bad("queues are at sqlite:PATH")),
            None => text.strip_prefix("sqlite:").unwrap_or(text),
        };
        if path.is_empty() {
            return Err(bad("it names no file"));
        }
        Ok(Address::File(PathBuf::from(path)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::File(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

/// Opens the queue at an address, made when missing.
pub async fn open(address: &Address, options: QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
    match address {
        Address::File(path) => Ok(Arc::new(EmbeddedQueue::open(path, options).await?)),
    }
}

/// Refuses what some engine would not take, so that all take the same.
pub(crate) fn check(jobs: &[Job]) -> Result<(), QueueError> {
    for job in jobs {
        let reason = if job.body.len() > MAX_BODY_BYTES {
            format!("its body has {} bytes, and {MAX_BODY_BYTES} are allowed", job.body.len())
        } else if job.id.is_empty() || job.id.len() > MAX_ID_BYTES {
            format!("an id has 1 to {MAX_ID_BYTES} bytes")
        } else if job.id.chars().chain(job.body.chars()).any(char::is_control) {
            "control characters do not travel".to_owned()
        } else {
            continue;
        };
        let id = job.id.chars().take(100).collect();
        return Err(QueueError::BadJob { id, reason });
    }
    Ok(())
}

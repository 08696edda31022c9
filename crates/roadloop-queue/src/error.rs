//! What can go wrong with a queue.

use std::error::Error;
use std::path::PathBuf;

use roadloop_base::{ErrorKind, is_disk_full};

#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("{reason}\nqueue: {address}")]
    BadAddress { address: String, reason: String },
    #[error("cannot open the queue: {source}\npath: {}", path.display())]
    Open { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the file is no queue, or a damaged one: {source}; name another with --queue, or move it \
         away and give the orders again: what is done is not done twice\npath: {}",
        path.display()
    )]
    NotAQueue { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error("cannot reach the queue: {source}\nqueue: {address}")]
    Connect { address: String, source: Box<dyn Error + Send + Sync> },
    #[error("the queue was made by another version of roadloop (format {found}, this one knows {known})\npath: {}", path.display())]
    Format { path: PathBuf, found: i64, known: i64 },
    #[error("cannot {action} the queue: {source}")]
    Engine { action: &'static str, source: Box<dyn Error + Send + Sync> },
    #[error("cannot {action} the queue: {source}")]
    Refused { action: &'static str, source: Box<dyn Error + Send + Sync> },
    #[error("the job {id} is held no longer: another worker may have it")]
    Lost { id: String },
    #[error("the job {id:?} cannot be queued: {reason}")]
    BadJob { id: String, reason: String },
}

impl QueueError {
    pub(crate) fn engine(
        action: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> QueueError {
        QueueError::Engine { action, source: source.into() }
    }

    /// Whether the time of a claim was over before.
    pub fn is_lost(&self) -> bool {
        matches!(self, QueueError::Lost { .. })
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            QueueError::BadAddress { .. }
            | QueueError::BadJob { .. }
            | QueueError::Refused { .. }
            | QueueError::NotAQueue { .. }
            | QueueError::Format { .. } => ErrorKind::Invalid,
            QueueError::Lost { .. } => ErrorKind::Conflict,
            QueueError::Connect { .. } => ErrorKind::Busy,
            QueueError::Open { source, .. } | QueueError::Engine { source, .. } => {
                let source: &(dyn Error + 'static) = source.as_ref();
                if is_disk_full(source) { ErrorKind::Internal } else { ErrorKind::Busy }
            }
        }
    }
}

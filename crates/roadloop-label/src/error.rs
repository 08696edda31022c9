//! What can go wrong with labelling jobs, in words that say what to do next.

use std::error::Error;
use std::path::PathBuf;

use roadloop_base::ErrorKind;
use roadloop_sqlite::is_busy;

use crate::task::{Answer, AssignmentId};
use crate::{JobName, JobState};

#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    #[error("this cannot be the {what}: {reason}")]
    Bad { what: &'static str, reason: String },
    #[error("there is no labelling job {job}: look at the list of them")]
    NoSuchJob { job: JobName },
    #[error("there is no task {number} in job {job}")]
    NoSuchTask { job: JobName, number: u64 },
    /// The same for one that somebody else holds.
    #[error("there is no assignment {id} of this worker: take the next task")]
    NoSuchAssignment { id: AssignmentId },
    #[error("there is no picture {name:?} in the instructions of job {job}")]
    NoSuchPicture { job: JobName, name: String },
    #[error("there is a labelling job {job} already: take another name")]
    JobTaken { job: JobName },
    #[error("job {job} is {state}: {reason}")]
    JobIs { job: JobName, state: JobState, reason: &'static str },
    #[error("task {number} of job {job} was changed by somebody at the same time: look again")]
    TaskChanged { job: JobName, number: u64, revision: u64 },
    #[error("this cannot be decided of task {number} of job {job}: {reason}")]
    NotDecidable { job: JobName, number: u64, reason: String },
    #[error("the draft was changed elsewhere at the same time: it is at revision {revision} now")]
    DraftChanged { revision: u64, draft: Option<Answer> },
    #[error("assignment {id} is answered already")]
    Answered { id: AssignmentId },
    #[error("assignment {id} is not in your hands any more: take the next task")]
    NotHeld { id: AssignmentId },
    #[error(
        "what is kept as {what} of {of} of job {job} is damaged: {source}; the other tasks are not \
         touched by it"
    )]
    DamagedCell {
        job: String,
        of: String,
        what: &'static str,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("cannot open the file of labelling jobs: {source}\npath: {}", path.display())]
    Open { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the file of labelling jobs is damaged, or of something else: {source}; stop the studio, \
         then put a copy of the file in its place, without the -wal and -shm of this one\n\
         path: {}",
        path.display()
    )]
    Damaged { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the file of labelling jobs was made by another version of roadloop (format {found}, this \
         one knows {known}): use that version, or a newer one\npath: {}",
        path.display()
    )]
    Format { path: PathBuf, found: i64, known: i64 },
    #[error("cannot use the file of labelling jobs: {source}")]
    Engine { source: rusqlite::Error },
    #[error("cannot write this as JSON: {source}")]
    Json { source: serde_json::Error },
}

impl LabelError {
    pub(crate) fn bad(what: &'static str, reason: impl Into<String>) -> LabelError {
        LabelError::Bad { what, reason: reason.into() }
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            LabelError::Bad { .. }
            | LabelError::DamagedCell { .. }
            | LabelError::Damaged { .. }
            | LabelError::Format { .. } => ErrorKind::Invalid,
            LabelError::NoSuchJob { .. }
            | LabelError::NoSuchTask { .. }
            | LabelError::NoSuchAssignment { .. }
            | LabelError::NoSuchPicture { .. } => ErrorKind::NotFound,
            LabelError::JobTaken { .. }
            | LabelError::JobIs { .. }
            | LabelError::TaskChanged { .. }
            | LabelError::NotDecidable { .. }
            | LabelError::DraftChanged { .. }
            | LabelError::Answered { .. }
            | LabelError::NotHeld { .. } => ErrorKind::Conflict,
            LabelError::Engine { source } if is_busy(source) => ErrorKind::Busy,
            LabelError::Open { source, .. } if source.downcast_ref().is_some_and(is_busy) => {
                ErrorKind::Busy
            }
            LabelError::Engine { .. } | LabelError::Open { .. } | LabelError::Json { .. } => {
                ErrorKind::Internal
            }
        }
    }
}

impl From<rusqlite::Error> for LabelError {
    fn from(source: rusqlite::Error) -> LabelError {
        LabelError::Engine { source }
    }
}

impl From<serde_json::Error> for LabelError {
    fn from(source: serde_json::Error) -> LabelError {
        LabelError::Json { source }
    }
}

#[cfg(test)]
mod tests {
    use roadloop_sqlite::is_damaged;

    use super::*;

    #[track_caller]
    fn check(error: LabelError, kind: ErrorKind, expected: &str) {
        assert_eq!(error.kind(), kind);
        let words = error.to_string();
        assert!(words.contains(expected), "{words}");
    }

    #[test]
    fn errors_say_what_to_do() {
        let job = || "street".parse::<JobName>().unwrap();
        let sqlite = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        check(LabelError::bad("name", "no"), ErrorKind::Invalid, "cannot be the name: no");
        check(LabelError::NoSuchJob { job: job() }, ErrorKind::NotFound, "job street");
        check(LabelError::JobTaken { job: job() }, ErrorKind::Conflict, "another name");
        let changed = LabelError::TaskChanged { job: job(), number: 7, revision: 3 };
        check(changed, ErrorKind::Conflict, "task 7 of job street");
        let draft = LabelError::DraftChanged { revision: 4, draft: None };
        check(draft, ErrorKind::Conflict, "revision 4");
        let not_held = LabelError::NotHeld { id: AssignmentId(7) };
        check(not_held, ErrorKind::Conflict, "assignment 7 is not in your hands any more");
        let engine = |code| LabelError::from(sqlite(code));
        check(engine(rusqlite::ffi::SQLITE_BUSY), ErrorKind::Busy, "file of labelling jobs");
        check(engine(rusqlite::ffi::SQLITE_FULL), ErrorKind::Busy, "file of labelling jobs");
        check(engine(rusqlite::ffi::SQLITE_IOERR), ErrorKind::Internal, "file of labelling jobs");
        let open = |code| LabelError::Open { path: "x".into(), source: sqlite(code).into() };
        check(open(rusqlite::ffi::SQLITE_BUSY), ErrorKind::Busy, "path: x");
        check(open(rusqlite::ffi::SQLITE_CANTOPEN), ErrorKind::Internal, "path: x");
        assert!(is_damaged(&sqlite(rusqlite::ffi::SQLITE_CORRUPT)));
        assert!(!is_damaged(&sqlite(rusqlite::ffi::SQLITE_FULL)));
    }
}

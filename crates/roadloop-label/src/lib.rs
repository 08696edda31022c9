//! Labelling jobs: what people are asked, what they answer, and what follows from it.
//!
//! [`Labels`] is one SQLite file of jobs. A job is made with its tasks; workers take the
//! [next](Labels::next) one each, blind to each other, and answer; the last answer that
//! a task wants makes them one ([`consolidate`], [`judge`]); reviewers
//! [decide](Labels::decide) what is not clear; [results](Labels::results) go into
//! manifests.
//!
//! Knows nothing of HTTP, images and recordings, and not what time it is: who calls
//! says so, and who calls asked before who may. All of it is synchronous and blocks.

mod answers;
mod cells;
mod consolidate;
mod decide;
mod error;
mod file;
mod held;
mod job;
mod jobs;
#[cfg(test)]
mod laws;
mod progress;
mod pull;
mod responses;
mod results;
mod review;
mod settle;
mod statistics;
mod task;
#[cfg(test)]
mod testing;
mod verdict;

pub use consolidate::{
    Consolidated, Consolidation, LeftOut, Member, MergedBox, Middle, Score, consolidate, iou,
    score, whole,
};
pub use decide::{Review, Ruling};
pub use error::LabelError;
pub use file::Labels;
pub use job::{
    Job, JobName, JobSettings, JobState, LARGEST_PICTURE, LONGEST_INSTRUCTIONS, LabelClass,
    MOST_LABELS, MOST_PICTURES, NewJob, Picture, PreLabel, Purpose, ReviewRule, short_instructions,
};
pub use progress::Progress;
pub use pull::WorkItem;
pub use responses::{WorkerAnswer, WorkerResponse, write_consolidated, write_responses};
pub use results::TaskResult;
pub use review::{
    Flagged, GivenAnswer, Note, NoteKind, TaskDetail, TaskOrder, TaskPage, TaskQuery, TaskRow,
};
pub use statistics::WorkerStatistics;
pub use task::{
    Answer, Assignment, AssignmentId, AssignmentState, Decision, KeptReason, MOST_BOXES, NewTask,
    Outcome, ResultBox, SentBack, Submitted, TaskState,
};
pub use verdict::{Judged, Verdict, judge};

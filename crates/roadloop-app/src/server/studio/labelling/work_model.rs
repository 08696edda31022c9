//! What is said to who labels, as JSON.

use roadloop_engine::labels::{Assignment, WorkItem};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{JobLabel, JobPurpose};
use super::task_model::{AnswerItem, persons};
use crate::server::studio::guard::now;
use crate::server::studio::model::PersonsBox;

/// Why a task came back.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct SentBackItem {
    comment: String,
    by: String,
}

/// A task in somebody's hands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct AssignmentItem {
    id: i64,
    job: String,
    purpose: JobPurpose,
    number: u64,
    /// Where its anonymised image is.
    image: String,
    width: u32,
    height: u32,
    labels: Vec<JobLabel>,
    /// What is proposed: boxes of models, or of the earlier job.
    boxes: Vec<PersonsBox>,
    draft: Option<AnswerItem>,
    /// Of the draft: what is saved next names it as its `base`.
    revision: u64,
    /// When it goes to others.
    deadline: String,
    seconds_left: f64,
    sent_back: Option<SentBackItem>,
    /// What the same person drew on the frame before, of the same camera.
    previous: Option<Vec<PersonsBox>>,
    mine_done: u64,
    left_for_me: u64,
    /// `leased`, or what it is now.
    state: String,
}

impl AssignmentItem {
    pub(super) fn of(assignment: &Assignment) -> AssignmentItem {
        let left = assignment.deadline.0.saturating_sub(now().0).max(0);
        AssignmentItem {
            id: assignment.id.0,
            job: assignment.job.to_string(),
            purpose: JobPurpose::of(&assignment.purpose),
            number: assignment.number,
            image: format!("/api/v1/jobs/{}/tasks/{}/image", assignment.job, assignment.number),
            width: assignment.width,
            height: assignment.height,
            labels: assignment.labels.iter().map(JobLabel::of).collect(),
            boxes: persons(&assignment.initial),
            draft: assignment.draft.as_ref().map(AnswerItem::of),
            revision: assignment.revision,
            deadline: assignment.deadline.iso(),
            seconds_left: left as f64 / 1e9,
            sent_back: assignment
                .sent_back
                .as_ref()
                .map(|back| SentBackItem { comment: back.comment.clone(), by: back.by.clone() }),
            previous: assignment.previous.as_deref().map(persons),
            mine_done: assignment.mine_done,
            left_for_me: assignment.left_for_me,
            state: assignment.state.name().to_owned(),
        }
    }
}

/// A job with something to do for who asks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct WorkItemItem {
    job: String,
    purpose: JobPurpose,
    /// What is always visible of the instructions; Markdown.
    short: String,
    state: String,
    mine_done: u64,
    left_for_me: u64,
    /// Tasks that came back to who asks.
    sent_back: u64,
    /// What an answer takes, by the last ones of everybody.
    seconds_per_task: Option<f64>,
    expires_at: String,
}

impl WorkItemItem {
    pub(super) fn of(item: &WorkItem) -> WorkItemItem {
        WorkItemItem {
            job: item.job.to_string(),
            purpose: JobPurpose::of(&item.purpose),
            short: item.short_instructions.clone(),
            state: item.state.name().to_owned(),
            mine_done: item.mine_done,
            left_for_me: item.left_for_me,
            sent_back: item.sent_back,
            seconds_per_task: item.median_seconds,
            expires_at: item.expires_at.iso(),
        }
    }
}

//! What is said to who labels, as JSON.

use roadloop_engine::labels::{Assignment, LabelError, Labels, WorkItem};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{JobLabel, JobPurpose};
use super::task_model::{AnswerItem, shown};
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
    /// The task's; where some are gold, which of all that this person was given: the task's
    /// would tell those from others.
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
    pub(super) fn of(
        labels: &Labels,
        assignment: &Assignment,
    ) -> Result<AssignmentItem, LabelError> {
        let has_gold = labels.job(&assignment.job, now())?.settings.gold_every > 0;
        let size = (assignment.width, assignment.height);
        let left = assignment.deadline.0.saturating_sub(now().0).max(0);
        Ok(AssignmentItem {
            id: assignment.id.0,
            job: assignment.job.to_string(),
            purpose: JobPurpose::of(&assignment.purpose),
            number: if has_gold { assignment.mine_done + 1 } else { assignment.number },
            image: format!("/api/v1/work/assignments/{}/image", assignment.id),
            width: assignment.width,
            height: assignment.height,
            labels: assignment.labels.iter().map(JobLabel::of).collect(),
            boxes: shown(&assignment.initial, size),
            draft: assignment.draft.as_ref().map(AnswerItem::of),
            revision: assignment.revision,
            deadline: assignment.deadline.iso(),
            seconds_left: left as f64 / 1e9,
            sent_back: assignment
                .sent_back
                .as_ref()
                .map(|back| SentBackItem { comment: back.comment.clone(), by: back.by.clone() }),
            previous: assignment.previous.as_deref().map(|boxes| shown(boxes, size)),
            mine_done: assignment.mine_done,
            left_for_me: assignment.left_for_me,
            state: assignment.state.name().to_owned(),
        })
    }
}

/// What a job is about.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct WorkDetail {
    pub(super) job: String,
    /// Markdown; what stands before a line `---` is always visible.
    pub(super) instructions: String,
    /// Names of pictures that the instructions show.
    pub(super) pictures: Vec<String>,
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

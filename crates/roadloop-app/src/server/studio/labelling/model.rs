//! What is said about labelling jobs, as JSON.

use roadloop_base::{DrawnBox, FrameId};
use roadloop_engine::labels::{
    Answer, Assignment, Consolidated, Consolidation, GivenAnswer, Job, Judged, LabelClass,
    MergedBox, Middle, Note, Outcome, Progress, ReviewRule, TaskDetail, TaskRow, Verdict, WorkItem,
    WorkerStatistics,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::problem::Problem;
use crate::server::studio::guard::now;
use crate::server::studio::model::{FrameName, PersonsBox};

/// A kind of thing that is looked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct JobLabel {
    #[schema(min_length = 1, max_length = 100)]
    pub(super) name: String,
    /// `#rrggbb`.
    pub(super) color: Option<String>,
    /// One character.
    pub(super) hotkey: Option<String>,
}

impl JobLabel {
    fn of(class: &LabelClass) -> JobLabel {
        JobLabel {
            name: class.name.clone(),
            color: class.color.clone(),
            hotkey: class.hotkey.map(String::from),
        }
    }

    pub(super) fn class(self) -> Result<LabelClass, Problem> {
        let JobLabel { name, color, hotkey } = self;
        let hotkey = match hotkey.as_deref().map(|text| (text.chars().next(), text.chars().count()))
        {
            None => None,
            Some((Some(key), 1)) => Some(key),
            Some(_) => return Err(Problem::invalid("a hotkey is one character")),
        };
        Ok(LabelClass { name, color, hotkey })
    }
}

/// How boxes of several people are put together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct ConsolidationItem {
    /// Overlap from which boxes are one.
    #[schema(minimum = 0, maximum = 1)]
    iou: f64,
    /// People who must have drawn a box; the majority where nothing is said.
    quorum: Option<u32>,
    /// Whether only boxes of one label are put together; else the label is voted for.
    class_aware: bool,
    #[schema(inline)]
    position: Position,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Position {
    Mean,
    Median,
}

impl ConsolidationItem {
    fn of(settings: &Consolidation) -> ConsolidationItem {
        ConsolidationItem {
            iou: settings.iou,
            quorum: settings.quorum,
            class_aware: settings.class_aware,
            position: match settings.position {
                Middle::Mean => Position::Mean,
                Middle::Median => Position::Median,
            },
        }
    }

    pub(super) fn settings(self) -> Consolidation {
        Consolidation {
            iou: self.iou,
            quorum: self.quorum,
            class_aware: self.class_aware,
            position: match self.position {
                Position::Mean => Middle::Mean,
                Position::Median => Middle::Median,
            },
        }
    }
}

/// How far a job is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct JobProgress {
    tasks: u64,
    /// Final without a review.
    done: u64,
    in_review: u64,
    approved: u64,
    corrected: u64,
    sent_back: u64,
    flagged: u64,
    /// In somebody's hands now.
    leased: u64,
    /// Skipped by so many that nobody is left.
    failed: u64,
    answers: u64,
    answers_wanted: u64,
    median_seconds: Option<f64>,
    /// At the pace of the last hour.
    seconds_left: Option<f64>,
}

impl JobProgress {
    fn of(progress: &Progress) -> JobProgress {
        JobProgress {
            tasks: progress.tasks,
            done: progress.done,
            in_review: progress.in_review,
            approved: progress.approved,
            corrected: progress.corrected,
            sent_back: progress.sent_back,
            flagged: progress.flagged,
            leased: progress.leased,
            failed: progress.failed,
            answers: progress.answers,
            answers_wanted: progress.answers_wanted,
            median_seconds: progress.median_seconds,
            seconds_left: progress.seconds_left,
        }
    }
}

/// What people are asked: boxes, whether an earlier job's are right, or to correct those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::server::studio) enum JobPurpose {
    Draw,
    Verify,
    Adjust,
}

/// Which results a reviewer must look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::server::studio) enum JobReview {
    None,
    /// Those that agree less than `review_below`.
    Disagreements,
    All,
}

/// A labelling job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct JobItem {
    name: String,
    purpose: JobPurpose,
    /// The earlier job that is verified or adjusted.
    of: Option<String>,
    /// `filling`, `open`, `closed`, `expired`.
    state: String,
    labels: Vec<JobLabel>,
    /// Who label each task.
    workers: u32,
    task_seconds: u32,
    created_at: String,
    created_by: String,
    expires_at: String,
    consolidation: ConsolidationItem,
    review: JobReview,
    review_below: Option<f64>,
    progress: JobProgress,
}

impl JobItem {
    pub(super) fn of(job: &Job) -> JobItem {
        use roadloop_engine::labels::Purpose;
        let settings = &job.settings;
        let (review, review_below) = match settings.review {
            ReviewRule::None => (JobReview::None, None),
            ReviewRule::Below(below) => (JobReview::Disagreements, Some(below)),
            ReviewRule::All => (JobReview::All, None),
        };
        JobItem {
            name: job.name.to_string(),
            purpose: match job.purpose {
                Purpose::Draw => JobPurpose::Draw,
                Purpose::Verify { .. } => JobPurpose::Verify,
                Purpose::Adjust { .. } => JobPurpose::Adjust,
            },
            of: job.purpose.of().map(ToString::to_string),
            state: job.state.name().to_owned(),
            labels: settings.labels.iter().map(JobLabel::of).collect(),
            workers: settings.workers,
            task_seconds: settings.task_seconds,
            created_at: job.created_at.iso(),
            created_by: job.created_by.clone(),
            expires_at: job.expires_at.iso(),
            consolidation: ConsolidationItem::of(&settings.consolidation),
            review,
            review_below,
            progress: JobProgress::of(&job.progress),
        }
    }
}

/// Boxes of models that are proposed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct PreLabelItem {
    min_confidence: f32,
}

/// A labelling job with all that is set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct JobDetail {
    job: JobItem,
    /// Markdown; what stands before a line `---` is always visible.
    instructions: String,
    /// Names of pictures that the instructions show.
    pictures: Vec<String>,
    /// What the label is called in manifests.
    attribute: String,
    pre_label: Option<PreLabelItem>,
    /// Each so many tasks of somebody, one is gold; 0 where none is.
    gold_every: u32,
}

impl JobDetail {
    pub(super) fn new(job: &Job, instructions: String, pictures: Vec<String>) -> JobDetail {
        let settings = &job.settings;
        let pre_label = settings.pre_label.as_ref();
        JobDetail {
            job: JobItem::of(job),
            instructions,
            pictures,
            attribute: settings.attribute.clone(),
            pre_label: pre_label.map(|pre| PreLabelItem { min_confidence: pre.min_confidence }),
            gold_every: settings.gold_every,
        }
    }
}

/// What somebody did in a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct WorkerItem {
    worker: String,
    answers: u64,
    boxes: u64,
    seconds: f64,
    median_seconds: Option<f64>,
    skipped: u64,
    expired: u64,
    sent_back: u64,
    /// Mean F1 against what all agreed on.
    agreement: Option<f64>,
    /// Mean F1 against what is known to be there.
    gold_score: Option<f64>,
    gold_answers: u64,
}

impl WorkerItem {
    pub(super) fn of(person: WorkerStatistics) -> WorkerItem {
        WorkerItem {
            worker: person.worker,
            answers: person.answers,
            boxes: person.boxes,
            seconds: person.seconds,
            median_seconds: person.median_seconds,
            skipped: person.skipped,
            expired: person.expired,
            sent_back: person.sent_back,
            agreement: person.agreement,
            gold_score: person.gold_score,
            gold_answers: person.gold_answers,
        }
    }
}

/// A task, as lists show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct TaskItem {
    number: u64,
    /// `waiting`, `done`, `in_review`, `approved`, `corrected`, `sent_back`, `failed`.
    state: String,
    flagged: bool,
    answers: u32,
    wanted: u32,
    agreement: Option<f64>,
    /// Of the result.
    boxes: Option<u64>,
    frame: Option<FrameName>,
    gold: bool,
    width: u32,
    height: u32,
}

impl TaskItem {
    pub(super) fn of(row: &TaskRow) -> TaskItem {
        TaskItem {
            number: row.number,
            state: row.state.name().to_owned(),
            flagged: row.is_flagged,
            answers: row.answers,
            wanted: row.wanted,
            agreement: row.agreement,
            boxes: row.boxes,
            frame: row.frame.as_ref().map(frame_name),
            gold: row.is_gold,
            width: row.width,
            height: row.height,
        }
    }
}

fn frame_name(id: &FrameId) -> FrameName {
    FrameName::of(id)
}

/// Some tasks.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct TaskList {
    /// Of all that were asked for.
    pub(super) total: u64,
    pub(super) tasks: Vec<TaskItem>,
}

/// Whether an earlier job's boxes are right.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct VerdictItem {
    is_good: bool,
    #[schema(max_length = 2000)]
    comment: Option<String>,
}

impl VerdictItem {
    fn of(verdict: &Verdict) -> VerdictItem {
        VerdictItem { is_good: verdict.is_good, comment: verdict.comment.clone() }
    }
}

/// What somebody says of a task: boxes, or a verdict.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server::studio) struct AnswerItem {
    /// None at all says that there is nothing.
    #[schema(max_items = 1000)]
    pub(super) boxes: Option<Vec<PersonsBox>>,
    pub(super) verdict: Option<VerdictItem>,
}

impl AnswerItem {
    pub(super) fn of(answer: &Answer) -> AnswerItem {
        match answer {
            Answer::Boxes(boxes) => AnswerItem { boxes: Some(persons(boxes)), verdict: None },
            Answer::Verdict(verdict) => {
                AnswerItem { boxes: None, verdict: Some(VerdictItem::of(verdict)) }
            }
        }
    }

    pub(super) fn answer(self) -> Result<Answer, Problem> {
        match (self.boxes, self.verdict) {
            (Some(boxes), None) => Ok(Answer::Boxes(drawn(boxes)?)),
            (None, Some(VerdictItem { is_good, comment })) => {
                Ok(Answer::Verdict(Verdict { is_good, comment }))
            }
            _ => Err(Problem::invalid("an answer is either boxes or a verdict")),
        }
    }
}

pub(super) fn drawn(boxes: Vec<PersonsBox>) -> Result<Vec<DrawnBox>, Problem> {
    boxes.into_iter().map(PersonsBox::drawn).collect()
}

fn persons(boxes: &[DrawnBox]) -> Vec<PersonsBox> {
    boxes.iter().map(PersonsBox::of).collect()
}

/// What somebody answered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct GivenAnswerItem {
    assignment: i64,
    worker: String,
    boxes: Option<Vec<PersonsBox>>,
    verdict: Option<VerdictItem>,
    seconds: f64,
    submitted_at: String,
    /// `submitted`, `sent_back`.
    state: String,
}

impl GivenAnswerItem {
    fn of(given: &GivenAnswer) -> GivenAnswerItem {
        let AnswerItem { boxes, verdict } = AnswerItem::of(&given.answer);
        GivenAnswerItem {
            assignment: given.assignment.0,
            worker: given.worker.clone(),
            boxes,
            verdict,
            seconds: given.seconds,
            submitted_at: given.submitted_at.iso(),
            state: given.state.name().to_owned(),
        }
    }
}

/// A box of somebody that went into a merged one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct MemberItem {
    /// Place in the list of answers.
    answer: usize,
    /// Place in that answer.
    place: usize,
    /// Overlap with the merged box.
    iou: f64,
}

/// A box that enough people drew.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct MergedItem {
    label: String,
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    /// Votes of all, times the mean overlap; 0 where one person was asked.
    confidence: f64,
    /// The label's vote was a tie.
    is_tied: bool,
    members: Vec<MemberItem>,
}

impl MergedItem {
    fn of(merged: &MergedBox) -> MergedItem {
        let pixels = merged.pixels;
        let members = merged.members.iter();
        MergedItem {
            label: merged.label.clone(),
            left: pixels.left(),
            top: pixels.top(),
            width: pixels.width(),
            height: pixels.height(),
            confidence: merged.confidence,
            is_tied: merged.is_tied,
            members: members
                .map(|member| MemberItem {
                    answer: member.answer,
                    place: member.place,
                    iou: member.iou,
                })
                .collect(),
        }
    }
}

/// A box that too few people drew.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct LeftOutItem {
    answer: usize,
    place: usize,
    votes: u32,
    needed: u32,
    /// Overlap with the nearest box of somebody else.
    nearest_iou: f64,
}

/// What people agreed on, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct ConsolidatedItem {
    boxes: Vec<MergedItem>,
    left_out: Vec<LeftOutItem>,
    /// Mean F1 of the answers against it.
    agreement: f64,
}

impl ConsolidatedItem {
    fn of(consolidated: &Consolidated) -> ConsolidatedItem {
        let left_out = consolidated.left_out.iter();
        ConsolidatedItem {
            boxes: consolidated.boxes.iter().map(MergedItem::of).collect(),
            left_out: left_out
                .map(|left| LeftOutItem {
                    answer: left.answer,
                    place: left.place,
                    votes: left.votes,
                    needed: left.needed,
                    nearest_iou: left.nearest_iou,
                })
                .collect(),
            agreement: consolidated.agreement,
        }
    }
}

/// What the verdicts come to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct JudgedItem {
    is_good: bool,
    confidence: f64,
    is_tied: bool,
    comments: Vec<String>,
}

impl JudgedItem {
    fn of(judged: &Judged) -> JudgedItem {
        JudgedItem {
            is_good: judged.is_good,
            confidence: judged.confidence,
            is_tied: judged.is_tied,
            comments: judged.comments.clone(),
        }
    }
}

/// What a reviewer said in the end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct DecisionItem {
    /// `approved`, `corrected`.
    kind: String,
    by: String,
    at: String,
    /// What is right in the place of the result.
    boxes: Option<Vec<PersonsBox>>,
}

/// What somebody said about a task.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct NoteItem {
    at: String,
    author: String,
    /// `flag`, `skip`, `sent_back`, `comment`, `settled`.
    kind: String,
    text: String,
}

impl NoteItem {
    fn of(note: &Note) -> NoteItem {
        NoteItem {
            at: note.at.iso(),
            author: note.author.clone(),
            kind: note.kind.name().to_owned(),
            text: note.text.clone(),
        }
    }
}

/// A task with everybody's answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::server::studio) struct TaskDetailItem {
    task: TaskItem,
    /// Names what is decided about: who looked at an older one is told.
    revision: u64,
    initial: Vec<PersonsBox>,
    gold: Option<Vec<PersonsBox>>,
    answers: Vec<GivenAnswerItem>,
    result: Option<ConsolidatedItem>,
    judged: Option<JudgedItem>,
    decision: Option<DecisionItem>,
    notes: Vec<NoteItem>,
}

impl TaskDetailItem {
    pub(super) fn of(detail: &TaskDetail) -> TaskDetailItem {
        let (result, judged) = match &detail.outcome {
            Some(Outcome::Boxes(consolidated)) => (Some(ConsolidatedItem::of(consolidated)), None),
            Some(Outcome::Verdict(judged)) => (None, Some(JudgedItem::of(judged))),
            None => (None, None),
        };
        let decision = detail.decision.as_ref().map(|decision| DecisionItem {
            kind: if decision.correction.is_some() { "corrected" } else { "approved" }.to_owned(),
            by: decision.by.clone(),
            at: decision.at.iso(),
            boxes: match &decision.correction {
                Some(Answer::Boxes(boxes)) => Some(persons(boxes)),
                _ => None,
            },
        });
        TaskDetailItem {
            task: TaskItem::of(&detail.row),
            revision: detail.row.revision,
            initial: persons(&detail.initial),
            gold: detail.gold.as_deref().map(persons),
            answers: detail.answers.iter().map(GivenAnswerItem::of).collect(),
            result,
            judged,
            decision,
            notes: detail.notes.iter().map(NoteItem::of).collect(),
        }
    }
}

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
        use roadloop_engine::labels::Purpose;
        let left = assignment.deadline.0.saturating_sub(now().0).max(0);
        AssignmentItem {
            id: assignment.id.0,
            job: assignment.job.to_string(),
            purpose: match assignment.purpose {
                Purpose::Draw => JobPurpose::Draw,
                Purpose::Verify { .. } => JobPurpose::Verify,
                Purpose::Adjust { .. } => JobPurpose::Adjust,
            },
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
        use roadloop_engine::labels::Purpose;
        WorkItemItem {
            job: item.job.to_string(),
            purpose: match item.purpose {
                Purpose::Draw => JobPurpose::Draw,
                Purpose::Verify { .. } => JobPurpose::Verify,
                Purpose::Adjust { .. } => JobPurpose::Adjust,
            },
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

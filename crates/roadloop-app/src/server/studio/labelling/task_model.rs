//! What is said about tasks, answers and what they come to, as JSON.

use roadloop_base::DrawnBox;
use roadloop_engine::labels::{
    Answer, Consolidated, GivenAnswer, Judged, MergedBox, Note, Outcome, TaskDetail, TaskRow,
    Verdict, whole,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::problem::Problem;
use crate::server::studio::model::{FrameName, PersonsBox};

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
            frame: row.frame.as_ref().map(FrameName::of),
            gold: row.is_gold,
            width: row.width,
            height: row.height,
        }
    }
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

/// Boxes that came in parts of pixels, as people see them: whole, and inside the image.
pub(super) fn shown(boxes: &[DrawnBox], size: (u32, u32)) -> Vec<PersonsBox> {
    let shown = boxes
        .iter()
        .filter_map(|drawn| Some(DrawnBox { pixels: whole(drawn.pixels, size)?, ..drawn.clone() }));
    shown.map(|drawn| PersonsBox::of(&drawn)).collect()
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
pub(in crate::server::studio) struct JudgedVerdicts {
    is_good: bool,
    confidence: f64,
    is_tied: bool,
    comments: Vec<String>,
}

impl JudgedVerdicts {
    fn of(judged: &Judged) -> JudgedVerdicts {
        JudgedVerdicts {
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
    judged: Option<JudgedVerdicts>,
    decision: Option<DecisionItem>,
    notes: Vec<NoteItem>,
}

impl TaskDetailItem {
    pub(super) fn of(detail: &TaskDetail) -> TaskDetailItem {
        let (result, judged) = match &detail.outcome {
            Some(Outcome::Boxes(consolidated)) => (Some(ConsolidatedItem::of(consolidated)), None),
            Some(Outcome::Verdict(judged)) => (None, Some(JudgedVerdicts::of(judged))),
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
            initial: shown(&detail.initial, (detail.row.width, detail.row.height)),
            gold: detail.gold.as_deref().map(persons),
            answers: detail.answers.iter().map(GivenAnswerItem::of).collect(),
            result,
            judged,
            decision,
            notes: detail.notes.iter().map(NoteItem::of).collect(),
        }
    }
}

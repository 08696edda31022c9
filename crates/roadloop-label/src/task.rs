//! What a task is, and what people answer.

use std::fmt;

use roadloop_base::{DrawnBox, FrameId, Nanos, PixelBox};
use serde::{Deserialize, Serialize};

use crate::job::{check_line, check_text};
use crate::{Consolidated, JobName, JobSettings, Judged, LabelClass, LabelError, Purpose, Verdict};
use roadloop_manifest::LONGEST_LINE;

/// In one answer. Five times what a full image has; where three people draw as many on
/// one and the same place, making them one takes half a second, and everybody waits.
pub const MOST_BOXES: usize = 1000;

/// In one result that is brought, of which nothing is made any more.
const MOST_GIVEN: usize = 10_000;

/// A longer side than any camera has.
const LARGEST_SIDE: u32 = 1 << 16;

/// A task that one worker was given. No number is given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssignmentId(pub i64);

impl fmt::Display for AssignmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a worker says of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// None at all is an answer too: there is nothing.
    Boxes(Vec<DrawnBox>),
    Verdict(Verdict),
}

impl Answer {
    /// What can be kept as a draft: unfinished, but neither huge nor impossible.
    pub(crate) fn check_draft(&self, purpose: &Purpose) -> Result<(), LabelError> {
        match self {
            Answer::Verdict(_) if !purpose.wants_verdict() => {
                Err(LabelError::bad("answer", "boxes are asked, not a verdict"))
            }
            Answer::Boxes(_) if purpose.wants_verdict() => {
                Err(LabelError::bad("answer", "a verdict is asked, not boxes"))
            }
            Answer::Verdict(verdict) => {
                check_text("comment", verdict.comment.as_deref().unwrap_or(""), 0..=2000)
            }
            Answer::Boxes(boxes) => check_shapes(boxes),
        }
    }

    /// What can be counted: labels of the job, boxes inside the image.
    pub(crate) fn check(
        &self,
        purpose: &Purpose,
        settings: &JobSettings,
        size: (u32, u32),
    ) -> Result<(), LabelError> {
        self.check_draft(purpose)?;
        match self {
            Answer::Verdict(_) => Ok(()),
            Answer::Boxes(boxes) => check_boxes(boxes, &settings.labels, size),
        }
    }

    pub(crate) fn box_count(&self) -> usize {
        match self {
            Answer::Boxes(boxes) => boxes.len(),
            Answer::Verdict(_) => 0,
        }
    }
}

fn check_shapes(boxes: &[DrawnBox]) -> Result<(), LabelError> {
    if boxes.len() > MOST_BOXES {
        let reason = format!("at most {MOST_BOXES} boxes, not {}", boxes.len());
        return Err(LabelError::bad("list of boxes", reason));
    }
    for drawn in boxes {
        // Whoever read it from JSON has not asked its constructor.
        let (pixels, bad) = (drawn.pixels, |reason| Err(LabelError::bad("box", reason)));
        if PixelBox::new(pixels.left(), pixels.top(), pixels.width(), pixels.height()).is_none() {
            return bad("it has no inside");
        }
        if drawn.confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
            return bad("its confidence is not between 0 and 1");
        }
        if drawn.tags.len() > 20 {
            return bad("it has more than 20 tags");
        }
        check_line("label of a box", &drawn.label, 0..=100)?;
        for tag in &drawn.tags {
            check_line("tag of a box", tag, 1..=100)?;
        }
    }
    Ok(())
}

pub(crate) fn check_boxes(
    boxes: &[DrawnBox],
    labels: &[LabelClass],
    (width, height): (u32, u32),
) -> Result<(), LabelError> {
    check_shapes(boxes)?;
    for drawn in boxes {
        if !labels.iter().any(|label| label.name == drawn.label) {
            let reason = format!("this job has no label {:?}", drawn.label);
            return Err(LabelError::bad("box", reason));
        }
        if !drawn.pixels.is_within(width, height) {
            let reason = format!("it reaches out of the image of {width}x{height} pixels");
            return Err(LabelError::bad("box", reason));
        }
    }
    Ok(())
}

/// A box as a job gives it to others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultBox {
    pub label: String,
    pub pixels: PixelBox,
    /// Of Ground Truth's kind: 0 where one person drew it; absent where an import
    /// said none.
    pub confidence: Option<f64>,
}

/// A task to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTask {
    pub frame: Option<FrameId>,
    /// `source-ref` as exported: of the raw or of the anonymised image.
    pub source: String,
    /// Object key of the anonymised image, which alone is shown. Without one it was
    /// labelled elsewhere, and nobody is asked.
    pub image_key: Option<String>,
    pub width: u32,
    pub height: u32,
    /// Pre-labels, or the boxes of the earlier job.
    pub initial: Vec<DrawnBox>,
    /// The truth, where it is there to measure workers and for nothing else.
    pub gold: Option<Vec<DrawnBox>>,
    /// The line of a manifest that it came with.
    pub line: Option<String>,
    /// What an import brings: it is done already.
    pub given: Option<Vec<ResultBox>>,
}

impl NewTask {
    /// Whether a job of that purpose and those settings can keep it.
    /// [`Labels::add_tasks`](crate::Labels::add_tasks) asks the same, and takes none of
    /// them where one is not right.
    pub fn check(&self, purpose: &Purpose, settings: &JobSettings) -> Result<(), LabelError> {
        let bad = |what, reason: &str| Err(LabelError::bad(what, reason));
        // Of an image that nobody is shown, a manifest may not know the size.
        let smallest = u32::from(self.image_key.is_some());
        let sides = [self.width, self.height];
        if !sides.iter().all(|side| (smallest..=LARGEST_SIDE).contains(side)) {
            return bad("size of an image", "use 1 to 65536 pixels");
        }
        check_line("source of a task", &self.source, 1..=4096)?;
        check_line("key of an image", self.image_key.as_deref().unwrap_or("none"), 1..=4096)?;
        // What was there before may have other labels, and boxes half outside.
        check_shapes(&self.initial)?;
        if let Some(truth) = &self.gold {
            if purpose.wants_verdict() {
                return bad("gold frame", "a job of verdicts has none");
            }
            check_boxes(truth, &settings.labels, (self.width, self.height))?;
        }
        if self.gold.is_some() && (self.image_key.is_none() || self.given.is_some()) {
            return bad("gold frame", "it is there to be shown and answered");
        }
        if self.line.as_ref().is_some_and(|line| line.len() > LONGEST_LINE) {
            let reason = format!("at most {} MiB", LONGEST_LINE >> 20);
            return bad("line of a manifest", &reason);
        }
        if self.given.as_ref().is_some_and(|given| given.len() > MOST_GIVEN) {
            return bad("list of boxes", &format!("at most {MOST_GIVEN} boxes"));
        }
        Ok(())
    }

    /// How many are to answer it. Gold ones are answered by everybody, and counted
    /// nowhere.
    pub(crate) fn wanted(&self, settings: &JobSettings) -> u32 {
        let nobody = self.gold.is_some() || self.given.is_some() || self.image_key.is_none();
        if nobody { 0 } else { settings.workers }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// For answers.
    Waiting,
    Done,
    InReview,
    Approved,
    Corrected,
    SentBack,
    /// Skipped by so many that nobody is left to ask.
    Failed,
}

impl TaskState {
    pub const ALL: [TaskState; 7] = [
        TaskState::Waiting,
        TaskState::Done,
        TaskState::InReview,
        TaskState::Approved,
        TaskState::Corrected,
        TaskState::SentBack,
        TaskState::Failed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            TaskState::Waiting => "waiting",
            TaskState::Done => "done",
            TaskState::InReview => "in_review",
            TaskState::Approved => "approved",
            TaskState::Corrected => "corrected",
            TaskState::SentBack => "sent_back",
            TaskState::Failed => "failed",
        }
    }

    pub fn named(name: &str) -> Option<TaskState> {
        TaskState::ALL.into_iter().find(|state| state.name() == name)
    }

    pub(crate) fn is_decided(self) -> bool {
        matches!(self, TaskState::Approved | TaskState::Corrected)
    }
}

/// What the answers to a task came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Boxes(Consolidated),
    Verdict(Judged),
}

impl Outcome {
    /// Of the answers with each other, of 1.
    pub(crate) fn agreement(&self) -> f64 {
        match self {
            Outcome::Boxes(consolidated) => consolidated.agreement,
            // One alone has no confidence, but does not disagree either.
            Outcome::Verdict(judged) if judged.confidence == 0.0 => 1.0,
            Outcome::Verdict(judged) => judged.confidence,
        }
    }

    pub(crate) fn is_tied(&self) -> bool {
        match self {
            Outcome::Boxes(consolidated) => consolidated.boxes.iter().any(|merged| merged.is_tied),
            Outcome::Verdict(judged) => judged.is_tied,
        }
    }
}

/// What a reviewer said, in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    pub by: String,
    pub at: Nanos,
    /// What is right instead of what the answers came to; absent where they are.
    pub correction: Option<Answer>,
}

/// A task with a worker's name on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    pub id: AssignmentId,
    pub job: JobName,
    pub purpose: Purpose,
    pub number: u64,
    pub frame: Option<FrameId>,
    pub image_key: Option<String>,
    pub width: u32,
    pub height: u32,
    pub labels: Vec<LabelClass>,
    pub initial: Vec<DrawnBox>,
    pub state: AssignmentState,
    /// What this worker last saved, or answered.
    pub draft: Option<Answer>,
    /// Of the draft; 0 where none was ever saved.
    pub revision: u64,
    /// The lease is over then.
    pub deadline: Nanos,
    pub sent_back: Option<SentBack>,
    /// What this worker drew on the frame before of the same camera, else its
    /// pre-labels.
    pub previous: Option<Vec<DrawnBox>>,
    pub mine_done: u64,
    /// Besides this one; gold ones count as any.
    pub left_for_me: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentBack {
    pub by: String,
    pub comment: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignmentState {
    Leased,
    Submitted,
    Skipped,
    /// The lease ran out; the seat is another one's, or this one's again.
    Expired,
    /// Given back.
    Released,
    /// By a reviewer, and not taken up again yet.
    SentBack,
}

impl AssignmentState {
    pub fn name(self) -> &'static str {
        match self {
            AssignmentState::Leased => "leased",
            AssignmentState::Submitted => "submitted",
            AssignmentState::Skipped => "skipped",
            AssignmentState::Expired => "expired",
            AssignmentState::Released => "released",
            AssignmentState::SentBack => "sent_back",
        }
    }

    pub(crate) fn named(name: &str) -> Option<AssignmentState> {
        use AssignmentState as State;
        let all = [
            State::Leased,
            State::Submitted,
            State::Skipped,
            State::Expired,
            State::Released,
            State::SentBack,
        ];
        all.into_iter().find(|state| state.name() == name)
    }
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    Counted,
    /// The very same was counted before: its acknowledgement was lost.
    AlreadyCounted,
    KeptAsDraft {
        reason: KeptReason,
    },
}

/// Why an answer is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptReason {
    LeaseOver,
    /// By the same worker, and otherwise.
    AnsweredBefore,
    SkippedBefore,
    /// It is to be taken up again first.
    SentBack,
    /// By a reviewer.
    Decided,
}

impl fmt::Display for KeptReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            KeptReason::LeaseOver => {
                "the time for this task was over; where nobody else took it, it comes again with \
                 what you did"
            }
            KeptReason::AnsweredBefore => "you answered this task before, and otherwise",
            KeptReason::SkippedBefore => "you skipped this task before",
            KeptReason::Decided => "a reviewer has decided this task without waiting",
            KeptReason::SentBack => "this task was sent back to you: take it up again first",
        })
    }
}

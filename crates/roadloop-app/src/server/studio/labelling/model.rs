//! What is said about labelling jobs, as JSON.

use roadloop_engine::labels::{
    Consolidation, Job, LabelClass, Middle, Progress, Purpose, ReviewRule, WorkerStatistics,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::problem::Problem;

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
    pub(super) fn of(class: &LabelClass) -> JobLabel {
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

impl JobPurpose {
    pub(super) fn of(purpose: &Purpose) -> JobPurpose {
        match purpose {
            Purpose::Draw => JobPurpose::Draw,
            Purpose::Verify { .. } => JobPurpose::Verify,
            Purpose::Adjust { .. } => JobPurpose::Adjust,
        }
    }
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
        let settings = &job.settings;
        let (review, review_below) = match settings.review {
            ReviewRule::None => (JobReview::None, None),
            ReviewRule::Below(below) => (JobReview::Disagreements, Some(below)),
            ReviewRule::All => (JobReview::All, None),
        };
        JobItem {
            name: job.name.to_string(),
            purpose: JobPurpose::of(&job.purpose),
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

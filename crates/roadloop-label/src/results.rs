//! What a job gives to others: manifests are written of it, and jobs that go on from it.

use roadloop_base::{DrawnBox, FrameId, Nanos};
use rusqlite::{Transaction, params};

use crate::jobs::JobRow;
use crate::review::{TaskDetail, detail};
use crate::{
    Answer, GivenAnswer, JobName, Judged, LabelError, Labels, MergedBox, Outcome, ResultBox,
    TaskState, Verdict,
};

/// At once.
const MOST_RESULTS: u32 = 1000;

/// What came of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskResult {
    pub number: u64,
    pub state: TaskState,
    pub frame: Option<FrameId>,
    pub source: String,
    pub image_key: Option<String>,
    pub width: u32,
    pub height: u32,
    /// The line of a manifest that it came with.
    pub line: Option<String>,
    pub initial: Vec<DrawnBox>,
    /// Of a job of boxes that is done with this task, be it that a reviewer is still to
    /// look. None at all: looked at, and empty.
    pub boxes: Option<Vec<ResultBox>>,
    /// The same of a job of verdicts.
    pub verdict: Option<Judged>,
    /// Whether that is what it came with, and nobody said anything since.
    pub is_as_given: bool,
    pub answers: Vec<GivenAnswer>,
    /// When it became so.
    pub changed_at: Nanos,
}

impl Labels {
    /// By number from the one after that on, so many at most; gold tasks are none of
    /// them. Fewer come where there are no more. A job that is being filled has none yet.
    pub fn results(
        &self,
        job: &JobName,
        after: u64,
        limit: u32,
    ) -> Result<Vec<TaskResult>, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?.whole()?;
            let sql = "SELECT id, line FROM tasks JOIN contents ON task = id \
                       WHERE job = ?1 AND number > ?2 AND state <> 'gold' \
                       ORDER BY number LIMIT ?3";
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            let mut statement = on.prepare_cached(sql)?;
            let rows = statement
                .query_map(params![job.id, after, limit.min(MOST_RESULTS)], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            rows.map(|row| {
                let (task, line) = row?;
                result(on, &job, task, line)
            })
            .collect()
        })
    }
}

fn result(
    on: &Transaction<'_>,
    job: &JobRow,
    task: i64,
    line: Option<String>,
) -> Result<TaskResult, LabelError> {
    let TaskDetail { row, source, image_key, initial, given, answers, outcome, decision, .. } =
        detail(on, job, task)?;
    let correction = decision.and_then(|decision| decision.correction);
    let is_as_given = correction.is_none() && outcome.is_none() && given.is_some();
    let (boxes, verdict) = match (row.state, correction, outcome) {
        (TaskState::Waiting | TaskState::SentBack | TaskState::Failed, ..) => (None, None),
        (_, Some(Answer::Boxes(boxes)), outcome) => (Some(corrected(boxes, outcome)), None),
        (_, Some(Answer::Verdict(verdict)), _) => (None, Some(overruled(verdict))),
        (_, None, Some(Outcome::Boxes(consolidated))) => {
            (Some(consolidated.boxes.into_iter().map(agreed).collect()), None)
        }
        (_, None, Some(Outcome::Verdict(judged))) => (None, Some(judged)),
        (_, None, None) => (given, None),
    };
    Ok(TaskResult {
        number: row.number,
        state: row.state,
        frame: row.frame,
        source,
        image_key,
        width: row.width,
        height: row.height,
        line,
        initial,
        boxes,
        verdict,
        is_as_given,
        answers,
        changed_at: row.changed_at,
    })
}

fn agreed(merged: MergedBox) -> ResultBox {
    let MergedBox { label, pixels, confidence, .. } = merged;
    ResultBox { label, pixels, confidence: Some(confidence) }
}

/// What the reviewer left as it was keeps its confidence; of what one person drew it
/// says nothing.
fn corrected(boxes: Vec<DrawnBox>, outcome: Option<Outcome>) -> Vec<ResultBox> {
    let merged = match outcome {
        Some(Outcome::Boxes(consolidated)) => consolidated.boxes,
        _ => Vec::new(),
    };
    let boxes = boxes.into_iter().map(|drawn| {
        let same = merged
            .iter()
            .find(|merged| merged.label == drawn.label && merged.pixels == drawn.pixels);
        ResultBox {
            confidence: Some(same.map_or(0.0, |merged| merged.confidence)),
            label: drawn.label,
            pixels: drawn.pixels,
        }
    });
    boxes.collect()
}

fn overruled(verdict: Verdict) -> Judged {
    Judged {
        is_good: verdict.is_good,
        confidence: 0.0,
        is_tied: false,
        comments: verdict.comment.into_iter().collect(),
    }
}

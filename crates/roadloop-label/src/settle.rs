//! What a task comes to: one result out of its answers, and a state out of what is
//! there. Always from all of it, so that what happened in between does not matter.

use roadloop_base::{DrawnBox, Nanos};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::cells::unfit;
use crate::jobs::JobRow;
use crate::{
    Answer, Consolidated, LabelError, Outcome, ReviewRule, TaskState, Verdict, consolidate, judge,
    score,
};

/// So many tasks are merged again in one transaction, for which workers wait: with
/// hundreds of boxes each takes milliseconds.
const BATCH: u32 = 20;

/// The small part of a task.
#[derive(Debug)]
pub(crate) struct TaskNow {
    pub(crate) id: i64,
    pub(crate) number: u64,
    /// `Waiting` of gold ones, always.
    pub(crate) state: TaskState,
    pub(crate) is_gold: bool,
    pub(crate) is_flagged: bool,
    was_sent_back: bool,
    wanted: u32,
    answers: u32,
    skips: u32,
    pub(crate) revision: u64,
    pub(crate) size: (u32, u32),
}

impl TaskNow {
    const COLUMNS: &str = "id, number, state, is_flagged, was_sent_back, wanted, answers, skips, \
                           revision, width, height";

    fn read(row: &Row<'_>) -> rusqlite::Result<TaskNow> {
        let (state, is_gold) = task_state(row)?;
        Ok(TaskNow {
            id: row.get("id")?,
            number: row.get("number")?,
            state,
            is_gold,
            is_flagged: row.get("is_flagged")?,
            was_sent_back: row.get("was_sent_back")?,
            wanted: row.get("wanted")?,
            answers: row.get("answers")?,
            skips: row.get("skips")?,
            revision: row.get("revision")?,
            size: (row.get("width")?, row.get("height")?),
        })
    }

    pub(crate) fn of_id(on: &Transaction<'_>, id: i64) -> Result<TaskNow, LabelError> {
        let sql = format!("SELECT {} FROM tasks WHERE id = ?1", TaskNow::COLUMNS);
        Ok(on.prepare_cached(&sql)?.query_row([id], TaskNow::read)?)
    }

    pub(crate) fn numbered(
        on: &Transaction<'_>,
        job: &JobRow,
        number: u64,
    ) -> Result<TaskNow, LabelError> {
        let none = || LabelError::NoSuchTask { job: job.name.clone(), number };
        let row = i64::try_from(number).map_err(|_| none())?;
        let columns = TaskNow::COLUMNS;
        let sql = format!("SELECT {columns} FROM tasks WHERE job = ?1 AND number = ?2");
        let mut statement = on.prepare_cached(&sql)?;
        statement.query_row([job.id, row], TaskNow::read).optional()?.ok_or_else(none)
    }
}

/// And whether it is a gold one.
pub(crate) fn task_state(row: &Row<'_>) -> rusqlite::Result<(TaskState, bool)> {
    let text = row.get_ref("state")?.as_str()?;
    if text == "gold" {
        return Ok((TaskState::Waiting, true));
    }
    match TaskState::named(text) {
        Some(state) => Ok((state, false)),
        None => Err(unfit(row, "state", format!("no state of tasks: {text:?}"))),
    }
}

/// After its answers, skips, flag or rules have changed: a reviewer sees another
/// revision.
pub(crate) fn settle(
    on: &Transaction<'_>,
    job: &JobRow,
    task: i64,
    now: Nanos,
) -> Result<(), LabelError> {
    let task = TaskNow::of_id(on, task)?;
    let stays = task.is_gold || task.state.is_decided() || task.wanted == 0;
    let state = if stays { task.state } else { merge(on, job, &task)? };
    on.prepare_cached(
        "UPDATE tasks SET revision = revision + 1, changed_at = ?2, state = ?3 WHERE id = ?1",
    )?
    .execute(params![task.id, now.0, if task.is_gold { "gold" } else { state.name() }])?;
    Ok(())
}

fn merge(on: &Transaction<'_>, job: &JobRow, task: &TaskNow) -> Result<TaskState, LabelError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM assignments WHERE task = ?1 AND is_returned = 1)";
    if on.prepare_cached(sql)?.query_row([task.id], |row| row.get(0))? {
        // What the answers came to before is shown until there is a new one.
        return Ok(TaskState::SentBack);
    }
    let is_answered = task.answers >= task.wanted;
    let is_failed = !is_answered && task.skips >= task.wanted;
    let outcome = if is_answered || is_failed { outcome(on, job, task)? } else { None };
    keep_outcome(on, task.id, outcome.as_ref())?;
    Ok(match outcome {
        Some(outcome) if is_answered => {
            let is_unclear = match job.settings.review {
                ReviewRule::None => false,
                ReviewRule::All => true,
                ReviewRule::Below(below) => outcome.agreement() < below || outcome.is_tied(),
            };
            let is_reviewed = is_unclear || task.is_flagged || task.was_sent_back;
            if is_reviewed { TaskState::InReview } else { TaskState::Done }
        }
        _ if is_failed => TaskState::Failed,
        _ => TaskState::Waiting,
    })
}

/// Of all answers there are, and how well each fits it.
fn outcome(
    on: &Transaction<'_>,
    job: &JobRow,
    task: &TaskNow,
) -> Result<Option<Outcome>, LabelError> {
    let sql = "SELECT id, answer FROM assignments WHERE task = ?1 AND answer IS NOT NULL \
               ORDER BY id";
    let mut statement = on.prepare_cached(sql)?;
    let rows = statement.query_map([task.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut answers: Vec<(i64, Answer)> = Vec::new();
    for row in rows {
        let (id, text) = row?;
        let answer = job.cell(task.number).answer("an answer", text)?;
        answers.extend(answer.map(|answer| (id, answer)));
    }
    if answers.is_empty() {
        return Ok(None);
    }
    let (outcome, scores) = merged(job, task.size, &answers);
    let mut statement = on.prepare_cached("UPDATE assignments SET score = ?2 WHERE id = ?1")?;
    for ((id, _), score) in answers.iter().zip(scores) {
        statement.execute(params![id, (answers.len() > 1).then_some(score)])?;
    }
    Ok(Some(outcome))
}

/// What the answers come to, and how well each fits it.
fn merged(job: &JobRow, size: (u32, u32), answers: &[(i64, Answer)]) -> (Outcome, Vec<f64>) {
    if job.purpose.wants_verdict() {
        let verdicts = answers.iter().filter_map(|(_, answer)| match answer {
            Answer::Verdict(verdict) => Some(verdict),
            Answer::Boxes(_) => None,
        });
        let verdicts: Vec<&Verdict> = verdicts.collect();
        let judged = judge(&verdicts);
        let fits = |verdict: &&Verdict| f64::from(u8::from(verdict.is_good == judged.is_good));
        let scores = verdicts.iter().map(fits).collect();
        return (Outcome::Verdict(judged), scores);
    }
    let boxes = answers.iter().filter_map(|(_, answer)| match answer {
        Answer::Boxes(boxes) => Some(boxes.as_slice()),
        Answer::Verdict(_) => None,
    });
    let boxes: Vec<&[DrawnBox]> = boxes.collect();
    let settings = &job.settings.consolidation;
    let consolidated = consolidate(&boxes, size, settings);
    // Nobody is measured against themselves.
    if boxes.len() < 2 {
        let scores = vec![1.0; boxes.len()];
        return (Outcome::Boxes(consolidated), scores);
    }
    let truth = drawn(&consolidated);
    let scores = boxes.iter().map(|boxes| score(boxes, &truth, settings.iou).f1()).collect();
    (Outcome::Boxes(consolidated), scores)
}

fn drawn(consolidated: &Consolidated) -> Vec<DrawnBox> {
    let boxes = consolidated.boxes.iter().map(|merged| DrawnBox {
        label: merged.label.clone(),
        pixels: merged.pixels,
        confidence: None,
        tags: Vec::new(),
    });
    boxes.collect()
}

fn keep_outcome(
    on: &Transaction<'_>,
    task: i64,
    outcome: Option<&Outcome>,
) -> Result<(), LabelError> {
    let boxes = match outcome {
        Some(Outcome::Boxes(consolidated)) => Some(consolidated.boxes.len() as i64),
        _ => None,
    };
    let text = outcome.map(serde_json::to_string).transpose()?;
    on.prepare_cached("UPDATE tasks SET agreement = ?2, boxes = ?3 WHERE id = ?1")?
        .execute(params![task, outcome.map(Outcome::agreement), boxes])?;
    on.prepare_cached("UPDATE contents SET outcome = ?2 WHERE task = ?1 AND outcome IS NOT ?2")?
        .execute(params![task, text])?;
    Ok(())
}

/// One batch of the tasks that follow other settings than the job's; whether there may
/// be more.
pub(crate) fn merge_again(
    on: &Transaction<'_>,
    job: &JobRow,
    now: Nanos,
) -> Result<bool, LabelError> {
    let sql = "SELECT id, number FROM tasks WHERE job = ?1 AND wanted > 0 \
               AND state IN ('done', 'in_review', 'failed') \
               AND number > (SELECT merged_up_to FROM jobs WHERE id = ?1) \
               ORDER BY number LIMIT ?2";
    let mut statement = on.prepare_cached(sql)?;
    let tasks =
        statement.query_map([job.id, BATCH.into()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut last: Option<i64> = None;
    for (id, number) in tasks.collect::<Result<Vec<(i64, i64)>, _>>()? {
        settle(on, job, id, now)?;
        last = Some(number);
    }
    on.execute("UPDATE jobs SET merged_up_to = ?2 WHERE id = ?1", params![job.id, last])?;
    Ok(last.is_some())
}

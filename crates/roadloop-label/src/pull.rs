//! Workers pull: which task is next for whom, and what they see of it.
//!
//! Whatever was done before, a few look-ups in indexes say what is next. A worker goes
//! through the open tasks by number and never looks back, because a task behind them
//! was theirs, or had no free seat; and each time that a seat comes free is numbered as
//! well, and gone through the same way.

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::cells::frame;
use crate::held::{Held, end_due};
use crate::job::check_line;
use crate::jobs::{JobRow, after_seconds};
use crate::progress::median_seconds;
use crate::{
    Assignment, AssignmentId, AssignmentState, JobName, JobState, LabelError, Labels, Purpose,
    SentBack, short_instructions,
};

/// Leases that are ended by who asks for a task.
const ENDED_BESIDES: u32 = 20;

/// On one of the two ways, before the other one is tried.
const STEPS: u32 = 200;

/// In one transaction.
const ENDED_AT_ONCE: u32 = 500;

/// A job, as one worker sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkItem {
    pub job: JobName,
    pub purpose: Purpose,
    /// Markdown.
    pub short_instructions: String,
    pub state: JobState,
    pub mine_done: u64,
    /// Which this worker could be given at this moment, those that were sent back and
    /// gold ones among them.
    pub left_for_me: u64,
    pub sent_back: u64,
    /// Of everybody's last answers.
    pub median_seconds: Option<f64>,
    pub expires_at: Nanos,
}

impl Labels {
    /// The next task for this worker: the one they hold already, as it is; else one that
    /// was sent back to them; a gold one when it is time for it; one whose seat came free;
    /// else the next by number. `None` where there is nothing for them, or where the job
    /// is not open.
    pub fn next(
        &self,
        job: &JobName,
        worker: &str,
        now: Nanos,
    ) -> Result<Option<Assignment>, LabelError> {
        check_line("name of a worker", worker, 1..=200)?;
        self.write(|on| {
            let job = JobRow::named(on, job)?;
            end_due(on, now, ENDED_BESIDES)?;
            let mine = "job = ?1 AND worker = ?2 AND state = 'leased'";
            if let Some(held) = Held::find(on, mine, params![job.id, worker])? {
                if held.is_live(now) {
                    return Ok(Some(shown(on, &job, &held)?));
                }
                held.end(on, AssignmentState::Expired)?;
            }
            if job.state(now) != JobState::Open {
                return Ok(None);
            }
            let Some(task) = pick(on, &job, worker)? else { return Ok(None) };
            let held = lease(on, &job, worker, task, now)?;
            Ok(Some(shown(on, &job, &held)?))
        })
    }

    /// What this worker was given.
    pub fn assignment(&self, id: AssignmentId, worker: &str) -> Result<Assignment, LabelError> {
        self.read(|on| {
            let held = Held::by(on, id, worker)?;
            shown(on, &JobRow::of_id(on, held.job)?, &held)
        })
    }

    /// The open jobs, and others that this worker has answered tasks of.
    pub fn work(&self, worker: &str, now: Nanos) -> Result<Vec<WorkItem>, LabelError> {
        self.read(|on| {
            let mut items = Vec::new();
            for job in JobRow::all(on)? {
                let state = job.state(now);
                let mine = Mine::of(on, &job, worker)?;
                let is_of_interest = match state {
                    JobState::Open => true,
                    JobState::Filling => false,
                    JobState::Closed | JobState::Expired => mine.done > 0,
                };
                if !is_of_interest {
                    continue;
                }
                let sql = "SELECT instructions FROM jobs WHERE id = ?1";
                let instructions: String =
                    on.prepare_cached(sql)?.query_row([job.id], |row| row.get(0))?;
                items.push(WorkItem {
                    short_instructions: short_instructions(&instructions).to_owned(),
                    mine_done: mine.done,
                    left_for_me: if state == JobState::Open { mine.left } else { 0 },
                    sent_back: mine.returned,
                    median_seconds: median_seconds(on, job.id)?,
                    expires_at: job.expires_at,
                    state,
                    job: job.name,
                    purpose: job.purpose,
                });
            }
            Ok(items)
        })
    }

    /// Ends the leases that ran out: their seats are free again, what was drawn is kept.
    /// Also goes on with what was cut off. How many leases there were.
    pub fn expire(&self, now: Nanos) -> Result<u64, LabelError> {
        self.finish_merging(now)?;
        let mut ended = 0;
        loop {
            let more = self.write(|on| end_due(on, now, ENDED_AT_ONCE))?;
            ended += more;
            if more < ENDED_AT_ONCE.into() {
                return Ok(ended);
            }
        }
    }

    /// Object key of the image of a task, the anonymised one. A worker sees it where the
    /// task was given to them.
    pub fn image(
        &self,
        job: &JobName,
        number: u64,
        worker: Option<&str>,
    ) -> Result<Option<String>, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let none = || LabelError::NoSuchTask { job: job.name.clone(), number };
            let row = i64::try_from(number).map_err(|_| none())?;
            let sql = "SELECT image_key FROM tasks JOIN contents ON task = id \
                       WHERE job = ?1 AND number = ?2 AND (?3 IS NULL OR EXISTS \
                       (SELECT 1 FROM assignments WHERE task = tasks.id AND worker = ?3))";
            let mut statement = on.prepare_cached(sql)?;
            let key = statement.query_row(params![job.id, row, worker], |row| row.get(0));
            key.optional()?.ok_or_else(none)
        })
    }
}

/// A task to be leased.
struct Pick {
    task: i64,
    is_gold: bool,
}

fn pick(on: &Transaction<'_>, job: &JobRow, worker: &str) -> Result<Option<Pick>, LabelError> {
    let sent_back = "job = ?1 AND worker = ?2 AND state = 'sent_back' ORDER BY id";
    if let Some(held) = Held::find(on, sent_back, params![job.id, worker])? {
        return Ok(Some(Pick { task: held.task, is_gold: held.is_gold }));
    }
    on.prepare_cached("INSERT OR IGNORE INTO workers (job, worker) VALUES (?1, ?2)")?
        .execute(params![job.id, worker])?;
    if let Some(pick) = pick_gold(on, job, worker)? {
        return Ok(Some(pick));
    }
    let walks = [
        // Seats that came free.
        Walk {
            far: "freed_up_to",
            find: "SELECT id, freed FROM tasks INDEXED BY tasks_freed \
                   WHERE job = ?1 AND freed > ?2 AND freed IS NOT NULL \
                   AND state = 'waiting' AND taken < wanted ORDER BY freed LIMIT 1",
        },
        Walk {
            far: "up_to",
            find: "SELECT id, number FROM tasks INDEXED BY tasks_open \
                   WHERE job = ?1 AND number > ?2 \
                   AND state = 'waiting' AND taken < wanted ORDER BY number LIMIT 1",
        },
    ];
    loop {
        let mut is_over = true;
        for walk in &walks {
            match walk.on(on, job, worker)? {
                Step::Found(task) => {
                    let sql = "UPDATE workers SET since_gold = since_gold + 1 \
                               WHERE job = ?1 AND worker = ?2";
                    on.prepare_cached(sql)?.execute(params![job.id, worker])?;
                    return Ok(Some(Pick { task, is_gold: false }));
                }
                Step::More => is_over = false,
                Step::End => {}
            }
        }
        if is_over {
            return Ok(None);
        }
    }
}

/// What came of some steps.
enum Step {
    Found(i64),
    /// Nothing but what they had, so far.
    More,
    End,
}

/// Through open tasks in one order, from where this worker was.
struct Walk {
    /// The column that says how far they have come.
    far: &'static str,
    /// The next one, and where it is in that order.
    find: &'static str,
}

impl Walk {
    fn on(&self, on: &Transaction<'_>, job: &JobRow, worker: &str) -> Result<Step, LabelError> {
        let Walk { far, find } = self;
        let sql = format!("SELECT {far} FROM workers WHERE job = ?1 AND worker = ?2");
        let from: i64 =
            on.prepare_cached(&sql)?.query_row(params![job.id, worker], |row| row.get(0))?;
        let mut here = from;
        let mut next = on.prepare_cached(find)?;
        let mut had = on.prepare_cached(
            "SELECT 1 FROM assignments WHERE task = ?1 AND worker = ?2 AND is_had = 1",
        )?;
        let place = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let mut step = Step::More;
        for _ in 0..STEPS {
            let Some((task, at)) = next.query_row([job.id, here], place).optional()? else {
                step = Step::End;
                break;
            };
            here = at;
            // What they had is behind them from now on: it is looked at once.
            if !had.exists(params![task, worker])? {
                step = Step::Found(task);
                break;
            }
        }
        if here != from {
            let sql = format!("UPDATE workers SET {far} = ?3 WHERE job = ?1 AND worker = ?2");
            on.prepare_cached(&sql)?.execute(params![job.id, worker, here])?;
        }
        Ok(step)
    }
}

fn pick_gold(on: &Transaction<'_>, job: &JobRow, worker: &str) -> Result<Option<Pick>, LabelError> {
    let every = job.settings.gold_every;
    if every == 0 {
        return Ok(None);
    }
    let sql = "SELECT tasks.id, number FROM workers JOIN tasks ON tasks.job = workers.job \
               AND state = 'gold' AND number > gold_up_to \
               WHERE workers.job = ?1 AND worker = ?2 AND since_gold + 1 >= ?3 \
               AND NOT EXISTS (SELECT 1 FROM assignments WHERE task = tasks.id \
                               AND assignments.worker = ?2 AND is_had = 1) \
               ORDER BY number LIMIT 1";
    let mut statement = on.prepare_cached(sql)?;
    let place = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<(i64, i64)> =
        statement.query_row(params![job.id, worker, every], place).optional()?;
    let Some((task, number)) = found else { return Ok(None) };
    let sql = "UPDATE workers SET gold_up_to = ?3, since_gold = 0 WHERE job = ?1 AND worker = ?2";
    on.prepare_cached(sql)?.execute(params![job.id, worker, number])?;
    Ok(Some(Pick { task, is_gold: true }))
}

fn lease(
    on: &Transaction<'_>,
    job: &JobRow,
    worker: &str,
    Pick { task, is_gold }: Pick,
    now: Nanos,
) -> Result<Held, LabelError> {
    on.prepare_cached(
        "INSERT OR IGNORE INTO assignments \
         (job, task, worker, is_gold, state, leased_at, lease_until) \
         VALUES (?1, ?2, ?3, ?4, 'released', 0, 0)",
    )?
    .execute(params![job.id, task, worker, is_gold])?;
    let until = after_seconds(now, job.settings.task_seconds.into());
    on.prepare_cached(
        "UPDATE assignments SET state = 'leased', leased_at = ?3, lease_until = ?4 \
         WHERE task = ?1 AND worker = ?2",
    )?
    .execute(params![task, worker, now.0, until.0])?;
    let held = Held::find(on, "task = ?1 AND worker = ?2", params![task, worker])?;
    held.ok_or(LabelError::Engine { source: rusqlite::Error::QueryReturnedNoRows })
}

/// How far one worker is in a job.
struct Mine {
    done: u64,
    left: u64,
    returned: u64,
}

impl Mine {
    fn of(on: &Transaction<'_>, job: &JobRow, worker: &str) -> Result<Mine, LabelError> {
        // Gold ones count as any, done and to do, so that nobody sees which they are.
        let sql = "SELECT coalesce(workers.answers + gold_answers, 0), \
                   max(open - coalesce(had_open, 0), 0), \
                   coalesce(returned, 0), coalesce(since_gold, 0), coalesce(gold_up_to, 0) \
                   FROM counts LEFT JOIN workers ON workers.job = counts.job AND worker = ?2 \
                   WHERE counts.job = ?1";
        let (mut mine, since_gold, gold_up_to): (Mine, u64, i64) =
            on.prepare_cached(sql)?.query_row(params![job.id, worker], |row| {
                let mine = Mine { done: row.get(0)?, left: row.get(1)?, returned: row.get(2)? };
                Ok((mine, row.get(3)?, row.get(4)?))
            })?;
        let due = gold_due(job.settings.gold_every, mine.left, since_gold);
        if due > 0 {
            // What `pick_gold` will find: those up to there they had.
            let sql = "SELECT count(*) FROM (SELECT 1 FROM tasks \
                       WHERE job = ?1 AND state = 'gold' AND number > ?2 LIMIT ?3)";
            let due = i64::try_from(due).unwrap_or(i64::MAX);
            let gold: u64 = on
                .prepare_cached(sql)?
                .query_row(params![job.id, gold_up_to, due], |row| row.get(0))?;
            mine.left += gold;
        }
        mine.left += mine.returned;
        Ok(mine)
    }
}

/// How often it will be time for a gold one, with so many others left, and so many since
/// the last one: as `pick_gold` has it.
fn gold_due(every: u32, left: u64, since_gold: u64) -> u64 {
    match every {
        0 => 0,
        1 => u64::MAX,
        every => {
            let between = u64::from(every - 1);
            // However late the first one comes, only one comes for that.
            (left + since_gold.min(between)) / between
        }
    }
}

fn shown(on: &Transaction<'_>, job: &JobRow, held: &Held) -> Result<Assignment, LabelError> {
    let mine = Mine::of(on, job, &held.worker)?;
    let sql = "SELECT number, recording, camera, sequence, width, height, image_key, initial, \
               coalesce(draft, answer) AS draft \
               FROM tasks JOIN contents ON contents.task = tasks.id \
               JOIN assignments ON assignments.task = tasks.id WHERE assignments.id = ?1";
    let mut statement = on.prepare_cached(sql)?;
    let mut rows = statement.query([held.id.0])?;
    let Some(row) = rows.next()? else {
        return Err(LabelError::NoSuchAssignment { id: held.id });
    };
    let (number, initial): (u64, String) = (row.get("number")?, row.get("initial")?);
    let cell = job.cell(number);
    let frame = frame(row)?;
    let previous = match &frame {
        Some(frame) if !job.purpose.wants_verdict() => previous(on, job, &held.worker, frame)?,
        _ => None,
    };
    let is_here = u64::from(held.is_returned);
    Ok(Assignment {
        id: held.id,
        job: job.name.clone(),
        purpose: job.purpose.clone(),
        number,
        image_key: row.get("image_key")?,
        width: row.get("width")?,
        height: row.get("height")?,
        labels: job.settings.labels.clone(),
        initial: cell.boxes("the boxes it began with", &initial)?,
        state: held.state,
        draft: cell.answer("a draft", row.get("draft")?)?,
        revision: held.revision,
        deadline: held.lease_until,
        sent_back: if held.is_returned { sent_back(on, held.id)? } else { None },
        previous,
        frame,
        mine_done: mine.done,
        left_for_me: mine.left.saturating_sub(is_here),
    })
}

fn sent_back(on: &Transaction<'_>, id: AssignmentId) -> Result<Option<SentBack>, LabelError> {
    let sql = "SELECT author, text FROM notes WHERE assignment = ?1 AND kind = 'sent_back' \
               ORDER BY id DESC LIMIT 1";
    let mut statement = on.prepare_cached(sql)?;
    let read = |row: &Row<'_>| Ok(SentBack { by: row.get(0)?, comment: row.get(1)? });
    Ok(statement.query_row([id.0], read).optional()?)
}

fn previous(
    on: &Transaction<'_>,
    job: &JobRow,
    worker: &str,
    frame: &roadloop_base::FrameId,
) -> Result<Option<Vec<roadloop_base::DrawnBox>>, LabelError> {
    let sql = "SELECT number, coalesce((SELECT answer FROM assignments \
               WHERE assignments.task = tasks.id AND worker = ?5), initial) \
               FROM tasks JOIN contents ON contents.task = tasks.id \
               WHERE job = ?1 AND recording = ?2 AND camera = ?3 AND sequence < ?4 \
               AND sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1";
    let mut statement = on.prepare_cached(sql)?;
    let (recording, camera) = (frame.recording.as_str(), frame.camera.as_str());
    let params = params![job.id, recording, camera, frame.sequence, worker];
    let read =
        |row: &Row<'_>| -> rusqlite::Result<(u64, String)> { Ok((row.get(0)?, row.get(1)?)) };
    match statement.query_row(params, read).optional()? {
        Some((number, text)) => Ok(Some(job.cell(number).boxes("boxes", &text)?)),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;

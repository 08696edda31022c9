//! Jobs: made and filled, opened and closed.

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::cells::{Of, pack_boxes, parsed, unfit};
use crate::job::{check_consolidation, check_line};
use crate::progress::progress;
use crate::settle::merge_again;
use crate::{
    Consolidation, Job, JobName, JobSettings, JobState, LabelError, Labels, NewJob, NewTask,
    Picture, Purpose,
};

const COLUMNS: &str = "id, name, purpose, earlier, state, created_at, created_by, expires_at, \
                       changed_at, changed_by, settings";

const UNFINISHED: &str = "it was never made to the end: drop it and make it again";

/// A job, as its row says.
#[derive(Debug)]
pub(crate) struct JobRow {
    pub(crate) id: i64,
    pub(crate) name: JobName,
    pub(crate) purpose: Purpose,
    pub(crate) settings: JobSettings,
    is_closed: bool,
    is_filling: bool,
    created_at: Nanos,
    created_by: String,
    pub(crate) expires_at: Nanos,
    changed_at: Nanos,
    changed_by: String,
}

impl JobRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Result<JobRow, LabelError>> {
        let name: JobName = parsed(row, "name")?;
        let of = || parsed(row, "earlier");
        let purpose = match row.get_ref("purpose")?.as_str()? {
            "draw" => Purpose::Draw,
            "verify" => Purpose::Verify { of: of()? },
            "adjust" => Purpose::Adjust { of: of()? },
            other => return Err(unfit(row, "purpose", format!("no purpose: {other:?}"))),
        };
        let (is_closed, is_filling) = match row.get_ref("state")?.as_str()? {
            "filling" => (false, true),
            "open" => (false, false),
            "closed" => (true, false),
            other => return Err(unfit(row, "state", format!("no state of jobs: {other:?}"))),
        };
        let settings = Of { job: name.as_str(), number: 0 }
            .json("kind of work", row.get_ref("settings")?.as_str()?);
        let settings = match settings {
            Ok(settings) => settings,
            Err(error) => return Ok(Err(error)),
        };
        Ok(Ok(JobRow {
            id: row.get("id")?,
            name,
            purpose,
            settings,
            is_closed,
            is_filling,
            created_at: Nanos(row.get("created_at")?),
            created_by: row.get("created_by")?,
            expires_at: Nanos(row.get("expires_at")?),
            changed_at: Nanos(row.get("changed_at")?),
            changed_by: row.get("changed_by")?,
        }))
    }

    pub(crate) fn named(on: &Transaction<'_>, name: &JobName) -> Result<JobRow, LabelError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE name = ?1");
        let found = on.prepare_cached(&sql)?.query_row([name.as_str()], JobRow::read).optional()?;
        found.ok_or_else(|| LabelError::NoSuchJob { job: name.clone() })?
    }

    pub(crate) fn of_id(on: &Transaction<'_>, id: i64) -> Result<JobRow, LabelError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?1");
        on.prepare_cached(&sql)?.query_row([id], JobRow::read)?
    }

    pub(crate) fn all(on: &Transaction<'_>) -> Result<Vec<JobRow>, LabelError> {
        let sql = format!("SELECT {COLUMNS} FROM jobs ORDER BY id");
        let mut statement = on.prepare_cached(&sql)?;
        let rows = statement.query_map([], JobRow::read)?;
        rows.map(|row| row?).collect()
    }

    pub(crate) fn state(&self, now: Nanos) -> JobState {
        if self.is_filling {
            JobState::Filling
        } else if self.is_closed {
            JobState::Closed
        } else if self.expires_at <= now {
            JobState::Expired
        } else {
            JobState::Open
        }
    }

    pub(crate) fn cell(&self, number: u64) -> Of<'_> {
        Of { job: self.name.as_str(), number }
    }

    fn is(&self, now: Nanos, reason: &'static str) -> LabelError {
        LabelError::JobIs { job: self.name.clone(), state: self.state(now), reason }
    }

    /// All its tasks are there.
    pub(crate) fn whole(self) -> Result<JobRow, LabelError> {
        if self.is_filling { Err(self.is(Nanos(0), UNFINISHED)) } else { Ok(self) }
    }

    fn shown(self, on: &Transaction<'_>, now: Nanos) -> Result<Job, LabelError> {
        Ok(Job {
            progress: progress(on, self.id, now)?,
            state: self.state(now),
            name: self.name,
            purpose: self.purpose,
            settings: self.settings,
            created_at: self.created_at,
            created_by: self.created_by,
            expires_at: self.expires_at,
            changed_at: self.changed_at,
            changed_by: self.changed_by,
        })
    }
}

/// At the end of time it stays there.
pub(crate) fn after_seconds(now: Nanos, seconds: u64) -> Nanos {
    let nanos = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
    Nanos(now.0.saturating_add(nanos))
}

impl Labels {
    /// A job without tasks, which is handed out to nobody before it is
    /// [sealed](Labels::seal).
    pub fn create(&self, job: &NewJob, now: Nanos) -> Result<Job, LabelError> {
        job.check()?;
        let NewJob { name, purpose, settings, instructions, pictures, created_by } = job;
        let settings_text = serde_json::to_string(settings)?;
        self.write(|on| {
            if let Some(of) = purpose.of() {
                JobRow::named(on, of)?;
            }
            let inserted = on.execute(
                "INSERT OR IGNORE INTO jobs (name, purpose, earlier, state, created_at, created_by, \
                 expires_at, changed_at, changed_by, settings, instructions) \
                 VALUES (?1, ?2, ?3, 'filling', ?4, ?5, ?6, ?4, ?5, ?7, ?8)",
                params![
                    name.as_str(),
                    purpose.name(),
                    purpose.of().map(JobName::as_str),
                    now.0,
                    created_by,
                    after_seconds(now, settings.lifetime_seconds).0,
                    settings_text,
                    instructions,
                ],
            )?;
            if inserted == 0 {
                // As it is written there.
                return Err(LabelError::JobTaken { job: JobRow::named(on, name)?.name });
            }
            let id = on.last_insert_rowid();
            on.execute("INSERT INTO counts (job) VALUES (?1)", [id])?;
            for (place, picture) in pictures.iter().enumerate() {
                let Picture { name, media_type, bytes } = picture;
                let inserted = on.execute(
                    "INSERT OR IGNORE INTO pictures (job, place, name, media_type, bytes) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![id, place as i64, name, media_type, bytes],
                )?;
                if inserted == 0 {
                    let reason = format!("there are two called {name:?}");
                    return Err(LabelError::bad("name of a picture", reason));
                }
            }
            JobRow::of_id(on, id)?.shown(on, now)
        })
    }

    /// More tasks of a job that is being filled. The first of these has that number;
    /// numbers count from 1, without gaps. A task that is there already stays as it is,
    /// so that a batch can be added again by who does not know whether it was.
    pub fn add_tasks(
        &self,
        job: &JobName,
        first: u64,
        tasks: &[NewTask],
    ) -> Result<(), LabelError> {
        self.write(|on| {
            let job = JobRow::named(on, job)?;
            if !job.is_filling {
                return Err(job.is(Nanos(0), "tasks are added before it is opened"));
            }
            let last: u64 = on.query_row(
                "SELECT coalesce(max(number), 0) FROM tasks WHERE job = ?1",
                [job.id],
                |row| row.get(0),
            )?;
            if first == 0 || first > last + 1 {
                let reason = format!("{first} does not follow on {last}");
                return Err(LabelError::bad("number of a task", reason));
            }
            for (number, task) in (first..).zip(tasks).filter(|(number, _)| *number > last) {
                task.check(&job.purpose, &job.settings)?;
                add_task(on, &job, number, task)?;
            }
            Ok(())
        })
    }

    /// All tasks are there: the job is open. One that is already stays as it is.
    pub fn seal(&self, job: &JobName, now: Nanos) -> Result<Job, LabelError> {
        self.write(|on| {
            let job = JobRow::named(on, job)?;
            if job.is_filling {
                let is_empty: bool = on.query_row(
                    "SELECT NOT EXISTS (SELECT 1 FROM tasks WHERE job = ?1)",
                    [job.id],
                    |row| row.get(0),
                )?;
                if is_empty {
                    return Err(job.is(now, "a job has at least one task"));
                }
                on.execute("UPDATE jobs SET state = 'open' WHERE id = ?1", [job.id])?;
            }
            JobRow::of_id(on, job.id)?.shown(on, now)
        })
    }

    /// In the order they were made.
    pub fn jobs(&self, now: Nanos) -> Result<Vec<Job>, LabelError> {
        self.read(|on| JobRow::all(on)?.into_iter().map(|job| job.shown(on, now)).collect())
    }

    pub fn job(&self, job: &JobName, now: Nanos) -> Result<Job, LabelError> {
        self.read(|on| JobRow::named(on, job)?.shown(on, now))
    }

    /// All of them, as Markdown.
    pub fn instructions(&self, job: &JobName) -> Result<String, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let sql = "SELECT instructions FROM jobs WHERE id = ?1";
            Ok(on.query_row(sql, [job.id], |row| row.get(0))?)
        })
    }

    pub fn picture_names(&self, job: &JobName) -> Result<Vec<String>, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let sql = "SELECT name FROM pictures WHERE job = ?1 ORDER BY place";
            let mut statement = on.prepare_cached(sql)?;
            let names = statement.query_map([job.id], |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        })
    }

    pub fn picture(&self, job: &JobName, name: &str) -> Result<Picture, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let sql = "SELECT name, media_type, bytes FROM pictures WHERE job = ?1 AND name = ?2";
            let picture = |row: &Row<'_>| {
                let [name, media_type] = [row.get(0)?, row.get(1)?];
                Ok(Picture { name, media_type, bytes: row.get(2)? })
            };
            let found = on.query_row(sql, params![job.id, name], picture).optional()?;
            found.ok_or_else(|| LabelError::NoSuchPicture { job: job.name, name: name.to_owned() })
        })
    }

    /// Nothing is handed out any more. Who holds a task may still answer it.
    pub fn close(&self, job: &JobName, by: &str, now: Nanos) -> Result<Job, LabelError> {
        self.change(job, by, now, |job, now| match job.state(now) {
            JobState::Filling => Err(job.is(now, UNFINISHED)),
            _ => Ok(("closed", job.expires_at)),
        })
    }

    /// Goes on with a job that was closed; one that expired has all its time again.
    pub fn reopen(&self, job: &JobName, by: &str, now: Nanos) -> Result<Job, LabelError> {
        self.change(job, by, now, |job, now| match job.state(now) {
            JobState::Filling => Err(job.is(now, UNFINISHED)),
            _ if job.expires_at <= now => {
                Ok(("open", after_seconds(now, job.settings.lifetime_seconds)))
            }
            _ => Ok(("open", job.expires_at)),
        })
    }

    fn change(
        &self,
        job: &JobName,
        by: &str,
        now: Nanos,
        change: impl FnOnce(&JobRow, Nanos) -> Result<(&'static str, Nanos), LabelError>,
    ) -> Result<Job, LabelError> {
        check_line("name of whoever changes a job", by, 1..=200)?;
        self.write(|on| {
            let job = JobRow::named(on, job)?;
            let (state, expires_at) = change(&job, now)?;
            on.execute(
                "UPDATE jobs SET state = ?2, expires_at = ?3, changed_at = ?4, changed_by = ?5 \
                 WHERE id = ?1",
                params![job.id, state, expires_at.0, now.0, by],
            )?;
            JobRow::of_id(on, job.id)?.shown(on, now)
        })
    }

    /// Takes away a job that was never opened: what was cut off is begun anew.
    pub fn delete_filling(&self, job: &JobName) -> Result<(), LabelError> {
        self.write(|on| {
            let job = JobRow::named(on, job)?;
            if !job.is_filling {
                return Err(job.is(Nanos(0), "what people may have worked on is not deleted"));
            }
            on.execute("DELETE FROM jobs WHERE id = ?1", [job.id])?;
            Ok(())
        })
    }

    /// Other settings, also for what was answered already; what a reviewer decided
    /// stays. Tasks are gone through in batches, and where that is cut off
    /// [`Labels::expire`] goes on with it.
    pub fn set_consolidation(
        &self,
        job: &JobName,
        consolidation: &Consolidation,
        now: Nanos,
    ) -> Result<Job, LabelError> {
        check_consolidation(consolidation)?;
        let id = self.write(|on| {
            let mut job = JobRow::named(on, job)?;
            job.settings.consolidation = consolidation.clone();
            let settings = serde_json::to_string(&job.settings)?;
            on.execute(
                "UPDATE jobs SET settings = ?2, merged_up_to = 0 WHERE id = ?1",
                params![job.id, settings],
            )?;
            Ok(job.id)
        })?;
        while self.write(|on| merge_again(on, &JobRow::of_id(on, id)?, now))? {}
        self.job(job, now)
    }

    /// Of all jobs: what a change of settings left undone.
    pub(crate) fn finish_merging(&self, now: Nanos) -> Result<(), LabelError> {
        let unfinished = |on: &Transaction<'_>| {
            let sql = "SELECT id FROM jobs WHERE merged_up_to IS NOT NULL";
            Ok(on.query_row(sql, [], |row| row.get(0)).optional()?)
        };
        while let Some(id) = self.read(unfinished)? {
            self.write(|on| merge_again(on, &JobRow::of_id(on, id)?, now))?;
        }
        Ok(())
    }
}

fn add_task(
    on: &Transaction<'_>,
    job: &JobRow,
    number: u64,
    task: &NewTask,
) -> Result<(), LabelError> {
    let state = match (&task.gold, &task.given) {
        (Some(_), _) => "gold",
        (None, Some(_)) => "done",
        (None, None) => "waiting",
    };
    let frame = task.frame.as_ref();
    on.prepare_cached(
        "INSERT INTO tasks (job, number, state, wanted, changed_at, boxes, width, height, \
         recording, camera, sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        job.id,
        number,
        state,
        task.wanted(&job.settings),
        job.created_at.0,
        task.given.as_ref().map(|given| given.len() as i64),
        task.width,
        task.height,
        frame.map(|frame| frame.recording.as_str()),
        frame.map(|frame| frame.camera.as_str()),
        frame.map(|frame| frame.sequence),
    ])?;
    on.prepare_cached(
        "INSERT INTO contents (task, source, image_key, line, initial, gold, given) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        on.last_insert_rowid(),
        task.source,
        task.image_key,
        task.line,
        pack_boxes(&task.initial)?,
        task.gold.as_deref().map(pack_boxes).transpose()?,
        task.given.as_ref().map(serde_json::to_string).transpose()?,
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests;

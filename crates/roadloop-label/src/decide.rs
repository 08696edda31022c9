//! Reviewers decide: a task is right as it is, or like this, or goes back to somebody.

use roadloop_base::Nanos;
use rusqlite::{Transaction, params};

use crate::answers::LONGEST_COMMENT;
use crate::held::Held;
use crate::job::{check_line, check_text};
use crate::jobs::JobRow;
use crate::review::{detail, note};
use crate::settle::{TaskNow, settle};
use crate::{
    Answer, AssignmentId, Decision, JobName, LabelError, Labels, NoteKind, TaskDetail, TaskState,
};

/// What a reviewer decides, having seen the task as it was at a revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    pub by: String,
    pub revision: u64,
    pub ruling: Ruling,
    pub comment: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// What the answers came to is right. Not of a task that was corrected: its
    /// correction would be lost.
    Approve,
    /// This is right instead.
    Correct(Answer),
    /// This worker is to look again, and is told why by the comment. Of a task that
    /// failed it may be one of those who skipped it.
    SendBack { worker: String },
    /// What was flagged is answered by the comment, if any.
    SettleFlag,
}

impl Labels {
    /// One decision. It is refused where the task has changed since the reviewer looked.
    pub fn decide(
        &self,
        job: &JobName,
        number: u64,
        review: &Review,
        now: Nanos,
    ) -> Result<TaskDetail, LabelError> {
        check_line("name of a reviewer", &review.by, 1..=200)?;
        let comment = review.comment.as_deref().unwrap_or("").trim();
        check_text("comment", comment, 0..=LONGEST_COMMENT)?;
        self.write(|on| {
            let job = JobRow::named(on, job)?;
            let task = TaskNow::numbered(on, &job, number)?;
            if task.revision != review.revision {
                let revision = task.revision;
                return Err(LabelError::TaskChanged { job: job.name, number, revision });
            }
            let case = Case { on, job: &job, task: &task, by: &review.by, comment, now };
            match &review.ruling {
                Ruling::Approve => case.approve()?,
                Ruling::Correct(answer) => case.correct(answer)?,
                Ruling::SendBack { worker } => case.send_back(worker)?,
                Ruling::SettleFlag => case.settle_flag()?,
            }
            settle(on, &job, task.id, now)?;
            detail(on, &job, task.id)
        })
    }
}

/// What is being decided.
struct Case<'a> {
    on: &'a Transaction<'a>,
    job: &'a JobRow,
    task: &'a TaskNow,
    by: &'a str,
    comment: &'a str,
    now: Nanos,
}

impl Case<'_> {
    fn refused(&self, reason: impl Into<String>) -> LabelError {
        LabelError::NotDecidable {
            job: self.job.name.clone(),
            number: self.task.number,
            reason: reason.into(),
        }
    }

    fn approve(&self) -> Result<(), LabelError> {
        if self.task.state == TaskState::Corrected {
            return Err(self.refused("it was corrected: correct it again, or send it back"));
        }
        let sql = "SELECT outcome IS NOT NULL OR given IS NOT NULL FROM contents WHERE task = ?1";
        let has_result: bool =
            self.on.prepare_cached(sql)?.query_row([self.task.id], |row| row.get(0))?;
        if !has_result {
            return Err(self.refused("there is no result to approve yet"));
        }
        self.close(TaskState::Approved, None)
    }

    fn correct(&self, answer: &Answer) -> Result<(), LabelError> {
        answer.check(&self.job.purpose, &self.job.settings, self.task.size)?;
        if self.task.state == TaskState::Waiting {
            return Err(self.refused("its answers are not all there yet"));
        }
        self.close(TaskState::Corrected, Some(answer))
    }

    fn close(&self, state: TaskState, correction: Option<&Answer>) -> Result<(), LabelError> {
        if self.task.is_gold {
            return Err(self.refused("it is a gold one, whose truth is known"));
        }
        // What was sent back, and not answered again, stays as it was.
        self.on
            .prepare_cached(
                "UPDATE assignments SET is_returned = 0, \
                 state = iif(answer IS NULL, 'skipped', 'submitted') \
                 WHERE task = ?1 AND is_returned = 1",
            )?
            .execute([self.task.id])?;
        let decision =
            Decision { by: self.by.to_owned(), at: self.now, correction: correction.cloned() };
        self.keep_decision(state, Some(&decision))?;
        if let Some(Answer::Boxes(boxes)) = correction {
            self.on
                .prepare_cached("UPDATE tasks SET boxes = ?2 WHERE id = ?1")?
                .execute(params![self.task.id, boxes.len() as i64])?;
        }
        if self.comment.is_empty() { Ok(()) } else { self.note(None, NoteKind::Comment) }
    }

    fn send_back(&self, worker: &str) -> Result<(), LabelError> {
        if self.comment.is_empty() {
            return Err(LabelError::bad("comment", "say what to look at again"));
        }
        let answered = "task = ?1 AND worker = ?2 AND state = 'submitted'";
        // Of others the seat may be somebody else's by now.
        let skipped = "task = ?1 AND worker = ?2 AND state = 'skipped' AND EXISTS \
                       (SELECT 1 FROM tasks WHERE id = ?1 AND state = 'failed' \
                        AND taken < wanted)";
        let find = |which| Held::find(self.on, which, params![self.task.id, worker]);
        let held = match find(answered)? {
            None => find(skipped)?,
            held => held,
        };
        let Some(held) = held.filter(|held| !held.is_gold) else {
            return Err(self.refused("there is no answer of this worker to send back"));
        };
        self.on
            .prepare_cached(
                "UPDATE assignments SET state = 'sent_back', is_returned = 1 WHERE id = ?1",
            )?
            .execute([held.id.0])?;
        self.on
            .prepare_cached("UPDATE tasks SET was_sent_back = 1 WHERE id = ?1")?
            .execute([self.task.id])?;
        self.keep_decision(TaskState::SentBack, None)?;
        self.note(Some(held.id), NoteKind::SentBack)
    }

    fn settle_flag(&self) -> Result<(), LabelError> {
        if !self.task.is_flagged {
            return Err(self.refused("it is not flagged"));
        }
        self.on
            .prepare_cached("UPDATE tasks SET is_flagged = 0 WHERE id = ?1")?
            .execute([self.task.id])?;
        self.note(None, NoteKind::Settled)
    }

    fn keep_decision(
        &self,
        state: TaskState,
        decision: Option<&Decision>,
    ) -> Result<(), LabelError> {
        let text = decision.map(serde_json::to_string).transpose()?;
        self.on
            .prepare_cached("UPDATE tasks SET state = ?2 WHERE id = ?1")?
            .execute(params![self.task.id, state.name()])?;
        self.on
            .prepare_cached("UPDATE contents SET decision = ?2 WHERE task = ?1")?
            .execute(params![self.task.id, text])?;
        Ok(())
    }

    fn note(&self, about: Option<AssignmentId>, kind: NoteKind) -> Result<(), LabelError> {
        note(self.on, self.task.id, about, self.by, kind, self.comment, self.now)
    }
}

#[cfg(test)]
mod tests;

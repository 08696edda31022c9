//! Workers answer: drafts, answers, skips, flags.
//!
//! What somebody drew is never thrown away: what cannot be counted is kept as a draft.

use roadloop_base::{DrawnBox, Nanos};
use rusqlite::{Transaction, params};

use crate::cells::pack_answer;
use crate::held::Held;
use crate::job::check_text;
use crate::jobs::JobRow;
use crate::review::{NoteKind, note};
use crate::settle::{TaskNow, settle};
use crate::{
    Answer, AssignmentId, AssignmentState, KeptReason, LabelError, Labels, Submitted, score,
};

/// Of a comment or a reason, in characters.
pub(crate) const LONGEST_COMMENT: usize = 2000;

/// By one worker of one task.
const MOST_FLAGS: u32 = 5;

impl Labels {
    /// Keeps what is unfinished, also where the time for it is over. `base` is the
    /// revision that it goes on from: where the draft is at another one, saved by
    /// another window perhaps, that one is given back and nothing is changed.
    pub fn save_draft(
        &self,
        id: AssignmentId,
        worker: &str,
        base: u64,
        answer: &Answer,
    ) -> Result<u64, LabelError> {
        let text = pack_answer(answer)?;
        self.write(|on| {
            let held = Held::by(on, id, worker)?;
            let job = JobRow::of_id(on, held.job)?;
            answer.check_draft(&job.purpose)?;
            if held.state == AssignmentState::Submitted {
                return Err(LabelError::Answered { id });
            }
            if held.revision != base {
                let [draft, _] = kept(on, id)?;
                // The same again: its acknowledgement was lost.
                if draft.as_ref() == Some(&text) {
                    return Ok(held.revision);
                }
                let number = TaskNow::of_id(on, held.task)?.number;
                let draft = job.cell(number).answer("a draft", draft)?;
                return Err(LabelError::DraftChanged { revision: held.revision, draft });
            }
            keep_draft(on, &held, &text)
        })
    }

    /// An answer, which took so many seconds. The last one that a task wants makes the
    /// answers one in the same transaction. An error is about the answer, and nothing is
    /// changed then.
    pub fn submit(
        &self,
        id: AssignmentId,
        worker: &str,
        answer: &Answer,
        seconds: f64,
        now: Nanos,
    ) -> Result<Submitted, LabelError> {
        let text = pack_answer(answer)?;
        self.write(|on| {
            let held = Held::by(on, id, worker)?;
            let job = JobRow::of_id(on, held.job)?;
            let task = TaskNow::of_id(on, held.task)?;
            let keep = |reason| {
                answer.check_draft(&job.purpose)?;
                keep_draft(on, &held, &text)?;
                Ok(Submitted::KeptAsDraft { reason })
            };
            match held.state {
                AssignmentState::Leased if !held.is_live(now) => {
                    held.end(on, AssignmentState::Expired)?;
                    return keep(KeptReason::LeaseOver);
                }
                AssignmentState::Leased if task.state.is_decided() => {
                    held.end(on, AssignmentState::Released)?;
                    return keep(KeptReason::Decided);
                }
                AssignmentState::Leased => {}
                AssignmentState::Submitted | AssignmentState::SentBack => {
                    let [_, counted] = kept(on, id)?;
                    if counted.as_ref() == Some(&text) {
                        return Ok(Submitted::AlreadyCounted);
                    }
                    return keep(match held.state {
                        AssignmentState::SentBack => KeptReason::SentBack,
                        _ => KeptReason::AnsweredBefore,
                    });
                }
                AssignmentState::Skipped => return keep(KeptReason::SkippedBefore),
                AssignmentState::Expired | AssignmentState::Released => {
                    return keep(KeptReason::LeaseOver);
                }
            }
            answer.check(&job.purpose, &job.settings, task.size)?;
            let score = if held.is_gold { gold_score(on, &job, &task, answer)? } else { None };
            on.prepare_cached(
                "UPDATE assignments SET state = 'submitted', is_returned = 0, submitted_at = ?2, \
                 seconds = seconds + ?3, boxes = ?4, score = ?5, draft = NULL, answer = ?6 \
                 WHERE id = ?1",
            )?
            .execute(params![
                id.0,
                now.0,
                spent(seconds, &held, now),
                answer.box_count() as i64,
                score,
                text
            ])?;
            let sql = "UPDATE workers SET answered_at = ?3 WHERE job = ?1 AND worker = ?2";
            on.prepare_cached(sql)?.execute(params![held.job, worker, now.0])?;
            settle(on, &job, held.task, now)?;
            Ok(Submitted::Counted)
        })
    }

    /// The worker cannot or will not answer this one, which they hold; somebody else is
    /// asked. Twice is as once.
    pub fn skip(
        &self,
        id: AssignmentId,
        worker: &str,
        reason: &str,
        now: Nanos,
    ) -> Result<(), LabelError> {
        let reason = reason.trim();
        check_text("reason", reason, 1..=LONGEST_COMMENT)?;
        self.write(|on| {
            let held = Held::by(on, id, worker)?;
            match held.state {
                AssignmentState::Skipped => return Ok(()),
                AssignmentState::Submitted => return Err(LabelError::Answered { id }),
                // Late: what they drew stays a draft, and others may be at it.
                _ if !held.is_live(now) => return Err(LabelError::NotHeld { id }),
                _ => {}
            }
            let job = JobRow::of_id(on, held.job)?;
            on.prepare_cached(
                "UPDATE assignments SET state = 'skipped', is_returned = 0, draft = NULL, \
                 answer = NULL, score = NULL WHERE id = ?1",
            )?
            .execute([id.0])?;
            note(on, held.task, Some(id), worker, NoteKind::Skip, reason, now)?;
            settle(on, &job, held.task, now)
        })
    }

    /// For a reviewer to look at what this worker holds; it is answered all the same.
    pub fn flag(
        &self,
        id: AssignmentId,
        worker: &str,
        comment: &str,
        now: Nanos,
    ) -> Result<(), LabelError> {
        let comment = comment.trim();
        check_text("comment", comment, 1..=LONGEST_COMMENT)?;
        self.write(|on| {
            let held = Held::by(on, id, worker)?;
            let task = TaskNow::of_id(on, held.task)?;
            if !held.is_live(now) || task.state.is_decided() {
                return Err(LabelError::NotHeld { id });
            }
            let sql = "SELECT count(*) FROM notes WHERE assignment = ?1 AND kind = ?2";
            let flags: u32 = on
                .prepare_cached(sql)?
                .query_row(params![id.0, NoteKind::Flag.name()], |row| row.get(0))?;
            if flags >= MOST_FLAGS {
                let reason = format!("you flagged this task {MOST_FLAGS} times already");
                return Err(LabelError::bad("comment", reason));
            }
            let job = JobRow::of_id(on, held.job)?;
            on.prepare_cached("UPDATE tasks SET is_flagged = 1 WHERE id = ?1")?
                .execute([held.task])?;
            note(on, held.task, Some(id), worker, NoteKind::Flag, comment, now)?;
            settle(on, &job, held.task, now)
        })
    }

    /// Gives a task back, with the draft kept for whoever gave it, should it come to
    /// them again. Where nothing is held any more nothing happens.
    pub fn release(&self, id: AssignmentId, worker: &str, now: Nanos) -> Result<(), LabelError> {
        self.write(|on| {
            let held = Held::by(on, id, worker)?;
            match held.state {
                AssignmentState::Leased if held.is_live(now) => {
                    held.end(on, AssignmentState::Released)
                }
                AssignmentState::Leased => held.end(on, AssignmentState::Expired),
                _ => Ok(()),
            }
        })
    }
}

/// Draft and answer, as they are kept.
fn kept(on: &Transaction<'_>, id: AssignmentId) -> Result<[Option<String>; 2], LabelError> {
    let sql = "SELECT draft, answer FROM assignments WHERE id = ?1";
    Ok(on.prepare_cached(sql)?.query_row([id.0], |row| Ok([row.get(0)?, row.get(1)?]))?)
}

fn keep_draft(on: &Transaction<'_>, held: &Held, text: &str) -> Result<u64, LabelError> {
    let revision = held.revision + 1;
    on.prepare_cached("UPDATE assignments SET draft = ?2, revision = ?3 WHERE id = ?1")?
        .execute(params![held.id.0, text, revision])?;
    Ok(revision)
}

/// Seconds as a browser counted them, but not more than have passed.
fn spent(seconds: f64, held: &Held, now: Nanos) -> f64 {
    let passed = now.0.saturating_sub(held.leased_at.0).max(0);
    // What is no number is 0 by this order.
    seconds.max(0.0).min(passed as f64 / 1e9)
}

fn gold_score(
    on: &Transaction<'_>,
    job: &JobRow,
    task: &TaskNow,
    answer: &Answer,
) -> Result<Option<f64>, LabelError> {
    let sql = "SELECT gold FROM contents WHERE task = ?1";
    let truth = on.prepare_cached(sql)?.query_row([task.id], |row| row.get(0))?;
    let truth: Option<Vec<DrawnBox>> = job.cell(task.number).boxes_if_any("the truth", truth)?;
    Ok(match (truth, answer) {
        (Some(truth), Answer::Boxes(boxes)) => {
            Some(score(boxes, &truth, job.settings.consolidation.iou).f1())
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests;

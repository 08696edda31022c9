//! Reviewers look at everything, and decide.

use roadloop_base::{DrawnBox, FrameId, Nanos};
use rusqlite::types::ToSql;
use rusqlite::{Row, Transaction, params};

use crate::answers::LONGEST_COMMENT;
use crate::cells::{frame, unfit};
use crate::held::Held;
use crate::job::check_text;
use crate::jobs::JobRow;
use crate::settle::{TaskNow, settle, task_state};
use crate::{
    Answer, AssignmentId, AssignmentState, Decision, JobName, LabelError, Labels, Outcome,
    ResultBox, TaskState,
};

/// On one page of a list.
const MOST_TASKS: u32 = 1000;

/// Which tasks of a job are listed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskQuery {
    /// None given: all, gold ones among them.
    pub states: Vec<TaskState>,
    pub flagged: Flagged,
    pub order: TaskOrder,
    pub offset: u64,
    /// At most 1,000 are given.
    pub limit: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flagged {
    #[default]
    Any,
    Only,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskOrder {
    #[default]
    Number,
    /// By agreement of the answers, those without any last.
    WorstFirst,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TaskPage {
    /// Of all pages.
    pub total: u64,
    pub tasks: Vec<TaskRow>,
}

/// A task, as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRow {
    pub number: u64,
    pub state: TaskState,
    pub is_gold: bool,
    pub is_flagged: bool,
    pub answers: u32,
    pub wanted: u32,
    pub agreement: Option<f64>,
    /// In what the answers came to, or what was given or corrected.
    pub boxes: Option<u64>,
    pub frame: Option<FrameId>,
    pub width: u32,
    pub height: u32,
    pub revision: u64,
    pub changed_at: Nanos,
}

/// All that is known of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskDetail {
    pub row: TaskRow,
    pub source: String,
    pub image_key: Option<String>,
    pub initial: Vec<DrawnBox>,
    pub gold: Option<Vec<DrawnBox>>,
    pub given: Option<Vec<ResultBox>>,
    /// In the order that [`Outcome`] speaks of them.
    pub answers: Vec<GivenAnswer>,
    pub outcome: Option<Outcome>,
    pub decision: Option<Decision>,
    /// The oldest first.
    pub notes: Vec<Note>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct GivenAnswer {
    pub assignment: AssignmentId,
    pub worker: String,
    pub answer: Answer,
    pub seconds: f64,
    pub leased_at: Nanos,
    pub submitted_at: Nanos,
    /// [`Submitted`](AssignmentState::Submitted), or
    /// [`SentBack`](AssignmentState::SentBack) until there is another one.
    pub state: AssignmentState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub at: Nanos,
    pub author: String,
    pub kind: NoteKind,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    Flag,
    Skip,
    SentBack,
    /// Of a reviewer who approved or corrected.
    Comment,
    /// What a flag was about.
    Settled,
}

impl NoteKind {
    pub fn name(self) -> &'static str {
        match self {
            NoteKind::Flag => "flag",
            NoteKind::Skip => "skip",
            NoteKind::SentBack => "sent_back",
            NoteKind::Comment => "comment",
            NoteKind::Settled => "settled",
        }
    }

    fn named(name: &str) -> Option<NoteKind> {
        use NoteKind as Kind;
        let all = [Kind::Flag, Kind::Skip, Kind::SentBack, Kind::Comment, Kind::Settled];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

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
    /// What the answers came to is right.
    Approve,
    /// This is right instead.
    Correct(Answer),
    /// This worker is to look again, and is told why by the comment.
    SendBack { worker: String },
    /// What was flagged is answered by the comment, if any.
    SettleFlag,
}

pub(crate) fn note(
    on: &Transaction<'_>,
    task: i64,
    assignment: Option<AssignmentId>,
    author: &str,
    kind: NoteKind,
    text: &str,
    now: Nanos,
) -> Result<(), LabelError> {
    on.prepare_cached(
        "INSERT INTO notes (task, assignment, at, author, kind, text) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![task, assignment.map(|id| id.0), now.0, author, kind.name(), text])?;
    Ok(())
}

const ROW: &str = "number, state, is_flagged, answers, wanted, agreement, boxes, recording, \
                   camera, sequence, width, height, revision, changed_at";

fn task_row(row: &Row<'_>) -> rusqlite::Result<TaskRow> {
    let (state, is_gold) = task_state(row)?;
    Ok(TaskRow {
        number: row.get("number")?,
        state,
        is_gold,
        is_flagged: row.get("is_flagged")?,
        answers: row.get("answers")?,
        wanted: row.get("wanted")?,
        agreement: row.get("agreement")?,
        boxes: row.get("boxes")?,
        frame: frame(row)?,
        width: row.get("width")?,
        height: row.get("height")?,
        revision: row.get("revision")?,
        changed_at: Nanos(row.get("changed_at")?),
    })
}

impl Labels {
    pub fn tasks(&self, job: &JobName, query: &TaskQuery) -> Result<TaskPage, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let mut condition = "job = ?1".to_owned();
            if !query.states.is_empty() {
                let names: Vec<String> =
                    query.states.iter().map(|state| format!("'{}'", state.name())).collect();
                condition += &format!(" AND state IN ({})", names.join(", "));
            }
            if query.flagged == Flagged::Only {
                condition += " AND is_flagged = 1";
            }
            let order = match query.order {
                TaskOrder::Number => "number",
                TaskOrder::WorstFirst => "ifnull(agreement, 2.0), number",
            };
            let sql = format!("SELECT count(*) FROM tasks WHERE {condition}");
            let total = on.prepare_cached(&sql)?.query_row([job.id], |row| row.get(0))?;
            let sql = format!(
                "SELECT {ROW} FROM tasks WHERE {condition} ORDER BY {order} LIMIT ?2 OFFSET ?3"
            );
            let offset = i64::try_from(query.offset).unwrap_or(i64::MAX);
            let params: [&dyn ToSql; 3] = [&job.id, &query.limit.min(MOST_TASKS), &offset];
            let mut statement = on.prepare_cached(&sql)?;
            let tasks = statement.query_map(params, task_row)?;
            Ok(TaskPage { total, tasks: tasks.collect::<Result<_, _>>()? })
        })
    }

    pub fn task(&self, job: &JobName, number: u64) -> Result<TaskDetail, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let task = TaskNow::numbered(on, &job, number)?;
            detail(on, &job, task.id)
        })
    }

    /// One decision. It is refused where the task has changed since the reviewer looked.
    pub fn decide(
        &self,
        job: &JobName,
        number: u64,
        review: &Review,
        now: Nanos,
    ) -> Result<TaskDetail, LabelError> {
        check_text("name of a reviewer", &review.by, 1..=200)?;
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
                "UPDATE assignments SET state = 'submitted', is_returned = 0 \
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
        let held = Held::find(self.on, answered, params![self.task.id, worker])?;
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

pub(crate) fn detail(
    on: &Transaction<'_>,
    job: &JobRow,
    task: i64,
) -> Result<TaskDetail, LabelError> {
    let sql = format!(
        "SELECT {ROW}, source, image_key, initial, gold, given, outcome, decision \
         FROM tasks JOIN contents ON task = id WHERE id = ?1"
    );
    let mut statement = on.prepare_cached(&sql)?;
    let mut rows = statement.query([task])?;
    let Some(row) = rows.next()? else {
        return Err(rusqlite::Error::QueryReturnedNoRows.into());
    };
    let task_row = task_row(row)?;
    let cell = job.cell(task_row.number);
    let initial: String = row.get("initial")?;
    Ok(TaskDetail {
        source: row.get("source")?,
        image_key: row.get("image_key")?,
        initial: cell.boxes("the boxes it began with", &initial)?,
        gold: cell.boxes_if_any("the truth", row.get("gold")?)?,
        given: cell.json_if_any("the result it came with", row.get("given")?)?,
        outcome: cell.json_if_any("the result", row.get("outcome")?)?,
        decision: cell.json_if_any("the decision", row.get("decision")?)?,
        answers: given_answers(on, job, task, task_row.number)?,
        notes: notes(on, task)?,
        row: task_row,
    })
}

pub(crate) fn given_answers(
    on: &Transaction<'_>,
    job: &JobRow,
    task: i64,
    number: u64,
) -> Result<Vec<GivenAnswer>, LabelError> {
    let sql = "SELECT id, worker, answer, seconds, leased_at, coalesce(submitted_at, 0), \
               is_returned FROM assignments WHERE task = ?1 AND answer IS NOT NULL ORDER BY id";
    let mut statement = on.prepare_cached(sql)?;
    let mut rows = statement.query([task])?;
    let mut answers = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(answer) = job.cell(number).answer("an answer", row.get(2)?)? else { continue };
        let is_returned: bool = row.get(6)?;
        answers.push(GivenAnswer {
            assignment: AssignmentId(row.get(0)?),
            worker: row.get(1)?,
            answer,
            seconds: row.get(3)?,
            leased_at: Nanos(row.get(4)?),
            submitted_at: Nanos(row.get(5)?),
            state: match is_returned {
                true => AssignmentState::SentBack,
                false => AssignmentState::Submitted,
            },
        });
    }
    Ok(answers)
}

fn notes(on: &Transaction<'_>, task: i64) -> Result<Vec<Note>, LabelError> {
    let sql = "SELECT at, author, kind, text FROM notes WHERE task = ?1 ORDER BY id";
    let mut statement = on.prepare_cached(sql)?;
    let notes = statement.query_map([task], |row| {
        let kind = row.get_ref("kind")?.as_str()?;
        let Some(kind) = NoteKind::named(kind) else {
            return Err(unfit(row, "kind", format!("no kind of notes: {kind:?}")));
        };
        let [author, text] = [row.get("author")?, row.get("text")?];
        Ok(Note { at: Nanos(row.get("at")?), author, kind, text })
    })?;
    Ok(notes.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;

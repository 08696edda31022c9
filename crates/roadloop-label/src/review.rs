//! Reviewers look at everything: tasks, whose answers they have, and what they came to.

use roadloop_base::{DrawnBox, FrameId, Nanos};
use rusqlite::types::ToSql;
use rusqlite::{Row, Transaction, params};

use crate::cells::{frame, unfit};
use crate::jobs::JobRow;
use crate::settle::{TaskNow, task_state};
use crate::{
    Answer, AssignmentId, AssignmentState, Decision, JobName, LabelError, Labels, Outcome,
    ResultBox, TaskState,
};

/// On one page of a list.
const MOST_TASKS: u32 = 1000;

/// Which tasks of a job are listed.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskQuery {
    /// None given: all, gold ones among them.
    pub states: Vec<TaskState>,
    pub flagged: Flagged,
    pub order: TaskOrder,
    pub offset: u64,
    /// At most 1,000 are given.
    pub limit: u32,
}

/// The first hundred.
impl Default for TaskQuery {
    fn default() -> TaskQuery {
        let (flagged, order) = (Flagged::Any, TaskOrder::Number);
        TaskQuery { states: Vec::new(), flagged, order, offset: 0, limit: 100 }
    }
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
                let states = TaskState::ALL.iter().filter(|state| query.states.contains(state));
                let names: Vec<String> =
                    states.map(|state| format!("'{}'", state.name())).collect();
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

    /// The tasks about a frame, job by job, gold ones among them.
    pub fn tasks_about(&self, frame: &FrameId) -> Result<Vec<(JobName, TaskRow)>, LabelError> {
        self.read(|on| {
            let sql = format!(
                "SELECT {ROW} FROM tasks WHERE job = ?1 AND recording = ?2 AND camera = ?3 \
                 AND sequence = ?4 AND sequence IS NOT NULL ORDER BY number"
            );
            let mut statement = on.prepare_cached(&sql)?;
            let (recording, camera) = (frame.recording.as_str(), frame.camera.as_str());
            let mut tasks = Vec::new();
            for job in JobRow::all(on)? {
                let params = params![job.id, recording, camera, frame.sequence];
                for row in statement.query_map(params, task_row)? {
                    tasks.push((job.name.clone(), row?));
                }
            }
            Ok(tasks)
        })
    }

    pub fn task(&self, job: &JobName, number: u64) -> Result<TaskDetail, LabelError> {
        self.read(|on| {
            let job = JobRow::named(on, job)?;
            let task = TaskNow::numbered(on, &job, number)?;
            detail(on, &job, task.id)
        })
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

//! An assignment as its row says, and what ends a lease.

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::cells::unfit;
use crate::{AssignmentId, AssignmentState, LabelError};

#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) id: AssignmentId,
    pub(crate) job: i64,
    pub(crate) task: i64,
    pub(crate) worker: String,
    pub(crate) is_gold: bool,
    pub(crate) state: AssignmentState,
    /// Sent back, and not answered again.
    pub(crate) is_returned: bool,
    pub(crate) leased_at: Nanos,
    pub(crate) lease_until: Nanos,
    pub(crate) revision: u64,
}

const COLUMNS: &str =
    "id, job, task, worker, is_gold, state, is_returned, leased_at, lease_until, revision";

impl Held {
    fn read(row: &Row<'_>) -> rusqlite::Result<Held> {
        let text = row.get_ref("state")?.as_str()?;
        let Some(state) = AssignmentState::named(text) else {
            return Err(unfit(row, "state", format!("no state of assignments: {text:?}")));
        };
        Ok(Held {
            id: AssignmentId(row.get("id")?),
            job: row.get("job")?,
            task: row.get("task")?,
            worker: row.get("worker")?,
            is_gold: row.get("is_gold")?,
            state,
            is_returned: row.get("is_returned")?,
            leased_at: Nanos(row.get("leased_at")?),
            lease_until: Nanos(row.get("lease_until")?),
            revision: row.get("revision")?,
        })
    }

    /// Where it is this worker's.
    pub(crate) fn by(
        on: &Transaction<'_>,
        id: AssignmentId,
        worker: &str,
    ) -> Result<Held, LabelError> {
        let found = Held::find(on, "id = ?1 AND worker = ?2", params![id.0, worker])?;
        found.ok_or(LabelError::NoSuchAssignment { id })
    }

    /// The first one that is so.
    pub(crate) fn find(
        on: &Transaction<'_>,
        condition: &str,
        params: &[&dyn rusqlite::ToSql],
    ) -> Result<Option<Held>, LabelError> {
        let sql = format!("SELECT {COLUMNS} FROM assignments WHERE {condition} LIMIT 1");
        Ok(on.prepare_cached(&sql)?.query_row(params, Held::read).optional()?)
    }

    pub(crate) fn is_live(&self, now: Nanos) -> bool {
        self.state == AssignmentState::Leased && now < self.lease_until
    }

    /// The seat is free again; one that was sent back stays this worker's.
    pub(crate) fn end(&self, on: &Transaction<'_>, end: AssignmentState) -> Result<(), LabelError> {
        let state = if self.is_returned { AssignmentState::SentBack } else { end };
        self.set_state(on, state)?;
        if end == AssignmentState::Expired {
            let sql = "UPDATE workers SET expired = expired + 1 WHERE job = ?1 AND worker = ?2";
            on.prepare_cached(sql)?.execute(params![self.job, self.worker])?;
        }
        if self.is_gold {
            // Nobody else frees the seat of a gold one: it is the next one again.
            on.prepare_cached(
                "UPDATE workers SET gold_up_to = min(gold_up_to, \
                 (SELECT number - 1 FROM tasks WHERE id = ?3)) WHERE job = ?1 AND worker = ?2",
            )?
            .execute(params![self.job, self.worker, self.task])?;
        }
        Ok(())
    }

    pub(crate) fn set_state(
        &self,
        on: &Transaction<'_>,
        state: AssignmentState,
    ) -> Result<(), LabelError> {
        on.prepare_cached("UPDATE assignments SET state = ?2 WHERE id = ?1")?
            .execute(params![self.id.0, state.name()])?;
        Ok(())
    }
}

/// Ends leases that ran out, so many at most; how many there were.
pub(crate) fn end_due(on: &Transaction<'_>, now: Nanos, most: u32) -> Result<u64, LabelError> {
    let mut ended = 0;
    while ended < u64::from(most) {
        let due = "state = 'leased' AND lease_until <= ?1 ORDER BY lease_until";
        let Some(held) = Held::find(on, due, params![now.0])? else { break };
        held.end(on, AssignmentState::Expired)?;
        ended += 1;
    }
    Ok(ended)
}

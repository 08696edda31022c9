//! What was done, by whom, from where: lines that are added and never changed.
//!
//! This crate writes logins, users, invitations and tokens; the app adds its own.
//! The newest [`MOST_AUDIT_ROWS`] are kept. Of logins with
//! names that nobody has at most 1000 of an hour are written, so that a flood of them
//! does not push the others out soon.

use std::net::IpAddr;

use roadloop_base::Nanos;
use rusqlite::types::Type;
use rusqlite::{Row, Transaction, params};

use crate::columns::time;
use crate::name::OPERATOR;
use crate::text::for_people;
use crate::{AuditId, By, People, UserId, UsersError};

/// Lines kept; with each new one beyond, the oldest goes.
pub const MOST_AUDIT_ROWS: i64 = 1_000_000;

/// Lines of one answer.
const MOST_AT_ONCE: usize = 1_000;

/// One line. Its texts are cut and their control characters escaped when it is
/// written: `name` and `action` after 64 characters, `about` and `outcome` after 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    pub at: Nanos,
    /// None for the command line, and for who did not log in.
    pub user: Option<UserId>,
    /// As it was then: `operator` for the command line, nothing for who did not log
    /// in. What was typed as a name that nobody has may be a password, and is not kept.
    pub name: String,
    pub from: Option<IpAddr>,
    /// What was done: `log in`, `set role`, `export`.
    pub action: String,
    /// What it was done to.
    pub about: String,
    /// `done`, or why not.
    pub outcome: String,
}

/// A line as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: AuditId,
    pub line: Audit,
}

impl Audit {
    /// What was `done`; change `outcome` where it was not.
    pub fn done(
        by: By<'_>,
        action: impl Into<String>,
        about: impl Into<String>,
        now: Nanos,
    ) -> Audit {
        let name = match by {
            By::Operator => OPERATOR.to_owned(),
            By::Who(who, _) => who.name.to_string(),
        };
        Audit {
            at: now,
            user: by.user(),
            name,
            from: by.from(),
            action: action.into(),
            about: about.into(),
            outcome: "done".to_owned(),
        }
    }
}

impl People {
    /// Adds a line.
    pub fn note(&self, line: &Audit) -> Result<(), UsersError> {
        self.write(|transaction| note(transaction, line))
    }

    /// Lines older than `before`, or the newest, newest first; at most 1000.
    pub fn audit(
        &self,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, UsersError> {
        let before = before.map_or(i64::MAX, |before| before.0);
        let limit = limit.min(MOST_AT_ONCE) as i64;
        self.read(|transaction| {
            let mut select = transaction.prepare(
                "SELECT id, at, user, name, source, action, about, outcome FROM audit
                 WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
            )?;
            let entries = select.query_map(params![before, limit], entry)?;
            Ok(entries.collect::<rusqlite::Result<_>>()?)
        })
    }
}

pub(crate) fn note(transaction: &Transaction<'_>, line: &Audit) -> Result<(), UsersError> {
    let Audit { at, user, name, from, action, about, outcome } = line;
    transaction.execute(
        "INSERT INTO audit (at, user, name, source, action, about, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            at.0,
            user.map(|user| user.0),
            for_people(name, 64),
            from.map(|from| from.to_canonical().to_string()),
            for_people(action, 64),
            for_people(about, 500),
            for_people(outcome, 500),
        ],
    )?;
    let oldest_kept = transaction.last_insert_rowid() - MOST_AUDIT_ROWS;
    transaction.execute("DELETE FROM audit WHERE id <= ?1", [oldest_kept])?;
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let from: Option<String> = row.get(4)?;
    let from = from.map(|from| from.parse()).transpose().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(4, Type::Text, Box::new(error))
    })?;
    Ok(AuditEntry {
        id: AuditId(row.get(0)?),
        line: Audit {
            at: time(row, 1)?,
            user: row.get::<_, Option<i64>>(2)?.map(UserId),
            name: row.get(3)?,
            from,
            action: row.get(5)?,
            about: row.get(6)?,
            outcome: row.get(7)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HOME, Studio, at};

    #[test]
    fn lines_come_newest_first_page_by_page() {
        let studio = Studio::new();
        for n in 0..5 {
            let by = studio.by_admin();
            let line = Audit::done(by, "export", format!("selection {n}"), at(n));
            studio.people.note(&line).unwrap();
        }
        let newest = studio.people.audit(None, 2).unwrap();
        assert_eq!(newest[0].line.about, "selection 4");
        assert_eq!(newest[0].line.from, Some(HOME));
        assert_eq!(newest[0].line.user, Some(studio.admin_id()));
        let older = studio.people.audit(Some(newest[1].id), 2).unwrap();
        assert_eq!(older[0].line.about, "selection 2");
        assert!(newest[1].id > older[0].id);
        assert_eq!(studio.people.audit(None, usize::MAX).unwrap().len(), 7);
        assert_eq!(studio.people.audit(None, 0).unwrap(), []);
    }

    #[test]
    fn hostile_texts_are_cut_and_escaped() {
        let studio = Studio::new();
        let mut line = Audit::done(By::Operator, "x'); DROP TABLE audit; --", "\u{1b}[2J\n", at(0));
        line.outcome = "z".repeat(100_000);
        studio.people.note(&line).unwrap();
        let kept = &studio.people.audit(None, 1).unwrap()[0].line;
        assert_eq!(kept.action, line.action);
        assert_eq!(kept.about, "\\u{1b}[2J\\u{a}");
        assert_eq!(kept.outcome.chars().count(), 501);
    }

    #[test]
    fn lines_are_not_rewritten() {
        let studio = Studio::new();
        let error = studio.people.write(|transaction| {
            Ok(transaction.execute("UPDATE audit SET outcome = 'nothing'", [])?)
        });
        assert!(error.unwrap_err().to_string().contains("only added to"));
    }

    #[test]
    fn the_oldest_lines_go() {
        let studio = Studio::new();
        studio
            .people
            .write(|transaction| {
                transaction.execute(
                    "INSERT INTO audit (id, at, name, action, about, outcome)
                     VALUES (?1, 0, '', 'made up', '', '')",
                    [MOST_AUDIT_ROWS + 1],
                )?;
                Ok(())
            })
            .unwrap();
        studio.people.note(&Audit::done(By::Operator, "one more", "", at(0))).unwrap();
        let ids: Vec<i64> =
            studio.people.audit(None, 9).unwrap().iter().map(|entry| entry.id.0).collect();
        assert_eq!(ids, [MOST_AUDIT_ROWS + 2, MOST_AUDIT_ROWS + 1]);
    }
}

//! The file all of it is in: opened, made, and used one transaction at a time.
//!
//! SQLite in WAL mode, synced at each commit (`synchronous = FULL`): what was
//! answered is so after a power cut. Writers of several processes wait for each
//! other, and each call that changes something is one transaction that looks again
//! at what it depends on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use roadloop_sqlite::{Format, OpenError, is_damaged};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::UsersError;
use crate::password::{Cost, Hashing};
use crate::throttle::Throttle;

/// `application` is `rlus`, as number.
const FORMAT: Format = Format { application: 0x726c_7573, number: 1, tables: TABLES };

/// Times are nanoseconds since 1970. Where a secret is spoken of, it is its SHA-256.
/// No id is given twice (`AUTOINCREMENT`), so the audit log stays true.
const TABLES: &str = "
    CREATE TABLE users (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        folded TEXT NOT NULL UNIQUE,
        role TEXT NOT NULL,
        password TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        logged_in_at INTEGER,
        disabled_at INTEGER
    ) STRICT;
    CREATE TABLE sessions (
        secret BLOB PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES users (id),
        made_at INTEGER NOT NULL,
        seen_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of ON sessions (user, made_at);
    CREATE TABLE invitations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        secret BLOB NOT NULL UNIQUE,
        role TEXT NOT NULL,
        made_by INTEGER REFERENCES users (id),
        made_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        revoked_at INTEGER,
        taken_by INTEGER REFERENCES users (id)
    ) STRICT;
    CREATE TABLE tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        secret BLOB NOT NULL,
        user INTEGER NOT NULL REFERENCES users (id),
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        made_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        used_at INTEGER,
        revoked_at INTEGER
    ) STRICT;
    CREATE INDEX tokens_of ON tokens (user);
    CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        user INTEGER,
        name TEXT NOT NULL,
        source TEXT,
        action TEXT NOT NULL,
        about TEXT NOT NULL,
        outcome TEXT NOT NULL
    ) STRICT;
    CREATE TABLE unknown_logins (
        hour INTEGER PRIMARY KEY,
        tries INTEGER NOT NULL
    ) STRICT;
    CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END;
";

/// Users of a studio, and what is written down of them. Cheap to clone; clones
/// share one connection. Calls block: for the file, and where a password is hashed
/// for some tens of milliseconds and a place to hash at.
#[derive(Clone)]
pub struct People {
    shared: Arc<Shared>,
}

struct Shared {
    connection: Mutex<Connection>,
    path: PathBuf,
    hashing: Hashing,
    throttle: Mutex<Throttle>,
}

impl People {
    /// Opens the file, or makes it, for its owner only.
    pub fn open(path: &Path) -> Result<People, UsersError> {
        People::open_at(path, Cost::FULL)
    }

    /// With hashing that costs nearly nothing, and protects nobody.
    #[cfg(any(test, feature = "testing"))]
    pub fn open_for_tests(path: &Path) -> Result<People, UsersError> {
        People::open_at(path, Cost::NEARLY_NOTHING)
    }

    pub(crate) fn open_at(path: &Path, cost: Cost) -> Result<People, UsersError> {
        let shared = Shared {
            connection: Mutex::new(connect(path)?),
            path: path.to_owned(),
            hashing: Hashing::new(cost)?,
            throttle: Mutex::default(),
        };
        Ok(People { shared: Arc::new(shared) })
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.shared.hashing
    }

    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.shared.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction that changes something. It waits its turn from the start: a
    /// reader that turns writer half way can be refused. An error undoes it.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, UsersError>,
    ) -> Result<T, UsersError> {
        self.transact(TransactionBehavior::Immediate, work)
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, UsersError>,
    ) -> Result<T, UsersError> {
        self.transact(TransactionBehavior::Deferred, work)
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, UsersError>,
    ) -> Result<T, UsersError> {
        roadloop_sqlite::transact(&self.shared.connection, behavior, work).map_err(|error| {
            match error {
                UsersError::Engine { source } if is_damaged(&source) => {
                    UsersError::Damaged { path: self.shared.path.clone(), source: source.into() }
                }
                error => error,
            }
        })
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

fn connect(path: &Path) -> Result<Connection, UsersError> {
    let connection = roadloop_sqlite::open(path, &FORMAT).map_err(|error| {
        let path = path.to_owned();
        match error {
            OpenError::Failed(source) => UsersError::Open { path, source },
            OpenError::Damaged(source) => UsersError::Damaged { path, source },
            OpenError::Format { found } => UsersError::Format { path, found, known: FORMAT.number },
        }
    })?;
    // Of a secret that is deleted nothing stays in the file.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;

//! The file all of it is in: opened, made, and used one transaction at a time.
//!
//! SQLite in WAL mode, synced at each commit (`synchronous = FULL`): what was
//! answered is so after a power cut. Writers of several processes wait for each
//! other, and each call that changes something is one transaction that looks again
//! at what it depends on.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::UsersError;
use crate::error::is_damaged;
use crate::password::{Cost, Hashing};
use crate::throttle::Throttle;

/// Of the tables below.
const FORMAT: i64 = 1;

/// Says whose file it is: `rlus`, as number.
const APPLICATION: i64 = 0x726c_7573;

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

/// Held by who opens a file.
static OPENING: Mutex<()> = Mutex::new(());

/// How long a process waits for another one's transaction.
const BUSY_FOR: Duration = Duration::from_secs(20);

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
        let mut connection = self.shared.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let done = || {
            let transaction = connection.transaction_with_behavior(behavior)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        done().map_err(|error| match error {
            UsersError::Engine { source } if is_damaged(&source) => {
                UsersError::Damaged { path: self.shared.path.clone(), source: source.into() }
            }
            error => error,
        })
    }
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

fn connect(path: &Path) -> Result<Connection, UsersError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| UsersError::Open {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
    }
    // The file that one makes, and closes, no other one of this process has yet.
    let _one_opens = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    make_file(path).map_err(|error| failed(error.into()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Result<Connection, Format>> {
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_FOR)?;
        // A file of others is looked at and nothing else.
        match Format::of(&connection)? {
            Format::New | Format::Ours(FORMAT) => {}
            format => return Ok(Err(format)),
        }
        use_wal(&connection)?;
        connection.pragma_update(None, "synchronous", "full")?;
        // What lies in the file is data: it calls no functions of its own.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        Ok(make_tables(&mut connection)?.map(|()| connection))
    };
    let damaged = |source: Box<dyn std::error::Error + Send + Sync>| UsersError::Damaged {
        path: path.to_owned(),
        source,
    };
    match open() {
        Ok(Ok(connection)) => {
            make_private(path).map_err(|error| failed(error.into()))?;
            Ok(connection)
        }
        Ok(Err(Format::Ours(found))) => {
            Err(UsersError::Format { path: path.to_owned(), found, known: FORMAT })
        }
        Ok(Err(_)) => Err(damaged("it belongs to another program".into())),
        Err(error) if is_damaged(&error) => Err(damaged(error.into())),
        Err(error) => Err(failed(error.into())),
    }
}

/// A new file is its owner's only before there is anything in it. SQLite gives the
/// files beside it (`-wal`, `-shm`) the same mode. One that is there is not opened
/// here: whoever closes a file loses all locks that the process has on it, those of
/// SQLite too ("How To Corrupt An SQLite Database File", 2.2).
fn make_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Where somebody opened our file to others, it is closed again, and so are those
/// beside it.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let mode = match std::fs::metadata(&name) {
            Ok(metadata) => metadata.permissions().mode() & 0o777,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if mode != 0o600 {
            std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Several processes that open a new file at once can be refused here, without
/// SQLite waiting for the others as it does elsewhere.
fn use_wal(connection: &Connection) -> rusqlite::Result<()> {
    let since = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "wal") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && since.elapsed() < BUSY_FOR =>
            {
                sleep(Duration::from_millis(20));
            }
            done => return done,
        }
    }
}

/// Whose file it is.
enum Format {
    /// Nothing is in it.
    New,
    Ours(i64),
    Others,
}

impl Format {
    fn of(connection: &Connection) -> rusqlite::Result<Format> {
        let number = |pragma: &str| -> rusqlite::Result<i64> {
            connection.pragma_query_value(None, pragma, |row| row.get(0))
        };
        let (application, format) = (number("application_id")?, number("user_version")?);
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok(match (application, format, tables) {
            (APPLICATION, format, _) => Format::Ours(format),
            (0, 0, 0) => Format::New,
            _ => Format::Others,
        })
    }
}

/// Makes the tables of a new file, where no other process was first.
fn make_tables(connection: &mut Connection) -> rusqlite::Result<Result<(), Format>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match Format::of(&transaction)? {
        Format::New => {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()?;
            Ok(Ok(()))
        }
        Format::Ours(FORMAT) => Ok(Ok(())),
        format => Ok(Err(format)),
    }
}

#[cfg(test)]
mod tests;

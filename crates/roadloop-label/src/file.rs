//! The file all of it is in: opened, made, and used one transaction at a time.
//!
//! SQLite in WAL mode, synced at each commit (`synchronous = FULL`): an answer that was
//! acknowledged is there after a power cut. Writers of several processes wait for each
//! other, and each call that changes something is one transaction that looks again at
//! what it depends on.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::LabelError;
use crate::error::is_damaged;

/// Of the tables.
const FORMAT: i64 = 1;

/// Says whose file it is: `rllb`, as number.
const APPLICATION: i64 = 0x726c_6c62;

const TABLES: &str = include_str!("schema.sql");

/// Held by who opens a file.
static OPENING: Mutex<()> = Mutex::new(());

/// How long a process waits for another one's transaction.
const BUSY_FOR: Duration = Duration::from_secs(20);

/// Labelling jobs. Cheap to clone; clones share one connection for what changes
/// something and one for what only reads, so that a long list keeps no worker waiting.
/// Calls block.
#[derive(Clone)]
pub struct Labels {
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
    path: Arc<Path>,
}

impl Labels {
    /// Opens the file, or makes it, for its owner only.
    pub fn open(path: &Path) -> Result<Labels, LabelError> {
        let [writer, reader] = [connect(path)?, connect(path)?];
        reader.pragma_update(None, "query_only", true)?;
        let share = |connection| Arc::new(Mutex::new(connection));
        Ok(Labels { writer: share(writer), reader: share(reader), path: path.into() })
    }

    /// Commits are not synced: for tests that make thousands.
    #[cfg(test)]
    pub(crate) fn without_sync(self) -> Labels {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.pragma_update(None, "synchronous", "off").unwrap();
        drop(writer);
        self
    }

    /// One transaction that changes something. It waits its turn from the start: a
    /// reader that turns writer half way can be refused. An error undoes it.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LabelError>,
    ) -> Result<T, LabelError> {
        self.transact(&self.writer, TransactionBehavior::Immediate, work)
    }

    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LabelError>,
    ) -> Result<T, LabelError> {
        self.transact(&self.reader, TransactionBehavior::Deferred, work)
    }

    fn transact<T>(
        &self,
        connection: &Mutex<Connection>,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, LabelError>,
    ) -> Result<T, LabelError> {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let done = || {
            let transaction = connection.transaction_with_behavior(behavior)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        done().map_err(|error| match error {
            LabelError::Engine { source } if is_damaged(&source) => {
                LabelError::Damaged { path: self.path.to_path_buf(), source: source.into() }
            }
            error => error,
        })
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why there is no connection.
enum Refused {
    Engine(rusqlite::Error),
    Format(i64),
    Others,
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Engine(error)
    }
}

fn connect(path: &Path) -> Result<Connection, LabelError> {
    let path_buf = || -> PathBuf { path.to_owned() };
    let failed =
        |source: Box<dyn Error + Send + Sync>| LabelError::Open { path: path_buf(), source };
    let damaged =
        |source: Box<dyn Error + Send + Sync>| LabelError::Damaged { path: path_buf(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| failed(error.into()))?;
    }
    // The file that one makes, and closes, no other one of this process has yet.
    let _one_opens = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    make_file(path).map_err(|error| failed(error.into()))?;
    match open_tables(path) {
        Ok(connection) => {
            make_private(path).map_err(|error| failed(error.into()))?;
            Ok(connection)
        }
        Err(Refused::Format(found)) => {
            Err(LabelError::Format { path: path_buf(), found, known: FORMAT })
        }
        Err(Refused::Others) => Err(damaged("it belongs to another program".into())),
        Err(Refused::Engine(error)) if is_damaged(&error) => Err(damaged(error.into())),
        Err(Refused::Engine(error)) => Err(failed(error.into())),
    }
}

fn open_tables(path: &Path) -> Result<Connection, Refused> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_FOR)?;
    // A file of others is looked at and nothing else.
    is_new(&connection)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    // What lies in the file is data: it calls no functions of its own.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // All the statements there are, and some.
    connection.set_prepared_statement_cache_capacity(128);
    // Where another process was not first.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_new(&transaction)? {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Whether there is nothing in it yet; else it is ours, and of a format we know.
fn is_new(connection: &Connection) -> Result<bool, Refused> {
    let number = |pragma: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, format, tables) {
        (APPLICATION, FORMAT, _) => Ok(false),
        (APPLICATION, format, _) => Err(Refused::Format(format)),
        (0, 0, 0) => Ok(true),
        _ => Err(Refused::Others),
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

#[cfg(test)]
mod kill;
#[cfg(test)]
mod tests;

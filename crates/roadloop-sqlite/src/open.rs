//! How a file is opened, or made where there is none.

use std::error::Error;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::is_damaged;

/// Held by who opens a file.
static OPENING: Mutex<()> = Mutex::new(());

/// How long a process waits for another one's transaction.
const BUSY_FOR: Duration = Duration::from_secs(20);

/// What a file of one kind is.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Says whose file it is, as SQLite's `application_id`.
    pub application: i64,
    /// Of the tables, as `user_version`.
    pub number: i64,
    /// Makes the tables of a new file.
    pub tables: &'static str,
}

/// Why there is no connection.
#[derive(Debug)]
pub enum OpenError {
    Failed(Box<dyn Error + Send + Sync>),
    /// It is another program's, or its content is broken.
    Damaged(Box<dyn Error + Send + Sync>),
    /// Ours, in another format.
    Format {
        found: i64,
    },
}

/// Opens a file, or makes it, for its owner only. A file of others, or of a format that is not
/// known, is looked at and nothing else.
pub fn open(path: &Path, format: &Format) -> Result<Connection, OpenError> {
    let failed = |error: std::io::Error| OpenError::Failed(error.into());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // The file that one makes, and closes, no other one of this process has yet.
    let _one_opens = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
    make_file(path).map_err(failed)?;
    let connection = open_tables(path, format).map_err(|refused| match refused {
        Refused::Format(found) => OpenError::Format { found },
        Refused::Others => OpenError::Damaged("it belongs to another program".into()),
        Refused::Engine(error) if is_damaged(&error) => OpenError::Damaged(error.into()),
        Refused::Engine(error) => OpenError::Failed(error.into()),
    })?;
    make_private(path).map_err(failed)?;
    Ok(connection)
}

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

fn open_tables(path: &Path, format: &Format) -> Result<Connection, Refused> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_FOR)?;
    // A file of others is looked at and nothing else.
    is_new(&connection, format)?;
    use_wal(&connection)?;
    connection.pragma_update(None, "synchronous", "full")?;
    // What lies in the file is data: it calls no functions of its own.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Where another process was not first.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_new(&transaction, format)? {
        transaction.execute_batch(format.tables)?;
        transaction.pragma_update(None, "application_id", format.application)?;
        transaction.pragma_update(None, "user_version", format.number)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Whether there is nothing in it yet; else it is ours, and of the format we know.
fn is_new(connection: &Connection, known: &Format) -> Result<bool, Refused> {
    let number = |pragma: &str| -> rusqlite::Result<i64> {
        connection.pragma_query_value(None, pragma, |row| row.get(0))
    };
    let (application, format) = (number("application_id")?, number("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, format, tables) {
        (application, format, _) if application == known.application => {
            if format == known.number {
                Ok(false)
            } else {
                Err(Refused::Format(format))
            }
        }
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

//! How a file is used, and what errors of it mean.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// One transaction; an error undoes it. One that changes something is to be
/// [immediate](TransactionBehavior::Immediate): it waits its turn from the start, where a
/// reader that turns writer half way can be refused.
pub fn transact<T, E: From<rusqlite::Error>>(
    connection: &Mutex<Connection>,
    behavior: TransactionBehavior,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
    let transaction = connection.transaction_with_behavior(behavior)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

/// Whether another process had the file for longer than we waited, or there is no room:
/// either may be over soon.
pub fn is_busy(error: &rusqlite::Error) -> bool {
    let codes = [ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked, ErrorCode::DiskFull];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

/// Whether the file is of something else, or its content is broken: SQLite says so,
/// its tables are not ours, or what lies in them was never written by us.
pub fn is_damaged(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => true,
        // `Unknown` is SQLite's word for a statement that does not fit the tables.
        error => matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown)
        ),
    }
}

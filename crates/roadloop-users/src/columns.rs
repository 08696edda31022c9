//! Our types in columns. What does not fit was not written by us: an error of the
//! file, never a panic.

use std::str::FromStr;

use roadloop_base::Nanos;
use rusqlite::Row;
use rusqlite::types::Type;

use crate::UsersError;
use crate::secret::Fingerprint;

/// A text that says what it is: a name, a role, scopes.
pub(crate) fn parsed<T: FromStr<Err = UsersError>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: UsersError| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Nanos> {
    row.get(column).map(Nanos)
}

pub(crate) fn time_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Nanos>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Nanos))
}

pub(crate) fn fingerprint(row: &Row<'_>, column: usize) -> rusqlite::Result<Fingerprint> {
    row.get(column).map(Fingerprint)
}

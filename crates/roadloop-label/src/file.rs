//! The file all of it is in: opened, made, and used one transaction at a time.
//!
//! SQLite in WAL mode, synced at each commit (`synchronous = FULL`): an answer that was
//! acknowledged is there after a power cut. Writers of several processes wait for each
//! other, and each call that changes something is one transaction that looks again at
//! what it depends on.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use roadloop_sqlite::{Format, OpenError, is_damaged};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::LabelError;

/// `application` is `rllb`, as number.
const FORMAT: Format =
    Format { application: 0x726c_6c62, number: 1, tables: include_str!("schema.sql") };

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
        let writer = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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
        roadloop_sqlite::transact(connection, behavior, work).map_err(|error| match error {
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

fn connect(path: &Path) -> Result<Connection, LabelError> {
    let connection = roadloop_sqlite::open(path, &FORMAT).map_err(|error| {
        let path = path.to_owned();
        match error {
            OpenError::Failed(source) => LabelError::Open { path, source },
            OpenError::Damaged(source) => LabelError::Damaged { path, source },
            OpenError::Format { found } => LabelError::Format { path, found, known: FORMAT.number },
        }
    })?;
    // All the statements there are, and some.
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

#[cfg(test)]
mod kill;
#[cfg(test)]
mod tests;

//! Keeping tables in shape: small files merged into large ones, files that no
//! version needs any more deleted, and a look at what there is.
//!
//! Nothing here may lose a row or keep a writer from its commit. Each change is
//! committed like a delivery, right after the version it was decided with or not
//! at all, and where a writer was first, the change gives way. So it is safe for
//! two processes to do this at once; it is only work done twice, which callers
//! keep apart with a lock.

mod compact;
mod forget;
mod history;
mod log_files;
mod merge;
mod stats;
mod vacuum;

use chrono::{DateTime, SecondsFormat, Utc};

pub use compact::{CompactOptions, Compaction};
pub use history::{Change, TableHistory};
pub use stats::{CatalogStats, TableStats};
pub use vacuum::{VacuumOptions, Vacuumed};

/// `2026-05-04T09:30:00.000Z`
fn iso(millis: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests;

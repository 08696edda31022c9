//! A file of SQLite that is ours: opened or made for its owner only, and used one transaction
//! at a time. What is in it, the crates that use it know.
//!
//! WAL mode, synced at each commit (`synchronous = FULL`): what was acknowledged is there after
//! a power cut. Writers of several processes wait for each other. Promises are held by the
//! tests of `roadloop-users` and `roadloop-label`, each on its own file.

mod file;
mod open;

pub use file::{is_busy, is_damaged, transact};
pub use open::{Format, OpenError, open};

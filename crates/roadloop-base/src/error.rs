//! What kind of trouble an error is, so that callers can decide without
//! reading its text.

use std::error::Error;
use std::io;

/// The kind of an error. It decides the retry (one place in the engine) and,
/// where there is a server, the HTTP status (one place in the app).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input is wrong; trying again will not help.
    Invalid,
    /// What was named does not exist.
    NotFound,
    /// Somebody else changed the same thing first.
    Conflict,
    /// Not now: try later.
    Busy,
    /// Our own fault, or the machine's.
    Internal,
}

/// Whether a full disk, or a full quota, lies somewhere under an error: the
/// operating system's word for it, however deeply libraries wrapped it.
pub fn is_disk_full(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>()
            && matches!(io.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

//! What kind of trouble an error is, so that callers can decide without
//! reading its text.

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

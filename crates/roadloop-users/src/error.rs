//! What can go wrong with users, in words that say what to do next.

use std::error::Error;
use std::path::PathBuf;

use roadloop_base::ErrorKind;
use roadloop_sqlite::is_busy;

use crate::text::for_people;
use crate::{Permission, UserName};

/// What is answered to people without a login ([`UsersError::BadLogin`],
/// [`UsersError::TooManyTries`], [`UsersError::NoInvitation`]) says nothing of who
/// has an account here.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    #[error("{text:?} cannot be a {what}: {reason}")]
    BadText { what: &'static str, text: String, reason: String },
    /// Without the password in it.
    #[error("this password cannot be used: {reason}")]
    BadPassword { reason: String },
    /// One answer for an unknown name, a wrong password and a disabled user.
    #[error("the name or the password is wrong; who has forgotten it asks an administrator")]
    BadLogin,
    #[error("too many tries to log in: wait {seconds} s, then try again")]
    TooManyTries { seconds: u64 },
    #[error("too many are logging in at this moment: try again in a few seconds")]
    Overloaded,
    #[error("not logged in, or no longer: log in again")]
    NoSession,
    #[error(
        "this API token is not known, has expired or was revoked: make another one in the studio"
    )]
    BadToken,
    #[error("this invitation is not known, was used, was revoked or has expired: ask for another")]
    NoInvitation,
    #[error(
        "not allowed: this needs the permission \"{needs}\"; an administrator can give a role \
         that has it, and a token needs it among its scopes"
    )]
    NotAllowed { needs: Permission },
    #[error("not allowed with an API token: log in with a name and a password")]
    NeedsSession,
    #[error("only the user can do this: an API token is made by whom it is for")]
    OnlyOneself,
    #[error("there is no {what} {id}: look at the list of them")]
    NoSuch { what: &'static str, id: i64 },
    #[error("there is a user {name} already: take another name")]
    NameTaken { name: UserName },
    #[error("{name} is the last administrator who can log in: make another one first")]
    LastAdmin { name: UserName },
    #[error("{name} was changed by somebody else at the same time: look again")]
    Changed { name: UserName },
    #[error("there are {most} {what} already: {instead}")]
    TooMany { what: &'static str, most: u32, instead: &'static str },
    #[error("cannot open the file of users: {source}\npath: {}", path.display())]
    Open { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the file of users is damaged, or of something else: {source}; stop the studio, then put \
         a copy of the file in its place, or move it away with its -wal and -shm and create the \
         first administrator again: recordings and labels are kept elsewhere\npath: {}",
        path.display()
    )]
    Damaged { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the file of users was made by another version of roadloop (format {found}, this one \
         knows {known}): use that version, or a newer one\npath: {}",
        path.display()
    )]
    Format { path: PathBuf, found: i64, known: i64 },
    #[error("cannot use the file of users: {source}")]
    Engine { source: rusqlite::Error },
    #[error("the machine gives no random numbers: {source}")]
    Random { source: getrandom::Error },
    #[error("cannot hash the password: {reason}")]
    Hashing { reason: String },
    #[error(
        "what is kept of this password is damaged: {reason}; an administrator can set another one"
    )]
    DamagedHash { reason: String },
}

impl UsersError {
    pub(crate) fn bad(what: &'static str, text: &str, reason: impl Into<String>) -> UsersError {
        UsersError::BadText { what, text: for_people(text, 80), reason: reason.into() }
    }

    pub fn kind(&self) -> ErrorKind {
        match self {
            UsersError::BadText { .. }
            | UsersError::BadPassword { .. }
            | UsersError::BadLogin
            | UsersError::NoSession
            | UsersError::BadToken
            | UsersError::NotAllowed { .. }
            | UsersError::NeedsSession
            | UsersError::OnlyOneself
            | UsersError::DamagedHash { .. }
            | UsersError::Damaged { .. }
            | UsersError::Format { .. } => ErrorKind::Invalid,
            UsersError::NoSuch { .. } | UsersError::NoInvitation => ErrorKind::NotFound,
            UsersError::NameTaken { .. }
            | UsersError::LastAdmin { .. }
            | UsersError::Changed { .. }
            | UsersError::TooMany { .. } => ErrorKind::Conflict,
            UsersError::TooManyTries { .. } | UsersError::Overloaded => ErrorKind::Busy,
            UsersError::Engine { source } if is_busy(source) => ErrorKind::Busy,
            UsersError::Open { source, .. } if source.downcast_ref().is_some_and(is_busy) => {
                ErrorKind::Busy
            }
            UsersError::Engine { .. }
            | UsersError::Open { .. }
            | UsersError::Random { .. }
            | UsersError::Hashing { .. } => ErrorKind::Internal,
        }
    }
}

impl From<rusqlite::Error> for UsersError {
    fn from(source: rusqlite::Error) -> UsersError {
        UsersError::Engine { source }
    }
}

impl From<getrandom::Error> for UsersError {
    fn from(source: getrandom::Error) -> UsersError {
        UsersError::Random { source }
    }
}

#[cfg(test)]
mod tests {
    use roadloop_sqlite::is_damaged;

    use super::*;

    #[track_caller]
    fn check(error: UsersError, kind: ErrorKind, expected: &str) {
        assert_eq!(error.kind(), kind);
        let words = error.to_string();
        assert!(words.contains(expected), "{words}");
    }

    #[test]
    fn errors_say_what_to_do() {
        let name = || UserName::new("ada").unwrap();
        let sqlite = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        check(UsersError::BadLogin, ErrorKind::Invalid, "asks an administrator");
        check(UsersError::TooManyTries { seconds: 7 }, ErrorKind::Busy, "wait 7 s");
        check(UsersError::Overloaded, ErrorKind::Busy, "try again");
        check(UsersError::NoSuch { what: "user", id: 7 }, ErrorKind::NotFound, "user 7");
        check(UsersError::NameTaken { name: name() }, ErrorKind::Conflict, "another name");
        check(UsersError::LastAdmin { name: name() }, ErrorKind::Conflict, "make another one");
        let needs = Permission::SeeRaw;
        check(UsersError::NotAllowed { needs }, ErrorKind::Invalid, "\"read-raw\"");
        let engine = |code| UsersError::from(sqlite(code));
        check(engine(rusqlite::ffi::SQLITE_BUSY), ErrorKind::Busy, "file of users");
        let open = |code| UsersError::Open { path: "x".into(), source: sqlite(code).into() };
        check(open(rusqlite::ffi::SQLITE_BUSY), ErrorKind::Busy, "path: x");
        check(open(rusqlite::ffi::SQLITE_CANTOPEN), ErrorKind::Internal, "path: x");
        check(engine(rusqlite::ffi::SQLITE_FULL), ErrorKind::Busy, "file of users");
        check(engine(rusqlite::ffi::SQLITE_IOERR), ErrorKind::Internal, "file of users");
        assert!(is_damaged(&sqlite(rusqlite::ffi::SQLITE_CORRUPT)));
        assert!(is_damaged(&sqlite(rusqlite::ffi::SQLITE_NOTADB)));
        assert!(!is_damaged(&sqlite(rusqlite::ffi::SQLITE_FULL)));
    }
}

//! A studio for tests: a file, an administrator who is logged in, and a clock that
//! stands still.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use roadloop_base::Nanos;

use crate::time::SECOND;
use crate::{By, People, Role, Session, User, UserId, UserName, Who};

pub(crate) const PASSWORD: &str = "seven bridges of the town";

/// Where everybody comes from, where it matters not.
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub(crate) struct Studio {
    folder: tempfile::TempDir,
    pub(crate) people: People,
    /// Administrator, logged in at 0.
    pub(crate) admin: Who,
}

impl Studio {
    pub(crate) fn new() -> Studio {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open_for_tests(&folder.path().join("studio.db")).unwrap();
        people.create_user(By::Operator, &name("root"), PASSWORD, Role::Admin, at(0)).unwrap();
        let admin = people.log_in("root", PASSWORD, HOME, at(0)).unwrap().who;
        Studio { folder, people, admin }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("studio.db")
    }

    /// The same file, as another process has it.
    pub(crate) fn other(&self) -> People {
        People::open_for_tests(&self.path()).unwrap()
    }

    pub(crate) fn by_admin(&self) -> By<'_> {
        By::Who(&self.admin, HOME)
    }

    pub(crate) fn user(&self, text: &str, role: Role) -> User {
        self.people.create_user(By::Operator, &name(text), PASSWORD, role, at(0)).unwrap()
    }

    pub(crate) fn log_in(&self, name: &str, at_seconds: i64) -> Session {
        self.people.log_in(name, PASSWORD, HOME, at(at_seconds)).unwrap()
    }

    pub(crate) fn admin_id(&self) -> UserId {
        self.admin.user()
    }

    /// Newest first: `name: action about = outcome`.
    pub(crate) fn audit(&self, most: usize) -> Vec<String> {
        let entries = self.people.audit(None, most).unwrap().into_iter();
        entries
            .map(|entry| {
                let line = entry.line;
                format!("{}: {} {} = {}", line.name, line.action, line.about, line.outcome)
            })
            .collect()
    }
}

pub(crate) fn name(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

/// Seconds of the clock.
pub(crate) fn at(seconds: i64) -> Nanos {
    Nanos(seconds * SECOND)
}

/// `ok`, or the words of an error, for one `assert_eq`.
pub(crate) fn words<T>(done: Result<T, crate::UsersError>) -> String {
    done.map_or_else(|error| error.to_string(), |_| "ok".to_owned())
}

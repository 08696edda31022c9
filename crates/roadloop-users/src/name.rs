//! Names of users, and numbers that cannot be mixed up.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::UsersError;
use crate::text::is_deceiving;

/// Whom the log of what was done names where it was the command line.
pub(crate) const OPERATOR: &str = "operator";

/// What a user logs in with: a name, or an address of mail.
///
/// Invariant: 1 to 64 characters, trimmed, none of them hidden or of control. Two
/// that differ in case only are the same name, by Unicode's lower case of each
/// character; letters of different scripts that look alike are different names.
#[derive(Clone)]
pub struct UserName {
    shown: String,
    folded: String,
}

impl UserName {
    pub fn new(name: &str) -> Result<UserName, UsersError> {
        let trimmed = name.trim();
        let length = trimmed.chars().take(65).count();
        if !(1..=64).contains(&length) {
            return Err(UsersError::bad("name", name, "use 1 to 64 characters"));
        }
        if trimmed.chars().any(is_deceiving) {
            return Err(UsersError::bad("name", name, "leave out hidden characters"));
        }
        let folded: String = trimmed.chars().flat_map(char::to_lowercase).collect();
        if folded == OPERATOR {
            return Err(UsersError::bad("name", name, "the log of what was done has this word"));
        }
        Ok(UserName { shown: trimmed.to_owned(), folded })
    }

    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The same for names that are the same.
    pub(crate) fn folded(&self) -> &str {
        &self.folded
    }
}

impl PartialEq for UserName {
    fn eq(&self, other: &UserName) -> bool {
        self.folded == other.folded
    }
}

impl Eq for UserName {}

impl Hash for UserName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown)
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserName({:?})", self.shown)
    }
}

impl FromStr for UserName {
    type Err = UsersError;

    fn from_str(text: &str) -> Result<UserName, UsersError> {
        UserName::new(text)
    }
}

macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_type! {
    /// A user; never given to another one.
    UserId
}
number_type! {
    /// An invitation, which is not its secret.
    InvitationId
}
number_type! {
    /// An API token, which is not its secret.
    TokenId
}
number_type! {
    /// A line of the audit log; later ones are larger.
    AuditId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let got = match UserName::new(name) {
            Ok(name) => name.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn names() {
        check("  ada@example.org ", "ada@example.org");
        check("Zoë O'Neil", "Zoë O'Neil");
        check("'; DROP TABLE users; --", "'; DROP TABLE users; --");
        check(&"x".repeat(64), &"x".repeat(64));
        check(" ", "error: \" \" cannot be a name: use 1 to 64 characters");
        let long =
            format!("error: \"{}…\" cannot be a name: use 1 to 64 characters", "x".repeat(80));
        check(&"x".repeat(1_000_000), &long);
        for hidden in ["a\0b", "a\nb", "a\u{202e}b", "a\u{200b}b", "a\u{1b}b"] {
            assert!(UserName::new(hidden).is_err(), "{hidden:?}");
        }
    }

    #[test]
    fn case_is_not_told_apart() {
        for (one, other) in [("Ada", "aDA"), ("ZOË", "zoë"), ("ΑΣ", "ασ")] {
            assert_eq!(UserName::new(one).unwrap(), UserName::new(other).unwrap());
        }
        assert_ne!(UserName::new("ada").unwrap(), UserName::new("аda").unwrap(), "Cyrillic");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_name_or_an_error(text in "\\PC{0,70}|.{0,70}") {
            if let Ok(name) = UserName::new(&text) {
                assert_eq!(UserName::new(name.as_str()).unwrap(), name);
                let again: String = name.folded.chars().flat_map(char::to_lowercase).collect();
                assert_eq!(again, name.folded);
                assert!((1..=64).contains(&name.as_str().chars().count()));
            }
        }
    }
}

//! Who may do what: the one table of roles and permissions.
//!
//! | | see | see-raw | label | edit | export | administer |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | viewer | yes | – | – | – | – | – |
//! | worker | – | – | yes | – | – | – |
//! | reviewer | yes | yes | yes | yes | yes | – |
//! | admin | yes | yes | yes | yes | yes | yes |
//!
//! The roles are no ladder. A worker draws boxes for pay, often from outside the
//! house: the tasks handed out show anonymised frames, and nothing else of the
//! catalog is shown, so a worker sees less than a viewer and does more. That is why
//! [`Role`] has no order: ask for the permission, never for the role.
//!
//! An export of raw images needs [`Permission::Export`] and [`Permission::SeeRaw`].

use std::fmt;
use std::ops::BitAnd;
use std::str::FromStr;

use crate::UsersError;

/// What a user is in the studio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Looks at what is anonymised.
    Viewer,
    /// Does the labelling tasks handed out, and sees nothing else.
    Worker,
    /// Works with the catalog, raw images included.
    Reviewer,
    /// Decides who the others are.
    Admin,
}

/// One thing that is allowed or is not. A token names it by its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Anonymised images, and the catalog.
    See,
    /// Images as the camera took them.
    SeeRaw,
    /// The tasks of labelling, with the anonymised frames they are about.
    Label,
    /// Boxes and tags in the catalog, saved selections.
    Edit,
    /// Files that leave the studio; of raw images only together with `SeeRaw`.
    Export,
    /// Users, invitations, everybody's tokens, the audit log.
    Administer,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Worker, Role::Reviewer, Role::Admin];

    /// The table of this page.
    pub fn permissions(self) -> Permissions {
        use Permission::{Administer, Edit, Export, Label, See, SeeRaw};
        match self {
            Role::Viewer => Permissions::of(&[See]),
            Role::Worker => Permissions::of(&[Label]),
            Role::Reviewer => Permissions::of(&[See, SeeRaw, Label, Edit, Export]),
            Role::Admin => Permissions::of(&[See, SeeRaw, Label, Edit, Export, Administer]),
        }
    }

    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(permission)
    }

    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Worker => "worker",
            Role::Reviewer => "reviewer",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = UsersError;

    fn from_str(text: &str) -> Result<Role, UsersError> {
        let found = Role::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| UsersError::bad("role", text, "use viewer, worker, reviewer or admin"))
    }
}

impl Permission {
    pub const ALL: [Permission; 6] = [
        Permission::See,
        Permission::SeeRaw,
        Permission::Label,
        Permission::Edit,
        Permission::Export,
        Permission::Administer,
    ];

    /// As the scopes of tokens name it.
    pub fn scope(self) -> &'static str {
        match self {
            Permission::See => "read",
            Permission::SeeRaw => "read-raw",
            Permission::Label => "label",
            Permission::Edit => "write",
            Permission::Export => "export",
            Permission::Administer => "admin",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.scope())
    }
}

impl FromStr for Permission {
    type Err = UsersError;

    fn from_str(text: &str) -> Result<Permission, UsersError> {
        let found = Permission::ALL.into_iter().find(|permission| permission.scope() == text);
        found.ok_or_else(|| {
            UsersError::bad("scope", text, "use read, read-raw, label, write, export or admin")
        })
    }
}

/// A set of permissions: of a role, or the scopes of a token. As text, scopes with
/// commas: `read,label`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u8);

impl Permissions {
    pub fn of(permissions: &[Permission]) -> Permissions {
        Permissions(permissions.iter().fold(0, |bits, permission| bits | permission.bit()))
    }

    pub fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }

    /// Those that `other` lacks.
    pub fn less(self, other: Permissions) -> Permissions {
        Permissions(self.0 & !other.0)
    }
}

/// Those in both.
impl BitAnd for Permissions {
    type Output = Permissions;

    fn bitand(self, other: Permissions) -> Permissions {
        Permissions(self.0 & other.0)
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<&str> = self.iter().map(Permission::scope).collect();
        f.pad(&scopes.join(","))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({self})")
    }
}

impl FromStr for Permissions {
    type Err = UsersError;

    fn from_str(text: &str) -> Result<Permissions, UsersError> {
        let mut bits = 0;
        for scope in text.split(',').map(str::trim).filter(|scope| !scope.is_empty()) {
            bits |= scope.parse::<Permission>()?.bit();
        }
        Ok(Permissions(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table at the head of this file, word for word.
    #[test]
    fn the_table_is_what_it_says() {
        let words = ["see", "see-raw", "label", "edit", "export", "administer"];
        let mut table = format!("| | {} |\n|", words.join(" | "));
        table += &" --- |".repeat(words.len() + 1);
        table.push('\n');
        for role in Role::ALL {
            let cells = Permission::ALL.map(|may| if role.may(may) { "yes" } else { "–" });
            table += &format!("| {role} | {} |\n", cells.join(" | "));
        }
        let page: String = include_str!("role.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//! |"))
            .map(|line| format!("|{line}\n"))
            .collect();
        assert_eq!(table, page);
    }

    #[test]
    fn who_sees_raw_images_is_counted() {
        let raw = Role::ALL.into_iter().filter(|role| role.may(Permission::SeeRaw));
        assert_eq!(raw.collect::<Vec<_>>(), [Role::Reviewer, Role::Admin]);
        let admins = Role::ALL.into_iter().filter(|role| role.may(Permission::Administer));
        assert_eq!(admins.collect::<Vec<_>>(), [Role::Admin]);
        // A worker does not browse.
        assert!(!Role::Worker.may(Permission::See) && !Role::Viewer.may(Permission::Label));
    }

    #[test]
    fn texts_round_trip() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>().unwrap(), role);
            let permissions = role.permissions();
            assert_eq!(permissions.to_string().parse::<Permissions>().unwrap(), permissions);
        }
        for permission in Permission::ALL {
            assert_eq!(permission.to_string().parse::<Permission>().unwrap(), permission);
        }
    }

    #[track_caller]
    fn check(scopes: &str, expected: &str) {
        let got = match scopes.parse::<Permissions>() {
            Ok(permissions) => permissions.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn scopes() {
        check("label, read ,read", "read,label");
        check("", "");
        check(
            "read,Admin",
            "error: \"Admin\" cannot be a scope: use read, read-raw, label, write, export or admin",
        );
        let error = "Admin".parse::<Role>().unwrap_err().to_string();
        assert_eq!(error, "\"Admin\" cannot be a role: use viewer, worker, reviewer or admin");
    }

    proptest::proptest! {
        #[test]
        fn what_is_in_both_is_in_each(a in 0..64u8, b in 0..64u8) {
            let (a, b) = (Permissions(a), Permissions(b));
            for permission in Permission::ALL {
                let in_both = a.contains(permission) && b.contains(permission);
                assert_eq!((a & b).contains(permission), in_both);
                let only_in_a = a.contains(permission) && !b.contains(permission);
                assert_eq!(a.less(b).contains(permission), only_in_a);
            }
        }

        #[test]
        fn any_text_is_scopes_or_an_error(text in ".{0,80}") {
            if let Ok(permissions) = text.parse::<Permissions>() {
                assert_eq!(permissions.to_string().parse::<Permissions>().unwrap(), permissions);
            }
        }
    }
}

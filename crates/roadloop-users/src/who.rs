//! Who is asking: what the lookup of a session or a token gives.

use std::net::IpAddr;

use rusqlite::{OptionalExtension, Transaction, params};

use crate::columns::parsed;
use crate::{Permission, Permissions, Role, TokenId, UserId, UserName, UsersError};

/// A user, as found a moment ago by a session or a token; nothing else makes one.
/// Changes look again at the role that the user has then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub(crate) user: UserId,
    pub(crate) name: UserName,
    pub(crate) role: Role,
    pub(crate) came: Came,
}

/// How a user came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    Session,
    Token { id: TokenId, name: String, scopes: Permissions },
}

impl Who {
    pub fn user(&self) -> UserId {
        self.user
    }

    pub fn name(&self) -> &UserName {
        &self.name
    }

    pub fn role(&self) -> Role {
        self.role
    }

    pub fn came(&self) -> &Came {
        &self.came
    }

    /// What the role allows, and the token as well where there is one.
    pub fn permissions(&self) -> Permissions {
        allowed(self.role, &self.came)
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.permissions().contains(permission)
    }

    /// The same as an error that says what is missing.
    pub fn needs(&self, permission: Permission) -> Result<(), UsersError> {
        if self.may(permission) {
            return Ok(());
        }
        Err(UsersError::NotAllowed { needs: permission })
    }

    /// For what makes or changes secrets: a token that was stolen must not be able
    /// to live on as another one.
    pub(crate) fn needs_session(&self) -> Result<(), UsersError> {
        match self.came {
            Came::Session => Ok(()),
            Came::Token { .. } => Err(UsersError::NeedsSession),
        }
    }
}

fn allowed(role: Role, came: &Came) -> Permissions {
    match came {
        Came::Session => role.permissions(),
        Came::Token { scopes, .. } => role.permissions() & *scopes,
    }
}

/// Who orders something, and from where: the audit log writes it down.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// Who can write the file itself: the command line. May do everything.
    Operator,
    Who(&'a Who, IpAddr),
}

impl<'a> By<'a> {
    pub(crate) fn user(self) -> Option<UserId> {
        match self {
            By::Operator => None,
            By::Who(who, _) => Some(who.user),
        }
    }

    pub(crate) fn from(self) -> Option<IpAddr> {
        match self {
            By::Operator => None,
            By::Who(_, from) => Some(from),
        }
    }

    /// An administrator still, inside the transaction that depends on it.
    pub(crate) fn needs_admin(self, transaction: &Transaction<'_>) -> Result<(), UsersError> {
        let By::Who(who, _) = self else { return Ok(()) };
        let needs = Permission::Administer;
        match role_now(transaction, who)? {
            Some(role) if allowed(role, &who.came).contains(needs) => Ok(()),
            _ => Err(UsersError::NotAllowed { needs }),
        }
    }

    /// An administrator, or the user it is about, come by a session.
    pub(crate) fn needs_self_or_admin(
        self,
        transaction: &Transaction<'_>,
        about: UserId,
    ) -> Result<(), UsersError> {
        match self {
            By::Who(who, _) if who.user == about && who.came == Came::Session => {
                role_now(transaction, who)?.map(drop).ok_or(UsersError::NoSession)
            }
            by => by.needs_admin(transaction),
        }
    }
}

/// None where the user is disabled, or the token they came with is revoked.
pub(crate) fn role_now(
    transaction: &Transaction<'_>,
    who: &Who,
) -> Result<Option<Role>, UsersError> {
    if let Came::Token { id, .. } = who.came {
        let mut live = transaction
            .prepare("SELECT 1 FROM tokens WHERE id = ?1 AND user = ?2 AND revoked_at IS NULL")?;
        if !live.exists(params![id.0, who.user.0])? {
            return Ok(None);
        }
    }
    let role = transaction.query_row(
        "SELECT role FROM users WHERE id = ?1 AND disabled_at IS NULL",
        [who.user.0],
        |row| parsed(row, 0),
    );
    Ok(role.optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn who(role: Role, came: Came) -> Who {
        Who { user: UserId(1), name: UserName::new("ada").unwrap(), role, came }
    }

    proptest! {
        #[test]
        fn a_token_may_no_more_than_its_user(
            role in 0..4_usize,
            scopes in proptest::sample::subsequence(Permission::ALL.to_vec(), 0..=6),
        ) {
            let role = Role::ALL[role];
            let scopes = Permissions::of(&scopes);
            let token = Came::Token { id: TokenId(1), name: "ci".into(), scopes };
            let (user, token) = (who(role, Came::Session), who(role, token));
            for permission in Permission::ALL {
                prop_assert_eq!(user.may(permission), role.may(permission));
                let both = user.may(permission) && scopes.contains(permission);
                prop_assert_eq!(token.may(permission), both);
                prop_assert_eq!(token.needs(permission).is_ok(), both);
            }
        }
    }
}

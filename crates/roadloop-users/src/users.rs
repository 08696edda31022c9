//! Users: made, listed, changed. None is ever deleted, so that the audit log and
//! what they labelled keep their author; who has left is disabled.
//!
//! A new password, another role and disabling end the sessions of the user;
//! disabling revokes their API tokens too. Who stops being an administrator leaves
//! no open invitation behind, through which to come back as one.

use std::net::IpAddr;

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::audit::note;
use crate::columns::{parsed, time, time_if_any};
use crate::password::Verdict;
use crate::who::role_now;
use crate::{Audit, By, People, Role, UserId, UserName, UsersError, Who, check_password};

/// Of one studio: so many are listed at once.
const MOST_USERS: u32 = 10_000;

/// A user, as lists show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: UserName,
    pub role: Role,
    pub made_at: Nanos,
    pub logged_in_at: Option<Nanos>,
    pub disabled_at: Option<Nanos>,
}

const COLUMNS: &str = "id, name, role, made_at, logged_in_at, disabled_at";

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: parsed(row, 1)?,
        role: parsed(row, 2)?,
        made_at: time(row, 3)?,
        logged_in_at: time_if_any(row, 4)?,
        disabled_at: time_if_any(row, 5)?,
    })
}

impl User {
    fn is_enabled_admin(&self) -> bool {
        self.role == Role::Admin && self.disabled_at.is_none()
    }
}

impl People {
    /// Makes a user with a password; the first administrator by the command line.
    pub fn create_user(
        &self,
        by: By<'_>,
        name: &UserName,
        password: &str,
        role: Role,
        now: Nanos,
    ) -> Result<User, UsersError> {
        check_password(password, name)?;
        self.read(|transaction| by.needs_admin(transaction))?;
        let hash = self.hashing().hash(password)?;
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            let made = insert(transaction, name, &hash, role, now)?;
            note(transaction, &Audit::done(by, "create user", format!("{name}, {role}"), now))?;
            Ok(made)
        })
    }

    /// All users, in the order they were made.
    pub fn users(&self) -> Result<Vec<User>, UsersError> {
        self.read(|transaction| {
            let mut select =
                transaction.prepare(&format!("SELECT {COLUMNS} FROM users ORDER BY id"))?;
            let users = select.query_map([], user)?;
            Ok(users.collect::<rusqlite::Result<_>>()?)
        })
    }

    pub fn user(&self, id: UserId) -> Result<User, UsersError> {
        self.read(|transaction| find(transaction, id))
    }

    pub fn user_named(&self, name: &UserName) -> Result<Option<User>, UsersError> {
        self.read(|transaction| {
            let select = format!("SELECT {COLUMNS} FROM users WHERE folded = ?1");
            Ok(transaction.query_row(&select, [name.folded()], user).optional()?)
        })
    }

    /// Whether somebody can administer: if not, the command line makes the first.
    pub fn has_admin(&self) -> Result<bool, UsersError> {
        self.read(|transaction| Ok(enabled_admins(transaction)? > 0))
    }

    /// Gives a role, and ends the sessions of who has another one.
    pub fn set_role(
        &self,
        by: By<'_>,
        id: UserId,
        role: Role,
        now: Nanos,
    ) -> Result<(), UsersError> {
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            let user = find(transaction, id)?;
            if user.role == role {
                return Ok(());
            }
            keep_an_admin(transaction, &user)?;
            transaction
                .execute("UPDATE users SET role = ?2 WHERE id = ?1", params![id.0, role.name()])?;
            end_sessions(transaction, id)?;
            revoke_invitations_of(transaction, id, now)?;
            let about = format!("{}: {} to {role}", user.name, user.role);
            note(transaction, &Audit::done(by, "set role", about, now))
        })
    }

    /// Lets nobody in by this name any more: sessions end, API tokens are revoked.
    pub fn disable(&self, by: By<'_>, id: UserId, now: Nanos) -> Result<(), UsersError> {
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            let user = find(transaction, id)?;
            if user.disabled_at.is_some() {
                return Ok(());
            }
            keep_an_admin(transaction, &user)?;
            transaction
                .execute("UPDATE users SET disabled_at = ?2 WHERE id = ?1", params![id.0, now.0])?;
            end_sessions(transaction, id)?;
            transaction.execute(
                "UPDATE tokens SET revoked_at = ?2 WHERE user = ?1 AND revoked_at IS NULL",
                params![id.0, now.0],
            )?;
            revoke_invitations_of(transaction, id, now)?;
            note(transaction, &Audit::done(by, "disable user", user.name.to_string(), now))
        })
    }

    /// With the password and role from before; tokens that were revoked stay so.
    pub fn enable(&self, by: By<'_>, id: UserId, now: Nanos) -> Result<(), UsersError> {
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            let user = find(transaction, id)?;
            if user.disabled_at.is_none() {
                return Ok(());
            }
            transaction.execute("UPDATE users SET disabled_at = NULL WHERE id = ?1", [id.0])?;
            note(transaction, &Audit::done(by, "enable user", user.name.to_string(), now))
        })
    }

    /// One's own password, by the old one. Ends all sessions, this one included.
    /// Wrong old ones count as failed logins: a session that was stolen does not
    /// find out the password.
    pub fn change_password(
        &self,
        who: &Who,
        old: &str,
        new: &str,
        from: IpAddr,
        now: Nanos,
    ) -> Result<(), UsersError> {
        who.needs_session()?;
        check_password(new, &who.name)?;
        let by = By::Who(who, from);
        let tried = self.throttle().begin(Some(&who.name), from, now)?;
        let checked = self.read(|transaction| password_of(transaction, who)).and_then(|hash| {
            let verdict = self.hashing().verify(old, Some(&hash))?;
            Ok((hash, verdict))
        });
        let old_hash = match checked {
            Ok((hash, Verdict::Right | Verdict::RightButOld)) => hash,
            Ok((_, Verdict::Wrong)) => {
                let mut line = Audit::done(by, "change password", who.name.to_string(), now);
                line.outcome = "wrong old password".to_owned();
                self.note(&line)?;
                return Err(UsersError::BadLogin);
            }
            Err(error) => {
                if matches!(error, UsersError::Overloaded) {
                    self.throttle().take_back(&tried);
                }
                return Err(error);
            }
        };
        self.throttle().succeeded(&tried);
        let new_hash = self.hashing().hash(new)?;
        self.write(|transaction| {
            role_now(transaction, who)?.ok_or(UsersError::NoSession)?;
            let changed = transaction.execute(
                "UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2",
                params![who.user.0, old_hash, new_hash],
            )?;
            if changed == 0 {
                return Err(UsersError::Changed { name: who.name.clone() });
            }
            end_sessions(transaction, who.user)?;
            note(transaction, &Audit::done(by, "change password", who.name.to_string(), now))
        })
    }

    /// Somebody's password, by an administrator. Ends their sessions.
    pub fn reset_password(
        &self,
        by: By<'_>,
        id: UserId,
        new: &str,
        now: Nanos,
    ) -> Result<(), UsersError> {
        let user = self.read(|transaction| {
            by.needs_admin(transaction)?;
            find(transaction, id)
        })?;
        check_password(new, &user.name)?;
        let hash = self.hashing().hash(new)?;
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            transaction
                .execute("UPDATE users SET password = ?2 WHERE id = ?1", params![id.0, hash])?;
            end_sessions(transaction, id)?;
            note(transaction, &Audit::done(by, "reset password", user.name.to_string(), now))
        })
    }
}

pub(crate) fn insert(
    transaction: &Transaction<'_>,
    name: &UserName,
    hash: &str,
    role: Role,
    now: Nanos,
) -> Result<User, UsersError> {
    let count: u32 = transaction.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?;
    if count >= MOST_USERS {
        let instead = "run another studio for the others";
        return Err(UsersError::TooMany { what: "users", most: MOST_USERS, instead });
    }
    if transaction.prepare("SELECT 1 FROM users WHERE folded = ?1")?.exists([name.folded()])? {
        return Err(UsersError::NameTaken { name: name.clone() });
    }
    transaction.execute(
        "INSERT INTO users (name, folded, role, password, made_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![name.as_str(), name.folded(), role.name(), hash, now.0],
    )?;
    find(transaction, UserId(transaction.last_insert_rowid()))
}

pub(crate) fn find(transaction: &Transaction<'_>, id: UserId) -> Result<User, UsersError> {
    let select = format!("SELECT {COLUMNS} FROM users WHERE id = ?1");
    let found = transaction.query_row(&select, [id.0], user).optional()?;
    found.ok_or(UsersError::NoSuch { what: "user", id: id.0 })
}

fn password_of(transaction: &Transaction<'_>, who: &Who) -> Result<String, UsersError> {
    let hash = transaction.query_row(
        "SELECT password FROM users WHERE id = ?1 AND disabled_at IS NULL",
        [who.user.0],
        |row| row.get(0),
    );
    hash.optional()?.ok_or(UsersError::NoSession)
}

fn enabled_admins(transaction: &Transaction<'_>) -> Result<i64, UsersError> {
    Ok(transaction.query_row(
        "SELECT count(*) FROM users WHERE role = ?1 AND disabled_at IS NULL",
        [Role::Admin.name()],
        |row| row.get(0),
    )?)
}

/// Refuses to take away the last one who can administer.
fn keep_an_admin(transaction: &Transaction<'_>, user: &User) -> Result<(), UsersError> {
    if user.is_enabled_admin() && enabled_admins(transaction)? < 2 {
        return Err(UsersError::LastAdmin { name: user.name.clone() });
    }
    Ok(())
}

pub(crate) fn end_sessions(transaction: &Transaction<'_>, id: UserId) -> Result<(), UsersError> {
    transaction.execute("DELETE FROM sessions WHERE user = ?1", [id.0])?;
    Ok(())
}

fn revoke_invitations_of(
    transaction: &Transaction<'_>,
    id: UserId,
    now: Nanos,
) -> Result<(), UsersError> {
    transaction.execute(
        "UPDATE invitations SET revoked_at = ?2
         WHERE made_by = ?1 AND revoked_at IS NULL AND taken_by IS NULL",
        params![id.0, now.0],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;

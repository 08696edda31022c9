//! Invitations: a link by which somebody becomes a user, once.
//!
//! The role is decided by who invites, the name and the password by who comes. An
//! invitation ends when it is taken, when it is revoked, when its time is over, and
//! when who made it is an administrator no longer.

use std::net::IpAddr;
use std::time::Duration;

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};

use crate::audit::note;
use crate::columns::{parsed, time};
use crate::secret::{Fingerprint, Secret};
use crate::time::{after, nanos};
use crate::users::insert;
use crate::{
    Audit, By, InvitationId, InvitationSecret, People, Role, User, UserId, UserName, UsersError,
    check_password,
};

/// How long an invitation is open, where nothing else is said.
pub const INVITATION_FOR: Duration = Duration::from_secs(7 * 24 * 3600);

/// And at most.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);

/// Open at once.
const MOST_OPEN: u32 = 1_000;

/// An invitation, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub role: Role,
    /// None for the command line.
    pub made_by: Option<UserId>,
    pub made_at: Nanos,
    pub expires_at: Nanos,
    pub state: InvitationState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    Open,
    TakenBy(UserId),
    Revoked,
    Expired,
}

/// What an invitation that can be taken fulfils.
const IS_OPEN: &str = "revoked_at IS NULL AND taken_by IS NULL AND expires_at > :now";

impl People {
    /// Makes a link's secret, open for a span of at most 90 days.
    pub fn invite(
        &self,
        by: By<'_>,
        role: Role,
        open_for: Duration,
        now: Nanos,
    ) -> Result<(InvitationId, InvitationSecret), UsersError> {
        if open_for.is_zero() || open_for > LONGEST {
            let span = format!("{} s", open_for.as_secs());
            return Err(UsersError::bad("time for an invitation", &span, "use 1 s to 90 days"));
        }
        let secret = InvitationSecret(Secret::random()?);
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            let count = format!("SELECT count(*) FROM invitations WHERE {IS_OPEN}");
            let now_named = named_params! { ":now": now.0 };
            let open: u32 = transaction.query_row(&count, now_named, |row| row.get(0))?;
            if open >= MOST_OPEN {
                let (what, instead) = ("open invitations", "revoke those that nobody waits for");
                return Err(UsersError::TooMany { what, most: MOST_OPEN, instead });
            }
            transaction.execute(
                "INSERT INTO invitations (secret, role, made_by, made_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    secret.0.fingerprint().0,
                    role.name(),
                    by.user().map(|user| user.0),
                    now.0,
                    after(now, nanos(open_for)).0,
                ],
            )?;
            let id = InvitationId(transaction.last_insert_rowid());
            note(transaction, &Audit::done(by, "invite", format!("invitation {id}, {role}"), now))?;
            Ok((id, secret))
        })
    }

    /// Those of the last months, newest first; at most 1000.
    pub fn invitations(&self, now: Nanos) -> Result<Vec<Invitation>, UsersError> {
        self.read(|transaction| {
            let mut select = transaction.prepare(
                "SELECT id, role, made_by, made_at, expires_at, taken_by, revoked_at IS NOT NULL
                 FROM invitations ORDER BY id DESC LIMIT 1000",
            )?;
            let invitations = select.query_map([], |row| invitation(row, now))?;
            Ok(invitations.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Closes an open invitation; one that is closed already is no error.
    pub fn revoke_invitation(
        &self,
        by: By<'_>,
        id: InvitationId,
        now: Nanos,
    ) -> Result<(), UsersError> {
        self.write(|transaction| {
            by.needs_admin(transaction)?;
            if !transaction.prepare("SELECT 1 FROM invitations WHERE id = ?1")?.exists([id.0])? {
                return Err(UsersError::NoSuch { what: "invitation", id: id.0 });
            }
            let revoked = transaction.execute(
                "UPDATE invitations SET revoked_at = ?2
                 WHERE id = ?1 AND revoked_at IS NULL AND taken_by IS NULL",
                params![id.0, now.0],
            )?;
            if revoked == 0 {
                return Ok(());
            }
            let about = format!("invitation {id}");
            note(transaction, &Audit::done(by, "revoke invitation", about, now))
        })
    }

    /// The role that an open invitation gives, for the page that asks for a name.
    pub fn invited_as(&self, secret: &str, now: Nanos) -> Result<Role, UsersError> {
        let key = key(secret)?;
        self.read(|transaction| Ok(open(transaction, key, now)?.1))
    }

    /// Makes a user of who has the secret. Of two at once one wins; where the name
    /// is taken or the password refused, the invitation stays open.
    pub fn accept(
        &self,
        secret: &str,
        name: &UserName,
        password: &str,
        from: IpAddr,
        now: Nanos,
    ) -> Result<User, UsersError> {
        let key = key(secret)?;
        // Nobody without an invitation makes us hash.
        self.read(|transaction| open(transaction, key, now))?;
        check_password(password, name)?;
        let hash = self.hashing().hash(password)?;
        self.write(|transaction| {
            let (id, role) = open(transaction, key, now)?;
            let user = insert(transaction, name, &hash, role, now)?;
            transaction.execute(
                "UPDATE invitations SET taken_by = ?2 WHERE id = ?1",
                params![id.0, user.id.0],
            )?;
            let line = Audit {
                at: now,
                user: Some(user.id),
                name: user.name.to_string(),
                from: Some(from),
                action: "accept invitation".to_owned(),
                about: format!("invitation {id}, {role}"),
                outcome: "done".to_owned(),
            };
            note(transaction, &line)?;
            Ok(user)
        })
    }
}

fn key(secret: &str) -> Result<Fingerprint, UsersError> {
    Secret::parse(secret).map(|secret| secret.fingerprint()).ok_or(UsersError::NoInvitation)
}

fn open(
    transaction: &Transaction<'_>,
    key: Fingerprint,
    now: Nanos,
) -> Result<(InvitationId, Role), UsersError> {
    let select = format!("SELECT id, role FROM invitations WHERE secret = :secret AND {IS_OPEN}");
    let given = named_params! { ":secret": key.0, ":now": now.0 };
    let found = transaction
        .query_row(&select, given, |row| Ok((InvitationId(row.get(0)?), parsed(row, 1)?)));
    found.optional()?.ok_or(UsersError::NoInvitation)
}

fn invitation(row: &Row<'_>, now: Nanos) -> rusqlite::Result<Invitation> {
    let expires_at = time(row, 4)?;
    let state = match (row.get(5)?, row.get(6)?) {
        (Some(user), _) => InvitationState::TakenBy(UserId(user)),
        (None, true) => InvitationState::Revoked,
        (None, false) if expires_at <= now => InvitationState::Expired,
        (None, false) => InvitationState::Open,
    };
    Ok(Invitation {
        id: InvitationId(row.get(0)?),
        role: parsed(row, 1)?,
        made_by: row.get::<_, Option<i64>>(2)?.map(UserId),
        made_at: time(row, 3)?,
        expires_at,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HOME, PASSWORD, Studio, at, name, words};
    use crate::{InvitationState as State, UsersError};

    const CLOSED: &str =
        "this invitation is not known, was used, was revoked or has expired: ask for another";

    fn invite(studio: &Studio, role: Role) -> (InvitationId, String) {
        let by = studio.by_admin();
        let (id, secret) = studio.people.invite(by, role, INVITATION_FOR, at(0)).unwrap();
        (id, secret.reveal())
    }

    fn accept(people: &People, secret: &str, text: &str, at_seconds: i64) -> String {
        words(people.accept(secret, &name(text), PASSWORD, HOME, at(at_seconds)))
    }

    #[test]
    fn an_invitation_makes_one_user() {
        let studio = Studio::new();
        let (id, secret) = invite(&studio, Role::Reviewer);
        assert_eq!(studio.people.invited_as(&secret, at(1)).unwrap(), Role::Reviewer);
        let taken = "there is a user Root already: take another name";
        assert_eq!(accept(&studio.people, &secret, "Root", 1), taken);
        let short = studio.people.accept(&secret, &name("ada"), "short", HOME, at(1));
        assert!(words(short).contains("it has 5 characters"));
        assert_eq!(accept(&studio.people, &secret, "ada", 1), "ok");
        assert_eq!(accept(&studio.people, &secret, "eve", 1), CLOSED);
        assert_eq!(words(studio.people.invited_as(&secret, at(1))), CLOSED);
        let ada = studio.log_in("ada", 2).who;
        assert_eq!(ada.role(), Role::Reviewer);
        let listed = &studio.people.invitations(at(1)).unwrap()[0];
        assert_eq!((listed.id, listed.state), (id, State::TakenBy(ada.user())));
        assert_eq!(listed.made_by, Some(studio.admin_id()));
        let log = studio.audit(3);
        assert_eq!(log[1], format!("ada: accept invitation invitation {id}, reviewer = done"));
        assert_eq!(log[2], format!("root: invite invitation {id}, reviewer = done"));
    }

    #[test]
    fn of_many_at_once_one_wins() {
        let studio = Studio::new();
        let (_, secret) = invite(&studio, Role::Worker);
        let done: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|n| {
                    let (people, secret) = (studio.other(), secret.clone());
                    scope.spawn(move || accept(&people, &secret, &format!("user {n}"), 1))
                })
                .collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|done| *done == "ok").count(), 1, "{done:?}");
        assert_eq!(done.iter().filter(|done| *done == CLOSED).count(), 7, "{done:?}");
        assert_eq!(studio.people.users().unwrap().len(), 2);
    }

    #[test]
    fn an_invitation_ends() {
        let studio = Studio::new();
        let week = INVITATION_FOR.as_secs() as i64;
        let (expiring, secret) = invite(&studio, Role::Viewer);
        assert_eq!(accept(&studio.people, &secret, "ada", week), CLOSED);
        let (revoked, secret) = invite(&studio, Role::Viewer);
        studio.people.revoke_invitation(studio.by_admin(), revoked, at(1)).unwrap();
        studio.people.revoke_invitation(studio.by_admin(), revoked, at(1)).unwrap();
        assert_eq!(accept(&studio.people, &secret, "ada", 1), CLOSED);
        let none = studio.people.revoke_invitation(studio.by_admin(), InvitationId(99), at(1));
        assert_eq!(words(none), "there is no invitation 99: look at the list of them");
        for bad in ["", "' OR 1=1 --", &"0".repeat(64), &secret.to_uppercase()] {
            assert_eq!(accept(&studio.people, bad, "ada", 1), CLOSED);
        }
        let listed = studio.people.invitations(at(week)).unwrap();
        assert_eq!((listed[0].id, listed[0].state), (revoked, State::Revoked));
        assert_eq!((listed[1].id, listed[1].state), (expiring, State::Expired));
        studio.people.sweep(at(week + 91 * 24 * 3600)).unwrap();
        assert_eq!(studio.people.invitations(at(week)).unwrap(), []);
    }

    #[test]
    fn who_is_no_administrator_any_more_leaves_no_way_back() {
        let studio = Studio::new();
        let eve = studio.user("eve", Role::Admin);
        let by_eve = studio.log_in("eve", 0).who;
        let by_eve = By::Who(&by_eve, HOME);
        let invite = || studio.people.invite(by_eve, Role::Admin, INVITATION_FOR, at(0));
        let (_, secret) = invite().unwrap();
        studio.people.set_role(studio.by_admin(), eve.id, Role::Viewer, at(1)).unwrap();
        assert_eq!(accept(&studio.people, &secret.reveal(), "mallory", 2), CLOSED);
        // What was looked up before counts no longer.
        assert!(matches!(invite(), Err(UsersError::NotAllowed { .. })));
    }

    #[test]
    fn how_long_and_how_many_is_bounded() {
        let studio = Studio::new();
        let by = studio.by_admin();
        for days in [0, 91, u64::MAX / (24 * 3600)] {
            let span = Duration::from_secs(days * 24 * 3600);
            let refused = studio.people.invite(by, Role::Viewer, span, at(0));
            assert!(words(refused).ends_with("use 1 s to 90 days"));
        }
    }
}

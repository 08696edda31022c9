//! Sessions: what a login gives, and what a cookie brings back.
//!
//! A session's id is a secret made here at each login; one that somebody brings
//! along is only looked up, never taken over. It ends 12 hours after it was last
//! seen, 7 days after the login, or when it is told to.

use std::net::IpAddr;
use std::time::Duration;

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Transaction, params};

use crate::audit::note;
use crate::columns::{parsed, time};
use crate::secret::Secret;
use crate::time::{HOUR, MINUTE, after, nanos};
use crate::users::{end_sessions, find};
use crate::{Audit, By, Came, CsrfToken, People, SessionSecret, UserId, UsersError, Who};

/// A session that is not used so long has ended.
pub const SESSION_IDLE: Duration = Duration::from_secs(12 * 3600);

/// And one that was used all the time, after this.
pub const SESSION_AT_MOST: Duration = Duration::from_secs(7 * 24 * 3600);

/// When it was last seen is written this often.
pub(crate) const SEEN_EVERY: i64 = MINUTE;

/// Of one user; with one more the oldest ends.
const MOST_SESSIONS: i64 = 50;

/// Invitations and tokens that are over are listed this long.
const DEAD_FOR: i64 = 90 * 24 * HOUR;

/// What a login gives, and each request that brings its secret along.
#[derive(Clone, Debug)]
pub struct Session {
    /// For the cookie.
    pub secret: SessionSecret,
    /// For the pages.
    pub csrf: CsrfToken,
    pub who: Who,
    /// At the latest; before, where it is not used.
    pub expires_at: Nanos,
}

impl Session {
    fn of(secret: SessionSecret, who: Who, made_at: Nanos) -> Session {
        let csrf = secret.csrf();
        Session { secret, csrf, who, expires_at: after(made_at, nanos(SESSION_AT_MOST)) }
    }
}

impl People {
    /// The session that a cookie belongs to, for this one request.
    pub fn session(&self, secret: &str, now: Nanos) -> Result<Session, UsersError> {
        let secret = SessionSecret(Secret::parse(secret).ok_or(UsersError::NoSession)?);
        let key = secret.0.fingerprint().0;
        let found = self.read(|transaction| {
            let found = transaction.query_row(
                "SELECT users.id, users.name, users.role, sessions.made_at, sessions.seen_at
                 FROM sessions JOIN users ON users.id = sessions.user
                 WHERE sessions.secret = ?1 AND users.disabled_at IS NULL",
                [key],
                |row| {
                    let (user, name) = (UserId(row.get(0)?), parsed(row, 1)?);
                    let who = Who { user, name, role: parsed(row, 2)?, came: Came::Session };
                    Ok((who, time(row, 3)?, time(row, 4)?))
                },
            );
            Ok(found.optional()?)
        })?;
        let (who, made_at, seen_at) = found.ok_or(UsersError::NoSession)?;
        let session = Session::of(secret, who, made_at);
        if now >= session.expires_at || now >= after(seen_at, nanos(SESSION_IDLE)) {
            return Err(UsersError::NoSession);
        }
        if now >= after(seen_at, SEEN_EVERY) {
            // Where it cannot be written (the disk is full), people still get in; the
            // session ends sooner.
            let _ = self.write(|transaction| {
                let update = "UPDATE sessions SET seen_at = ?2 WHERE secret = ?1 AND seen_at < ?2";
                Ok(transaction.execute(update, params![key, now.0])?)
            });
        }
        Ok(session)
    }

    /// Ends a session; one that has ended already is no error.
    pub fn log_out(&self, secret: &str, from: IpAddr, now: Nanos) -> Result<(), UsersError> {
        let Session { secret, who, .. } = match self.session(secret, now) {
            Ok(session) => session,
            Err(UsersError::NoSession) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.write(|transaction| {
            transaction
                .execute("DELETE FROM sessions WHERE secret = ?1", [secret.0.fingerprint().0])?;
            let by = By::Who(&who, from);
            note(transaction, &Audit::done(by, "log out", who.name.to_string(), now))
        })
    }

    /// Ends all sessions of a user: one's own, or by an administrator.
    pub fn log_out_everywhere(
        &self,
        by: By<'_>,
        user: UserId,
        now: Nanos,
    ) -> Result<(), UsersError> {
        self.write(|transaction| {
            by.needs_self_or_admin(transaction, user)?;
            let name = find(transaction, user)?.name;
            end_sessions(transaction, user)?;
            note(transaction, &Audit::done(by, "log out everywhere", name.to_string(), now))
        })
    }

    /// Forgets what has ended: sessions at once, invitations and tokens after 90
    /// days. Each login does it too; who has a clock may call it once a day.
    pub fn sweep(&self, now: Nanos) -> Result<(), UsersError> {
        self.write(|transaction| sweep(transaction, now))
    }
}

pub(crate) fn sweep(transaction: &Transaction<'_>, now: Nanos) -> Result<(), UsersError> {
    transaction.execute(
        "DELETE FROM sessions WHERE made_at <= ?1 OR seen_at <= ?2",
        params![after(now, -nanos(SESSION_AT_MOST)).0, after(now, -nanos(SESSION_IDLE)).0],
    )?;
    let dead_before = after(now, -DEAD_FOR).0;
    transaction.execute("DELETE FROM invitations WHERE expires_at <= ?1", [dead_before])?;
    transaction
        .execute("DELETE FROM tokens WHERE expires_at <= ?1 OR revoked_at <= ?1", [dead_before])?;
    Ok(())
}

/// Makes a session for who has just shown the password.
pub(crate) fn begin(
    transaction: &Transaction<'_>,
    who: Who,
    now: Nanos,
) -> Result<Session, UsersError> {
    let secret = SessionSecret(Secret::random()?);
    transaction.execute(
        "DELETE FROM sessions WHERE user = ?1 AND secret NOT IN
         (SELECT secret FROM sessions WHERE user = ?1 ORDER BY made_at DESC LIMIT ?2)",
        params![who.user.0, MOST_SESSIONS - 1],
    )?;
    transaction.execute(
        "INSERT INTO sessions (secret, user, made_at, seen_at) VALUES (?1, ?2, ?3, ?3)",
        params![secret.0.fingerprint().0, who.user.0, now.0],
    )?;
    Ok(Session::of(secret, who, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Role;
    use crate::testing::{HOME, PASSWORD, Studio, at, words};

    const OVER: &str = "not logged in, or no longer: log in again";

    #[track_caller]
    fn check(studio: &Studio, session: &Session, at_hours: i64, expected: &str) {
        let found = studio.people.session(&session.secret.reveal(), at(at_hours * 3600));
        assert_eq!(words(found), expected);
    }

    fn count(studio: &Studio) -> i64 {
        let count = "SELECT count(*) FROM sessions";
        studio.people.read(|tx| Ok(tx.query_row(count, [], |row| row.get(0))?)).unwrap()
    }

    #[test]
    fn a_session_that_is_not_used_ends() {
        let studio = Studio::new();
        let session = studio.log_in("root", 0);
        check(&studio, &session, 11, "ok");
        check(&studio, &session, 22, "ok");
        check(&studio, &session, 34, OVER);
        // A clock set back by an hour does not end it.
        check(&studio, &session, 21, "ok");
    }

    #[test]
    fn a_session_ends_after_a_week_whatever() {
        let studio = Studio::new();
        let session = studio.log_in("root", 0);
        for hours in (6..7 * 24).step_by(6) {
            check(&studio, &session, hours, "ok");
        }
        check(&studio, &session, 7 * 24, OVER);
        assert_eq!(count(&studio), 2);
        studio.people.sweep(at(7 * 24 * 3600)).unwrap();
        assert_eq!(count(&studio), 0);
    }

    #[test]
    fn only_a_secret_of_ours_is_a_session() {
        let studio = Studio::new();
        let session = studio.log_in("root", 0);
        let secret = session.secret.reveal();
        let upper = secret.to_uppercase();
        let made_up = "0".repeat(64);
        for bad in ["", "' OR 1=1", &secret[1..], &upper, &made_up, &session.csrf.reveal()] {
            assert_eq!(words(studio.people.session(bad, at(1))), OVER);
        }
        // What lies in the file lets nobody in.
        let kept: [u8; 32] = session.secret.0.fingerprint().0;
        let kept: String = kept.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(words(studio.people.session(&kept, at(1))), OVER);
        assert!(studio.people.session(&secret, at(1)).is_ok());
        assert!(!std::fs::read(studio.path()).unwrap().windows(64).any(|w| w == secret.as_bytes()));
    }

    #[test]
    fn logging_out_ends_one_or_all() {
        let studio = Studio::new();
        let user = studio.user("ada", Role::Worker);
        let sessions = [(); 3].map(|()| studio.log_in("ada", 0));
        let [one, two, three] = &sessions;
        studio.people.log_out(&one.secret.reveal(), HOME, at(1)).unwrap();
        studio.people.log_out(&one.secret.reveal(), HOME, at(1)).unwrap();
        studio.people.log_out("nonsense", HOME, at(1)).unwrap();
        check(&studio, one, 0, OVER);
        check(&studio, two, 0, "ok");
        let eve = studio.user("eve", Role::Reviewer);
        let by_eve = studio.log_in("eve", 0).who;
        let refused = studio.people.log_out_everywhere(By::Who(&by_eve, HOME), user.id, at(1));
        assert!(words(refused).starts_with("not allowed"));
        studio.people.log_out_everywhere(By::Who(&two.who, HOME), user.id, at(1)).unwrap();
        check(&studio, two, 0, OVER);
        check(&studio, three, 0, OVER);
        studio.people.log_out_everywhere(studio.by_admin(), eve.id, at(1)).unwrap();
        assert_eq!(studio.audit(1), ["root: log out everywhere eve = done"]);
    }

    #[test]
    fn sessions_of_a_user_are_bounded() {
        let studio = Studio::new();
        let first = studio.log_in("root", 1);
        for n in 2..60 {
            let _ = studio.people.log_in("root", PASSWORD, HOME, at(n)).unwrap();
        }
        assert_eq!(words(studio.people.session(&first.secret.reveal(), at(60))), OVER);
        assert_eq!(count(&studio), MOST_SESSIONS);
    }
}

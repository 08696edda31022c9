//! Logging in by name and password.
//!
//! A name that nobody has costs the same hashing as one that somebody has, and the
//! same line in the audit log; the answer is the same one too.

use std::net::IpAddr;

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, params};

use crate::audit::note;
use crate::columns::{parsed, time_if_any};
use crate::password::Verdict;
use crate::sessions::{begin, sweep};
use crate::time::HOUR;
use crate::{Audit, By, Came, People, Session, UserId, UserName, UsersError, Who};

/// Logins of an hour, with names that nobody has, that are written into the audit
/// log: who floods it with them would push out what else is in it.
const NOTED_PER_HOUR: i64 = 1_000;

/// A user whose name was typed.
struct Known {
    who: Who,
    hash: String,
    disabled_at: Option<Nanos>,
}

impl People {
    /// Begins a session. Tries are limited per name and per address, so `from` is the
    /// address of who asks, not that of a proxy.
    #[must_use = "the secret goes into a cookie, or nobody is logged in"]
    pub fn log_in(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
        now: Nanos,
    ) -> Result<Session, UsersError> {
        let name = UserName::new(name).ok();
        let tried = self.throttle().begin(name.as_ref(), from, now)?;
        match self.log_in_known(name.as_ref(), password, from, now) {
            Ok(session) => {
                self.throttle().succeeded(&tried);
                Ok(session)
            }
            Err(error) => {
                // No other error is taken back: a full disk gives nobody more tries.
                if matches!(error, UsersError::Overloaded) {
                    self.throttle().take_back(&tried);
                }
                Err(error)
            }
        }
    }

    fn log_in_known(
        &self,
        name: Option<&UserName>,
        password: &str,
        from: IpAddr,
        now: Nanos,
    ) -> Result<Session, UsersError> {
        let known = match name {
            Some(name) => self.known(name)?,
            None => None,
        };
        let hash = known.as_ref().map(|known| known.hash.as_str());
        let verdict = self.hashing().verify(password, hash)?;
        let Some(known) = known else {
            return self.refuse(None, "no such name", from, now);
        };
        let new_hash = match verdict {
            Verdict::Wrong => return self.refuse(Some(&known.who), "wrong password", from, now),
            _ if known.disabled_at.is_some() => {
                return self.refuse(Some(&known.who), "disabled", from, now);
            }
            Verdict::Right => known.hash.clone(),
            // Later, where it cannot be now: nobody is kept out by it.
            Verdict::RightButOld => {
                self.hashing().hash(password).unwrap_or_else(|_| known.hash.clone())
            }
        };
        self.let_in(known, &new_hash, from, now)
    }

    /// Who has shown the password, unless it was changed since it was looked at, or
    /// the user disabled.
    fn let_in(
        &self,
        known: Known,
        new_hash: &str,
        from: IpAddr,
        now: Nanos,
    ) -> Result<Session, UsersError> {
        let Known { mut who, hash, .. } = known;
        let begun = self.write(|transaction| {
            let role = transaction.query_row(
                "UPDATE users SET logged_in_at = ?3, password = ?4
                 WHERE id = ?1 AND password = ?2 AND disabled_at IS NULL RETURNING role",
                params![who.user.0, hash, now.0, new_hash],
                |row| parsed(row, 0),
            );
            let Some(role) = role.optional()? else { return Ok(None) };
            who.role = role;
            sweep(transaction, now)?;
            let by = By::Who(&who, from);
            note(transaction, &Audit::done(by, "log in", who.name.to_string(), now))?;
            begin(transaction, who.clone(), now).map(Some)
        })?;
        begun.map_or_else(|| self.refuse(Some(&who), "changed meanwhile", from, now), Ok)
    }

    fn known(&self, name: &UserName) -> Result<Option<Known>, UsersError> {
        self.read(|transaction| {
            let known = transaction.query_row(
                "SELECT id, name, role, password, disabled_at FROM users WHERE folded = ?1",
                [name.folded()],
                |row| {
                    let (user, name) = (UserId(row.get(0)?), parsed(row, 1)?);
                    let who = Who { user, name, role: parsed(row, 2)?, came: Came::Session };
                    Ok(Known { who, hash: row.get(3)?, disabled_at: time_if_any(row, 4)? })
                },
            );
            Ok(known.optional()?)
        })
    }

    /// Writes a failed login down, and gives the one answer. Those of a known name are
    /// few, as it has to wait after some. Of the others all are counted, though not all
    /// get a line: each costs one commit, and so takes no less time than a known one.
    fn refuse(
        &self,
        who: Option<&Who>,
        outcome: &str,
        from: IpAddr,
        now: Nanos,
    ) -> Result<Session, UsersError> {
        let mut line = Audit {
            at: now,
            user: who.map(|who| who.user),
            name: who.map(|who| who.name.to_string()).unwrap_or_default(),
            from: Some(from),
            action: "log in".to_owned(),
            about: String::new(),
            outcome: outcome.to_owned(),
        };
        self.write(|transaction| {
            if who.is_none() {
                let hour = now.0.div_euclid(HOUR);
                transaction.execute("DELETE FROM unknown_logins WHERE hour <> ?1", [hour])?;
                let tries: i64 = transaction.query_row(
                    "INSERT INTO unknown_logins VALUES (?1, 1)
                     ON CONFLICT DO UPDATE SET tries = tries + 1 RETURNING tries",
                    [hour],
                    |row| row.get(0),
                )?;
                if tries > NOTED_PER_HOUR {
                    return Ok(());
                }
                if tries == NOTED_PER_HOUR {
                    line.outcome += "; others of this hour are not written down";
                }
            }
            note(transaction, &line)
        })?;
        Err(UsersError::BadLogin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Cost;
    use crate::testing::{HOME, PASSWORD, Studio, at, name, words};
    use crate::{Role, SESSION_AT_MOST};

    const BAD: &str =
        "the name or the password is wrong; who has forgotten it asks an administrator";

    #[test]
    fn a_login_gives_a_session() {
        let studio = Studio::new();
        studio.user("Ada@example.org", Role::Worker);
        let session = studio.people.log_in(" ada@EXAMPLE.org ", PASSWORD, HOME, at(5)).unwrap();
        assert_eq!(session.who.name().as_str(), "Ada@example.org");
        assert_eq!(session.who.role(), Role::Worker);
        assert_eq!(session.expires_at, at(5 + SESSION_AT_MOST.as_secs() as i64));
        let found = studio.people.session(&session.secret.reveal(), at(6)).unwrap();
        assert!(found.csrf.matches(&session.csrf.reveal()));
        assert_eq!(found.expires_at, session.expires_at);
        let who = found.who;
        assert_eq!(who, session.who);
        assert_eq!(studio.people.user(who.user()).unwrap().logged_in_at, Some(at(5)));
        let again = studio.people.log_in("ada@example.org", PASSWORD, HOME, at(7)).unwrap();
        assert_ne!(again.secret.reveal(), session.secret.reveal());
    }

    #[test]
    fn there_is_one_answer() {
        let studio = Studio::new();
        let off = studio.user("off", Role::Viewer);
        studio.people.disable(studio.by_admin(), off.id, at(0)).unwrap();
        let long = "x".repeat(100_000);
        let tries = [
            ("root", "seven bridges of the village"),
            ("nobody", PASSWORD),
            ("off", PASSWORD),
            ("", PASSWORD),
            ("\0", "\0"),
            ("' OR 1=1 --", "' OR 1=1 --"),
            (&long, &long),
            ("root", &long),
        ];
        for (name, password) in tries {
            assert_eq!(words(studio.people.log_in(name, password, HOME, at(1))), BAD, "{name:.9}");
        }
        assert_eq!(
            studio.audit(8),
            [
                "root: log in  = wrong password",
                ": log in  = no such name",
                ": log in  = no such name",
                ": log in  = no such name",
                ": log in  = no such name",
                "off: log in  = disabled",
                ": log in  = no such name",
                "root: log in  = wrong password",
            ]
        );
    }

    #[test]
    fn tries_are_limited_by_name_whoever_has_it() {
        for typed in ["root", "nobody"] {
            let studio = Studio::new();
            for n in 0..5 {
                let from = IpAddr::from([198, 51, 100, n]);
                assert_eq!(words(studio.people.log_in(typed, "wrong", from, at(1))), BAD);
            }
            // From where nobody has logged in before.
            let from = IpAddr::from([198, 51, 100, 9]);
            let log_in = |password, at_seconds| {
                words(studio.people.log_in(typed, password, from, at(at_seconds)))
            };
            let waits = "too many tries to log in: wait 5 s, then try again";
            assert_eq!(log_in(PASSWORD, 1), waits);
            assert_eq!(log_in(PASSWORD, 6), if typed == "root" { "ok" } else { BAD });
            // After a good one it starts anew.
            let expected = if typed == "root" { BAD } else { &waits.replace("5 s", "10 s") };
            assert_eq!(log_in("wrong", 6), expected);
        }
    }

    #[test]
    fn many_tries_at_once_are_five() {
        let studio = Studio::new();
        let bad: usize = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..30)
                .map(|n| {
                    let people = studio.people.clone();
                    let from = IpAddr::from([198, 51, 100, n]);
                    scope.spawn(move || words(people.log_in("root", "wrong", from, at(1))))
                })
                .collect();
            let words = tries.into_iter().map(|tried| tried.join().unwrap());
            words.filter(|words| words == BAD).count()
        });
        assert_eq!(bad, 5);
    }

    /// A password is right, then something happens, then the session would begin.
    #[track_caller]
    fn check_overtaken(happens: impl Fn(&Studio, UserId), expected: &str) {
        let studio = Studio::new();
        let ada = studio.user("ada", Role::Viewer);
        let known = studio.people.known(&ada.name).unwrap().unwrap();
        let hash = known.hash.clone();
        happens(&studio, ada.id);
        let session = studio.people.let_in(known, &hash, HOME, at(2));
        let session = session.map(|session| session.who.role());
        assert_eq!(
            session.map_or_else(|error| error.to_string(), |role| role.to_string()),
            expected
        );
    }

    #[test]
    fn a_login_that_a_change_overtakes_is_none() {
        let by = By::Operator;
        check_overtaken(|_, _| {}, "viewer");
        check_overtaken(|studio, id| studio.people.disable(by, id, at(1)).unwrap(), BAD);
        let new = "eight ferries over the river";
        check_overtaken(
            |studio, id| studio.people.reset_password(by, id, new, at(1)).unwrap(),
            BAD,
        );
        let lower = Role::Worker;
        check_overtaken(
            |studio, id| studio.people.set_role(by, id, lower, at(1)).unwrap(),
            "worker",
        );
    }

    #[test]
    fn an_old_hash_is_made_anew() {
        let studio = Studio::new();
        let later = People::open_at(&studio.path(), Cost::FULL).unwrap();
        let hash = || {
            let known = later.known(&name("root")).unwrap().unwrap();
            known.hash
        };
        let old = hash();
        let session = studio.log_in("root", 1);
        assert_eq!(hash(), old);
        let _ = later.log_in("root", PASSWORD, HOME, at(2)).unwrap();
        let new = hash();
        assert!(old.contains("m=8,") && new.contains("m=19456,"), "{old} {new}");
        let _ = later.log_in("root", PASSWORD, HOME, at(3)).unwrap();
        assert_eq!(hash(), new);
        // That is no change of password.
        assert!(later.session(&session.secret.reveal(), at(4)).is_ok());
    }

    #[test]
    fn a_flood_of_unknown_names_leaves_room_in_the_log() {
        let studio = Studio::new();
        let try_log_in = |n: u8, at_seconds| {
            let from = IpAddr::from([198, 51, 100, n]);
            let refused = studio.people.log_in(&format!("n{n}"), "wrong", from, at(at_seconds));
            assert_eq!(words(refused), BAD);
        };
        try_log_in(0, 1);
        let many = "UPDATE unknown_logins SET tries = tries + 997";
        studio.people.write(|transaction| Ok(transaction.execute(many, [])?)).unwrap();
        for n in 1..9 {
            try_log_in(n, 1);
        }
        let log = studio.audit(2);
        assert_eq!(log[0], ": log in  = no such name; others of this hour are not written down");
        assert_eq!(log[1], ": log in  = no such name");
        assert!(studio.people.log_in("root", "wrong", HOME, at(1)).is_err());
        assert_eq!(studio.audit(1), ["root: log in  = wrong password"]);
        try_log_in(9, 3_600);
        assert_eq!(studio.audit(1), [": log in  = no such name"]);
    }
}

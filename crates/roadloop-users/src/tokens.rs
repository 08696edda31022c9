//! API tokens: for programs that come in a user's name.
//!
//! A token may do what its scopes name and its user's role allows at that moment.
//! It makes no other tokens and no passwords: that takes a session. With the scope
//! `admin` it can invite and make users, though, so it is worth as much as the
//! administrator it belongs to.

use std::time::Duration;

use roadloop_base::Nanos;
use rusqlite::{OptionalExtension, Row, named_params, params};

use crate::audit::note;
use crate::columns::{fingerprint, parsed, time, time_if_any};
use crate::secret::Secret;
use crate::sessions::SEEN_EVERY;
use crate::text::is_deceiving;
use crate::time::{after, nanos};
use crate::who::role_now;
use crate::{
    Audit, By, Came, People, Permissions, Role, TokenId, TokenSecret, UserId, UsersError, Who,
};

/// How long a token can be good for: a year, and a day to replace it.
pub const LONGEST_TOKEN: Duration = Duration::from_secs(366 * 24 * 3600);

/// Of one user at once; as many that are over are still listed.
const MOST_TOKENS: u32 = 100;

/// What a token that lets somebody in fulfils.
const IS_LIVE: &str = "(revoked_at IS NULL AND expires_at > :now)";

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// For people: what it is used by.
    pub name: String,
    pub scopes: Permissions,
    pub good_for: Duration,
}

/// A token, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: TokenId,
    pub user: UserId,
    pub name: String,
    pub scopes: Permissions,
    pub made_at: Nanos,
    pub expires_at: Nanos,
    /// To the minute.
    pub used_at: Option<Nanos>,
    pub revoked_at: Option<Nanos>,
}

/// What a row says of a token that somebody sent.
struct Found {
    who: Who,
    is_live: bool,
    is_to_be_seen: bool,
}

impl People {
    /// Makes a token for oneself, or by the command line for anybody. Scopes that
    /// the role does not have are refused.
    pub fn create_token(
        &self,
        by: By<'_>,
        user: UserId,
        new: &NewToken,
        now: Nanos,
    ) -> Result<TokenSecret, UsersError> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 64 || name.chars().any(is_deceiving) {
            let reason = "use 1 to 64 characters, none of them hidden";
            return Err(UsersError::bad("name of a token", name, reason));
        }
        if new.scopes.is_empty() {
            return Err(UsersError::bad("set of scopes", "", "name one at least"));
        }
        if new.good_for.is_zero() || new.good_for > LONGEST_TOKEN {
            let span = format!("{} s", new.good_for.as_secs());
            return Err(UsersError::bad("time for a token", &span, "use 1 s to 366 days"));
        }
        let secret = Secret::random()?;
        self.write(|transaction| {
            let role: Option<Role> = match by {
                By::Operator => {
                    let role = transaction.query_row(
                        "SELECT role FROM users WHERE id = ?1 AND disabled_at IS NULL",
                        [user.0],
                        |row| parsed(row, 0),
                    );
                    let role = role.optional()?;
                    Some(role.ok_or(UsersError::NoSuch { what: "enabled user", id: user.0 })?)
                }
                By::Who(who, _) if who.user == user => {
                    who.needs_session()?;
                    role_now(transaction, who)?
                }
                By::Who(..) => return Err(UsersError::OnlyOneself),
            };
            let role = role.ok_or(UsersError::NoSession)?;
            if let Some(needs) = new.scopes.less(role.permissions()).iter().next() {
                return Err(UsersError::NotAllowed { needs });
            }
            // Who makes and revokes them all day finds the last ones in the list.
            let forget = format!(
                "DELETE FROM tokens WHERE id IN (SELECT id FROM tokens
                 WHERE user = :user AND NOT {IS_LIVE} ORDER BY id DESC LIMIT -1 OFFSET :most)"
            );
            transaction.execute(
                &forget,
                named_params! { ":user": user.0, ":now": now.0, ":most": MOST_TOKENS },
            )?;
            let count = format!("SELECT count(*) FROM tokens WHERE user = :user AND {IS_LIVE}");
            let of_user = named_params! { ":user": user.0, ":now": now.0 };
            let count: u32 = transaction.query_row(&count, of_user, |row| row.get(0))?;
            if count >= MOST_TOKENS {
                let (what, instead) = ("tokens of this user", "revoke those that nothing uses");
                return Err(UsersError::TooMany { what, most: MOST_TOKENS, instead });
            }
            transaction.execute(
                "INSERT INTO tokens (secret, user, name, scopes, made_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    secret.fingerprint().0,
                    user.0,
                    name,
                    new.scopes.to_string(),
                    now.0,
                    after(now, nanos(new.good_for)).0,
                ],
            )?;
            let id = TokenId(transaction.last_insert_rowid());
            let about = format!("token {id} of user {user}: {name}, {}", new.scopes);
            note(transaction, &Audit::done(by, "create token", about, now))?;
            Ok(TokenSecret { id, secret })
        })
    }

    /// Who a token belongs to, for this one request.
    pub fn token(&self, token: &str, now: Nanos) -> Result<Who, UsersError> {
        let TokenSecret { id, secret } = TokenSecret::parse(token).ok_or(UsersError::BadToken)?;
        let sent = secret.fingerprint();
        let found = self.read(|transaction| {
            let found = transaction.query_row(
                "SELECT users.id, users.name, users.role, tokens.name, tokens.scopes,
                        tokens.secret, tokens.expires_at, tokens.used_at,
                        tokens.revoked_at IS NULL AND users.disabled_at IS NULL
                 FROM tokens JOIN users ON users.id = tokens.user WHERE tokens.id = ?1",
                [id.0],
                |row| {
                    let came = Came::Token { id, name: row.get(3)?, scopes: parsed(row, 4)? };
                    let (user, name) = (UserId(row.get(0)?), parsed(row, 1)?);
                    let is_right = fingerprint(row, 5)?.is(&sent);
                    let used_at = time_if_any(row, 7)?;
                    Ok(Found {
                        who: Who { user, name, role: parsed(row, 2)?, came },
                        is_live: is_right && time(row, 6)? > now && row.get(8)?,
                        is_to_be_seen: used_at.is_none_or(|used| now >= after(used, SEEN_EVERY)),
                    })
                },
            );
            Ok(found.optional()?)
        })?;
        let found = found.filter(|found| found.is_live).ok_or(UsersError::BadToken)?;
        if found.is_to_be_seen {
            // Where it cannot be written (the disk is full), programs still get in.
            let _ = self.write(|transaction| {
                let update = "UPDATE tokens SET used_at = ?2
                              WHERE id = ?1 AND (used_at IS NULL OR used_at < ?2)";
                Ok(transaction.execute(update, params![id.0, now.0])?)
            });
        }
        Ok(found.who)
    }

    /// Those of a user, or of all, newest first; at most 1000.
    pub fn tokens(&self, user: Option<UserId>) -> Result<Vec<ApiToken>, UsersError> {
        self.read(|transaction| {
            let mut select = transaction.prepare(
                "SELECT id, user, name, scopes, made_at, expires_at, used_at, revoked_at
                 FROM tokens WHERE ?1 IS NULL OR user = ?1 ORDER BY id DESC LIMIT 1000",
            )?;
            let tokens = select.query_map([user.map(|user| user.0)], api_token)?;
            Ok(tokens.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Refuses a token from now on: one's own, or by an administrator. One that is
    /// revoked already is no error.
    pub fn revoke_token(&self, by: By<'_>, id: TokenId, now: Nanos) -> Result<(), UsersError> {
        self.write(|transaction| {
            let select = "SELECT user FROM tokens WHERE id = ?1";
            let user = transaction.query_row(select, [id.0], |row| Ok(UserId(row.get(0)?)));
            let Some(user) = user.optional()? else {
                by.needs_admin(transaction)?;
                return Err(UsersError::NoSuch { what: "token", id: id.0 });
            };
            by.needs_self_or_admin(transaction, user)?;
            let revoked = transaction.execute(
                "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL",
                params![id.0, now.0],
            )?;
            if revoked == 0 {
                return Ok(());
            }
            let about = format!("token {id} of user {user}");
            note(transaction, &Audit::done(by, "revoke token", about, now))
        })
    }
}

fn api_token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    Ok(ApiToken {
        id: TokenId(row.get(0)?),
        user: UserId(row.get(1)?),
        name: row.get(2)?,
        scopes: parsed(row, 3)?,
        made_at: time(row, 4)?,
        expires_at: time(row, 5)?,
        used_at: time_if_any(row, 6)?,
        revoked_at: time_if_any(row, 7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Permission;
    use crate::testing::{HOME, Studio, at, words};

    const BAD: &str =
        "this API token is not known, has expired or was revoked: make another one in the studio";
    const DAY: i64 = 24 * 3600;

    fn new(scopes: &str) -> NewToken {
        let good_for = Duration::from_secs(DAY as u64);
        NewToken { name: "ci".into(), scopes: scopes.parse().unwrap(), good_for }
    }

    fn by(who: &Who) -> By<'_> {
        By::Who(who, HOME)
    }

    #[test]
    fn a_token_lets_in_and_ends() {
        let studio = Studio::new();
        let ada = studio.user("ada", Role::Reviewer);
        let who = studio.log_in("ada", 0).who;
        let made =
            studio.people.create_token(by(&who), ada.id, &new("read,export"), at(0)).unwrap();
        let token = made.reveal();
        assert!(token.starts_with(&format!("rl_{}_", made.id)));
        let found = studio.people.token(&token, at(1)).unwrap();
        assert_eq!(found.permissions().to_string(), "read,export");
        assert!(matches!(found.came(), Came::Token { name, .. } if name == "ci"));
        let check = |token: &str, at_seconds, expected: &str| {
            assert_eq!(words(studio.people.token(token, at(at_seconds))), expected, "{token}");
        };
        check(&token, DAY - 1, "ok");
        check(&token, DAY, BAD);
        let other = studio.people.create_token(by(&who), ada.id, &new("read"), at(0)).unwrap();
        let swapped = TokenSecret { id: made.id, secret: other.secret.clone() };
        check(&swapped.reveal(), 1, BAD);
        check(&TokenSecret { id: TokenId(99), secret: other.secret }.reveal(), 1, BAD);
        for bad in ["", "rl_", "rl_1_", "' OR 1=1 --", &token[..token.len() - 1]] {
            check(bad, 1, BAD);
        }
        studio.people.revoke_token(by(&who), made.id, at(2)).unwrap();
        studio.people.revoke_token(by(&who), made.id, at(2)).unwrap();
        check(&token, 3, BAD);
        let about = format!("token {} of user {}", made.id, ada.id);
        assert_eq!(studio.audit(1), [format!("ada: revoke token {about} = done")]);
        studio.people.sweep(at(100 * DAY)).unwrap();
        assert_eq!(studio.people.tokens(None).unwrap(), []);
    }

    #[test]
    fn a_token_follows_its_user() {
        let studio = Studio::new();
        let ada = studio.user("ada", Role::Reviewer);
        let who = studio.log_in("ada", 0).who;
        let made = studio.people.create_token(by(&who), ada.id, &new("read,label"), at(0)).unwrap();
        let may = || studio.people.token(&made.reveal(), at(1)).unwrap().permissions().to_string();
        let set = |role| studio.people.set_role(studio.by_admin(), ada.id, role, at(1)).unwrap();
        assert_eq!(may(), "read,label");
        set(Role::Worker);
        assert_eq!(may(), "label");
        set(Role::Admin);
        assert_eq!(may(), "read,label");
        studio.people.disable(studio.by_admin(), ada.id, at(2)).unwrap();
        assert_eq!(words(studio.people.token(&made.reveal(), at(3))), BAD);
        studio.people.enable(studio.by_admin(), ada.id, at(4)).unwrap();
        assert_eq!(words(studio.people.token(&made.reveal(), at(5))), BAD);
    }

    #[track_caller]
    fn check_refused(studio: &Studio, by: By<'_>, token: &NewToken, expected: &str) {
        let user = by.user().unwrap();
        let refused = words(studio.people.create_token(by, user, token, at(1)));
        assert!(refused.contains(expected), "{refused}");
    }

    #[test]
    fn a_token_that_may_too_much_is_not_made() {
        let studio = Studio::new();
        studio.user("ada", Role::Worker);
        let who = studio.log_in("ada", 0).who;
        check_refused(&studio, by(&who), &new("label,read-raw"), "\"read-raw\"");
        check_refused(&studio, by(&who), &new(""), "name one at least");
        let named = |name: &str| NewToken { name: name.into(), ..new("label") };
        for bad in ["", " ", "a\0b", &"x".repeat(65)] {
            check_refused(&studio, by(&who), &named(bad), "use 1 to 64 characters");
        }
        let long = NewToken { good_for: Duration::MAX, ..new("label") };
        check_refused(&studio, by(&who), &long, "use 1 s to 366 days");
        let other = studio.people.create_token(by(&who), studio.admin_id(), &new("label"), at(1));
        assert!(matches!(other, Err(UsersError::OnlyOneself)));
    }

    #[test]
    fn a_token_makes_no_token_and_changes_no_password() {
        let studio = Studio::new();
        let all = studio.admin.permissions().to_string();
        let id = studio.admin_id();
        let made = studio.people.create_token(studio.by_admin(), id, &new(&all), at(0)).unwrap();
        let token = studio.people.token(&made.reveal(), at(1)).unwrap();
        check_refused(&studio, by(&token), &new("read"), "not allowed with an API token");
        let changed = studio.people.change_password(&token, "x", "y", HOME, at(1));
        assert!(matches!(changed, Err(UsersError::NeedsSession)));
        // What it was looked up for before it was revoked is refused after.
        studio.people.revoke_token(by(&token), made.id, at(2)).unwrap();
        let late = studio.people.set_role(by(&token), id, Role::Admin, at(2));
        assert!(matches!(late, Err(UsersError::NotAllowed { needs: Permission::Administer })));
        let narrow = studio.people.create_token(studio.by_admin(), id, &new("read"), at(0));
        let narrow = studio.people.token(&narrow.unwrap().reveal(), at(1)).unwrap();
        let late = studio.people.set_role(by(&narrow), id, Role::Admin, at(2));
        assert!(matches!(late, Err(UsersError::NotAllowed { needs: Permission::Administer })));
        assert!(studio.people.revoke_token(by(&narrow), made.id, at(2)).is_err());
    }

    #[test]
    fn when_it_was_used_is_written_once_a_minute() {
        let studio = Studio::new();
        let id = studio.admin_id();
        let made = studio.people.create_token(By::Operator, id, &new("read"), at(0)).unwrap();
        let used = |at_seconds| {
            studio.people.token(&made.reveal(), at(at_seconds)).unwrap();
            studio.people.tokens(Some(id)).unwrap()[0].used_at.unwrap()
        };
        assert_eq!([used(10), used(69), used(70), used(9)], [10, 10, 70, 70].map(at));
    }

    #[test]
    fn tokens_of_a_user_are_bounded() {
        let studio = Studio::new();
        let id = studio.admin_id();
        let make = || studio.people.create_token(By::Operator, id, &new("read"), at(0));
        let change = |sql: &str| {
            studio.people.write(|transaction| Ok(transaction.execute(sql, [])?)).unwrap();
        };
        let made = make().unwrap().id;
        // 99 more like it.
        let copy = "INSERT INTO tokens (secret, user, name, scopes, made_at, expires_at)
                    WITH RECURSIVE n (n) AS (SELECT 1 UNION SELECT n + 1 FROM n WHERE n < 99)
                    SELECT secret, user, tokens.name, scopes, made_at, expires_at FROM tokens, n
                    WHERE id = (SELECT min(id) FROM tokens)";
        change(copy);
        let refused = words(make());
        assert!(refused.starts_with("there are 100 tokens of this user already"), "{refused}");
        studio.people.revoke_token(By::Operator, made, at(1)).unwrap();
        make().unwrap();
        assert!(words(make()).ends_with("revoke those that nothing uses"));
        change("UPDATE tokens SET revoked_at = 1");
        change(copy);
        change("UPDATE tokens SET revoked_at = 1");
        let newest = make().unwrap().id;
        let listed = studio.people.tokens(Some(id)).unwrap();
        assert_eq!((listed.len(), listed[0].id), (101, newest));
    }
}

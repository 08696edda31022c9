//! Who may do what in the studio: users and their roles, invitations, passwords,
//! sessions, API tokens, and the log of what was done.
//!
//! [`People`] is one SQLite file. A login gives a [`Session`], whose secret is in a
//! cookie from then on; a session or an API token gives, at each request, a [`Who`],
//! and that says what they [may](Who::may). The table of roles and permissions is in
//! [`role`].
//!
//! What changes something takes [`By`] whom, looks in the same transaction whether
//! they may, and writes it into the audit log. What only reads asks nobody: lists
//! are for who has asked [`Who::needs`] before.
//!
//! Knows nothing of HTTP, cookies or terminals, and not what time it is: who calls
//! says so. All of it is synchronous and blocks.

mod audit;
mod columns;
mod error;
mod invitations;
mod login;
mod name;
mod password;
mod people;
pub mod role;
mod secret;
mod sessions;
#[cfg(test)]
mod testing;
mod text;
mod throttle;
mod time;
mod tokens;
mod users;
mod who;

pub use audit::{Audit, AuditEntry, MOST_AUDIT_ROWS};
pub use error::UsersError;
pub use invitations::{INVITATION_FOR, Invitation, InvitationState};
pub use name::{AuditId, InvitationId, TokenId, UserId, UserName};
pub use password::{HASHINGS_AT_ONCE, LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password};
pub use people::People;
pub use role::{Permission, Permissions, Role};
pub use secret::{CsrfToken, InvitationSecret, SessionSecret, TokenSecret, fresh_word};
pub use sessions::{SESSION_AT_MOST, SESSION_IDLE, Session};
pub use tokens::{ApiToken, LONGEST_TOKEN, NewToken};
pub use users::User;
pub use who::{By, Came, Who};

//! `users`: who may log in to the studio, from the command line of its machine.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Result, anyhow};
use chrono::Utc;
use clap::Subcommand;
use roadloop_base::Nanos;
use roadloop_users::{By, NewToken, People, Permission, Permissions, Role, User, UserName};
use serde_json::json;

use crate::cli::Outcome;
use crate::cli::studio::USERS;
use crate::render;
use crate::session::Session;

/// Lines of the audit log that are printed where nobody says how many.
const USUAL_LINES: usize = 50;

/// Say who may log in to the studio, and as what
///
/// viewer sees anonymised frames, worker does labelling tasks and sees nothing else,
/// reviewer also edits, exports and sees raw images, admin decides who the others are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop users invite --role admin --url https://studio.example
  roadloop users list
  roadloop users role ann reviewer
  roadloop users disable bob
  roadloop users token ann --name nightly --scopes read,export --days 90
  roadloop users log --limit 200")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a link with which somebody makes a user of themselves, once
    #[command(after_help = "\
Example:
  roadloop users invite --role reviewer --url https://studio.example --days 2")]
    Invite {
        /// viewer, worker, reviewer or admin
        #[arg(long)]
        role: Role,
        /// Where the studio is reached
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4747")]
        url: String,
        /// How long the link is good for
        #[arg(long, value_name = "DAYS", default_value_t = 7)]
        days: u32,
    },
    /// List users
    #[command(after_help = "\
Example:
  roadloop users list --json | jq -r 'select(.role == \"admin\") | .name'")]
    List {
        /// Print them as JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Give a user another role
    #[command(after_help = "\
Example:
  roadloop users role ann reviewer")]
    Role {
        name: UserName,
        /// viewer, worker, reviewer or admin
        role: Role,
    },
    /// Let a user in no more
    #[command(after_help = "\
Example:
  roadloop users disable bob")]
    Disable { name: UserName },
    /// Let a user in again
    #[command(after_help = "\
Example:
  roadloop users enable bob")]
    Enable { name: UserName },
    /// Print a token for a program that asks the studio's API
    #[command(after_help = "\
Example:
  roadloop users token ann --name nightly --scopes read,export --days 90")]
    Token {
        user: UserName,
        /// What uses it
        #[arg(long)]
        name: String,
        /// read, read-raw, label, write, export, admin
        #[arg(long, value_delimiter = ',', required = true)]
        scopes: Vec<Permission>,
        /// How long it is good for, at most 366
        #[arg(long, value_name = "DAYS", default_value_t = 90)]
        days: u32,
    },
    /// Print what was done, the newest last
    #[command(after_help = "\
Example:
  roadloop users log --limit 200")]
    Log {
        #[arg(long, value_name = "N", default_value_t = USUAL_LINES)]
        limit: usize,
        /// Print it as JSON lines
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(session: &Session, args: Args) -> Result<Outcome> {
    session.folder("")?;
    let people = People::open(&session.config.workspace().join(USERS))?;
    let now = Nanos(Utc::now().timestamp_nanos_opt().unwrap_or_default());
    match args.command {
        Command::Invite { role, url, days } => {
            let (_, secret) = people.invite(By::Operator, role, in_days(days), now)?;
            render::print(&format!("{}/invite#{}", url.trim_end_matches('/'), secret.reveal()))?;
            session.note("send this link to whom it is for; who opens it first has it");
        }
        Command::List { json: true } => {
            for user in people.users()? {
                let line = json!({"id": user.id.0, "name": user.name.as_str(),
                    "role": user.role.name(), "made_at": user.made_at.iso(),
                    "logged_in_at": user.logged_in_at.map(Nanos::iso),
                    "is_disabled": user.disabled_at.is_some()});
                render::print(&line.to_string())?;
            }
        }
        Command::List { json: false } => list(session, &people)?,
        Command::Role { name, role } => {
            people.set_role(By::Operator, named(&people, &name)?.id, role, now)?;
            session.note(&format!("{name} is {role} now, and logs in again"));
        }
        Command::Disable { name } => {
            people.disable(By::Operator, named(&people, &name)?.id, now)?;
            session.note(&format!("{name} is let in no more"));
        }
        Command::Enable { name } => {
            people.enable(By::Operator, named(&people, &name)?.id, now)?;
            session.note(&format!("{name} can log in again"));
        }
        Command::Token { user, name, scopes, days } => {
            let user = named(&people, &user)?.id;
            let scopes = Permissions::of(&scopes);
            let new = NewToken { name, scopes, good_for: in_days(days) };
            let token = people.create_token(By::Operator, user, &new, now)?;
            render::print(&token.reveal())?;
            session.note("it is shown this once: Authorization: Bearer TOKEN");
        }
        Command::Log { limit, json } => log(session, &people, limit, json)?,
    }
    Ok(Outcome::Done)
}

fn in_days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

fn named(people: &People, name: &UserName) -> Result<User> {
    let user = people.user_named(name)?;
    user.ok_or_else(|| anyhow!("no user is called {name}; look at the list: roadloop users list"))
}

fn list(session: &Session, people: &People) -> Result<()> {
    let users = people.users()?;
    if users.is_empty() {
        session.note("nobody yet; start with: roadloop users invite --role admin");
    }
    let width = users.iter().map(|user| user.name.as_str().chars().count()).max().unwrap_or(0);
    for user in users {
        let seen = user.logged_in_at.map_or_else(
            || "never logged in".to_owned(),
            |at| format!("logged in {}", &at.iso()[..16].replace('T', " ")),
        );
        let state = if user.disabled_at.is_some() { ", disabled" } else { "" };
        let name = user.name.as_str();
        render::print(&format!("{name:width$}  {:8}  {seen}{state}", user.role.name()))?;
    }
    Ok(())
}

fn log(session: &Session, people: &People, limit: usize, as_json: bool) -> Result<()> {
    let entries = people.audit(None, limit)?;
    if entries.is_empty() {
        session.note("nothing was done yet");
    }
    for entry in entries.into_iter().rev() {
        let line = entry.line;
        let from = line.from.map(|from: IpAddr| from.to_string());
        let text = if as_json {
            json!({"id": entry.id.0, "at": line.at.iso(), "name": line.name, "from": from,
                "action": line.action, "about": line.about, "outcome": line.outcome})
            .to_string()
        } else {
            let (at, name) =
                (&line.at.iso()[..19], if line.name.is_empty() { "-" } else { &line.name });
            let from = from.as_deref().unwrap_or("-");
            format!("{at}  {name}  {from}  {}  {}  {}", line.action, line.about, line.outcome)
        };
        render::print(&text)?;
    }
    Ok(())
}

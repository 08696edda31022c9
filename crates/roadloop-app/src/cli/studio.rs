//! `studio`: the site for people who would rather look than read, and its API.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use anyhow::{Context, Result};
use chrono::Utc;
use roadloop_base::Nanos;
use roadloop_users::{Invitation, InvitationState, People, Role};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Outcome, label};
use crate::command::command;
use crate::render;
use crate::server::studio::{Guard, Line, Proxy, Studio, ThumbnailSettings, description};
use crate::server::{Server, Tls};
use crate::session::Session;
use crate::usage::usage;

/// The file of users, in the workspace.
pub(super) const USERS: &str = "studio.db";

/// See the footage in a browser: frames, what is on them, recordings, anonymisation
///
/// The site lies in this program and asks nobody but this program. On 127.0.0.1 whoever
/// sits at this machine may do anything in it. Where others can reach it, they log in, by
/// way of TLS: see roadloop users --help.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop studio                                  then open http://127.0.0.1:4747
  roadloop studio --listen 127.0.0.1:8000
  roadloop studio --store s3://bucket/drives       of a store somewhere else
  roadloop users invite --role admin               the first who may log in
  roadloop studio --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem
  roadloop studio --login --behind-proxy           on 127.0.0.1, behind a proxy with TLS")]
pub(crate) struct Args {
    /// Where to answer: an address of this machine and a port, 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4747")]
    listen: String,
    /// Ask who comes to log in, on 127.0.0.1 as well
    #[arg(long)]
    login: bool,
    /// Speak TLS with this certificate, in PEM, with those between it and its authority
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Believe X-Forwarded-For and X-Forwarded-Proto: a proxy stands before this program,
    /// sets them, and nobody else can reach it
    #[arg(long)]
    behind_proxy: bool,
    /// Megabytes of thumbnails that are kept in the workspace, at most
    #[arg(long, value_name = "MB", default_value_t = 2048)]
    thumbnails: u64,
}

/// Print the description of the studio's API (OpenAPI 3.1, JSON)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  roadloop openapi > openapi.json")]
pub(crate) struct OpenapiArgs {}

pub(crate) async fn run(session: &Session, args: Args) -> Result<Outcome> {
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::from_files(certificate, key)?),
        _ => None,
    };
    let guard = guard(session, &args, tls.is_some())?;
    let server = Server::bind(&args.listen).await?.with_tls(tls);
    let ctx = session.engine().await?;
    let thumbnails = ThumbnailSettings {
        folder: session.config.workspace().join("thumbnails"),
        most_bytes: args.thumbnails << 20,
    };
    let studio = Studio::new(ctx, label::open(session)?, thumbnails, guard, server.closing());
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let serving = server.serve(studio.routes());
    session.note("open that address in a browser; Ctrl-C stops the studio");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    serving.close().await;
    Ok(Outcome::Done)
}

/// Who is let in. Nothing secret is sent where others could read it.
fn guard(session: &Session, args: &Args, is_tls: bool) -> Result<Guard> {
    let is_loopback = is_loopback(&args.listen)?;
    if is_loopback && !args.login && !args.behind_proxy && !is_tls {
        return Ok(Guard::local()?);
    }
    if !is_loopback && !is_tls && !args.behind_proxy {
        return Err(usage(format!(
            "{} can be reached by others, and passwords would be sent for all to read; give a \
             certificate with --tls-cert and --tls-key, or say --behind-proxy where a proxy \
             with TLS stands before this program",
            args.listen
        )));
    }
    session.folder("")?;
    let people = People::open(&session.config.workspace().join(USERS))?;
    let now = Nanos(Utc::now().timestamp_nanos_opt().unwrap_or_default());
    let is_of_admin = |invitation: &Invitation| {
        invitation.role == Role::Admin && invitation.state == InvitationState::Open
    };
    if !people.has_admin()? && !people.invitations(now)?.iter().any(is_of_admin) {
        return Err(usage(format!(
            "nobody can log in yet; invite an administrator first: {} users invite --role admin",
            command()
        )));
    }
    let proxy = if args.behind_proxy { Proxy::Trusted } else { Proxy::None };
    Ok(Guard::people(people, Line { proxy, is_tls }))
}

pub(crate) fn openapi(_: OpenapiArgs) -> Result<Outcome> {
    render::print(description().trim_end())?;
    Ok(Outcome::Done)
}

/// Whether nobody else can reach an address.
fn is_loopback(address: &str) -> Result<bool> {
    let failed = || format!("{address} is no address and port to listen on, as 127.0.0.1:4747 is");
    let addresses: Vec<SocketAddr> = address.to_socket_addrs().with_context(failed)?.collect();
    Ok(addresses.iter().all(|address| address.ip().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_reach_are_told_apart() {
        for address in ["127.0.0.1:0", "[::1]:80", "localhost:4747"] {
            assert!(is_loopback(address).unwrap(), "{address}");
        }
        for address in ["0.0.0.0:80", "[::]:80", "10.1.2.3:80"] {
            assert!(!is_loopback(address).unwrap(), "{address}");
        }
        assert!(is_loopback("4747").is_err());
    }
}

//! `studio`: the site for people who would rather look than read, and its API.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Outcome;
use crate::render;
use crate::server::Server;
use crate::server::studio::{Guard, Studio, ThumbnailSettings, description};
use crate::session::Session;
use crate::usage::usage;

/// See the footage in a browser: frames, what is on them, recordings, anonymisation
///
/// The site lies in this program and asks nobody but this program. Whoever sits at this
/// machine may do anything in it; others cannot reach it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  roadloop studio                                  then open http://127.0.0.1:4747
  roadloop studio --listen 127.0.0.1:8000
  roadloop studio --store s3://bucket/drives       of a store somewhere else")]
pub(crate) struct Args {
    /// Where to answer: an address of this machine and a port, 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4747")]
    listen: String,
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
    if !is_loopback(&args.listen)? {
        return Err(usage(format!(
            "{} can be reached by others, and this studio asks nobody who they are; listen on \
             127.0.0.1, and let others in by way of ssh -L",
            args.listen
        )));
    }
    let server = Server::bind(&args.listen).await?;
    let ctx = session.engine().await?;
    let thumbnails = ThumbnailSettings {
        folder: session.config.workspace().join("thumbnails"),
        most_bytes: args.thumbnails << 20,
    };
    let studio = Studio::new(ctx, thumbnails, Guard::local(), server.closing());
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

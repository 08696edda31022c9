//! Address to implementation: the only place that chooses.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::embedded::EmbeddedQueue;
use crate::job::{MAX_BODY_BYTES, MAX_ID_BYTES};
use crate::nats::{NatsAddress, NatsQueue};
use crate::sqs::{SqsPrefix, SqsQueue};
use crate::{Job, Queue, QueueError, QueueOptions};

/// Where a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A file of this machine: `sqlite:PATH`, `file://PATH` or a path.
    File(PathBuf),
    /// NATS servers: `nats://HOST,…/NAME`, or `tls://`.
    Nats(NatsAddress),
    /// Queues of Amazon: `sqs://PREFIX`.
    Sqs(SqsPrefix),
}

impl FromStr for Address {
    type Err = QueueError;

    fn from_str(text: &str) -> Result<Address, QueueError> {
        let bad = |reason: &str| QueueError::BadAddress {
            address: without_secrets(text),
            reason: reason.to_owned(),
        };
        let path = match text.split_once("://") {
            Some(("file" | "sqlite", path)) => path,
            Some((scheme @ ("nats" | "tls"), rest)) => {
                let address = NatsAddress::parse(scheme, rest);
                return address.map(Address::Nats).map_err(|reason| bad(&reason));
            }
            Some(("sqs", prefix)) => {
                return prefix.parse().map(Address::Sqs).map_err(|reason: String| bad(&reason));
            }
            Some(_) => {
                return Err(bad("queues are at sqlite:PATH, nats://HOST,…/NAME or sqs://PREFIX"));
            }
            None => text.strip_prefix("sqlite:").unwrap_or(text),
        };
        if path.is_empty() {
            return Err(bad("it names no file"));
        }
        Ok(Address::File(PathBuf::from(path)))
    }
}

/// An address as it may be shown: what stands before an @ may be a password, and
/// one may have been put among the options.
fn without_secrets(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let shown = rest.split_once('?').map_or(rest, |(shown, _)| shown);
    match rest.rsplit_once('@') {
        Some((_, shown)) => {
            let shown = shown.split_once('?').map_or(shown, |(shown, _)| shown);
            format!("{scheme}://…@{shown}")
        }
        None => format!("{scheme}://{shown}"),
    }
}

/// Without what is secret in it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::File(path) => write!(f, "sqlite:{}", path.display()),
            Address::Nats(address) => write!(f, "{address}"),
            Address::Sqs(prefix) => write!(f, "{prefix}"),
        }
    }
}

/// Opens the queue at an address, made when missing.
pub async fn open(address: &Address, options: QueueOptions) -> Result<Arc<dyn Queue>, QueueError> {
    match address {
        Address::File(path) => Ok(Arc::new(EmbeddedQueue::open(path, options).await?)),
        Address::Nats(address) => Ok(Arc::new(NatsQueue::open(address, options).await?)),
        Address::Sqs(prefix) => Ok(Arc::new(SqsQueue::open(prefix, options).await?)),
    }
}

/// The queue at an address for who only reads: a file that is not there is not made.
pub async fn look(
    address: &Address,
    options: QueueOptions,
) -> Result<Option<Arc<dyn Queue>>, QueueError> {
    match address {
        Address::File(path) if !path.exists() => Ok(None),
        _ => open(address, options).await.map(Some),
    }
}

/// Refuses what some engine would not take, so that all take the same.
pub(crate) fn check(jobs: &[Job]) -> Result<(), QueueError> {
    for job in jobs {
        let reason = if job.body.len() > MAX_BODY_BYTES {
            format!("its body has {} bytes, and {MAX_BODY_BYTES} are allowed", job.body.len())
        } else if job.id.is_empty() || job.id.len() > MAX_ID_BYTES {
            format!("an id has 1 to {MAX_ID_BYTES} bytes")
        } else if job.id.chars().chain(job.body.chars()).any(char::is_control) {
            "control characters do not travel".to_owned()
        } else {
            continue;
        };
        let id = job.id.chars().take(100).collect();
        return Err(QueueError::BadJob { id, reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match text.parse::<Address>() {
            Ok(address) => address.to_string(),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn addresses() {
        check("queue.db", "sqlite:queue.db");
        check("sqlite:/a/queue.db", "sqlite:/a/queue.db");
        check("file:///a/queue.db", "sqlite:/a/queue.db");
        check("nats://a,b:1", "nats://a:4222,b:1/roadloop");
        check("sqs://fleet-7", "sqs://fleet-7");
        check("tls://me:secret@a/fleet", "tls://a:4222/fleet");
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        check("sqlite:", "error: it names no file\nqueue: sqlite:");
        check(
            "kafka://a",
            "error: queues are at sqlite:PATH, nats://HOST,…/NAME or sqs://PREFIX\nqueue: kafka://a",
        );
        check(
            "sqs://a/b",
            "error: queues of Amazon are at sqs://PREFIX, of 1 to 30 letters, digits, _ or -\n\
             queue: sqs://a/b",
        );
        check(
            "nats://me:secret@a/x.y?creds=b",
            "error: the name after the servers has 1 to 40 letters, digits, _ or -\n\
             queue: nats://…@a/x.y",
        );
        check(
            "nats://a?token=secret",
            "error: \"token\" is no option of it: there are replicas=N and creds=FILE\n\
             queue: nats://a",
        );
    }
}

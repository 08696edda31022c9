//! Asking servers that come and go: the connection, and requests that are made
//! again until they are answered.

use std::error::Error;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::context::{CreateStreamError, CreateStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::rustls::crypto::aws_lc_rs;
use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, Event, HeaderMap, Message, Request, RequestError,
    RequestErrorKind,
};
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use super::address::{Login, NatsAddress};
use crate::QueueError;

/// How long one request waits for its answer.
pub(super) const ANSWER_FOR: Duration = Duration::from_secs(5);

/// How long a request is made again: a cluster has another leader after some
/// seconds, and a server is restarted within half a minute.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a server may be away that was never there: less, somebody looks on.
const CONNECT_FOR: Duration = Duration::from_secs(10);

/// What fits into a stream before it takes no more.
const MOST_JOBS: i64 = 10_000_000;

/// For how long the ids of what is pushed are remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(120);

/// How many servers keep a copy, where the cluster has as many.
const REPLICAS: usize = 3;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why a request had no success.
#[derive(Debug)]
pub(super) struct Trouble {
    source: BoxError,
    /// Whether it will be so the next time.
    is_lasting: bool,
}

impl Trouble {
    pub(super) fn passing(source: impl Into<BoxError>) -> Trouble {
        Trouble { source: source.into(), is_lasting: false }
    }

    pub(super) fn of_jetstream(error: jetstream::Error) -> Trouble {
        let is_lasting = matches!(
            error.error_code(),
            ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM | ErrorCode::STREAM_INVALID_CONFIG
        );
        Trouble { source: error.into(), is_lasting }
    }
}

/// Errors of requests for which nothing is known to be lasting.
impl<E: Error + Send + Sync + 'static> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        let source: BoxError = error.into();
        let is_lasting = source.downcast_ref::<RequestError>().is_some_and(|error| {
            let kind = error.kind();
            matches!(kind, RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded)
        });
        Trouble { source, is_lasting }
    }
}

/// Pauses between the tries of one call: short ones, then longer ones.
#[derive(Debug)]
pub(super) struct Pause {
    next: Duration,
    until: Instant,
}

impl Default for Pause {
    fn default() -> Pause {
        Pause { next: Duration::from_millis(50), until: Instant::now() + PATIENCE }
    }
}

/// A connection whose requests are made again.
pub(super) struct Asking {
    client: Client,
    /// What the server complained of last: refusals come without a request.
    complaint: Arc<Mutex<Option<String>>>,
}

/// Why a call was given up, with what the server complained of.
#[derive(Debug)]
struct GivenUp {
    source: BoxError,
    complaint: Option<String>,
}

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        match &self.complaint {
            Some(complaint) => write!(f, " (the server said: {complaint})"),
            None => Ok(()),
        }
    }
}

impl Error for GivenUp {}

impl Asking {
    /// Tries until it is answered or patience is at its end.
    pub(super) async fn patiently<T, F>(
        &self,
        action: &'static str,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, QueueError>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut pause = Pause::default();
        loop {
            match pin!(attempt()).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => self.bear(action, trouble, &mut pause).await?,
            }
        }
    }

    /// Waits before the next try, or gives up.
    pub(super) async fn bear(
        &self,
        action: &'static str,
        trouble: Trouble,
        pause: &mut Pause,
    ) -> Result<(), QueueError> {
        if trouble.is_lasting || Instant::now() + pause.next > pause.until {
            let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return Err(QueueError::engine(action, GivenUp { source: trouble.source, complaint }));
        }
        sleep(pause.next).await;
        pause.next = (pause.next * 2).min(Duration::from_secs(2));
        Ok(())
    }

    /// One request.
    pub(super) async fn ask(
        &self,
        subject: &str,
        headers: Option<HeaderMap>,
        text: Bytes,
    ) -> Result<Message, Trouble> {
        let request = Request::new().payload(text).timeout(Some(ANSWER_FOR));
        let request = match headers {
            Some(headers) => request.headers(headers),
            None => request,
        };
        // Its own timeout does not count while there is no connection.
        let asked = self.client.send_request(subject.to_owned(), request);
        Ok(timeout(ANSWER_FOR + Duration::from_secs(1), asked).await??)
    }
}

pub(super) async fn connect(address: &NatsAddress) -> Result<(Asking, Context), QueueError> {
    // The client takes what the process has chosen, and panics where nothing is
    // and two providers are built in.
    let chosen = aws_lc_rs::default_provider().install_default();
    drop(chosen); // another one was first
    let complaint = Arc::new(Mutex::new(None));
    let failed = |source: BoxError| QueueError::Connect { address: address.to_string(), source };
    let until = Instant::now() + CONNECT_FOR;
    let client = loop {
        let options = options(address, Arc::clone(&complaint)).await?;
        match options.connect(&address.servers).await {
            Ok(client) => break client,
            Err(error) => match error.kind() {
                ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                    let reason = "the server does not let us in: user, token or credentials";
                    return Err(address.refused(reason.to_owned()));
                }
                ConnectErrorKind::Tls | ConnectErrorKind::ServerParse => {
                    return Err(failed(error.into()));
                }
                _ if Instant::now() > until => return Err(failed(error.into())),
                _ => sleep(Duration::from_millis(300)).await,
            },
        }
    };
    let context = jetstream::new(client.clone());
    Ok((Asking { client, complaint }, context))
}

async fn options(
    address: &NatsAddress,
    complaint: Arc<Mutex<Option<String>>>,
) -> Result<ConnectOptions, QueueError> {
    let options = ConnectOptions::new()
        .name("roadloop")
        .max_reconnects(None)
        .connection_timeout(ANSWER_FOR)
        .request_timeout(Some(ANSWER_FOR))
        // A server whose machine has gone is noticed by that only.
        .ping_interval(Duration::from_secs(10))
        .reconnect_delay_callback(|tries| {
            Duration::from_millis(50).saturating_mul(1 << tries.min(5))
        })
        .event_callback(move |event| {
            if let Event::ServerError(error) = event {
                let mut last = complaint.lock().unwrap_or_else(PoisonError::into_inner);
                *last = Some(error.to_string());
            }
            std::future::ready(())
        });
    Ok(match &address.login {
        Login::Nobody => options,
        Login::Token(token) => options.token(token.clone()),
        Login::User { name, password } => options.user_and_password(name.clone(), password.clone()),
        #[cfg(feature = "nkeys")]
        Login::Credentials(file) => options
            .credentials_file(file)
            .await
            .map_err(|error| address.refused(format!("cannot read its credentials: {error}")))?,
        #[cfg(not(feature = "nkeys"))]
        Login::Credentials(_) => return Err(address.refused("built without `nkeys`".to_owned())),
    })
}

impl NatsAddress {
    fn refused(&self, reason: String) -> QueueError {
        QueueError::BadAddress { address: self.to_string(), reason }
    }
}

pub(super) fn stream_of(name: &str) -> String {
    format!("{name}-jobs")
}

/// The stream of a project, made when missing, in as many copies as the cluster
/// takes. One that is there stays as it is, unless the address says how many copies.
pub(super) async fn make_stream(
    asking: &Asking,
    context: &Context,
    address: &NatsAddress,
) -> Result<(), QueueError> {
    let mut config = Config {
        name: stream_of(&address.name),
        subjects: vec![format!("{}.jobs.>", address.name)],
        retention: RetentionPolicy::WorkQueue,
        storage: StorageType::File,
        num_replicas: address.replicas.unwrap_or(REPLICAS),
        // Nothing that waits is dropped to make room.
        discard: DiscardPolicy::New,
        max_messages: MOST_JOBS,
        duplicate_window: REMEMBERED_FOR,
        ..Config::default()
    };
    let mut pause = Pause { until: Instant::now() + CONNECT_FOR, ..Pause::default() };
    let found = loop {
        let made = timeout(ANSWER_FOR, context.get_or_create_stream(&config)).await;
        let trouble = match made {
            Ok(Ok(stream)) => break stream.cached_info().config.clone(),
            Ok(Err(error)) if takes_no_copies(&error) && address.replicas.is_none() => {
                config.num_replicas = 1;
                continue;
            }
            Ok(Err(error)) => Trouble::from(error),
            Err(elapsed) => Trouble::from(elapsed),
        };
        let gave_up = asking.bear("make", trouble, &mut pause).await;
        let Err(error) = gave_up else { continue };
        // A cluster of two, or of three of which one is long gone.
        if config.num_replicas == 1 || address.replicas.is_some() {
            return Err(error);
        }
        config.num_replicas -= 1;
        pause = Pause { until: Instant::now() + CONNECT_FOR, ..Pause::default() };
    };
    if address.replicas.is_some_and(|replicas| replicas != found.num_replicas) {
        let config = Config { num_replicas: config.num_replicas, ..found };
        let update = || async {
            timeout(ANSWER_FOR, context.update_stream(&config)).await??;
            Ok(())
        };
        asking.patiently("change the copies of", update).await?;
    }
    Ok(())
}

/// Whether it is one server, not a cluster.
fn takes_no_copies(error: &CreateStreamError) -> bool {
    matches!(error.kind(), CreateStreamErrorKind::JetStream(error)
        if error.error_code() == ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED)
}

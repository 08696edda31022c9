//! What keeps those who ask from taking a process down: so many connections, so large
//! questions, so long an answer, so long a silence.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{self, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use futures::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::problem::Problem;

/// Connections at once; the next ones wait, or take the place of one that asks nothing.
const CONNECTIONS: usize = 256;

/// Bytes of a question's body.
const BODY_BYTES: usize = 64 << 10;

/// How long an answer may take to begin. Streams of events begin at once.
const ANSWER: Duration = Duration::from_secs(30);

/// A connection on which nothing moves for so long is closed: somebody else may need its
/// place. Longer than an answer may take, and than streams of events are silent.
const SILENCE: Duration = Duration::from_secs(60);

/// The limits of every route, and the answers where there is none.
pub(super) fn around(routes: Router) -> Router {
    routes
        .fallback(|| async { Problem::not_found("nothing is here") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(from_fn(in_time))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

async fn in_time(request: Request, next: Next) -> Response {
    let answered = timeout(ANSWER, next.run(request)).await;
    answered.unwrap_or_else(|_| {
        Problem::busy(format!("no answer within {} s", ANSWER.as_secs())).into_response()
    })
}

/// A listener with so many connections at once.
#[derive(Debug)]
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
    /// Those who have not been answered yet, the oldest first.
    newcomers: VecDeque<Weak<Newcomer>>,
    silence: Duration,
}

/// Somebody who was accepted and not answered yet.
#[derive(Debug)]
struct Newcomer {
    since: Instant,
    has_asked: AtomicBool,
    is_sent_away: AtomicBool,
    waker: AtomicWaker,
}

/// A connection in its place.
#[derive(Debug)]
pub(super) struct Placed {
    stream: TcpStream,
    /// When it was silent for too long, which begins anew with each byte.
    too_long: Pin<Box<Sleep>>,
    silence: Duration,
    /// Until it is answered.
    newcomer: Option<Arc<Newcomer>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Newcomer {
    fn new() -> Newcomer {
        Newcomer {
            since: Instant::now(),
            has_asked: AtomicBool::new(false),
            is_sent_away: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// Whether its place may be given to another: it says nothing, or so slowly that its
    /// answer would have come by now.
    fn only_waits(&self) -> bool {
        !self.has_asked.load(Ordering::Relaxed) || self.since.elapsed() > ANSWER
    }

    fn send_away(&self) {
        self.is_sent_away.store(true, Ordering::Relaxed);
        self.waker.wake();
    }
}

impl Placed {
    /// What came of reading or writing, or that nothing did for too long.
    fn moved<T>(
        &mut self,
        context: &mut task::Context<'_>,
        moved: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.too_long.as_mut().reset(Instant::now() + self.silence);
            return moved;
        }
        if let Some(newcomer) = &self.newcomer {
            newcomer.waker.register(context.waker());
            if newcomer.is_sent_away.load(Ordering::Relaxed) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        match self.too_long.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Bounded {
        Bounded::with(listener, CONNECTIONS, SILENCE)
    }

    fn with(listener: TcpListener, connections: usize, silence: Duration) -> Bounded {
        let places = Arc::new(Semaphore::new(connections));
        Bounded { listener, places, newcomers: VecDeque::new(), silence }
    }

    /// Waits for a place. Where there is none, the first who only waits gives up its own:
    /// whoever opens many connections and asks nothing keeps nobody out.
    async fn place(&mut self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        self.newcomers.retain(|newcomer| newcomer.strong_count() > 0);
        let newcomers = self.newcomers.iter().filter_map(Weak::upgrade);
        if let Some(newcomer) = newcomers.into_iter().find(|newcomer| newcomer.only_waits()) {
            newcomer.send_away();
        }
        // An error would say that nobody gives out places any more; it is never closed.
        Arc::clone(&self.places).acquire_owned().await.ok()
    }
}

impl Listener for Bounded {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        // Waits out what is wrong with a single connection, or when files run short.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let place = self.place().await;
        let newcomer = Arc::new(Newcomer::new());
        if self.newcomers.len() >= 2 * CONNECTIONS {
            self.newcomers.retain(|newcomer| newcomer.strong_count() > 0);
        }
        self.newcomers.push_back(Arc::downgrade(&newcomer));
        let silence = self.silence;
        let too_long = Box::pin(sleep(silence));
        let newcomer = Some(newcomer);
        (Placed { stream, too_long, silence, newcomer, _place: place }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(newcomer) = &self.newcomer
            && !buffer.filled().is_empty()
        {
            newcomer.has_asked.store(true, Ordering::Relaxed);
        }
        self.moved(context, read)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.newcomer = None;
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.moved(context, written)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// A server with so many places, and where it is.
    async fn serving(connections: usize, silence: Duration) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().route("/", get(|| async { "hello" }));
        let bounded = Bounded::with(listener, connections, silence);
        tokio::spawn(async move { axum::serve(bounded, routes).await });
        address
    }

    /// What is answered to somebody who stays, and how soon.
    async fn ask(stream: &mut TcpStream) -> (String, Duration) {
        let began = Instant::now();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 1024];
        let read = timeout(Duration::from_secs(20), stream.read(&mut answer)).await;
        let length = read.unwrap().unwrap();
        (String::from_utf8_lossy(&answer[..length]).into_owned(), began.elapsed())
    }

    #[tokio::test]
    async fn a_place_is_not_kept_in_silence() {
        let address = serving(1, Duration::from_millis(300)).await;
        let mut answered = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut answered).await.0.ends_with("hello"));
        // The next one waits for its place.
        let mut next = TcpStream::connect(address).await.unwrap();
        let (answer, after) = ask(&mut next).await;
        assert!(answer.ends_with("hello") && after > Duration::from_millis(200), "{after:?}");
        let closed = timeout(Duration::from_secs(5), answered.read_u8()).await;
        assert!(closed.unwrap().is_err());
    }

    #[tokio::test]
    async fn who_asks_nothing_keeps_nobody_out() {
        let address = serving(4, Duration::from_secs(60)).await;
        let mut silent = Vec::new();
        for _ in 0..12 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let mut asking = TcpStream::connect(address).await.unwrap();
        let (answer, after) = ask(&mut asking).await;
        assert!(answer.ends_with("hello") && after < Duration::from_secs(10), "{after:?}");
    }
}

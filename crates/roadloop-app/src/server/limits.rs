//! What keeps those who ask from taking a process down: so many connections, so large
//! questions, so long an answer, so long a silence.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::problem::Problem;

/// Connections at once; the next ones wait to be accepted.
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
    silence: Duration,
}

/// A connection in its place.
#[derive(Debug)]
pub(super) struct Placed {
    stream: TcpStream,
    /// When it was silent for too long, which begins anew with each byte.
    too_long: Pin<Box<Sleep>>,
    silence: Duration,
    _place: Option<OwnedSemaphorePermit>,
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
        match self.too_long.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Bounded {
        Bounded { listener, places: Arc::new(Semaphore::new(CONNECTIONS)), silence: SILENCE }
    }
}

impl Listener for Bounded {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        // An error would say that nobody gives out places any more; it is never closed.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        // Waits out what is wrong with a single connection, or when files run short.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let silence = self.silence;
        let too_long = Box::pin(sleep(silence));
        (Placed { stream, too_long, silence, _place: place }, address)
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
        self.moved(context, read)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
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
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn a_place_is_not_kept_in_silence() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silence = Duration::from_millis(300);
        let bounded = Bounded { listener, places: Arc::new(Semaphore::new(1)), silence };
        let serving = tokio::spawn(async move { axum::serve(bounded, Router::new()).await });
        let mut silent = TcpStream::connect(address).await.unwrap();
        // The next one waits for its place.
        let mut next = TcpStream::connect(address).await.unwrap();
        for stream in [&mut silent, &mut next] {
            let closed = timeout(Duration::from_secs(5), stream.read_u8()).await;
            assert!(closed.unwrap().is_err());
        }
        serving.abort();
    }
}

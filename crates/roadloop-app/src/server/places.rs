//! So many connections at once, and none that is silent for ever. Where all places are
//! taken, who comes new gets that of the one who has had no question answered for longest:
//! a health check is heard among any number of connections that were opened and forgotten,
//! or whose question never ends. Which ones are being answered, [`Place::answers`] is told.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{self, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep};

/// Connections at once.
const CONNECTIONS: usize = 256;

/// A connection on which nothing moves for so long is closed. Longer than an answer may
/// take, and than streams of events are silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Who is not being answered for so long may lose its place to another: a question comes
/// sooner than that after its connection, and whoever keeps one open can open another.
const PATIENCE: Duration = Duration::from_millis(500);

/// An answer of which nothing moves for so long is one to nobody. Longer than it may take to
/// begin, and than streams of events are silent.
const ANSWERED: Duration = Duration::from_secs(35);

/// How often it is looked again for a place.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A listener with so many connections at once.
#[derive(Debug)]
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Places>,
    silence: Duration,
}

#[derive(Debug)]
struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

/// The places by number, which tells who came first.
#[derive(Debug, Default)]
struct Taken {
    places: BTreeMap<u64, Held>,
    next: u64,
}

#[derive(Debug)]
struct Held {
    /// Questions that are being answered.
    answers: u32,
    /// Since when none is.
    idle_since: Instant,
    /// When a byte came or went.
    moved_at: Instant,
    /// By which its connection learns that it has to go.
    _leave: oneshot::Sender<()>,
}

impl Held {
    /// Since when its place is of no use, where it is of none.
    fn idle(&self) -> Option<Instant> {
        match self.answers {
            0 if self.idle_since.elapsed() >= PATIENCE => Some(self.idle_since),
            0 => None,
            _ => Some(self.moved_at).filter(|moved_at| moved_at.elapsed() >= ANSWERED),
        }
    }
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if one is free or is made so.
    fn take(&self) -> Option<(u64, oneshot::Receiver<()>)> {
        let mut taken = self.taken();
        if taken.places.len() >= self.most {
            let idle =
                taken.places.iter().filter_map(|(number, held)| Some((held.idle()?, *number)));
            let (_, number) = idle.min()?;
            taken.places.remove(&number);
        }
        let (leave, left) = oneshot::channel();
        let number = taken.next;
        taken.next += 1;
        let now = Instant::now();
        let held = Held { answers: 0, idle_since: now, moved_at: now, _leave: leave };
        taken.places.insert(number, held);
        Some((number, left))
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Held)) {
        if let Some(held) = self.taken().places.get_mut(&number) {
            change(held);
        }
    }
}

/// The place of a connection, for who answers its questions.
#[derive(Clone, Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
}

impl Place {
    /// Says that a question is being answered, until what is given is dropped.
    pub(super) fn answers(&self) -> Answering {
        self.places.change(self.number, |held| held.answers += 1);
        Answering(self.clone())
    }
}

/// A question that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Place);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.places.change(self.0.number, |held| {
            held.answers = held.answers.saturating_sub(1);
            held.idle_since = Instant::now();
        });
    }
}

/// A connection in its place.
#[derive(Debug)]
pub(super) struct Placed {
    stream: TcpStream,
    /// When it was silent for too long, which begins anew with each byte.
    too_long: Pin<Box<Sleep>>,
    silence: Duration,
    places: Arc<Places>,
    number: u64,
    /// Ends when the place is another one's.
    left: oneshot::Receiver<()>,
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
        let is_over = self.too_long.as_mut().poll(context).is_ready()
            || Pin::new(&mut self.left).poll(context).is_ready();
        if is_over { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending }
    }

    pub(super) fn place(&self) -> Place {
        Place { places: Arc::clone(&self.places), number: self.number }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.places.taken().places.remove(&self.number);
    }
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Bounded {
        Bounded::with(listener, CONNECTIONS, SILENCE)
    }

    fn with(listener: TcpListener, most: usize, silence: Duration) -> Bounded {
        let places = Arc::new(Places { most, taken: Mutex::default() });
        Bounded { listener, places, silence }
    }
}

impl Listener for Bounded {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        // Waits out what is wrong with a single connection, or when files run short.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let (places, silence) = (Arc::clone(&self.places), self.silence);
        let (number, left) = loop {
            match places.take() {
                Some(taken) => break taken,
                None => sleep(LOOK_EVERY).await,
            }
        };
        let too_long = Box::pin(sleep(silence));
        (Placed { stream, too_long, silence, places, number, left }, address)
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
        if read.is_ready() {
            self.places.change(self.number, |held| held.moved_at = Instant::now());
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
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if written.is_ready() {
            self.places.change(self.number, |held| held.moved_at = Instant::now());
        }
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
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    async fn serve(most: usize, silence: Duration) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounded = Bounded::with(listener, most, silence);
        let routes = Router::new().route("/healthz", get(|| async { "ok" }));
        let routes = crate::server::limits::around(routes);
        let routes = routes.into_make_service_with_connect_info::<crate::server::Peer>();
        let serving = tokio::spawn(async move { axum::serve(bounded, routes).await.unwrap() });
        (address, serving)
    }

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let question = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(question).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_place_is_not_kept_in_silence() {
        let (address, serving) = serve(1, Duration::from_millis(300)).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        // The next one waits for its place.
        let mut next = TcpStream::connect(address).await.unwrap();
        for stream in [&mut silent, &mut next] {
            let closed = timeout(Duration::from_secs(5), stream.read_u8()).await;
            assert!(closed.unwrap().is_err());
        }
        serving.abort();
    }

    #[tokio::test]
    async fn who_asks_is_heard_among_those_who_do_not() {
        let (address, serving) = serve(8, SILENCE).await;
        let mut silent = Vec::new();
        for number in 0..40 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            if number % 2 == 0 {
                stream.write_all(b"GET /healthz HTTP/1.1\r\nHo").await.unwrap();
            }
            silent.push(stream);
        }
        let answer = timeout(Duration::from_secs(20), ask(address)).await.unwrap();
        assert!(answer.ends_with("ok"), "{answer}");
        serving.abort();
    }

    /// Each was answered once, and sends a byte of its next question now and then.
    #[tokio::test]
    async fn questions_that_never_end_keep_nobody_out() {
        let (address, serving) = serve(4, SILENCE).await;
        let mut endless = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.unwrap();
            endless.push(stream);
        }
        let trickling = tokio::spawn(async move {
            loop {
                for stream in &mut endless {
                    let _ = stream.write_all(b"G").await;
                }
                sleep(Duration::from_millis(50)).await;
            }
        });
        let answer = timeout(Duration::from_secs(10), ask(address)).await.unwrap();
        assert!(answer.ends_with("ok"), "{answer}");
        trickling.abort();
        serving.abort();
    }
}

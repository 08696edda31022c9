//! What a process shows to the outside: an HTTP server to which anybody adds routes.
//!
//! A [`Server`] knows nothing of what it serves: it is bound, given a [`Router`], and
//! closed when the work it speaks of is over. [`node`] has the routes of a process that
//! does jobs of a queue, [`studio`] those of the site for people. It speaks HTTP/1, plain
//! or by way of TLS; who asks is for the routes to find out.

mod cached;
mod counts;
mod events;
mod health;
pub(crate) mod hooks;
mod limits;
mod live;
mod metrics;
pub(crate) mod node;
mod orders;
mod places;
mod problem;
mod process;
pub(crate) mod rekognition;
pub(crate) mod studio;
mod text;
mod tls;

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) use counts::Counts;
pub(crate) use node::Node;
use places::Place;
pub(crate) use tls::Tls;

use crate::render::{self, Voice};

/// How long answers that are under way may take when the server is closed.
const CLOSING: Duration = Duration::from_secs(3);

/// A place others can ask at; nobody is answered yet.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    close: watch::Sender<bool>,
    tls: Option<Tls>,
}

/// Who asks, as the connection has it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    place: Place,
}

impl Connected<IncomingStream<'_, places::Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, places::Bounded>) -> Peer {
        Peer { address: *stream.remote_addr(), place: stream.io().place() }
    }
}

impl Connected<IncomingStream<'_, tls::Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, tls::Listener>) -> Peer {
        Peer { address: *stream.remote_addr(), place: stream.io().get_ref().0.place() }
    }
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Serving {
    close: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// By what a long answer knows that it is to come to its end.
#[derive(Clone, Debug)]
pub(crate) struct Closing(watch::Receiver<bool>);

impl Server {
    /// Takes an address, such as `127.0.0.1:9090`; port 0 stands for any that is free.
    pub(crate) async fn bind(address: &str) -> Result<Server> {
        let failed = || format!("cannot listen on {address}");
        let listener = match TcpListener::bind(address).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                return Err(anyhow!(
                    "cannot listen on {address}: something else does; name another address with --listen"
                ));
            }
            listener => listener.with_context(failed)?,
        };
        let address = listener.local_addr().with_context(failed)?;
        Ok(Server { listener, address, close: watch::Sender::new(false), tls: None })
    }

    /// Speaks TLS from now on.
    pub(crate) fn with_tls(self, tls: Option<Tls>) -> Server {
        Server { tls, ..self }
    }

    pub(crate) fn closing(&self) -> Closing {
        Closing(self.close.subscribe())
    }

    /// Answers from now on, and says where.
    pub(crate) fn serve(self, routes: Router) -> Serving {
        let Server { listener, address, close, tls } = self;
        let scheme = if tls.is_some() { "https" } else { "http" };
        match render::voice() {
            Voice::Text => render::line(&format!("listening on {scheme}://{address}")),
            Voice::JsonLines => {
                render::event("listening", json!({"address": address.to_string()}));
            }
        }
        let closing = Closing(close.subscribe());
        let routes = limits::around(routes).into_make_service_with_connect_info::<Peer>();
        let (bounded, told) = (places::Bounded::new(listener), closing.is_told());
        let serving = match tls {
            None => {
                let serving = axum::serve(bounded, routes).with_graceful_shutdown(told);
                tokio::spawn(async move { serving.await })
            }
            Some(tls) => {
                let listener = tls::Listener::new(bounded, address, tls);
                let serving = axum::serve(listener, routes).with_graceful_shutdown(told);
                tokio::spawn(async move { serving.await })
            }
        };
        Serving { close, serving }
    }
}

impl Serving {
    /// Takes no more questions, and waits a moment for the answers under way.
    pub(crate) async fn close(self) {
        let Serving { close, mut serving } = self;
        close.send_replace(true);
        if tokio::time::timeout(CLOSING, &mut serving).await.is_err() {
            serving.abort();
        }
    }
}

impl Closing {
    /// Ends when the server is closed.
    pub(crate) fn is_told(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut told = self.0.clone();
        async move {
            // A server that is gone is closed.
            let _ = told.wait_for(|is_told| *is_told).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn routes_are_answered_until_it_is_closed() {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let (address, closing) = (server.address, server.closing());
        let slow = move || {
            let told = closing.is_told();
            async move {
                told.await;
                "closed"
            }
        };
        let routes =
            Router::new().route("/word", get(|| async { "hello" })).route("/slow", get(slow));
        let serving = server.serve(routes);
        let get =
            |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(ask(address, &get("/word")).await.ends_with("hello"));
        let missing = ask(address, &get("/words")).await;
        assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");
        assert!(missing.contains("application/problem+json"), "{missing}");
        let posted = ask(address, &get("/word").replace("GET", "DELETE")).await;
        assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");

        let slow = get("/slow");
        let waiting = tokio::spawn(async move { ask(address, &slow).await });
        // Somebody who asks nothing keeps nobody from closing.
        let _silent = TcpStream::connect(address).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        serving.close().await;
        assert!(started.elapsed() < CLOSING + Duration::from_secs(1));
        assert!(waiting.await.unwrap().ends_with("closed"));
        assert!(TcpStream::connect(address).await.is_err());
        assert!(Server::bind("nowhere").await.is_err());
    }
}

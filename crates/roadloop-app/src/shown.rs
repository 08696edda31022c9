//! What a process shows of its work while it goes on: lines on stderr, answers to those
//! who ask over HTTP, and traces.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use axum::Router;
use roadloop_base::Stage;
use roadloop_engine::store;
use roadloop_engine::work::WorkLog;

use crate::cli::worker::Does;
use crate::server::node::About;
use crate::server::{Counts, Node, Server, Serving};
use crate::session::Session;
use crate::traces::{self, Sending, SpanCounts};
use crate::work_log::{Each, Lines};

#[derive(Debug)]
pub(crate) struct Shown {
    name: String,
    roles: Vec<Stage>,
    started_at: SystemTime,
    log: Arc<dyn WorkLog>,
    counts: Arc<Counts>,
    spans: Option<Arc<SpanCounts>>,
    server: Option<Server>,
    serving: Option<Serving>,
    sending: Option<Sending>,
}

impl Shown {
    /// For a node that does jobs of these stages, or of none. Comes before anything is
    /// opened: an address that is taken is said at once.
    pub(crate) async fn start(does: &Does, roles: Vec<Stage>) -> Result<Shown> {
        let (name, started_at) = (does.name(), SystemTime::now());
        let server = match &does.listen {
            Some(address) => Some(Server::bind(address).await?),
            None => None,
        };
        let (traces, sending) = traces::start(&name, |name| std::env::var(name).ok())?.unzip();
        let spans = traces.as_ref().map(|traces| traces.counts());
        let counts = Arc::new(Counts::new(roles.iter().copied()));
        let mut logs: Vec<Arc<dyn WorkLog>> = vec![Arc::new(Lines), Arc::clone(&counts) as _];
        logs.extend(traces.map(|traces| traces as Arc<dyn WorkLog>));
        let log = Arc::new(Each(logs));
        let serving = None;
        Ok(Shown { name, roles, started_at, log, counts, spans, server, serving, sending })
    }

    /// Answers from now on, what the command adds besides: what is to be spoken of is
    /// open.
    pub(crate) async fn serve(&mut self, session: &Session, besides: Router) -> Result<()> {
        let Some(server) = self.server.take() else { return Ok(()) };
        let about = About {
            name: self.name.clone(),
            roles: self.roles.clone(),
            store: store::open(&session.config.store())?,
            queue: session.queue().await?,
            counts: Arc::clone(&self.counts),
            spans: self.spans.clone(),
            started_at: self.started_at,
        };
        let routes = Node::new(about, server.closing()).routes();
        self.serving = Some(server.serve(routes.merge(besides)));
        Ok(())
    }

    /// Who is to be told what is done.
    pub(crate) fn log(&self) -> Arc<dyn WorkLog> {
        Arc::clone(&self.log)
    }

    /// Shows what it was told to the end, and nothing more.
    pub(crate) async fn end(self) {
        if let Some(sending) = self.sending {
            sending.finish().await;
        }
        if let Some(serving) = self.serving {
            serving.close().await;
        }
    }
}

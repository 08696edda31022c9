//! NATS servers with JetStream.

use std::fmt::Write;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Server, free_port, program, wait_for};

/// One server, which keeps its storage when it is killed.
#[derive(Debug)]
pub struct NatsNode {
    port: u16,
    /// Its configuration, beside its storage.
    config: PathBuf,
    server: Option<Server>,
    /// Of a node that is alone.
    _folder: Option<TempDir>,
}

impl NatsNode {
    /// A server of its own.
    pub fn start() -> NatsNode {
        NatsNode::configured("")
    }

    /// A server of its own, with lines of configuration more.
    pub fn configured(more: &str) -> NatsNode {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, config) = (free_port(), folder.path().join("nats.conf"));
        let text = config_of(port, "alone", folder.path()) + more;
        std::fs::write(&config, text).expect("a file");
        let mut node = NatsNode { port, config, server: None, _folder: Some(folder) };
        node.restart();
        node
    }

    pub fn address(&self) -> String {
        format!("nats://{}", self.host())
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// As `kill -9` does it.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill();
        }
    }

    /// Starts it on the storage it had.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = program("ROADLOOP_NATS_SERVER", "nats-server");
        command.arg("--config").arg(&self.config);
        self.server = Some(Server::start(command, "ROADLOOP_NATS_SERVER"));
        wait_for(self.port);
    }
}

/// Servers that keep copies of each other's streams.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<NatsNode>,
    _folder: TempDir,
}

impl NatsCluster {
    /// So many servers, `n0`, `n1`, …
    pub fn start(number: usize) -> NatsCluster {
        let folder = tempfile::tempdir().expect("a folder");
        let routes: Vec<u16> = (0..number).map(|_| free_port()).collect();
        let nodes = (0..number).map(|index| {
            let (port, name) = (free_port(), format!("n{index}"));
            let home = folder.path().join(&name);
            std::fs::create_dir(&home).expect("a folder");
            let mut text = config_of(port, &name, &home);
            let others: Vec<String> =
                routes.iter().map(|port| format!("nats-route://127.0.0.1:{port}")).collect();
            writeln!(
                text,
                "cluster {{ name: test, listen: \"127.0.0.1:{}\", routes: [{}] }}",
                routes[index],
                others.join(", ")
            )
            .expect("a text");
            let config = home.join("nats.conf");
            std::fs::write(&config, text).expect("a file");
            let mut node = NatsNode { port, config, server: None, _folder: None };
            node.restart();
            node
        });
        NatsCluster { nodes: nodes.collect(), _folder: folder }
    }

    pub fn address(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(NatsNode::host).collect();
        format!("nats://{}", hosts.join(","))
    }

    /// The node of a name.
    pub fn node(&mut self, name: &str) -> &mut NatsNode {
        let index: usize = name.trim_start_matches('n').parse().expect("n and a number");
        &mut self.nodes[index]
    }
}

/// Synced at each write, as one does it who fears for all servers at once.
fn config_of(port: u16, name: &str, home: &std::path::Path) -> String {
    let storage = home.join("storage");
    format!(
        "listen: \"127.0.0.1:{port}\"\nserver_name: {name}\n\
         jetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
        storage.display()
    )
}

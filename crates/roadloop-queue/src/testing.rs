//! Servers of a test's own, on this machine: NATS, one or a cluster, and one that
//! speaks as Amazon does. Their programs are found on `PATH`, or named in
//! `ROADLOOP_NATS_SERVER` and `ROADLOOP_MOTO_SERVER`. They end with their values.

mod moto;
mod nats;
mod stub;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub use moto::Moto;
pub use nats::{NatsCluster, NatsNode};
pub use stub::Stub;

/// How long a server may take to start: the machine may have more to do.
const START_WITHIN: Duration = Duration::from_secs(60);

/// A process that is killed when it is dropped.
#[derive(Debug)]
struct Server(Child);

impl Server {
    /// # Panics
    /// Where the program cannot be started: a test that needs it cannot pass.
    fn start(mut command: Command, variable: &str) -> Server {
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let program = command.get_program().to_owned();
        Server(child.unwrap_or_else(|error| {
            panic!("cannot start {}: {error}; set {variable}", program.display())
        }))
    }

    /// As `kill -9` does it.
    fn kill(&mut self) {
        self.0.kill().expect("a process of ours");
        self.0.wait().expect("a process of ours");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let killed = self.0.kill().and_then(|()| self.0.wait());
        drop(killed);
    }
}

fn program(variable: &str, name: &str) -> Command {
    Command::new(std::env::var_os(variable).unwrap_or_else(|| name.into()))
}

/// A port of the loopback that nobody uses now.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// Waits until somebody listens there.
fn wait_for(port: u16) {
    let started = Instant::now();
    while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).is_err() {
        assert!(started.elapsed() < START_WITHIN, "nobody listens at port {port}");
        sleep(Duration::from_millis(20));
    }
}

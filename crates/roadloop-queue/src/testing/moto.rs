//! A server that speaks as Amazon's services do, moto.

use super::{Server, free_port, program, wait_for};

#[derive(Debug)]
pub struct Moto {
    port: u16,
    _server: Server,
}

impl Moto {
    pub fn start() -> Moto {
        let port = free_port();
        let mut command = program("ROADLOOP_MOTO_SERVER", "moto_server");
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let server = Server::start(command, "ROADLOOP_MOTO_SERVER");
        wait_for(port);
        Moto { port, _server: server }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

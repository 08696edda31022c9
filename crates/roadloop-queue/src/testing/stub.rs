//! A server that answers as it was told, whatever it is asked: for what a service
//! does seldom.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// It answers as long as the process lives, and what is asked after the last
/// answer gets that again.
#[derive(Debug)]
pub struct Stub {
    endpoint: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Stub {
    /// With these answers, a status and a body each.
    pub fn answering(answers: Vec<(u16, Value)>) -> Stub {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked = Arc::<Mutex<Vec<(String, Value)>>>::default();
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.expect("a connection");
                let question = read(&mut BufReader::new(&stream));
                noted.lock().unwrap_or_else(PoisonError::into_inner).push(question);
                let (status, body) = answers.get(number).or(answers.last()).expect("an answer");
                let body = body.to_string();
                let length = body.len();
                // One request for each connection.
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                stream.write_all((head + &body).as_bytes()).expect("a listener");
            }
        });
        Stub { endpoint, asked }
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What it was asked: targets and bodies.
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(stream: &mut impl BufRead) -> (String, Value) {
    let (mut length, mut target) = (0, String::new());
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().expect("a number"),
            "x-amz-target" => target = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).expect("a body");
    (target, serde_json::from_slice(&body).expect("JSON"))
}

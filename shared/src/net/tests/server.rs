//! A server on its own thread, so that it goes on while the client's thread is frozen.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// The server's next step on a connection.
pub enum Step {
    /// Reads a request and writes this answer.
    Answer(String),
    /// Reads a request.
    Read,
    /// Waits until [`Server::go_on`] is called.
    Wait,
}

/// An HTTP/1.1 server that follows a script. The script has a list of steps for each connection, which is closed after
/// the last step.
pub struct Server {
    pub url: String,
    seen: Arc<Mutex<Vec<String>>>,
    go_on: Sender<()>,
}

impl Server {
    pub fn start(script: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/path?a=b", listener.local_addr().unwrap());
        let (seen, (go_on, told)) = (Arc::<Mutex<Vec<String>>>::default(), channel());
        let record = seen.clone();
        thread::spawn(move || {
            for steps in script {
                let Ok((stream, _)) = listener.accept() else { return };
                follow(stream, steps, &record, &told);
            }
        });
        Self { url, seen, go_on }
    }

    /// The complete requests that came.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Ends a wait.
    pub fn go_on(&self) {
        self.go_on.send(()).unwrap();
    }
}

fn follow(mut stream: TcpStream, steps: Vec<Step>, seen: &Mutex<Vec<String>>, told: &Receiver<()>) {
    for step in steps {
        let answer = match step {
            Step::Wait => {
                let _ = told.recv();
                continue;
            }
            Step::Answer(answer) => answer,
            Step::Read => String::new(),
        };
        let Some(request) = read(&mut stream) else { return };
        seen.lock().unwrap().push(request);
        let _ = stream.write_all(answer.as_bytes());
    }
}

/// Reads a complete request, by its content length; `None` if the connection is closed before that.
fn read(stream: &mut TcpStream) -> Option<String> {
    let mut request = String::new();
    let mut some = [0; 4096];
    loop {
        if let Some((head, body)) = request.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(request);
            }
        }
        match stream.read(&mut some) {
            Ok(0) | Err(_) => return None,
            Ok(read) => request.push_str(std::str::from_utf8(&some[..read]).unwrap()),
        }
    }
}

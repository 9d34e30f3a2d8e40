//! A server that fails in one of the ways that a network knows, and what becomes of a request then: the table that the tests
//! of every client go through.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Duration, sleep},
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody listens at the port.
    Refused,
    /// The name has no address.
    NoSuchName,
    /// What answers to TLS is not TLS.
    NoTls,
    /// The connection is taken, and TLS never answers: it is not there in time.
    SlowTls,
    /// The connection is reset once the request was read.
    ResetBeforeAnswer,
    /// It is closed once the request was read.
    ClosedBeforeAnswer,
    /// It is reset within the answer's head.
    ResetWithinHead,
    /// It is closed within the body of an answer of this status.
    ClosedWithinBody(u16),
    /// It is reset there.
    ResetWithinBody(u16),
    /// The request is read, and no answer comes.
    Silent,
}

/// What a client says of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// It was not sent.
    NotSent,
    /// It had no response.
    NoResponse,
    /// The response of this status broke off.
    Truncated(u16),
    /// The client still waits, until its caller's time is over: no response.
    Waiting,
}

pub(crate) const TABLE: [(Fault, Became); 11] = [
    (Fault::Refused, Became::NotSent),
    (Fault::NoSuchName, Became::NotSent),
    (Fault::NoTls, Became::NotSent),
    (Fault::SlowTls, Became::NotSent),
    (Fault::ResetBeforeAnswer, Became::NoResponse),
    (Fault::ClosedBeforeAnswer, Became::NoResponse),
    (Fault::ResetWithinHead, Became::NoResponse),
    (Fault::ClosedWithinBody(200), Became::Truncated(200)),
    (Fault::ClosedWithinBody(500), Became::Truncated(500)),
    (Fault::ResetWithinBody(200), Became::Truncated(200)),
    (Fault::Silent, Became::Waiting),
];

impl Became {
    /// How many requests come to the server of a client that makes one attempt.
    pub fn requests(self) -> usize {
        usize::from(self != Self::NotSent)
    }
}

/// A server with a fault.
pub(crate) struct Faulty {
    pub url: String,
    requests: Arc<AtomicUsize>,
}

impl Faulty {
    pub async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = match fault {
            // No name has so long a part: nobody is asked for it.
            Fault::NoSuchName => format!("http://{}.example:{port}", "a".repeat(64)),
            Fault::NoTls | Fault::SlowTls => format!("https://localhost:{port}"),
            _ => format!("http://127.0.0.1:{port}"),
        };
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        if fault != Fault::Refused {
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, fault, count.clone()));
                }
            });
        }
        Self { url, requests }
    }

    /// How many requests came, whole.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, fault: Fault, count: Arc<AtomicUsize>) {
    match fault {
        Fault::SlowTls => return sleep(Duration::from_secs(60)).await,
        Fault::NoTls => {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return;
        }
        _ => {}
    }
    if !read(&mut stream).await {
        return;
    }
    count.fetch_add(1, Ordering::SeqCst);
    let (answer, is_reset) = match fault {
        Fault::Silent => return sleep(Duration::from_secs(60)).await,
        Fault::ResetWithinHead => ("HTTP/1.1 200 OK\r\ncontent-le".to_owned(), true),
        Fault::ClosedWithinBody(status) => (begun(status), false),
        Fault::ResetWithinBody(status) => (begun(status), true),
        fault => (String::new(), fault == Fault::ResetBeforeAnswer),
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    // So that what was written is not lost with the connection.
    sleep(Duration::from_millis(50)).await;
    if is_reset {
        stream.set_zero_linger().unwrap();
    }
}

fn begun(status: u16) -> String {
    format!("HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{")
}

/// Reads a whole request; whether one came.
async fn read(stream: &mut TcpStream) -> bool {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return true;
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
        }
    }
}

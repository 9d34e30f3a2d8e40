//! A server that fails in one of the ways of a network, and the expected result of a request. The tests of every client
//! use this table.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Duration, sleep},
};

/// The way in which the server fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No process listens at the port.
    Refused,
    /// The name has no address.
    NoSuchName,
    /// The server's answer to the TLS handshake is not TLS.
    NoTls,
    /// The server accepts the connection and does not answer the TLS handshake, so the connection is not ready in time.
    SlowTls,
    /// The server resets the connection after it has read the request.
    ResetBeforeAnswer,
    /// The server closes the connection after it has read the request.
    ClosedBeforeAnswer,
    /// The server resets the connection within the head of the answer.
    ResetWithinHead,
    /// The server closes the connection within the body of an answer of this status.
    ClosedWithinBody(u16),
    /// The server resets the connection within the body of an answer of this status.
    ResetWithinBody(u16),
    /// The server reads the request and does not answer.
    Silent,
}

/// The expected result of the client's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// The request was not sent.
    NotSent,
    /// The request had no response.
    NoResponse,
    /// The response of this status broke off.
    Truncated(u16),
    /// The client still waits when the caller's time-out comes. That counts as no response.
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
    /// How many requests the server gets from a client that makes one attempt.
    pub fn requests(self) -> usize {
        usize::from(self != Self::NotSent)
    }
}

/// A server that fails in one way.
pub(crate) struct Faulty {
    pub url: String,
    requests: Arc<AtomicUsize>,
    /// Has the port and does not listen. If the port were free, a server of another test could get it.
    _silent: Option<TcpSocket>,
}

impl Faulty {
    pub async fn start(fault: Fault) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let url = match fault {
            // A part of a name cannot be so long, so no DNS server is asked.
            Fault::NoSuchName => format!("http://{}.example:{port}", "a".repeat(64)),
            Fault::NoTls | Fault::SlowTls => format!("https://localhost:{port}"),
            _ => format!("http://127.0.0.1:{port}"),
        };
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        if fault == Fault::Refused {
            return Self { url, requests, _silent: Some(socket) };
        }
        let listener = socket.listen(1024).unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, fault, count.clone()));
            }
        });
        Self { url, requests, _silent: None }
    }

    /// How many complete requests came.
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
    // The pause keeps the written bytes from being lost with the connection.
    sleep(Duration::from_millis(50)).await;
    if is_reset {
        stream.set_zero_linger().unwrap();
    }
}

fn begun(status: u16) -> String {
    format!("HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{")
}

/// Reads a complete request. Returns whether one came.
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

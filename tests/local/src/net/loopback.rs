//! A small HTTP server on loopback for the stand-ins and the fault proxy. Unlike a web framework, it can close a
//! connection without an answer.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::connections::Connection;

/// The largest body in bytes: DynamoDB's limit, which is the largest of all stand-ins.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// A complete request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The reply to a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A complete answer.
    Answer(StatusCode, HeaderMap, Bytes),
    /// The connection is closed without an answer.
    HangUp,
}

impl Reply {
    /// The length of the body in bytes; 0 without an answer.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Answer(_, _, body) => body.len(),
            Self::HangUp => 0,
        }
    }
}

/// The error that ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
pub(crate) struct HungUp;

/// The protocol of a connection, from its first byte on.
#[derive(Clone, Copy, Debug)]
enum Protocol {
    Http1,
    Http2,
}

/// A bound port that nothing serves yet.
pub(crate) struct Listener(TcpListener, u16, Protocol);

impl Listener {
    /// Binds an ephemeral port.
    pub(crate) async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self(listener, port, Protocol::Http1))
    }

    /// Binds an ephemeral port for HTTP/2 without TLS. A client must know beforehand that it is HTTP/2.
    pub(crate) async fn bind_http2() -> io::Result<Self> {
        let Self(listener, port, _) = Self::bind().await?;
        Ok(Self(listener, port, Protocol::Http2))
    }

    pub(crate) fn port(&self) -> u16 {
        self.1
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.1)
    }

    pub(crate) fn into_inner(self) -> TcpListener {
        self.0
    }

    /// Serves complete requests with a function.
    pub(crate) fn answer<F, A>(self, handler: F) -> Server
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.serve(service_fn(move |request: hyper::Request<Incoming>| {
            let handler = Arc::clone(&handler);
            async move {
                let (parts, body) = request.into_parts();
                // A body that breaks off, or is larger than every service's limit, gets no answer.
                let body = axum::body::to_bytes(Body::new(body), LARGEST_BODY).await.map_err(|_| HungUp)?;
                let request = Request { method: parts.method, uri: parts.uri, headers: parts.headers, body };
                match handler(request).await {
                    Reply::Answer(status, headers, body) => {
                        let mut response = Response::new(Body::from(body));
                        *response.status_mut() = status;
                        *response.headers_mut() = headers;
                        Ok(response)
                    }
                    Reply::HangUp => Err(HungUp),
                }
            }
        }))
    }

    /// Serves each connection with a hyper service.
    pub(crate) fn serve<S, B>(self, service: S) -> Server
    where
        S: Service<hyper::Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: std::error::Error + Send + Sync + 'static,
        B: hyper::body::Body + Send + 'static,
        B::Data: Send,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let (endpoint, protocol) = (self.endpoint(), self.2);
        let port = self.1;
        let accepting = tokio::spawn(accept(self.0, move |stream: TcpStream| {
            let connection = Connection::opened((stream.peer_addr().map_or(0, |peer| peer.port()), port));
            let (service, stream) = (service.clone(), TokioIo::new(stream));
            let request = connection.requests();
            let service = service_fn(move |asked| {
                let (busy, answer) = (request(), service.call(asked));
                async move {
                    let _busy = busy;
                    answer.await
                }
            });
            async move {
                // Without a timer, the server never closes an idle connection, so a client with a pool has no race with
                // it. Only a frozen process loses its connections. An error only means that the client has closed the
                // connection.
                let serve = async {
                    let _ = match protocol {
                        Protocol::Http1 => http1::Builder::new().serve_connection(stream, service).await,
                        Protocol::Http2 => {
                            http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await
                        }
                    };
                };
                tokio::select! {
                    () = serve => {}
                    () = connection.has_to_end() => {}
                }
            }
        }));
        Server { endpoint, accepting }
    }
}

/// Accepts connections until it is aborted. The connections end with it, because their set is dropped.
async fn accept<F, A>(listener: TcpListener, connection: F)
where
    F: Fn(TcpStream) -> A,
    A: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream));
                }
                // There may be no free file descriptors. The pause lets running connections end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    endpoint: String,
    accepting: JoinHandle<()>,
}

impl Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Ends the server, and waits until its port is free.
    pub(crate) async fn shutdown(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{connections, sockets};

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn idle_connections_are_closed_without_a_word_and_busy_ones_are_not() {
        let server = Listener::bind().await.unwrap().answer(|request| async move {
            let wait = request.uri.path() == "/slow";
            tokio::time::sleep(Duration::from_millis(if wait { 300 } else { 0 })).await;
            Reply::Answer(StatusCode::OK, HeaderMap::new(), Bytes::new())
        });
        let port = server.endpoint().rsplit_once(':').unwrap().1.parse::<u16>().unwrap();
        let own = || {
            let all = sockets::connections_of(std::process::id());
            all.into_iter().filter(|(_, to)| *to == port).collect::<Vec<_>>()
        };
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        client.get(server.endpoint()).send().await.unwrap();
        assert_eq!((own().len(), connections::close_idle(&own())), (1, 1));
        tokio::time::timeout(Duration::from_secs(2), async {
            while !own().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .unwrap();
        let slow = tokio::spawn(client.get(format!("{}/slow", server.endpoint())).send());
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(connections::close_idle(&own()), 0);
        assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    }

    #[tokio::test]
    async fn an_answer_that_never_comes_ends_with_its_client() {
        let requests = Arc::new(());
        let held = requests.clone();
        let server = Listener::bind().await.unwrap().answer(move |_| {
            let held = held.clone();
            async move {
                let _held = held;
                std::future::pending().await
            }
        });
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(300)).build().unwrap();
        let (outcome, under_way) = tokio::join!(client.get(server.endpoint()).send(), async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            Arc::strong_count(&requests)
        });
        assert!(outcome.unwrap_err().is_timeout());
        // The three owners are the test, the handler and the request.
        assert_eq!(under_way, 3);
        let gone = async {
            while Arc::strong_count(&requests) > 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), gone).await.unwrap();
    }
}

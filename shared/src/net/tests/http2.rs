//! HTTP/2 without TLS, with prior knowledge.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
};

use hyper::{Response, server::conn::http2, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;

/// How a connection ends.
#[derive(Clone, Copy)]
enum End {
    /// With HTTP/2's `GOAWAY`.
    Politely,
    /// Without a message, like a cut cable.
    Abruptly,
}

/// A server on its own thread. On request, it ends its connection and waits for the next one.
struct Server {
    url: String,
    seen: Arc<AtomicUsize>,
    end: UnboundedSender<End>,
}

impl Server {
    fn start() -> Self {
        let (tell, told) = mpsc::channel();
        let (end, ends) = unbounded_channel();
        let seen = Arc::new(AtomicUsize::new(0));
        let count = seen.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(tell, ends, count));
        });
        Self { url: told.recv().unwrap(), seen, end }
    }
}

async fn serve(tell: mpsc::Sender<String>, mut ends: UnboundedReceiver<End>, seen: Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    tell.send(format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    while let Ok((stream, _)) = listener.accept().await {
        let seen = seen.clone();
        let service = service_fn(move |_| {
            seen.fetch_add(1, Ordering::SeqCst);
            async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok"))) }
        });
        let builder = http2::Builder::new(TokioExecutor::new());
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => continue,
            end = ends.recv() => match end {
                Some(End::Politely) => {
                    connection.as_mut().graceful_shutdown();
                    let _ = timeout(Duration::from_millis(100), connection).await;
                }
                Some(End::Abruptly) => {}
                None => return,
            },
        }
    }
}

#[tokio::test]
async fn it_is_spoken_from_the_first_byte() {
    let server = Server::start();
    assert_eq!(text(Client::http2(Clock::system()).send(post(&server.url)).await).await, "ok");
    assert!(
        !matches!(Client::anywhere(Clock::system()).send(post(&server.url)).await, Ok(answer) if answer.status() == 200)
    );
    assert_eq!(server.seen.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_the_process_was_frozen_loses_and_repeats_nothing() {
    for end in [End::Politely, End::Abruptly] {
        let (server, client) = (Server::start(), Client::http2(Clock::system()));
        assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
        tokio::task::yield_now().await;
        server.end.send(end).unwrap();
        freeze();
        assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
        assert_eq!(server.seen.load(Ordering::SeqCst), 2);
    }
}

/// A server that resets its first streams with these reasons and answers all others. Returns its URL and the number of
/// streams that it has seen.
async fn resetting(reasons: &'static [h2::Reason]) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, seen) = (format!("http://{}/", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
    let count = seen.clone();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            match reasons.get(count.fetch_add(1, Ordering::SeqCst)) {
                Some(reason) => respond.send_reset(*reason),
                None => drop(respond.send_response(Response::new(()), true)),
            }
        }
    });
    (url, seen)
}

#[tokio::test]
async fn what_the_other_side_has_not_looked_at_is_sent_once_more_and_nothing_else_is() {
    use h2::Reason;
    const BUSY: Reason = Reason::REFUSED_STREAM;
    // The server's first resets; how many requests come; whether the client gets an answer; whether its error says that
    // nothing was sent.
    const CASES: [(&[Reason], usize, bool, bool); 4] = [
        (&[BUSY], 2, true, false),
        (&[BUSY, BUSY], 2, false, true),
        (&[Reason::INTERNAL_ERROR], 1, false, false),
        (&[Reason::CANCEL], 1, false, false),
    ];
    for (reasons, seen, good, unsent) in CASES {
        let (url, count) = resetting(reasons).await;
        let sent = Client::http2(Clock::system()).send(post(&url)).await;
        assert_eq!((sent.is_ok(), count.load(Ordering::SeqCst)), (good, seen), "{reasons:?}");
        assert_eq!(sent.is_err_and(|error| error.is_unsent()), unsent, "{reasons:?}");
    }
}

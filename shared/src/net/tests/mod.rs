mod http2;
mod https;
pub(crate) mod server;
mod table;

use std::{net::TcpListener, thread, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::rt::TokioExecutor;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::{
    faults::{Fault, Faulty},
    *,
};
use server::{OK, Server, Step};

fn post(url: &str) -> Request {
    Request::post(url, "text/plain", "hello")
}

async fn text(answer: Result<Answer, NetError>) -> String {
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    String::from_utf8(answer.bytes().await.unwrap().to_vec()).unwrap()
}

fn answers(script: &[&[&str]]) -> Server {
    let steps = |answers: &&[&str]| answers.iter().map(|answer| Step::Answer((*answer).to_owned())).collect();
    Server::start(script.iter().map(steps).collect())
}

/// Stops everything on this thread until the server has acted, as Lambda freezes a process between invocations.
fn freeze() {
    thread::sleep(Duration::from_millis(200));
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_asked_for_and_its_answer_is_read() {
    let server = answers(&[&["HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 7\r\n\r\n{\"a\":1}", OK]]);
    let client = Client::anywhere(Clock::system());
    let answer = client.send(post(&server.url).bearer("t").header("x-one", "1")).await.unwrap();
    assert_eq!((answer.status(), answer.header("Retry-After"), answer.header("x-none")), (429, Some("7"), None));
    assert_eq!(answer.json::<serde_json::Value>().await.unwrap(), serde_json::json!({"a": 1}));
    // This uses the same connection, because the script has no second one.
    assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    let (head, body) = seen[0].split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.split("\r\n").collect();
    assert_eq!((lines.remove(0), body), ("POST /path?a=b HTTP/1.1", "hello"));
    lines.sort_unstable();
    let host = server.url.trim_start_matches("http://").trim_end_matches("/path?a=b");
    let agent = concat!("user-agent: Tidings/", env!("CARGO_PKG_VERSION"));
    let expected = ["accept: */*", "authorization: Bearer t", "content-length: 5", "content-type: text/plain"];
    assert_eq!(lines[..4], expected);
    assert_eq!(lines[4..], [&format!("host: {host}"), agent, "x-one: 1"]);
    assert!(seen[1].starts_with("POST /path?a=b HTTP/1.1\r\n"), "{}", seen[1]);
}

#[tokio::test]
async fn a_redirection_is_an_answer_and_not_followed() {
    let other = answers(&[&[OK]]);
    let moved = format!("HTTP/1.1 307 Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", other.url);
    let answer = Client::anywhere(Clock::system()).send(post(&answers(&[&[&moved]]).url)).await.unwrap();
    assert_eq!(answer.status(), 307);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn an_answer_s_headers_may_be_many_or_folded_or_malformed_and_its_status_counts() {
    let many = (0..1000).map(|n| format!("x-{n}: {}", "v".repeat(100))).collect::<Vec<_>>().join("\r\n");
    for odd in [&many, "x-folded: one\r\n two\r\n\tthree", "x-space : 1", "x bad: 1", "x-bad: a\u{1}b", "no colon"] {
        let answer = format!("HTTP/1.1 503 Busy\r\n{odd}\r\nretry-after: 7\r\ncontent-length: 2\r\n\r\nno");
        let server = answers(&[&[&answer]]);
        let answer = Client::anywhere(Clock::system()).send(post(&server.url)).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error:?}", odd.chars().take(20).collect::<String>()));
        assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("7")));
        assert_eq!(answer.header("x-folded"), odd.starts_with("x-folded").then_some("one two three"));
        assert_eq!(answer.bytes().await.unwrap(), "no");
    }
}

#[tokio::test]
async fn of_a_body_so_much_is_read_and_no_more() {
    let of = |bytes: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\n\r\n{}", "x".repeat(bytes));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(100_000));
    for (answer, good) in [(of(64 * 1024), true), (of(64 * 1024 + 1), false), (endless, false)] {
        let server = answers(&[&[&answer]]);
        let body = Client::anywhere(Clock::system()).send(post(&server.url)).await.unwrap().bytes().await;
        assert_eq!(body.is_ok(), good, "{:?}", body.map(|body| body.len()));
    }
    let server = answers(&[&["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok"]]);
    let error = Client::anywhere(Clock::system()).send(post(&server.url)).await.unwrap().bytes().await.unwrap_err();
    assert!(!error.is_unsent(), "it broke off: {error:?}");
}

#[tokio::test]
async fn what_nobody_took_was_not_sent_and_what_somebody_took_is_not_sent_again() {
    let nobody = Faulty::start(Fault::Refused).await;
    let error = Client::anywhere(Clock::system()).send(post(&nobody.url)).await.unwrap_err();
    assert!(matches!(error, NetError::Send(SendError::NotSent(_))) && error.is_unsent(), "{error:?}");

    // On a new connection, and on a connection that has answered before.
    for before in [0, 1] {
        let mut steps: Vec<_> = (0..before).map(|_| Step::Answer(OK.to_owned())).collect();
        steps.push(Step::Read);
        let server = Server::start(vec![steps, vec![Step::Answer(OK.to_owned())]]);
        let client = Client::anywhere(Clock::system());
        for _ in 0..before {
            assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
        }
        let error = client.send(post(&server.url)).await.unwrap_err();
        assert!(matches!(error, NetError::Send(SendError::NoResponse(_))) && !error.is_unsent(), "{error:?}");
        assert_eq!(server.seen().len(), before + 1);
    }
}

/// A server that drops each SYN, as the kernel does while the queue of new connections is full, until `lost` has passed.
async fn loses_syns(lost: Duration) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    tokio::spawn(async move {
        tokio::time::sleep(lost).await;
        for _ in queued.drain(..) {
            listener.accept().await.unwrap();
        }
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(OK.as_bytes()).await;
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn a_request_outlasts_two_lost_syns_and_was_not_sent_if_it_is_cut_off_before() {
    // The kernel repeats the SYN after 1 s, which is lost, too, and after 3 s.
    let url = loses_syns(Duration::from_secs(2)).await;
    let (client, clock) = (Client::anywhere(Clock::system()), Clock::system());
    let limit = Duration::from_millis(300);
    let (whole, cut_off) = tokio::join!(client.send(post(&url)), within(&clock, limit, client.send(post(&url))));
    assert_eq!(text(whole).await, "ok");
    assert_eq!(cut_off.err(), Some(CutOff::NotSent));
}

#[tokio::test]
async fn what_is_cut_off_is_not_sent_until_its_request_is_written_and_work_within_work_counts_for_itself() {
    let server = Faulty::start(Fault::Silent).await;
    let (clock, limit) = (Clock::system(), Duration::from_millis(200));
    for client in [Client::anywhere(clock.clone()), Client::http2(clock.clone())] {
        let cut_off = within(&clock, limit, client.send(post(&server.url))).await;
        assert_eq!(cut_off.err(), Some(CutOff::NoResponse));
    }
    let client = Client::anywhere(clock.clone());
    let nested = async {
        let inner = within(&clock, limit / 2, client.send(post(&server.url))).await;
        assert_eq!(inner.err(), Some(CutOff::NoResponse));
        std::future::pending::<()>().await;
    };
    assert_eq!(within(&clock, limit, nested).await.err(), Some(CutOff::NotSent));
    assert_eq!(within(&clock, limit, async { 1 }).await, Ok(1));
}

#[tokio::test]
async fn a_connection_that_was_closed_while_the_process_was_frozen_costs_nothing_but_a_new_one() {
    let answer = || Step::Answer(OK.to_owned());
    let server = Server::start(vec![vec![answer(), Step::Wait], vec![answer()]]);
    let client = Client::anywhere(Clock::system());
    assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
    // This gives the connection back to the client's pool.
    tokio::task::yield_now().await;
    server.go_on();
    freeze();
    assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_client_for_the_outside_does_not_even_connect_to_the_inside() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["localhost", "127.0.0.1", "[::1]", "127.1"] {
        let url = format!("http://{host}:{port}/");
        // Nobody answers there. The time-out ends a request that was sent after all.
        let send = timeout(Duration::from_millis(500), Client::outside(Clock::system()).send(post(&url))).await;
        assert!(matches!(send, Ok(Err(NetError::LeadsInside))), "{host}: {:?}", send.map(|sent| sent.err()));
        assert!(listener.accept().is_err(), "{host}: nobody has knocked");
    }
    let url = format!("http://localhost:{port}/");
    assert!(timeout(Duration::from_millis(500), Client::anywhere(Clock::system()).send(post(&url))).await.is_err());
    assert!(listener.accept().is_ok(), "and now somebody has");
}

#[tokio::test]
async fn what_cannot_be_written_is_not_sent() {
    let server = answers(&[&[OK]]);
    for request in [
        post(&server.url).header("x-one", "1\r\nx-two: 2"),
        post(&server.url).bearer("a\nb"),
        post(&format!("{} x", server.url)),
        post(""),
    ] {
        let error = Client::anywhere(Clock::system()).send(request).await.unwrap_err();
        assert!(matches!(error, NetError::Malformed) && error.is_unsent(), "{error:?}");
    }
    // A stranger could have written such URLs.
    for url in ["/path", "ftp://localhost/", "localhost"] {
        let error = Client::anywhere(Clock::system()).send(post(url)).await.unwrap_err();
        assert!(!matches!(error, NetError::LeadsInside), "{url}: {error:?}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn without_https_no_certificate_is_read() {
    let server = answers(&[&[OK]]);
    let client = Client::new(
        Connector::new(Resolver::Anywhere, Clock::system()).tls(Tls::new(|| panic!("nobody asked for TLS"))),
    );
    assert_eq!(text(client.send(post(&server.url)).await).await, "ok");
}

//! Calls against a server that each test tells what to do.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_item::{GetItemError, GetItemOutput},
    types::AttributeValue,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use super::*;
use crate::{
    clock::ManualClock,
    domain::Timestamp,
    net::{
        SendError,
        faults::{Became, Fault, Faulty, TABLE},
    },
};

const ITEM: &str = r#"{"Item":{"pk":{"S":"a"}}}"#;

/// How the server treats a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Answers with a status and a body.
    Answer(u16, &'static str),
    /// Answers with what this makes of the request's body.
    Does(fn(&str) -> String),
    /// Answers, and closes the connection a moment later.
    AnswerAndClose,
    /// Closes the connection without an answer.
    HangUp,
    /// Begins an answer and closes the connection.
    BreakOff,
    /// Sends nothing for this long.
    Wait(Duration),
}

pub(crate) struct Server {
    endpoint: String,
    /// The head of each request.
    heads: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    _serving: JoinHandle<()>,
}

impl Server {
    pub async fn start(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mut acts: Vec<_> = acts.to_vec();
        acts.reverse();
        let (acts, heads) = (Arc::new(Mutex::new(acts)), Arc::new(Mutex::new(Vec::new())));
        let (bodies, connections) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (seen, opened) = ((heads.clone(), bodies.clone()), connections.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *opened.lock().unwrap() += 1;
                tokio::spawn(serve(stream, acts.clone(), seen.clone()));
            }
        });
        Self { endpoint, heads, bodies, connections, _serving: serving }
    }

    pub fn aws(&self) -> Aws {
        Aws::stand_in(&self.endpoint, Clock::system()).unwrap()
    }

    /// A client that repeats what may have failed in passing.
    fn retrying(&self) -> Client {
        Client::new(&self.aws().retrying())
    }

    /// A client that makes one attempt.
    fn once(&self) -> Client {
        Client::new(&self.aws().single_attempt())
    }

    /// The head of each request.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    /// The body of each request.
    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

type Texts = Arc<Mutex<Vec<String>>>;

async fn serve(mut stream: TcpStream, acts: Arc<Mutex<Vec<Act>>>, (heads, bodies): (Texts, Texts)) {
    while let Some((head, body)) = request(&mut stream).await {
        heads.lock().unwrap().push(head);
        bodies.lock().unwrap().push(body.clone());
        let act = acts.lock().unwrap().pop().unwrap();
        let (status, body) = match act {
            Act::Answer(status, body) => (status, body.to_owned()),
            Act::Does(answer) => (200, answer(&body)),
            Act::AnswerAndClose => (200, ITEM.to_owned()),
            Act::HangUp => return,
            Act::BreakOff => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await;
                return;
            }
            Act::Wait(time) => return sleep(time).await,
        };
        let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
        if matches!(act, Act::AnswerAndClose) {
            return;
        }
    }
}

/// Reads a request to its end; its head in lower case, and its body.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some((head, body.to_owned()));
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => text.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
        }
    }
}

async fn get(client: &Client) -> Result<GetItemOutput, SdkError<GetItemError>> {
    client.get_item().table_name("t").key("pk", AttributeValue::S("a".into())).send().await
}

async fn open(aws: &Aws, client: &Client) {
    let opening = aws_sdk_dynamodb::config::Builder::new().http_client(aws.opener());
    let get = client.get_item().table_name("t").key("pk", AttributeValue::S("a".into()));
    get.customize().config_override(opening).send().await.unwrap_err();
}

#[tokio::test]
async fn a_call_is_signed_and_read_and_the_next_takes_the_same_connection() {
    let server = Server::start(&[Act::Answer(200, ITEM), Act::Answer(200, ITEM)]).await;
    let aws = server.aws();
    let client = Client::new(&aws.single_attempt());
    open(&aws, &client).await;
    sleep(Duration::from_millis(20)).await;
    assert_eq!((server.requests(), server.connections()), (0, 1));
    for _ in 0..2 {
        let item = get(&client).await.unwrap().item.unwrap();
        assert_eq!(item["pk"], AttributeValue::S("a".into()));
    }
    assert_eq!((server.requests(), server.connections()), (2, 1));
    let head = server.heads.lock().unwrap()[0].clone();
    let (host, line) = (server.endpoint.trim_start_matches("http://"), head.lines().next().unwrap());
    assert_eq!(line, "post / http/1.1");
    for header in [&*format!("host: {host}"), "x-amz-target: dynamodb_20120810.getitem"] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
    assert!(head.contains("/us-east-1/dynamodb/aws4_request, signedheaders="), "{head}");
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_attempt() {
    let server = Server::start(&[Act::AnswerAndClose, Act::Answer(200, ITEM)]).await;
    let client = server.once();
    get(&client).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    get(&client).await.unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

const START: Timestamp = Timestamp::from_millis(1_709_287_200_000);

#[tokio::test]
async fn a_connection_that_was_idle_for_20_seconds_is_not_used_again_also_if_the_process_was_frozen() {
    let server = Server::start(&[Act::Answer(200, ITEM); 6]).await;
    let clock = ManualClock::new(START);
    let client = Client::new(&Aws::stand_in(&server.endpoint, clock.clock()).unwrap().single_attempt());
    let connections = async |connections: usize| {
        get(&client).await.unwrap();
        assert_eq!(server.connections(), connections);
        // So that the connection is back with the client.
        sleep(Duration::from_millis(10)).await;
    };
    for (seconds, expected) in [(0, 1), (19, 1), (19, 1), (21, 2)] {
        clock.freeze(Duration::from_secs(seconds));
        connections(expected).await;
    }
    // If the clock is set back, nobody knows how long the connection was idle.
    clock.set(START);
    connections(3).await;
    connections(3).await;
}

#[tokio::test]
async fn a_connection_that_was_opened_before_a_freeze_of_ten_seconds_is_not_used() {
    for (frozen, connections) in [(9, 1), (10, 2)] {
        let server = Server::start(&[Act::Answer(200, ITEM)]).await;
        let clock = ManualClock::new(START);
        let aws = Aws::stand_in(&server.endpoint, clock.clock()).unwrap();
        let client = Client::new(&aws.single_attempt());
        open(&aws, &client).await;
        clock.freeze(Duration::from_secs(frozen));
        get(&client).await.unwrap();
        assert_eq!(server.connections(), connections, "{frozen} s");
    }
}

#[tokio::test]
async fn a_connection_that_was_closed_while_the_process_was_frozen_costs_nothing_but_a_new_one() {
    use crate::net::tests::server::{self, Step};
    let answer = || Step::Answer(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ITEM}", ITEM.len()));
    let server = server::Server::start(vec![vec![answer(), Step::Wait], vec![answer()]]);
    let clock = ManualClock::new(START);
    let endpoint = server.url.trim_end_matches("/path?a=b");
    let client = Client::new(&Aws::stand_in(endpoint, clock.clock()).unwrap().single_attempt());
    get(&client).await.unwrap();
    tokio::task::yield_now().await;
    server.go_on();
    // Everything on this thread stands still meanwhile, as on Lambda between invocations.
    std::thread::sleep(Duration::from_millis(200));
    clock.advance(Duration::from_secs(2));
    get(&client).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_no_more() {
    let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"m"}"#;
    for act in [Act::Answer(400, throttled), Act::Answer(500, "{}"), Act::Answer(503, ""), Act::HangUp, Act::BreakOff] {
        let server = Server::start(&[act, act, Act::Answer(200, ITEM)]).await;
        get(&server.retrying()).await.unwrap();
        assert_eq!(server.requests(), 3);

        let server = Server::start(&[act; 4]).await;
        get(&server.retrying()).await.unwrap_err();
        assert_eq!(server.requests(), 3);

        let server = Server::start(&[act; 2]).await;
        get(&server.once()).await.unwrap_err();
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_refusal_is_the_operation_s_own_error_at_once() {
    let refusal = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}"#;
    let server = Server::start(&[Act::Answer(400, refusal)]).await;
    let error = get(&server.retrying()).await.unwrap_err();
    assert!(error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()), "{error:?}");
    assert_eq!((error.code(), error.message()), (Some("ResourceNotFoundException"), Some("no table")));
    assert_eq!(server.requests(), 1);
}

/// Under a fault: the error of a client that makes one attempt, and how many requests came.
async fn asked(fault: Fault) -> (Became, usize) {
    let server = Faulty::start(fault).await;
    let client = Client::new(&Aws::stand_in(&server.url, Clock::system()).unwrap().single_attempt());
    let limit = Duration::from_secs(if fault == Fault::SlowTls { 7 } else { 1 });
    let became = match tokio::time::timeout(limit, get(&client)).await {
        Err(_) => Became::Waiting,
        Ok(Ok(got)) => panic!("{fault:?}: {got:?}"),
        Ok(Err(error)) => match (SendError::within(&error), &error) {
            (Some(SendError::NotSent(_)), SdkError::DispatchFailure(failure)) if failure.is_io() => Became::NotSent,
            (Some(SendError::NoResponse(_)), SdkError::DispatchFailure(failure)) if failure.is_io() => {
                Became::NoResponse
            }
            (Some(SendError::Truncated(_)), SdkError::ResponseError(broken)) => {
                Became::Truncated(broken.raw().status().as_u16())
            }
            other => panic!("{fault:?}: {other:?}"),
        },
    };
    (became, server.requests())
}

#[tokio::test]
async fn what_was_not_sent_is_told_from_what_had_no_response_under_every_fault() {
    let asked = futures::future::join_all(TABLE.map(|(fault, _)| asked(fault))).await;
    for ((fault, became), (found, requests)) in TABLE.into_iter().zip(asked) {
        assert_eq!((found, requests), (became, became.requests()), "{fault:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_one_of_three_and_all_of_them_have_an_end() {
    let silence = [Act::Wait(Duration::from_secs(60)); 4];
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(60));
    for (one, whole, requests) in [(short, long, 3), (long, short, 1)] {
        let server = Server::start(&silence).await;
        let limits = TimeoutConfig::builder().operation_attempt_timeout(one).operation_timeout(whole);
        let config = server.aws().retrying().to_builder().timeout_config(limits.build()).build();
        let late = get(&Client::new(&config)).await.unwrap_err();
        assert!(matches!(late, SdkError::TimeoutError(_)), "{late:?}");
        assert_eq!(server.requests(), requests);
    }
}

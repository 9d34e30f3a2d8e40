//! Calls against a server that does as it is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::get_item::{GetItem, GetItemInput, GetItemOutput},
    types::AttributeValue,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

use super::*;

const API: Api = Api { id: "DYNAMODB", host: "dynamodb", signing: "dynamodb" };
const ITEM: &str = r#"{"Item":{"pk":{"S":"a"}}}"#;

/// What the server does with a request.
#[derive(Clone, Copy)]
enum Act {
    /// Answers with a status and a body.
    Answer(u16, &'static str),
    /// Answers, and closes the connection a moment later.
    AnswerAndClose,
    /// Closes the connection without a word.
    HangUp,
    /// Begins an answer and closes the connection.
    BreakOff,
    /// Says nothing for so long.
    Wait(Duration),
}

struct Server {
    endpoint: String,
    /// The head of each request.
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    _serving: JoinHandle<()>,
}

impl Server {
    async fn start(acts: &[Act]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let mut acts: Vec<_> = acts.to_vec();
        acts.reverse();
        let (acts, heads) = (Arc::new(Mutex::new(acts)), Arc::new(Mutex::new(Vec::new())));
        let connections = Arc::new(Mutex::new(0));
        let (seen, opened) = (heads.clone(), connections.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *opened.lock().unwrap() += 1;
                tokio::spawn(serve(stream, acts.clone(), seen.clone()));
            }
        });
        Self { endpoint, heads, connections, _serving: serving }
    }

    fn service(&self, patience: Patience) -> Service {
        Aws::stand_in(&self.endpoint).service(API, patience).unwrap()
    }

    fn requests(&self) -> usize {
        self.heads.lock().unwrap().len()
    }

    fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

async fn serve(mut stream: TcpStream, acts: Arc<Mutex<Vec<Act>>>, heads: Arc<Mutex<Vec<String>>>) {
    while let Some(head) = request(&mut stream).await {
        heads.lock().unwrap().push(head);
        let act = acts.lock().unwrap().pop().unwrap();
        let (status, body) = match act {
            Act::Answer(status, body) => (status, body),
            Act::AnswerAndClose => (200, ITEM),
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

/// Reads a request to its end; its head in lower case.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut text = String::new();
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Some(head);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => text.push_str(std::str::from_utf8(&buffer[..read]).unwrap()),
        }
    }
}

async fn get(service: &Service) -> Result<GetItemOutput, SdkError<<GetItem as Operation>::Error>> {
    let input = GetItemInput::builder().table_name("t").key("pk", AttributeValue::S("a".into()));
    service.call::<GetItem>(input.build().unwrap()).await
}

#[tokio::test]
async fn a_call_is_signed_and_read_and_the_next_takes_the_same_connection() {
    let server = Server::start(&[Act::Answer(200, ITEM), Act::Answer(200, ITEM)]).await;
    let service = server.service(Patience::ONCE);
    service.open().await;
    for _ in 0..2 {
        let item = get(&service).await.unwrap().item.unwrap();
        assert_eq!(item["pk"], AttributeValue::S("a".into()));
    }
    assert_eq!((server.requests(), server.connections()), (2, 1));
    let head = server.heads.lock().unwrap()[0].clone();
    let (host, line) = (server.endpoint.trim_start_matches("http://"), head.lines().next().unwrap());
    assert_eq!(line, "post / http/1.1");
    for header in [&*format!("host: {host}"), "x-amz-target: dynamodb_20120810.getitem", "user-agent: tidings"] {
        assert!(head.lines().any(|line| line == header), "{header} in {head}");
    }
    assert!(
        head.contains("/us-east-1/dynamodb/aws4_request, signedheaders=content-type;host;x-amz-date;x-amz-target,")
    );
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_attempt() {
    let server = Server::start(&[Act::AnswerAndClose, Act::Answer(200, ITEM)]).await;
    let service = server.service(Patience::ONCE);
    get(&service).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    get(&service).await.unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

#[tokio::test]
async fn what_may_pass_is_tried_three_times_and_no_more() {
    let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"m"}"#;
    for act in [Act::Answer(400, throttled), Act::Answer(500, "{}"), Act::Answer(503, ""), Act::HangUp, Act::BreakOff] {
        let server = Server::start(&[act, act, Act::Answer(200, ITEM)]).await;
        get(&server.service(Patience::STANDARD)).await.unwrap();
        assert_eq!(server.requests(), 3);

        let server = Server::start(&[act; 4]).await;
        get(&server.service(Patience::STANDARD)).await.unwrap_err();
        assert_eq!(server.requests(), 3);

        let server = Server::start(&[act; 2]).await;
        get(&server.service(Patience::ONCE)).await.unwrap_err();
        assert_eq!(server.requests(), 1);
    }
}

#[tokio::test]
async fn a_refusal_is_the_operation_s_own_error_at_once() {
    let refusal = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no table"}"#;
    let server = Server::start(&[Act::Answer(400, refusal)]).await;
    let error = get(&server.service(Patience::STANDARD)).await.unwrap_err();
    assert!(error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()), "{error:?}");
    assert_eq!((error.code(), error.message()), (Some("ResourceNotFoundException"), Some("no table")));
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn what_never_left_what_never_came_and_what_broke_off_are_told_apart() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let unsent = get(&Aws::stand_in(&nobody).service(API, Patience::ONCE).unwrap()).await.unwrap_err();
    assert!(matches!(&unsent, SdkError::DispatchFailure(failure) if failure.is_io()), "{unsent:?}");

    let server = Server::start(&[Act::HangUp, Act::BreakOff]).await;
    let service = server.service(Patience::ONCE);
    let silent = get(&service).await.unwrap_err();
    assert!(matches!(&silent, SdkError::DispatchFailure(failure) if failure.is_io()), "{silent:?}");
    let broken = get(&service).await.unwrap_err();
    assert_eq!(broken.raw_response().map(|raw| raw.status().as_u16()), Some(200), "{broken:?}");
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_one_of_three_and_all_of_them_have_an_end() {
    let silence = [Act::Wait(Duration::from_secs(60)); 4];
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(60));
    for (one, whole, requests) in [(short, long, 3), (long, short, 1)] {
        let server = Server::start(&silence).await;
        let patience = Patience { limits: Some((one, whole)), ..Patience::STANDARD };
        let late = get(&server.service(patience)).await.unwrap_err();
        assert!(matches!(late, SdkError::TimeoutError(_)), "{late:?}");
        assert_eq!(server.requests(), requests);
    }
}

#[tokio::test]
async fn an_end_point_must_be_a_url_that_can_be_called() {
    for bad in ["dynamodb", "ftp://a.example", "https://", ""] {
        let error = Aws::stand_in(bad).service(API, Patience::ONCE).unwrap_err();
        assert!(error.to_string().contains("AWS_ENDPOINT_URL_DYNAMODB must be a URL"), "{error}");
    }
}

//! Tests of the gateway over a socket. The test plays the function.

use axum::routing::get;
use serde_json::{Value, json};

use super::*;
use crate::lambda::pool::tests::played;
use crate::net::listen::{self, Listening};

async fn start(reply: fn(Value) -> Result<Value, Value>) -> (Listening, String) {
    start_for(None, reply).await
}

async fn start_for(cors: Option<Cors>, reply: fn(Value) -> Result<Value, Value>) -> (Listening, String) {
    start_heard(cors, Heard::default(), reply).await
}

async fn start_heard(
    cors: Option<Cors>,
    heard: Heard,
    reply: fn(Value) -> Result<Value, Value>,
) -> (Listening, String) {
    let pool = Arc::new(played(1, reply).await);
    let routes = [("ANY", "/api/users/{id}"), ("POST", "/echo")];
    let routes = routes.map(|(method, path)| (method.to_owned(), path.to_owned(), pool.clone()));
    let gateway = Gateway { routes: Routes::new(routes), account: "000000000000".to_owned(), cors, heard };
    let router = gateway.behind(Router::new().route("/_local", get(async || "own")));
    let listening = Listening::start(listen::bind(0).await.unwrap(), router).unwrap();
    let url = format!("http://{}", listening.address());
    (listening, url)
}

fn echo(event: Value) -> Result<Value, Value> {
    Ok(json!({"statusCode": 202, "headers": {"content-type": "application/json"}, "body": event.to_string()}))
}

#[tokio::test]
async fn a_request_reaches_the_function_and_its_answer_the_client() {
    let (_listening, url) = start(echo).await;
    let client = reqwest::Client::new();
    let response = client.put(format!("{url}/api/users/a%2Fb?x=1")).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 202);
    assert!(response.headers().contains_key("apigw-requestid"));
    let event: Value = response.json().await.unwrap();
    assert_eq!(event["routeKey"], "ANY /api/users/{id}");
    assert_eq!(event["pathParameters"], json!({"id": "a/b"}));
    assert_eq!(event["rawPath"], "/api/users/a/b");
    assert_eq!(event["body"], "{}");
    let own = client.get(format!("{url}/_local")).send().await.unwrap();
    assert_eq!(own.text().await.unwrap(), "own");
}

#[tokio::test]
async fn what_no_route_takes_is_not_found() {
    let (_listening, url) = start(echo).await;
    let response = reqwest::get(format!("{url}/echo")).await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(response.json::<Value>().await.unwrap(), json!({"message": "Not Found"}));
}

#[tokio::test]
async fn a_function_error_and_a_malformed_answer_are_a_500() {
    let failing: fn(Value) -> Result<Value, Value> = |_| Err(json!({"errorType": "Oops", "errorMessage": "secret"}));
    for reply in [failing, |_| Ok(json!({"statusCode": "no"}))] {
        let (_listening, url) = start(reply).await;
        let response = reqwest::get(format!("{url}/api/users/1")).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.json::<Value>().await.unwrap();
        assert_eq!(body, json!({"message": "Internal Server Error"}));
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let (_listening, url) = start(echo).await;
    for size in [LARGEST_BODY + 1, LARGEST_EVENT] {
        let post = reqwest::Client::new().post(format!("{url}/echo")).body(vec![b' '; size]);
        let response = post.send().await.unwrap();
        assert_eq!(response.status(), 413, "{size}");
        let body = response.json::<Value>().await.unwrap();
        assert_eq!(body, json!({"message": "Request Entity Too Large"}));
    }
}

fn told(headers: &axum::http::HeaderMap) -> Vec<(&str, &str)> {
    let about = headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    let mut about: Vec<_> = about.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    about.sort_unstable();
    about
}

fn cors(origins: &[&str]) -> Option<Cors> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Some(Cors {
        allow_origins: texts(origins),
        allow_methods: texts(&["GET", "PUT"]),
        allow_headers: texts(&["authorization", "if-match"]),
        expose_headers: texts(&["etag"]),
        max_age: Some(600),
        allow_credentials: false,
    })
}

/// A function that sets its own CORS headers, which the gateway replaces.
fn opinionated(_: Value) -> Result<Value, Value> {
    Ok(json!({"statusCode": 200, "headers": {"access-control-allow-origin": "*", "access-control-max-age": "9"}}))
}

async fn ask(url: &str, method: reqwest::Method, headers: &[(&str, &str)]) -> reqwest::Response {
    let request = reqwest::Client::new().request(method, format!("{url}/api/users/1"));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
}

#[tokio::test]
async fn a_preflight_is_answered_by_the_gateway() {
    use reqwest::Method;
    let (_listening, url) = start_for(cors(&["https://a.example", "https://b.example"]), opinionated).await;
    let asks = ("access-control-request-method", "PUT");
    let preflight = ask(&url, Method::OPTIONS, &[("origin", "https://b.example"), asks]).await;
    assert_eq!(preflight.status(), 204);
    let expected = [
        ("access-control-allow-headers", "authorization,if-match"),
        ("access-control-allow-methods", "GET,PUT"),
        ("access-control-allow-origin", "https://b.example"),
        ("access-control-max-age", "600"),
    ];
    assert_eq!(told(preflight.headers()), expected);
    assert!(preflight.headers().contains_key("apigw-requestid"));
    let other = ask(&url, Method::OPTIONS, &[("origin", "https://c.example"), asks]).await;
    assert_eq!((other.status().as_u16(), told(other.headers())), (204, vec![]));
    let plain = ask(&url, Method::OPTIONS, &[]).await;
    assert_eq!(plain.status(), 200, "no preflight: the function answers");
}

#[tokio::test]
async fn an_answer_names_the_origin_that_may_read_it_whatever_the_function_says() {
    use reqwest::Method;
    let (_listening, url) = start_for(cors(&["https://a.example"]), opinionated).await;
    let answer = ask(&url, Method::GET, &[("origin", "https://a.example")]).await;
    let expected = [("access-control-allow-origin", "https://a.example"), ("access-control-expose-headers", "etag")];
    assert_eq!(told(answer.headers()), expected);
    for headers in [&[("origin", "https://a.example.org")][..], &[]] {
        assert_eq!(told(ask(&url, Method::GET, headers).await.headers()), []);
    }
    let (_listening, url) = start_for(cors(&["*"]), opinionated).await;
    let answer = ask(&url, Method::GET, &[("origin", "https://c.example")]).await;
    assert_eq!(told(answer.headers())[0], ("access-control-allow-origin", "*"));
    let (_listening, url) = start(opinionated).await;
    let answer = ask(&url, Method::GET, &[]).await;
    assert_eq!(told(answer.headers()).len(), 2, "without a configuration it is the function's own business");
}

#[tokio::test]
async fn pages_of_this_machine_are_those_of_its_own_names_at_any_port() {
    use reqwest::Method;
    let (_listening, url) = start_for(cors(&cors::PAGES_OF_THIS_MACHINE), opinionated).await;
    let allowed = async |origin: &str| {
        let answer = ask(&url, Method::GET, &[("origin", origin)]).await;
        answer.headers().get("access-control-allow-origin").map(|origin| origin.to_str().unwrap().to_owned())
    };
    for origin in ["http://localhost:3000", "http://localhost", "http://127.0.0.1:5173", "http://localhost:65535"] {
        assert_eq!(allowed(origin).await.as_deref(), Some(origin));
    }
    for origin in [
        "https://localhost:3000",
        "http://localhost.evil.example:3000",
        "http://localhost:3000.evil.example",
        "http://localhost:evil",
        "http://localhost:",
        "http://localhost:65536",
        "http://127.0.0.11:80",
        "http://evil.example",
        "null",
    ] {
        assert_eq!(allowed(origin).await, None, "{origin}");
    }
}

#[tokio::test]
async fn each_answer_is_told_and_arrives_unchanged() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let listen = {
        let told = told.clone();
        Heard::by(Some(Arc::new(move |exchange: &heard::Exchange<'_>| {
            let body = String::from_utf8_lossy(exchange.body).into_owned();
            let what = (exchange.asked.uri.path().to_owned(), exchange.status.as_u16(), exchange.function.is_some());
            told.lock().unwrap().push((what, body));
        })))
    };
    let (_listening, url) = start_heard(None, listen, echo).await;
    let taken = reqwest::Client::new().put(format!("{url}/api/users/1")).body("{}").send().await.unwrap();
    let (status, text) = (taken.status().as_u16(), taken.text().await.unwrap());
    let missing = reqwest::get(format!("{url}/none")).await.unwrap().text().await.unwrap();
    reqwest::get(format!("{url}/_local")).await.unwrap();
    let expected = [(("/api/users/1".to_owned(), status, true), text), (("/none".to_owned(), 404, false), missing)];
    assert_eq!(*told.lock().unwrap(), expected, "the stack's own routes are not the API's");
}

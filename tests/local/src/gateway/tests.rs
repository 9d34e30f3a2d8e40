//! The gateway over a socket; the function is played by the test.

use axum::routing::get;
use serde_json::{Value, json};

use super::*;
use crate::listen::{self, Listening};
use crate::pool::tests::played;

async fn start(reply: fn(Value) -> Result<Value, Value>) -> (Listening, String) {
    let pool = Arc::new(played(1, reply).await);
    let routes = [("ANY", "/api/users/{id}"), ("POST", "/echo")];
    let routes = routes.map(|(method, path)| (method.to_owned(), path.to_owned(), pool.clone()));
    let gateway = Gateway { routes: Routes::new(routes), account: "000000000000".to_owned() };
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

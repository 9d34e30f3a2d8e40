//! Requests from pages of other origins, which the template's parameter `AllowedOrigins` lists.

use std::collections::BTreeSet;

use api::{Answer, Client, options, own, shared};
use local::stack::Options;
use reqwest::Method;
use serde_json::Value;

const ORIGIN: &str = "https://app.example.com";
const PATH: &str = "/api/v1/users/123e4567-e89b-12d3-a456-426614174000/preferences";

async fn preflight(client: &Client, origin: &str) -> Answer {
    let headers = [("origin", origin), ("access-control-request-method", "PATCH")];
    client.send(Method::OPTIONS, PATH, &headers, None).await
}

/// The headers that some operation reads, in lower case.
fn read_headers(document: &Value) -> BTreeSet<String> {
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let parameters = operations.filter_map(|operation| operation["parameters"].as_array()).flatten();
    let headers = parameters.filter(|parameter| parameter["in"] == "header");
    headers.map(|parameter| parameter["name"].as_str().unwrap().to_lowercase()).collect()
}

#[tokio::test]
async fn pages_of_the_origins_that_are_named_may_call_the_api() {
    let (stack, client) =
        own(options(&[("AllowedOrigins", "https://other.example.com,https://app.example.com")])).await;
    let answer = preflight(&client, ORIGIN).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, ORIGIN));
    assert_eq!(answer.header("access-control-allow-methods"), "GET,HEAD,POST,PUT,PATCH,DELETE");
    let headers: Vec<_> = answer.header("access-control-allow-headers").split(',').collect();
    let mut needed = read_headers(&client.send(Method::GET, "/openapi.json", &[], None).await.json());
    // The document leaves these out. A published client of contract 3 sends the last one of the first line, and what watches a page
    // sends those of the second one.
    needed.extend(
        ["authorization", "content-type", "x-notiflows-user-key", "x-stainless-retry-count"].map(str::to_owned),
    );
    needed.extend(["baggage", "sentry-trace", "traceparent", "tracestate"].map(str::to_owned));
    for name in needed {
        assert!(headers.contains(&name.as_str()), "{name}: {headers:?}");
    }
    assert!(!headers.contains(&"x-notiflows-secret-key"), "no page holds an application's secret");
    let bearer = format!("Bearer {}", client.token("user").await);
    let answer = client.send(Method::GET, PATH, &[("origin", ORIGIN), ("authorization", &bearer)], None).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, ORIGIN));
    assert!(answer.header("access-control-expose-headers").split(',').any(|name| name == "etag"));
    assert_eq!(answer.header("access-control-allow-credentials"), "", "cookies stay at home");
    let stranger = preflight(&client, "https://app.example.com.evil.example").await;
    assert_eq!((stranger.status.as_u16(), stranger.header("access-control-allow-origin")), (204, ""));
    stack.shutdown().await;
}

#[tokio::test]
async fn pages_of_this_machine_may_call_the_stack_that_a_person_starts() {
    let start =
        async |parameters: &[(&str, &str)]| own(Options { pages_of_this_machine: true, ..options(parameters) }).await;
    let (stack, client) = start(&[]).await;
    let page = "http://localhost:3000";
    let answer = preflight(&client, page).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (204, page));
    assert_eq!(answer.header("access-control-allow-methods"), "GET,HEAD,POST,PUT,PATCH,DELETE");
    let bearer = format!("Bearer {}", client.token("user").await);
    let answer = client.send(Method::GET, PATH, &[("origin", page), ("authorization", &bearer)], None).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, page));
    assert_eq!(preflight(&client, ORIGIN).await.header("access-control-allow-origin"), "");
    stack.shutdown().await;
    let (stack, client) = start(&[("AllowedOrigins", ORIGIN)]).await;
    for origin in [page, ORIGIN] {
        assert_eq!(preflight(&client, origin).await.header("access-control-allow-origin"), origin);
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn without_the_parameter_no_page_may() {
    let client = shared();
    for origin in [ORIGIN, "null", "https://none.invalid.example", "http://localhost:3000"] {
        assert_eq!(preflight(&client, origin).await.header("access-control-allow-origin"), "");
        let answer = client.send(Method::GET, PATH, &[("origin", origin)], None).await;
        assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (401, ""));
    }
}

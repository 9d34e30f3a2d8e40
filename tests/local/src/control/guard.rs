//! The control plane hands out tokens and kills processes, so only this machine may use it. A foreign web page can make
//! a browser on this machine send requests, but it cannot hide or forge its origin.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Refused;

/// Refuses requests that do not come from this machine, and forbids other sites to embed the answer.
pub(super) async fn loopback_only(request: Request, next: Next) -> Response {
    let mut response = match check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => Refused(StatusCode::FORBIDDEN, why.to_owned()).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

/// Checks `Host`, because a foreign name can resolve to this machine (DNS rebinding), and `Origin`, because a foreign
/// page can send requests although it cannot read the answers.
fn check(headers: &HeaderMap) -> Result<(), &'static str> {
    let host = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    if !host.is_some_and(|host| is_loopback(&host)) {
        return Err("the local stack's /_local is for this machine: ask for it by 127.0.0.1 or localhost");
    }
    let own = |origin: &HeaderValue| {
        let origin = Uri::try_from(origin.as_bytes()).ok();
        origin.is_some_and(|origin| origin.scheme().is_some() && origin.authority().is_some_and(is_loopback))
    };
    if !headers.get_all(header::ORIGIN).iter().all(own) {
        return Err("the local stack's /_local is for this machine: a page of another origin may not use it");
    }
    Ok(())
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use reqwest::{Client, Method};
    use serde_json::{Value, json};

    use crate::control::tests::start;

    #[tokio::test]
    async fn a_page_of_another_site_may_neither_ask_nor_act() {
        let stack = start().await;
        let ask = async |method: Method, path: &str, headers: &[(&str, &str)]| {
            let mut request = Client::new().request(method, format!("{}{path}", stack.url)).body(r#"{"answers":[]}"#);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.send().await.unwrap()
        };
        for origin in ["https://evil.example", "http://127.0.0.1.evil.example", "null", "http://10.0.0.1:8001", "x"] {
            for (method, path) in [(Method::POST, "/functions/test/kill"), (Method::PUT, "/providers/ses")] {
                let refused = ask(method, path, &[("origin", origin)]).await;
                assert_eq!(refused.status(), 403, "{origin}");
                let body: Value = refused.json().await.unwrap();
                assert!(body["message"].as_str().unwrap().contains("another origin"), "{body}");
            }
        }
        for host in ["evil.example", "evil.example:8001", "127.0.0.1.evil.example", "10.0.0.1"] {
            let refused = ask(Method::GET, "", &[("host", host)]).await;
            assert_eq!(refused.status(), 403, "{host}");
            assert!(!refused.text().await.unwrap().contains("bearer"));
        }
        for host in ["localhost", "LOCALHOST:8001", "127.0.0.1", "127.0.0.2:1", "[::1]:8001"] {
            let taken = ask(Method::GET, "", &[("host", host)]).await;
            assert_eq!((taken.status().as_u16(), host), (200, host));
            assert_eq!(taken.headers()["cross-origin-resource-policy"], "same-origin");
        }
        for origin in ["http://localhost:3000", "http://127.0.0.1:8001", "http://[::1]"] {
            assert_eq!(ask(Method::PUT, "/providers/ses", &[("origin", origin)]).await.status(), 204, "{origin}");
        }
        assert_eq!(stack.call(Method::GET, "/providers", json!(null)).await.status(), 200);
    }
}

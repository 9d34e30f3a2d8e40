//! The control plane hands out tokens and kills processes, so only this machine may use it. A foreign web page can make
//! a browser on this machine send requests, but it cannot hide or forge its origin.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Control, Refused};

/// Refuses requests that do not come from this machine, and forbids other sites to embed the answer.
pub(super) async fn this_machine_only(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response {
    let machine = Machine { let_in: control.containers.as_ref().map(|containers| containers.address()) };
    let mut response = match machine.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => Refused(StatusCode::FORBIDDEN, why.to_owned()).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

/// The names of this machine.
struct Machine {
    /// The address on which its operator has let containers in.
    let_in: Option<IpAddr>,
}

impl Machine {
    /// Checks `Host`, because a foreign name can resolve to this machine (DNS rebinding), and `Origin`, because a foreign
    /// page can send requests although it cannot read the answers. Where a browser sends no `Origin`, as with a picture, a script or a
    /// link, `Sec-Fetch-Site` says who asks (<https://www.w3.org/TR/fetch-metadata/>). What is no browser sends neither.
    fn check(&self, method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
        let mut hosts = headers.get_all(header::HOST).iter().map(|host| Authority::try_from(host.as_bytes()).ok());
        let (first, second) = (hosts.next().flatten(), hosts.next());
        if second.is_some() || !first.is_some_and(|host| self.is_named(&host)) {
            return Err("the local stack's /_local is for this machine: ask for it by 127.0.0.1 or localhost");
        }
        let own = |origin: &HeaderValue| {
            let origin = Uri::try_from(origin.as_bytes()).ok();
            origin.is_some_and(|origin| {
                origin.scheme().is_some() && origin.authority().is_some_and(|it| self.is_named(it))
            })
        };
        let mut origins = headers.get_all(header::ORIGIN).iter().peekable();
        let may = if origins.peek().is_some() { origins.all(own) } else { !is_foreign(method, headers) };
        may.then_some(())
            .ok_or("the local stack's /_local is for this machine: a page of another origin may not use it")
    }

    /// Names that end in `.localhost` are this machine's, too (RFC 6761, section 6.3).
    fn is_named(&self, authority: &Authority) -> bool {
        let host = authority.host().to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_own = |address: IpAddr| address.is_loopback() || Some(address) == self.let_in;
        host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(is_own)
    }
}

/// Whether a page of another site asks for something that is not shown by itself. A link to a page may stand anywhere: who follows
/// it sees the page, and the site that has the link does not.
fn is_foreign(method: &Method, headers: &HeaderMap) -> bool {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|own| own == value);
    let is_link = is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    is("sec-fetch-site", "cross-site") && !(is_link && [Method::GET, Method::HEAD].contains(method))
}

#[cfg(test)]
mod tests {
    use reqwest::Client;
    use serde_json::{Value, json};

    use super::*;
    use crate::control::tests::{Running, start};

    async fn ask(stack: &Running, method: Method, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = Client::new().request(method, format!("{}{path}", stack.url)).body(r#"{"answers":[]}"#);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    #[tokio::test]
    async fn a_page_of_another_site_may_neither_ask_nor_act() {
        let stack = start().await;
        for origin in [
            "https://evil.example",
            "http://127.0.0.1.evil.example",
            "null",
            "http://10.0.0.1:8001",
            "x",
            "http://localhost.evil.example",
        ] {
            for (method, path) in
                [(Method::POST, "/functions/test/kill"), (Method::PUT, "/providers/ses"), (Method::GET, "/env")]
            {
                // What else the browser says does not help.
                let refused = ask(&stack, method, path, &[("origin", origin), ("sec-fetch-site", "same-origin")]).await;
                assert_eq!(refused.status(), 403, "{origin}");
                let body: Value = refused.json().await.unwrap();
                assert!(body["message"].as_str().unwrap().contains("another origin"), "{body}");
            }
        }
        for host in [
            "evil.example",
            "evil.example:8001",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "localhost.evil.example",
            "xlocalhost",
        ] {
            let refused = ask(&stack, Method::GET, "", &[("host", host)]).await;
            assert_eq!(refused.status(), 403, "{host}");
            assert!(!refused.text().await.unwrap().contains("bearer"));
        }
        for host in ["localhost", "LOCALHOST:8001", "tidings.localhost:8001", "127.0.0.1", "127.0.0.2:1", "[::1]:8001"]
        {
            let taken = ask(&stack, Method::GET, "", &[("host", host)]).await;
            assert_eq!((taken.status().as_u16(), host), (200, host));
            assert_eq!(taken.headers()["cross-origin-resource-policy"], "same-origin");
        }
        for origin in ["http://localhost:3000", "http://app.localhost", "http://127.0.0.1:8001", "http://[::1]"] {
            let headers = [("origin", origin), ("sec-fetch-site", "cross-site")];
            assert_eq!(ask(&stack, Method::PUT, "/providers/ses", &headers).await.status(), 204, "{origin}");
        }
        assert_eq!(stack.call(Method::GET, "/providers", json!(null)).await.status(), 200, "no browser");
    }

    #[tokio::test]
    async fn without_an_origin_a_browser_says_whether_the_page_is_of_another_site() {
        let stack = start().await;
        let status = async |method, site, mode, dest| {
            let headers = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            ask(&stack, method, "/providers", &headers).await.status().as_u16()
        };
        for (mode, dest) in
            [("no-cors", "script"), ("no-cors", "image"), ("navigate", "iframe"), ("websocket", "empty")]
        {
            assert_eq!(status(Method::GET, "cross-site", mode, dest).await, 403, "{mode} {dest}");
        }
        assert_eq!(status(Method::POST, "cross-site", "navigate", "document").await, 403, "a form");
        assert_eq!(status(Method::GET, "cross-site", "navigate", "document").await, 200, "a link");
        for site in ["none", "same-origin", "same-site"] {
            assert_eq!(status(Method::GET, site, "cors", "empty").await, 200, "{site}");
        }
    }

    #[test]
    fn the_address_for_containers_is_a_name_of_this_machine_once_the_operator_has_given_it() {
        let address = "172.17.0.1".parse().unwrap();
        let may = |let_in: Option<IpAddr>, host: &'static str| {
            let headers = [(header::HOST, HeaderValue::from_static(host))].into_iter().collect();
            Machine { let_in }.check(&Method::GET, &headers).is_ok()
        };
        assert!(may(Some(address), "172.17.0.1:4711") && !may(None, "172.17.0.1:4711"));
        assert!(!may(Some(address), "172.17.0.2:4711") && may(Some(address), "localhost"));
    }

    #[test]
    fn two_hosts_or_none_are_refused() {
        let check = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            Machine { let_in: None }.check(&Method::GET, &headers).is_ok()
        };
        assert!(check(&["localhost"]) && !check(&["localhost", "evil.example"]) && !check(&[]));
    }
}

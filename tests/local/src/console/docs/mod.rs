//! The product's page `/docs`, with one script more: it fills in the demo's tokens. The product knows nothing of it, because no
//! deployment has such tokens.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The script, and where it is served. The page's addresses are relative.
const SCRIPT: &str = include_str!("demo.js");
const PATH: &str = "/_local/docs/demo.js";
const ELEMENT: &str = "<script type=\"module\" src=\"_local/docs/demo.js\"></script>\n</body>";
/// The largest page, in bytes: far more than it has.
const LARGEST: usize = 1024 * 1024;

/// The script's own route.
pub(super) fn routes() -> Router {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Router::new().route(PATH, get(async move || (headers, SCRIPT)))
}

/// All routes of the stack, with the script in the page.
pub(super) fn around(router: Router) -> Router {
    router.layer(from_fn(with_script))
}

async fn with_script(request: Request, next: Next) -> Response {
    let is_page = request.uri().path() == "/docs" && request.method() == Method::GET;
    let answer = next.run(request).await;
    let is_html =
        answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page || !is_html {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let Ok(page) = to_bytes(body, LARGEST).await else { return axum::http::StatusCode::BAD_GATEWAY.into_response() };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(String::from_utf8_lossy(&page).replace("</body>", ELEMENT)))
}

#[cfg(test)]
mod tests {
    use axum::response::Html;

    use super::*;
    use crate::net::listen::{self, Listening};

    #[tokio::test]
    async fn the_page_gets_the_script_and_nothing_else_is_changed() {
        const PAGE: &str = "<body><p>é</p></body>";
        let own = Router::new()
            .route("/docs", get(async || ([("content-security-policy", "script-src 'self'")], Html(PAGE))))
            .route("/docs/errors", get(async || Html(PAGE)))
            .merge(routes());
        let listening = Listening::start(listen::bind(0).await.unwrap(), around(own)).unwrap();
        let read = async |path: &str| {
            let answer = reqwest::get(format!("http://{}{path}", listening.address())).await.unwrap();
            let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let (kind, policy) = (header("content-type").unwrap(), header("content-security-policy"));
            (kind, policy, answer.text().await.unwrap())
        };
        let (kind, policy, page) = read("/docs").await;
        assert_eq!((kind.as_str(), policy.as_deref()), ("text/html; charset=utf-8", Some("script-src 'self'")));
        assert_eq!(page, "<body><p>é</p><script type=\"module\" src=\"_local/docs/demo.js\"></script>\n</body>");
        assert_eq!(read("/docs/errors").await.2, PAGE);
        let (kind, _, script) = read(PATH).await;
        assert_eq!((kind.as_str(), script.as_str()), ("text/javascript; charset=utf-8", SCRIPT));
    }
}

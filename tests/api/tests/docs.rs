//! The OpenAPI document and the page that shows it, as a browser requests them.

use reqwest::Method;
use serde_json::Value;

#[tokio::test]
async fn the_document_is_sent_once_and_then_confirmed() {
    let client = api::shared();
    let first = client.send(Method::GET, "/openapi.json", &[], None).await;
    assert_eq!((first.status.as_u16(), first.header("content-type")), (200, "application/json"));
    let document: Value = serde_json::from_str(&first.text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"].as_object().unwrap().contains_key("/openapi.json"));
    let tag = first.header("etag").to_owned();
    let weak = format!("\"other\", W/{tag}");
    for known in [tag.as_str(), &weak, "*"] {
        let again = client.send(Method::GET, "/openapi.json", &[("if-none-match", known)], None).await;
        assert_eq!(
            (again.status.as_u16(), again.text.as_str(), again.header("etag")),
            (304, "", tag.as_str()),
            "{known}"
        );
    }
    let other = client.send(Method::GET, "/openapi.json", &[("if-none-match", "\"other\"")], None).await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn the_page_loads_its_own_files_and_nothing_else() {
    let client = api::shared();
    let page = client.send(Method::GET, "/docs", &[], None).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
    assert!(!page.text.contains("//") && !page.text.contains("<script>"), "{}", page.text);
    // The files' addresses are relative to the page, so that they also work below a stage or a base path.
    let named = page.text.split(['"', ' ']).zip(page.text.split(['"', ' ']).skip(1));
    let files: Vec<_> = named.filter(|(name, _)| matches!(*name, "src=" | "href=")).map(|(_, file)| file).collect();
    // Six that it loads, and three pages that it leads to.
    assert_eq!(files.len(), 9);
    for file in files {
        assert!(file.starts_with("docs/"), "{file}");
        let answer = client.send(Method::GET, &format!("/{file}"), &[], None).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-content-type-options")), (200, "nosniff"), "{file}");
        assert!(!answer.header("etag").is_empty() && !answer.header("content-type").is_empty(), "{file}");
    }
    let start = client.send(Method::GET, "/docs/start.js", &[], None).await.text;
    assert!(start.contains("url: 'openapi.json'") && start.contains("validatorUrl: null"), "{start}");
}

#[tokio::test]
async fn what_is_no_part_of_the_page_is_not_there_and_nothing_is_taken() {
    let client = api::shared();
    for path in [
        "/docs/swagger-ui-bundle.js.map",
        "/docs/index.html",
        "/docs/..%2Fmain.rs",
        "/docs/errors/teapot",
        "/docs/reasons/teapot",
        "/docs/guides/teapot",
    ] {
        let answer = client.send(Method::GET, path, &[], None).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    for path in [
        "/openapi.json",
        "/docs",
        "/docs/start.js",
        "/docs/errors",
        "/docs/errors/not_found",
        "/docs/reasons",
        "/docs/reasons/paused",
        "/docs/guides",
        "/docs/guides/costs",
    ] {
        let answer = client.send(Method::POST, path, &[], None).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD"), "{path}");
    }
}

#[tokio::test]
async fn an_error_names_a_page_of_this_deployment_and_the_page_is_there() {
    let client = api::shared();
    let refused = client.send(Method::GET, "/api/v1/users/nobody", &[], None).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("link")),
        (401, "<../../../docs/errors/unauthenticated>; rel=\"help\"")
    );
    let page = client.send(Method::GET, "/docs/errors/unauthenticated", &[], None).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("<code>unauthenticated</code>, status 401 Unauthorized"), "{}", page.text);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let known = [("if-none-match", page.header("etag"))];
    assert_eq!(client.send(Method::GET, "/docs/errors/unauthenticated", &known, None).await.status, 304);
    let index = client.send(Method::GET, "/docs/errors", &[], None).await;
    assert_eq!((index.status.as_u16(), index.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(index.text.contains("<a href=\"errors/unauthenticated\">"), "{}", index.text);
}

#[tokio::test]
async fn a_reason_has_a_page_of_this_deployment() {
    let client = api::shared();
    let index = client.send(Method::GET, "/docs/reasons", &[], None).await;
    assert_eq!((index.status.as_u16(), index.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(index.text.contains("<a href=\"reasons/group_opted_out\">"), "{}", index.text);
    let page = client.send(Method::GET, "/docs/reasons/group_opted_out", &[], None).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text.contains("<h1><code>group_opted_out</code></h1>"), "{}", page.text);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let known = [("if-none-match", page.header("etag"))];
    assert_eq!(client.send(Method::GET, "/docs/reasons/group_opted_out", &known, None).await.status, 304);
}

#[tokio::test]
async fn a_guide_is_a_page_of_this_deployment() {
    let client = api::shared();
    let index = client.send(Method::GET, "/docs/guides", &[], None).await;
    assert_eq!((index.status.as_u16(), index.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(index.text.contains("<a href=\"guides/alarms\">Alarms</a>"), "{}", index.text);
    let guide = client.send(Method::GET, "/docs/guides/alarms", &[], None).await;
    assert_eq!((guide.status.as_u16(), guide.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(guide.text.contains("<h2 id=\"deadletteredalarm\">DeadLetteredAlarm</h2>"), "{}", guide.text);
    assert!(guide.header("content-security-policy").starts_with("default-src 'none'"));
    let known = [("if-none-match", guide.header("etag"))];
    assert_eq!(client.send(Method::GET, "/docs/guides/alarms", &known, None).await.status, 304);
}

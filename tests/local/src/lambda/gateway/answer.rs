//! Makes the HTTP answer from a function's result, as API Gateway does.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// An answer of API Gateway itself. Its body has only a message.
pub fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({"message": text}))).into_response()
}

/// The HTTP answer for a function's result; `None` if API Gateway would not accept the result. The answer to `HEAD` has no body,
/// whatever the function returns.
pub fn answer(returned: &[u8], method: &Method) -> Option<Response> {
    match serde_json::from_slice(returned).ok()? {
        Value::Object(fields) if fields.contains_key("statusCode") => explicit(&fields, method),
        value => Some(inferred(value)),
    }
}

/// A result without `statusCode` is the body of an answer with status 200.
fn inferred(value: Value) -> Response {
    let body = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], body).into_response()
}

fn explicit(fields: &Map<String, Value>, method: &Method) -> Option<Response> {
    let status = u16::try_from(fields.get("statusCode")?.as_u64()?).ok()?;
    let status = StatusCode::from_u16(status).ok().filter(|status| (200..=599).contains(&status.as_u16()))?;
    let mut headers = HeaderMap::new();
    add_headers(&mut headers, fields.get("headers"))?;
    add_headers(&mut headers, fields.get("multiValueHeaders"))?;
    for cookie in list(fields.get("cookies"))? {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain;charset=UTF-8"));
    // These headers describe the connection, and the function does not control it. After `HEAD` the length is that of a body
    // which only the function knows. Whether an HTTP API passes it on, AWS does not say.
    if method != Method::HEAD {
        headers.remove(header::CONTENT_LENGTH);
    }
    headers.remove(header::TRANSFER_ENCODING);
    let mut response = Response::new(body(fields)?);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

fn body(fields: &Map<String, Value>) -> Option<Body> {
    let is_base64 = match fields.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(flag) => flag.as_bool()?,
    };
    match fields.get("body") {
        None | Some(Value::Null) => Some(Body::empty()),
        Some(Value::String(text)) if is_base64 => Some(STANDARD.decode(text).ok()?.into()),
        Some(Value::String(text)) => Some(text.clone().into()),
        Some(_) => None,
    }
}

/// Adds headers of the form `name: value` and `name: [value, …]`.
fn add_headers(headers: &mut HeaderMap, given: Option<&Value>) -> Option<()> {
    let given = match given {
        None | Some(Value::Null) => return Some(()),
        Some(given) => given.as_object()?,
    };
    for (name, value) in given {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                _ => return None,
            };
            headers.append(name.clone(), HeaderValue::from_str(&text).ok()?);
        }
    }
    Some(())
}

fn list(value: Option<&Value>) -> Option<&[Value]> {
    match value {
        None | Some(Value::Null) => Some(&[]),
        Some(value) => value.as_array().map(Vec::as_slice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn of(value: &Value) -> Option<Response> {
        answer(value.to_string().as_bytes(), &Method::GET)
    }

    #[tokio::test]
    async fn status_headers_cookies_and_body_are_taken_over() {
        let response = of(&json!({
            "statusCode": 201,
            "headers": {"Content-Type": "application/json", "x-n": 7, "content-length": "999"},
            "multiValueHeaders": {"x-many": ["a", "b"]},
            "cookies": ["a=1; Path=/", "b=2"],
            "body": "{}",
            "isBase64Encoded": false,
        }));
        let response = response.unwrap();
        assert_eq!(response.status(), 201);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-n"], "7");
        assert_eq!(headers.get_all("x-many").iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1; Path=/", "b=2"]);
        assert!(!headers.contains_key("content-length"));
        assert_eq!(text(response).await, "{}");
    }

    #[tokio::test]
    async fn a_base64_body_is_decoded() {
        let response = of(&json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true})).unwrap();
        assert_eq!(response.headers()["content-type"], "text/plain;charset=UTF-8");
        assert_eq!(text(response).await, "hi");
    }

    #[tokio::test]
    async fn without_a_status_code_the_value_is_the_body() {
        for (returned, body) in [("{\"a\":1}", "{\"a\":1}"), ("\"hello\"", "hello"), ("null", "null")] {
            let response = answer(returned.as_bytes(), &Method::GET).unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(text(response).await, body);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(answer(b"", &Method::GET).is_none());
        assert!(answer(b"{", &Method::GET).is_none());
        for returned in [
            json!({"statusCode": "200"}),
            json!({"statusCode": 99}),
            json!({"statusCode": 1000}),
            json!({"statusCode": 200, "body": {"a": 1}}),
            json!({"statusCode": 200, "headers": {"a b": "c"}}),
            json!({"statusCode": 200, "headers": {"a": "b\nc"}}),
            json!({"statusCode": 200, "headers": ["a"]}),
            json!({"statusCode": 200, "cookies": "a=b"}),
            json!({"statusCode": 200, "body": "!", "isBase64Encoded": true}),
        ] {
            assert!(of(&returned).is_none(), "{returned}");
        }
    }
}

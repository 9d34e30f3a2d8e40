//! An answer as an event source takes it.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{
    Body, Response,
    http::{HeaderMap, header},
};
use serde::Serialize;

use super::EventSource;

/// The function's answer. Each event source has its own fields for headers, and a load balancer needs the status in
/// words too.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookies: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

impl Answer {
    /// The answer in the form of that source.
    pub fn new(source: EventSource, response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let (body, is_base64_encoded) = text(body);
        let mut answer = Self {
            status_code: parts.status.as_u16(),
            status_description: None,
            headers: None,
            multi_value_headers: None,
            cookies: None,
            body,
            is_base64_encoded,
        };
        let mut headers = several(&parts.headers);
        match source {
            EventSource::HttpApi => {
                answer.cookies = headers.remove(header::SET_COOKIE.as_str());
                answer.headers = Some(joined(headers));
            }
            EventSource::RestApi => answer.multi_value_headers = Some(headers),
            EventSource::LoadBalancer { multi_value } => {
                answer.status_description = Some(parts.status.to_string());
                if multi_value {
                    answer.multi_value_headers = Some(headers);
                } else {
                    let cookies = headers.remove(header::SET_COOKIE.as_str()).unwrap_or_default();
                    let cookies = cookies.into_iter().enumerate().map(|(n, cookie)| (set_cookie(n), cookie));
                    answer.headers = Some(joined(headers).into_iter().chain(cookies).collect());
                }
            }
        }
        answer
    }
}

/// The body: text if it is text, otherwise base64.
fn text(body: Body) -> (Option<String>, bool) {
    match body {
        Body::Text(text) => (Some(text), false),
        Body::Binary(bytes) => (Some(STANDARD.encode(bytes)), true),
        _ => (None, false),
    }
}

fn several(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut several = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        several.entry(name.as_str().to_owned()).or_default().push(value);
    }
    several
}

/// One value a name. For every header but cookies, a list in one line means the same (RFC 9110 §5.3).
fn joined(headers: BTreeMap<String, Vec<String>>) -> BTreeMap<String, String> {
    headers.into_iter().map(|(name, values)| (name, values.join(", "))).collect()
}

/// The `n`th spelling of `set-cookie`. An answer may set several cookies, but a JSON object holds a name only once. The
/// case of a header's name has no meaning, so each cookie gets a spelling of its own.
fn set_cookie(n: usize) -> String {
    let letters = header::SET_COOKIE.as_str().chars().filter(char::is_ascii_alphabetic).count();
    let mut bits = (0..letters).map(|bit| n >> bit & 1 == 1);
    let spelled = header::SET_COOKIE.as_str().chars().map(|letter| {
        if letter.is_ascii_alphabetic() && bits.next().unwrap_or_default() {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    });
    spelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn of(source: EventSource) -> Value {
        let response = Response::builder().status(201).header("vary", "a").header("set-cookie", "a=1; HttpOnly");
        let response = response.header("vary", "b").header("set-cookie", "b=2").header("set-cookie", "c=3");
        serde_json::to_value(Answer::new(source, response.body(Body::from("é")).unwrap())).unwrap()
    }

    #[test]
    fn an_http_api_takes_cookies_apart_from_headers() {
        let expected = json!({
            "statusCode": 201, "headers": {"vary": "a, b"}, "cookies": ["a=1; HttpOnly", "b=2", "c=3"], "body": "é",
            "isBase64Encoded": false
        });
        assert_eq!(of(EventSource::HttpApi), expected);
    }

    #[test]
    fn a_rest_api_takes_lists_and_a_load_balancer_too_where_it_sends_them() {
        let lists = json!({"vary": ["a", "b"], "set-cookie": ["a=1; HttpOnly", "b=2", "c=3"]});
        let mut expected =
            json!({"statusCode": 201, "multiValueHeaders": lists, "body": "é", "isBase64Encoded": false});
        assert_eq!(of(EventSource::RestApi), expected);
        expected["statusDescription"] = json!("201 Created");
        assert_eq!(of(EventSource::LoadBalancer { multi_value: true }), expected);
    }

    #[test]
    fn a_load_balancer_of_single_values_gets_every_cookie_under_a_spelling_of_its_own() {
        let headers = json!({"vary": "a, b", "set-cookie": "a=1; HttpOnly", "Set-cookie": "b=2", "sEt-cookie": "c=3"});
        let answer = of(EventSource::LoadBalancer { multi_value: false });
        assert_eq!((&answer["headers"], &answer["statusDescription"]), (&headers, &json!("201 Created")));
        assert_eq!(answer["multiValueHeaders"], Value::Null);
        assert_eq!((set_cookie(8), set_cookie(511)), ("set-Cookie".to_owned(), "SET-COOKIE".to_owned()));
    }

    #[test]
    fn a_body_that_is_no_text_goes_in_base64_and_none_is_left_out() {
        let answer = |body| serde_json::to_value(Answer::new(EventSource::HttpApi, Response::new(body))).unwrap();
        let binary = answer(Body::Binary(vec![0xff]));
        assert_eq!((&binary["body"], &binary["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
        assert_eq!(answer(Body::Empty), json!({"statusCode": 200, "headers": {}, "isBase64Encoded": false}));
    }
}

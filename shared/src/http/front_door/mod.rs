//! The front doors. An HTTP API, a Function URL, a REST API and a load balancer hand over one and the same request in events
//! of different shapes, and each wants the answer in its own.
//!
//! The request is put together here, not by `lambda_http`: that parses a URL out of the client's `Host` and path and gives
//! up on what is no URL, which a load balancer lets through; and of a repeated header it keeps the last value only.

mod answer;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{
    Body, Request, RequestExt,
    aws_lambda_events::{
        alb::AlbTargetGroupRequest,
        apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest},
        query_map::QueryMap,
    },
    http::{HeaderMap, HeaderValue, Method, header},
    request::{LambdaRequest, RequestContext},
};
use serde::{Deserialize, Deserializer, de::Error};

pub use answer::Answer;

/// Where a request came in, as far as its answer depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontDoor {
    /// An HTTP API, or a Function URL, which speaks the same (payload 2.0).
    HttpApi,
    /// A REST API (payload 1.0).
    RestApi,
    /// An Application Load Balancer. Its target group says whether headers have one value or several, for events and
    /// answers alike.
    LoadBalancer {
        /// Several.
        multi_value: bool,
    },
}

/// An event of any front door.
#[derive(Debug)]
pub struct Event {
    /// Where it came in.
    pub door: FrontDoor,
    /// What is asked. Its URI is not the client's: the path and the query are in its extensions.
    pub request: Request,
}

impl Event {
    /// Whether a load balancer only asks whether the function is alive. What it passes on for a client says for whom.
    pub fn is_health_check(&self) -> bool {
        let headers = self.request.headers();
        let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        matches!(self.door, FrontDoor::LoadBalancer { .. })
            && agent.starts_with(b"ELB-HealthChecker/")
            && !headers.contains_key("x-forwarded-for")
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match LambdaRequest::deserialize(deserializer)? {
            LambdaRequest::ApiGatewayV2(event) => Ok(http_api(event)),
            LambdaRequest::ApiGatewayV1(event) => Ok(rest_api(event)),
            LambdaRequest::Alb(event) => Ok(load_balancer(event)),
            _ => Err(D::Error::custom("the event is of no front door")),
        }
    }
}

fn http_api(event: ApiGatewayV2httpRequest) -> Event {
    let mut headers = event.headers;
    let cookies = event.cookies.unwrap_or_default().join("; ");
    if let (false, Ok(cookies)) = (cookies.is_empty(), HeaderValue::from_bytes(cookies.as_bytes())) {
        headers.insert(header::COOKIE, cookies);
    }
    // `queryStringParameters` has repeated names joined by commas, which nobody can take apart again.
    let query = parsed(&event.raw_query_string.unwrap_or_default());
    let asked = asked(event.request_context.http.method.clone(), event.raw_path, query);
    let context = RequestContext::ApiGatewayV2(event.request_context);
    let request = filled(asked, headers, event.body, event.is_base64_encoded, context);
    Event { door: FrontDoor::HttpApi, request }
}

fn rest_api(event: ApiGatewayProxyRequest) -> Event {
    let query = either(event.multi_value_query_string_parameters, event.query_string_parameters);
    let headers = united(event.multi_value_headers, &event.headers);
    let context = RequestContext::ApiGatewayV1(event.request_context);
    let asked = asked(event.http_method, event.path, query);
    let request = filled(asked, headers, event.body, event.is_base64_encoded, context);
    Event { door: FrontDoor::RestApi, request }
}

fn load_balancer(event: AlbTargetGroupRequest) -> Event {
    let multi_value = !event.multi_value_headers.is_empty();
    // Names and values come as they stand in the URL.
    let query = either(event.multi_value_query_string_parameters, event.query_string_parameters);
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers = united(event.multi_value_headers, &event.headers);
    let context = RequestContext::Alb(event.request_context);
    let asked = asked(event.http_method, event.path, parsed(&query.join("&")));
    let request = filled(asked, headers, event.body, event.is_base64_encoded, context);
    Event { door: FrontDoor::LoadBalancer { multi_value }, request }
}

fn parsed(query: &str) -> QueryMap {
    // Nothing is refused: what is no pair is a name without a value.
    query.parse().unwrap_or_default()
}

/// All values where the event has them, else the one of each name.
fn either(several: QueryMap, one: QueryMap) -> QueryMap {
    if several.is_empty() { one } else { several }
}

/// All values of every header. Where both are there, `one` has the last value of each.
fn united(several: HeaderMap, one: &HeaderMap) -> HeaderMap {
    let mut headers = several;
    for (name, value) in one {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers
}

fn asked(method: Method, path: Option<String>, query: QueryMap) -> Request {
    let mut request = Request::default();
    *request.method_mut() = method;
    request.with_raw_http_path(path.unwrap_or_default()).with_query_string_parameters(query)
}

fn filled(
    request: Request,
    headers: HeaderMap,
    body: Option<String>,
    is_base64: bool,
    context: RequestContext,
) -> Request {
    let mut request = request.with_request_context(context);
    *request.headers_mut() = headers;
    *request.body_mut() = match body {
        None => Body::Empty,
        Some(text) if is_base64 => STANDARD.decode(&text).map_or(Body::Text(text), Body::Binary),
        Some(text) => Body::Text(text),
    };
    request
}

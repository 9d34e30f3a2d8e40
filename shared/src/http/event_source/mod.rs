//! The event sources. An HTTP API, a Function URL, a REST API and a load balancer hand over one and the same request in events
//! of different shapes, and each wants the answer in its own.
//!
//! The request is built here, not by `lambda_http`, for three reasons: `lambda_http` parses a URL from the client's
//! `Host` and path, and fails on text that is not a URL, which a load balancer lets through; it keeps only the last
//! value of a repeated header; and it tries to read an event once for each source until one fits, although one reading
//! tells them apart.

mod answer;
mod event;
#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::{
    Body, Request, RequestExt,
    aws_lambda_events::query_map::QueryMap,
    http::{HeaderMap, HeaderValue, Method, header},
};
use serde::{Deserialize, Deserializer, de::Error};

pub use answer::Answer;
use event::{AnyEvent, Context};

/// The source of a request, with what its answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
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

/// How an event source hands over the path; among a request's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathForm {
    /// The name of the stage, if it stands before the path.
    pub stage: Option<String>,
    /// Whether its escapes were decoded already.
    pub is_decoded: bool,
}

/// The route by which an API Gateway sent the request here, without its method: `/api/v1/users/{id}`; among a request's
/// extensions. A Function URL and a load balancer have no routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route(pub String);

/// An event of any source.
#[derive(Debug)]
pub struct Event {
    /// Where it came in.
    pub source: EventSource,
    /// The request. Its URI is not the client's: the path and the query are in its extensions.
    pub request: Request,
}

impl Event {
    /// Whether this is a load balancer's own health check. A client's request has the header with the client's address.
    pub fn is_health_check(&self) -> bool {
        let headers = self.request.headers();
        let agent = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        matches!(self.source, EventSource::LoadBalancer { .. })
            && agent.starts_with(b"ELB-HealthChecker/")
            && !headers.contains_key("x-forwarded-for")
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut event = AnyEvent::deserialize(deserializer)?;
        let Context { http, elb, stage, domain_name, route_key, resource_path } =
            std::mem::take(&mut event.request_context);
        let (source, request) = match (http, event.http_method.take()) {
            (Some(http), None) => {
                let is_url = domain_name.is_some_and(|domain| domain.contains(".lambda-url."));
                let form = PathForm { stage: stage.filter(|stage| stage != "$default"), is_decoded: !is_url };
                (EventSource::HttpApi, http_api(event, &http.method, form))
            }
            (None, Some(method)) if elb.is_some() => {
                let multi_value = !event.multi_value_headers.0.is_empty();
                (EventSource::LoadBalancer { multi_value }, load_balancer(event, &method))
            }
            (None, Some(method)) => (EventSource::RestApi, rest_api(event, &method)),
            _ => return Err(D::Error::custom("the event is of no front door")),
        };
        let mut request = request.ok_or_else(|| D::Error::custom("the event's method is none"))?;
        // An HTTP API's key is `ANY /a/{b}`, or `$default`. A REST API's resource is `/a/{b}`.
        let route = route_key.as_deref().and_then(|key| key.split_once(' ')).map(|(_, route)| route.to_owned());
        if let Some(route) = route.or(resource_path) {
            request.extensions_mut().insert(Route(route));
        }
        Ok(Self { source, request })
    }
}

fn http_api(mut event: AnyEvent, method: &str, form: PathForm) -> Option<Request> {
    let cookies = event.cookies.take().unwrap_or_default().join("; ");
    if let (false, Ok(cookies)) = (cookies.is_empty(), HeaderValue::from_bytes(cookies.as_bytes())) {
        event.headers.0.insert(header::COOKIE, cookies);
    }
    // `queryStringParameters` joins the values of a repeated name by commas, which cannot be separated again.
    let query = parsed(&event.raw_query_string.take().unwrap_or_default());
    let (path, headers) = (event.raw_path.take(), std::mem::take(&mut event.headers.0));
    filled(event, method, path, query, headers, form)
}

fn rest_api(mut event: AnyEvent, method: &str) -> Option<Request> {
    let query = event.query();
    let headers = united(&mut event);
    let path = event.path.take();
    filled(event, method, path, query, headers, PathForm::default())
}

fn load_balancer(mut event: AnyEvent, method: &str) -> Option<Request> {
    // Names and values come as they stand in the URL.
    let query: Vec<_> = event.query().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers = united(&mut event);
    let path = event.path.take();
    filled(event, method, path, parsed(&query.join("&")), headers, PathForm::default())
}

fn parsed(query: &str) -> QueryMap {
    // No query is refused: a part without `=` is a name without a value.
    query.parse().unwrap_or_default()
}

/// All values of every header. Where both are there, `headers` has the last value of each.
fn united(event: &mut AnyEvent) -> HeaderMap {
    let mut headers = std::mem::take(&mut event.multi_value_headers.0);
    for (name, value) in &event.headers.0 {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers
}

fn filled(
    event: AnyEvent,
    method: &str,
    path: Option<String>,
    query: QueryMap,
    headers: HeaderMap,
    form: PathForm,
) -> Option<Request> {
    let mut request = Request::default();
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.headers_mut() = headers;
    request.extensions_mut().insert(form);
    *request.body_mut() = match event.body {
        None => Body::Empty,
        Some(text) if event.is_base64_encoded => STANDARD.decode(&text).map_or(Body::Text(text), Body::Binary),
        Some(text) => Body::Text(text),
    };
    Some(request.with_raw_http_path(path.unwrap_or_default()).with_query_string_parameters(query))
}

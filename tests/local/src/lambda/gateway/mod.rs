//! API Gateway: turns HTTP requests into events of payload format 2.0, and the functions' results into HTTP answers.

pub mod answer;
pub mod cors;
pub mod event;
pub mod heard;
pub mod percent;
pub mod routes;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use jiff::Timestamp;

use self::answer::message;
use self::event::Origin;
use self::heard::Heard;
use self::routes::Routes;
use crate::lambda::pool::{InvokeError, Pool};
use crate::template::Cors;

/// The largest body that an HTTP API accepts, in bytes.
const LARGEST_BODY: usize = 10 * 1024 * 1024;
/// The largest event that Lambda accepts, in bytes.
const LARGEST_EVENT: usize = 6 * 1024 * 1024;
/// How long an HTTP API waits for a function.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The gateway's configuration.
#[derive(Debug)]
pub struct Gateway {
    /// The template's routes and their pools.
    pub routes: Routes<Arc<Pool>>,
    /// The AWS account id of the stack.
    pub account: String,
    /// The CORS configuration, if there is one.
    pub cors: Option<Cors>,
    /// Who is told of each answer.
    pub heard: Heard,
}

impl Gateway {
    /// Adds the gateway to `router`, for all requests that no route of `router` handles.
    pub fn behind(self, router: Router) -> Router {
        router.fallback_service(Router::new().fallback(handle).with_state(Arc::new(self)))
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (request_id, begun) = (uuid::Uuid::new_v4().simple().to_string(), Instant::now());
    let (parts, body) = request.into_parts();
    let preflight = gateway.cors.as_ref().and_then(|allowed| cors::preflight(allowed, &parts));
    let mut response = match preflight {
        Some(response) => response,
        None => {
            let (function, mut response) = respond(&gateway, peer, &request_id, &parts, body).await;
            if gateway.heard.is_wanted() {
                response = gateway.heard.tell(&parts, function, response, begun.elapsed()).await;
            }
            if let Some(allowed) = &gateway.cors {
                cors::mark(allowed, &parts.headers, response.headers_mut());
            }
            response
        }
    };
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(HeaderName::from_static("apigw-requestid"), value);
    }
    response
}

/// The answer, and the name of the function that was invoked.
async fn respond<'g>(
    gateway: &'g Gateway,
    peer: SocketAddr,
    request_id: &str,
    parts: &Parts,
    body: Body,
) -> (Option<&'g str>, Response) {
    let Some(found) = gateway.routes.find(parts.method.as_str(), parts.uri.path()) else {
        return (None, message(StatusCode::NOT_FOUND, "Not Found"));
    };
    let too_large = || (None, message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"));
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return too_large();
    };
    let origin = Origin {
        route_key: &found.target.key,
        parameters: found.parameters,
        peer,
        request_id,
        at: Timestamp::now(),
        account: &gateway.account,
    };
    let event = event::event(parts, &body, &origin).to_string();
    if event.len() > LARGEST_EVENT {
        return too_large();
    }
    let pool = &found.target.to;
    let response = match tokio::time::timeout(TIME_LIMIT, pool.invoke(event.into())).await {
        Ok(Ok(returned)) => answer::answer(&returned, &parts.method).unwrap_or_else(|| {
            eprintln!("local: function {} returned what is no HTTP answer", pool.name());
            internal_error()
        }),
        Ok(Err(InvokeError::Stopped | InvokeError::Throttled)) | Err(_) => {
            message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable")
        }
        Ok(Err(InvokeError::FunctionError(_) | InvokeError::TimedOut(_) | InvokeError::Crashed(_))) => internal_error(),
    };
    (Some(pool.name()), response)
}

fn internal_error() -> Response {
    message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}

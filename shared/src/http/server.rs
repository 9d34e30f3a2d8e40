//! The loop of a function behind the API: request ids, one log line a request.

use std::{convert::Infallible, future::Future, sync::Arc, time::Instant};

use futures::FutureExt;
use lambda_http::{
    Body, Error, LambdaEvent, Request, RequestExt, Response,
    http::{HeaderName, HeaderValue},
    lambda_runtime, service_fn,
};
use tracing::Instrument;
use uuid::Uuid;

use super::{
    Reply,
    front_door::{Answer, Event},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Serves invocations until the runtime ends the process.
pub async fn serve<A, H, F>(app: A, handle: H) -> Result<(), Error>
where
    A: Send + Sync + 'static,
    H: Fn(Arc<A>, Request) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let app = Arc::new(app);
    lambda_runtime::run(service_fn(move |LambdaEvent { payload: event, context }: LambdaEvent<Event>| {
        let app = app.clone();
        let answer = async move {
            let response = if event.is_health_check() {
                // Whatever path it is set to: who answers is alive.
                Response::new(Body::Empty)
            } else {
                answer(event.request.with_lambda_context(context), |request| handle(app, request)).await
            };
            Ok::<_, Infallible>(Answer::new(event.door, response))
        };
        // Behind a pointer: the types of all that a handler awaits would be too much for the compiler.
        answer.boxed()
    }))
    .await
}

/// The id under which a request is answered and logged; among its extensions.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// One request's answer: under a request id, logged.
pub async fn answer<F>(mut request: Request, handle: impl FnOnce(Request) -> F) -> Response<Body>
where
    F: Future<Output = Reply>,
{
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let started = Instant::now();
    // At the level of errors, so that every line has the id whatever the level.
    let span = tracing::error_span!("request", request_id = %id);
    let reply = handle(request).instrument(span.clone()).await;
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, status = reply.status().as_u16(), milliseconds, "answered"));
    let mut response = reply.into_response();
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The caller's own id where it is a safe token, else a new one.
fn request_id(request: &Request) -> String {
    let safe = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(safe);
    given.map_or_else(|| format!("req_{}", Uuid::new_v4().simple()), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::StatusCode;

    async fn id_for(given: &str) -> String {
        let request = Request::new(Body::Empty);
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(REQUEST_ID, given.parse().unwrap());
        let response = answer(Request::from_parts(parts, body), |_| async { Reply::empty(StatusCode::OK) }).await;
        response.headers()[REQUEST_ID].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_safe_request_id_comes_back_and_another_is_replaced() {
        assert_eq!(id_for("abc-1.2_3").await, "abc-1.2_3");
        for unsafe_id in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert!(id_for(unsafe_id).await.starts_with("req_"), "{unsafe_id}");
        }
    }
}

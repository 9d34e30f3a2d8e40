//! The Lambda Runtime API (2018-06-01) of one function process. Each process has its own port, so that the caller is
//! known. On Lambda, each process has its own sandbox.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

/// The largest answer of a function that Lambda accepts, in bytes.
pub const LARGEST_RESPONSE: usize = 6_291_556;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE_MS: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const FUNCTION_ARN: HeaderName = HeaderName::from_static("lambda-runtime-invoked-function-arn");
const TRACE_ID: HeaderName = HeaderName::from_static("lambda-runtime-trace-id");

/// The answer of `next` to the process.
#[derive(Debug)]
pub struct Event {
    /// The unique id of the invocation.
    pub request_id: String,
    /// The deadline of the invocation, in milliseconds since 1970.
    pub deadline_ms: i64,
    /// The function's ARN.
    pub function_arn: String,
    /// The event itself, as JSON.
    pub payload: Bytes,
}

/// A call of a process.
#[derive(Debug)]
pub enum Call {
    /// The process asks for an event.
    Next(oneshot::Sender<Event>),
    /// The process has finished an invocation. The answer says whether that invocation was running.
    Done {
        /// The id of the invocation.
        request_id: String,
        /// The function's answer, or the error that it reports.
        result: Result<Bytes, Value>,
        /// Gets `true` if the invocation was running.
        accepted: oneshot::Sender<bool>,
    },
    /// The process could not start.
    InitError(Value),
}

/// The routes for one process. Its calls go to `calls`.
pub fn router(calls: mpsc::Sender<Call>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::disable())
        .with_state(calls)
}

async fn next(State(calls): State<mpsc::Sender<Call>>) -> Response {
    let (reply, event) = oneshot::channel();
    if calls.send(Call::Next(reply)).await.is_err() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the stack is stopping");
    }
    let Ok(event) = event.await else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the stack is stopping");
    };
    let headers = [
        (REQUEST_ID, event.request_id),
        (DEADLINE_MS, event.deadline_ms.to_string()),
        (FUNCTION_ARN, event.function_arn),
        (TRACE_ID, trace_id(event.deadline_ms)),
    ];
    let json = [(axum::http::header::CONTENT_TYPE, "application/json")];
    (headers, json, event.payload).into_response()
}

async fn response(State(calls): State<mpsc::Sender<Call>>, Path(id): Path<String>, body: Body) -> Response {
    match to_bytes(body, LARGEST_RESPONSE).await {
        Ok(bytes) => done(&calls, id, Ok(bytes)).await,
        Err(_) => {
            let error = json!({
                "errorType": "Function.ResponseSizeTooLarge",
                "errorMessage": format!("Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."),
            });
            done(&calls, id, Err(error)).await;
            refused(StatusCode::PAYLOAD_TOO_LARGE, "the response is too large")
        }
    }
}

async fn error(State(calls): State<mpsc::Sender<Call>>, Path(id): Path<String>, body: Bytes) -> Response {
    done(&calls, id, Err(error_value(&body))).await
}

async fn init_error(State(calls): State<mpsc::Sender<Call>>, body: Bytes) -> Response {
    // If the receiver is gone, the stack is stopping.
    let _ = calls.send(Call::InitError(error_value(&body))).await;
    ok()
}

async fn done(calls: &mpsc::Sender<Call>, request_id: String, result: Result<Bytes, Value>) -> Response {
    let (accepted, was_accepted) = oneshot::channel();
    let call = Call::Done { request_id, result, accepted };
    if calls.send(call).await.is_err() {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "the stack is stopping");
    }
    match was_accepted.await {
        Ok(true) => ok(),
        _ => refused(StatusCode::BAD_REQUEST, "no such invocation is under way"),
    }
}

/// An error report as JSON. A report that is not JSON becomes a message.
fn error_value(body: &Bytes) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| json!({"errorType": "Runtime.Unknown", "errorMessage": String::from_utf8_lossy(body)}))
}

fn ok() -> Response {
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"}))).into_response()
}

fn refused(status: StatusCode, message: &str) -> Response {
    let body = json!({"errorType": "InvalidRequest", "errorMessage": message});
    (status, Json(body)).into_response()
}

/// An X-Ray trace header. The tracing layer of `lambda_runtime` expects it.
fn trace_id(now_ms: i64) -> String {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let parent = uuid::Uuid::new_v4().simple().to_string();
    format!("Root=1-{:08x}-{};Parent={};Sampled=0", now_ms / 1000, &unique[..24], &parent[..16])
}

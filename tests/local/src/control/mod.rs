//! `/_local`: routes that only the local stack has. They show its state and inject faults. They answer requests of this
//! machine only.
//!
//! | path | |
//! |---|---|
//! | `GET /_local` | tokens, ids and keys of the demo |
//! | `GET /_local/env` | the same for a shell: one line `NAME='value'` for each |
//! | `GET`, `DELETE /_local/deliveries` | the requests that the providers got |
//! | `GET /_local/providers`, `PUT /_local/providers/{provider}` | the numbers of requests by provider; sets a provider's next answers ([`Answer`]) |
//! | `POST /_local/ses/events` | makes an email bounce, or its recipient complain ([`crate::providers::feedback`]) |
//! | `GET /_local/queues` | messages by queue |
//! | `GET`, `DELETE /_local/batches` | the functions' results of their batches ([`Batches`]) |
//! | `GET`, `DELETE /_local/calls` | calls, units and bytes of DynamoDB and SQS, by operation and by process |
//! | `DELETE`, `GET /_local/transcript` | starts a transcript of the calls to DynamoDB and SQS; shows it |
//! | `PUT`, `DELETE /_local/faults` | faults of DynamoDB and SQS ([`Fault`]) |
//! | `GET /_local/index` | answers once the table's index shows what was written before |
//! | `GET /_local/containers` | the functions' environments for containers ([`Containers`]) |
//! | `POST /_local/functions/{name}/kill` | kills every process of a function |
//! | `PUT`, `DELETE /_local/functions/{name}/concurrency` | reserves a function `{"reserved": N}` concurrency for its batches, and takes that back |
//! | `POST /_local/functions/{name}/tick` | fires all schedules of a function, and answers when the invocations have ended |
//!
//! The caller that starts a stack can add routes under `/_local`, as the page does. The same guard protects them.

mod feedback;
mod guard;
pub(crate) mod queues;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::store::{Runs, Store};

use crate::aws::proxy::{Fault, Proxy};
use crate::aws::sqs::Sqs;
use crate::demo::Demo;
use crate::lambda::poller::Batches;
use crate::lambda::pool::Pool;
use crate::lambda::ticker::{self, Schedules};
use crate::net::containers::Containers;
use crate::providers::{Answer, Providers, ProvidersError};
use crate::template::{Publishing, Queue};

/// The parts of the stack that the routes use.
#[derive(Debug)]
pub struct Control {
    /// The demo's identities.
    pub demo: Arc<Demo>,
    /// The stand-ins of the providers.
    pub providers: Arc<Providers>,
    /// The proxy before DynamoDB.
    pub dynamodb: Arc<Proxy>,
    /// The proxy before SQS.
    pub sqs: Arc<Proxy>,
    /// A client of the SQS emulator itself.
    pub queue_client: Sqs,
    /// The template's queues.
    pub queues: Vec<Queue>,
    /// The destinations of SES's events.
    pub publishing: Publishing,
    /// The results of batches.
    pub batches: Batches,
    /// The relays for containers, if there are any.
    pub containers: Option<Containers>,
    /// The functions by name.
    pub functions: BTreeMap<String, Arc<Pool>>,
    /// The functions' schedules.
    pub schedules: Schedules,
    /// The name of the template's table.
    pub table: String,
    /// The product's store, which calls the emulator directly.
    pub store: Store,
    /// What runs say.
    pub runs: Runs,
}

pub(crate) type Shared = State<Arc<Control>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    answers: Vec<Answer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reserved {
    reserved: usize,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Faults {
    dynamodb: Vec<Fault>,
    sqs: Vec<Fault>,
}

/// A refusal: a status and a sentence.
pub(crate) struct Refused(pub(crate) StatusCode, pub(crate) String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"message": self.1}))).into_response()
    }
}

/// Reads a JSON body with any content type, because `curl -d` says that it is a form.
pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| Refused(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}")))
}

impl Control {
    /// The `/_local` routes and the added routes.
    pub fn router(self: Arc<Self>, added: Router) -> Router {
        let guarded = axum::middleware::from_fn_with_state(self.clone(), guard::this_machine_only);
        Router::new()
            .route("/_local", get(describe))
            .route("/_local/env", get(shell))
            .route("/_local/deliveries", get(deliveries).delete(clear_deliveries))
            .route("/_local/providers", get(provider_calls))
            .route("/_local/providers/{provider}", put(set_answers))
            .route("/_local/ses/events", post(feedback::publish))
            .route("/_local/batches", get(batches).delete(reset_batches))
            .route("/_local/queues", get(queue_counts))
            .route("/_local/containers", get(containers))
            .route("/_local/calls", get(calls).delete(reset_calls))
            .route("/_local/transcript", get(transcript).delete(begin_transcript))
            .route("/_local/faults", put(set_faults).delete(clear_faults))
            .route("/_local/functions/{name}/kill", post(kill))
            .route("/_local/functions/{name}/tick", post(tick))
            .route("/_local/index", get(index))
            .route("/_local/functions/{name}/concurrency", put(reserve).delete(release))
            .route("/_local/{*rest}", axum::routing::any(unknown))
            .with_state(self)
            .merge(added)
            .method_not_allowed_fallback(wrong_method)
            .layer(guarded)
    }
}

async fn describe(State(control): Shared, headers: HeaderMap) -> Json<Value> {
    let mut demo = control.demo.describe();
    // The link uses the host of the request, so that the caller can open it as it is.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    if let Some((host, Value::String(link))) = host.zip(demo.pointer_mut("/links/preferences")) {
        link.insert_str(0, &format!("http://{host}"));
    }
    Json(demo)
}

async fn shell(State(control): Shared) -> String {
    control.demo.shell()
}

async fn deliveries(State(control): Shared) -> Json<Value> {
    Json(control.providers.deliveries().into())
}

async fn clear_deliveries(State(control): Shared) -> StatusCode {
    control.providers.clear_deliveries();
    StatusCode::NO_CONTENT
}

async fn set_answers(State(control): Shared, Path(provider): Path<String>, body: Bytes) -> Result<StatusCode, Refused> {
    let Answers { answers } = read(&body)?;
    control.providers.set_answers(&provider, answers).map_err(|error| {
        let status = match error {
            ProvidersError::UnknownProvider { .. } => StatusCode::NOT_FOUND,
            ProvidersError::Answer { .. } => StatusCode::BAD_REQUEST,
            ProvidersError::Listen(_) | ProvidersError::Key => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Refused(status, error.to_string())
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn provider_calls(State(control): Shared) -> Json<Value> {
    Json(control.providers.calls())
}

async fn batches(State(control): Shared) -> Json<Value> {
    Json(control.batches.report())
}

async fn reset_batches(State(control): Shared) -> StatusCode {
    control.batches.reset();
    StatusCode::NO_CONTENT
}

async fn queue_counts(State(control): Shared) -> Result<Json<Value>, Refused> {
    let counts = queues::counts(&control.queue_client, &control.queues).await;
    counts.map(Json).map_err(|error| Refused(StatusCode::BAD_GATEWAY, format!("the queues cannot be read: {error}")))
}

async fn containers(State(control): Shared) -> Result<Json<Value>, Refused> {
    let containers = control.containers.as_ref().map(|containers| Json(containers.environments().clone()));
    containers.ok_or_else(|| {
        let message =
            "containers are not let in: start the local stack with --containers and an address of this machine";
        Refused(StatusCode::NOT_FOUND, message.to_owned())
    })
}

async fn calls(State(control): Shared) -> Json<Value> {
    Json(json!({"dynamodb": control.dynamodb.calls(), "sqs": control.sqs.calls()}))
}

async fn reset_calls(State(control): Shared) -> StatusCode {
    control.dynamodb.reset();
    control.sqs.reset();
    StatusCode::NO_CONTENT
}

async fn transcript(State(control): Shared) -> Json<Value> {
    Json(json!({"dynamodb": control.dynamodb.transcript(), "sqs": control.sqs.transcript()}))
}

async fn begin_transcript(State(control): Shared) -> StatusCode {
    control.dynamodb.begin_transcript();
    control.sqs.begin_transcript();
    StatusCode::NO_CONTENT
}

async fn set_faults(State(control): Shared, body: Bytes) -> Result<StatusCode, Refused> {
    let Faults { dynamodb, sqs } = read(&body)?;
    control.dynamodb.set_faults(dynamodb);
    control.sqs.set_faults(sqs);
    Ok(StatusCode::NO_CONTENT)
}

async fn clear_faults(State(control): Shared) -> StatusCode {
    control.dynamodb.set_faults(Vec::new());
    control.sqs.set_faults(Vec::new());
    StatusCode::NO_CONTENT
}

fn function<'c>(control: &'c Control, name: &str) -> Result<&'c Pool, Refused> {
    control.functions.get(name).map(Arc::as_ref).ok_or_else(|| {
        let known = control.functions.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Refused(StatusCode::NOT_FOUND, format!("there is no function {name:?}; there are: {known}"))
    })
}

async fn kill(State(control): Shared, Path(name): Path<String>) -> Result<Json<Value>, Refused> {
    Ok(Json(json!({"killed": function(&control, &name)?.kill().await})))
}

async fn index(State(control): Shared) -> StatusCode {
    control.dynamodb.index_catches_up().await;
    StatusCode::NO_CONTENT
}

async fn reserve(State(control): Shared, Path(name): Path<String>, body: Bytes) -> Result<StatusCode, Refused> {
    let Reserved { reserved } = read(&body)?;
    function(&control, &name)?.reserve(Some(reserved));
    Ok(StatusCode::NO_CONTENT)
}

async fn release(State(control): Shared, Path(name): Path<String>) -> Result<StatusCode, Refused> {
    function(&control, &name)?.reserve(None);
    Ok(StatusCode::NO_CONTENT)
}

async fn tick(State(control): Shared, Path(name): Path<String>) -> Result<Json<Value>, Refused> {
    let pool = function(&control, &name)?;
    let Some(schedules) = control.schedules.get(&name) else {
        let message = format!("template.yaml gives the function {name:?} no schedule");
        return Err(Refused(StatusCode::NOT_FOUND, message));
    };
    Ok(Json(json!({"answers": ticker::fire(pool, schedules).await})))
}

async fn unknown() -> Refused {
    Refused(StatusCode::NOT_FOUND, "the local stack has no such path".to_owned())
}

async fn wrong_method() -> Refused {
    Refused(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method".to_owned())
}

//! `POST /admin/v1/notiflows/{handle}/run`: a notification of a category to many recipients.
//!
//! The product's clients repeat a request by themselves, without an idempotency key, and say how many times they have tried before. So a
//! request that counts its tries is remembered for a while, and one that comes again is the same run.

use std::{sync::Arc, time::Duration};

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Map;
use shared::{
    dialects::{
        native,
        notiflows::{FieldFault, Own, Problem, Resource, counts_tries, decode, is_repeated},
    },
    domain::{Categories, RunId, Scope, TopicId},
    hash::sha256_hex,
    http::{IdempotentRequest, Reply, auth::Caller, body},
    store::StoreError,
};

use super::run_body::{Audience, NotiflowRunRequest, once};
use crate::{
    App,
    body::{About, Destination, NotificationRequest, Span, Wording, hash},
    run_accept::{self, NOBODY, NewRun, Refused, To},
};

/// For how long a request is remembered.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

/// The accepted run.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsRun")]
pub struct RunView {
    /// The id that its notifications have as their `notiflow_run_id`.
    pub notiflow_run_id: RunId,
}

/// Runs the notiflow with this handle.
pub async fn post(app: &App, request: &Request, handle: &str) -> Result<Reply, Problem> {
    let caller = app.keys.application(&app.store, request.headers(), Scope::NotiflowsRun).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let body = body::object(request.body())?;
    let hash = sha256_hex(format!("{handle}#{}", hash(&body)).as_bytes());
    let wanted: NotiflowRunRequest = decode(body, None, &())?;
    let id = async |seed: Option<String>| match seed {
        Some(seed) => Ok((RunId::of_request(app.namespace, &caller.name(), &seed), true)),
        None => run_of(app, request, &caller, &hash).await,
    };
    let seed = idempotent.seed();
    let work = async {
        if categories(app, handle).await?.get(handle).is_none() {
            return Err(Problem::not_found(Resource::Notiflow, handle));
        }
        let (id, is_repeatable) = id(seed).await?;
        let id = accept(app, handle, wanted, (id, is_repeatable, hash.clone())).await?;
        Ok(Reply::json(StatusCode::ACCEPTED, &RunView { notiflow_run_id: id }))
    };
    idempotent.run(&app.store, work).await
}

/// The id of the run of a request without an idempotency key, and whether an earlier request may have it.
async fn run_of(app: &App, request: &Request, caller: &Caller, hash: &str) -> Result<(RunId, bool), StoreError> {
    let new = RunId::from(app.random.uuid());
    if !counts_tries(request.headers()) {
        return Ok((new, false));
    }
    let hash = sha256_hex(format!("{}#{hash}", caller.name()).as_bytes());
    if is_repeated(request.headers())
        && let Some(first) = app.store.remembered_run(&hash).await?
    {
        return Ok((first, true));
    }
    app.store.remember_run(&hash, new, app.clock.now().plus(REMEMBERED)).await?;
    Ok((new, false))
}

/// The catalogue. If it lacks the category, it is read again: the category may be new.
async fn categories(app: &App, handle: &str) -> Result<Arc<Categories>, StoreError> {
    app.setup.categories_or_fresh(&app.store, |known| known.get(handle).is_none()).await
}

async fn accept(
    app: &App,
    handle: &str,
    wanted: NotiflowRunRequest,
    (id, is_repeatable, hash): (RunId, bool, String),
) -> Result<RunId, Problem> {
    let NotiflowRunRequest { audience, data, actor } = wanted;
    let (to, named, mut people) = match audience {
        Audience::Topic(name) => (To::Topic(TopicId::of_deployment(name.clone())), name.to_string(), Vec::new()),
        Audience::Recipients(people) => {
            let people = once(people, app.namespace);
            (To::Users(people.iter().map(|person| person.id).collect()), String::new(), people)
        }
    };
    let actor = actor.map(|actor| actor.described(app.namespace));
    let actor_id = actor.as_ref().map(|actor| actor.id);
    people.extend(actor.filter(|actor| people.iter().all(|person| person.id != actor.id)));
    let wanted = NotificationRequest {
        to: Destination { notification_type: None, channels: None },
        recipient: native::NamedUser::Id(NOBODY),
        wording: Wording::OfCategory(data.unwrap_or_else(Map::new)),
        request_id: None,
        priority: 3,
        metadata: None,
        about: About { category: Some(handle.to_owned()), group: None },
        critical: None,
        span: Span { send_at: None, expires_at: None },
        at_most_once: false,
    };
    let new = NewRun { id, is_repeatable, hash, to, org: None, actor: actor_id, people, wanted };
    let run = run_accept::accept(app, new).await.map_err(|refused| match refused {
        Refused::NoTopic => Problem::not_found(Resource::Topic, named),
        Refused::Unsayable(problem) => unsayable(problem),
        // An id is that of one request, or a random one.
        Refused::Conflict => Problem::Internal,
        Refused::User(error) => error.into(),
        Refused::Store(error) => error.into(),
        Refused::Queue(error) => error.into(),
    })?;
    Ok(run.id)
}

/// What is wrong with what the run says, in this dialect's shape: the variables are its `data`.
fn unsayable(problem: native::Problem) -> Problem {
    let errors = match problem {
        native::Problem::Throttled => return Problem::Throttled,
        native::Problem::Unavailable => return Problem::Unavailable,
        problem => problem.errors(),
    };
    if errors.is_empty() {
        return Problem::Internal;
    }
    let fault = |error: String| match error.strip_prefix("variables.").and_then(|rest| rest.split_once(' ')) {
        Some((name, message)) => {
            let name = name.strip_prefix("data.").unwrap_or(name);
            FieldFault { field: format!("data.{name}"), message: message.to_owned().into(), reason: "invalid" }
        }
        None => FieldFault { field: "notiflow".to_owned(), message: error.into(), reason: "invalid" },
    };
    Own::Validation(errors.into_iter().map(fault).collect()).into()
}

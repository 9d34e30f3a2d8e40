//! A caller of the API. Its requests reach a process that may die, and its answers may be lost.

use std::{pin::pin, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{AbortHandle, Abortable, Either, LocalBoxFuture, select},
};
use lambda_http::{
    Body, Request, RequestExt,
    http::{HeaderValue, Method, header},
};
use serde_json::Value;
use shared::http::Reply;

use crate::{
    apps::{self, Api},
    issuer,
    world::{Who, World},
};

/// How long a caller waits for an answer.
const TIME_OUT: Duration = Duration::from_secs(29);

/// A caller, and the process that answers it.
#[derive(Debug)]
pub struct Caller {
    world: Arc<World>,
    name: String,
    is_safe: bool,
    process: Option<(Who, Api)>,
    token: String,
}

impl Caller {
    /// A caller. To a safe one nothing happens.
    pub fn new(world: &Arc<World>, name: &str, is_safe: bool) -> Self {
        Self { world: world.clone(), name: name.to_owned(), is_safe, process: None, token: issuer::token() }
    }

    /// Sends a request. Returns the answer's status and its body, unless the answer is lost.
    pub async fn request(&mut self, method: Method, path: &str, body: Value) -> Option<(u16, Value)> {
        let mut request = Request::new(if body.is_null() { Body::Empty } else { Body::Text(body.to_string()) });
        *request.method_mut() = method.clone();
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", self.token)).ok()?);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = Arc::new(request.with_raw_http_path(path));
        let is_user = path.starts_with("/api/v1/users");
        let line = format!("{method} {path}");
        let reply = self.work(&line, move |api| {
            if is_user {
                users::handle(api.users.clone(), request).boxed_local()
            } else {
                notifications::handle(api.notifications.clone(), request).boxed_local()
            }
        });
        Some(read(reply.await?))
    }

    /// Lets a process do some work for the caller. `None` if the process dies in it, or its answer is lost.
    pub async fn work<T>(&mut self, line: &str, work: impl FnOnce(&Api) -> LocalBoxFuture<'static, T>) -> Option<T> {
        let world = self.world.clone();
        if !self.process.as_ref().is_some_and(|(who, _)| who.is_alive()) {
            let who = world.start(&self.name, self.is_safe);
            self.process = Some((who.clone(), apps::api(&who)));
        }
        let (who, api) = self.process.as_ref()?;
        let (abort, registration) = AbortHandle::new_pair();
        {
            let mut state = world.state();
            state.processes[who.process].abort = Some(abort);
            let name = state.name(who.process);
            state.history.add(world.time.now(), &name, line);
        }
        let work = pin!(Abortable::new(work(api), registration));
        let done = match select(work, world.time.sleep(TIME_OUT)).await {
            Either::Left((Ok(done), _)) => Some(done),
            Either::Left((Err(_), _)) | Either::Right(_) => None,
        };
        let mut state = world.state();
        let lost = state.weather.aws;
        let is_lost = !self.is_safe && state.dice.per_mille(lost);
        let name = state.name(who.process);
        let line = match &done {
            Some(_) if is_lost => "the caller does not hear it",
            Some(_) => "answered",
            None => "no answer",
        };
        state.history.add(world.time.now(), &name, line);
        done.filter(|_| !is_lost)
    }
}

fn read(reply: Reply) -> (u16, Value) {
    let response = reply.into_response();
    let status = response.status().as_u16();
    let body = match response.body() {
        Body::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    };
    (status, body)
}

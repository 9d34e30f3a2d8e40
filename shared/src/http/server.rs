//! The loop of a function behind the API: request ids, one log line a request, and an answer before the invocation ends.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use futures::FutureExt;
use lambda_http::{
    Body, Error, LambdaEvent, Request, RequestExt, Response,
    http::{HeaderName, HeaderValue, Method, header},
    lambda_runtime, service_fn,
};
use tracing::Instrument;

use super::{
    Reply, Unserved, body, conditional,
    event_source::{Answer, Event, EventSource, Route},
    page::Bounds,
    path,
};
use crate::{clock::Clock, domain::Timestamp, random::Randomness};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The time that is kept at the end of an invocation for the 503 of a handler that did not finish: Lambda ends the
/// process at the deadline, and the caller would get API Gateway's own 500 or 504. To write a 503 and to hand it to the
/// Runtime API takes a few milliseconds. But with 256 MB a process has a seventh of a processor, so it may have to
/// wait; and the deadline comes from another clock than ours.
const TO_ANSWER: Duration = Duration::from_millis(500);

/// A function behind the API.
pub struct Server<A> {
    /// The function's state, which every handler gets.
    pub app: A,
    /// The clock for deadlines and logs.
    pub clock: Clock,
    /// The source of request ids.
    pub random: Randomness,
    /// The refusal of a request that the handler does not answer, in the shape of the request's dialect.
    pub unserved: fn(&A, &Request, Unserved) -> Reply,
}

impl<A: Send + Sync + 'static> Server<A> {
    /// Serves invocations until the runtime ends the process.
    pub async fn serve<H, F>(self, handle: H) -> Result<(), Error>
    where
        H: Fn(Arc<A>, Arc<Request>) -> F + Copy + Send + Sync + 'static,
        F: Future<Output = Reply> + Send + 'static,
    {
        let Self { app, clock, random, unserved } = self;
        let (app, front) = (Arc::new(app), Arc::new(Front { clock, random }));
        let handler = service_fn(move |LambdaEvent { payload: event, context }: LambdaEvent<Event>| {
            let (app, front) = (app.clone(), front.clone());
            let answer = async move {
                let response = if event.is_health_check() {
                    // The health check's path does not matter: an answer shows that the function is alive.
                    Response::new(Body::Empty)
                } else {
                    let deadline = Timestamp::from(context.deadline());
                    let request = event.request.with_lambda_context(context);
                    let handle = |request| handle(app.clone(), request);
                    let unserved = |request: &Request, why| unserved(&app, request, why);
                    front.answer(event.source, request, deadline, handle, unserved).await
                };
                Ok::<_, Infallible>(Answer::new(event.source, response))
            };
            // The future is boxed: the types of everything that a handler awaits would be too large for the compiler.
            answer.boxed()
        });
        // A task of its own, and not a part of `main`: before the runtime polls `main` again, it asks the kernel for events,
        // and a task it polls at once. That saves four system calls for a request with one call to AWS.
        tokio::spawn(lambda_runtime::run(handler)).await?
    }
}

/// The id under which a request is answered and logged; among its extensions.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The steps that every request passes through.
struct Front {
    clock: Clock,
    random: Randomness,
}

impl Front {
    /// The answer to one request: with a request id, logged, and before `deadline`. If there is no time left, `handle`
    /// is dropped at once, as if the process had died there.
    async fn answer<F>(
        &self,
        source: EventSource,
        mut request: Request,
        deadline: Timestamp,
        handle: impl FnOnce(Arc<Request>) -> F,
        unserved: impl Fn(&Request, Unserved) -> Reply,
    ) -> Response<Body>
    where
        F: Future<Output = Reply>,
    {
        let id = self.request_id(&request);
        let method = request.method().clone();
        // A handler sees `GET`, so `HEAD` has the same rights, effects and headers, in every dialect and on every page.
        if method == Method::HEAD {
            *request.method_mut() = Method::GET;
        }
        let left = deadline.saturating_duration_since(self.clock.now()).saturating_sub(TO_ANSWER);
        request.extensions_mut().insert(RequestId(id.clone()));
        request.extensions_mut().insert(Bounds::new(source, left, &self.clock));
        let request = Arc::new(request);
        let stopwatch = self.clock.stopwatch();
        // The span has the level of errors, so that every line has the id and the route at every log level. The path is
        // in no line, since it holds ids, and a link's path holds addresses.
        let route = request.extensions().get::<Route>().map_or("(no route)", |Route(route)| route);
        let span = tracing::error_span!("request", request_id = %id, route = format!("{method} {route}"));
        let reply = if body::is_encoded(&request) {
            unserved(&request, Unserved::Encoded)
        } else {
            let answer = self.clock.timeout(left, handle(request.clone()).instrument(span.clone()));
            answer.await.unwrap_or_else(|_| {
                span.in_scope(|| tracing::error!("out of time"));
                unserved(&request, Unserved::OutOfTime)
            })
        };
        let milliseconds = u64::try_from(stopwatch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let reply = conditional::of_native(&request, reply, || unserved(&request, Unserved::Stale));
        let reply = if method == Method::HEAD { reply.without_body() } else { reply };
        let status = reply.status().as_u16();
        span.in_scope(|| tracing::info!(%method, status, milliseconds, "answered"));
        let mut response = reply.into_response();
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        relative(&mut response, &request);
        response
    }

    /// The caller's own id if it is a safe token, otherwise a new one.
    fn request_id(&self, request: &Request) -> String {
        let safe = |id: &&str| {
            (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(safe);
        given.map_or_else(|| format!("req_{}", self.random.uuid().simple()), str::to_owned)
    }
}

/// Makes a link to a path of this API relative to the path of the request.
fn relative(response: &mut Response<Body>, request: &Request) {
    let link = response.headers().get(header::LINK).and_then(|link| link.to_str().ok()?.strip_prefix("</"));
    let Some(link) = link.map(|rest| format!("<{}{rest}", path::to_root(request))) else { return };
    if let Ok(link) = HeaderValue::from_str(&link) {
        response.headers_mut().insert(header::LINK, link);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use lambda_http::http::StatusCode;

    use super::*;
    use crate::{clock::ManualClock, dialects::native::Problem};

    const NOW: Timestamp = Timestamp::from_millis(1_709_287_200_000);
    const GIVEN: &str = "abc-1.2_3";

    fn front() -> Front {
        Front { clock: ManualClock::new(NOW).clock(), random: Randomness::seeded(1) }
    }

    fn request(id: &str) -> Request {
        let mut request = Request::new(Body::Empty);
        request.headers_mut().insert(REQUEST_ID, id.parse().unwrap());
        request
    }

    /// The answer to a request that has this much time. The handler answers 200, or never ends.
    async fn answered(time: Duration, ends: bool) -> Response<Body> {
        let handle = async |_: Arc<Request>| {
            if !ends {
                pending::<()>().await;
            }
            Reply::empty(StatusCode::OK)
        };
        let late = |request: &Request, why: Unserved| {
            assert_eq!(why, Unserved::OutOfTime);
            assert!(request.extensions().get::<RequestId>().is_some_and(|id| id.0 == GIVEN));
            Reply::empty(StatusCode::SERVICE_UNAVAILABLE)
        };
        front().answer(EventSource::HttpApi, request(GIVEN), NOW.plus(time), handle, late).await
    }

    #[tokio::test]
    async fn a_safe_request_id_comes_back_and_another_is_replaced() {
        let id_for = async |given: &str| {
            let ok = |_| ready(Reply::empty(StatusCode::OK));
            let late = |_: &Request, _| unreachable!("there is time");
            let response =
                front().answer(EventSource::HttpApi, request(given), NOW.plus(TO_ANSWER * 2), ok, late).await;
            response.headers()[REQUEST_ID].to_str().unwrap().to_owned()
        };
        assert_eq!(id_for(GIVEN).await, GIVEN);
        for unsafe_id in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert!(id_for(unsafe_id).await.starts_with("req_"), "{unsafe_id}");
        }
    }

    #[tokio::test]
    async fn a_link_leads_to_the_page_from_every_path() {
        let link_at = async |path: &str| {
            let refused = |_| ready(Problem::unserved(Unserved::Encoded).reply());
            let late = |_: &Request, _| unreachable!("there is time");
            let request = request(GIVEN).with_raw_http_path(path);
            let response = front().answer(EventSource::HttpApi, request, NOW.plus(TO_ANSWER * 2), refused, late).await;
            response.headers()["link"].to_str().unwrap().to_owned()
        };
        for (path, link) in [
            ("/", "docs/errors/unsupported_media_type"),
            ("/docs", "docs/errors/unsupported_media_type"),
            ("/api/v1/users", "../../docs/errors/unsupported_media_type"),
            ("/api/v1/users/x/preferences", "../../../../docs/errors/unsupported_media_type"),
        ] {
            assert_eq!(link_at(path).await, format!("<{link}>; rel=\"help\""), "{path}");
        }
    }

    #[tokio::test]
    async fn what_does_not_end_is_answered_before_the_invocation_ends() {
        let time = TO_ANSWER + Duration::from_millis(30);
        let began = std::time::Instant::now();
        let response = answered(time, false).await;
        let took = began.elapsed();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[REQUEST_ID], GIVEN);
        // The handler is not dropped too early. How late it is dropped depends on the machine; it only has to be in
        // time.
        assert!(took >= Duration::from_millis(30) && took < time, "{took:?}");
    }

    #[tokio::test]
    async fn what_ends_in_time_is_answered_by_itself_also_where_that_is_all_the_time_there_is() {
        assert_eq!(answered(TO_ANSWER + Duration::from_secs(60), true).await.status(), StatusCode::OK);
        for late in [TO_ANSWER, Duration::ZERO] {
            assert_eq!(answered(late, true).await.status(), StatusCode::OK);
            assert_eq!(answered(late, false).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}

//! A time limit for work that must not be done twice. If the work is cut off, the limit says whether a server may have
//! read the request of it.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request,
    body::{Body, Frame, SizeHint},
};

use crate::clock::Clock;

tokio::task_local! {
    /// Whether the work that is polled now has begun to write a request.
    static WRITING: Writing;
}

/// Work was cut off at its time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutOff {
    /// No request was written: the work still waited for something else, for example for a connection.
    NotSent,
    /// A request was written completely or in part, and its response had not come.
    NoResponse,
}

/// Does `work`, and drops it if it is not done within `limit`. Work within work has a limit of its own: what the inner
/// work sends does not count as sent by the outer one.
pub async fn within<T>(clock: &Clock, limit: Duration, work: impl Future<Output = T>) -> Result<T, CutOff> {
    let writing = Writing::default();
    let done = clock.timeout(limit, WRITING.scope(writing.clone(), work)).await;
    done.map_err(|_| if writing.has_begun() { CutOff::NoResponse } else { CutOff::NotSent })
}

/// Whether something has begun to write a request. A clone is the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writing(Arc<AtomicBool>);

impl Writing {
    /// That of the work that is polled now.
    pub fn of_this_work() -> Self {
        WRITING.try_with(Self::clone).unwrap_or_default()
    }

    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The server says that it has not processed what was written.
    pub fn undo(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of a request that is watched. hyper asks for the body, or whether there is one, when it writes the request to a
/// connection, and not before (hyper 1.12: `proto::h1::dispatch::Dispatcher::poll_write`, `proto::h2::client::ClientTask`).
#[derive(Clone, Debug)]
pub(super) struct Watched {
    body: Full<Bytes>,
    writing: Writing,
}

impl Watched {
    pub fn request(request: Request<Full<Bytes>>, writing: &Writing) -> Request<Self> {
        request.map(|body| Self { body, writing: writing.clone() })
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.writing.begin();
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.writing.begin();
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

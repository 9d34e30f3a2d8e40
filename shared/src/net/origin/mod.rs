//! One origin, over HTTP/1.1: what is called again and again at one place and needs no more. A process works on one
//! invocation at a time, and its calls at once are few.

mod connect;

use std::{
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use lambda_http::http::{HeaderValue, Request, Response, Uri, response};

use super::notice_closed;
use connect::Target;
pub use connect::Tls;

type Sender = SendRequest<Full<Bytes>>;

/// Why there is no answer, or no whole one.
#[derive(Debug)]
pub enum Broken {
    /// Nobody took the connection: nothing was sent.
    Unsent(Box<dyn Error + Send + Sync>),
    /// It was sent, as a whole or in part, and nothing came back.
    Unanswered(Box<dyn Error + Send + Sync>),
    /// An answer began and broke off, or was too long.
    Off(Box<dyn Error + Send + Sync>, Box<response::Parts>),
}

/// An origin and the connections to it.
#[derive(Debug)]
pub struct Origin {
    target: Target,
    /// The most bytes of an answer that are read.
    most_bytes: usize,
    /// The last one used is the next: it is the least likely to have been closed.
    idle: Mutex<Idle>,
}

#[derive(Debug, Default)]
struct Idle {
    senders: Vec<Sender>,
    /// When the last one came back. The clock of the wall: another stands still while a process is frozen.
    since: Option<SystemTime>,
}

/// Nobody closes a connection that was used this short a time ago.
const FRESH: Duration = Duration::from_secs(1);

impl Origin {
    /// The origin that a URL names; its path does not count. `None` where it is neither http nor https.
    pub fn of(url: &Uri, tls: Tls, most_bytes: usize) -> Option<Self> {
        Some(Self { target: Target::of(url, tls)?, most_bytes, idle: Mutex::default() })
    }

    /// What has to stand in a request's `Host`.
    pub fn authority(&self) -> &HeaderValue {
        self.target.authority()
    }

    /// Opens a connection, to be used by the first request.
    pub async fn open(&self) {
        if let Ok(sender) = self.target.connect().await {
            self.put(sender);
        }
    }

    /// Sends a request on a connection that is open, or on a new one. One that was closed while nobody looked gives the
    /// request back as long as nothing of it was sent.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Broken> {
        if self.may_have_been_frozen() {
            notice_closed().await;
        }
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return self.read(sender, response).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Broken::Unanswered(error.into_error().into())),
                },
            }
        }
        let mut sender = self.target.connect().await.map_err(Broken::Unsent)?;
        match sender.send_request(request).await {
            Ok(response) => self.read(sender, response).await,
            Err(error) => Err(Broken::Unanswered(error.into())),
        }
    }

    async fn read(&self, sender: Sender, response: Response<Incoming>) -> Result<Response<Bytes>, Broken> {
        let (parts, body) = response.into_parts();
        match Limited::new(body, self.most_bytes).collect().await {
            Ok(body) => {
                self.put(sender);
                Ok(Response::from_parts(parts, body.to_bytes()))
            }
            Err(error) => Err(Broken::Off(error, Box::new(parts))),
        }
    }

    fn may_have_been_frozen(&self) -> bool {
        let since = self.idle().since;
        // A clock that was set back says nothing.
        since.is_some_and(|since| since.elapsed().map_or(true, |elapsed| elapsed > FRESH))
    }

    fn take(&self) -> Option<Sender> {
        self.idle().senders.pop()
    }

    fn put(&self, sender: Sender) {
        let mut idle = self.idle();
        idle.senders.push(sender);
        idle.since = Some(SystemTime::now());
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

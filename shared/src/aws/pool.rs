//! The connections to one service. A process works on one invocation at a time, and its calls at once are few.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1::SendRequest};
use lambda_http::http::{Request, Response};

use super::{connect::Target, errors::Failure};
use aws_smithy_types::body::SdkBody;

/// The largest answer that is read: DynamoDB's end at 16 MB.
type Sender = SendRequest<Full<Bytes>>;

#[derive(Debug)]
pub(super) struct Pool {
    target: Target,
    /// The last one used is the next: it is the least likely to have been closed.
    idle: Mutex<Vec<Sender>>,
}

impl Pool {
    pub fn new(target: Target) -> Self {
        Self { target, idle: Mutex::default() }
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Opens a connection, to be used by the first request.
    pub async fn open(&self) {
        if let Ok(sender) = self.target.connect().await {
            self.put(sender);
        }
    }

    /// Sends a request on a connection that is open, or on a new one. One that was closed while nobody looked gives the
    /// request back as long as nothing of it was sent.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Bytes>, Failure> {
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_err() {
                continue;
            }
            match sender.try_send_request(request).await {
                Ok(response) => return self.read(sender, response).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Failure::Unanswered(error.into_error().into())),
                },
            }
        }
        let mut sender = self.target.connect().await.map_err(Failure::Unsent)?;
        match sender.send_request(request).await {
            Ok(response) => self.read(sender, response).await,
            Err(error) => Err(Failure::Unanswered(error.into())),
        }
    }

    async fn read(&self, sender: Sender, response: Response<Incoming>) -> Result<Response<Bytes>, Failure> {
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(body) => {
                self.put(sender);
                Ok(Response::from_parts(parts, body.to_bytes()))
            }
            Err(error) => {
                let response = Response::from_parts(parts, SdkBody::empty()).try_into();
                Err(match response {
                    Ok(response) => Failure::BrokenOff(error.into(), Box::new(response)),
                    Err(_) => Failure::Unanswered(error.into()),
                })
            }
        }
    }

    fn take(&self) -> Option<Sender> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put(&self, sender: Sender) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
    }
}

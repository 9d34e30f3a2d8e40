//! Why a request has no answer.

use std::error::Error;

use hyper_util::client::legacy;

use super::{refused, resolver::LeadsInside};

type Source = Box<dyn Error + Send + Sync>;

/// How a request without a complete response ended. A caller that must not send twice decides by this.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// There was no connection, or it ended before the request was written to it. The server has seen nothing.
    #[error("the request was not sent")]
    NotSent(#[source] Source),
    /// The request was sent completely or in part, and no response came. The server may have done what the request asks
    /// for.
    #[error("no response came")]
    NoResponse(#[source] Source),
    /// A response began, and broke off or was too long.
    #[error("the response broke off")]
    Truncated(#[source] Source),
}

impl SendError {
    /// The `SendError` in the chain of causes of `error`, if there is one.
    pub fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        find(error)
    }

    /// Whether the server has seen nothing of the request.
    pub fn is_not_sent(&self) -> bool {
        matches!(self, Self::NotSent(_))
    }
}

impl From<legacy::Error> for SendError {
    fn from(error: legacy::Error) -> Self {
        // hyper-util puts the connection into an error exactly if the request had a connection.
        let is_without_connection = error.connect_info().is_none();
        // hyper reports "canceled" if the connection ended before hyper wrote the request to it.
        let is_canceled = find::<hyper::Error>(&error).is_some_and(hyper::Error::is_canceled);
        if is_without_connection || is_canceled || refused::unseen(&error) {
            Self::NotSent(error.into())
        } else {
            Self::NoResponse(error.into())
        }
    }
}

/// Why a request of [`super::Client`] has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// HTTP cannot carry the URL or a header.
    #[error("the request cannot be written")]
    Malformed,
    /// The host's name has no public address, and only public addresses may be called.
    #[error("the name leads to no address outside")]
    LeadsInside,
    /// The request could not be sent, or no complete response came.
    #[error(transparent)]
    Send(SendError),
}

impl NetError {
    /// Whether the request was not sent at all.
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Malformed | Self::LeadsInside => true,
            Self::Send(error) => error.is_not_sent(),
        }
    }
}

impl From<SendError> for NetError {
    fn from(error: SendError) -> Self {
        if find::<LeadsInside>(&error).is_some() { Self::LeadsInside } else { Self::Send(error) }
    }
}

/// The first error of type `E` in the chain of an error and its causes.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

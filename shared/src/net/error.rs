//! Why there is no answer.

use std::error::Error;

use hyper_util::client::legacy;

use super::{refused, resolver::LeadsInside};

type Source = Box<dyn Error + Send + Sync>;

/// What became of a request that has no whole answer. Who must not send twice goes by it.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nobody took the connection, or it ended before the request was on it: the other side has seen nothing.
    #[error("the request was not sent")]
    NotSent(#[source] Source),
    /// The request was sent, as a whole or in part, and nothing came back: the other side may have done what it asks for.
    #[error("no response came")]
    NoResponse(#[source] Source),
    /// A response began and broke off, or was too long.
    #[error("the response broke off")]
    Truncated(#[source] Source),
}

impl SendError {
    /// The one among what caused an error, if there is one.
    pub fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        find(error)
    }

    /// Whether the other side has seen nothing of the request.
    pub fn is_not_sent(&self) -> bool {
        matches!(self, Self::NotSent(_))
    }
}

impl From<legacy::Error> for SendError {
    fn from(error: legacy::Error) -> Self {
        // hyper-util names the connection in every error of a request that was given one, and in no other.
        let is_without_connection = error.connect_info().is_none();
        // hyper says "canceled" of a request that it still held in its hands when the connection ended.
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
    /// The URL or a header is none that HTTP can carry.
    #[error("the request cannot be written")]
    Malformed,
    /// The name leads to no address outside, and only those may be called.
    #[error("the name leads to no address outside")]
    LeadsInside,
    /// It could not be sent, or no whole response came.
    #[error(transparent)]
    Send(SendError),
}

impl NetError {
    /// Whether the request never left us.
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

/// The first of a type among an error and what caused it.
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

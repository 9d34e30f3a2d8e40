//! HTTP/2's ways to say that a request was not processed (RFC 9113 §8.7).

use std::error::Error;

use h2::Reason;
use hyper_util::client::legacy;

/// Whether the server says that it has not processed the request, because it was closing the connection or had too many
/// requests.
pub(super) fn unseen(error: &legacy::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let closing = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
            let busy = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
            return error.is_remote() && (closing || busy);
        }
        cause = error.source();
    }
    false
}

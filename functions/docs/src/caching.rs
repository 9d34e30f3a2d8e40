//! Answers that a client may have in its cache.

use lambda_http::http::{HeaderMap, header};
use shared::http::{Reply, conditional};

/// The answer with its entity tag, or 304 if the client has it already. A new deployment may change the answer at any time, so a
/// client asks each time whether its copy is still current.
pub fn cached(headers: &HeaderMap, reply: Reply) -> Reply {
    conditional::unless_known(headers, reply.tagged().header(header::CACHE_CONTROL, "no-cache"))
}

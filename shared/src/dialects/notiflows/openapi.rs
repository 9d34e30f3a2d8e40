//! Contract 3's refusals in the OpenAPI document, and the sets in which its operations have them.

use schemars::{Schema, SchemaGenerator};

use super::{Credential, Own, Problem, Resource, Slowed, problem::Envelope};
use crate::{
    domain::Scope,
    http::{Reply, body::BodyError, openapi::Dialect},
};

/// The refusals of an operation that reads.
pub const READS: &[u16] = &[400, 401, 403, 404, 429, 500, 503];
/// The refusals of an operation that lists: it never answers 404.
pub const LISTS: &[u16] = &[400, 401, 403, 429, 500, 503];
/// The refusals of an operation that changes something.
pub const WRITES: &[u16] = &[400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503];
/// The refusals of an operation that removes something, without a body.
pub const DELETES: &[u16] = &[400, 401, 403, 404, 409, 412, 429, 500, 503];
/// The refusals of a user's own operation that reads: no scope is needed.
pub const OWN_READS: &[u16] = &[401, 404, 429, 500, 503];
/// See [`OWN_READS`].
pub const OWN_WRITES: &[u16] = &[400, 401, 404, 409, 412, 413, 415, 422, 429, 500, 503];
/// See [`OWN_READS`].
pub const OWN_DELETES: &[u16] = &[400, 401, 404, 409, 412, 429, 500, 503];

/// A cursor.
const LATER: &str = "MjAyNC0wMy0wMVQxMDowMDowMC4wMDBaIzEyM2U0NTY3LWU4OWItMTJkMy1hNDU2LTQyNjYxNDE3NDAwMA";

/// Contract 3's refusals.
#[derive(Debug)]
pub struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "NotiflowsError";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Envelope<'static>>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        let no_user = Problem::not_found(Resource::User, "user-4711");
        [
            ("the body is not a JSON object", Problem::Body(BodyError::NotAnObject)),
            ("a parameter is not valid", Problem::invalid_param("limit", "must be a whole number from 1 to 1000")),
            (
                "nothing was found yet, and there is more to search",
                Own::NothingFound { name: "after", cursor: LATER.to_owned() }.into(),
            ),
            ("a credential is missing or not valid", Own::NoCredential(Credential::ApiKey).into()),
            ("the credential has no right to do this", Own::MissingScope(Scope::UsersRead.as_str()).into()),
            ("what the request names does not exist", no_user),
            ("the idempotency key was used for another request", Problem::KeyConflict { key: "order-4711".to_owned() }),
            ("the first request with this idempotency key is still running", Problem::KeyRunning),
            ("its version is not the one that If-Match names", Problem::Stale),
            ("the body is larger than 256 KiB", Problem::Body(BodyError::TooLarge)),
            ("the body has a Content-Encoding", Problem::Body(BodyError::Encoded)),
            (
                "some fields are not valid, and each is listed",
                Problem::invalid("settings", "can't be blank", "required"),
            ),
            ("the key makes too many requests", Own::Slowed(Slowed { limit: 600, retry_after: 3 }).into()),
            ("the table is throttled", Problem::Throttled),
            ("something failed on our side", Problem::Internal),
            ("the same request may succeed in a moment", Problem::Unavailable),
        ]
        .map(|(when, problem)| (when, problem.reply("req_7d1c5a9be2f84b0c9d3e6f1a2b4c8d70")))
        .into()
    }
}

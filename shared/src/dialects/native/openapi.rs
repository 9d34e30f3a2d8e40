//! Contract 1's refusals in the OpenAPI document, and the sets in which its operations have them.

use schemars::{Schema, SchemaGenerator};

pub use super::access::{
    ADMIN_OR_SERVICE, OPERATORS, OPERATORS_AND_SERVICES, RECIPIENT_ADMIN_OR_SERVICE, SELF_ADMIN_OR_SERVICE,
    SELF_OR_ADMIN,
};
use super::{Own, Problem, problem::ProblemBody};
use crate::http::{Reply, body::BodyError, openapi::Dialect};

/// The refusals of an operation that reads data of a user.
pub const READS: &[u16] = &[400, 401, 403, 404, 500, 503];
/// The refusals of an operation that lists or computes: it never answers 404.
pub const LISTS: &[u16] = &[400, 401, 403, 500, 503];
/// The refusals of an operation that creates something.
pub const CREATES: &[u16] = &[400, 401, 403, 409, 413, 415, 500, 503];
/// The refusals of an operation that changes something.
pub const WRITES: &[u16] = &[400, 401, 403, 404, 409, 412, 413, 415, 500, 503];
/// The refusals of an operation that removes something, without a body.
pub const DELETES: &[u16] = &[400, 401, 403, 404, 409, 412, 500, 503];

/// Contract 1's refusals.
#[derive(Debug)]
pub struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "Error";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<ProblemBody<'static>>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        [
            (
                "the request is not valid: one sentence for each fault",
                Problem::invalid("preferences must be an object"),
            ),
            ("there is no token, or it is not valid", Problem::Unauthenticated),
            ("the token's owner may not do this: the message says who may", Own::NeedsRole(OPERATORS).into()),
            ("what the request names does not exist, was erased, or belongs to another organisation", Problem::NoUser),
            ("another user has this address", Problem::EmailTaken),
            ("another user has this external id", Own::Conflict("A user with this external_id already exists").into()),
            ("the idempotency key was used for another request", Problem::KeyConflict { key: String::new() }),
            ("the first request with this idempotency key is still running", Problem::KeyRunning),
            ("its version is not the one that If-Match names", Problem::Stale),
            ("the body is larger than 256 KiB", Problem::Body(BodyError::TooLarge)),
            ("the body has a Content-Encoding", Problem::Body(BodyError::Encoded)),
            ("something failed on our side", Problem::Internal),
            ("the same request may succeed in a moment", Problem::Unavailable),
        ]
        .map(|(when, problem)| (when, problem.reply()))
        .into()
    }
}

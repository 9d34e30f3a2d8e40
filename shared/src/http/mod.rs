//! The HTTP edge: requests as every kind of event brings them, who calls, bodies, conditions, answers.

pub mod auth;
pub mod body;
pub mod conditional;
pub mod cursor;
pub mod error_code;
pub mod etag;
pub mod event_source;
pub mod form;
pub mod idempotency;
pub mod openapi;
pub mod page;
pub mod path;
pub mod query;
pub mod refusal;
pub mod reply;
pub mod request;
pub mod server;

pub use error_code::ErrorCode;
pub use idempotency::{IdempotencyError, IdempotentRequest};
pub use refusal::{Refusal, Unserved};
pub use reply::Reply;
pub use server::{RequestId, Server};

//! What the functions that speak contract 3 have in common: its errors, who may call, how settings of a channel and
//! preferences are read.

mod access;
mod decode;
mod device_tokens;
mod field_fault;
pub mod kinds;
mod notiflow;
pub mod openapi;
pub mod own_settings;
pub mod page;
pub mod preferences;
mod problem;
mod rate;
mod repeated;
pub mod settings;
pub mod shown_settings;
pub mod user;

use lambda_http::Request;

use crate::http::{Reply, RequestId};
pub use access::{Keys, has, may_make};
pub use decode::decode;
pub use field_fault::FieldFault;
pub use notiflow::{NO_HANDLE, notiflow_id};
pub use problem::{Credential, Own, Problem, Resource};
pub use rate::{RateLimit, Slowed};
pub use repeated::{counts_tries, is_repeated};

/// The answer, or the refusal in contract 3's shape.
pub fn reply(answer: Result<Reply, Problem>, request: &Request) -> Reply {
    let id = request.extensions().get::<RequestId>().map_or("", |id| &id.0);
    answer.unwrap_or_else(|problem| problem.reply(id))
}

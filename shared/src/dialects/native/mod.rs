//! What the functions that speak the native dialect have in common: its errors, its users, how its fields are read, who may call.

mod access;
pub mod kinds;
mod named_user;
pub mod openapi;
pub mod page;
mod problem;
mod user;

pub use crate::http::query::NoQuery;
pub use access::{Access, Query, refused, unversioned};
pub use named_user::{MaybeUser, NamedUser, OneUser};
pub use problem::{Own, Problem};
pub use user::{RedactedUserView, UserView};

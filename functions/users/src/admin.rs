//! What an operator sets up: keys of applications, and channels. By a bearer token of the role `admin`; errors in contract
//! 3's shape.

pub mod api_keys;
pub mod channels;
mod openapi;

pub use openapi::document;

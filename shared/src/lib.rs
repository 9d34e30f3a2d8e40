//! What the functions have in common: the pure domain, the table, the queue, the providers, the HTTP edge and the dialects.
//!
//! Dependencies point one way, `functions -> dialects -> http -> {store, queue, delivery} -> render -> domain`, and no modules name
//! each other in a circle: the tests in `layering` read every path of every module.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test may ask the machine"))]
#![cfg_attr(
    not(test),
    warn(
        clippy::indexing_slicing,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable
    )
)]

pub mod aws;
pub mod cache;
pub mod clock;
pub mod config;
pub mod delivery;
pub mod dialects;
pub mod domain;
pub mod erasure_log;
pub mod hash;
pub mod http;
pub mod jwt;
pub mod metrics;
pub mod net;
pub mod preference_link;
pub mod public_url;
pub mod queue;
pub mod random;
pub mod render;
pub mod secrets;
pub mod signing;
pub mod store;
pub mod suppressions;
pub mod telemetry;
pub mod unsubscribe;

#[cfg(test)]
mod layering;

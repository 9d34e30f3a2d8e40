//! The harness of the black-box tests: a running stack, and a client with one method for each thing that a user does.

#![allow(clippy::expect_used, clippy::panic, reason = "a harness has nobody to answer to but the test")]

mod client;
mod forgiven;
mod harness;

pub use client::{Answer, Client, eventually, forbidden, past_for_every_clock, unique, unique_email};
pub use forgiven::{FORGIVEN, Forgiven, forgiving};
pub use harness::{call_dynamodb, dynamodb, namespace, options, own, put_all, shared};

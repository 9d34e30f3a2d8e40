//! The local stack: everything that AWS and the providers are to Tidings, on loopback, started from `template.yaml`.
//! `cargo run -p local` runs it in the foreground; the tests start it in their own process.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod binaries;
pub mod cli;
pub mod containers;
pub mod control;
pub mod demo;
pub mod emulators;
pub mod gateway;
pub mod listen;
mod loopback;
pub mod poller;
pub mod pool;
pub mod progress;
pub mod providers;
pub mod provision;
pub mod proxy;
pub mod runtime_api;
pub mod screen;
pub mod sqs;
pub mod stack;
pub mod template;
pub mod ticker;
pub mod ui;

pub use self::stack::{FunctionLogs, Options, SharedStack, Stack, StackError};

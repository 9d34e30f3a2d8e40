//! The local stack: everything that AWS and the providers are to Tidings, on loopback, started from `template.yaml`.
//! `cargo run -p local` runs it in the foreground; the tests start it in their own process.
//!
//! It has two halves. [`console`] is what a person looks at. All the rest is what tests need, and stands by itself. A module
//! uses only those above it in this list; a test holds that.
//!
//! | module | |
//! |---|---|
//! | [`net`] | ways to listen on this machine |
//! | [`template`] | the reader of `template.yaml` |
//! | [`aws`] | DynamoDB and SQS: emulators, provisioning, the proxy that counts and breaks |
//! | [`lambda`] | function processes, and what invokes them: gateway, poller, schedules |
//! | [`providers`] | stand-ins of SES, FCM, APNs, Slack, text messages, webhooks, Secrets Manager |
//! | [`demo`] | the people, channels and keys that every stack starts with |
//! | [`control`] | `/_local`, which looks into the stack and breaks things |
//! | [`stack`] | all of it, started in order |
//! | [`console`] | for a person: command line, screen, page |

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod aws;
pub mod console;
pub mod control;
pub mod demo;
pub mod lambda;
#[cfg(test)]
mod layers;
pub mod net;
pub mod providers;
pub mod stack;
pub mod template;

pub use self::stack::{FunctionLogs, Options, SharedStack, Stack, StackError};

//! The local stack: stand-ins for AWS and the providers on loopback, started from `template.yaml`. `cargo run -p local`
//! runs it in the foreground. Tests start it in their own process.
//!
//! It has two parts. [`console`] is for people. All other modules are for tests, and do not depend on it. A module uses
//! only the modules above it in this table; a test checks that.
//!
//! | module | |
//! |---|---|
//! | [`fidelity`] | what the stack does as AWS does and a plain emulator does not: the switches |
//! | [`net`] | ways to listen on this machine |
//! | [`template`] | the reader of `template.yaml` |
//! | [`aws`] | DynamoDB and SQS: emulators, provisioning, the proxy that counts calls, injects faults and refuses what AWS refuses |
//! | [`lambda`] | function processes, and what invokes them: gateway, poller, schedules |
//! | [`providers`] | stand-ins of SES, FCM, APNs, Slack, text messages, webhooks, Secrets Manager |
//! | [`demo`] | the people, channels and keys that every stack starts with |
//! | [`control`] | `/_local`: routes that show the stack's state and inject faults |
//! | [`stack`] | the whole stack, started in order |
//! | [`console`] | for people: command line, screen, page |

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod aws;
pub mod console;
pub mod control;
pub mod demo;
pub mod fidelity;
pub mod lambda;
#[cfg(test)]
mod layers;
pub mod net;
pub mod providers;
pub mod stack;
pub mod template;

pub use self::stack::{FunctionLogs, Options, SharedStack, Stack, StackError};

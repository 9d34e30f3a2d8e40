//! Black-box tests. Each reads as a sentence and speaks HTTP, or hands a function an event. Only `store` is not: there the
//! product's store meets a real engine.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test says so by panicking")]

mod administration;
mod agreement;
mod bad_bodies;
mod batches;
mod clocks;
mod contract1;
mod contract2;
mod contract3;
mod contract4;
mod contract5;
mod cors;
mod counts;
mod deadline;
mod dialects;
mod dispatch;
mod docs;
mod event_sources;
mod events;
mod faults;
mod full;
mod held;
mod idempotency;
mod inbox;
mod logs;
mod matrix;
mod metrics;
mod preference_center;
mod providers;
mod quiet_hours;
mod races;
mod readmes;
mod recordings;
mod retries;
mod samples;
mod sending;
mod stack;
mod store;
mod template;
mod templates;
mod ui;
mod unsubscribe;

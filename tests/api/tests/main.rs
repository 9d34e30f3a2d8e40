//! Black-box tests. The name of each is a sentence. They talk to the service by HTTP or pass an event to a function.
//! Only the tests in `store` are no black-box tests: they call the product's store over the emulated DynamoDB.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test says so by panicking")]

mod administration;
mod agreement;
mod bad_bodies;
mod batches;
mod categories;
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
mod first_hours;
mod forgiven;
mod full;
mod growth;
mod health;
mod held;
mod http_rules;
mod idempotency;
mod inbox;
mod isolation;
mod issuers;
mod logs;
mod long_pauses;
mod matrix;
mod metrics;
mod pages;
mod pauses;
mod preference_center;
mod providers;
mod quiet_hours;
mod races;
mod rates;
mod readmes;
mod recordings;
mod release;
mod restore;
mod retries;
mod runs;
mod samples;
mod sending;
mod stack;
mod store;
mod template;
mod templates;
mod token_faults;
mod ui;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod unforgiving;
mod unsubscribe;
mod versions;

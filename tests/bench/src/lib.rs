//! The benchmarks. They measure the costs and the speed of Tidings on the local stack, and write them next to the
//! goals. `cargo run --release -p bench` runs all of them. They are not tests: no figure makes a build fail.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod cli;
pub mod costs;
pub mod fit;
pub mod fixture;
pub mod harness;
pub mod machine;
pub mod plot;
pub mod process;
pub mod report;
pub mod section;
pub mod sections;
pub mod statistics;
pub mod table;
pub mod template;
pub mod tls;

pub use cli::Cli;

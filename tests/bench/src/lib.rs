//! The benchmark suite: what Tidings costs and how fast it is, measured on the local stack and written down beside the
//! goals. `cargo run --release -p bench` runs all of it. Nothing here is a test: no figure makes a build fail.

#![cfg_attr(test, allow(clippy::expect_used, clippy::panic, clippy::unwrap_used))]

pub mod cli;
pub mod fit;
pub mod ground;
pub mod harness;
pub mod machine;
pub mod plot;
pub mod process;
pub mod report;
pub mod section;
pub mod sections;
pub mod statistics;
pub mod table;
pub mod tls;

pub use cli::Cli;

//! Functions as single processes, each with a Runtime API of its own: what a pool of them hides is what is measured here.

mod callgrind;
mod good;
mod kernel;
mod launch;
mod sandbox;

pub use callgrind::{Callgrind, slope};
pub use good::good;
pub use kernel::{cpu, environment, peak_memory};
pub use launch::{Launch, find};
pub use sandbox::{Answered, Sandbox};

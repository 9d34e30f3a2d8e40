//! Functions as single processes, each with its own Runtime API. So each process can be measured alone, which a pool of
//! processes does not allow.

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

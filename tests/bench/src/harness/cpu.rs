//! The processor time of a function's processes.

use std::time::Duration;

use super::World;
use crate::process;
use crate::section::{Fault, Unavailable};

/// The processor time of a function's processes until now, in microseconds. The kernel updates a thread's time when the
/// thread goes to sleep.
pub fn cpu_us(world: &World, function: &str) -> Result<f64, Fault> {
    let pool = world.stack.function(function).ok_or_else(|| format!("there is no function {function}"))?;
    let mut run = Duration::ZERO;
    for pid in pool.pids() {
        let cpu = process::cpu(pid);
        run += cpu.map_err(|error| Unavailable(format!("this system tells no processor time in /proc: {error}")))?;
    }
    Ok(run.as_secs_f64() * 1e6)
}

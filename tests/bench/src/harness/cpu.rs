//! The processor time of a function's process, as the kernel accounts it: in nanoseconds, over all of its threads.

use std::fs;

use super::World;
use crate::section::{Fault, Unavailable};

/// What the processes of a function have run so far, in microseconds. A thread counts up to when it last went to sleep.
pub fn cpu_us(world: &World, function: &str) -> Result<f64, Fault> {
    let pool = world.stack.function(function).ok_or_else(|| format!("there is no function {function}"))?;
    let mut nanoseconds = 0.0;
    for pid in pool.pids() {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"));
        for task in tasks.map_err(|_| Unavailable("this system tells no processor time in /proc".to_owned()))? {
            // A thread that ended meanwhile is none any more.
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
            nanoseconds += run_time(&text).unwrap_or_default();
        }
    }
    Ok(nanoseconds / 1000.0)
}

/// The first of the kernel's three figures: what the thread has run.
fn run_time(schedstat: &str) -> Option<f64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_time_is_the_first_figure() {
        assert_eq!(run_time("3663708 12 1\n"), Some(3_663_708.0));
        assert_eq!(run_time(""), None);
    }
}

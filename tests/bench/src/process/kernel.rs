//! DecisionInput about a process from the kernel.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Result};
use std::time::Duration;

/// The processor time of all running threads of a process, in nanoseconds. The time of ended threads is missing, but
/// the functions and their peers end no threads.
pub fn cpu(pid: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        match fs::read_to_string(task?.path().join("schedstat")) {
            Ok(text) => nanoseconds += on_core(&text).ok_or_else(|| unreadable("schedstat"))?,
            // This thread ended meanwhile.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The largest memory in RAM that the process ever had, in bytes (`VmHWM`).
pub fn peak_memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    high_water(&status).ok_or_else(|| unreadable("status"))
}

/// The environment that a process was started with.
pub fn environment(pid: u32) -> Result<BTreeMap<String, String>> {
    Ok(variables(&fs::read(format!("/proc/{pid}/environ"))?))
}

/// The first of the three figures of `schedstat`: nanoseconds on a core, nanoseconds waiting for a core, and the number
/// of time slices.
fn on_core(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

fn variables(environ: &[u8]) -> BTreeMap<String, String> {
    let entries = environ.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    entries.filter_map(|entry| entry.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))).collect()
}

fn unreadable(file: &str) -> Error {
    Error::other(format!("/proc: {file} is not what it should be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_on_a_core_is_the_first_figure() {
        assert_eq!(on_core("123456789 42 7\n"), Some(123_456_789));
        assert_eq!(on_core("3663708 12 1\n"), Some(3_663_708));
        assert_eq!(on_core(""), None);
    }

    #[test]
    fn the_high_water_mark_is_in_bytes() {
        assert_eq!(high_water("VmPeak:\t  99 kB\nVmHWM:\t   12 kB\nVmRSS:\t 10 kB\n"), Some(12 * 1024));
        assert_eq!(high_water("VmPeak:\t 9 kB\nVmHWM:\t   2048 kB\n"), Some(2048 * 1024));
        assert_eq!(high_water("VmPeak:\t  99 kB\n"), None);
    }

    #[test]
    fn a_variable_s_value_may_hold_anything_but_a_zero() {
        let read = variables(b"A=1\0B=a=b\nc\0\0odd\0");
        assert_eq!(read, [("A", "1"), ("B", "a=b\nc")].map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn this_process_has_used_time_and_memory() {
        let own = std::process::id();
        let before = cpu(own).unwrap();
        let sum: u64 = (0..50_000_000_u64).map(std::hint::black_box).sum();
        assert!(sum > 0 && cpu(own).unwrap() > before);
        assert!(peak_memory(own).unwrap() > 1024 * 1024);
    }
}

//! The machine and the code of a run. Without them, two runs cannot be compared.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

use jiff::Timestamp;

/// The machine, the code and the tools of a run.
#[derive(Debug, Clone)]
pub struct Machine {
    /// When the run began.
    pub date: String,
    /// The commit, and whether the source tree had changes on top of it.
    pub commit: String,
    /// How the measured code was built.
    pub profile: &'static str,
    /// All other facts, by name.
    pub facts: Vec<(&'static str, String)>,
}

impl Machine {
    /// Collects the facts, before anything is measured.
    pub fn look() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split_whitespace().take(3).collect::<Vec<_>>().join(", ");
        let cores = thread::available_parallelism().map_or_else(|_| "?".to_owned(), |cores| cores.to_string());
        let gigabytes = value(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let facts = vec![
            ("cores", cores),
            ("CPU", value(&cpu, "model name").unwrap_or("unknown").to_owned()),
            ("memory", gigabytes.map_or("unknown".to_owned(), |kilobytes| format!("{} GiB", kilobytes >> 20))),
            ("load before the run, 1, 5 and 15 minutes", load),
            ("system", format!("{} {}", std::env::consts::OS, kernel.trim())),
            ("architecture", std::env::consts::ARCH.to_owned()),
            ("rustc", says("rustc", "--version")),
            ("node", says("node", "--version")),
            ("python", says("python3", "--version")),
            ("valgrind", says("valgrind", "--version")),
        ];
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        Self { date: Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(), commit: commit(), profile, facts }
    }
}

/// The version text of a tool.
fn says(tool: &str, option: &str) -> String {
    output(tool, &[option]).unwrap_or_else(|| "not here".to_owned())
}

fn commit() -> String {
    let Some(commit) = output("git", &["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown: no git here".to_owned();
    };
    // The results of a run do not count as changes of the code.
    let own =
        [":(exclude)tests/bench/RESULTS.md", ":(exclude)tests/bench/plots", ":(exclude)tests/bench/measured.json"];
    let status = output("git", &[["status", "--porcelain", "--", "."].as_slice(), &own].concat());
    match status.as_deref() {
        Some("") => format!("{commit}, nothing changed since"),
        Some(changes) => format!("{commit}, with {} changed files on top", changes.lines().count()),
        None => format!("{commit}, and whether anything is changed is unknown"),
    }
}

fn output(tool: &str, arguments: &[&str]) -> Option<String> {
    let folder = local::stack::binaries::workspace();
    let mut command = Command::new(tool);
    command.args(arguments).current_dir(Path::new(&folder)).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The value of the first line `name : value` in a text of the kernel.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_lists_are_read_by_name() {
        let text =
            "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nprocessor\t: 1\nmodel name\t: Another\nMemTotal:  24 kB";
        assert_eq!(value(text, "model name"), Some("A CPU @ 2 GHz"));
        assert_eq!(value(text, "MemTotal"), Some("24 kB"));
        assert_eq!(value(text, "MemFree"), None);
    }

    #[test]
    fn a_tool_that_is_not_here_is_said_to_be_missing() {
        assert_eq!(says("no-such-tool-anywhere", "--version"), "not here");
    }
}

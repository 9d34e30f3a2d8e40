//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::sections::Name;

/// Measures what Tidings costs and how fast it is.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Cli {
    /// Only these sections, separated by commas; all where absent
    #[arg(long, value_delimiter = ',', value_name = "SECTIONS")]
    pub only: Vec<Name>,
    /// Where RESULTS.md and plots/ go; tests/bench for a whole run, target/bench for part of one
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl Cli {
    /// Whether the command line asks for a section.
    pub fn wants(&self, name: Name) -> bool {
        self.only.is_empty() || self.only.contains(&name)
    }

    /// The folder of the results. The results of some sections must not replace those of a whole run, unless `--out`
    /// says so.
    pub fn folder(&self) -> PathBuf {
        let usual = if self.only.is_empty() { "tests/bench" } else { "target/bench" };
        self.out.clone().unwrap_or_else(|| local::stack::binaries::workspace().join(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_of_a_run_does_not_take_the_place_of_a_whole_one() {
        let read = |words: &[&str]| Cli::try_parse_from([&["bench"], words].concat()).unwrap();
        let whole = read(&[]);
        assert!(Name::ALL.into_iter().all(|name| whole.wants(name)));
        assert!(whole.folder().ends_with("tests/bench"));
        let part = read(&["--only", "calls"]);
        assert!(part.wants(Name::Calls) && part.only.len() == 1);
        assert!(part.folder().ends_with("target/bench"));
        assert_eq!(read(&["--only", "calls", "--out", "x"]).folder(), PathBuf::from("x"));
        assert!(Cli::try_parse_from(["bench", "--only", "speed"]).is_err());
    }
}

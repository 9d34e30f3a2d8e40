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
    /// Keep the other sections of the RESULTS.md that is there; then some sections go to tests/bench, too
    #[arg(long)]
    pub keep: bool,
    /// Where RESULTS.md and plots/ go; tests/bench for a whole run and with --keep, target/bench for part of one
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl Cli {
    /// Whether the command line asks for a section.
    pub fn wants(&self, name: Name) -> bool {
        self.only.is_empty() || self.only.contains(&name)
    }

    /// The folder of the results. The results of some sections must not replace those of a whole run, unless `--out`
    /// says so, or the other sections are kept.
    pub fn folder(&self) -> PathBuf {
        let usual = if self.only.is_empty() || self.keep { "tests/bench" } else { "target/bench" };
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
        let kept = read(&["--only", "calls", "--keep"]);
        assert!(kept.folder().ends_with("tests/bench"), "what is kept is renewed in its place");
        assert!(Cli::try_parse_from(["bench", "--only", "speed"]).is_err());
    }
}

//! `RESULTS.md`.

use super::{Report, Run};
use crate::machine::Machine;
use crate::section::{NotRun, Section};

/// The introduction of the file.
const HEAD: &str = "# Results

Written by `cargo run --release -p bench`; [README.md](README.md) says what is measured and how. Each section says of which run it
is: one that was not run again keeps its figures. Counts, units and bytes are the same on every machine; times are not.
";

impl Report {
    /// The whole file.
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        text += &format!("\n## Goals\n\n{}", self.goals().markdown());
        text += &format!("\n## The run\n\n{}", self.facts().markdown());
        for run in &self.runs {
            text += &format!("\n## {}\n", run.name.title());
            match &run.result {
                Ok(section) => text += &self.shown(run, section),
                Err(NotRun::NotAskedFor) if self.earlier.section(run.name).is_some() => {
                    text += self.earlier.section(run.name).unwrap_or_default().trim_end();
                    text.push('\n');
                }
                Err(reason) => text += &format!("\nNot measured: {}.\n", reason.why()),
            }
        }
        text
    }

    /// A section that has run.
    fn shown(&self, run: &Run, section: &Section) -> String {
        let Machine { date, commit, profile, .. } = &self.machine;
        let mut text = format!("\n*{date}, commit {commit}, {profile} build; took {:.0} s.*\n", run.took.as_secs_f64());
        for paragraph in &section.says {
            text += &format!("\n{paragraph}\n");
        }
        for table in &section.tables {
            text += &format!("\n### {}\n\n{}", table.title, table.markdown());
        }
        for plot in &section.plots {
            text += &format!("\n![{}](plots/{}.svg)\n", plot.title, plot.file);
        }
        text
    }
}

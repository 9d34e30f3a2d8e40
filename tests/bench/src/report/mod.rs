//! Writes a run into `RESULTS.md` with its plots, and to the terminal.

mod earlier;
mod goals;
mod markdown;
mod terminal;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

pub use self::earlier::Earlier;
use crate::machine::Machine;
use crate::section::{NotRun, Section};
use crate::sections::Name;

/// The result of a section.
#[derive(Debug)]
pub struct Run {
    /// The section.
    pub name: Name,
    /// The results of the section, or the reason why there are none.
    pub result: Result<Section, NotRun>,
    /// How long the section took.
    pub took: Duration,
}

impl Run {
    /// The result of a section that was not asked for.
    pub fn not_asked_for(name: Name) -> Self {
        Self { name, result: Err(NotRun::NotAskedFor), took: Duration::ZERO }
    }
}

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// The machine and the code of the run.
    pub machine: Machine,
    /// Every section, also those that did not run.
    pub runs: Vec<Run>,
    /// The results from which sections that did not run are kept; empty if they are not.
    pub earlier: Earlier,
}

impl Report {
    /// Writes `RESULTS.md` and `plots/`, and what belongs beside them. What an earlier run has left is replaced, but for the
    /// sections that are kept.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let plots = folder.join("plots");
        fs::create_dir_all(&plots)?;
        let kept: BTreeSet<_> = self.kept().flat_map(|run| self.earlier.plots(run.name)).collect();
        for entry in fs::read_dir(&plots)? {
            let path = entry?.path();
            let is_kept = path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| kept.contains(stem));
            if !is_kept && path.extension().is_some_and(|extension| extension == "svg") {
                fs::remove_file(path)?;
            }
        }
        for (_, section) in self.sections() {
            for plot in &section.plots {
                let svg = plot.svg().map_err(|error| io::Error::other(format!("{}: {error}", plot.file)))?;
                fs::write(plots.join(format!("{}.svg", plot.file)), svg)?;
            }
            for (name, text) in &section.files {
                fs::write(folder.join(name), text)?;
            }
        }
        fs::write(folder.join("RESULTS.md"), self.markdown())
    }

    /// The sections of which the earlier results are kept: those that were not asked for.
    fn kept(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| matches!(run.result, Err(NotRun::NotAskedFor)))
    }

    fn sections(&self) -> impl Iterator<Item = (&Run, &Section)> {
        self.runs.iter().filter_map(|run| Some((run, run.result.as_ref().ok()?)))
    }
}

#[cfg(test)]
mod tests;

//! One run, written down: in `RESULTS.md` with its plots, and on the terminal.

mod goals;
mod markdown;
mod terminal;

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use crate::machine::Machine;
use crate::section::{NotRun, Section};
use crate::sections::Name;

/// What a section came to.
#[derive(Debug)]
pub struct Run {
    /// Which one.
    pub name: Name,
    /// What it says, or why it says nothing.
    pub result: Result<Section, NotRun>,
    /// How long it took.
    pub took: Duration,
}

impl Run {
    /// One that was not asked for.
    pub fn not_asked_for(name: Name) -> Self {
        Self { name, result: Err(NotRun::NotAskedFor), took: Duration::ZERO }
    }
}

/// A whole run.
#[derive(Debug)]
pub struct Report {
    /// Where it ran, and of what.
    pub machine: Machine,
    /// Every section there is, run or not.
    pub runs: Vec<Run>,
}

impl Report {
    /// Writes `RESULTS.md` and `plots/`, in place of what an earlier run left there.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let plots = folder.join("plots");
        fs::create_dir_all(&plots)?;
        for entry in fs::read_dir(&plots)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "svg") {
                fs::remove_file(path)?;
            }
        }
        for plot in self.sections().flat_map(|(_, section)| &section.plots) {
            let svg = plot.svg().map_err(|error| io::Error::other(format!("{}: {error}", plot.file)))?;
            fs::write(plots.join(format!("{}.svg", plot.file)), svg)?;
        }
        fs::write(folder.join("RESULTS.md"), self.markdown())
    }

    fn sections(&self) -> impl Iterator<Item = (&Run, &Section)> {
        self.runs.iter().filter_map(|run| Some((run, run.result.as_ref().ok()?)))
    }
}

#[cfg(test)]
mod tests;

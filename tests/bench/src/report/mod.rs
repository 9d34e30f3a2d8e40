//! Writes a run into `RESULTS.md` with its plots, and to the terminal.

mod goals;
mod markdown;
mod terminal;

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

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
}

impl Report {
    /// Writes `RESULTS.md` and `plots/`, and replaces those of an earlier run.
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

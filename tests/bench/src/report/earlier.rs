//! What an earlier `RESULTS.md` says about the sections that this run leaves out.

use crate::section::Aim;
use crate::sections::Name;

/// The text of an earlier run.
#[derive(Debug, Default)]
pub struct Earlier(String);

impl Earlier {
    /// Reads `RESULTS.md`. Without one there is nothing earlier.
    pub fn new(markdown: String) -> Self {
        Self(markdown)
    }

    /// The text of a section, from the line after its heading to the next section; `None` if it has no results.
    pub fn section(&self, name: Name) -> Option<&str> {
        let (_, rest) = self.0.split_once(&format!("\n## {}\n", name.title()))?;
        let text = rest.split("\n## ").next().unwrap_or(rest);
        (!text.starts_with("\nNot measured: ")).then_some(text)
    }

    /// The figures of a goal and whether they meet it, as cells of the table of goals. A goal that has changed since has none.
    pub fn figures(&self, aim: &Aim) -> Vec<(String, String)> {
        let begin = format!("| {} | {} | ", aim.what, aim.goal);
        let rows = self.0.lines().filter_map(|line| line.strip_prefix(&begin)?.strip_suffix(" |"));
        rows.filter_map(|row| row.rsplit_once(" | "))
            .map(|(figure, verdict)| (figure.to_owned(), verdict.to_owned()))
            .collect()
    }

    /// The names of a section's plots, without `.svg`.
    pub fn plots(&self, name: Name) -> Vec<&str> {
        let text = self.section(name).unwrap_or_default();
        text.split("](plots/").skip(1).filter_map(|rest| rest.split_once(".svg)")).map(|(file, _)| file).collect()
    }
}

//! `RESULTS.md`.

use super::Report;

/// The introduction of the file.
const HEAD: &str = "# Results

Written by `cargo run --release -p bench`; [README.md](README.md) says what is measured and how. All of it is of one run, and a part
that was not run has no figures. Counts, units and bytes are the same on every machine; times are not.
";

impl Report {
    /// The whole file.
    pub fn markdown(&self) -> String {
        let mut text = HEAD.to_owned();
        text += &format!("\n## Goals\n\n{}", self.goals().markdown());
        text += &format!("\n## The run\n\n{}", self.facts().markdown());
        for run in &self.runs {
            text += &format!("\n## {}\n", run.name.title());
            let section = match &run.result {
                Ok(section) => section,
                Err(reason) => {
                    text += &format!("\nNot measured: {}.\n", reason.why());
                    continue;
                }
            };
            for paragraph in &section.says {
                text += &format!("\n{paragraph}\n");
            }
            for table in &section.tables {
                text += &format!("\n### {}\n\n{}", table.title, table.markdown());
            }
            for plot in &section.plots {
                text += &format!("\n![{}](plots/{}.svg)\n", plot.title, plot.file);
            }
        }
        text
    }
}

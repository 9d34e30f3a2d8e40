//! The report on the terminal: tables first, and the goals at the end, where they stay visible.

use super::Report;
use crate::table::Table;

impl Report {
    /// The text of the whole report.
    pub fn terminal(&self) -> String {
        let mut text = String::new();
        for (run, section) in self.sections() {
            text += &format!("\n== {}\n", run.name.title());
            for paragraph in &section.says {
                text += &format!("{paragraph}\n");
            }
            for table in &section.tables {
                text += &format!("\n{}", table.terminal());
            }
        }
        text + &format!("\n{}\n{}\n", self.facts().terminal(), self.goals().terminal())
    }

    /// The machine, and how long each section took.
    pub(super) fn facts(&self) -> Table {
        let mut table = Table::new("The run", &["", ""]);
        let machine = &self.machine;
        table.row(["date", machine.date.as_str()]);
        table.row(["commit", machine.commit.as_str()]);
        let built = match machine.profile {
            "release" => "release, as it is deployed but for the architecture".to_owned(),
            other => format!("{other}: its times and CPU times are not those of what is deployed"),
        };
        table.row(["build", built.as_str()]);
        for (name, value) in &machine.facts {
            table.row([*name, value.as_str()]);
        }
        let took = self.sections().map(|(run, _)| format!("{} {:.0} s", run.name.word(), run.took.as_secs_f64()));
        table.row(["took".to_owned(), took.collect::<Vec<_>>().join(", ")]);
        table
    }
}

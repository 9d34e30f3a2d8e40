//! All goals in one table, each with its figure. A goal that was not measured is in the table, too.

use super::{Report, Run};
use crate::section::{Aim, Figure, NotRun, Section};
use crate::table::Table;

impl Report {
    /// The table of all goals.
    pub fn goals(&self) -> Table {
        let mut table = Table::new("Goals", &["what", "goal", "figure", ""]);
        for run in &self.runs {
            for aim in run.name.aims() {
                for (figure, verdict) in self.figures(run, aim) {
                    table.row([aim.what.to_owned(), aim.goal.to_owned(), figure, verdict]);
                }
            }
        }
        table
    }

    /// The figures of a run for a goal, or those that are kept of an earlier one, or the reason why there are none.
    fn figures(&self, run: &Run, aim: &Aim) -> Vec<(String, String)> {
        match &run.result {
            Ok(section) => measured(section, aim),
            Err(reason) => {
                let kept = match reason {
                    NotRun::NotAskedFor => self.earlier.figures(aim),
                    _ => Vec::new(),
                };
                if kept.is_empty() { vec![missing(&reason.why())] } else { kept }
            }
        }
    }
}

fn measured(section: &Section, aim: &Aim) -> Vec<(String, String)> {
    let goals = section.goals.iter().filter(|goal| goal.aim == aim);
    let shown = goals.map(|goal| match &goal.figure {
        Figure::Measured { figure, met } => (figure.clone(), if *met { "met" } else { "missed" }.to_owned()),
        Figure::NotMeasured(why) => missing(why),
    });
    let shown: Vec<_> = shown.collect();
    if shown.is_empty() { vec![missing("its section gave no figure")] } else { shown }
}

fn missing(why: &str) -> (String, String) {
    (String::new(), format!("not measured: {why}"))
}

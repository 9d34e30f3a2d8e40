//! The result of a section: texts, tables, plots, and goals with their figures.

use std::error::Error;

use crate::plot::Plot;
use crate::table::Table;

/// A goal, which was set before anything was measured.
#[derive(Debug, PartialEq, Eq)]
pub struct Aim {
    /// The measured quantity.
    pub what: &'static str,
    /// The wanted value, such as `≤ 12 calls`.
    pub goal: &'static str,
}

/// A goal and its figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// The goal.
    pub aim: &'static Aim,
    /// Its figure.
    pub figure: Figure,
}

/// The figure of a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// The goal was measured.
    Measured {
        /// The figure with its unit, as text.
        figure: String,
        /// Whether the goal is reached.
        met: bool,
    },
    /// The goal was not measured. The text is the reason.
    NotMeasured(String),
}

/// The results of one section.
#[derive(Debug, Default)]
pub struct Section {
    /// The text: what was measured, and how reliable it is. Each entry is a paragraph.
    pub says: Vec<String>,
    /// The tables.
    pub tables: Vec<Table>,
    /// The plots.
    pub plots: Vec<Plot>,
    /// The goals and their figures.
    pub goals: Vec<Goal>,
    /// Files beside `RESULTS.md`: names and texts.
    pub files: Vec<(String, String)>,
}

impl Section {
    /// A section with this first paragraph.
    pub fn new(says: impl Into<String>) -> Self {
        Self { says: vec![says.into()], ..Self::default() }
    }

    /// Adds a paragraph.
    pub fn say(&mut self, paragraph: impl Into<String>) {
        self.says.push(paragraph.into());
    }

    /// Adds the figure of a goal, and whether the figure meets it.
    pub fn measured(&mut self, aim: &'static Aim, figure: impl Into<String>, met: bool) {
        self.goals.push(Goal { aim, figure: Figure::Measured { figure: figure.into(), met } });
    }

    /// Adds a goal without a figure, and the reason.
    pub fn not_measured(&mut self, aim: &'static Aim, why: impl Into<String>) {
        self.goals.push(Goal { aim, figure: Figure::NotMeasured(why.into()) });
    }
}

/// The error of a section.
pub type Fault = Box<dyn Error + Send + Sync>;

/// The error of a section if this machine lacks something that the section needs.
#[derive(Debug)]
pub struct Unavailable(pub String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unavailable {}

/// Why a section has no results.
#[derive(Debug)]
pub enum NotRun {
    /// It was not asked for.
    NotAskedFor,
    /// This machine lacks something that the section needs. The text says what.
    Unavailable(String),
    /// The section failed.
    Failed(Fault),
}

impl NotRun {
    /// The reason as text, with all causes.
    pub fn why(&self) -> String {
        match self {
            Self::NotAskedFor => "not asked for in this run".to_owned(),
            Self::Unavailable(what) => what.clone(),
            Self::Failed(error) => {
                let mut text = format!("it failed: {error}");
                let mut cause = error.source();
                while let Some(deeper) = cause {
                    text += &format!(": {deeper}");
                    cause = deeper.source();
                }
                text
            }
        }
    }
}

impl From<Fault> for NotRun {
    fn from(fault: Fault) -> Self {
        match fault.downcast::<Unavailable>() {
            Ok(unavailable) => Self::Unavailable(unavailable.0),
            Err(fault) => Self::Failed(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_machine_lacks_is_no_failure() {
        let lacking: Fault = Unavailable("there is no valgrind here".to_owned()).into();
        assert!(matches!(NotRun::from(lacking), NotRun::Unavailable(what) if what == "there is no valgrind here"));
        let broken: Fault = std::io::Error::other(Unavailable("inside".to_owned())).into();
        assert_eq!(NotRun::from(broken).why(), "it failed: inside");
    }
}

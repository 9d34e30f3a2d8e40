//! What a section has to say: tables, plots, and its goals with what was measured.

use std::error::Error;

use crate::plot::Plot;
use crate::table::Table;

/// Something to be reached, as it was set before anything was measured.
#[derive(Debug, PartialEq, Eq)]
pub struct Aim {
    /// What is measured.
    pub what: &'static str,
    /// What it is to be, such as `≤ 12 calls`.
    pub goal: &'static str,
}

/// A goal beside its figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goal {
    /// What was aimed at.
    pub aim: &'static Aim,
    /// What came of it.
    pub figure: Figure,
}

/// What was measured for a goal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figure {
    /// The figure, with its unit, and whether it is good enough.
    Measured {
        /// The figure as it is read.
        figure: String,
        /// Whether the goal is reached.
        met: bool,
    },
    /// Nothing, and why not.
    NotMeasured(String),
}

/// One subject's measurements.
#[derive(Debug, Default)]
pub struct Section {
    /// What it says, and how far to trust it: paragraphs of a few sentences.
    pub says: Vec<String>,
    /// The figures.
    pub tables: Vec<Table>,
    /// The same to look at.
    pub plots: Vec<Plot>,
    /// What was aimed at.
    pub goals: Vec<Goal>,
}

impl Section {
    /// A section that says this.
    pub fn new(says: impl Into<String>) -> Self {
        Self { says: vec![says.into()], ..Self::default() }
    }

    /// Adds a paragraph.
    pub fn say(&mut self, paragraph: impl Into<String>) {
        self.says.push(paragraph.into());
    }

    /// Puts a figure beside its goal.
    pub fn measured(&mut self, aim: &'static Aim, figure: impl Into<String>, met: bool) {
        self.goals.push(Goal { aim, figure: Figure::Measured { figure: figure.into(), met } });
    }

    /// Says why there is no figure for a goal.
    pub fn not_measured(&mut self, aim: &'static Aim, why: impl Into<String>) {
        self.goals.push(Goal { aim, figure: Figure::NotMeasured(why.into()) });
    }
}

/// What a section may break with.
pub type Fault = Box<dyn Error + Send + Sync>;

/// This machine lacks something that a section needs: its error, where that is no fault of anybody.
#[derive(Debug)]
pub struct Unavailable(pub String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Unavailable {}

/// Why a section has nothing to say.
#[derive(Debug)]
pub enum NotRun {
    /// It was not asked for.
    NotAskedFor,
    /// This machine lacks something that it needs; in words.
    Unavailable(String),
    /// It broke.
    Failed(Fault),
}

impl NotRun {
    /// In words, with all causes.
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

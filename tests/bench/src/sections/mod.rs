//! The sections by name. One more is a module here, a variant, and an arm in each `match`.

pub mod calls;

use clap::ValueEnum;

use crate::section::{Aim, Fault, Section};

/// A section. Its word on the command line is its name in lower case, with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// DynamoDB's and SQS's calls by request.
    Calls,
}

impl Name {
    /// All of them, in the order in which they run and are shown.
    pub const ALL: [Self; 1] = [Self::Calls];

    /// Its word on the command line.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Calls => "Calls and capacity units",
        }
    }

    /// What it is to show: known without a run, so that a goal cannot go missing with its section.
    pub fn aims(self) -> &'static [&'static Aim] {
        match self {
            Self::Calls => calls::AIMS,
        }
    }

    /// Measures.
    pub async fn run(self) -> Result<Section, Fault> {
        match self {
            Self::Calls => calls::run().await,
        }
    }
}

//! The sections by name. A new section needs a module here, a variant, and an arm in each `match`.

pub mod calls;
pub mod cold_start;
pub mod growth;
pub mod instructions;
pub mod money;
pub mod scale;
pub mod sizes;
pub mod throughput;

use clap::ValueEnum;

use crate::section::{Aim, Fault, Section};

/// A section. Its name on the command line is in lower case, with hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Calls to DynamoDB and SQS for each request.
    Calls,
    /// Instructions by callgrind.
    Instructions,
    /// From the start of a process to its first answer.
    ColdStart,
    /// Requests and deliveries by CPU time.
    Throughput,
    /// Binaries, packages, memory.
    Sizes,
    /// How costs grow.
    Growth,
    /// Dollars for a million.
    Money,
    /// A day of millions of notifications, by a model.
    Scale,
}

impl Name {
    /// All sections, in the order in which they run and are shown.
    pub const ALL: [Self; 8] = [
        Self::Calls,
        Self::Instructions,
        Self::ColdStart,
        Self::Throughput,
        Self::Sizes,
        Self::Growth,
        Self::Money,
        Self::Scale,
    ];

    /// The name on the command line.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Calls => "Calls and capacity units",
            Self::Instructions => "Instructions",
            Self::ColdStart => "Cold start",
            Self::Throughput => "Throughput and CPU time",
            Self::Sizes => "Sizes and memory",
            Self::Growth => "Growth",
            Self::Money => "Money",
            Self::Scale => "Scale, by a model",
        }
    }

    /// The goals. They are known without a run, so that a goal is listed although its section did not run.
    pub fn aims(self) -> &'static [&'static Aim] {
        match self {
            Self::Calls => calls::AIMS,
            Self::Instructions => instructions::AIMS,
            Self::ColdStart => cold_start::AIMS,
            Self::Throughput => throughput::AIMS,
            Self::Sizes => sizes::AIMS,
            Self::Growth => growth::AIMS,
            Self::Money => money::AIMS,
            Self::Scale => scale::AIMS,
        }
    }

    /// Runs the section.
    pub async fn run(self) -> Result<Section, Fault> {
        match self {
            Self::Calls => calls::run().await,
            Self::Instructions => instructions::run().await,
            Self::ColdStart => cold_start::run().await,
            Self::Throughput => throughput::run().await,
            Self::Sizes => sizes::run().await,
            Self::Growth => growth::run().await,
            Self::Money => money::run().await,
            Self::Scale => scale::run(),
        }
    }
}

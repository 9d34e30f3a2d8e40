//! The languages that the pages speak.

use super::{ALL, Translation};

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language(&'static Translation);

impl Default for Language {
    /// The first one.
    fn default() -> Self {
        Self(&ALL[0])
    }
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(Self)
    }

    /// Its texts.
    pub fn translation(self) -> &'static Translation {
        self.0
    }

    /// The language of a tag. Its region and script do not matter.
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next()?;
        Self::all().find(|language| language.0.tag.eq_ignore_ascii_case(primary))
    }
}

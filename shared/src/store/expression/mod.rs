//! Expressions as data. They are rendered as text for DynamoDB, or applied to an item in memory.

mod memory;
mod text;

use aws_sdk_dynamodb::types::AttributeValue;

pub use text::{Rendered, render};

/// A document path. Each segment is one attribute name.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(Vec<String>);

impl<const N: usize> From<[&str; N]> for Path {
    fn from(segments: [&str; N]) -> Self {
        Self(segments.map(str::to_owned).into())
    }
}

impl From<Vec<String>> for Path {
    fn from(segments: Vec<String>) -> Self {
        Self(segments)
    }
}

impl Path {
    /// The names along the path.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// A path whose segments are known only at run time.
    pub fn of(segments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

/// What a write demands of the stored item.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Exists(Path),
    Missing(Path),
    Equals(Path, AttributeValue),
    NotEquals(Path, AttributeValue),
    AtLeast(Path, AttributeValue),
    AtMost(Path, AttributeValue),
    Below(Path, AttributeValue),
    Contains(Path, AttributeValue),
    /// The map or list has fewer elements than this.
    SizeBelow(Path, usize),
    OneOf(Path, Vec<AttributeValue>),
    /// The value is a map.
    IsMap(Path),
    /// The value is no map, or does not exist.
    IsNoMap(Path),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// One action of an update.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Set(Path, AttributeValue),
    /// Sets the value if there is none.
    SetIfMissing(Path, AttributeValue),
    /// Sets the first path to the value of the second path, or to the given value if the second path has none.
    SetFrom(Path, Path, AttributeValue),
    /// Adds to a number. A missing number counts as zero.
    Add(Path, i64),
    Remove(Path),
}

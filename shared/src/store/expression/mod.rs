//! Expressions as data. They are rendered as text for DynamoDB, or done to an item at hand.

mod memory;
mod text;

use aws_sdk_dynamodb::types::AttributeValue;

pub use text::{Rendered, render};

/// A document path, one attribute name a segment.
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
    /// The path of segments that are known at run time only.
    pub fn of(segments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

/// What a write demands of the item as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Exists(Path),
    Missing(Path),
    Equals(Path, AttributeValue),
    NotEquals(Path, AttributeValue),
    AtLeast(Path, AttributeValue),
    AtMost(Path, AttributeValue),
    Below(Path, AttributeValue),
    /// Both ends included.
    Between(Path, AttributeValue, AttributeValue),
    Contains(Path, AttributeValue),
    /// Has fewer elements than this.
    SizeBelow(Path, usize),
    OneOf(Path, Vec<AttributeValue>),
    /// A map stands there.
    IsMap(Path),
    /// Something else stands there, or nothing.
    IsNoMap(Path),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// One thing that an update does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Set(Path, AttributeValue),
    /// Keeps what is there, else sets it.
    SetIfMissing(Path, AttributeValue),
    /// Takes another's value, or the one given where that is missing.
    SetFrom(Path, Path, AttributeValue),
    /// Adds to a number, which counts as zero where it is missing.
    Add(Path, i64),
    Remove(Path),
}

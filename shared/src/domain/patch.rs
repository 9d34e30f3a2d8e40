//! A field of a partial change.

/// What a partial change says about one field: JSON's three cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// The key was not given: the field stays.
    #[default]
    Absent,
    /// The key was `null`: the field is cleared.
    Null,
    /// The key had a value.
    Value(T),
}

impl<T> Field<T> {
    /// The value itself, if there is one.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }
}

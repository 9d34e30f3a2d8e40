//! The contract's words: whose settings, and what is done to them.

/// Whose settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The caller's own.
    User,
    /// The caller's organisation's.
    Organization,
}

/// What a request does to settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `PUT`.
    Merge,
    /// `POST`.
    Replace,
    /// `DELETE`.
    Remove,
}

impl Subject {
    /// The message of a change that was made.
    pub fn done(self, verb: Verb) -> String {
        let subject = match self {
            Self::User => "User",
            Self::Organization => "Organization",
        };
        let done = match verb {
            Verb::Merge => "settings partially updated successfully",
            Verb::Replace => "settings updated successfully",
            Verb::Remove => "settings keys deleted successfully",
        };
        format!("{subject} {done}")
    }
}

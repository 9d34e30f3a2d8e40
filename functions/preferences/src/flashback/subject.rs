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

    /// The message of a change that was refused for what was sent.
    pub fn failed(self, verb: Verb) -> String {
        let subject = match self {
            Self::User => "user",
            Self::Organization => "organization",
        };
        match verb {
            Verb::Merge => format!("Failed to partially update {subject} settings"),
            Verb::Replace => format!("Failed to update {subject} settings"),
            Verb::Remove => format!("Failed to delete {subject} settings keys"),
        }
    }
}

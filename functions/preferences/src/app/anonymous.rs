//! What a caller without a token may do with channel preferences.

use std::str::FromStr;

/// The values of the parameter `AnonymousPreferences`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anonymous {
    /// `false`: nothing.
    Refused,
    /// `redacted`: they change them, and the answer does not say who the user is.
    Redacted,
    /// `true`: they change them, and the answer is the whole user.
    Whole,
}

/// The setting is none of `false`, `redacted` and `true`.
#[derive(Debug, thiserror::Error)]
#[error("must be false, redacted or true")]
pub struct UnknownAnonymous;

impl FromStr for Anonymous {
    type Err = UnknownAnonymous;

    fn from_str(setting: &str) -> Result<Self, Self::Err> {
        match setting {
            "false" => Ok(Self::Refused),
            "redacted" => Ok(Self::Redacted),
            "true" => Ok(Self::Whole),
            _ => Err(UnknownAnonymous),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_none_of_the_values_gives_no_access() {
        for (setting, expected) in
            [("false", Anonymous::Refused), ("redacted", Anonymous::Redacted), ("true", Anonymous::Whole)]
        {
            assert_eq!(setting.parse::<Anonymous>().unwrap(), expected);
        }
        for setting in ["", "True", "yes", "redact"] {
            assert!(setting.parse::<Anonymous>().is_err(), "{setting}");
        }
    }
}

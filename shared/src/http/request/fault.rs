//! The faults of a body, without any dialect's words.

use std::{borrow::Cow, fmt};

/// A part of a sentence.
pub type Text = Cow<'static, str>;

/// One fault of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field's path, `settings.device_tokens[3]`. It is empty where the fault is of the body as a whole.
    pub field: String,
    /// Why it is refused.
    pub reason: Reason,
    /// With [`Reason::Missing`], [`Reason::Type`] and [`Reason::Value`]: what would be accepted, `a UUID`. With all others: what
    /// follows the field's name in a sentence, `is not a known field`.
    pub text: Text,
}

/// Why a field is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The field is not there, and has to be.
    Missing,
    /// The value is of another JSON type than the accepted one. A `null` that is not accepted counts as such.
    Type,
    /// The value is of the right JSON type, and is not valid.
    Value,
    /// There is no field of this name.
    Unknown,
    /// Too few or too many values.
    Length,
    /// One of several fields has to be there.
    Needed,
    /// This caller may not set the field.
    Forbidden,
    /// The field contradicts another one.
    Rule,
}

impl Fault {
    /// What follows the field's name in a sentence.
    pub fn predicate(&self) -> Cow<'_, str> {
        let text = &self.text;
        match self.reason {
            Reason::Missing => format!("is required: it must be {text}").into(),
            Reason::Type | Reason::Value => format!("must be {text}").into(),
            Reason::Unknown | Reason::Length | Reason::Needed | Reason::Forbidden | Reason::Rule => {
                text.as_ref().into()
            }
        }
    }
}

/// The fault as one sentence.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predicate = self.predicate();
        if self.field.is_empty() { f.write_str(&predicate) } else { write!(f, "{} {predicate}", self.field) }
    }
}

/// The faults of a body, in the order in which its type names the fields; unknown fields come last.
#[derive(Debug)]
pub struct Faults {
    all: Vec<Fault>,
    max: usize,
}

impl Default for Faults {
    fn default() -> Self {
        Self::up_to(usize::MAX)
    }
}

impl Faults {
    /// No faults yet. Only the first `max` faults are kept.
    pub fn up_to(max: usize) -> Self {
        Self { all: Vec::new(), max }
    }

    /// Notes a fault of `field`, a whole path.
    pub fn add(&mut self, field: impl Into<String>, reason: Reason, text: impl Into<Text>) {
        if !self.is_full() {
            self.all.push(Fault { field: field.into(), reason, text: text.into() });
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a further fault would be dropped. Then a long list need not be read to its end.
    pub fn is_full(&self) -> bool {
        self.all.len() >= self.max
    }

    /// The result if nothing was wrong, otherwise all faults.
    pub fn finish<T>(self, result: Option<T>) -> Result<T, Vec<Fault>> {
        match result {
            Some(result) if self.all.is_empty() => Ok(result),
            _ => Err(self.all),
        }
    }
}

//! The faults of a body, without any dialect's words.

use std::{borrow::Cow, fmt, ops::Deref};

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

/// The most faults that an answer lists. An answer must not be larger than the body that it refuses.
pub const MAX_LISTED: usize = 20;
/// The most characters of a field's path in an answer. The name of a field may be as long as a body.
const MAX_PATH: usize = 200;

/// The faults of a body, in the order in which its type names the fields; unknown fields come last. The first
/// [`MAX_LISTED`] are kept, and the others are only counted. It dereferences to the faults that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    more: usize,
}

impl Faults {
    /// Notes a fault of `field`, a whole path.
    pub fn add(&mut self, field: impl AsRef<str>, reason: Reason, text: impl Into<Text>) {
        if self.listed.len() == MAX_LISTED {
            self.more += 1;
            return;
        }
        let field = field.as_ref();
        self.listed.push(Fault { field: field.chars().take(MAX_PATH).collect(), reason, text: text.into() });
    }

    /// The number of faults that are only counted.
    pub fn more(&self) -> usize {
        self.more
    }

    /// One sentence a fault, at most [`MAX_LISTED`] sentences. If there are more faults, the last sentence says so.
    pub fn sentences(&self) -> Vec<String> {
        listed(self.listed.iter().map(ToString::to_string), self.more)
    }

    /// The result if nothing was wrong, otherwise the faults.
    pub fn finish<T>(self, result: Option<T>) -> Result<T, Self> {
        match result {
            Some(result) if self.listed.is_empty() => Ok(result),
            _ => Err(self),
        }
    }
}

impl Deref for Faults {
    type Target = [Fault];

    fn deref(&self) -> &[Fault] {
        &self.listed
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.listed.into_iter()
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self { listed: vec![fault], more: 0 }
    }
}

/// At most [`MAX_LISTED`] sentences, one a fault. If there are more faults, or `more` besides, the last sentence says so.
pub fn listed(sentences: impl ExactSizeIterator<Item = String>, more: usize) -> Vec<String> {
    let all = sentences.len() + more;
    if all <= MAX_LISTED {
        return sentences.collect();
    }
    let told = MAX_LISTED - 1;
    sentences.take(told).chain([format!("there are {} more faults", all - told)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(count: usize) -> Faults {
        let mut faults = Faults::default();
        (0..count).for_each(|n| faults.add(format!("f{n}"), Reason::Unknown, "is not known"));
        faults
    }

    #[test]
    fn twenty_faults_are_listed_and_of_more_the_answer_says_how_many() {
        let all = of(20);
        assert_eq!((all.len(), all.more(), all.sentences().len()), (20, 0, 20));
        assert_eq!(all.sentences()[19], "f19 is not known");
        let many = of(31_000);
        assert_eq!((many.len(), many.more(), many.sentences().len()), (20, 30_980, 20));
        assert_eq!(many.sentences()[18..], ["f18 is not known", "there are 30981 more faults"]);
    }

    #[test]
    fn a_long_name_is_cut_between_two_characters() {
        let mut faults = Faults::default();
        faults.add("ä".repeat(100_000), Reason::Unknown, "is not known");
        assert_eq!(faults[0].field, "ä".repeat(MAX_PATH));
    }
}

//! Faults of templates. Their texts show no values.

use minijinja::{Error, ErrorKind};

use crate::domain::Channel;

/// The most steps of the engine for one text.
pub(super) const FUEL: u64 = 100_000;

/// A fault in one part of a template. Its text shows no variable's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}{}: {fault}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct Fault {
    /// The part, such as `email.subject`.
    pub part: String,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// The fault, as text without values.
    pub fault: String,
    /// Whether the part comes out too long.
    pub is_length: bool,
}

impl Fault {
    pub(super) fn new(part: &str, fault: impl Into<String>) -> Self {
        Self { part: part.to_owned(), line: None, fault: fault.into(), is_length: false }
    }

    /// The fault of a part that comes out too long.
    pub(super) fn of_length(part: &str, fault: impl Into<String>) -> Self {
        Self { is_length: true, ..Self::new(part, fault) }
    }

    /// The fault of a part that is blank and must not be.
    pub(super) fn blank(part: &str) -> Self {
        Self::new(part, "the rendered text is blank")
    }
}

/// An error of one of our filters. Its text shows no values; the texts of the engine's own errors may show values.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
struct Refusal {
    sentence: String,
    is_length: bool,
}

/// An error of a filter. `sentence` must show no values.
pub(super) fn refuse(sentence: impl Into<String>) -> Error {
    refusal(Refusal { sentence: sentence.into(), is_length: false })
}

/// The error of an output that is too long.
pub(super) fn refuse_length(sentence: impl Into<String>) -> Error {
    refusal(Refusal { sentence: sentence.into(), is_length: true })
}

fn refusal(refusal: Refusal) -> Error {
    Error::new(ErrorKind::InvalidOperation, refusal.sentence.clone()).with_source(refusal)
}

/// Turns the engine's error into a fault, with the name of the undefined variable and without values.
pub(super) fn of(part: &str, error: &Error) -> Fault {
    let refusal = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Refusal>());
    let fault = match (refusal, undefined(error), error.kind()) {
        (Some(refusal), ..) => refusal.sentence.clone(),
        (_, Some(name), _) => format!("{name} is undefined"),
        (_, None, ErrorKind::UndefinedError) => "a variable is undefined".into(),
        (_, _, ErrorKind::OutOfFuel) => format!("it takes more than {FUEL} steps"),
        (_, _, kind) if is_the_author_s(kind) => match error.detail() {
            Some(detail) => detail.to_owned(),
            None => kind.to_string(),
        },
        _ => "a value is not of a type that the template can use here".into(),
    };
    let is_length = refusal.is_some_and(|refusal| refusal.is_length);
    Fault { part: part.to_owned(), line: error.line(), fault, is_length }
}

/// Whether the template itself is wrong, for all variables. Then the engine's text is only about the template, and may
/// be shown.
pub(super) fn is_the_author_s(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::SyntaxError
            | ErrorKind::BadEscape
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::UnknownTest
            | ErrorKind::TooManyArguments
            | ErrorKind::MissingArgument
    )
}

/// The name of the undefined variable, such as `order.total`. The engine gives it only within its sentence.
pub(super) fn undefined(error: &Error) -> Option<&str> {
    let (before, _) = error.detail()?.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name)
}

/// Why a notification could not be rendered. A retry does not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// No locale that fits the recipient has a part for this channel.
    #[error("no part for {channel} in any of the locales {locales}")]
    NoPart {
        /// The channel.
        channel: Channel,
        /// The locales that were tried, the best one first.
        locales: String,
    },
    /// A part cannot be filled in. The text of the error names variables, but never their values.
    #[error(transparent)]
    Part(#[from] Fault),
}

impl RenderError {
    /// Whether a part comes out too long.
    pub fn is_length(&self) -> bool {
        match self {
            Self::NoPart { .. } => false,
            Self::Part(fault) => fault.is_length,
        }
    }
}

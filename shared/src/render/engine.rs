//! The template engine with our restrictions: chosen filters and tests, no globals, no other templates, an error for
//! anything undefined, and limits for steps and output.

use std::{
    io::{self, Write},
    sync::LazyLock,
};

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, escape_formatter};

use super::filters;

/// The most steps of the engine for one text.
const FUEL: u64 = 100_000;
/// The engine's name of a text decides how the text is escaped: for HTML or for Slack.
pub(super) const HTML: &str = "html";
pub(super) const SLACK: &str = "slack";

/// A fault in one part of a template. Its text shows no variable's value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}{}: {fault}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct Fault {
    /// The part, such as `email.subject`.
    pub part: String,
    /// The line, counted from 1, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: String,
}

impl Fault {
    pub(super) fn new(part: &str, fault: impl Into<String>) -> Self {
        Self { part: part.to_owned(), line: None, fault: fault.into() }
    }

    /// The fault of a part that is blank and must not be.
    pub(super) fn blank(part: &str) -> Self {
        Self::new(part, "it comes out blank")
    }
}

/// An error of one of our filters. Its text shows no values; the texts of the engine's own errors may show values.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

/// An error of a filter. `sentence` must show no values.
pub(super) fn refuse(sentence: impl Into<String>) -> Error {
    let sentence = sentence.into();
    Error::new(ErrorKind::InvalidOperation, sentence.clone()).with_source(Refusal(sentence))
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // With debug on, the engine remembers which variable was undefined. Its debug text is not shown.
    environment.set_debug(true);
    environment.set_auto_escape_callback(|name| match name {
        HTML => AutoEscape::Html,
        SLACK => AutoEscape::Custom(SLACK.into()),
        _ => AutoEscape::None,
    });
    environment.set_formatter(|out, state, value| {
        if value.is_none() {
            return Ok(());
        }
        match state.auto_escape() {
            AutoEscape::Custom(_) if value.is_safe() => write!(out, "{value}").map_err(Error::from),
            AutoEscape::Custom(_) => out.write_str(&for_slack(&value.to_string())).map_err(Error::from),
            _ => escape_formatter(out, state, value),
        }
    });
    filters::register(&mut environment);
    environment
});

/// Escapes Slack's three control characters.
fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Compiles a text.
pub(super) fn compile<'a>(escape: &'a str, text: &'a str) -> Result<minijinja::Template<'a, 'a>, Error> {
    let environment: &'a Environment<'a> = &ENVIRONMENT;
    environment.template_from_named_str(escape, text)
}

/// Fills in a text. More than `most` bytes of output are an error.
pub(super) fn fill(escape: &str, text: &str, context: &Value, most: usize) -> Result<String, Error> {
    let mut bounded = Bounded { written: Vec::new(), most, is_full: false };
    let filled = compile(escape, text)?.render_captured_to(context.clone(), &mut bounded).map(drop);
    if bounded.is_full {
        return Err(refuse(format!("it comes out longer than {most} bytes")));
    }
    filled?;
    String::from_utf8(bounded.written).map_err(|_| refuse("it comes out as no text"))
}

struct Bounded {
    written: Vec<u8>,
    most: usize,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len() + bytes.len() > self.most {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Turns the engine's error into a fault, with the name of the undefined variable and without values.
pub(super) fn fault(part: &str, error: &Error) -> Fault {
    let refusal = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Refusal>());
    let fault = match (refusal, undefined(error), error.kind()) {
        (Some(Refusal(sentence)), ..) => sentence.clone(),
        (_, Some(name), _) => format!("{name} is undefined"),
        (_, None, ErrorKind::UndefinedError) => "a variable is undefined".into(),
        (_, _, ErrorKind::OutOfFuel) => format!("it takes more than {FUEL} steps"),
        (_, _, kind) if is_the_author_s(kind) => match error.detail() {
            Some(detail) => detail.to_owned(),
            None => kind.to_string(),
        },
        _ => "a value is not of a type that the template can use here".into(),
    };
    Fault { part: part.to_owned(), line: error.line(), fault }
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

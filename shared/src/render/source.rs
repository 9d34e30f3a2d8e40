//! One text of a template: the rules for the text and for its output.

use minijinja::Value as Context;
use serde_json::Value;

use super::{
    engine::{self, HTML, SLACK},
    fault::{self, Fault},
};
use crate::domain::{
    content_length::{PUSH_BYTES, SLACK_CHARACTERS, SMS_CHARACTERS},
    rendered_content::MAX_LINE,
    text::{is_line, one_line},
};

/// The most bytes of a text in a template, and of all blocks of a message.
pub(super) const MAX_SOURCE: usize = 64 * 1024;
/// The most characters of a line in a template.
pub(super) const MAX_LINE_SOURCE: usize = 1000;

/// The kind of output that a text makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A subject or title: a header's value, or one line on a screen.
    Line,
    /// An email's plain part.
    Text,
    /// An email's HTML part.
    Html,
    /// The text of a push message.
    Body,
    /// The text of an inbox entry.
    Entry,
    /// A value for the application.
    Datum,
    /// A text message.
    Sms,
    /// A text in which Slack reads its control characters.
    Slack,
    /// A value that Slack uses unchanged, such as a URL.
    SlackValue,
}

impl Kind {
    fn escape(self) -> &'static str {
        match self {
            Self::Html => HTML,
            Self::Slack => SLACK,
            _ => "",
        }
    }

    /// The most bytes of output, so that no text fills the memory. Where a provider counts characters, it is as much as
    /// they may have. [`crate::domain::RenderedContent::too_long`] knows the exact limits.
    fn most(self) -> usize {
        match self {
            // More than is used, since a line is cut afterwards.
            Self::Line => 4 * 1024,
            Self::Text | Self::Html => 512 * 1024,
            Self::Body | Self::Datum => PUSH_BYTES,
            Self::Entry => 64 * 1024,
            Self::Sms => 4 * SMS_CHARACTERS,
            Self::Slack | Self::SlackValue => 4 * SLACK_CHARACTERS,
        }
    }
}

/// One text, and its place in the template.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub part: String,
    pub text: &'a str,
    pub kind: Kind,
}

impl<'a> Source<'a> {
    pub fn new(part: impl Into<String>, text: &'a str, kind: Kind) -> Self {
        Self { part: part.into(), text, kind }
    }

    /// Checks whether the text can be stored: its size, its form and its syntax.
    pub fn check(&self) -> Result<(), Fault> {
        let fault = |fault: String| Err(Fault::new(&self.part, fault));
        if self.kind == Kind::Line && !is_line(self.text, MAX_LINE_SOURCE) {
            return fault(format!("it must be a line of 1 to {MAX_LINE_SOURCE} characters"));
        }
        if self.text.len() > MAX_SOURCE {
            return fault(format!("it must not be longer than {MAX_SOURCE} bytes"));
        }
        if self.is_needed() && self.text.trim().is_empty() {
            return fault("it must not be blank".into());
        }
        if self.text.contains('\0') {
            return fault("it must not contain a NUL character".into());
        }
        engine::compile(self.kind.escape(), self.text).map(drop).map_err(|error| fault::of(&self.part, &error))
    }

    /// Whether the output must not be blank.
    fn is_needed(&self) -> bool {
        matches!(self.kind, Kind::Line | Kind::Text | Kind::Html | Kind::Body | Kind::Entry | Kind::Sms)
    }

    /// All variables that the text names, with the attributes that it uses.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let names = engine::compile(self.kind.escape(), self.text).map(|compiled| compiled.undeclared_variables(true));
        names.unwrap_or_default().into_iter()
    }

    /// The output, or the engine's error.
    pub fn fill(&self, context: &Context) -> Result<String, minijinja::Error> {
        engine::fill(self.kind.escape(), self.text, context, self.kind.most())
    }

    /// The output, or a fault.
    pub fn render(&self, context: &Context) -> Result<String, Fault> {
        let text = self.fill(context).map_err(|error| fault::of(&self.part, &error))?;
        if text.contains('\0') {
            Err(Fault::new(&self.part, "the rendered text contains a NUL character"))
        } else {
            Ok(text)
        }
    }

    /// The output. A blank output is a fault.
    pub fn words(&self, context: &Context) -> Result<String, Fault> {
        let text = self.render(context)?;
        if text.trim().is_empty() { Err(Fault::blank(&self.part)) } else { Ok(text) }
    }

    /// The output as one line; `None` if it is blank. A line break from a variable becomes a space, because it could begin another
    /// header.
    pub fn line(&self, context: &Context) -> Result<Option<String>, Fault> {
        let line = one_line(&self.render(context)?, MAX_LINE);
        Ok((!line.is_empty()).then_some(line))
    }
}

/// Replaces each string of a Slack message's blocks by the result of `fill`, which also gets the string's place. Slack
/// reads the strings under `text` as text.
pub(super) fn walk<E>(
    blocks: &[Value],
    fill: &mut impl FnMut(String, &str, Kind) -> Result<String, E>,
) -> Result<Vec<Value>, E> {
    let each = |(index, block)| value(block, format!("slack.blocks[{index}]"), Kind::SlackValue, fill);
    blocks.iter().enumerate().map(each).collect()
}

fn value<E>(
    of: &Value,
    part: String,
    kind: Kind,
    fill: &mut impl FnMut(String, &str, Kind) -> Result<String, E>,
) -> Result<Value, E> {
    Ok(match of {
        Value::String(text) => Value::String(fill(part, text, kind)?),
        Value::Array(all) => {
            let each = |(index, one)| value(one, format!("{part}[{index}]"), kind, fill);
            Value::Array(all.iter().enumerate().map(each).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            let member = |(key, one): (&String, &Value)| {
                let kind = if key == "text" { Kind::Slack } else { Kind::SlackValue };
                Ok((key.clone(), value(one, format!("{part}.{key}"), kind, fill)?))
            };
            Value::Object(members.iter().map(member).collect::<Result<_, _>>()?)
        }
        other => other.clone(),
    })
}

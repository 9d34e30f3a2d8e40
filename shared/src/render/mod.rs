//! Templates: the text of a notification in each language and on each channel, filled in for one recipient.
//!
//! The code is pure: its input is a template, variables and a recipient; its output is rendered content or an error.
//! Templates are written in Jinja's language, without macros, includes and globals. An undefined variable is an error,
//! and is never left out.
//!
//! Authors of templates are trusted like operators. Senders of variables are not: steps and the length of the output
//! are limited, and HTML and Slack's control characters in variables are escaped.

mod check;
mod engine;
mod filters;
mod locale;
mod prepare;
mod recipient;
mod rehearsal;
mod source;
mod template;

#[cfg(test)]
mod tests;

pub use check::MOST_LOCALES;
pub use engine::Fault;
pub use locale::canonical;
pub use prepare::{Next, Prepared, prepare};
pub use recipient::{Recipient, from_json};
pub use template::{CODE_PATTERN, Email, MOST_CODE, Notice, Parts, Slack, Sms, Template, is_code};

use serde_json::{Map, Value};

use crate::domain::{
    Channel, Words,
    words::{Alert, Chat, Email as Letter},
};
use source::{Kind, Source};

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

/// Renders the part of `template` for `channel` and `recipient`.
pub fn render(
    template: &Template,
    channel: Channel,
    variables: &Map<String, Value>,
    recipient: &Recipient,
) -> Result<Words, RenderError> {
    let parts = template.parts_for(channel, &recipient.display.language)?;
    let context = recipient.context(variables);
    let line = |part: &str, text: &str| Source::new(part, text, Kind::Line).line(&context);
    let all = |part: &str, text: &Option<String>, kind| match text {
        Some(text) => Source::new(part, text, kind).render(&context).map(Some),
        None => Ok(None),
    };
    let notice = |name: &str, notice: &Notice, kind| {
        let title = match &notice.title {
            Some(title) => line(&format!("{name}.title"), title)?,
            None => None,
        };
        let body = Source::new(format!("{name}.body"), &notice.body, kind).words(&context)?;
        let datum = |(key, text): (&String, &String)| {
            let value = Source::new(format!("{name}.data.{key}"), text, Kind::Datum).render(&context)?;
            Ok((key.clone(), Value::String(value)))
        };
        Ok::<_, Fault>(Alert { title, body, data: notice.data.iter().map(datum).collect::<Result<_, Fault>>()? })
    };
    // The part for the channel exists, because the locale was chosen by it.
    Ok(match (channel, parts) {
        (Channel::Email, Parts { email: Some(Email { subject, text, html }), .. }) => {
            let Some(subject) = line("email.subject", subject)? else {
                return Err(Fault::blank("email.subject").into());
            };
            let (text, html) = (all("email.text", text, Kind::Text)?, all("email.html", html, Kind::Html)?);
            Words::Email(Letter { subject, text, html })
        }
        (Channel::Push, Parts { push: Some(push), .. }) => Words::Push(notice("push", push, Kind::Body)?),
        (Channel::InApp, Parts { in_app: Some(entry), .. }) => Words::InApp(notice("in_app", entry, Kind::Entry)?),
        (Channel::Sms, Parts { sms: Some(Sms { text }), .. }) => {
            let text = Source::new("sms.text", text, Kind::Sms).words(&context)?;
            // A single character outside of GSM's alphabet limits each text message to 70 characters instead of 160.
            Words::Sms(text.replace(['\u{a0}', '\u{202f}'], " "))
        }
        (Channel::Slack, Parts { slack: Some(Slack { text, blocks }), .. }) => {
            let text = Source::new("slack.text", text, Kind::Slack).words(&context)?;
            let blocks = source::walk(blocks, &mut |part, text, kind| Source::new(part, text, kind).render(&context))?;
            Words::Slack(Chat { text, blocks })
        }
        _ => return Err(template.no_part(channel, &recipient.display.language)),
    })
}

//! A template on one channel, filled in for one recipient.

use serde_json::{Map, Value};

use super::{
    fault::{Fault, RenderError},
    recipient::Recipient,
    source::{self, Kind, Source},
    template::{AlertTemplate, Email, Parts, Slack, Sms, Template},
};
use crate::domain::{
    Channel, RenderedContent, push_data,
    rendered_content::{Alert, Chat, Email as Letter},
};

/// Whether a datum is left out of what is sent. Only a template that was stored before its name was refused has one: with
/// it, FCM would refuse the whole message.
fn is_left_out(channel: Channel, key: &str) -> bool {
    channel == Channel::Push && push_data::is_taken(key)
}

/// The names in the data of the part for `channel` and `recipient` that [`render`] leaves out.
pub fn left_out<'t>(template: &'t Template, channel: Channel, recipient: &Recipient) -> Vec<&'t str> {
    let parts = template.parts_for(channel, &recipient.display.language).ok();
    let names = parts.and_then(|parts| parts.push.as_ref()).into_iter().flat_map(|push| push.data.keys());
    names.map(String::as_str).filter(|key| is_left_out(channel, key)).collect()
}

/// Renders the part of `template` for `channel` and `recipient`.
pub fn render(
    template: &Template,
    channel: Channel,
    variables: &Map<String, Value>,
    recipient: &Recipient,
) -> Result<RenderedContent, RenderError> {
    let parts = template.parts_for(channel, &recipient.display.language)?;
    // The part for the channel exists, because the locale was chosen by it.
    filled(parts, channel, variables, recipient)?.ok_or_else(|| template.no_part(channel, &recipient.display.language))
}

/// Renders the part for `channel`; `None` if there is none.
pub(super) fn filled(
    parts: &Parts,
    channel: Channel,
    variables: &Map<String, Value>,
    recipient: &Recipient,
) -> Result<Option<RenderedContent>, Fault> {
    let context = recipient.context(variables);
    let line = |part: &str, text: &str| Source::new(part, text, Kind::Line).line(&context);
    let all = |part: &str, text: &Option<String>, kind| match text {
        Some(text) => Source::new(part, text, kind).render(&context).map(Some),
        None => Ok(None),
    };
    let notice = |name: &str, notice: &AlertTemplate, kind| {
        let title = match &notice.title {
            Some(title) => line(&format!("{name}.title"), title)?,
            None => None,
        };
        let body = Source::new(format!("{name}.body"), &notice.body, kind).words(&context)?;
        let data = notice.data.iter().filter(|(key, _)| !is_left_out(channel, key));
        let datum = |(key, text): (&String, &String)| {
            let value = Source::new(format!("{name}.data.{key}"), text, Kind::Datum).render(&context)?;
            Ok((key.clone(), Value::String(value)))
        };
        Ok::<_, Fault>(Alert { title, body, data: data.map(datum).collect::<Result<_, Fault>>()? })
    };
    let content = match (channel, parts) {
        (Channel::Email, Parts { email: Some(Email { subject, text, html }), .. }) => {
            let Some(subject) = line("email.subject", subject)? else {
                return Err(Fault::blank("email.subject"));
            };
            let (text, html) = (all("email.text", text, Kind::Text)?, all("email.html", html, Kind::Html)?);
            RenderedContent::Email(Letter { subject: subject.as_str().into(), text, html })
        }
        (Channel::Push, Parts { push: Some(push), .. }) => RenderedContent::Push(notice("push", push, Kind::Body)?),
        (Channel::InApp, Parts { in_app: Some(entry), .. }) => {
            RenderedContent::InApp(notice("in_app", entry, Kind::Entry)?)
        }
        (Channel::Sms, Parts { sms: Some(Sms { text }), .. }) => {
            let text = Source::new("sms.text", text, Kind::Sms).words(&context)?;
            // A single character outside of GSM's alphabet limits each text message to 70 characters instead of 160.
            RenderedContent::Sms(text.replace(['\u{a0}', '\u{202f}'], " "))
        }
        (Channel::Slack, Parts { slack: Some(Slack { text, blocks }), .. }) => {
            let text = Source::new("slack.text", text, Kind::Slack).words(&context)?;
            let blocks = source::walk(blocks, &mut |part, text, kind| Source::new(part, text, kind).render(&context))?;
            RenderedContent::Slack(Chat { text, blocks })
        }
        _ => return Ok(None),
    };
    match content.too_long() {
        Some(too_long) => Err(Fault::of_length(&too_long.part, format!("the rendered text has {too_long}"))),
        None => Ok(Some(content)),
    }
}

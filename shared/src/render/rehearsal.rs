//! Fills in a text before its variables are known. This shows which variables it needs, and whether it is correct.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Error, ErrorKind, Value};
use serde_json::{Map, Value as Json};

use super::{
    fault::{self, Fault},
    fill::filled,
    links::{LINK_NAMES, Links, link_name},
    locale::DEFAULT,
    recipient::{FIELDS, OURS, Recipient, from_json},
    source::{Kind, Source},
    stand_in::StandIn,
    template::{Parts, Template},
};
use crate::domain::{
    Channel,
    display::{Display, Preference},
};

/// How many times a text is filled in again. Each time has one more stand-in.
const MAX_ROUNDS: usize = 100;

/// Fills in `source`. Returns the variables that it needs beyond `variables`, and the result.
fn rehearse(
    source: &Source<'_>,
    variables: &Map<String, Json>,
    reader: &Recipient,
    is_true: bool,
) -> (Vec<String>, Option<Error>) {
    let given = || variables.iter().map(|(name, value)| (name.clone(), from_json(value)));
    let mut stand_ins = BTreeMap::new();
    let mut missing = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let known =
            given().chain(stand_ins.iter().map(|(name, value): (&String, &Value)| (name.clone(), value.clone())));
        let Err(error) = source.fill(&reader.context_of(known)) else { return (missing, None) };
        let Some(name) = fault::undefined(&error).map(str::to_owned) else { return (missing, Some(error)) };
        missing.push(name.clone());
        let is_whole = !name.contains(['.', '[', '(']) && !variables.contains_key(&name);
        if !is_whole || stand_ins.insert(name, Value::from_object(StandIn { is_true })).is_some() {
            // The undefined attribute belongs to a variable that exists. The rest of the text cannot be examined.
            return (missing, None);
        }
    }
    (missing, None)
}

/// Finds a fault that a text has with all variables: a filter that does not exist, or an attribute that no user has.
pub(super) fn check(source: &Source<'_>, reader: &Recipient) -> Result<(), Fault> {
    source.check()?;
    // A sender may give a variable `recipient`, too, so its fields are not known.
    let reader = &reader.clone().without_record();
    let names: BTreeSet<_> = source.names().collect();
    if let Some(name) = names.iter().find_map(|name| link_name(name)).filter(|_| reader.links.is_none()) {
        return Err(Fault::new(&source.part, format!("{name} is not known here: only an email has it")));
    }
    let is_ours = |name: &&String| name.strip_prefix("user.").is_some_and(|field| !is_field(field));
    if let Some(name) = names.iter().find(is_ours) {
        let fields = FIELDS.join(", ");
        return Err(Fault::new(&source.part, format!("{name} is not known: a user has {fields}")));
    }
    for is_true in [true, false] {
        let (_, error) = rehearse(source, &Map::new(), reader, is_true);
        if let Some(error) =
            error.filter(|error| fault::is_the_author_s(error.kind()) || error.kind() == ErrorKind::OutOfFuel)
        {
            return Err(fault::of(&source.part, &error));
        }
    }
    Ok(())
}

fn is_field(field: &str) -> bool {
    FIELDS.contains(&field.split('.').next().unwrap_or(field))
}

/// Nobody in particular, who reads a text on that channel.
pub(super) fn reader(channel: Channel, has_links: bool) -> Recipient {
    let links = (has_links && channel == Channel::Email).then(Links::sample);
    Recipient::nobody(Display::of(&BTreeMap::new())).with_links(links)
}

impl Template {
    /// Whether a text of the email in some locale names one of the [links](Links).
    pub fn has_links(&self) -> bool {
        let sources = self.locales.values().flat_map(|parts| parts.sources(Channel::Email));
        sources.into_iter().any(|source| LINK_NAMES.iter().any(|name| source.text.contains(name)))
    }

    /// The names, in order, of variables that this template needs on `channels` in one of its locales and that are not
    /// in `variables`. Two kinds are not found: variables that a text uses for some recipients only, and variables
    /// after a text's first fault of another kind. Rendering finds those.
    /// An email has links if `has_links`.
    pub fn missing(&self, channels: &[Channel], variables: &Map<String, Json>, has_links: bool) -> Vec<String> {
        let each = channels.iter().flat_map(|channel| {
            let reader = reader(*channel, has_links).with_any_custom_field();
            let sources = self.locales.values().flat_map(|parts: &Parts| parts.sources(*channel));
            sources.flat_map(move |source| rehearse(&source.borrow(), variables, &reader, true).0)
        });
        let mut missing: Vec<_> = each.collect();
        missing.retain(|name| !OURS.contains(&name.as_str()));
        missing.sort();
        missing.dedup();
        missing
    }

    /// The channels on which the content is too long in every locale, each with the fault of the first locale. The
    /// recipient is not known yet, so another name or another language may still make it too long.
    pub fn too_long(&self, channels: &[Channel], variables: &Map<String, Json>) -> Vec<(Channel, Fault)> {
        let in_one = |(tag, parts): (&String, &Parts), channel| {
            let display = BTreeMap::from([(Preference::Language.name().to_owned(), tag.clone())]);
            let display = if tag == DEFAULT { BTreeMap::new() } else { display };
            let reader = Recipient::nobody(Display::of(&display)).with_links(Some(Links::sample()));
            filled(parts, channel, variables, &reader).transpose()
        };
        let on_one = |channel: &Channel| {
            let mut faults = self.locales.iter().filter_map(|locale| in_one(locale, *channel)).map(Result::err);
            let first = faults.next()??;
            let is_length = |fault: Option<Fault>| fault.is_some_and(|fault| fault.is_length);
            (first.is_length && faults.all(is_length)).then_some((*channel, first))
        };
        channels.iter().filter_map(on_one).collect()
    }
}

/// A text of a template, and its place.
#[derive(Debug)]
pub(super) struct OwnedSource {
    pub part: String,
    pub text: String,
    pub kind: Kind,
}

impl OwnedSource {
    pub fn borrow(&self) -> Source<'_> {
        Source::new(self.part.clone(), &self.text, self.kind)
    }
}

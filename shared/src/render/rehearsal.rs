//! Fills a text in before all of its variables are known, to see which ones it will need, and whether it can work at all.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::{
    Error, ErrorKind, Value,
    value::{Enumerator, Object, ObjectRepr},
};
use serde_json::{Map, Value as Json};

use super::{
    Recipient,
    engine::{self, Fault},
    recipient::{OURS, from_json},
    source::{Kind, Source},
    template::{Parts, Template},
};
use crate::domain::Channel;

/// How often a text is begun again, with one more stand-in each time.
const MOST_ROUNDS: usize = 100;

/// Stands for a value that nobody knows yet: it has every attribute, any filter lets it pass, it is printed as nothing,
/// and a loop over it runs once where it counts as true.
#[derive(Debug)]
struct StandIn {
    is_true: bool,
}

impl Object for StandIn {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(self.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if self.is_true { Enumerator::Values(vec![Value::from_dyn_object(self.clone())]) } else { Enumerator::Empty }
    }

    fn render(self: &Arc<Self>, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

/// Whether a value stands for one that nobody knows yet.
pub(super) fn is_stand_in(value: &Value) -> bool {
    value.downcast_object_ref::<StandIn>().is_some()
}

/// Fills `source` in; what it needs beyond `variables`, and how it ended.
fn rehearse(
    source: &Source<'_>,
    variables: &Map<String, Json>,
    reader: &Recipient,
    is_true: bool,
) -> (Vec<String>, Option<Error>) {
    let given = || variables.iter().map(|(name, value)| (name.clone(), from_json(value)));
    let mut stand_ins = BTreeMap::new();
    let mut missing = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let known =
            given().chain(stand_ins.iter().map(|(name, value): (&String, &Value)| (name.clone(), value.clone())));
        let Err(error) = source.fill(&reader.context_of(known)) else { return (missing, None) };
        let Some(name) = engine::undefined(&error).map(str::to_owned) else { return (missing, Some(error)) };
        missing.push(name.clone());
        let is_whole = !name.contains(['.', '[', '(']) && !variables.contains_key(&name);
        if !is_whole || stand_ins.insert(name, Value::from_object(StandIn { is_true })).is_some() {
            // An attribute of something that is there: what follows it cannot be seen.
            return (missing, None);
        }
    }
    (missing, None)
}

/// What is wrong with a text whatever it is filled with: a filter that there is not, an attribute that no user has.
pub(super) fn check(source: &Source<'_>, reader: &Recipient) -> Result<(), Fault> {
    source.check()?;
    let is_ours = |name: &&String| name.strip_prefix("user.").is_some_and(|field| !is_field(field));
    if let Some(name) = source.names().collect::<std::collections::BTreeSet<_>>().iter().find(is_ours) {
        let fields = super::recipient::FIELDS.join(", ");
        return Err(Fault::new(&source.part, format!("{name} is not known: of a user there are {fields}")));
    }
    for is_true in [true, false] {
        let (_, error) = rehearse(source, &Map::new(), reader, is_true);
        if let Some(error) =
            error.filter(|error| engine::is_the_author_s(error.kind()) || error.kind() == ErrorKind::OutOfFuel)
        {
            return Err(engine::fault(&source.part, &error));
        }
    }
    Ok(())
}

fn is_field(field: &str) -> bool {
    super::recipient::FIELDS.contains(&field.split('.').next().unwrap_or(field))
}

impl Template {
    /// The variables, by name and in order, that this template will need on `channels` in one of its locales and that are
    /// not among `variables`. Not seen are those that only some recipients' texts come to, and what follows a text's first
    /// fault of another kind; filling in finds them.
    pub fn missing(&self, channels: &[Channel], variables: &Map<String, Json>) -> Vec<String> {
        let reader = Recipient::nobody(crate::domain::display::Display::of(&BTreeMap::new()));
        let sources = self.locales.values().flat_map(|parts: &Parts| channels.iter().flat_map(|c| parts.sources(*c)));
        let mut missing: Vec<_> =
            sources.flat_map(|source: OwnedSource| rehearse(&source.borrow(), variables, &reader, true).0).collect();
        missing.retain(|name| !OURS.contains(&name.as_str()));
        missing.sort();
        missing.dedup();
        missing
    }
}

/// A text with its place, out of a walk over a template.
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

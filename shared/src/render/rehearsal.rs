//! Fills in a text before its variables are known. This shows which variables it needs, and whether it is correct.

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

/// How many times a text is filled in again. Each time has one more stand-in.
const MOST_ROUNDS: usize = 100;

/// A stand-in for a value that is not known yet. It has every attribute, every filter returns it unchanged, and it is
/// printed as nothing. A loop over a stand-in that counts as true runs once.
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

/// Whether a value is a stand-in.
pub(super) fn is_stand_in(value: &Value) -> bool {
    value.downcast_object_ref::<StandIn>().is_some()
}

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
    for _ in 0..MOST_ROUNDS {
        let known =
            given().chain(stand_ins.iter().map(|(name, value): (&String, &Value)| (name.clone(), value.clone())));
        let Err(error) = source.fill(&reader.context_of(known)) else { return (missing, None) };
        let Some(name) = engine::undefined(&error).map(str::to_owned) else { return (missing, Some(error)) };
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
    /// The names, in order, of variables that this template needs on `channels` in one of its locales and that are not
    /// in `variables`. Two kinds are not found: variables that a text uses for some recipients only, and variables
    /// after a text's first fault of another kind. Rendering finds those.
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

//! The posted form. With each control it carries what the control showed at first, under `was.`: what stands as it stood is
//! not part of the change, so that a form left open overwrites nothing that was changed elsewhere in the meantime.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::Body;
use shared::{
    domain::{
        Channel, Field, KnownGroups, QuietHours, TimeOfDay, User, UserChange, Weekday, display::Preference,
        user_change::DisplayChange,
    },
    http::form,
};

use super::state::{Quiet, State, is_on};
use crate::groups::Choice;

/// The field and value by which the last channel may go off.
pub const CONFIRM: (&str, &str) = ("confirm", "last-channel");
/// The most groups and handles that one expression is given; a page has fewer controls.
const MAX_WRITES: usize = 150;
/// What a control's first state is named with.
const WAS: &str = "was.";

/// Why a body is no form of the page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadForm {
    /// It is larger than any body may be.
    TooLarge,
    /// It has a field that the page does not, or lacks one.
    NotOurs,
}

/// What is wrong with a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No time of day.
    Time,
    /// The end is the start.
    Same,
    /// No day at all.
    Days,
    /// No language tag.
    Language,
    /// No zone.
    Zone,
}

/// Faults by the control's name.
pub type Faults = BTreeMap<&'static str, Fault>;

/// A form as it was posted.
#[derive(Clone, Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    was: BTreeMap<String, String>,
    now: BTreeMap<String, Vec<String>>,
    /// Whether the last channel may go off.
    pub confirmed: bool,
}

/// What the form asks for: the differences alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Everything but groups.
    pub change: UserChange,
    /// Groups.
    pub groups: Vec<Choice>,
    /// What is wrong: then nothing is written.
    pub faults: Faults,
}

impl Form {
    /// Takes a body apart.
    pub fn read(body: &Body) -> Result<Self, BadForm> {
        let fields = form::pairs(body).map_err(|_| BadForm::TooLarge)?;
        let mut form = Self { fields, ..Self::default() };
        for (name, value) in &form.fields {
            if (name.as_str(), value.as_str()) == CONFIRM {
                form.confirmed = true;
            } else if let Some(name) = name.strip_prefix(WAS) {
                if form.was.insert(name.to_owned(), value.clone()).is_some() {
                    return Err(BadForm::NotOurs);
                }
            } else {
                form.now.entry(name.clone()).or_default().push(value.clone());
            }
        }
        // A form without a control asks for nothing, and a control without its first state is no control of ours.
        let known = form.now.keys().all(|name| form.was.contains_key(control(name)));
        if form.was.is_empty() || !known { Err(BadForm::NotOurs) } else { Ok(form) }
    }

    /// Every field as it came, for a form that asks once more.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The names of its controls.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        self.was.keys().map(String::as_str)
    }

    /// What it asks for, of this user.
    pub fn wanted(&self, user: &User, known: &KnownGroups) -> Result<Wanted, BadForm> {
        let shown = State::of(user, known);
        let mut wanted = Wanted::default();
        for (name, was) in &self.was {
            if let Some(channel) = name.strip_prefix("channel.") {
                let channel = Channel::parse(channel).ok_or(BadForm::NotOurs)?;
                if let Some(on) = self.switched(name, was)? {
                    wanted.change.channels.insert(channel, on);
                }
            } else if let Some(group) = name.strip_prefix("group.") {
                // What another client took the user back into is no longer listed, and still theirs.
                let theirs = || user.groups.contains_key(group) || user.handles.contains_key(group);
                if !shown.groups.iter().any(|(one, _)| one == group) && !theirs() {
                    return Err(BadForm::NotOurs);
                }
                if let Some(is_in) = self.switched(name, was)? {
                    wanted.groups.push(Choice { group: group.to_owned(), is_in });
                }
            } else {
                match name.as_str() {
                    "quiet" => wanted.change.quiet = self.quiet(was, &mut wanted.faults)?,
                    "language" => self.display(Preference::Language, was, &mut wanted)?,
                    "timezone" => self.display(Preference::Timezone, was, &mut wanted)?,
                    _ => return Err(BadForm::NotOurs),
                }
            }
        }
        let twice = wanted.groups.iter().filter(|choice| choice.is_in && user.handles.contains_key(&choice.group));
        if wanted.groups.len() + twice.count() > MAX_WRITES { Err(BadForm::NotOurs) } else { Ok(wanted) }
    }

    /// A checkbox's new state, where it has one. What is not ticked is not posted.
    fn switched(&self, name: &str, was: &str) -> Result<Option<bool>, BadForm> {
        let was = match was {
            "on" => true,
            "off" => false,
            _ => return Err(BadForm::NotOurs),
        };
        let now = match self.one(name)? {
            None => false,
            Some("on") => true,
            Some(_) => return Err(BadForm::NotOurs),
        };
        Ok((now != was).then_some(now))
    }

    /// A field's only value.
    fn one(&self, name: &str) -> Result<Option<&str>, BadForm> {
        match self.now.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value)),
            Some(_) => Err(BadForm::NotOurs),
        }
    }

    fn quiet(&self, was: &str, faults: &mut Faults) -> Result<Field<QuietHours>, BadForm> {
        let posted = self.posted_quiet()?;
        if posted.text() == was {
            return Ok(Field::Absent);
        }
        if !posted.on {
            return Ok(Field::Null);
        }
        let (start, end) = (TimeOfDay::parse(&posted.start), TimeOfDay::parse(&posted.end));
        faults.extend(start.is_none().then_some(("quiet.start", Fault::Time)));
        faults.extend(end.is_none().then_some(("quiet.end", Fault::Time)));
        faults.extend((start.is_some() && start == end).then_some(("quiet.end", Fault::Same)));
        faults.extend(posted.days.is_empty().then_some(("quiet.day", Fault::Days)));
        let days = (posted.days.len() < Weekday::ALL.len()).then_some(posted.days);
        let hours = start.zip(end).and_then(|(start, end)| QuietHours::new(start, end, days));
        Ok(hours.map_or(Field::Absent, Field::Value))
    }

    fn posted_quiet(&self) -> Result<Quiet, BadForm> {
        let days = self.now.get("quiet.day").into_iter().flatten();
        let days: Option<BTreeSet<_>> = days.map(|day| Weekday::parse(day)).collect();
        let text = |name| self.one(name).map(|value| value.unwrap_or_default().to_owned());
        let on = match self.one("quiet")? {
            None => false,
            Some("on") => true,
            Some(_) => return Err(BadForm::NotOurs),
        };
        Ok(Quiet { on, start: text("quiet.start")?, end: text("quiet.end")?, days: days.ok_or(BadForm::NotOurs)? })
    }

    fn display(&self, preference: Preference, was: &str, wanted: &mut Wanted) -> Result<(), BadForm> {
        let (name, now) = (preference.name(), self.one(preference.name())?.ok_or(BadForm::NotOurs)?);
        if now == was {
            return Ok(());
        }
        let field = match preference.canonical(now) {
            _ if now.is_empty() => Field::Null,
            Some(value) => Field::Value(value),
            None => {
                let fault = if preference == Preference::Language { Fault::Language } else { Fault::Zone };
                wanted.faults.insert(name, fault);
                return Ok(());
            }
        };
        let DisplayChange { language, timezone, .. } = &mut wanted.change.display;
        *(if preference == Preference::Language { language } else { timezone }) = field;
        Ok(())
    }

    /// The page's state with what the form says of it: what is wrong stays as it was filled in.
    pub fn over(&self, mut state: State) -> State {
        let posted = |name: &str| self.now.contains_key(name);
        for (channel, on) in &mut state.channels {
            let name = format!("channel.{channel}");
            *on = if self.was.contains_key(&name) { posted(&name) } else { *on };
        }
        for (group, is_in) in &mut state.groups {
            let name = format!("group.{group}");
            *is_in = if self.was.contains_key(&name) { posted(&name) } else { *is_in };
        }
        if self.was.contains_key("quiet")
            && let Ok(quiet) = self.posted_quiet()
        {
            state.quiet = quiet;
        }
        for (name, slot) in [("language", &mut state.language), ("timezone", &mut state.timezone)] {
            if let Ok(Some(value)) = self.one(name) {
                *slot = value.to_owned();
            }
        }
        state
    }
}

/// The control that a field belongs to: quiet hours are one, since no part of them means anything without the others.
fn control(field: &str) -> &str {
    if field.starts_with("quiet.") { "quiet" } else { field }
}

impl Wanted {
    /// Whether it would leave the user without any channel, where there is one now.
    pub fn silences(&self, user: &User) -> bool {
        let after = |channel| self.change.channels.get(&channel).copied().unwrap_or(is_on(user, channel));
        Channel::ALL.into_iter().any(|channel| is_on(user, channel)) && !Channel::ALL.into_iter().any(after)
    }

    /// Whether it turns any channel off.
    pub fn turns_off(&self) -> bool {
        self.change.channels.values().any(|on| !on)
    }
}

#[cfg(test)]
mod tests;

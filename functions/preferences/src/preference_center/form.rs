//! The posted form. For each control it also carries the control's first state, under a name that begins with `was.`. A
//! control that still has its first state is not part of the change, so a form that stays open for long overwrites no
//! change that was made elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::Body;
use shared::{
    domain::{
        Channel, ChannelType, Field, QuietHours, TimeOfDay, User, UserChange, Weekday, display::Preference,
        user_change::DisplayChange,
    },
    http::form,
};

use super::state::{self, CategoryState, Quiet, State, is_on};
use crate::groups::{Choice, Groups};

/// The field and the value that confirm that the last channel may be turned off.
pub const CONFIRM: (&str, &str) = ("confirm", "last-channel");
/// The beginning of the name of a control's first state.
const WAS: &str = "was.";

/// Why a body is not a form of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadForm {
    /// It is larger than any body may be.
    TooLarge,
    /// It has a field that the page's form does not have, or lacks one.
    NotOurs,
}

/// What is wrong with a control's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not a time of day.
    Time,
    /// The end equals the start.
    Same,
    /// No day is chosen.
    Days,
    /// It is not a language tag.
    Language,
    /// It is not a time zone.
    Zone,
}

/// Faults, by the control's name.
pub type Faults = BTreeMap<&'static str, Fault>;

/// A posted form.
#[derive(Clone, Debug, Default)]
pub struct Form {
    fields: Vec<(String, String)>,
    was: BTreeMap<String, String>,
    now: BTreeMap<String, Vec<String>>,
    /// Whether the last channel may be turned off.
    pub confirmed: bool,
}

/// The change that the form asks for: only the differences.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Everything but groups.
    pub change: UserChange,
    /// Groups.
    pub groups: Vec<Choice>,
    /// The faults. If there is one, nothing is written.
    pub faults: Faults,
}

impl Form {
    /// Parses a body.
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
        // A form of the page has at least one control, and each control has its first state.
        let known = form.now.keys().all(|name| form.was.contains_key(control(name)));
        if form.was.is_empty() || !known { Err(BadForm::NotOurs) } else { Ok(form) }
    }

    /// Every field as it was posted, for the form that asks the user to confirm.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The names of its controls.
    pub fn controls(&self) -> impl Iterator<Item = &str> {
        self.was.keys().map(String::as_str)
    }

    /// The change that the form asks for, for this user.
    pub fn wanted(&self, user: &User, groups: Groups<'_>) -> Result<Wanted, BadForm> {
        let mut wanted = Wanted::default();
        for (name, was) in &self.was {
            if let Some(channel) = name.strip_prefix("channel.") {
                let channel = Channel::parse(channel).ok_or(BadForm::NotOurs)?;
                if let Some(on) = self.switched(name, was)? {
                    wanted.change.channels.insert(channel, on);
                }
            } else if let Some(group) = name.strip_prefix("group.") {
                if !is_known(user, group, groups) {
                    return Err(BadForm::NotOurs);
                }
                if let Some(is_in) = self.switched(name, was)? {
                    if !is_in && groups.categories.is_required(group) {
                        return Err(BadForm::NotOurs);
                    }
                    wanted.groups.push(Choice { group: group.to_owned(), is_in });
                }
            } else if let Some((channel, group)) = state::by(name) {
                if !is_known(user, group, groups) {
                    return Err(BadForm::NotOurs);
                }
                if let Some(on) = self.switched(name, was)? {
                    if !on && groups.categories.is_required(group) {
                        return Err(BadForm::NotOurs);
                    }
                    wanted.change.handles.switch(group, ChannelType::Of(channel), on);
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
        Ok(wanted)
    }

    /// A checkbox's new state, if it has changed. Browsers do not post a checkbox that is not ticked.
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

    /// The value of a field that is posted once.
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

    /// The page's state with the values of the form. Wrong values stay as the user typed them.
    pub fn over(&self, mut state: State) -> State {
        let posted = |name: &str| self.now.contains_key(name);
        for (channel, on) in &mut state.channels {
            let name = format!("channel.{channel}");
            *on = if self.was.contains_key(&name) { posted(&name) } else { *on };
        }
        for category in &mut state.categories {
            let CategoryState { handle, is_in, channels } = category;
            let name = format!("group.{handle}");
            *is_in = if self.was.contains_key(&name) { posted(&name) } else { *is_in };
            for (channel, on) in channels {
                let name = format!("by.{channel}.{handle}");
                *on = if self.was.contains_key(&name) { posted(&name) } else { *on };
            }
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

/// Whether a form may speak of this group. It may be missing from the page by now: a category that was deleted or hidden since, or a
/// group that the user has left by an older page. It is still the user's.
fn is_known(user: &User, group: &str, groups: Groups<'_>) -> bool {
    groups.categories.get(group).is_some()
        || groups.known.names().iter().any(|known| known == group)
        || user.groups.contains_key(group)
        || user.handles.contains_key(group)
}

/// The control that a field belongs to. Quiet hours are one control, since their parts mean nothing without each other.
fn control(field: &str) -> &str {
    if field.starts_with("quiet.") { "quiet" } else { field }
}

impl Wanted {
    /// Whether the change turns off the last channel that is on.
    pub fn silences(&self, user: &User) -> bool {
        let after = |channel| self.change.channels.get(&channel).copied().unwrap_or(is_on(user, channel));
        Channel::ALL.into_iter().any(|channel| is_on(user, channel)) && !Channel::ALL.into_iter().any(after)
    }

    /// Whether the change turns off any channel.
    pub fn turns_off(&self) -> bool {
        self.change.channels.values().any(|on| !on)
    }
}

#[cfg(test)]
mod tests;

//! What the page shows of a user, in the form in which its controls hold it.

use std::collections::BTreeSet;

use shared::domain::{Channel, KnownGroups, QuietHours, User, Weekday, display::Preference};

use crate::groups;

/// The most groups beside the known ones that are listed: all of a form is written by one expression, which has its limits.
const MAX_OTHERS: usize = 20;

/// The state of every control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Each channel, on or off.
    pub channels: Vec<(Channel, bool)>,
    /// Each group, in or out.
    pub groups: Vec<(String, bool)>,
    /// Quiet hours.
    pub quiet: Quiet,
    /// A language tag; empty where none was chosen.
    pub language: String,
    /// A zone's name; empty where none was chosen.
    pub timezone: String,
}

/// Quiet hours as they stand in the form: what is filled in stays there while they are off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Whether there are any.
    pub on: bool,
    /// `HH:MM`.
    pub start: String,
    /// `HH:MM`.
    pub end: String,
    /// The days that are ticked; all of them for every day.
    pub days: BTreeSet<Weekday>,
}

impl State {
    /// As the user is stored: what was never said is in.
    pub fn of(user: &User, known: &KnownGroups) -> Self {
        let set = |preference: Preference| user.display.get(preference.name()).cloned().unwrap_or_default();
        let names = known.names().iter().chain(groups::others_out(user, known).take(MAX_OTHERS));
        Self {
            channels: Channel::ALL.into_iter().map(|channel| (channel, is_on(user, channel))).collect(),
            groups: names.map(|name| (name.clone(), groups::is_in(user, name))).collect(),
            quiet: Quiet::of(user.quiet.as_ref()),
            language: set(Preference::Language),
            timezone: set(Preference::Timezone),
        }
    }
}

impl Quiet {
    fn of(hours: Option<&QuietHours>) -> Self {
        let days = hours.and_then(QuietHours::days).cloned();
        Self {
            on: hours.is_some(),
            start: hours.map_or_else(|| "22:00".to_owned(), |hours| hours.start().to_string()),
            end: hours.map_or_else(|| "07:00".to_owned(), |hours| hours.end().to_string()),
            days: days.unwrap_or_else(|| Weekday::ALL.into()),
        }
    }

    /// All of it as one text, to tell whether it was changed; the same however "every day" was said.
    pub fn text(&self) -> String {
        if !self.on {
            return "off".to_owned();
        }
        let days: Vec<_> = self.days.iter().map(|day| day.name()).collect();
        format!("{} {} {}", self.start, self.end, days.join(","))
    }
}

/// The value of a control as its `was.` field has it, by the control's name.
pub fn was(name: &str, user: &User, state: &State) -> Option<String> {
    if let Some(group) = name.strip_prefix("group.") {
        return Some(word(groups::is_in(user, group)).to_owned());
    }
    match name {
        "quiet" => Some(state.quiet.text()),
        "language" => Some(state.language.clone()),
        "timezone" => Some(state.timezone.clone()),
        other => {
            let channel = Channel::parse(other.strip_prefix("channel.")?)?;
            Some(word(is_on(user, channel)).to_owned())
        }
    }
}

/// A switch in a word.
pub fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Whether the channel is not off.
pub fn is_on(user: &User, channel: Channel) -> bool {
    user.channels.get(&channel) != Some(&false)
}

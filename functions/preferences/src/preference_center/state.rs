//! What the page shows of a user, as values of its controls.

use std::collections::BTreeSet;

use shared::domain::{Category, Channel, QuietHours, User, Weekday, display::Preference};

use crate::groups::Groups;

/// The state of every control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Each channel, on or off.
    pub channels: Vec<(Channel, bool)>,
    /// Each category that users see, in order.
    pub categories: Vec<CategoryState>,
    /// Quiet hours.
    pub quiet: Quiet,
    /// A language tag; empty where none was chosen.
    pub language: String,
    /// A zone's name; empty where none was chosen.
    pub timezone: String,
}

/// The switches of a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryState {
    /// Its handle.
    pub handle: String,
    /// Whether the user is in it.
    pub is_in: bool,
    /// Whether it comes by each of its channels, while the user is in it.
    pub channels: Vec<(Channel, bool)>,
}

/// Quiet hours as values of the form. The values stay in the form while quiet hours are off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// Whether quiet hours are on.
    pub on: bool,
    /// `HH:MM`.
    pub start: String,
    /// `HH:MM`.
    pub end: String,
    /// The days that are ticked. All of them mean every day.
    pub days: BTreeSet<Weekday>,
}

impl State {
    /// The state of a stored user. A channel or group that was never set is on.
    pub fn of(user: &User, groups: Groups<'_>) -> Self {
        let set = |preference: Preference| user.display.get(preference.name()).cloned().unwrap_or_default();
        let of_category = |category: &Category| {
            let handle = category.handle.as_str();
            let channels = groups.channels(category, user).into_iter();
            CategoryState {
                handle: handle.to_owned(),
                is_in: groups.is_in(user, handle),
                channels: channels.map(|channel| (channel, !groups.is_off(user, handle, channel))).collect(),
            }
        };
        Self {
            channels: Channel::ALL.into_iter().map(|channel| (channel, is_on(user, channel))).collect(),
            categories: groups.categories.shown().into_iter().map(of_category).collect(),
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

    /// Quiet hours as one text, which tells whether they were changed. It does not depend on how "every day" is stored.
    pub fn text(&self) -> String {
        if !self.on {
            return "off".to_owned();
        }
        let days: Vec<_> = self.days.iter().map(|day| day.name()).collect();
        format!("{} {} {}", self.start, self.end, days.join(","))
    }
}

/// The value of a control's `was.` field, by the control's name.
pub fn was(name: &str, user: &User, groups: Groups<'_>, state: &State) -> Option<String> {
    if let Some(group) = name.strip_prefix("group.") {
        return Some(word(groups.is_in(user, group)).to_owned());
    }
    if let Some((channel, group)) = by(name) {
        return Some(word(!groups.is_off(user, group, channel)).to_owned());
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

/// The channel and the group of a control that says whether the group comes by the channel: `by.email.news`. No channel's name has a
/// dot, and a group's may have some.
pub fn by(name: &str) -> Option<(Channel, &str)> {
    let (channel, group) = name.strip_prefix("by.")?.split_once('.')?;
    Some((Channel::parse(channel)?, group))
}

/// `on` or `off`.
pub fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Whether the channel is on. A channel that was never set is.
pub fn is_on(user: &User, channel: Channel) -> bool {
    user.channels.get(&channel) != Some(&false)
}

//! A partial change of a user, from any dialect.
//!
//! [`UserChange::edits`] is the only list of the fields. [`UserChange::apply`] uses it to change a user in memory, and
//! the store uses it to build its update of the table.

mod allowed;
mod edit;
mod handles;
mod new_user;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Channel, EmailAddress, Field, Provider, QuietHours, Scope, Settings, Timestamp, User, display::Preference,
    json::Object, user::Text,
};

pub use allowed::AllowedUser;
pub use edit::Edit;
pub use handles::{HandleChange, MAX_HANDLES};
pub use new_user::NewUser;
pub use rule::{EmailRule, Requirement, Rule};

/// A partial change. A field that is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserChange {
    /// A new name.
    pub name: Option<String>,
    /// A new address.
    pub email: Option<EmailAddress>,
    /// A new push token; `Null` removes it.
    pub push_token: Field<String>,
    /// Channels to switch.
    pub channels: BTreeMap<Channel, bool>,
    /// The whole new list of teams.
    pub teams: Option<Vec<String>>,
    /// Groups to opt into or out of.
    pub groups: BTreeMap<String, bool>,
    /// Display preferences (contract 4).
    pub display: DisplayChange,
    /// New quiet hours, which replace the old ones; `Null` removes them.
    pub quiet: Field<QuietHours>,
    /// Contract 3's profile fields.
    pub profile: ProfileChange,
    /// A patch of the application's data (contract 3's `custom_fields`), merged by RFC 7396.
    pub custom: Object,
    /// Choices about single groups (contract 3).
    pub handles: HandleChange,
    /// Contract 3's `web_push`.
    pub web_push: Option<bool>,
    /// Settings to create or replace, by the id of the configured channel.
    pub endpoints: BTreeMap<String, (Provider, Settings)>,
    /// The ids of configured channels whose settings are removed.
    pub no_endpoints: BTreeSet<String>,
    /// Whether all preference links that the user has are ended.
    pub end_links: bool,
    /// Who changes the address, if the change has one. The user's organisation may not allow it. It is a condition, not a
    /// change.
    pub email_rule: EmailRule,
    /// Whether the address must be no other user's, and is this user's alone from then on (contract 1). It is a
    /// condition, and a change of nothing that a user shows.
    pub email_is_unique: bool,
    /// The rule that the stored user must meet, or the caller has no right to the change. It is a condition, not a
    /// change.
    pub rule: Option<Rule>,
}

/// Display preferences in their canonical form. An absent preference stays; `null` sets the default again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisplayChange {
    /// `friendly`, `us` or `uk`.
    pub date_time_format: Field<String>,
    /// A name of the IANA time zone database.
    pub timezone: Field<String>,
    /// A BCP 47 tag.
    pub language: Field<String>,
    /// `imperial` or `metric`.
    pub measurement_unit: Field<String>,
    /// `light`, `dark` or `system`.
    pub theme: Field<String>,
}

/// The part of a user's profile that only contract 3 has. An absent field stays; `null` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChange {
    /// The given name.
    pub first_name: Field<String>,
    /// The family name.
    pub last_name: Field<String>,
    /// The telephone number, E.164.
    pub phone: Field<String>,
    /// The URL of a picture of the user.
    pub avatar: Field<String>,
}

/// A part of a user that has a size limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// The application's data: at most [`super::custom::MAX_BYTES`].
    Custom,
    /// Choices about single groups: at most [`MAX_HANDLES`], and their bytes.
    Handles,
    /// Settings for configured channels.
    Endpoints,
}

/// The most bytes of a user's stored item, as DynamoDB counts them, before a person's own opt-outs on a page or by a link: 64 KB less
/// than an item of DynamoDB may have. The parts that [`Bounded`] names take 272 KB of it at most. The rest is for what has a
/// fixed number of values, each of a bounded length: 9 KB of profile, 26 KB of teams, 9 KB of known groups, 2 KB of all
/// else.
pub const MAX_USER_BYTES: usize = (400 - 64) * 1024;

impl Bounded {
    /// The most bytes of the part, as DynamoDB counts them.
    pub fn max_bytes(self) -> usize {
        match self {
            // DynamoDB counts an empty list as 4 bytes and JSON text has 3 for it, and nothing has a worse ratio than 2.
            Self::Custom => 2 * super::custom::MAX_BYTES,
            Self::Handles => 40 * 1024,
            // The settings that contract 3 takes for one channel, 50 tokens of 4,096 bytes, fit with 10 KB to spare.
            Self::Endpoints => 212 * 1024,
        }
    }
}

impl UserChange {
    /// The change as a list of small edits.
    pub fn edits(&self) -> Vec<Edit<'_>> {
        let Self {
            name,
            email,
            push_token,
            channels,
            teams,
            groups,
            display: DisplayChange { date_time_format, timezone, language, measurement_unit, theme },
            quiet,
            profile: ProfileChange { first_name, last_name, phone, avatar },
            custom,
            handles,
            web_push,
            endpoints,
            no_endpoints,
            end_links,
            // These are conditions.
            email_rule: _,
            email_is_unique: _,
            rule: _,
        } = self;
        let mut edits = Vec::new();
        edits.extend(name.as_deref().map(|name| Edit::Text(Text::Name, Some(name))));
        edits.extend(email.as_ref().map(|email| Edit::Text(Text::Email, Some(email.as_str()))));
        edits.extend(text(Text::PushToken, push_token));
        edits.extend(text(Text::FirstName, first_name));
        edits.extend(text(Text::LastName, last_name));
        edits.extend(text(Text::Phone, phone));
        edits.extend(text(Text::Avatar, avatar));
        edits.extend(channels.iter().map(|(channel, on)| Edit::Channel(*channel, *on)));
        edits.extend(web_push.map(Edit::WebPush));
        edits.extend(teams.as_deref().map(Edit::Teams));
        edits.extend(groups.iter().map(|(group, is_in)| Edit::Group(group, *is_in)));
        edits.extend(preference(Preference::DateTimeFormat, date_time_format));
        edits.extend(preference(Preference::Timezone, timezone));
        edits.extend(preference(Preference::Language, language));
        edits.extend(preference(Preference::MeasurementUnit, measurement_unit));
        edits.extend(preference(Preference::Theme, theme));
        edits.extend(given(quiet).map(Edit::Quiet));
        edits.extend((!custom.is_empty()).then_some(Edit::Custom(custom)));
        edits.extend(handles.iter().map(|(handle, switch, on)| Edit::Handle(handle, switch, on)));
        edits.extend(endpoints.iter().map(|(channel, (provider, settings))| Edit::Endpoint {
            channel_id: channel,
            settings: Some((*provider, settings)),
        }));
        edits.extend(no_endpoints.iter().map(|channel| Edit::Endpoint { channel_id: channel, settings: None }));
        edits.extend(end_links.then_some(Edit::EndLinks));
        edits
    }

    /// Whether the change has no edits.
    pub fn is_empty(&self) -> bool {
        self.edits().is_empty()
    }

    /// The scopes that an application's key needs for the change, one for each edit.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.edits().into_iter().map(Edit::scope)
    }

    /// The device tokens that the change registers for its user.
    pub fn tokens(&self) -> BTreeSet<&str> {
        self.edits().into_iter().flat_map(Edit::tokens).collect()
    }

    /// Whether the change only chooses channels and groups. It is never refused because a user has grown.
    pub fn is_choice(&self) -> bool {
        let is_persons = self.handles.is_persons();
        self.edits().iter().all(|edit| match edit {
            Edit::Channel(..) | Edit::WebPush(_) | Edit::Group(..) => true,
            Edit::Handle(..) => is_persons,
            _ => false,
        })
    }

    /// The conditions that the stored user must meet, or the change is refused.
    pub fn requirements(&self) -> impl Iterator<Item = Requirement<'_>> {
        let kept = self.email.as_ref().filter(|_| self.email_rule == EmailRule::MustStay);
        self.rule.iter().flat_map(Rule::requirements).chain(kept.map(Requirement::Email))
    }

    /// Makes the change in `user`, at the time `at`.
    pub fn apply(&self, user: &mut User, at: Timestamp) {
        for edit in self.edits() {
            edit.apply(user, at);
        }
    }
}

/// The new value of a field: `None` if the change does not name the field, `Some(None)` if the change clears it.
fn given<T>(field: &Field<T>) -> Option<Option<&T>> {
    match field {
        Field::Absent => None,
        Field::Null => Some(None),
        Field::Value(value) => Some(Some(value)),
    }
}

fn text(text: Text, field: &Field<String>) -> Option<Edit<'_>> {
    given(field).map(|value| Edit::Text(text, value.map(String::as_str)))
}

fn preference(preference: Preference, field: &Field<String>) -> Option<Edit<'_>> {
    given(field).map(|value| Edit::Display(preference, value.map(String::as_str)))
}

#[cfg(test)]
impl UserChange {
    /// A change of every field. A new field does not compile until it is here. Tests of the store also use it.
    pub(crate) fn of_everything() -> Self {
        let value = |text: &str| Field::Value(text.to_owned());
        let time = |text| super::TimeOfDay::parse(text).unwrap();
        let mut handles = HandleChange::default();
        handles.enable("news", false);
        handles.switch("a:b.c", super::ChannelType::WebPush, true);
        Self {
            name: Some("Ada".into()),
            email: EmailAddress::parse("ada@example.com"),
            push_token: value("token"),
            channels: [(Channel::Email, false), (Channel::InApp, true)].into(),
            teams: Some(vec!["red".into(), "blue".into()]),
            groups: [("size".to_owned(), false)].into(),
            display: DisplayChange {
                date_time_format: value("uk"),
                timezone: value("Europe/Paris"),
                language: value("fr"),
                measurement_unit: value("metric"),
                theme: value("dark"),
            },
            quiet: Field::Value(QuietHours::new(time("22:00"), time("07:00"), None).unwrap()),
            profile: ProfileChange {
                first_name: value("Ada"),
                last_name: value("Lovelace"),
                phone: value("+14155552671"),
                avatar: value("https://example.com/a.png"),
            },
            custom: super::Json::object(r#"{"a":{"b.c":1},"d":[null]}"#, "it").unwrap(),
            handles,
            web_push: Some(false),
            endpoints: [("c".to_owned(), (Provider::Slack, Settings::default()))].into(),
            no_endpoints: ["old".to_owned()].into(),
            end_links: true,
            email_rule: EmailRule::MustStay,
            email_is_unique: false,
            rule: None,
        }
    }
}

#[cfg(test)]
mod tests;

//! Partial changes of a user, whichever dialect they come from.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, CustomChange, HandleChange, ProfileChange, StoreError, endpoints, records::UserItem, string,
    users::Bounded,
};
use crate::domain::{Channel, ChannelType, EmailAddress, Endpoint, Field, Provider, Settings, Timestamp, User};

/// A partial change: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserChange {
    /// A new name.
    pub name: Option<String>,
    /// A new address.
    pub email: Option<EmailAddress>,
    /// A new push token, or none.
    pub push_token: Field<String>,
    /// Channels to switch.
    pub channels: BTreeMap<Channel, bool>,
    /// The whole new list of teams.
    pub teams: Option<Vec<String>>,
    /// Groups to opt into or out of.
    pub groups: BTreeMap<String, bool>,
    /// Display preferences (contract 4).
    pub display: DisplayChange,
    /// The profile beyond contract 1 (contract 3).
    pub profile: ProfileChange,
    /// What an application keeps with the user (contract 3).
    pub custom: CustomChange,
    /// Preferences of single groups (contract 3).
    pub handles: HandleChange,
    /// Contract 3's `web_push`.
    pub web_push: Option<bool>,
    /// Settings to create or replace, for channels by their ids.
    pub endpoints: BTreeMap<String, (Provider, Settings)>,
    /// What the stored user must be for the caller to have the right; no change by itself.
    pub rule: Option<Rule>,
}

/// Display preferences, checked and in their canonical form; what is absent stays, `null` is the default again.
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

/// A right that depends on what is stored: it rides in the write's condition and costs no read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The user is a member of one of these teams, of which there is at least one.
    MemberOfAny(Vec<String>),
    /// The user belongs to this organisation.
    Org(String),
}

impl UserChange {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self { rule: self.rule.clone(), ..Self::default() }
    }

    /// The change as actions on the item, at this time.
    pub(super) fn actions(&self, at: Timestamp) -> Result<Vec<Action>, StoreError> {
        let Self {
            name,
            email,
            push_token,
            channels,
            teams,
            groups,
            display,
            profile,
            custom,
            handles,
            web_push,
            endpoints,
            rule: _,
        } = self;
        let mut actions = Vec::new();
        if let Some(name) = name {
            actions.push(Action::Set("name".into(), string(name)));
        }
        if let Some(email) = email {
            actions.push(Action::Set("email".into(), string(email.as_str())));
        }
        match push_token {
            Field::Absent => {}
            Field::Null => actions.push(Action::Remove("push_token".into())),
            Field::Value(token) => actions.push(Action::Set("push_token".into(), string(token))),
        }
        for (channel, on) in channels {
            actions.push(Action::Set(["channels", channel.as_str()].into(), AttributeValue::Bool(*on)));
        }
        if let Some(teams) = teams {
            let teams = teams.iter().map(string).collect();
            actions.push(Action::Set("teams".into(), AttributeValue::L(teams)));
        }
        for (group, opted_in) in groups {
            actions.push(Action::Set(["groups", group].into(), AttributeValue::Bool(*opted_in)));
        }
        for (name, field) in display.fields() {
            match field {
                Field::Absent => {}
                Field::Null => actions.push(Action::Remove(["display", name].into())),
                Field::Value(value) => actions.push(Action::Set(["display", name].into(), string(value))),
            }
        }
        actions.extend(profile.actions());
        actions.extend(custom.actions());
        actions.extend(handles.actions());
        if let Some(on) = web_push {
            actions.push(Action::Set(["channels", ChannelType::WebPush.as_str()].into(), AttributeValue::Bool(*on)));
        }
        for (channel, (provider, settings)) in endpoints {
            actions.extend(endpoints::put(channel, *provider, settings, at)?);
        }
        Ok(actions)
    }

    /// Whether the change depends on what is stored: then it has to fit what was seen once it was refused.
    pub(super) fn has_to_fit(&self) -> bool {
        !self.custom.is_empty() || !self.handles.is_empty()
    }

    /// Makes the change fit the user as it was seen; `custom` as it stands in the item.
    pub(super) fn fit(&mut self, old: &UserItem, custom: Option<AttributeValue>) -> Result<(), Bounded> {
        self.custom.fit(&old.custom, custom)?;
        self.handles.fit(&old.handles)
    }

    /// What the change itself demands of the item as it stands.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let mut all = self.custom.conditions();
        all.extend(self.handles.conditions());
        all.extend(self.rule.as_ref().map(Rule::condition));
        all
    }

    /// The change on a user that is at hand.
    pub(super) fn apply(&self, user: &mut User, at: Timestamp) {
        let Self {
            name,
            email,
            push_token,
            channels,
            teams,
            groups,
            display,
            profile,
            custom,
            handles,
            web_push,
            endpoints,
            rule: _,
        } = self.clone();
        user.name = name.or(user.name.take());
        user.email = email.map(|email| email.as_str().to_owned()).or(user.email.take());
        match push_token {
            Field::Absent => {}
            Field::Null => user.push_token = None,
            Field::Value(token) => user.push_token = Some(token),
        }
        user.channels.extend(channels);
        if let Some(teams) = teams {
            user.teams = teams;
        }
        user.groups.extend(groups);
        for (name, field) in display.fields() {
            match field {
                Field::Absent => {}
                Field::Null => drop(user.display.remove(name)),
                Field::Value(value) => drop(user.display.insert(name.to_owned(), value.clone())),
            }
        }
        profile.apply(user);
        custom.apply(&mut user.custom);
        handles.apply(&mut user.handles);
        user.web_push = web_push.or(user.web_push);
        for (channel, (provider, settings)) in endpoints {
            let created_at = user.endpoints.get(&channel).map_or(at, |endpoint| endpoint.created_at);
            user.endpoints.insert(channel, Endpoint { provider, settings, created_at, updated_at: at });
        }
    }
}

impl DisplayChange {
    fn fields(&self) -> [(&'static str, &Field<String>); 5] {
        let Self { date_time_format, timezone, language, measurement_unit, theme } = self;
        [
            ("date_time_format", date_time_format),
            ("timezone", timezone),
            ("language", language),
            ("measurement_unit", measurement_unit),
            ("theme", theme),
        ]
    }
}

impl Rule {
    pub(super) fn condition(&self) -> Condition {
        match self {
            Self::MemberOfAny(teams) => {
                Condition::Any(teams.iter().map(|team| Condition::Contains("teams".into(), string(team))).collect())
            }
            Self::Org(org) => Condition::Equals("org".into(), string(org)),
        }
    }

    /// The same rule on a user that is at hand.
    pub(super) fn holds(&self, user: &UserItem) -> bool {
        match self {
            Self::MemberOfAny(teams) => teams.iter().any(|team| user.teams.contains(team)),
            Self::Org(org) => user.org.as_ref() == Some(org),
        }
    }
}

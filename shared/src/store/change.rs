//! Partial changes of a user, whichever dialect they come from.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Action, Condition, CustomChange, HandleChange, ProfileChange, StoreError, endpoints, quiet, records::UserItem,
    string, users::Bounded,
};
use crate::domain::{
    Channel, ChannelType, EmailAddress, Endpoint, Field, Provider, QuietHours, Settings, Timestamp, User,
};

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
    /// The whole new quiet hours.
    pub quiet: Field<QuietHours>,
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
    /// Channels by their ids, for which the settings are removed.
    pub no_endpoints: BTreeSet<String>,
    /// Whether an address other than the stored one is refused (contract 2); no change by itself.
    pub email_must_stay: bool,
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
        *self == Self { rule: self.rule.clone(), email_must_stay: self.email_must_stay, ..Self::default() }
    }

    /// What the change demands of the stored user before the caller has the right to it.
    pub(super) fn rights(&self) -> Vec<Condition> {
        let rule = self.rule.as_ref().map(Rule::condition);
        let kept = self.email.as_ref().filter(|_| self.email_must_stay);
        rule.into_iter().chain(kept.map(|email| Condition::Equals("email".into(), string(email.as_str())))).collect()
    }

    /// The same on a user that is at hand.
    pub(super) fn is_allowed(&self, user: &UserItem) -> bool {
        let kept = self.email.as_ref().filter(|_| self.email_must_stay);
        self.rule.as_ref().is_none_or(|rule| rule.holds(user))
            && kept.is_none_or(|email| user.email.as_deref() == Some(email.as_str()))
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
            quiet,
            profile,
            custom,
            handles,
            web_push,
            endpoints,
            no_endpoints,
            email_must_stay: _,
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
        actions.extend(quiet::action(quiet));
        actions.extend(profile.actions());
        actions.extend(custom.actions());
        actions.extend(handles.actions());
        if let Some(on) = web_push {
            actions.push(Action::Set(["channels", ChannelType::WebPush.as_str()].into(), AttributeValue::Bool(*on)));
        }
        for (channel, (provider, settings)) in endpoints {
            actions.extend(endpoints::put(channel, *provider, settings, at)?);
        }
        actions.extend(no_endpoints.iter().flat_map(|channel| endpoints::remove(channel)));
        Ok(actions)
    }

    /// Whether the change depends on what is stored: then it has to fit what was seen once it was refused.
    pub(super) fn has_to_fit(&self) -> bool {
        !self.custom.is_empty() || !self.handles.is_empty()
    }

    /// Makes the change fit the user as it was seen.
    pub(super) fn fit(&mut self, old: &UserItem) -> Result<(), Bounded> {
        self.custom.fit(old.custom.as_ref())?;
        self.handles.fit(&old.handles)
    }

    /// What the change itself demands of the item as it stands.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let mut all = self.custom.conditions();
        all.extend(self.handles.conditions());
        all.extend(self.rights());
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
            quiet,
            profile,
            custom,
            handles,
            web_push,
            endpoints,
            no_endpoints,
            email_must_stay: _,
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
        match quiet {
            Field::Absent => {}
            Field::Null => user.quiet = None,
            Field::Value(quiet) => user.quiet = Some(quiet),
        }
        profile.apply(user);
        custom.apply(&mut user.custom);
        handles.apply(&mut user.handles);
        user.web_push = web_push.or(user.web_push);
        for (channel, (provider, settings)) in endpoints {
            let created_at = user.endpoints.get(&channel).map_or(at, |endpoint| endpoint.created_at);
            user.endpoints.insert(channel, Endpoint { provider, settings, created_at, updated_at: at });
        }
        user.endpoints.retain(|channel, _| !no_endpoints.contains(channel));
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
    fn condition(&self) -> Condition {
        match self {
            Self::MemberOfAny(teams) => {
                Condition::Any(teams.iter().map(|team| Condition::Contains("teams".into(), string(team))).collect())
            }
            Self::Org(org) => Condition::Equals("org".into(), string(org)),
        }
    }

    /// The same rule on a user that is at hand.
    fn holds(&self, user: &UserItem) -> bool {
        match self {
            Self::MemberOfAny(teams) => teams.iter().any(|team| user.teams.contains(team)),
            Self::Org(org) => user.org.as_ref() == Some(org),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::expression::render;

    #[test]
    fn an_address_that_must_stay_and_the_organisation_are_part_of_the_condition() {
        let change = UserChange {
            email: EmailAddress::parse("a@example.com"),
            email_must_stay: true,
            rule: Some(Rule::Org("acme".into())),
            ..UserChange::default()
        };
        let rendered = render(&[], Some(&Condition::All(change.rights())));
        assert_eq!(rendered.condition.as_deref(), Some("(#n0 = :v0 AND #n1 = :v1)"));
        assert_eq!(rendered.names.unwrap()["#n1"], "email");
        let user = |email: &str, org: &str| UserItem {
            email: Some(email.into()),
            org: Some(org.into()),
            ..UserItem::default()
        };
        assert!(change.is_allowed(&user("a@example.com", "acme")));
        assert!(!change.is_allowed(&user("b@example.com", "acme")));
        assert!(!change.is_allowed(&user("a@example.com", "other")));
        let free = UserChange { email_must_stay: false, ..change };
        assert!(free.is_allowed(&user("b@example.com", "acme")) && free.rights().len() == 1);
    }
}

//! A user: one record for all dialects.

use std::collections::BTreeMap;

use super::{
    Channel, Handle, QuietHours, Suppression, Timestamp, UserId,
    display::{Display, timezone},
    endpoint::Endpoints,
    json::Object,
};

/// A user as stored. "Never set" and "opted out" are different: a channel or group that is not in its map is on.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The internal id.
    pub id: UserId,
    /// The name people see.
    pub name: Option<String>,
    /// The email address.
    pub email: Option<String>,
    /// Contract 1's push token.
    pub push_token: Option<String>,
    /// The channels that the user switched: on (`true`) or off.
    pub channels: BTreeMap<Channel, bool>,
    /// The notification groups that the user chose about: in (`true`) or out.
    pub groups: BTreeMap<String, bool>,
    /// The display preferences that the user set, by their names in contract 4.
    pub display: BTreeMap<String, String>,
    /// The quiet hours, if the user set them.
    pub quiet: Option<QuietHours>,
    /// The id that applications use for the user, if it is not a UUID.
    pub external_id: Option<String>,
    /// The given name (contract 3).
    pub first_name: Option<String>,
    /// The family name (contract 3).
    pub last_name: Option<String>,
    /// The telephone number, E.164.
    pub phone: Option<String>,
    /// The URL of a picture of the user.
    pub avatar: Option<String>,
    /// Data that an application keeps with the user (contract 3's `custom_fields`).
    pub custom: Object,
    /// Contract 3's `web_push`, if the user switched it.
    pub web_push: Option<bool>,
    /// Contract 3's choices about single groups, by the group's handle.
    pub handles: BTreeMap<String, Handle>,
    /// Settings for configured channels.
    pub endpoints: Endpoints,
    /// The suppressed addresses, in lower case.
    pub suppressed: BTreeMap<String, Suppression>,
    /// Teams the user is a member of.
    pub teams: Vec<String>,
    /// The organisation the user belongs to.
    pub org: Option<String>,
    /// How often the user's preference links have been ended.
    pub links_ended: u32,
    /// The version of the record. Every write adds one.
    pub version: u64,
    /// When the user was created. It never changes.
    pub created_at: Timestamp,
    /// When the user was last changed. It never goes backwards.
    pub updated_at: Timestamp,
}

/// The texts of a user that a change sets or clears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// [`User::name`].
    Name,
    /// [`User::email`].
    Email,
    /// [`User::push_token`].
    PushToken,
    /// [`User::first_name`].
    FirstName,
    /// [`User::last_name`].
    LastName,
    /// [`User::phone`].
    Phone,
    /// [`User::avatar`].
    Avatar,
}

impl Text {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Email, Self::PushToken, Self::FirstName, Self::LastName, Self::Phone, Self::Avatar];
}

impl User {
    /// A user with this id and no other data.
    pub fn new(id: UserId, now: Timestamp) -> Self {
        Self {
            id,
            name: None,
            email: None,
            push_token: None,
            channels: BTreeMap::new(),
            groups: BTreeMap::new(),
            display: BTreeMap::new(),
            quiet: None,
            external_id: None,
            first_name: None,
            last_name: None,
            phone: None,
            avatar: None,
            custom: Object::new(),
            web_push: None,
            handles: BTreeMap::new(),
            endpoints: Endpoints::new(),
            suppressed: BTreeMap::new(),
            teams: Vec::new(),
            org: None,
            links_ended: 0,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// The user's email addresses: the profile's, and those in settings for channels.
    pub fn email_addresses(&self) -> impl Iterator<Item = &str> {
        let of_channels = self.endpoints.values().filter_map(|endpoint| endpoint.settings.address.as_deref());
        self.email.as_deref().into_iter().chain(of_channels)
    }

    /// The field of a text.
    pub(super) fn text_mut(&mut self, text: Text) -> &mut Option<String> {
        match text {
            Text::Name => &mut self.name,
            Text::Email => &mut self.email,
            Text::PushToken => &mut self.push_token,
            Text::FirstName => &mut self.first_name,
            Text::LastName => &mut self.last_name,
            Text::Phone => &mut self.phone,
            Text::Avatar => &mut self.avatar,
        }
    }

    /// The name that people see: contract 1's name, or else contract 3's first and last name.
    pub fn shown_name(&self) -> Option<String> {
        let parts: Vec<_> = [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        self.name.clone().or_else(|| (!parts.is_empty()).then(|| parts.join(" ")))
    }

    /// The end of the user's quiet hours, if `now` lies in them by the clock of the user's time zone; else `None`.
    pub fn quiet_until(&self, now: Timestamp) -> Option<Timestamp> {
        let quiet = self.quiet.as_ref()?;
        quiet.until(&timezone::rules(&Display::of(&self.display).timezone), now)
    }
}

/// The record that is stored under a user's id.
#[derive(Clone, Debug, PartialEq)]
pub enum UserRecord {
    /// The user.
    Present(Box<User>),
    /// The tombstone of a user who was erased.
    Erased,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TimeOfDay;

    #[test]
    fn it_is_quiet_by_the_clock_in_the_user_s_own_zone_and_in_utc_where_none_is_known() {
        let mut user = User::new(UserId::random(), Timestamp::EPOCH);
        let now = Timestamp::parse("2026-06-01T23:00:00Z").unwrap();
        assert_eq!(user.quiet_until(now), None);
        let time = |text| TimeOfDay::parse(text).unwrap();
        user.quiet = QuietHours::new(time("22:00"), time("07:00"), None);
        assert_eq!(user.quiet_until(now), Timestamp::parse("2026-06-02T07:00:00Z"));
        for (zone, until) in [
            ("Europe/Paris", Timestamp::parse("2026-06-02T05:00:00Z")),
            ("America/New_York", None),
            ("Mars/Olympus", Timestamp::parse("2026-06-02T07:00:00Z")),
        ] {
            user.display.insert("timezone".into(), zone.into());
            assert_eq!(user.quiet_until(now), until, "{zone}");
        }
    }

    #[test]
    fn the_name_is_contract_1_s_or_made_of_contract_3_s() {
        let mut user = User::new(UserId::random(), Timestamp::from_millis(0));
        assert_eq!(user.shown_name(), None);
        user.last_name = Some("Lovelace".into());
        assert_eq!(user.shown_name().as_deref(), Some("Lovelace"));
        user.first_name = Some("Ada".into());
        assert_eq!(user.shown_name().as_deref(), Some("Ada Lovelace"));
        user.name = Some("Countess".into());
        assert_eq!(user.shown_name().as_deref(), Some("Countess"));
    }
}

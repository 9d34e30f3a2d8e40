//! The smallest parts of a change of a user.

use crate::domain::{
    Channel, Endpoint, Provider, QuietHours, Scope, Settings, Timestamp, User, display::Preference, handle::Switch,
    json::Object, merge::merge, user::Text,
};

/// A change of one field of a user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Edit<'a> {
    /// A text is set, or cleared with `None`.
    Text(Text, Option<&'a str>),
    /// A channel is switched.
    Channel(Channel, bool),
    /// Contract 3's `web_push` is switched.
    WebPush(bool),
    /// The list of teams is replaced.
    Teams(&'a [String]),
    /// A group is opted into or out of.
    Group(&'a str, bool),
    /// A display preference is set, or with `None` gets its default again.
    Display(Preference, Option<&'a str>),
    /// The quiet hours are set, or removed with `None`.
    Quiet(Option<&'a QuietHours>),
    /// This patch is merged into the custom fields.
    Custom(&'a Object),
    /// A preference of a single group is switched.
    Handle(&'a str, Switch, bool),
    /// The settings for a configured channel are created or replaced; with `None` they are removed.
    Endpoint {
        /// The channel's id.
        channel_id: &'a str,
        /// The provider of the settings, and the settings.
        settings: Option<(Provider, &'a Settings)>,
    },
    /// All preference links that the user has are ended.
    EndLinks,
}

impl<'a> Edit<'a> {
    /// The scope that an application's key needs for the edit. It follows from what is changed, whatever the path or the
    /// body that the edit came by.
    pub fn scope(self) -> Scope {
        match self {
            Self::Endpoint { channel_id: _, settings: _ } => Scope::ChannelSettingsWrite,
            Self::Text(..)
            | Self::Channel(..)
            | Self::WebPush(_)
            | Self::Teams(_)
            | Self::Group(..)
            | Self::Display(..)
            | Self::Quiet(_)
            | Self::Custom(_)
            | Self::Handle(..)
            | Self::EndLinks => Scope::UsersWrite,
        }
    }

    /// The device tokens that the edit registers for its user, whatever the path or the body that the edit came by.
    pub(super) fn tokens(self) -> Vec<&'a str> {
        match self {
            Self::Text(Text::PushToken, token) => token.into_iter().collect(),
            Self::Endpoint { channel_id: _, settings: Some((_, settings)) } => {
                settings.device_tokens.iter().map(String::as_str).collect()
            }
            Self::Endpoint { channel_id: _, settings: None }
            | Self::Text(..)
            | Self::Channel(..)
            | Self::WebPush(_)
            | Self::Teams(_)
            | Self::Group(..)
            | Self::Display(..)
            | Self::Quiet(_)
            | Self::Custom(_)
            | Self::Handle(..)
            | Self::EndLinks => Vec::new(),
        }
    }

    /// Makes the edit in `user`, at the time `at`.
    pub(super) fn apply(self, user: &mut User, at: Timestamp) {
        match self {
            Self::Text(text, value) => *user.text_mut(text) = value.map(str::to_owned),
            Self::Channel(channel, on) => drop(user.channels.insert(channel, on)),
            Self::WebPush(on) => user.web_push = Some(on),
            Self::Teams(teams) => user.teams = teams.to_vec(),
            Self::Group(group, is_in) => drop(user.groups.insert(group.to_owned(), is_in)),
            Self::Display(preference, None) => drop(user.display.remove(preference.name())),
            Self::Display(preference, Some(value)) => {
                user.display.insert(preference.name().to_owned(), value.to_owned());
            }
            Self::Quiet(hours) => user.quiet = hours.cloned(),
            Self::Custom(patch) => merge(&mut user.custom, patch),
            Self::Handle(handle, switch, on) => user.handles.entry(handle.to_owned()).or_default().set(switch, on),
            Self::Endpoint { channel_id, settings: None } => drop(user.endpoints.remove(channel_id)),
            Self::Endpoint { channel_id, settings: Some((provider, settings)) } => {
                let created_at = user.endpoints.get(channel_id).map_or(at, |endpoint| endpoint.created_at);
                let endpoint =
                    Endpoint { provider, settings: settings.clone(), created_at, updated_at: at, gone_at: None };
                user.endpoints.insert(channel_id.to_owned(), endpoint);
            }
            Self::EndLinks => user.links_ended = user.links_ended.saturating_add(1),
        }
    }
}

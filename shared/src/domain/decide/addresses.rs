//! The addresses of a user, by the channels that could carry a message to them.

use super::outcome::{LookedUp, Route, ToLookUp};
use crate::domain::{
    AddressKind, ConfiguredChannel, DeviceOwner, EmailAddress, Endpoint, Provider, User, suppression::comparable,
};

/// The addresses to send to.
pub(super) struct Found {
    /// The channels by which the user can be reached.
    pub routes: Vec<Route>,
    /// The number of suppressed addresses: mail to them came back, or their owner complained about it.
    pub suppressed: usize,
    /// The number of devices that another user has registered since.
    pub handed_on: usize,
    /// The number of endpoints that are switched off, because their address is gone.
    pub gone: usize,
}

/// Every configured channel of `through` with the user's addresses on it. Channels without an address are left out. An
/// address is suppressed if it was looked up as such, or in the user, where suppressions were once stored. A device without
/// an owner was registered before owners were stored: it is sent to.
pub(super) fn find(user: &User, through: &[&ConfiguredChannel], looked_up: &LookedUp) -> Found {
    let LookedUp { suppressed, owners } = looked_up;
    let mut found = Found { routes: Vec::new(), suppressed: 0, handed_on: 0, gone: 0 };
    for configured in through {
        if endpoint(user, configured).is_some_and(|endpoint| endpoint.gone_at.is_some()) {
            found.gone += 1;
            continue;
        }
        let mut addresses = addresses(user, configured, push_token_provider(through));
        let all = addresses.len();
        match configured.provider.address_kind() {
            AddressKind::Email => {
                addresses.retain(|address| {
                    let address = comparable(address);
                    !user.suppressed.contains_key(&address) && !suppressed.contains_key(&address)
                });
                found.suppressed += all - addresses.len();
            }
            AddressKind::DeviceTokens => {
                addresses
                    .retain(|token| owners.get(token).is_none_or(|owner| *owner == DeviceOwner::of(user.id, token)));
                found.handed_on += all - addresses.len();
            }
            AddressKind::SlackId | AddressKind::Phone | AddressKind::Url | AddressKind::UserId => {}
        }
        if !addresses.is_empty() {
            found.routes.push(Route { through: (*configured).clone(), addresses });
        }
    }
    found
}

/// The user's addresses on these channels that have to be looked up.
pub(super) fn to_look_up(user: &User, through: &[&ConfiguredChannel]) -> ToLookUp {
    let of_push_token = push_token_provider(through);
    let of = |configured: &&ConfiguredChannel| {
        let all = addresses(user, configured, of_push_token).into_iter();
        match configured.provider.address_kind() {
            AddressKind::Email => ToLookUp { emails: all.map(|one| comparable(&one)).collect(), ..ToLookUp::default() },
            AddressKind::DeviceTokens => ToLookUp { tokens: all.collect(), ..ToLookUp::default() },
            AddressKind::SlackId | AddressKind::Phone | AddressKind::Url | AddressKind::UserId => ToLookUp::default(),
        }
    };
    through.iter().map(of).collect()
}

/// The provider that contract 1's push token belongs to: FCM, or APNs where no FCM channel is configured.
fn push_token_provider(through: &[&ConfiguredChannel]) -> Provider {
    let has_fcm = through.iter().any(|configured| configured.provider == Provider::Fcm);
    if has_fcm { Provider::Fcm } else { Provider::Apns }
}

/// The user's settings for a configured channel, unless they are of another provider.
fn endpoint<'u>(user: &'u User, through: &ConfiguredChannel) -> Option<&'u Endpoint> {
    user.endpoints.get(&through.id).filter(|endpoint| endpoint.provider == through.provider)
}

/// The user's addresses on a configured channel. The user's settings for that channel come before the profile: an email
/// address in the settings replaces the profile's. On a channel of the provider `of_push_token`, contract 1's push token is
/// added to the device tokens of the settings.
fn addresses(user: &User, through: &ConfiguredChannel, of_push_token: Provider) -> Vec<String> {
    let settings = endpoint(user, through).map(|endpoint| &endpoint.settings);
    match through.provider.address_kind() {
        AddressKind::Email => {
            let address = settings.and_then(|e| e.address.clone()).or_else(|| user.email.clone());
            // An address that is refused today may have been stored before.
            address.into_iter().filter(|address| EmailAddress::parse(address).is_some()).collect()
        }
        AddressKind::DeviceTokens => {
            let mut tokens = settings.map(|s| s.device_tokens.clone()).unwrap_or_default();
            let profile_s = user.push_token.as_ref().filter(|_| through.provider == of_push_token);
            tokens.extend(profile_s.filter(|token| !tokens.contains(token)).cloned());
            tokens
        }
        AddressKind::SlackId => {
            settings.and_then(|e| e.slack_channel_id.clone().or_else(|| e.slack_user_id.clone())).into_iter().collect()
        }
        AddressKind::Phone => {
            settings.and_then(|e| e.phone.clone()).or_else(|| user.phone.clone()).into_iter().collect()
        }
        AddressKind::Url => settings.and_then(|e| e.url.clone()).into_iter().collect(),
        AddressKind::UserId => vec![user.id.to_string()],
    }
}

//! The addresses of a user, by the channels that could carry a message to them.

use super::outcome::Route;
use crate::domain::{
    AddressKind, ConfiguredChannel, EmailAddress, Endpoint, Provider, Suppressed, User, suppression::comparable,
};

/// The addresses to send to.
pub(super) struct Found {
    /// The channels by which the user can be reached.
    pub routes: Vec<Route>,
    /// The number of suppressed addresses: mail to them came back, or their owner complained about it.
    pub suppressed: usize,
    /// The number of endpoints that are switched off, because their address is gone.
    pub gone: usize,
}

/// Every configured channel of `through` with the user's addresses on it. Channels without an address are left out. An
/// address is suppressed if it is in `suppressed`, or in the user, where suppressions were once stored.
pub(super) fn find(user: &User, through: &[&ConfiguredChannel], suppressed: &Suppressed) -> Found {
    let mut found = Found { routes: Vec::new(), suppressed: 0, gone: 0 };
    for configured in through {
        if endpoint(user, configured).is_some_and(|endpoint| endpoint.gone_at.is_some()) {
            found.gone += 1;
            continue;
        }
        let mut addresses = addresses(user, configured, push_token_provider(through));
        if configured.provider.address_kind() == AddressKind::Email {
            let all = addresses.len();
            addresses.retain(|address| {
                let address = comparable(address);
                !user.suppressed.contains_key(&address) && !suppressed.contains_key(&address)
            });
            found.suppressed += all - addresses.len();
        }
        if !addresses.is_empty() {
            found.routes.push(Route { through: (*configured).clone(), addresses });
        }
    }
    found
}

/// The user's email addresses on these channels, in the form for comparisons.
pub(super) fn of_email(user: &User, through: &[&ConfiguredChannel]) -> Vec<String> {
    let by_email = through.iter().filter(|configured| configured.provider.address_kind() == AddressKind::Email);
    let of_push_token = push_token_provider(through);
    by_email.flat_map(|configured| addresses(user, configured, of_push_token)).map(|a| comparable(&a)).collect()
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

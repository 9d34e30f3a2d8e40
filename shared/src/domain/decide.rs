//! The decision: does this notification go out to this user on this channel, now?

use super::{
    Channel, ConfiguredChannel, Notification, Provider, Reason,
    user::{User, UserRecord},
};

/// What is to be done with a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Send it so.
    Send(Plan),
    /// Do not send it, and record why.
    Skip(Reason),
}

/// Through whom, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The configured channel that carries it.
    pub through: ConfiguredChannel,
    /// The addresses: email addresses or device tokens, none twice.
    pub addresses: Vec<String>,
}

/// Decides for one channel, in the order that the contracts lay down: the user exists, the channel is not off, the group
/// is not out, somebody can send it, there is an address. A critical notification passes the user's own refusals.
pub fn decide(
    user: Option<&UserRecord>,
    configured: &[ConfiguredChannel],
    notification: &Notification,
    channel: Channel,
) -> Decision {
    let user = match user {
        None => return Decision::Skip(Reason::UserNotFound),
        Some(UserRecord::Erased) => return Decision::Skip(Reason::UserErased),
        Some(UserRecord::Present(user)) => user,
    };
    if !notification.critical {
        if user.channels.get(&channel) == Some(&false) {
            return Decision::Skip(Reason::ChannelOff);
        }
        let out = |group: &String| {
            let handle = user.handles.get(group);
            user.groups.get(group) == Some(&false) || handle.is_some_and(|handle| handle.refuses(channel))
        };
        if notification.group.as_ref().is_some_and(out) {
            return Decision::Skip(Reason::GroupOptedOut);
        }
    }
    // Of several channels of one type, the first through which the user can be reached.
    let mut through = configured.iter().filter(|c| c.provider.channel() == Some(channel)).peekable();
    if through.peek().is_none() {
        return Decision::Skip(Reason::NoProvider);
    }
    through
        .map(|configured| Plan { addresses: addresses(user, configured), through: configured.clone() })
        .find(|plan| !plan.addresses.is_empty())
        .map_or(Decision::Skip(Reason::NoAddress), Decision::Send)
}

/// The user's addresses on a configured channel. A channel's own settings come before the profile: the email address
/// that was given for it, the device tokens, to which contract 1's one push token is added.
fn addresses(user: &User, through: &ConfiguredChannel) -> Vec<String> {
    let endpoint = user.endpoints.get(&through.id).filter(|e| e.provider == through.provider);
    let settings = endpoint.map(|endpoint| &endpoint.settings);
    match through.provider {
        Provider::Email => {
            settings.and_then(|e| e.address.clone()).or_else(|| user.email.clone()).into_iter().collect()
        }
        Provider::Fcm => {
            let mut tokens = settings.map(|s| s.device_tokens.clone()).unwrap_or_default();
            tokens.extend(user.push_token.clone().filter(|token| !tokens.contains(token)));
            tokens
        }
        Provider::Apns => settings.map(|s| s.device_tokens.clone()).unwrap_or_default(),
        Provider::Slack => {
            settings.and_then(|e| e.slack_channel_id.clone().or_else(|| e.slack_user_id.clone())).into_iter().collect()
        }
        Provider::Sms => settings.and_then(|e| e.phone.clone()).or_else(|| user.phone.clone()).into_iter().collect(),
        Provider::Webhook => settings.and_then(|e| e.url.clone()).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::domain::{ChannelType, Content, Endpoint, Handle, NotificationId, Settings, Timestamp, UserId};

    fn user() -> User {
        User {
            name: Some("John Doe".into()),
            email: Some("john@example.com".into()),
            push_token: Some("token".into()),
            version: 1,
            ..User::new(UserId::random(), Timestamp::from_millis(0))
        }
    }

    fn notification(user: &User) -> Notification {
        Notification {
            id: NotificationId::random(),
            user_id: user.id,
            channels: vec![Channel::Email],
            group: Some("news".into()),
            critical: false,
            priority: 3,
            content: Content::Inline { subject: None, title: None, body: "Hello".into() },
            metadata: Map::new(),
            created_at: Timestamp::from_millis(0),
            kept_until: Timestamp::from_millis(0),
        }
    }

    fn configured(id: &str, provider: Provider) -> ConfiguredChannel {
        ConfiguredChannel { id: id.into(), name: id.into(), provider, secret: None }
    }

    fn all() -> Vec<ConfiguredChannel> {
        vec![configured("mail", Provider::Email), configured("android", Provider::Fcm)]
    }

    fn decide_for(user: User, change: impl FnOnce(&mut Notification), channel: Channel) -> Decision {
        let mut notification = notification(&user);
        change(&mut notification);
        decide(Some(&UserRecord::Present(Box::new(user))), &all(), &notification, channel)
    }

    fn sent_to(decision: Decision) -> Vec<String> {
        match decision {
            Decision::Send(plan) => plan.addresses,
            Decision::Skip(reason) => panic!("skipped: {reason:?}"),
        }
    }

    #[test]
    fn what_was_never_set_is_in() {
        assert_eq!(sent_to(decide_for(user(), |_| {}, Channel::Email)), ["john@example.com"]);
    }

    #[test]
    fn a_channel_that_is_off_stops_it_and_only_there() {
        let mut off = user();
        off.channels.insert(Channel::Email, false);
        off.channels.insert(Channel::Push, true);
        assert_eq!(decide_for(off.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::ChannelOff));
        assert_eq!(sent_to(decide_for(off, |_| {}, Channel::Push)), ["token"]);
    }

    #[test]
    fn a_group_that_is_out_stops_it() {
        let mut out = user();
        out.groups.insert("news".into(), false);
        assert_eq!(decide_for(out.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::GroupOptedOut));
        assert_eq!(sent_to(decide_for(out, |n| n.group = None, Channel::Email)).len(), 1);
    }

    #[test]
    fn a_handle_that_is_not_enabled_stops_its_group() {
        let mut out = user();
        out.handles.insert("news".into(), Handle { enabled: Some(false), ..Handle::default() });
        assert_eq!(decide_for(out.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::GroupOptedOut));
        assert_eq!(decide_for(out.clone(), |_| {}, Channel::Push), Decision::Skip(Reason::GroupOptedOut));
        assert_eq!(sent_to(decide_for(out.clone(), |n| n.group = Some("other".into()), Channel::Email)).len(), 1);
        assert_eq!(sent_to(decide_for(out.clone(), |n| n.critical = true, Channel::Email)).len(), 1);
        out.handles.insert("news".into(), Handle { enabled: Some(true), ..Handle::default() });
        assert_eq!(sent_to(decide_for(out, |_| {}, Channel::Email)).len(), 1);
    }

    #[test]
    fn a_handle_s_channel_type_stops_that_channel_only() {
        let mut out = user();
        let types = [(ChannelType::Of(Channel::Push), false), (ChannelType::Of(Channel::Email), true)];
        out.handles.insert("news".into(), Handle { enabled: None, channel_types: types.into() });
        assert_eq!(decide_for(out.clone(), |_| {}, Channel::Push), Decision::Skip(Reason::GroupOptedOut));
        assert_eq!(sent_to(decide_for(out, |_| {}, Channel::Email)).len(), 1);
    }

    #[test]
    fn a_handle_does_not_overrule_an_opt_out_of_the_group() {
        let mut out = user();
        out.groups.insert("news".into(), false);
        out.handles.insert("news".into(), Handle { enabled: Some(true), ..Handle::default() });
        assert_eq!(decide_for(out, |_| {}, Channel::Email), Decision::Skip(Reason::GroupOptedOut));
    }

    #[test]
    fn a_critical_one_passes_both() {
        let mut no = user();
        no.channels.insert(Channel::Email, false);
        no.groups.insert("news".into(), false);
        assert_eq!(sent_to(decide_for(no, |n| n.critical = true, Channel::Email)).len(), 1);
    }

    #[test]
    fn nobody_to_send_comes_before_nowhere_to_send_to() {
        let mut bare = user();
        bare.email = None;
        assert_eq!(decide_for(bare.clone(), |_| {}, Channel::Sms), Decision::Skip(Reason::NoProvider));
        assert_eq!(decide_for(bare, |_| {}, Channel::Email), Decision::Skip(Reason::NoAddress));
    }

    #[test]
    fn no_user_and_an_erased_one_are_told_apart() {
        let notification = notification(&user());
        let skip = |record| decide(record, &all(), &notification, Channel::Email);
        assert_eq!(skip(None), Decision::Skip(Reason::UserNotFound));
        assert_eq!(skip(Some(&UserRecord::Erased)), Decision::Skip(Reason::UserErased));
    }

    #[test]
    fn device_tokens_come_first_and_none_is_used_twice() {
        let mut many = user();
        let tokens = vec!["a".to_owned(), "token".to_owned()];
        let endpoint = Endpoint {
            provider: Provider::Fcm,
            settings: Settings { device_tokens: tokens.clone(), ..Settings::default() },
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        };
        many.endpoints.insert("android".into(), endpoint);
        assert_eq!(sent_to(decide_for(many, |_| {}, Channel::Push)), tokens);
    }
}

//! Changes of groups, for all kinds of callers: a known group belongs to contract 2, any other one is a handle of
//! contract 3. Each change is written to the place where the user's own dialect shows it and can undo it.

use shared::{
    domain::{
        Categories, Category, Channel, ChannelType, ConfiguredChannel, KnownGroups, Timestamp, User, UserChange,
        UserId, category,
    },
    store::{Precondition, Store, UpdateUserError},
};

/// What the deployment says of groups.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    /// Those of contract 2.
    pub known: &'a KnownGroups,
    /// The catalogue.
    pub categories: &'a Categories,
    /// The configured channels.
    pub configured: &'a [ConfiguredChannel],
}

/// One change: the user joins or leaves a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The group.
    pub group: String,
    /// Whether the user wants it.
    pub is_in: bool,
}

impl Groups<'_> {
    /// Whether the user is in this group, by the groups, the handles and its category together.
    pub fn is_in(self, user: &User, group: &str) -> bool {
        category::is_in(user, group, self.categories.get(group))
    }

    /// The channels by which a category's notifications come, and on which somebody can send: those that the category names, or each
    /// one; and one that the user has switched off for it.
    pub fn channels(self, category: &Category, user: &User) -> Vec<Channel> {
        let can_send = |channel: Channel| self.configured.iter().any(|one| one.channel() == Some(channel));
        let is_named = |channel: Channel| category.channels.as_ref().is_none_or(|own| own.contains(&channel));
        let is_off = |channel| self.is_off(user, &category.handle, channel);
        let all = Channel::ALL.into_iter().filter(|channel| can_send(*channel));
        all.filter(|channel| is_named(*channel) || is_off(*channel)).collect()
    }

    /// Whether the user has switched this channel off for a group, as far as its category allows that.
    pub fn is_off(self, user: &User, group: &str, channel: Channel) -> bool {
        let types = user.handles.get(group).map(|handle| &handle.channel_types);
        let is_off = types.is_some_and(|types| types.get(&ChannelType::Of(channel)) == Some(&false));
        is_off && !self.categories.is_required(group)
    }

    /// Writes `change` with these choices at `now`. `user` is the stored user, if the caller has read it: to let the user
    /// in again, each entry that keeps them out has to be changed.
    pub async fn write(
        self,
        store: &Store,
        id: UserId,
        (change, choices): (UserChange, &[Choice]),
        user: Option<&User>,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<User, UpdateUserError> {
        let with = |more_handles: bool| {
            let mut change = change.clone();
            if !more_handles {
                // A single channel of a group can stand nowhere else. The person who chooses has room that applications can't take.
                change.handles.as_persons();
            }
            choices.iter().for_each(|choice| self.add(&mut change, choice, user, more_handles));
            change
        };
        match store.update_user(id, &with(true), precondition, now).await {
            Err(UpdateUserError::TooLarge(_)) => store.update_user(id, &with(false), precondition, now).await,
            written => written,
        }
    }

    /// Adds one choice. If the user has the most handles that are allowed, a new handle's choice is stored with the groups. Only an
    /// opt-in to an opt-in category needs a new entry: elsewhere, who has none is in.
    fn add(self, change: &mut UserChange, choice: &Choice, user: Option<&User>, more_handles: bool) {
        let Choice { group, is_in } = choice;
        let is_known = self.known.names().contains(group);
        let in_groups = user.is_some_and(|user| user.groups.contains_key(group));
        let in_handles = user.and_then(|user| user.handles.get(group)).is_some_and(|handle| handle.enabled.is_some());
        let is_opt_in = match self.categories.get(group) {
            Some(category) => !category.default_in,
            None => self.categories.is_unreadable(group),
        };
        let (as_group, as_handle) = if *is_in && (in_groups || in_handles || is_known || !is_opt_in) {
            (is_known || in_groups, in_handles)
        } else {
            let as_handle = !is_known && (in_handles || more_handles);
            (!as_handle, as_handle)
        };
        if as_group {
            change.groups.insert(group.clone(), *is_in);
        }
        if as_handle {
            change.handles.enable(group, *is_in);
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{Handle, Provider};

    use super::*;

    #[test]
    fn an_opt_in_is_written_where_the_user_had_a_choice_and_as_a_new_one_only_if_the_category_is_opt_in() {
        let known = KnownGroups::with_custom("billing").unwrap();
        let opt_in = Category { default_in: false, ..Category::new("offers") };
        let categories = [opt_in, Category::new("news")].into_iter().collect();
        let groups = Groups { known: &known, categories: &categories, configured: &[] };
        let mut user = User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH);
        let written = |user: &User, group: &str, is_in, more_handles| {
            let mut change = UserChange::default();
            groups.add(&mut change, &Choice { group: group.into(), is_in }, Some(user), more_handles);
            let handles = change.handles.iter().map(|(handle, _, on)| format!("handle {handle} {on}"));
            let groups = change.groups.iter().map(|(group, is_in)| format!("group {group} {is_in}"));
            groups.chain(handles).collect::<Vec<_>>().join(", ")
        };
        for (group, is_in, more_handles, expected) in [
            ("offers", true, true, "handle offers true"),
            ("offers", true, false, "group offers true"),
            ("offers", false, true, "handle offers false"),
            ("news", true, true, ""),
            ("news", false, true, "handle news false"),
            ("news", false, false, "group news false"),
            ("billing", true, true, "group billing true"),
        ] {
            assert_eq!(written(&user, group, is_in, more_handles), expected, "{group} {is_in} {more_handles}");
        }
        user.groups.insert("offers".into(), false);
        user.handles.insert("offers".into(), Handle { enabled: Some(false), ..Handle::default() });
        assert_eq!(written(&user, "offers", true, true), "group offers true, handle offers true");
    }

    #[test]
    fn a_category_comes_by_the_channels_that_it_names_and_somebody_can_send_on() {
        let known = KnownGroups::with_custom("").unwrap();
        let named = Category { channels: Some(vec![Channel::Sms, Channel::Push]), ..Category::new("named") };
        let all = Category::new("all");
        let required = Category { required: true, ..Category::new("required") };
        let categories = [named.clone(), all.clone(), required.clone()].into_iter().collect();
        let configured = [Provider::Email, Provider::Fcm, Provider::Apns, Provider::Webhook];
        let configured = configured.map(|provider| ConfiguredChannel::new(provider.as_str(), provider));
        let groups = Groups { known: &known, categories: &categories, configured: &configured };
        let mut user = User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH);
        assert_eq!(groups.channels(&named, &user), [Channel::Push]);
        assert_eq!(groups.channels(&all, &user), [Channel::Email, Channel::Push]);
        // What a user has switched off can be switched on again, also if the category does not name it any more.
        for handle in ["named", "required"] {
            let off = [Channel::Email, Channel::Sms].map(|channel| (ChannelType::Of(channel), false));
            user.handles.insert(handle.into(), Handle { channel_types: off.into(), ..Handle::default() });
        }
        assert_eq!(groups.channels(&named, &user), [Channel::Email, Channel::Push]);
        assert!(groups.is_off(&user, "named", Channel::Email) && !groups.is_off(&user, "required", Channel::Email));
    }
}

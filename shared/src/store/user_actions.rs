//! A change of a user as actions on the item. [`UserChange::apply`] does the same list of edits to a domain user.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    custom::CustomWrite,
    error::StoreError,
    expression::{Action, Path},
    handles, number, quiet, records, string,
    table::{UPDATED_AT, VERSION},
    user_item::{
        CHANNELS, DISPLAY, ENDPOINTS, ENDPOINTS_CREATED, EndpointItem, GROUPS, HANDLES, LINKS_ENDED, PUSH_TOKEN_AT,
        QUIET, TEAMS, attribute,
    },
};
use crate::domain::{ChannelType, Provider, Settings, Timestamp, UserChange, user::Text, user_change::Edit};

/// All actions of a change at the time `at`. `custom` says how the custom fields are written.
pub(super) fn actions(change: &UserChange, custom: &CustomWrite, at: Timestamp) -> Result<Vec<Action>, StoreError> {
    let mut actions = Vec::new();
    for edit in change.edits() {
        match edit {
            Edit::Text(text, value) => {
                actions.push(text_at(attribute(text).into(), value));
                actions.extend((text == Text::PushToken).then(|| registered(value.is_some(), at)));
            }
            Edit::Channel(channel, on) => actions.push(flag_at([CHANNELS, channel.as_str()].into(), on)),
            Edit::WebPush(on) => actions.push(flag_at([CHANNELS, ChannelType::WebPush.as_str()].into(), on)),
            Edit::Teams(teams) => {
                let teams = AttributeValue::L(teams.iter().map(string).collect());
                actions.push(Action::Set(TEAMS.into(), teams));
            }
            Edit::Group(group, is_in) => actions.push(flag_at([GROUPS, group].into(), is_in)),
            Edit::Display(preference, value) => actions.push(text_at([DISPLAY, preference.name()].into(), value)),
            Edit::Quiet(hours) => actions.push(Action::Set(QUIET.into(), quiet::map(hours))),
            Edit::Custom(patch) => actions.extend(custom.actions(patch)),
            Edit::Handle(handle, switch, on) => {
                actions.push(flag_at([HANDLES, &handles::key(handle, switch)].into(), on));
            }
            Edit::Endpoint { channel_id, settings: None } => actions.extend(remove_endpoint(channel_id)),
            Edit::Endpoint { channel_id, settings: Some((provider, settings)) } => {
                actions.extend(put_endpoint(channel_id, provider, settings, at)?);
            }
            Edit::EndLinks => actions.push(Action::Add(LINKS_ENDED.into(), 1)),
        }
    }
    Ok(actions)
}

/// What every update does: the version rises by one, and the item gets the time `now`. `None` keeps the item's time,
/// because it is later.
pub(super) fn stamp(now: Option<Timestamp>) -> Vec<Action> {
    let mut actions = vec![Action::Add(VERSION.into(), 1)];
    actions.extend(now.map(|now| Action::Set(UPDATED_AT.into(), number(now.millis()))));
    actions
}

/// The actions that remove the settings for a configured channel.
pub(super) fn remove_endpoint(channel_id: &str) -> [Action; 2] {
    [ENDPOINTS, ENDPOINTS_CREATED].map(|map| Action::Remove([map, channel_id].into()))
}

fn put_endpoint(
    channel_id: &str,
    provider: Provider,
    settings: &Settings,
    at: Timestamp,
) -> Result<[Action; 2], StoreError> {
    let item = records::write(&EndpointItem::new(provider, settings, at))?;
    Ok([
        Action::Set([ENDPOINTS, channel_id].into(), AttributeValue::M(item)),
        Action::SetIfMissing([ENDPOINTS_CREATED, channel_id].into(), number(at.millis())),
    ])
}

/// Sets the time at which the push token is registered, or removes it with the token.
fn registered(is_set: bool, at: Timestamp) -> Action {
    if is_set { Action::Set(PUSH_TOKEN_AT.into(), number(at.millis())) } else { Action::Remove(PUSH_TOKEN_AT.into()) }
}

fn text_at(path: Path, value: Option<&str>) -> Action {
    match value {
        Some(value) => Action::Set(path, string(value)),
        None => Action::Remove(path),
    }
}

fn flag_at(path: Path, on: bool) -> Action {
    Action::Set(path, AttributeValue::Bool(on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            Field, User, UserId,
            user_change::{DisplayChange, ProfileChange},
        },
        store::{Item, user_item::UserItem},
    };

    /// A change of the fields of [`UserChange::of_everything`] that can be cleared: it clears them.
    fn of_nothing() -> UserChange {
        let UserChange { channels, groups, endpoints, .. } = UserChange::of_everything();
        UserChange {
            push_token: Field::Null,
            channels,
            groups,
            teams: Some(vec![]),
            display: DisplayChange {
                date_time_format: Field::Null,
                timezone: Field::Null,
                language: Field::Null,
                measurement_unit: Field::Null,
                theme: Field::Null,
            },
            quiet: Field::Null,
            profile: ProfileChange {
                first_name: Field::Null,
                last_name: Field::Null,
                phone: Field::Null,
                avatar: Field::Null,
            },
            no_endpoints: endpoints.into_keys().collect(),
            ..UserChange::default()
        }
    }

    /// Does the change to the item by its actions and to the user by its edits, and asserts that the results are equal.
    fn both(item: &mut Item, user: &mut User, change: &UserChange, at: Timestamp) {
        let seen = UserItem::read(item.clone()).unwrap();
        let custom = CustomWrite::Unseen.fit(&change.custom, seen.custom.as_ref()).unwrap();
        for action in actions(change, &custom, at).unwrap() {
            action.apply(item).unwrap();
        }
        change.apply(user, at);
        assert_eq!(UserItem::read(item.clone()).unwrap().into_user().unwrap(), *user);
    }

    #[test]
    fn the_item_becomes_what_the_user_becomes() {
        let (id, at) = (UserId::random(), Timestamp::from_millis(7));
        let mut item = UserItem::new(id, Timestamp::EPOCH).write().unwrap();
        let mut user = User::new(id, Timestamp::EPOCH);
        both(&mut item, &mut user, &UserChange::of_everything(), at);
        let written = user.clone();
        both(&mut item, &mut user, &UserChange::of_everything(), Timestamp::from_millis(8));
        assert_ne!(user, written, "an endpoint that is replaced has another time");
        both(&mut item, &mut user, &of_nothing(), at);
        assert_eq!((user.phone, user.quiet, user.endpoints.len(), user.display.len()), (None, None, 0, 0));
    }

    #[test]
    fn every_edit_is_an_action_on_its_own_place() {
        let change = UserChange::of_everything();
        let all = actions(&change, &CustomWrite::Unseen, Timestamp::EPOCH).unwrap();
        let paths: Vec<_> = all
            .iter()
            .map(|action| match action {
                Action::Set(path, _) | Action::SetIfMissing(path, _) | Action::Add(path, _) | Action::Remove(path) => {
                    path
                }
                Action::SetFrom(..) => panic!("{action:?}"),
            })
            .collect();
        for (index, path) in paths.iter().enumerate() {
            assert!(!paths[..index].contains(path), "{path:?} is written twice");
        }
        for path in [
            Path::from("name"),
            "push_token_at".into(),
            ["channels", "email"].into(),
            ["channels", "web_push"].into(),
            ["groups", "size"].into(),
            ["display", "timezone"].into(),
            "quiet".into(),
            ["custom", "a", "b.c"].into(),
            ["handles", "enabled:news"].into(),
            ["handles", "web_push:a:b.c"].into(),
            ["endpoints_created", "c"].into(),
            ["endpoints", "old"].into(),
        ] {
            assert!(paths.contains(&&path), "{path:?} is not written");
        }
    }
}

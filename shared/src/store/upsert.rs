//! Users by contract 3: changed where they are, created where they are not, afresh where they were erased.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Condition, Item, Key, Precondition, Store, StoreError, UpdateUserError, UserChange,
    custom::CUSTOM,
    handles::{self, HANDLES},
    json, number,
    quiet::{self, QUIET},
    records::{self, EndpointItem, UserItem},
    table,
    users::{Bounded, MOST_ROUNDS},
};
use crate::domain::{ChannelType, Timestamp, User, UserId, custom};

/// A user who was changed or created.
#[derive(Clone, Debug, PartialEq)]
pub struct Upserted {
    /// The user afterwards.
    pub user: User,
    /// Whether there was none before.
    pub created: bool,
}

impl Store {
    /// Changes a user, or creates one with what the change says: all of it or nothing. `external_id` is kept with a new
    /// user. One write where the user is there; where not, a refused write and a put.
    pub async fn upsert_user(
        &self,
        id: UserId,
        external_id: Option<&str>,
        change: &UserChange,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<Upserted, UpdateUserError> {
        for _ in 0..MOST_ROUNDS {
            let erased = match self.update_user(id, change, precondition, now).await {
                Ok(user) => return Ok(Upserted { user, created: false }),
                // Who names a version wants to change what he read.
                Err(UpdateUserError::NotFound | UpdateUserError::Erased) if precondition.is_some() => {
                    return Err(UpdateUserError::Stale);
                }
                Err(UpdateUserError::NotFound) => None,
                Err(UpdateUserError::Erased) => match self.tombstone(id).await? {
                    Some(tombstone) if tombstone.erasing.is_none() => Some(tombstone.version),
                    // What is left of the old user goes first, or it would become the new one's.
                    Some(_) => {
                        match self.erase_user(id, None, now).await {
                            Ok(()) | Err(UpdateUserError::Erased) => continue,
                            Err(error) => return Err(error),
                        };
                    }
                    None => continue,
                },
                Err(error) => return Err(error),
            };
            if let Some(user) = self.put_user(id, external_id, change, erased, now).await? {
                return Ok(Upserted { user, created: true });
            }
        }
        Err(StoreError::Unavailable("others keep changing this user".into()).into())
    }

    async fn tombstone(&self, id: UserId) -> Result<Option<UserItem>, StoreError> {
        let item = self.get(&Key::user(id)).await?.map(UserItem::read).transpose()?;
        Ok(item.filter(|item| item.erased_at.is_some()))
    }

    /// Puts a new user, over a tombstone of this version where there was one; `None` where somebody else was there first.
    async fn put_user(
        &self,
        id: UserId,
        external_id: Option<&str>,
        change: &UserChange,
        erased: Option<u64>,
        now: Timestamp,
    ) -> Result<Option<User>, UpdateUserError> {
        let mut user = User { external_id: external_id.map(str::to_owned), ..User::new(id, now) };
        change.apply(&mut user, now);
        if custom::bytes(&user.custom) > custom::MOST_BYTES {
            return Err(UpdateUserError::TooLarge(Bounded::Custom));
        }
        // A version never names two states, not even across an erasure.
        user.version = erased.map_or(1, |version| version + 1);
        let vacant = match erased {
            None => Condition::Missing(table::PK.into()),
            Some(version) => Condition::All(vec![
                Condition::Exists(table::ERASED_AT.into()),
                Condition::Equals(table::VERSION.into(), number(version)),
                Condition::Missing("erasing".into()),
            ]),
        };
        Ok(self.put_if(item(&user)?, &vacant).await?.then_some(user))
    }
}

/// A user's whole item.
fn item(user: &User) -> Result<Item, StoreError> {
    let key = Key::user(user.id);
    let mut channels: std::collections::BTreeMap<_, _> =
        user.channels.iter().map(|(channel, on)| (channel.as_str().to_owned(), *on)).collect();
    channels.extend(user.web_push.map(|on| (ChannelType::WebPush.as_str().to_owned(), on)));
    let endpoints = user.endpoints.iter();
    let record = UserItem {
        pk: key.pk,
        sk: key.sk,
        owner: Some(table::USERS.into()),
        at: Some(table::user_at(user.id, user.created_at)),
        name: user.name.clone(),
        email: user.email.clone(),
        push_token: user.push_token.clone(),
        channels,
        groups: user.groups.clone(),
        display: user.display.clone(),
        external_id: user.external_id.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        phone: user.phone.clone(),
        avatar: user.avatar.clone(),
        custom_bytes: u64::try_from(custom::bytes(&user.custom)).unwrap_or(u64::MAX),
        endpoints: endpoints
            .clone()
            .map(|(id, e)| (id.clone(), EndpointItem::new(e.provider, &e.settings, e.updated_at)))
            .collect(),
        endpoints_created: endpoints.map(|(id, endpoint)| (id.clone(), endpoint.created_at.millis())).collect(),
        teams: user.teams.clone(),
        org: user.org.clone(),
        version: user.version,
        created_at: user.created_at.millis(),
        updated_at: user.updated_at.millis(),
        ..UserItem::default()
    };
    let mut item: HashMap<String, AttributeValue> = records::write(&record)?;
    item.extend(records::empty_maps());
    item.insert(QUIET.into(), quiet::map(user.quiet.as_ref()));
    item.insert(CUSTOM.into(), json::map(&user.custom));
    item.insert(HANDLES.into(), handles::write(&user.handles));
    Ok(item)
}

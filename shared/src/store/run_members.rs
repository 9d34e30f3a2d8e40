//! Who of a run's recipients gets its notification.

use std::collections::HashMap;

use super::{
    Item, Key, Store, StoreError,
    reads::{keyed, text},
    subscription_keys::{GENERATION, USER_SINCE, is_good},
    subscriptions::since,
    table,
    user_item::{CREATED_AT, ORG},
};
use crate::domain::{
    Run, TopicId, UserId,
    notification::latest,
    run::{Audience, LeftOut},
    topic::Generation,
};

/// The attributes of users and subscriptions that tell who is a recipient of a run: a whole user may have 336 KB.
const OF_MEMBERS: &[&str] =
    &[table::PK, table::SK, ORG, table::ERASED_AT, CREATED_AT, table::EXPIRES_AT, GENERATION, USER_SINCE];

impl Store {
    /// Users and subscriptions, by key, strongly consistent, as far as they tell who is a recipient of a run.
    pub(super) async fn members(&self, keys: impl IntoIterator<Item = Key>) -> Result<HashMap<Key, Item>, StoreError> {
        let items = self.batch_get_of(keys, OF_MEMBERS).await?;
        Ok(keyed(items).collect())
    }

    /// Why a user would get no notification of the run if the user were expanded now, if so.
    pub async fn left_out(&self, run: &Run, user: UserId) -> Result<Option<LeftOut>, StoreError> {
        let (own, subscription) = (Key::user(user), run.audience.topic().map(|topic| Key::subscription(user, topic)));
        let items = self.members([Some(own.clone()), subscription.clone()].into_iter().flatten()).await?;
        let is_ended = match &run.audience {
            Audience::Topic { id, generation } => self.is_ended(id, *generation).await?,
            Audience::Named(_) => false,
        };
        let subscription = subscription.and_then(|key| items.get(&key));
        Ok(left_out_for(run, items.get(&own), subscription, is_ended))
    }

    pub(super) async fn is_ended(&self, topic: &TopicId, generation: Generation) -> Result<bool, StoreError> {
        Ok(self.topic(topic).await?.is_none_or(|topic| topic.generation != generation))
    }
}

/// Why this recipient gets no notification of the run, if so. Whoever was created since the run was accepted is none of its recipients: it was
/// meant for whoever had the id before, or for nobody.
pub(super) fn left_out_for(
    run: &Run,
    user: Option<&Item>,
    subscription: Option<&Item>,
    is_ended: bool,
) -> Option<LeftOut> {
    let Some(user) = user else { return Some(LeftOut::UserNotFound) };
    if user.contains_key(table::ERASED_AT) {
        return Some(LeftOut::UserErased);
    }
    let is_elsewhere = run.org.as_deref().is_some_and(|org| text(user, ORG) != Some(org));
    if is_elsewhere {
        return Some(LeftOut::Elsewhere);
    }
    let Some(since) = since(user).filter(|since| *since <= latest(run.spec.created_at)) else {
        return Some(LeftOut::UserNotFound);
    };
    let Audience::Topic { id: _, generation } = &run.audience else { return None };
    let is_subscribed = subscription.is_some_and(|own| is_good(own, *generation, since));
    (is_ended || !is_subscribed).then_some(LeftOut::NotSubscribed)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::Timestamp,
        store::{
            number,
            run_item::tests::{of_topic, run},
            string,
            user_item::UserItem,
        },
    };

    #[test]
    fn who_is_not_there_or_elsewhere_or_not_subscribed_gets_nothing_and_each_has_a_reason() {
        let id = UserId::from_bytes([1; 16]);
        let of = |org: Option<&str>| {
            UserItem { org: org.map(str::to_owned), ..UserItem::new(id, Timestamp::EPOCH) }.write().unwrap()
        };
        let subscription = |generation: &str, since: i64| {
            Item::from([(GENERATION.to_owned(), string(generation)), (USER_SINCE.to_owned(), number(since))])
        };
        let (whole, acme) = (run(Audience::Named(1), None), run(Audience::Named(1), Some("acme")));
        let topic = run(of_topic(), None);
        let nil = uuid::Uuid::nil().to_string();
        let (good, older) = (subscription(&nil, 0), subscription("x", 0));
        let mut erased = of(Some("acme"));
        erased.insert(table::ERASED_AT.to_owned(), number(1));
        // Erased, there again and subscribed again since the run was accepted.
        let late = topic.spec.created_at.plus(Duration::from_millis(2001));
        let anew = UserItem::new(id, late).write().unwrap();
        // Created before the run, by a clock that is ahead.
        let ahead = topic.spec.created_at.plus(Duration::from_secs(2));
        let (before, subscribed_before) =
            (UserItem::new(id, ahead).write().unwrap(), subscription(&nil, ahead.millis()));
        let subscribed_anew = subscription(&nil, late.millis());
        for (run, user, own, is_ended, reason) in [
            (&whole, None, None, false, Some(LeftOut::UserNotFound)),
            (&whole, Some(erased.clone()), None, false, Some(LeftOut::UserErased)),
            (&whole, Some(of(None)), None, false, None),
            (&whole, Some(of(Some("other"))), None, false, None),
            (&acme, Some(of(Some("acme"))), None, false, None),
            (&acme, Some(of(Some("other"))), None, false, Some(LeftOut::Elsewhere)),
            (&acme, Some(of(None)), None, false, Some(LeftOut::Elsewhere)),
            (&acme, Some(erased.clone()), None, false, Some(LeftOut::UserErased)),
            (&topic, Some(of(None)), Some(&good), false, None),
            (&topic, Some(of(None)), Some(&good), true, Some(LeftOut::NotSubscribed)),
            (&topic, Some(of(None)), Some(&older), false, Some(LeftOut::NotSubscribed)),
            (&topic, Some(of(None)), Some(&subscription(&nil, 1)), false, Some(LeftOut::NotSubscribed)),
            (&topic, Some(of(None)), None, false, Some(LeftOut::NotSubscribed)),
            (&whole, Some(anew.clone()), None, false, Some(LeftOut::UserNotFound)),
            (&whole, Some(before.clone()), None, false, None),
            (&topic, Some(anew), Some(&subscribed_anew), false, Some(LeftOut::UserNotFound)),
            (&topic, Some(before), Some(&subscribed_before), false, None),
            (&topic, Some(erased), Some(&good), false, Some(LeftOut::UserErased)),
        ] {
            assert_eq!(left_out_for(run, user.as_ref(), own, is_ended), reason);
        }
    }
}

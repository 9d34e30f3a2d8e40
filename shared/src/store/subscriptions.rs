//! Subscriptions. Each stands with its user and has one entry in the index, by which it is found from its topic: in parts, so that one
//! topic takes 16,000 subscriptions a second.
//!
//! A subscription is good while its topic has the generation, and its user the time of creation, that it was written with. So none
//! outlives its topic or its user, whatever a slow request writes late: a topic or a user who is created anew starts without any. Each is
//! written, and ended, on the condition that it is as it was read: whoever writes late finds what others have made meanwhile. Only where
//! there was none before and is none since, a request that is not answered yet may subscribe a user after another one has unsubscribed the
//! user: both were under way at once, and either order is right.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Condition, Item, Key, Refused, Store, StoreError, number,
    owned::AtOnce,
    parts,
    reads::{KeyRange, keyed},
    records, retry, string,
    subscription_keys::{GENERATION, USER_SINCE, all_of, all_subscribers, sort_key, subscribers_with},
    table,
    time_list::{ListPage, PageStart},
    topics,
    user_item::CREATED_AT,
    walk::{Found, Walk},
};
use crate::domain::{Subscription, Timestamp, Topic, TopicId, User, UserId, topic::Generation};

/// How many subscriptions that are not shown are passed over to find one that is.
const LOOKED_AT: usize = 1000;
/// The most tries to subscribe a user, if others change the same subscription at the same time.
const ROUNDS: u32 = 8;

/// A subscription as stored.
#[derive(Debug, Serialize, Deserialize)]
struct SubscriptionItem {
    pk: String,
    sk: String,
    owner: String,
    at: String,
    generation: Uuid,
    user_since: i64,
    created_at: i64,
}

/// A user who is being subscribed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subscriber {
    pub id: UserId,
    /// When the user was created.
    pub since: Timestamp,
}

/// The result of subscribing a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// It is new.
    New(Subscription),
    /// The user was subscribed already.
    Already(Subscription),
    /// There is no such topic, and the caller may not create one.
    NoTopic,
    /// The user was erased in the meantime.
    Erased,
}

impl Subscribed {
    /// The subscription, if the user is there.
    pub(super) fn subscription(self) -> Option<Subscription> {
        match self {
            Self::New(subscription) | Self::Already(subscription) => Some(subscription),
            Self::NoTopic | Self::Erased => None,
        }
    }
}

impl Store {
    /// Subscribes a user who was just read. If there is no such topic, it is created if the caller may do so. Costs one read of two units,
    /// one write of two, and one read of the user after it.
    pub async fn subscribe(
        &self,
        id: &TopicId,
        user: &User,
        may_create: bool,
        now: Timestamp,
    ) -> Result<Subscribed, StoreError> {
        let subscriber = Subscriber { id: user.id, since: user.created_at };
        self.subscribe_one(id, subscriber, may_create, now).await
    }

    pub(super) async fn subscribe_one(
        &self,
        id: &TopicId,
        subscriber: Subscriber,
        may_create: bool,
        now: Timestamp,
    ) -> Result<Subscribed, StoreError> {
        let Subscriber { id: user, since } = subscriber;
        for round in 1..=ROUNDS {
            let keys = [Key::topic(id, topics::copy_for(user)), Key::subscription(user, id)];
            let mut items = self.by_key(keys.clone()).await?;
            let [topic, own] = keys.map(|key| items.remove(&key));
            let topic = match topic {
                Some(topic) => topics::read(topic)?,
                None if may_create => self.topic_or_new(id, now).await?,
                None => return Ok(Subscribed::NoTopic),
            };
            if let Some(own) = own.clone().map(|own| good(own, &topic, since)).transpose()?.flatten() {
                return self.already(&topic, subscriber, own, now).await;
            }
            if let Some(subscribed) = self.put_subscription(&topic, subscriber, own.as_ref(), now).await? {
                return Ok(subscribed);
            }
            if !self.is_still_there(subscriber).await? {
                return Ok(Subscribed::Erased);
            }
            retry::pause(round, &self.clock, &self.random).await;
        }
        Err(StoreError::Unavailable("others keep changing this subscription".into()))
    }

    /// Writes a subscription in the place of the item that was read, if any. `None` if there is another one by now that is not good for
    /// this life of the topic and of the user: it may be good for a later one, which a slow request does not know of.
    async fn put_subscription(
        &self,
        topic: &Topic,
        subscriber: Subscriber,
        seen: Option<&Item>,
        now: Timestamp,
    ) -> Result<Option<Subscribed>, StoreError> {
        let Subscriber { id: user, since } = subscriber;
        match self.replace(item(topic, user, since, now)?, Some(&is_as_seen(seen))).await {
            Ok(_) => {}
            Err(Refused::Condition(item)) if item.is_empty() => return Ok(None),
            Err(Refused::Condition(item)) => {
                return match good(item, topic, since)? {
                    Some(own) => self.already(topic, subscriber, own, now).await.map(Some),
                    None => Ok(None),
                };
            }
            Err(Refused::Error(error)) => return Err(error),
        }
        if self.still_there(topic, vec![subscriber]).await?.is_empty() {
            return Ok(Some(Subscribed::Erased));
        }
        Ok(Some(Subscribed::New(Subscription { topic: topic.id.clone(), user, created_at: now })))
    }

    /// The answer if there is a good subscription. One of this very time may be this request's own, whose answer was lost: then nobody has
    /// looked at the user since it was written.
    async fn already(
        &self,
        topic: &Topic,
        subscriber: Subscriber,
        own: Subscription,
        now: Timestamp,
    ) -> Result<Subscribed, StoreError> {
        if own.created_at == now && self.still_there(topic, vec![subscriber]).await?.is_empty() {
            return Ok(Subscribed::Erased);
        }
        Ok(Subscribed::Already(own))
    }

    async fn is_still_there(&self, Subscriber { id, since }: Subscriber) -> Result<bool, StoreError> {
        Ok(self.get(&Key::user(id)).await?.and_then(|item| self::since(&item)) == Some(since))
    }

    /// Those of these users who are there still. What was just written for the others is removed: their erasure may have ended before. An
    /// erasure that begins after this look finds what was written.
    pub(super) async fn still_there(
        &self,
        topic: &Topic,
        subscribers: Vec<Subscriber>,
    ) -> Result<Vec<Subscriber>, StoreError> {
        let mut users = self.by_key(subscribers.iter().map(|one| Key::user(one.id))).await?;
        let is_there =
            |one: &Subscriber| users.remove(&Key::user(one.id)).and_then(|item| since(&item)) == Some(one.since);
        let (there, gone): (Vec<_>, Vec<_>) = subscribers.into_iter().partition(is_there);
        for one in gone {
            let is_ours = Condition::All(vec![
                Condition::Equals(GENERATION.into(), string(topic.generation.to_string())),
                Condition::Equals(USER_SINCE.into(), number(one.since.millis())),
            ]);
            self.delete_if(&Key::subscription(one.id, &topic.id), &is_ours).await?;
        }
        Ok(there)
    }

    /// The subscription of a user who was just read.
    pub async fn subscription(&self, id: &TopicId, user: &User) -> Result<Option<Subscription>, StoreError> {
        Ok(self.stored_subscription(id, user).await?.map(|(subscription, _)| subscription))
    }

    async fn stored_subscription(&self, id: &TopicId, user: &User) -> Result<Option<(Subscription, Item)>, StoreError> {
        let keys = [Key::topic(id, topics::copy_for(user.id)), Key::subscription(user.id, id)];
        let mut items = self.by_key(keys.clone()).await?;
        let [topic, own] = keys.map(|key| items.remove(&key));
        let (Some(topic), Some(own)) = (topic, own) else { return Ok(None) };
        let subscription = good(own.clone(), &topics::read(topic)?, user.created_at)?;
        Ok(subscription.map(|subscription| (subscription, own)))
    }

    /// Ends the subscription of a user who was just read. Returns `false` if the user was not subscribed.
    pub async fn unsubscribe(&self, id: &TopicId, user: &User) -> Result<bool, StoreError> {
        match self.stored_subscription(id, user).await? {
            Some((_, seen)) => self.delete_if(&Key::subscription(user.id, id), &is_as_seen(Some(&seen))).await,
            None => Ok(false),
        }
    }

    /// A topic's subscriptions, the newest first. A change of the table reaches the index a moment later. Each is read with its user.
    pub fn subscriptions_to(&self, topic: &Topic, wanted: &ListPage) -> Walk<'_, Subscription> {
        let generation = topic.generation;
        let parts = all_subscribers(generation).into_iter().map(|part| (part, parts::share(wanted.most())));
        let read = move |items: Vec<Item>| of_topic(items, generation);
        // Each comes with its user, whose item may be a large one.
        self.listed(parts, wanted, AtOnce::LARGE).map(move |found| found?.read(read)).boxed()
    }

    /// Whether there are subscriptions that are shown on the other side of the place where the list begins, or at it. If many are not
    /// shown, nobody knows, and there may be one.
    pub async fn subscriptions_behind(&self, topic: &Topic, wanted: &ListPage) -> Result<bool, StoreError> {
        let generation = topic.generation;
        let Some(place) = wanted.place() else { return Ok(false) };
        // Mostly the entry at the place is still there: then one part is asked.
        let own = place.split_once('#').and_then(|(_, id)| UserId::parse(id));
        let own = own.map(|user| subscribers_with(generation, user));
        let (near, others): (Vec<_>, Vec<_>) =
            all_subscribers(generation).into_iter().partition(|part| own.as_ref() == Some(part));
        for parts in [near, others].into_iter().filter(|parts| !parts.is_empty()) {
            let mut left = LOOKED_AT;
            let mut behind = self.behind(parts, wanted);
            while let Some(found) = behind.try_next().await? {
                left -= 1;
                if left == 0 || of_topic(found.item.unwrap_or_default(), generation)?.is_some() {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The subscriptions of a user who was just read, by topic, strongly consistent; with `PageStart::Before` in the other direction.
    pub fn subscriptions_of(&self, user: &User, start: Option<&PageStart>, limit: usize) -> Walk<'_, Subscription> {
        let range = match start {
            None => all_of(user.id),
            Some(PageStart::After(place)) => all_of(user.id).after(Some(&sort_key(place))),
            Some(PageStart::Before(place)) => all_of(user.id).backward().after(Some(&sort_key(place))),
        };
        // One more tells whether there are more, and one is the place at which the page begins.
        self.good_subscriptions(range, user, limit.saturating_add(2))
    }

    /// Whether a user who was just read has a subscription that is shown at the place where the page begins, or on the other side of it.
    /// If many are not shown, nobody knows, and there may be one.
    pub async fn has_subscription_behind(
        &self,
        user: &User,
        start: Option<&PageStart>,
        is_shown: impl Fn(&Subscription) -> bool + Send,
    ) -> Result<bool, StoreError> {
        let range = match start {
            None => return Ok(false),
            Some(PageStart::After(place)) => all_of(user.id).backward().starting_at(&sort_key(place)),
            Some(PageStart::Before(place)) => all_of(user.id).starting_at(&sort_key(place)),
        };
        let mut left = LOOKED_AT;
        let mut all = self.good_subscriptions(range, user, 2);
        while let Some(found) = all.try_next().await? {
            left -= 1;
            if left == 0 || found.item.is_some_and(|subscription| is_shown(&subscription)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The subscriptions of this range. The first call asks for `first` of them.
    fn good_subscriptions(&self, range: KeyRange, user: &User, first: usize) -> Walk<'_, Subscription> {
        let (id, since) = (user.id, user.created_at);
        let good = self.walk_pages(range, first, read).and_then(move |page| self.with_topics(id, since, page));
        good.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// These subscriptions of a user without those that are not good any more. Costs a read unit for each.
    async fn with_topics(
        &self,
        user: UserId,
        since: Timestamp,
        page: Vec<Found<(Subscription, Generation, Timestamp)>>,
    ) -> Result<Vec<Found<Subscription>>, StoreError> {
        let topic = |(subscription, ..): &(Subscription, _, _)| Key::topic(&subscription.topic, topics::copy_for(user));
        let items = self.by_key(page.iter().filter_map(|found| found.item.as_ref()).map(topic)).await?;
        let generations = items.into_iter().map(|(key, item)| Ok((key, topics::read(item)?.generation)));
        let generations = generations.collect::<Result<HashMap<_, _>, StoreError>>()?;
        let good = |found: Found<(Subscription, Generation, Timestamp)>| {
            let place = found.place.strip_prefix(table::SUBSCRIPTION_PREFIX).unwrap_or(&found.place).to_owned();
            let found = found.read(|item| {
                let is_good = generations.get(&topic(&item)) == Some(&item.1) && item.2 == since;
                Ok(is_good.then_some(item.0))
            })?;
            Ok(Found { place, ..found })
        };
        page.into_iter().map(good).collect()
    }

    /// Items by their keys, strongly consistent.
    pub(super) async fn by_key(&self, keys: impl IntoIterator<Item = Key>) -> Result<HashMap<Key, Item>, StoreError> {
        let items = self.batch_get(keys).await?;
        Ok(keyed(items).collect())
    }
}

/// Whether this is a place among a user's subscriptions.
pub fn is_subscription_place(text: &str) -> bool {
    TopicId::parse(text).is_some()
}

/// The condition that the item is there as it was read, or still missing.
pub(super) fn is_as_seen(seen: Option<&Item>) -> Condition {
    let Some(seen) = seen else { return Condition::Missing(table::PK.into()) };
    let is_same = |name: &str| match seen.get(name) {
        Some(value) => Condition::Equals(name.into(), value.clone()),
        None => Condition::Missing(name.into()),
    };
    Condition::All([GENERATION, USER_SINCE, CREATED_AT].map(is_same).into())
}

pub(super) fn item(topic: &Topic, user: UserId, since: Timestamp, now: Timestamp) -> Result<Item, StoreError> {
    let Key { pk, sk } = Key::subscription(user, &topic.id);
    records::write(&SubscriptionItem {
        pk,
        sk,
        owner: subscribers_with(topic.generation, user),
        at: table::user_at(user, now),
        generation: topic.generation.0,
        user_since: since.millis(),
        created_at: now.millis(),
    })
}

/// A subscription, the generation of its topic, and the time of its user's creation.
fn read(item: Item) -> Result<(Subscription, Generation, Timestamp), StoreError> {
    let SubscriptionItem { pk, sk, owner: _, at: _, generation, user_since, created_at } = records::read(item)?;
    let topic = sk.strip_prefix(table::SUBSCRIPTION_PREFIX).and_then(TopicId::parse);
    let (Some(user), Some(topic)) = (table::user_of_owner(&pk), topic) else {
        return Err(StoreError::Malformed("a subscription's key".into()));
    };
    let subscription = Subscription { topic, user, created_at: Timestamp::from_millis(created_at) };
    Ok((subscription, Generation(generation), Timestamp::from_millis(user_since)))
}

/// The subscription, if it is to this life of the topic and of this life of the user.
pub(super) fn good(item: Item, topic: &Topic, since: Timestamp) -> Result<Option<Subscription>, StoreError> {
    let (subscription, generation, user_since) = read(item)?;
    Ok((generation == topic.generation && user_since == since).then_some(subscription))
}

/// The subscription of an entry of the index, which comes with its user, if both are as they were.
fn of_topic(items: Vec<Item>, topic: Generation) -> Result<Option<Subscription>, StoreError> {
    let (mut subscription, mut present) = (None, None);
    for item in items {
        if item.contains_key(USER_SINCE) {
            subscription = Some(read(item)?);
        } else {
            present = since(&item);
        }
    }
    let good = subscription.filter(|(_, generation, since)| *generation == topic && present == Some(*since));
    Ok(good.map(|(subscription, ..)| subscription))
}

/// When the user of an item was created. `None` if the user was erased.
pub(super) fn since(item: &Item) -> Option<Timestamp> {
    let created_at = item.get(CREATED_AT).filter(|_| !item.contains_key(table::ERASED_AT))?;
    Some(Timestamp::from_millis(created_at.as_n().ok()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{size, user_item::UserItem};

    fn topic(generation: u128) -> Topic {
        Topic {
            id: TopicId::parse("news#acme").unwrap(),
            generation: Generation(Uuid::from_u128(generation)),
            created_at: Timestamp::EPOCH,
        }
    }

    const USER: UserId = UserId::from_bytes([7; 16]);

    #[test]
    fn a_subscription_is_good_for_one_life_of_its_topic_and_of_its_user() {
        let (since, now) = (Timestamp::from_millis(5), Timestamp::from_millis(1_709_287_200_120));
        let item = item(&topic(1), USER, since, now).unwrap();
        let expected = Subscription { topic: topic(1).id, user: USER, created_at: now };
        assert_eq!(good(item.clone(), &topic(1), since).unwrap(), Some(expected));
        assert_eq!(good(item.clone(), &topic(2), since).unwrap(), None);
        assert_eq!(good(item, &topic(1), Timestamp::from_millis(6)).unwrap(), None);
    }

    #[test]
    fn only_the_item_that_was_read_is_replaced() {
        assert_eq!(is_as_seen(None), Condition::Missing(table::PK.into()));
        let seen = item(&topic(1), USER, Timestamp::from_millis(5), Timestamp::from_millis(9)).unwrap();
        let expected = [
            Condition::Equals(GENERATION.into(), string(topic(1).generation.to_string())),
            Condition::Equals(USER_SINCE.into(), number(5)),
            Condition::Equals(CREATED_AT.into(), number(9)),
        ];
        assert_eq!(is_as_seen(Some(&seen)), Condition::All(expected.into()));
    }

    #[test]
    fn an_entry_without_its_user_or_of_a_user_who_was_created_anew_is_not_shown() {
        let (since, now) = (Timestamp::from_millis(5), Timestamp::from_millis(1_709_287_200_120));
        let own = item(&topic(1), USER, since, now).unwrap();
        let user = |at| UserItem::new(USER, Timestamp::from_millis(at)).write().unwrap();
        let generation = topic(1).generation;
        assert!(of_topic(vec![own.clone(), user(5)], generation).unwrap().is_some());
        assert_eq!(of_topic(vec![own.clone(), user(6)], generation).unwrap(), None);
        assert_eq!(of_topic(vec![own.clone()], generation).unwrap(), None);
        assert_eq!(of_topic(vec![own, user(5)], topic(2).generation).unwrap(), None);
        assert_eq!(of_topic(vec![user(5)], generation).unwrap(), None);
    }

    /// One unit of the table and one of the index (1 KB each).
    #[test]
    fn an_item_of_the_longest_name_is_below_one_kilobyte() {
        let name = "\u{1f600}".repeat(crate::domain::topic::MAX_NAME);
        let topic = Topic { id: TopicId::parse(&name).unwrap(), ..topic(1) };
        let item = item(&topic, USER, Timestamp::EPOCH, Timestamp::EPOCH).unwrap();
        let bytes = size::of_item(&item);
        assert!(bytes < 1024, "{bytes}");
    }
}

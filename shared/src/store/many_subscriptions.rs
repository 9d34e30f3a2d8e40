//! Subscriptions of many users to one topic, by one request.
//!
//! Each user's is a write of its own, so a request may end midway. It may be repeated: who is subscribed stays so, with the first time, and
//! who is not there or not subscribed is told as such.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    Key, MAX_INSERTS, Store, StoreError,
    subscriptions::{Subscriber, good, is_as_seen, item, since},
};
use crate::{
    domain::{Subscription, Timestamp, Topic, TopicId, UserId},
    telemetry,
};

/// How many subscriptions of one request are written at the same time.
const AT_ONCE: usize = 8;
/// How many users one call reads to unsubscribe them, one after the other.
const UNSUBSCRIBED: usize = 20;

/// What became of a user who was to be unsubscribed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsubscribed {
    /// This subscription has ended.
    Ended(Subscription),
    /// The user was not subscribed, or is not there.
    NotSubscribed,
    /// The table could not do it now. It may be asked for again.
    NotNow,
}

impl Store {
    /// Subscribes these users, each named once. The topic is created if there is none. The result has one value for each, in the same
    /// order: `None` for a user who is not there.
    pub async fn subscribe_all(
        &self,
        id: &TopicId,
        users: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<Option<Subscription>>, StoreError> {
        let topic = self.topic_or_new(id, now).await?;
        let pages = users.chunks(MAX_INSERTS).map(|users| self.subscribe_page(&topic, users, now));
        stream::iter(pages.collect::<Vec<_>>()).buffered(AT_ONCE).try_concat().await
    }

    /// Subscribes at most [`MAX_INSERTS`] users, by one read, one call that writes, and one more read; some calls more for each who was
    /// subscribed to a topic that was deleted since.
    async fn subscribe_page(
        &self,
        topic: &Topic,
        users: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<Option<Subscription>>, StoreError> {
        let keys = users.iter().flat_map(|user| [Key::user(*user), Key::subscription(*user, &topic.id)]);
        let mut items = self.by_key(keys).await?;
        let (mut done, mut new, mut again) = (HashMap::new(), Vec::new(), Vec::new());
        for user in users {
            let since = items.remove(&Key::user(*user)).and_then(|item| since(&item));
            let own = items.remove(&Key::subscription(*user, &topic.id));
            let Some(subscriber) = since.map(|since| Subscriber { id: *user, since }) else { continue };
            match own.map(|own| good(own, topic, subscriber.since)).transpose()? {
                None => new.push(subscriber),
                Some(Some(own)) => drop(done.insert(*user, own)),
                Some(None) => again.push(subscriber),
            }
        }
        if !new.is_empty() {
            let items = new.iter().map(|subscriber| item(topic, subscriber.id, subscriber.since, now));
            let written = self.insert(items.collect::<Result<Vec<_>, _>>()?).await?;
            let (written, refused): (Vec<_>, Vec<_>) =
                new.into_iter().zip(written).partition(|(_, is_written)| *is_written);
            again.extend(refused.into_iter().map(|(subscriber, _)| subscriber));
            let written: Vec<_> = written.into_iter().map(|(subscriber, _)| subscriber).collect();
            for subscriber in self.still_there(topic, written).await? {
                let user = subscriber.id;
                done.insert(user, Subscription { topic: topic.id.clone(), user, created_at: now });
            }
        }
        for subscriber in again {
            let subscribed = self.subscribe_one(&topic.id, subscriber, true, now).await?.subscription();
            done.extend(subscribed.map(|subscription| (subscriber.id, subscription)));
        }
        Ok(users.iter().map(|user| done.remove(user)).collect())
    }

    /// Ends the subscriptions of these users, each named once, as they were read: one that somebody makes meanwhile stays. The result
    /// has one value for each, in the same order. What fails for some users does not hide what was done for others: an error only if
    /// nothing could be done for anybody.
    pub async fn unsubscribe_all(&self, topic: &Topic, users: &[UserId]) -> Result<Vec<Unsubscribed>, StoreError> {
        let pages = users.chunks(UNSUBSCRIBED).map(|users| self.unsubscribe_page(topic, users));
        let done: Vec<_> = stream::iter(pages.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
        let done: Vec<_> = done.into_iter().flatten().collect();
        if !done.is_empty() && done.iter().all(|one| *one == Unsubscribed::NotNow) {
            return Err(StoreError::Unavailable("nobody could be unsubscribed".into()));
        }
        Ok(done)
    }

    async fn unsubscribe_page(&self, topic: &Topic, users: &[UserId]) -> Vec<Unsubscribed> {
        let keys = users.iter().flat_map(|user| [Key::user(*user), Key::subscription(*user, &topic.id)]);
        let mut items = match self.by_key(keys).await {
            Ok(items) => items,
            Err(error) => {
                tracing::error!(error = telemetry::chain(&error), "subscriptions could not be read to end them");
                return vec![Unsubscribed::NotNow; users.len()];
            }
        };
        let mut done = Vec::with_capacity(users.len());
        for user in users {
            let since = items.remove(&Key::user(*user)).and_then(|item| since(&item));
            let own = items.remove(&Key::subscription(*user, &topic.id));
            let ended = async {
                let Some((since, own)) = since.zip(own) else { return Ok(Unsubscribed::NotSubscribed) };
                let Some(subscription) = good(own.clone(), topic, since)? else {
                    return Ok(Unsubscribed::NotSubscribed);
                };
                self.delete_if(&Key::subscription(*user, &topic.id), &is_as_seen(Some(&own))).await?;
                Ok::<_, StoreError>(Unsubscribed::Ended(subscription))
            };
            done.push(ended.await.unwrap_or_else(|error| {
                tracing::error!(user_id = %user, error = telemetry::chain(&error), "a subscription could not be ended");
                Unsubscribed::NotNow
            }));
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::topic::Generation;
    use crate::{
        aws::tests::{Act, Server},
        clock::Clock,
        random::Randomness,
        store::subscription_keys::subscribers_with,
    };

    /// The erasure ended between the read of the user and the write, and the answer to the write was lost: the SDK's second try finds the item
    /// of the first one.
    #[tokio::test]
    async fn whoever_was_erased_before_a_subscription_was_written_has_none_also_if_the_answer_was_lost() {
        const USER: UserId = UserId::from_bytes([7; 16]);
        let nil = uuid::Uuid::nil();
        let told =
            |items: &[String]| Act::Answer(200, format!(r#"{{"Responses":{{"t":[{}]}}}}"#, items.join(",")).leak());
        let topic = |pk: &str| {
            format!(
                r#"{{"pk":{{"S":"{pk}"}},"sk":{{"S":"TOPIC"}},"name":{{"S":"news"}},"generation":{{"S":"{nil}"}},"created_at":{{"N":"1"}}}}"#
            )
        };
        let news = TopicId::parse("news").unwrap();
        let own = |at: i64| {
            let (Key { pk, sk }, owner) = (Key::subscription(USER, &news), subscribers_with(Generation(nil), USER));
            format!(
                r#"{{"pk":{{"S":"{pk}"}},"sk":{{"S":"{sk}"}},"owner":{{"S":"{owner}"}},"at":{{"S":"x"}},"generation":{{"S":"{nil}"}},"user_since":{{"N":"5"}},"created_at":{{"N":"{at}"}}}}"#
            )
        };
        let Key { pk, sk } = Key::user(USER);
        let user = format!(r#"{{"pk":{{"S":"{pk}"}},"sk":{{"S":"{sk}"}},"created_at":{{"N":"5"}}}}"#);
        let copy = Key::topic(&news, crate::store::topics::copy_for(USER)).pk;
        let there = Act::Answer(200, format!(r#"{{"Item":{}}}"#, topic(&Key::topic(&news, 0).pk)).leak());
        let is_there = Act::Answer(200, r#"{"Responses":[{"Error":{"Code":"DuplicateItem"}}]}"#);
        let of_before = [there, told(&[user]), is_there];
        let gone = [told(&[]), Act::Answer(200, "{}")];
        for (at, then, expected) in [(1000, &gone[..], None), (999, &[], Some(Timestamp::from_millis(999)))] {
            let acts = [&of_before[..], &[told(&[topic(&copy), own(at)])], then].concat();
            let server = Server::start(&acts).await;
            let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
            let subscribed = store.subscribe_all(&news, &[USER], Timestamp::from_millis(1000)).await.unwrap();
            let since: Vec<_> = subscribed.into_iter().map(|one| one.map(|one| one.created_at)).collect();
            assert_eq!((since, server.requests()), (vec![expected], acts.len()));
        }
    }
}

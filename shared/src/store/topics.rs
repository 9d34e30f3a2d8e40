//! Topics. A topic is created by its first subscription, and is read by each further one. An item takes 3,000 strongly consistent reads
//! a second (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>), so each topic has
//! [`COPIES`], written together: they take 24,000.
//!
//! Each life of a topic has a generation, and subscriptions carry it. So a topic that is deleted has no subscription any more from that
//! moment on, however many there are, also if it is created anew. Their items are removed later, by the function that runs every minute.

use std::time::Duration;

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::{StreamExt, TryStreamExt, pin_mut, stream};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Condition, Item, Key, Store, StoreError,
    owned::AtOnce,
    parts,
    reads::KeyRange,
    records, retry, string,
    subscription_keys::{GENERATION, subscribers},
    table,
    time_list::ListPage,
    transaction::Cancelled,
    walk::{self, Walk},
};
use crate::domain::{Timestamp, Topic, TopicId, TopicName, UserId, topic::Generation};

/// The number of copies of each topic.
const COPIES: usize = 8;
/// The list of all topics of the deployment: the `owner` of its parts begins with this.
const TOPICS: &str = "TOPICS";
/// The list of the topics that were deleted, and whose subscriptions are not all removed yet: the `owner` of its parts begins with this.
const ENDED: &str = "ENDEDTOPICS";
/// The most tries to create or delete a topic, if others do the same at the same time.
const ROUNDS: u32 = 8;
/// How many subscriptions of a deleted topic are removed at the same time.
const AT_ONCE: usize = 16;
/// A request that began before a topic was deleted has ended by this time after it, and the index has caught up: no subscription to the
/// deleted topic is written or found any more.
const LAST_WRITE: Duration = Duration::from_secs(5 * 60);

/// One copy of a topic as stored.
#[derive(Debug, Serialize, Deserialize)]
struct TopicItem {
    pk: String,
    sk: String,
    /// The first copy of a topic of the deployment is in the list of topics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    generation: Uuid,
    created_at: i64,
}

/// A topic that was deleted.
#[derive(Debug, Serialize, Deserialize)]
struct EndedItem {
    pk: String,
    sk: String,
    owner: String,
    at: String,
}

/// A topic that was deleted, and whose subscriptions are not all removed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedTopic {
    /// The life that has ended.
    pub generation: Generation,
    /// When it has ended.
    pub at: Timestamp,
}

impl Store {
    /// The topic, strongly consistent. `None` if there is none.
    pub async fn topic(&self, id: &TopicId) -> Result<Option<Topic>, StoreError> {
        self.get(&Key::topic(id, 0)).await?.map(read).transpose()
    }

    /// The topic, which is created if there is none.
    pub async fn topic_or_new(&self, id: &TopicId, now: Timestamp) -> Result<Topic, StoreError> {
        for round in 1..=ROUNDS {
            if let Some(topic) = self.topic(id).await? {
                return Ok(topic);
            }
            let topic = Topic { id: id.clone(), generation: Generation(self.random.uuid()), created_at: now };
            let missing = Condition::Missing(table::PK.into());
            let copy = |copy| self.put_part(records::write(&item(&topic, copy))?, Some(&missing));
            match self.transact((0..COPIES).map(copy).collect::<Result<_, _>>()?).await? {
                Ok(()) => return Ok(topic),
                // Somebody else was faster.
                Err(Cancelled::Part(_) | Cancelled::Conflict) => {
                    retry::pause(round, &self.clock, &self.random).await;
                }
            }
        }
        Err(StoreError::Unavailable("others keep creating and deleting this topic".into()))
    }

    /// Ends a topic: from then on nobody is subscribed to it. Returns `false` if there is none.
    pub async fn end_topic(&self, id: &TopicId, now: Timestamp) -> Result<bool, StoreError> {
        for round in 1..=ROUNDS {
            let Some(topic) = self.topic(id).await? else { return Ok(false) };
            match self.transact(self.ending(&topic, now)?).await? {
                Ok(()) => return Ok(true),
                Err(Cancelled::Part(_) | Cancelled::Conflict) => {
                    retry::pause(round, &self.clock, &self.random).await;
                }
            }
        }
        Err(StoreError::Unavailable("others keep creating and deleting this topic".into()))
    }

    fn ending(&self, topic: &Topic, now: Timestamp) -> Result<Vec<TransactWriteItem>, StoreError> {
        let is_it = Condition::Equals(GENERATION.into(), string(topic.generation.to_string()));
        let copies = (0..COPIES).map(|copy| self.delete_part(&Key::topic(&topic.id, copy), Some(&is_it)));
        let Key { pk, sk } = Key::ended_topic(topic.generation);
        let ended = EndedItem {
            pk,
            sk,
            owner: parts::partition(ENDED, parts::part_of(topic.generation.0.as_bytes())),
            at: format!("{now}#{}", topic.generation),
        };
        copies.chain([self.put_part(records::write(&ended)?, None)]).collect()
    }

    /// Topics of the deployment, the newest first. A change of the table reaches the index a moment later.
    pub fn list_topics(&self, wanted: &ListPage) -> Walk<'_, Topic> {
        let parts = all_parts().into_iter().map(|part| (part, parts::share(wanted.most())));
        let read = |items: Vec<Item>| items.into_iter().next().map(read).transpose();
        self.listed(parts, wanted, AtOnce::SMALL).map(move |found| found?.read(read)).boxed()
    }

    /// Whether there are topics on the other side of the place where the list begins, or at it.
    pub async fn topics_behind(&self, wanted: &ListPage) -> Result<bool, StoreError> {
        let near = |place: &str, part: &String| place.split_once('#').is_some_and(|(_, name)| part_of(name) == *part);
        self.is_behind(all_parts(), near, wanted).await
    }

    /// At most `most` deleted topics of one part of the list, the longest deleted first.
    pub async fn ended_topics(&self, part: usize, most: usize) -> Result<Vec<EndedTopic>, StoreError> {
        let range = KeyRange::timeline(parts::partition(ENDED, part));
        let items: Vec<Item> = walk::first(self.walk(range, most, Ok), most).await?;
        let ended = |item: &Item| {
            let (at, generation) = item.get(table::AT)?.as_s().ok()?.split_once('#')?;
            let generation = Generation(Uuid::try_parse(generation).ok()?);
            Some(EndedTopic { generation, at: Timestamp::parse(at)? })
        };
        Ok(items.iter().filter_map(ended).collect())
    }

    /// Removes the subscriptions of a deleted topic, for as long as `may_go_on`, and then what is left of the topic. Returns whether
    /// all is done. It may be dropped at any time, and done again.
    pub async fn remove_ended(&self, topic: EndedTopic, may_go_on: impl Fn() -> bool) -> Result<bool, StoreError> {
        let is_of_it = Condition::Equals(GENERATION.into(), string(topic.generation.to_string()));
        for part in 0..parts::PARTS {
            let pages = self.keys(KeyRange::timeline(subscribers(topic.generation, part)));
            pin_mut!(pages);
            while let Some(page) = pages.try_next().await? {
                for keys in page.chunks(AT_ONCE) {
                    if !may_go_on() {
                        return Ok(false);
                    }
                    // The user may be subscribed to a new topic of the same name, and the index may not know of it yet.
                    let removals = keys.iter().map(|key| self.delete_if(key, &is_of_it));
                    stream::iter(removals).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
                }
            }
        }
        if self.clock.now() < topic.at.plus(LAST_WRITE) {
            return Ok(false);
        }
        self.delete(&Key::ended_topic(topic.generation)).await?;
        Ok(true)
    }
}

/// The copy of a topic that is read for a user's subscription.
pub(super) fn copy_for(user: UserId) -> usize {
    parts::part_of(&user.to_bytes()) % COPIES
}

/// Reads a copy of a topic.
pub(super) fn read(item: Item) -> Result<Topic, StoreError> {
    let TopicItem { pk: _, sk: _, owner: _, at: _, name, org, generation, created_at } = records::read(item)?;
    let name = TopicName::parse(&name).ok_or_else(|| StoreError::Malformed("a topic's name".into()))?;
    Ok(Topic {
        id: TopicId { name, org },
        generation: Generation(generation),
        created_at: Timestamp::from_millis(created_at),
    })
}

fn item(topic: &Topic, copy: usize) -> TopicItem {
    let Topic { id, generation, created_at } = topic;
    let Key { pk, sk } = Key::topic(id, copy);
    let is_listed = copy == 0 && id.org.is_none();
    TopicItem {
        pk,
        sk,
        owner: is_listed.then(|| part_of(id.name.as_str())),
        at: is_listed.then(|| format!("{created_at}#{}", id.name)),
        name: id.name.to_string(),
        org: id.org.clone(),
        generation: generation.0,
        created_at: created_at.millis(),
    }
}

fn all_parts() -> Vec<String> {
    (0..parts::PARTS).map(|part| parts::partition(TOPICS, part)).collect()
}

/// The part of the list of topics in which the topic of this name stands.
fn part_of(name: &str) -> String {
    parts::partition(TOPICS, parts::part_of(name.as_bytes()))
}

/// Whether this is a place in the list of topics.
pub fn is_topic_place(text: &str) -> bool {
    let Some((time, name)) = text.split_once('#') else { return false };
    Timestamp::parse(time).is_some_and(|parsed| parsed.to_string() == time) && TopicName::parse(name).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(org: Option<&str>) -> Topic {
        Topic {
            id: TopicId { name: TopicName::parse("Order 66").unwrap(), org: org.map(str::to_owned) },
            generation: Generation(Uuid::from_u128(7)),
            created_at: Timestamp::from_millis(1_709_287_200_120),
        }
    }

    #[test]
    fn every_copy_is_read_as_the_topic_and_the_first_one_of_the_deployment_s_is_listed() {
        for org in [None, Some("acme")] {
            let topic = topic(org);
            let items: Vec<_> = (0..COPIES).map(|copy| records::write(&item(&topic, copy)).unwrap()).collect();
            let keys: std::collections::BTreeSet<_> =
                items.iter().map(|item| item[table::PK].clone().as_s().unwrap().clone()).collect();
            assert_eq!(keys.len(), COPIES);
            let listed = items.iter().map(|item| item.contains_key(table::OWNER)).collect::<Vec<_>>();
            assert_eq!((listed[0], listed[1..].contains(&true)), (org.is_none(), false));
            for item in items {
                assert_eq!(read(item).unwrap(), topic);
            }
        }
    }

    #[test]
    fn a_place_in_the_list_is_a_time_and_a_name() {
        let place = item(&topic(None), 0).at.unwrap();
        assert_eq!(place, "2024-03-01T10:00:00.120Z#Order 66");
        assert!(is_topic_place(&place) && is_topic_place("2024-03-01T10:00:00.120Z#a"));
        for bad in
            ["", "x#news", "2024-03-01T10:00:00Z#news", "2024-03-01T10:00:00.120Z#a/b", "2024-03-01T10:00:00.120Z"]
        {
            assert!(!is_topic_place(bad), "{bad}");
        }
    }
}

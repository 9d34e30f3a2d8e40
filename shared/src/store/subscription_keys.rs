//! Where subscriptions stand: with their users, and in the index by their topics.

use super::{
    Item, parts,
    reads::{KeyRange, text},
    table,
};
use crate::domain::{Timestamp, UserId, topic::Generation};

/// The attribute with the generation of the topic.
pub(super) const GENERATION: &str = "generation";
/// The attribute with the time of the user's creation.
pub(super) const USER_SINCE: &str = "user_since";

/// Whether a subscription is to this life of a topic, and of this life of its user.
pub(super) fn is_good(own: &Item, generation: Generation, since: Timestamp) -> bool {
    text(own, GENERATION) == Some(generation.to_string().as_str()) && millis(own, USER_SINCE) == Some(since.millis())
}

fn millis(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// The range of a user's subscriptions, by topic. `$` is the character after `#`.
pub(super) fn all_of(user: UserId) -> KeyRange {
    KeyRange::table(table::user_owner(user)).between(table::SUBSCRIPTION_PREFIX, "SUBSCRIPTION$")
}

/// The sort key of the subscription at this place among a user's.
pub(super) fn sort_key(place: &str) -> String {
    format!("{}{place}", table::SUBSCRIPTION_PREFIX)
}

/// The partition of the index that lists a part of a topic's subscriptions.
pub(super) fn subscribers(topic: Generation, part: usize) -> String {
    parts::partition(&format!("SUBSCRIBERS#{topic}"), part)
}

/// All of these partitions.
pub(super) fn all_subscribers(topic: Generation) -> Vec<String> {
    (0..parts::PARTS).map(|part| subscribers(topic, part)).collect()
}

/// The one of these partitions that lists this user's.
pub(super) fn subscribers_with(topic: Generation, user: UserId) -> String {
    subscribers(topic, parts::part_of(&user.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::TopicId, store::table::Key};

    #[test]
    fn no_other_item_of_a_user_is_among_the_subscriptions() {
        const USER: UserId = UserId::from_bytes([7; 16]);
        let others = [Key::user(USER), Key::user_settings(USER), Key::inbox(USER, "2024")];
        let is_in = |sk: &str| ("SUBSCRIPTION#".."SUBSCRIPTION$").contains(&sk);
        for topic in ["news", "news#acme", "\u{1f600}", "~"] {
            assert!(is_in(&Key::subscription(USER, &TopicId::parse(topic).unwrap()).sk));
            assert_eq!(Key::subscription(USER, &TopicId::parse(topic).unwrap()).sk, sort_key(topic));
        }
        assert!(others.iter().all(|key| !is_in(&key.sk)));
    }
}

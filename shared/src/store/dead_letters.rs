//! Dead letters. They are kept so that an operator can list them, understand them and redrive them.

use serde::{Deserialize, Serialize};

use super::{Key, Store, StoreError, reads::KeyRange, records, table, walk::Walk};
use crate::domain::{Channel, DeadLetter, NotificationId, Timestamp, UserId, dead_letter::About};

#[derive(Debug, Serialize, Deserialize)]
struct DeadLetterItem {
    pk: String,
    sk: String,
    /// The index's keys, if the dead letter is about a user. An erasure finds the dead letter by these keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_id: Option<NotificationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    body: String,
    given_up_at: i64,
    expires_at: i64,
}

impl Store {
    /// Writes a dead letter. A second write of the same dead letter changes nothing.
    pub async fn put_dead_letter(&self, letter: &DeadLetter) -> Result<(), StoreError> {
        let DeadLetter { id, reason, about, body, at, kept_until } = letter.clone();
        let Key { pk, sk } = Key::dead_letter(&id);
        let item = DeadLetterItem {
            pk,
            sk,
            owner: about.map(|about| table::user_owner(about.user_id)),
            at: about.map(|_| format!("LETTER#{id}")),
            reason,
            notification_id: about.map(|about| about.notification_id),
            user_id: about.map(|about| about.user_id),
            channel: about.map(|about| about.channel),
            body,
            given_up_at: at.millis(),
            expires_at: kept_until.seconds(),
        };
        self.put(&item).await.map(|_| ())
    }

    /// All dead letters, newest first. If `after` (an id) is given, only older ones. The place of each is its id. The first call
    /// asks for `limit` of them.
    pub fn dead_letters(&self, after: Option<&str>, limit: usize) -> Walk<'_, DeadLetter> {
        // One more tells whether there are more, and one is `after` itself.
        let range = KeyRange::table(table::DEAD_LETTERS).backward().after(after);
        self.walk(range, limit.saturating_add(2), letter)
    }

    /// The dead letter of this id.
    pub async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        self.get(&Key::dead_letter(id)).await?.map(letter).transpose()
    }

    /// Removes a dead letter.
    pub async fn delete_dead_letter(&self, id: &str) -> Result<(), StoreError> {
        self.delete(&Key::dead_letter(id)).await.map(|_| ())
    }
}

fn letter(item: super::Item) -> Result<DeadLetter, StoreError> {
    let item: DeadLetterItem = records::read(item)?;
    let about = match (item.notification_id, item.user_id, item.channel) {
        (Some(notification_id), Some(user_id), Some(channel)) => Some(About { notification_id, user_id, channel }),
        _ => None,
    };
    Ok(DeadLetter {
        id: item.sk,
        reason: item.reason,
        about,
        body: item.body,
        at: Timestamp::from_millis(item.given_up_at),
        kept_until: Timestamp::from_seconds(item.expires_at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn a_letter_as_it_was_once_written_is_read() {
        let id = "2026-11-28T18:50:42.904Z#d2d556f3-bf9c-46b9-a605-9d07d3029b05";
        let about = About {
            notification_id: NotificationId::parse("cbd44501-cf6f-4300-96e6-279fc9af274d").unwrap(),
            user_id: UserId::parse("b0298185-c887-4266-a756-94c663ee4246").unwrap(),
            channel: Channel::Push,
        };
        let expected = DeadLetter {
            id: id.into(),
            reason: "provider_unavailable".into(),
            about: Some(about),
            body: concat!(
                r#"{"channel":"push","kind":"deliver.v1","notification_id":"cbd44501-cf6f-4300-96e6-279fc9af274d","#,
                r#""user_id":"b0298185-c887-4266-a756-94c663ee4246"}"#
            )
            .into(),
            at: Timestamp::from_millis(1_795_891_842_913),
            kept_until: Timestamp::from_millis(1_798_483_841_000),
        };
        assert_eq!(letter(stored::item("dead_letter")).unwrap(), expected);
        // Only the index needs these attributes.
        stored::is_read_but_for("dead_letter", letter, &["at", "owner"]);
        stored::is_written("dead_letter", &records::read::<DeadLetterItem>(stored::item("dead_letter")).unwrap());
    }
}

//! Dead letters. They are kept so that an operator can list them, understand them and redrive them.

use serde::{Deserialize, Serialize};

use super::{
    Condition, Key, Refused, Store, StoreError, parts, reads::KeyRange, records, table, walk::Walk, write::WriteToken,
};
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
    /// Writes a dead letter. Returns whether it is new: a copy of the message finds the same letter, and changes nothing.
    pub async fn put_dead_letter(&self, letter: &DeadLetter) -> Result<bool, StoreError> {
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
        let mut item = records::write(&item)?;
        WriteToken::new(self.random.uuid()).put_into(&mut item);
        // Without the condition, a repeated write could not tell its first try from the letter of a copy before it.
        match self.put_over(item, Some(&Condition::Missing(table::PK.into()))).await {
            Ok(_) => Ok(true),
            Err(Refused::Condition(_)) => Ok(false),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// All dead letters, newest first. If `after` (an id) is given, only older ones. The place of each is its id. The first call
    /// asks for `limit` of them.
    pub fn dead_letters(&self, after: Option<&str>, limit: usize) -> Walk<'_, DeadLetter> {
        // One more tells whether there are more, and one is `after` itself.
        let wanted = limit.saturating_add(2);
        let ranges = parts::with_old(table::DEAD_LETTERS).into_iter().map(|partition| {
            let first = if partition == table::DEAD_LETTERS { wanted } else { parts::share(wanted) };
            (KeyRange::table(partition).backward().after(after), first)
        });
        self.merged(ranges.collect(), letter)
    }

    /// The dead letter of this id. Costs one read, or two where there is none, or an old one.
    pub async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, StoreError> {
        let found = match self.get(&Key::dead_letter(id)).await? {
            None => self.get(&Key::old_dead_letter(id)).await?,
            found => found,
        };
        found.map(letter).transpose()
    }

    /// Removes a dead letter, wherever it stands. It stands in both places if two copies of its message came during an update, one to
    /// each version.
    pub async fn delete_dead_letter(&self, id: &str) -> Result<(), StoreError> {
        let (new, old) = (Key::dead_letter(id), Key::old_dead_letter(id));
        futures::try_join!(self.delete(&new), self.delete(&old)).map(drop)
    }
}

pub(super) fn letter(item: super::Item) -> Result<DeadLetter, StoreError> {
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
        // The first one was written before the list had parts.
        for (name, key) in [("dead_letter", Key::old_dead_letter(id)), ("dead_letter_in_part", Key::dead_letter(id))] {
            assert_eq!(letter(stored::item(name)).unwrap(), expected, "{name}");
            // Only the index needs these attributes.
            stored::is_read_but_for(name, letter, &["at", "owner"]);
            let item = records::read::<DeadLetterItem>(stored::item(name)).unwrap();
            stored::is_written(name, &item);
            assert_eq!(Key { pk: item.pk, sk: item.sk }, key, "{name}");
            assert!(key.is_dead_letter());
        }
        assert!(!Key::template("DEADLETTER").is_dead_letter());
    }
}

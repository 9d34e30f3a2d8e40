//! A run as it is stored. Never rename a field here: stored data would be lost.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Item, Key, StoreError, recent_keys::RecentKeys};
use crate::domain::{
    Channel, Content, NotificationSpec, Run, RunId, Timestamp, TopicId, UserId, exact, run::Audience, topic::Generation,
};

/// The attribute with recipients: the 16 bytes of each id, one after the other.
pub(super) const RECIPIENTS: &str = "recipients";

/// A run as stored.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunItem {
    pk: String,
    sk: String,
    /// The keys of the index that lists all notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    id: RunId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<UserId>,
    channels: Vec<Channel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    opt_in: bool,
    critical: bool,
    priority: u8,
    /// JSON text, as in a notification.
    content: String,
    metadata: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    send_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_after: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    at_most_once: bool,
    request_hash: String,
    created_at: i64,
    expires_at: i64,
}

impl RunItem {
    pub fn new(run: &Run) -> Result<Self, StoreError> {
        let json = |_: serde_json::Error| StoreError::Malformed("a run's JSON".into());
        let Key { pk, sk } = Key::run(run.id);
        let (count, topic, generation) = match &run.audience {
            Audience::Named(count) => (Some(*count), None, None),
            Audience::Topic { id, generation } => (None, Some(id.to_string()), Some(generation.0)),
        };
        let (recent, at) = RecentKeys::of_run(run).map(|RecentKeys { recent, at }| (recent, at)).unzip();
        Ok(Self {
            pk,
            sk,
            recent,
            at,
            id: run.id,
            count,
            topic,
            generation,
            org: run.org.clone(),
            actor: run.actor,
            channels: run.spec.channels.clone(),
            group: run.spec.group.clone(),
            opt_in: run.spec.opt_in,
            critical: run.spec.critical,
            priority: run.spec.priority,
            content: serde_json::to_string(&run.spec.content).map_err(json)?,
            metadata: serde_json::to_string(&run.spec.metadata).map_err(json)?,
            send_at: run.spec.send_at.map(Timestamp::millis),
            not_after: run.spec.expires_at.map(Timestamp::millis),
            at_most_once: run.spec.at_most_once,
            request_hash: run.request_hash.clone(),
            created_at: run.spec.created_at.millis(),
            expires_at: run.spec.kept_until.seconds(),
        })
    }

    pub fn into_run(self) -> Result<Run, StoreError> {
        let malformed = || StoreError::Malformed("a run".into());
        let topic = self.topic.as_deref().map(|topic| TopicId::parse(topic).ok_or_else(malformed)).transpose()?;
        let audience = match (self.count, topic, self.generation) {
            (Some(count), None, _) => Audience::Named(count),
            (None, Some(id), Some(generation)) => Audience::Topic { id, generation: Generation(generation) },
            _ => return Err(malformed()),
        };
        let content: Content = exact::stored(&self.content).map_err(|_| malformed())?;
        let metadata: Map<String, Value> = exact::stored(&self.metadata).map_err(|_| malformed())?;
        Ok(Run {
            id: self.id,
            audience,
            org: self.org,
            actor: self.actor,
            request_hash: self.request_hash,
            spec: NotificationSpec {
                channels: self.channels,
                group: self.group,
                opt_in: self.opt_in,
                critical: self.critical,
                priority: self.priority,
                content,
                send_at: self.send_at.map(Timestamp::from_millis),
                expires_at: self.not_after.map(Timestamp::from_millis),
                at_most_once: self.at_most_once,
                metadata,
                created_at: Timestamp::from_millis(self.created_at),
                kept_until: Timestamp::from_seconds(self.expires_at),
            },
        })
    }
}

pub(super) fn packed(users: &[UserId]) -> AttributeValue {
    AttributeValue::B(Blob::new(users.iter().flat_map(|user| user.to_bytes()).collect::<Vec<_>>()))
}

pub(super) fn unpacked(item: &Item) -> Result<Vec<UserId>, StoreError> {
    let bytes = item.get(RECIPIENTS).and_then(|bytes| bytes.as_b().ok());
    let bytes = bytes.ok_or_else(|| StoreError::Malformed("the recipients of a run".into()))?;
    let (ids, _) = bytes.as_ref().as_chunks::<16>();
    Ok(ids.iter().copied().map(UserId::from_bytes).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::records;

    /// A run with a value in every field.
    pub fn run(audience: Audience, org: Option<&str>) -> Run {
        Run {
            id: Uuid::from_u128(7).into(),
            audience,
            org: org.map(str::to_owned),
            actor: Some(UserId::from_bytes([9; 16])),
            request_hash: "0123456789abcdef".into(),
            spec: NotificationSpec {
                channels: vec![Channel::Email, Channel::Push],
                group: Some("news".into()),
                opt_in: true,
                critical: true,
                priority: 2,
                content: Content::Inline { subject: Some("S".into()), title: None, body: "b".into() },
                send_at: Some(Timestamp::from_millis(1_709_287_200_120)),
                expires_at: Some(Timestamp::from_millis(1_709_287_300_120)),
                at_most_once: true,
                metadata: serde_json::from_str(r#"{"order": 12345678901234567890}"#).unwrap(),
                created_at: Timestamp::from_millis(1_709_287_200_000),
                kept_until: Timestamp::from_seconds(1_709_290_000),
            },
        }
    }

    /// Who is subscribed to a topic.
    pub fn of_topic() -> Audience {
        Audience::Topic { id: TopicId::parse("news#acme").unwrap(), generation: Generation(Uuid::nil()) }
    }

    #[test]
    fn a_run_is_read_as_it_was_written() {
        for (audience, org) in [(Audience::Named(1000), None), (of_topic(), Some("acme"))] {
            let run = run(audience, org);
            let item = records::write(&RunItem::new(&run).unwrap()).unwrap();
            assert_eq!(records::read::<RunItem>(item).unwrap().into_run().unwrap(), run);
        }
    }

    #[test]
    fn recipients_are_sixteen_bytes_each() {
        let users: Vec<_> = (0..100).map(|n| UserId::from_bytes([n; 16])).collect();
        let item = Item::from([(RECIPIENTS.to_owned(), packed(&users))]);
        assert_eq!(unpacked(&item).unwrap(), users);
        assert_eq!(item[RECIPIENTS].as_b().unwrap().as_ref().len(), 1600);
        assert!(unpacked(&Item::new()).is_err());
    }
}

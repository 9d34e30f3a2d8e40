//! Makes many users with one notification each, quickly. One user and one notification are made through the API. Then
//! their items are copied under other ids, directly into the emulator.

use futures::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Request, World};
use crate::section::Fault;

/// The most items of one `BatchWriteItem`.
const BATCH: usize = 25;
/// How many `BatchWriteItem` calls run at the same time.
const AT_ONCE: usize = 4;
/// A device token that copies of its user do not share: a device belongs to one user.
pub const DEVICE: &str = "the-device-of-one-user";

/// The items of a user and of a notification for this user.
#[derive(Debug, Clone)]
pub struct SeedTemplate {
    user: Kept,
    notification: Option<Kept>,
    /// The user's subscription to the topic of the notification's run, in DynamoDB's JSON.
    subscription: Option<String>,
    email: String,
    channel: String,
}

#[derive(Debug, Clone)]
struct Kept {
    id: String,
    /// The item in DynamoDB's JSON.
    item: String,
}

/// The ids of a copy.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The user's id.
    pub user: String,
    /// The notification's id. It is a new id if the original has no notification.
    pub notification: String,
    /// The channel of the notification.
    pub channel: String,
}

impl SeedTemplate {
    /// Reads the items of a user.
    pub async fn of_user(world: &World, user: &str) -> Result<Self, Fault> {
        let item = item(world, &format!("USER#{user}"), "USER").await?;
        let email = item.pointer("/email/S").and_then(Value::as_str).ok_or("a user without an address")?.to_owned();
        let user = Kept { id: user.to_owned(), item: item.to_string() };
        Ok(Self { user, notification: None, subscription: None, email, channel: String::new() })
    }

    /// Sends a notification to the user on this channel, and reads the items of both.
    pub async fn of(world: &World, user: &str, channel: &str, content: &Value) -> Result<Self, Fault> {
        let mut seed_template = Self::of_user(world, user).await?;
        let body = json!({"user_id": user, "notification_type": channel, "content": content});
        let request = Request::new(Method::POST, "/api/v1/notifications").bearer(&world.token("bench", "service"));
        let accepted = world.expect(202, request.json(&body)).await?.json();
        let id =
            accepted.pointer("/data/notification_id").and_then(Value::as_str).ok_or("a notification without an id")?;
        let item = item(world, &format!("NOTIFICATION#{id}"), "NOTIFICATION").await?;
        seed_template.notification = Some(Kept { id: id.to_owned(), item: item.to_string() });
        seed_template.channel = channel.to_owned();
        // The worker must finish first, or its calls would be counted later.
        world.settled(id).await?;
        Ok(seed_template)
    }

    /// Sends a run to the user alone, and reads the items of both: each copy is another recipient of the same run. With `topic`, the
    /// run is to the topic's subscribers, of whom the user must be the only one.
    pub async fn of_run(world: &World, user: &str, topic: Option<&str>) -> Result<Self, Fault> {
        let mut seed_template = Self::of_user(world, user).await?;
        let audience = topic.map_or_else(|| super::named([&user.to_owned()]), |topic| json!({"topic": topic}));
        let run = world.accept_run(world.run_request(&audience, "email", false)).await?;
        world.expanded(&run).await?;
        let list = Request::new(Method::GET, format!("/api/v1/runs/{run}/notifications"));
        let listed = world.expect(200, list.bearer(&world.token("bench", "service"))).await?.json();
        let id = listed.pointer("/data/items/0/notification_id").and_then(Value::as_str);
        let id = id.ok_or("a run without a notification")?;
        let notification = item(world, &format!("NOTIFICATION#{id}"), "NOTIFICATION").await?;
        seed_template.notification = Some(Kept { id: id.to_owned(), item: notification.to_string() });
        seed_template.channel = "email".to_owned();
        if let Some(topic) = topic {
            let subscription = item(world, &format!("USER#{user}"), &format!("SUBSCRIPTION#{topic}")).await?;
            seed_template.subscription = Some(subscription.to_string());
        }
        world.settled(id).await?;
        Ok(seed_template)
    }

    /// The sizes of the two items in bytes, as JSON. The sizes by DynamoDB's rules are a little smaller.
    pub fn sizes(&self) -> (usize, usize) {
        (self.user.item.len(), self.notification.as_ref().map_or(0, |kept| kept.item.len()))
    }

    /// Writes `count` copies of the items.
    pub async fn pour(&self, world: &World, count: usize) -> Result<Vec<Copy>, Fault> {
        let copies: Vec<_> = (0..count).map(|_| self.copy()).collect();
        let items = copies.iter().flat_map(|copy| self.items(copy));
        let requests =
            items.map(|item| serde_json::from_str::<Value>(&item).map(|item| json!({"PutRequest": {"Item": item}})));
        let requests: Vec<_> = requests.collect::<Result<_, _>>()?;
        let table = world.table_name();
        stream::iter(requests.chunks(BATCH))
            .map(|batch| Ok::<_, Fault>(json!({"RequestItems": {table: batch}})))
            .try_for_each_concurrent(AT_ONCE, async |request| {
                let answer = world.table("BatchWriteItem", &request).await?;
                let left = answer["UnprocessedItems"].as_object().is_some_and(|left| !left.is_empty());
                if left { Err("the emulator left items unprocessed".into()) } else { Ok(()) }
            })
            .await?;
        Ok(copies)
    }

    fn copy(&self) -> Copy {
        let fresh = || Uuid::new_v4().to_string();
        Copy { user: fresh(), notification: fresh(), channel: self.channel.clone() }
    }

    fn items(&self, copy: &Copy) -> Vec<String> {
        let renamed = |item: &str| {
            let item = item.replace(&self.user.id, &copy.user).replace(DEVICE, &format!("device-{}", copy.user));
            item.replace(&self.email, &format!("copy-{}@example.com", copy.user))
        };
        let notification = self.notification.as_ref();
        let notification = notification.map(|kept| renamed(&kept.item).replace(&kept.id, &copy.notification));
        let subscription = self.subscription.as_deref().map(renamed);
        [Some(renamed(&self.user.item)), notification, subscription].into_iter().flatten().collect()
    }
}

/// The event for the worker with the messages of these copies, in one batch.
pub fn batch(copies: &[Copy]) -> Value {
    let record = |(number, copy): (usize, &Copy)| {
        let message = json!({
            "kind": "deliver.v1", "notification_id": copy.notification, "user_id": copy.user, "channel": copy.channel,
        });
        json!({
            "messageId": number.to_string(), "receiptHandle": "none", "body": message.to_string(),
            "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {},
            "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        })
    };
    json!({"Records": copies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

async fn item(world: &World, pk: &str, sk: &str) -> Result<Value, Fault> {
    let request =
        json!({"TableName": world.table_name(), "Key": {"pk": {"S": pk}, "sk": {"S": sk}}, "ConsistentRead": true});
    let mut answer = world.table("GetItem", &request).await?;
    match answer["Item"].take() {
        Value::Null => Err(format!("the table has no {sk} where one was just written").into()),
        item => Ok(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed_template() -> SeedTemplate {
        let user = Kept {
            id: "u-1".into(),
            item: r#"{"pk":"USER#u-1","email":"a@b","teams":"u-10","token":"the-device-of-one-user"}"#.into(),
        };
        let notification = Kept { id: "n-1".into(), item: r#"{"pk":"NOTIFICATION#n-1","owner":"USER#u-1"}"#.into() };
        SeedTemplate {
            user,
            notification: Some(notification),
            subscription: None,
            email: "a@b".into(),
            channel: "email".into(),
        }
    }

    #[test]
    fn a_copy_is_somebody_else_in_every_place() {
        let (seed_template, copy) = (seed_template(), seed_template().copy());
        let items = seed_template.items(&copy);
        assert_eq!(items.len(), 2);
        assert!(items.iter().all(|item| !item.contains("n-1") && item.contains(&copy.user)), "{items:?}");
        assert!(items[0].contains(&format!("copy-{}@example.com", copy.user)));
        assert!(items[0].contains(&format!("\"device-{}\"", copy.user)));
        assert!(items[1].contains(&format!("NOTIFICATION#{}", copy.notification)));
        assert_ne!(seed_template.copy().user, copy.user);
        let subscription = Some(r#"{"pk":"USER#u-1","at":"now#u-1"}"#.to_owned());
        let items = SeedTemplate { subscription, ..seed_template }.items(&copy);
        assert_eq!(items[2], format!(r#"{{"pk":"USER#{0}","at":"now#{0}"}}"#, copy.user));
    }

    #[test]
    fn a_batch_has_a_message_a_copy_and_ids_alone() {
        let copies = [seed_template().copy(), seed_template().copy()];
        let event = batch(&copies);
        let records = event["Records"].as_array().unwrap();
        assert_eq!((records.len(), &records[1]["messageId"]), (2, &json!("1")));
        let body: Value = serde_json::from_str(records[0]["body"].as_str().unwrap()).unwrap();
        let expected = json!({
            "kind": "deliver.v1", "notification_id": copies[0].notification, "user_id": copies[0].user, "channel": "email",
        });
        assert_eq!(body, expected);
    }
}

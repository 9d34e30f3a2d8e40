//! Users with a Slack endpoint, and notifications for them.

use std::time::Duration;
use uuid::Uuid;

use bytes::Bytes;
use futures::future::try_join_all;
use shared::domain::{Channel, Content, EmailAddress, Notification, NotificationId, Provider, Settings, UserId};
use shared::{
    clock::Clock,
    domain::{UserChange, user_change::NewUser},
    store::Store,
};

use super::{Ground, batch};
use crate::section::Fault;

/// How long the notifications are kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// One user for each message of a batch. Each has an address in Slack.
#[derive(Debug)]
pub struct Recipients {
    store: Store,
    queue: String,
    ids: Vec<UserId>,
}

impl Recipients {
    /// Creates `count` users.
    pub async fn create(ground: &Ground, count: usize) -> Result<Self, Fault> {
        let store = ground.store()?;
        let mut ids = Vec::with_capacity(count);
        for n in 0..count {
            let id = create(&store).await?;
            ids.push(id);
            let slack = Settings { slack_channel_id: Some(format!("C{n:010}")), ..Settings::default() };
            let endpoints = [(slack_channel()?.to_owned(), (Provider::Slack, slack))].into();
            let change = UserChange { endpoints, ..UserChange::default() };
            store.update_user(id, &change, None, Clock::system().now()).await?;
        }
        let queues = &ground.world.stack.template().queues;
        let queue = queues.iter().find(|queue| queue.logical_id == "Queue").ok_or("there is no queue")?;
        Ok(Self { store, queue: queue.arn.clone(), ids })
    }

    /// The users.
    pub fn ids(&self) -> &[UserId] {
        &self.ids
    }

    /// The event of a batch of new notifications, one for each user.
    pub async fn batch(&self) -> Result<Bytes, Fault> {
        let notifications = self.ids.iter().map(|id| notification(*id)).collect::<Vec<_>>();
        self.accept(&notifications).await?;
        self.event(&notifications)
    }

    /// The events of `count` batches.
    pub async fn batches(&self, count: usize) -> Result<Vec<Bytes>, Fault> {
        let mut batches = Vec::with_capacity(count);
        for _ in 0..count {
            batches.push(self.batch().await?);
        }
        Ok(batches)
    }

    /// Stores notifications.
    pub async fn accept(&self, notifications: &[Notification]) -> Result<(), Fault> {
        try_join_all(notifications.iter().map(|one| self.store.accept(one, "bench"))).await?;
        Ok(())
    }

    /// The event that makes a worker deliver these notifications.
    pub fn event(&self, notifications: &[Notification]) -> Result<Bytes, Fault> {
        let deliveries: Vec<_> = notifications.iter().map(|one| (one.id, one.user_id)).collect();
        batch(&self.queue, &deliveries, Channel::Slack)
    }
}

/// A user with a name and an address only.
pub async fn create(store: &Store) -> Result<UserId, Fault> {
    let id = UserId::from(Uuid::new_v4());
    let email = EmailAddress::parse(&format!("{id}@example.com")).ok_or("an address that is none")?;
    let new = NewUser {
        id,
        name: "A User".to_owned(),
        email,
        push_token: None,
        channels: [(Channel::Email, true), (Channel::Push, false)].into(),
        teams: Vec::new(),
        org: None,
    };
    Ok(store.create_user(new, Clock::system().now()).await?.id)
}

/// The demo's channel for Slack.
fn slack_channel() -> Result<&'static str, Fault> {
    let mut channels = local::demo::CHANNELS.iter();
    Ok(channels.find(|channel| channel.key == "slack").ok_or("the demo has no channel for Slack")?.id)
}

/// A new notification with an inline text.
pub fn notification(user_id: UserId) -> Notification {
    let now = Clock::system().now();
    let (subject, title) = (None, Some("Order shipped".to_owned()));
    let content = Content::Inline { subject, title, body: "It should be with you on Thursday.".to_owned() };
    let plain = Notification::new(NotificationId::from(Uuid::new_v4()), user_id, vec![Channel::Slack], content, now);
    Notification { group: Some("orders".to_owned()), kept_until: now.plus(KEPT), ..plain }
}

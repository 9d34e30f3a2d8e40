//! Which notifications a list shows.

use serde::Deserialize;
use serde_json::json;
use shared::domain::{Content, Delivery, DeliveryStatus, RunId, UserId};
use shared::store::ListedNotification;

use super::captured::{Captured, contains};

/// What is wanted. An empty text is wanted by nobody.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Filter {
    /// A user's id, or a part of the name, the address or the external id.
    pub(super) user: String,
    /// The channel of a delivery.
    pub(super) channel: String,
    /// The status of a delivery; with a channel, of the one on it.
    pub(super) status: String,
    /// The category.
    pub(super) category: String,
    /// The run that it belongs to.
    pub(super) run: String,
    /// A part of what was asked for or sent, or of a reason.
    pub(super) text: String,
    /// Where the page begins.
    pub(super) after: String,
}

impl Filter {
    /// The user, if it is one by id.
    pub(super) fn user_id(&self) -> Option<UserId> {
        UserId::parse(self.user.trim())
    }

    /// The run, if the text is the id of one.
    pub(super) fn run_id(&self) -> Option<RunId> {
        RunId::parse(self.run.trim())
    }

    /// The text in lower case.
    pub(super) fn text(&self) -> String {
        self.text.trim().to_lowercase()
    }

    /// Whether it takes the notification. `captured` was read for [`Filter::text`].
    pub(super) fn takes(&self, listed: &ListedNotification, captured: &Captured) -> bool {
        let category = self.category.trim();
        let is_of_run =
            self.run.trim().is_empty() || listed.notification.run.is_some_and(|run| self.run_id() == Some(run));
        is_of_run
            && (category.is_empty() || listed.notification.group.as_deref() == Some(category))
            && self.takes_delivery(listed)
            && self.takes_user(listed)
            && self.takes_text(listed, captured)
    }

    fn takes_delivery(&self, listed: &ListedNotification) -> bool {
        listed.notification.channels.iter().any(|channel| {
            let delivery = listed.deliveries.iter().find(|delivery| delivery.channel == *channel);
            (self.channel.is_empty() || channel.as_str() == self.channel)
                && (self.status.is_empty() || status(delivery) == self.status)
        })
    }

    fn takes_user(&self, listed: &ListedNotification) -> bool {
        let wanted = self.user.trim().to_lowercase();
        if wanted.is_empty() || self.user_id() == Some(listed.notification.user_id) {
            return true;
        }
        let recipient = listed.recipient.as_ref();
        let names = recipient.map(|user| [&user.name, &user.email, &user.external_id]);
        names.into_iter().flatten().flatten().any(|name| name.to_lowercase().contains(&wanted))
    }

    fn takes_text(&self, listed: &ListedNotification, captured: &Captured) -> bool {
        let (text, notification) = (self.text(), &listed.notification);
        let id = notification.id.to_string();
        let reason = |text: &str| {
            listed.deliveries.iter().filter_map(|delivery| delivery.reason).any(|reason| reason.as_str().contains(text))
        };
        let asked = match &notification.content {
            Content::Inline { subject, title, body } => json!([subject, title, body]),
            Content::Template { template_code, variables } => json!([template_code, variables]),
            Content::OfRun(run) => json!([run]),
        };
        text.is_empty()
            || id.contains(&text)
            || contains(&asked, &text)
            || reason(&text)
            || captured.has(&id, &listed.deliveries)
    }
}

/// The state of a delivery as people see it. One that no worker has looked at is queued, and one that a worker is sending now is shown as
/// queued, or as between two attempts.
pub(super) fn status(delivery: Option<&Delivery>) -> &'static str {
    let Some(Delivery { status, attempts, .. }) = delivery else { return DeliveryStatus::Queued.as_str() };
    match status {
        DeliveryStatus::Sending if *attempts > 1 => DeliveryStatus::Retrying.as_str(),
        DeliveryStatus::Sending => DeliveryStatus::Queued.as_str(),
        status => status.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{Channel, Notification, NotificationId, Reason, Timestamp};

    use uuid::Uuid;

    use super::*;

    fn listed() -> ListedNotification {
        let variables = json!({"order": {"number": 4711}}).as_object().unwrap().clone();
        let content = Content::Template { template_code: "order-shipped".to_owned(), variables };
        let (channels, at) = (vec![Channel::Email, Channel::Push, Channel::Sms], Timestamp::EPOCH);
        let notification = Notification::new(
            NotificationId::from(Uuid::new_v4()),
            UserId::from(Uuid::new_v4()),
            channels,
            content,
            at,
        );
        let of = |channel, status| Delivery { status, ..Delivery::queued(channel, at) };
        let skipped = Delivery { reason: Some(Reason::ChannelOff), ..of(Channel::Email, DeliveryStatus::Skipped) };
        ListedNotification {
            notification: Notification { group: Some("orders".to_owned()), ..notification },
            deliveries: vec![skipped, Delivery { attempts: 2, ..of(Channel::Push, DeliveryStatus::Sending) }],
            recipient: None,
            inbox_entry: None,
            actor: None,
        }
    }

    #[test]
    fn every_part_must_fit_and_status_and_channel_are_of_one_delivery() {
        let listed = listed();
        let takes = |filter: Filter| filter.takes(&listed, &Captured::default());
        let of = |channel: &str, status: &str| Filter {
            channel: channel.to_owned(),
            status: status.to_owned(),
            ..Filter::default()
        };
        assert!(takes(Filter::default()));
        assert!(takes(of("email", "skipped")) && takes(of("", "skipped")) && takes(of("sms", "queued")));
        assert!(takes(of("push", "retrying")), "a lease is not shown");
        assert!(!takes(of("push", "skipped")) && !takes(of("slack", "")) && !takes(of("", "sent")));
        let text = |text: &str| Filter { text: text.to_owned(), ..Filter::default() };
        for found in [" Shipped", "4711", "channel_off", &listed.notification.id.to_string()] {
            assert!(takes(text(found)), "{found}");
        }
        assert!(!takes(text("refund")));
        let category = |category: &str| Filter { category: category.to_owned(), ..Filter::default() };
        assert!(takes(category("orders")) && !takes(category("order")));
        let user = |user: &str| Filter { user: user.to_owned(), ..Filter::default() };
        assert!(takes(user(&listed.notification.user_id.to_string())));
        assert!(!takes(user(&UserId::from(Uuid::new_v4()).to_string())) && !takes(user("john")));
    }

    #[test]
    fn what_is_of_a_run_is_found_by_the_run() {
        let (run, other) = (RunId::from(Uuid::new_v4()), RunId::from(Uuid::new_v4()));
        let mut of_run = listed();
        of_run.notification.run = Some(run);
        let takes = |listed: &ListedNotification, run: &str| {
            Filter { run: run.to_owned(), ..Filter::default() }.takes(listed, &Captured::default())
        };
        assert!(takes(&of_run, &format!(" {run}")) && takes(&of_run, "") && takes(&listed(), ""));
        assert!(!takes(&of_run, &other.to_string()) && !takes(&of_run, "x") && !takes(&listed(), &run.to_string()));
    }
}

//! The in-app inbox, as a provider: it stores its messages in the table.

use shared::{
    delivery::{Outcome, Outgoing},
    domain::{InboxEntry, RenderedContent, rendered_content::Alert},
    http::cursor,
    store::{Delivered, Store, StoreError},
    telemetry,
};

/// Puts one message into its user's inbox. A repeated call changes nothing, so a call without an answer can be
/// repeated.
pub async fn put(store: &Store, outgoing: &Outgoing<'_>) -> Outcome {
    let Some(entry) = entry(outgoing) else { return Outcome::Rejected };
    match store.put_inbox(&(outgoing.user_id, entry)).await {
        Ok(Delivered::At(place)) => sent(&place),
        // The user was erased after it was read. The next attempt sees that, and empties the notification.
        Ok(Delivered::NoUser) => Outcome::Retry { after: None },
        Err(error) => {
            tracing::warn!(provider = "in_app", error = telemetry::chain(&error), "refused");
            classify(&error)
        }
    }
}

/// The outcome of a message that is at this place in its inbox.
pub fn sent(place: &str) -> Outcome {
    Outcome::Sent { message_id: Some(cursor::encode(place)) }
}

/// The entry, if the content is that of an inbox message.
pub fn entry(outgoing: &Outgoing<'_>) -> Option<InboxEntry> {
    let Alert { title, body, data } = match outgoing.content {
        RenderedContent::InApp(alert) => alert.clone(),
        RenderedContent::Email(_) | RenderedContent::Push(_) | RenderedContent::Sms(_) | RenderedContent::Slack(_) => {
            return None;
        }
    };
    Some(InboxEntry {
        notification_id: outgoing.notification_id,
        title,
        body,
        data,
        created_at: outgoing.due,
        read_at: None,
        archived_at: None,
        kept_until: outgoing.kept_until,
    })
}

fn classify(error: &StoreError) -> Outcome {
    match error {
        // The table is no provider. While it is out of reach, nothing can be tried; a repeated call changes nothing.
        StoreError::Unavailable(_) => Outcome::NotTried { after: None },
        StoreError::TooLarge => Outcome::Rejected,
        StoreError::Failed(_) | StoreError::Malformed(_) => Outcome::Misconfigured,
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        domain::{Channel, Timestamp, UserId, rendered_content::Email},
        random::Randomness,
    };

    use super::*;

    fn made(content: &RenderedContent) -> Option<InboxEntry> {
        let (due, kept_until) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        entry(&Outgoing {
            notification_id: Randomness::seeded(1).uuid().into(),
            user_id: UserId::from_bytes([1; 16]),
            channel: Channel::InApp,
            address: "u",
            content,
            priority: 3,
            due,
            kept_until,
            expires_at: None,
            unsubscribe: None,
        })
    }

    #[test]
    fn an_entry_says_what_it_is_given_and_stands_under_the_time_it_was_due() {
        let data: serde_json::Map<_, _> = [("order".to_owned(), 7.into())].into_iter().collect();
        let content = RenderedContent::InApp(Alert { title: Some("T".into()), body: "b".into(), data: data.clone() });
        let entry = made(&content).unwrap();
        assert_eq!((entry.title.as_deref(), entry.body.as_str(), entry.data), (Some("T"), "b", data));
        assert_eq!((entry.created_at.millis(), entry.kept_until.millis()), (1, 2));
        assert_eq!((entry.read_at, entry.archived_at), (None, None));
    }

    #[test]
    fn words_of_another_channel_are_no_entry() {
        assert_eq!(made(&RenderedContent::Email(Email::default())), None);
    }

    #[test]
    fn what_passes_by_itself_is_tried_again() {
        let errors = [
            (StoreError::Unavailable("busy".into()), Outcome::NotTried { after: None }),
            (StoreError::TooLarge, Outcome::Rejected),
            (StoreError::Failed("denied".into()), Outcome::Misconfigured),
        ];
        for (error, outcome) in errors {
            assert_eq!(classify(&error), outcome, "{error}");
        }
    }
}

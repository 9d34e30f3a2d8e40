//! The attributes by which the index lists runs among all notifications.

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::{string, table, table::Key};
use crate::domain::{NotificationId, Run, Timestamp, run::Audience};

/// The list's part and the place in it.
pub(super) struct RecentKeys {
    pub recent: String,
    pub at: String,
}

impl RecentKeys {
    /// Of a run whose request names the recipients. One to a topic is listed by its pages.
    pub fn of_run(run: &Run) -> Option<Self> {
        match run.audience {
            Audience::Named(_) => Some(Self::new(run.id.uuid(), run.spec.created_at)),
            Audience::Topic { .. } => None,
        }
    }

    /// Of a page of a topic's subscribers.
    pub fn of_page(run: &Run, page: &Key) -> Self {
        Self::new(Uuid::new_v5(&run.id.uuid(), page.sk.as_bytes()), run.spec.created_at)
    }

    fn new(id: Uuid, created_at: Timestamp) -> Self {
        let id = NotificationId::from(id);
        Self { recent: table::recent_part(id), at: table::notification_at(id, created_at) }
    }

    /// As an item has them.
    pub fn attributes(self) -> [(String, AttributeValue); 2] {
        [(table::RECENT, self.recent), (table::AT, self.at)].map(|(name, value)| (name.to_owned(), string(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::run_item::tests::{of_topic, run};

    #[test]
    fn a_run_that_names_its_recipients_is_listed_once_and_one_to_a_topic_by_each_page() {
        let (named, topic) = (run(Audience::Named(1000), None), run(of_topic(), None));
        let RecentKeys { recent, at } = RecentKeys::of_run(&named).unwrap();
        assert_eq!(
            (recent, at),
            (table::recent_part(named.id.uuid().into()), format!("{}#{}", named.spec.created_at, named.id))
        );
        assert!(RecentKeys::of_run(&topic).is_none());
        let page = |name: &str| RecentKeys::of_page(&topic, &Key::run_page(topic.id, name)).at;
        assert!(page("03#0000012").starts_with(&format!("{}#", topic.spec.created_at)));
        assert_ne!(page("03#0000012"), page("03#0000013"));
    }
}

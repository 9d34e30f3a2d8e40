//! Reports the notifications that are written, so that a page can show their changes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use shared::domain::NotificationId;

/// The function that is called with each written notification, after the table's answer.
pub type Told = Arc<dyn Fn(NotificationId) + Send + Sync>;

/// The start of the keys of a notification and of its deliveries.
const KEY: &str = "\"NOTIFICATION#";
const ID: usize = 36;

/// Holds the function. Without it, requests are not examined.
#[derive(Default)]
pub(super) struct Watch(OnceLock<Told>);

impl Watch {
    /// Sets the function. Later calls have no effect.
    pub(super) fn set(&self, told: Told) {
        let _ = self.0.set(told);
    }

    /// The notifications that a request writes, without duplicates.
    pub(super) fn written(&self, operation: &str, body: &[u8]) -> Vec<NotificationId> {
        let batches = ["BatchExecuteStatement", "BatchWriteItem", "TransactWriteItems"];
        let writes = ["DeleteItem", "PutItem", "UpdateItem"].into_iter().chain(batches);
        if self.0.get().is_none() || !writes.into_iter().any(|write| write == operation) {
            return Vec::new();
        }
        let body = std::str::from_utf8(body).unwrap_or_default();
        let mut ids = Vec::new();
        for (at, _) in body.match_indices(KEY) {
            let id = body.get(at + KEY.len()..at + KEY.len() + ID).and_then(NotificationId::parse);
            ids.extend(id.filter(|id| !ids.contains(id)));
        }
        ids
    }

    /// Calls the function with these notifications.
    pub(super) fn tell(&self, written: &[NotificationId]) {
        if let Some(told) = self.0.get() {
            written.iter().for_each(|id| told(*id));
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Watch").field(&self.0.get().is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_write_names_its_notifications_and_a_read_none() {
        let (one, two) = (NotificationId::from(Uuid::new_v4()), NotificationId::from(Uuid::new_v4()));
        let body = format!(
            r##"{{"Item":{{"pk":{{"S":"NOTIFICATION#{one}"}},"at":{{"S":"NOTIFICATION#{one}"}}}},"pk":{{"S":"NOTIFICATION#{two}"}},
            "content":"NOTIFICATION#nobody"}}"##
        );
        let watch = Watch::default();
        assert_eq!(watch.written("PutItem", body.as_bytes()), [], "nobody wants to know");
        watch.set(Arc::new(|_| ()));
        assert_eq!(watch.written("PutItem", body.as_bytes()), [one, two]);
        assert_eq!(watch.written("BatchExecuteStatement", body.as_bytes()), [one, two]);
        assert_eq!(watch.written("Query", body.as_bytes()), []);
        assert_eq!(watch.written("UpdateItem", br#"{"pk":{"S":"NOTIFICATION#0"#), [], "cut off");
    }
}

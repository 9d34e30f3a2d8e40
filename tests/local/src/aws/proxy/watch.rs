//! Reports the notifications and the runs that are written, so that a page can show their changes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use shared::domain::{NotificationId, RunId};

/// Something of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// A notification, or one of its deliveries.
    Notification(NotificationId),
    /// A run, its state, or one of its pages.
    Run(RunId),
}

/// The function that is called with each thing that was written, after the table's answer.
pub type Told = Arc<dyn Fn(Written) + Send + Sync>;

/// The start of the keys of a notification and of its deliveries, and of those of a run.
const NOTIFICATION: &str = "\"NOTIFICATION#";
const RUN: &str = "\"RUN#";
const ID: usize = 36;

/// Holds the function. Without it, requests are not examined.
#[derive(Default)]
pub(super) struct Watch(OnceLock<Told>);

impl Watch {
    /// Sets the function. Later calls have no effect.
    pub(super) fn set(&self, told: Told) {
        let _ = self.0.set(told);
    }

    /// What a request writes, without duplicates.
    pub(super) fn written(&self, operation: &str, body: &[u8]) -> Vec<Written> {
        let batches = ["BatchExecuteStatement", "BatchWriteItem", "TransactWriteItems"];
        let writes = ["DeleteItem", "PutItem", "UpdateItem"].into_iter().chain(batches);
        if self.0.get().is_none() || !writes.into_iter().any(|write| write == operation) {
            return Vec::new();
        }
        let body = std::str::from_utf8(body).unwrap_or_default();
        let ids = |key: &'static str| {
            let starts = body.match_indices(key).map(|(at, _)| at + key.len());
            starts.filter_map(|at| body.get(at..at + ID))
        };
        let notifications = ids(NOTIFICATION).filter_map(NotificationId::parse).map(Written::Notification);
        let mut written = Vec::new();
        for one in notifications.chain(ids(RUN).filter_map(RunId::parse).map(Written::Run)) {
            if !written.contains(&one) {
                written.push(one);
            }
        }
        written
    }

    /// Calls the function with each of them.
    pub(super) fn tell(&self, written: &[Written]) {
        if let Some(told) = self.0.get() {
            written.iter().for_each(|one| told(*one));
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
    fn a_write_names_its_notifications_and_runs_and_a_read_none() {
        let (one, two) = (NotificationId::from(Uuid::new_v4()), NotificationId::from(Uuid::new_v4()));
        let run = RunId::from(Uuid::new_v4());
        let body = format!(
            r##"{{"Item":{{"pk":{{"S":"NOTIFICATION#{one}"}},"at":{{"S":"NOTIFICATION#{one}"}}}},"pk":{{"S":"NOTIFICATION#{two}"}},
            "content":"NOTIFICATION#nobody","more":{{"S":"RUN#{run}"}}}}"##
        );
        let watch = Watch::default();
        assert_eq!(watch.written("PutItem", body.as_bytes()), [], "nobody wants to know");
        watch.set(Arc::new(|_| ()));
        let all = [Written::Notification(one), Written::Notification(two), Written::Run(run)];
        assert_eq!(watch.written("PutItem", body.as_bytes()), all);
        assert_eq!(watch.written("BatchExecuteStatement", body.as_bytes()), all);
        assert_eq!(watch.written("Query", body.as_bytes()), []);
        assert_eq!(watch.written("UpdateItem", br#"{"pk":{"S":"NOTIFICATION#0"#), [], "cut off");
    }
}

//! Which notifications were written to lately, in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use shared::domain::NotificationId;
use tokio::sync::watch;

use crate::aws::proxy::Told;

/// As many as the page shows.
const MOST: usize = 60;

/// A place for each notification: that of its last write. Only ids are kept, so that who sends a million of them with
/// nobody looking pays for none.
#[derive(Debug)]
pub struct Feed {
    log: Mutex<Log>,
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Log {
    last: u64,
    places: BTreeMap<u64, NotificationId>,
    ids: HashMap<NotificationId, u64>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { log: Mutex::default(), last: watch::Sender::new(0) }
    }
}

impl Feed {
    /// What the proxy before the table tells.
    pub fn told(self: Arc<Self>) -> Told {
        Arc::new(move |id| self.written(id))
    }

    fn written(&self, id: NotificationId) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.last += 1;
        let place = log.last;
        if let Some(before) = log.ids.insert(id, place) {
            log.places.remove(&before);
        }
        log.places.insert(place, id);
        if log.places.len() > MOST
            && let Some((_, oldest)) = log.places.pop_first()
        {
            log.ids.remove(&oldest);
        }
        self.last.send_replace(place);
    }

    /// What was written after this place, and the place that is reached with it.
    pub fn since(&self, place: u64) -> (Vec<NotificationId>, u64) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        (log.places.range(place + 1..).map(|(_, id)| *id).collect(), log.last)
    }

    /// Changes with every write.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_once_by_its_last_write_and_the_oldest_are_forgotten() {
        let feed = Arc::new(Feed::default());
        let told = feed.clone().told();
        let ids: Vec<_> = (0..MOST + 2).map(|_| NotificationId::random()).collect();
        ids[..3].iter().for_each(|id| told(*id));
        let (first, place) = feed.since(0);
        assert_eq!(first, ids[..3]);
        told(ids[0]);
        assert_eq!(feed.since(place).0, [ids[0]]);
        assert_eq!(feed.since(0).0, [ids[1], ids[2], ids[0]]);
        assert_eq!(feed.since(feed.since(0).1).0, []);
        ids.iter().for_each(|id| told(*id));
        assert_eq!(feed.since(0).0, ids[2..]);
        assert!(feed.changes().has_changed().is_ok());
    }
}

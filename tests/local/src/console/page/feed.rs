//! The notifications that were written last, in order.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use shared::domain::NotificationId;
use tokio::sync::watch;

/// The most notifications, as many as the page shows.
const MAX: usize = 60;

/// The place of each notification in the order of last writes. Only ids are kept, so that a million notifications cost
/// almost nothing while no page is open.
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
    /// Notes that something of a notification was written.
    pub fn written(&self, id: NotificationId) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.last += 1;
        let place = log.last;
        if let Some(before) = log.ids.insert(id, place) {
            log.places.remove(&before);
        }
        log.places.insert(place, id);
        if log.places.len() > MAX
            && let Some((_, oldest)) = log.places.pop_first()
        {
            log.ids.remove(&oldest);
        }
        self.last.send_replace(place);
    }

    /// The notifications that were written after `place`, and the new place.
    pub fn since(&self, place: u64) -> (Vec<NotificationId>, u64) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        (log.places.range(place + 1..).map(|(_, id)| *id).collect(), log.last)
    }

    /// A receiver that changes with every write.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_is_named_once_by_its_last_write_and_the_oldest_are_forgotten() {
        let feed = Feed::default();
        let told = |id| feed.written(id);
        let ids: Vec<_> = (0..MAX + 2).map(|_| NotificationId::from(Uuid::new_v4())).collect();
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

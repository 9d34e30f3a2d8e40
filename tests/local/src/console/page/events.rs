//! `GET /_local/ui/events`: the current state, and then its changes.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use serde_json::{Value, json};
use shared::domain::NotificationId;
use tokio::sync::watch;

use super::{Page, Shared, state, view};

/// How often queues and settings are read.
const PERIOD: Duration = Duration::from_millis(500);
/// How long to wait after a write. Writes come in bursts, and one read is enough for a burst.
const BURST: Duration = Duration::from_millis(40);

/// One open page.
struct Session {
    page: Arc<Page>,
    changes: watch::Receiver<u64>,
    /// The place in the feed up to which the page has been told everything.
    place: u64,
    /// The last data that the page got.
    notifications: HashMap<NotificationId, Value>,
    state: Value,
    /// The last request to the API that the page knows of.
    asked: u64,
    /// How many writes of runs the page knows of.
    runs: u64,
    next: VecDeque<Event>,
}

/// An endless stream of events. It ends when the page is closed.
pub(super) async fn events(State(page): Shared) -> impl IntoResponse {
    let changes = page.feed.changes();
    let (notifications, next) = Default::default();
    let session = Session { page, changes, place: 0, notifications, state: Value::Null, asked: 0, runs: 0, next };
    let events = stream::unfold(session, |mut session| async move {
        let event = session.next().await;
        Some((Ok::<_, Infallible>(event), session))
    });
    ([(header::CACHE_CONTROL, "no-store")], Sse::new(events).keep_alive(KeepAlive::default()))
}

impl Session {
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.next.pop_front() {
                return event;
            }
            self.look().await;
            if self.next.is_empty() {
                // A change and the end of the period both start a new read.
                let _ = tokio::time::timeout(PERIOD, self.changes.changed()).await;
                tokio::time::sleep(BURST).await;
            }
        }
    }

    /// Reads the changed data and sends it. If a read fails, the data is read again at the next change.
    async fn look(&mut self) {
        self.changes.mark_unchanged();
        let (written, place) = self.page.feed.since(self.place);
        self.place = place;
        for id in written {
            let Ok(Some(seen)) = view::notification(&self.page.control, id).await else { continue };
            if self.notifications.get(&id) != Some(&seen) {
                self.next.extend(event("notification", &seen));
                self.notifications.insert(id, seen);
            }
        }
        let state = state::state(&self.page.control).await;
        if state != self.state {
            self.next.extend(event("state", &state));
            self.state = state;
        }
        let runs = self.page.runs.writes();
        if runs != self.runs {
            self.next.extend(event("runs", &json!({"writes": runs})));
            self.runs = runs;
        }
        let asked = self.page.log.last();
        if asked != self.asked {
            self.next.extend(event("requests", &json!({"last": asked})));
            self.asked = asked;
        }
    }
}

fn event(name: &str, data: &Value) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}

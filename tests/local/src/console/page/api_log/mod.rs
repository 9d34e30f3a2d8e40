//! `GET /_local/ui/data/requests`: the last requests to the API, each with its status and the reason for it.

mod entry;
mod secrets;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use self::entry::Entry;
use super::Shared;
use crate::control::Refused;
use crate::lambda::gateway::heard::Listen;

/// The most requests that are kept.
const KEPT: usize = 1000;
/// The most requests of an answer.
const SHOWN: usize = 200;

/// The last requests, oldest first.
#[derive(Debug, Default)]
pub struct ApiLog(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    entries: VecDeque<Entry>,
}

/// Which requests are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    /// A status, or a class of them: `404`, `4xx`.
    status: String,
    /// A part of the path, the method, the reason or the code.
    text: String,
    /// `all` has the page's own requests, too.
    own: String,
}

impl Wanted {
    fn takes(&self, entry: &Entry) -> bool {
        let status = entry.status.to_string();
        let class = self.status.strip_suffix("xx").unwrap_or(&self.status);
        (self.own == "all" || !entry.is_own) && status.starts_with(class) && entry.has(&self.text.trim().to_lowercase())
    }
}

impl ApiLog {
    /// The function for the gateway, which reports each answer to this log.
    pub fn listen(self: Arc<Self>) -> Listen {
        Arc::new(move |exchange| {
            let mut kept = self.lock();
            if let Some(entry) = Entry::of(exchange, kept.last + 1) {
                kept.last += 1;
                kept.entries.push_back(entry);
                if kept.entries.len() > KEPT {
                    kept.entries.pop_front();
                }
            }
        })
    }

    /// The place of the last request; 0 if there was none.
    pub fn last(&self) -> u64 {
        self.lock().last
    }

    /// `{items, more}`, newest first.
    fn list(&self, wanted: &Wanted) -> Value {
        let kept = self.lock();
        let mut found = kept.entries.iter().rev().filter(|entry| wanted.takes(entry));
        let items: Vec<_> = found.by_ref().take(SHOWN).map(|entry| entry.view.clone()).collect();
        json!({"items": items, "more": found.next().is_some()})
    }

    fn one(&self, place: u64) -> Option<Value> {
        let kept = self.lock();
        let found = kept.entries.iter().find(|entry| entry.view["place"] == place);
        found.map(|entry| entry.view.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /_local/ui/data/requests`.
pub(super) async fn list(State(page): Shared, Query(wanted): Query<Wanted>) -> Json<Value> {
    Json(page.log.list(&wanted))
}

/// `GET /_local/ui/data/requests/{place}`.
pub(super) async fn one(State(page): Shared, Path(place): Path<u64>) -> Result<Json<Value>, Refused> {
    let found = page.log.one(place).map(Json);
    found.ok_or_else(|| Refused(StatusCode::NOT_FOUND, "the log has no such request any more".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::http::{HeaderMap, Request};
    use bytes::Bytes;

    use super::*;
    use crate::lambda::gateway::heard::Exchange;

    fn tell(log: &Arc<ApiLog>, uri: &str, status: u16) {
        let (asked, ()) = Request::get(uri).body(()).unwrap().into_parts();
        let (status, headers, body) = (StatusCode::from_u16(status).unwrap(), HeaderMap::new(), Bytes::new());
        let took = Duration::ZERO;
        let exchange = Exchange { asked: &asked, function: None, status, headers: &headers, body: &body, took };
        log.clone().listen()(&exchange);
    }

    fn paths(log: &ApiLog, wanted: &Wanted) -> Vec<String> {
        let list = log.list(wanted);
        let paths = list["items"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap().to_owned());
        paths.collect()
    }

    #[test]
    fn the_newest_comes_first_and_the_oldest_is_forgotten() {
        let log = Arc::new(ApiLog::default());
        assert_eq!((log.last(), log.list(&Wanted::default())), (0, json!({"items": [], "more": false})));
        for number in 0..KEPT + 1 {
            tell(&log, &format!("/{number}"), 200);
        }
        assert_eq!(log.last(), 1001);
        let list = log.list(&Wanted::default());
        assert_eq!((&list["items"][0]["path"], &list["more"]), (&json!("/1000"), &json!(true)));
        assert_eq!(list["items"].as_array().unwrap().len(), SHOWN);
        assert_eq!(log.one(1), None);
        assert_eq!(log.one(1001).unwrap()["path"], "/1000");
    }

    #[test]
    fn a_list_has_what_is_wanted() {
        let log = Arc::new(ApiLog::default());
        for (path, status) in [("/a", 200), ("/b", 404), ("/ab", 400), ("/docs/x", 404)] {
            tell(&log, path, status);
        }
        let of = |status: &str, text: &str| {
            paths(&log, &Wanted { status: status.to_owned(), text: text.to_owned(), own: String::new() })
        };
        assert_eq!(of("", ""), ["/ab", "/b", "/a"]);
        assert_eq!(of("4xx", ""), ["/ab", "/b"]);
        assert_eq!(of("404", ""), ["/b"]);
        assert_eq!(of("", " /A"), ["/ab", "/a"]);
        assert_eq!(of("5xx", ""), Vec::<String>::new());
    }
}

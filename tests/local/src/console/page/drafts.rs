//! `POST /_local/ui/data/drafts`: keeps the HTML of an email that was rendered and not sent, so that a frame can show it under the
//! policy of an email. A frame without an address of its own would have the page's policy, and lose the email's style.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::response::{Json, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, assets};
use crate::control::{Refused, read};

/// The most drafts that are kept: more than one page shows.
const KEPT: usize = 50;

/// The last drafts, oldest first.
#[derive(Debug, Default)]
pub struct Drafts(Mutex<VecDeque<(String, String)>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    html: String,
}

impl Drafts {
    /// The id of the draft. The same HTML has the same id.
    fn keep(&self, html: String) -> String {
        let id = shared::hash::sha256_hex(html.as_bytes());
        let mut drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.retain(|(known, _)| *known != id);
        drafts.push_back((id.clone(), html));
        if drafts.len() > KEPT {
            drafts.pop_front();
        }
        id
    }

    fn html(&self, id: &str) -> Option<String> {
        let drafts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.iter().find(|(known, _)| known == id).map(|(_, html)| html.clone())
    }
}

pub(super) async fn keep(State(page): Shared, body: Bytes) -> Result<Json<Value>, Refused> {
    let Draft { html } = read(&body)?;
    Ok(Json(json!({"id": page.drafts.keep(html)})))
}

/// `GET /_local/ui/data/drafts/{id}`.
pub(super) async fn show(State(page): Shared, Path(id): Path<String>) -> Result<Response, Refused> {
    let html = page.drafts.html(&id).ok_or_else(|| assets::missing("this draft is not kept any more"))?;
    Ok(assets::email_page(&html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_drafts_are_kept_each_once() {
        let drafts = Drafts::default();
        let first = drafts.keep("0".to_owned());
        for number in 1..KEPT {
            drafts.keep(number.to_string());
        }
        assert_eq!(drafts.keep("0".to_owned()), first);
        drafts.keep("one more".to_owned());
        assert_eq!(drafts.html(&first).as_deref(), Some("0"));
        assert_eq!(drafts.html(&shared::hash::sha256_hex(b"1")), None);
    }
}

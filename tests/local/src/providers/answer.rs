//! Answers that a test sets for a stand-in.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::net::loopback::Reply;

/// An answer. It is used once, unless `times` or `always` says otherwise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// The status; 200 if absent.
    pub status: u16,
    /// The body. If absent, it is the provider's normal answer for a status 2xx, and its documented error for other
    /// statuses.
    pub body: Option<Value>,
    /// Headers in addition to the provider's own.
    pub headers: BTreeMap<String, String>,
    /// The delay of the answer, in milliseconds.
    pub delay_ms: u64,
    /// What happens instead of the answer.
    pub then: Option<Then>,
    /// The address (or token) that the answer is for. If absent, it is for all addresses.
    pub to: Option<String>,
    /// How many times the answer is used; once if absent.
    pub times: Option<u64>,
    /// Whether the answer is used without limit.
    pub always: bool,
}

/// What happens instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The connection is closed without an answer. With a status 2xx, the provider has accepted the message.
    Reset,
    /// The client gets no answer and waits until its own time-out. With a status 2xx, the provider has accepted the
    /// message.
    Hang,
}

impl Then {
    /// The name in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Hang => "hang",
        }
    }
}

impl Default for Answer {
    fn default() -> Self {
        let (body, headers, delay_ms, then) = (None, BTreeMap::new(), 0, None);
        Self { status: 200, body, headers, delay_ms, then, to: None, times: None, always: false }
    }
}

impl Answer {
    /// Checks whether HTTP can carry the answer. The error says why not.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(200..=599).contains(&self.status) {
            return Err(format!("status {} is not within 200 to 599", self.status));
        }
        for (name, value) in &self.headers {
            if HeaderName::try_from(name).is_err() || HeaderValue::try_from(value).is_err() {
                return Err(format!("{name:?}: {value:?} is no header"));
            }
        }
        match self.times {
            Some(_) if self.always => Err("it has `times` and `always`; one of them says how often".to_owned()),
            Some(0) => Err("`times` is 0, and an answer is used at least once".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether the answer is for a message to one of these addresses.
    pub(super) fn is_for(&self, to: &[&str]) -> bool {
        self.to.as_deref().is_none_or(|wanted| to.contains(&wanted))
    }

    /// Describes the answer, and how many times it is still used; `null` means without limit.
    pub(super) fn describe(&self) -> Value {
        let left = (!self.always).then(|| self.times.unwrap_or(1));
        json!({"status": self.status, "then": self.then.map(Then::name), "left": left})
    }

    /// Counts one use. Returns `false` if it was the last one.
    pub(super) fn use_once(&mut self) -> bool {
        let left = self.times.unwrap_or(1).saturating_sub(1);
        self.times = self.times.map(|_| left);
        self.always || left > 0
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK)
    }

    /// Waits for the delay, and then answers or closes the connection.
    pub(super) async fn give(self, usual: Shape) -> Reply {
        tokio::time::sleep(Duration::from_millis(self.delay_ms)).await;
        match self.then {
            Some(Then::Reset) => return Reply::HangUp,
            // The server drops this future when the client closes its connection.
            Some(Then::Hang) => std::future::pending().await,
            None => {}
        }
        let status = self.status();
        let mut headers = usual.headers;
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        let body = match self.body {
            None => usual.body.to_string(),
            Some(Value::String(text)) => text,
            Some(body) => body.to_string(),
        };
        Reply::Answer(status, headers, body.into())
    }
}

/// A provider's own answer: its headers and body.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Shape {
    /// A JSON body.
    pub(super) fn json(body: Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        Self { headers, body }
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Makes the reply with this status.
    pub(super) fn reply(self, status: StatusCode) -> Reply {
        Reply::Answer(status, self.headers, self.body.to_string().into())
    }
}

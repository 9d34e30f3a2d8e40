//! A transcript of the complete calls to a service, for comparisons. It is off until a test starts it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use crate::net::loopback::Reply;

/// The most calls in a transcript. The oldest call is dropped if there are more.
const MAX_CALLS: usize = 10_000;

/// One sequence of numbers for the calls of all services, so that their order is known.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A call to the proxy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TranscriptCall {
    /// The number of the call among the calls of all services.
    pub sequence: u64,
    /// The app id of the calling process, such as `dispatch-0`; empty if there is none.
    pub caller: String,
    /// The header `X-Amz-Target`, as `DynamoDB_20120810.UpdateItem`.
    pub target: String,
    /// The body; null if it is not JSON.
    pub body: Value,
    /// The status of the answer; `None` before the answer, or if the connection was closed without an answer.
    pub status: Option<u16>,
}

/// The calls since the last `begin`; `None` while the transcript is off.
#[derive(Debug, Default)]
pub(super) struct Transcript(Mutex<Option<VecDeque<TranscriptCall>>>);

impl Transcript {
    /// Starts an empty transcript.
    pub(super) fn begin(&self) {
        *self.calls() = Some(VecDeque::new());
    }

    /// The calls since `begin`; empty if the transcript was not started.
    pub(super) fn read(&self) -> Vec<TranscriptCall> {
        self.calls().iter().flatten().cloned().collect()
    }

    /// Records a call. Returns its number for [`Self::answered`]; `None` while the transcript is off.
    pub(super) fn asked(&self, headers: &HeaderMap, caller: Option<&str>, body: &[u8]) -> Option<u64> {
        let mut calls = self.calls();
        let calls = calls.as_mut()?;
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let sequence = NEXT.fetch_add(1, Ordering::Relaxed);
        if calls.len() == MAX_CALLS {
            calls.pop_front();
        }
        calls.push_back(TranscriptCall {
            sequence,
            caller: caller.unwrap_or_default().to_owned(),
            target: target.to_owned(),
            body: serde_json::from_slice(body).unwrap_or_default(),
            status: None,
        });
        Some(sequence)
    }

    /// Records the answer of a call.
    pub(super) fn answered(&self, sequence: Option<u64>, reply: &Reply) {
        let (Some(sequence), Reply::Answer(status, ..)) = (sequence, reply) else {
            return;
        };
        let mut calls = self.calls();
        let found = calls.iter_mut().flatten().find(|call| call.sequence == sequence);
        if let Some(call) = found {
            call.status = Some(status.as_u16());
        }
    }

    fn calls(&self) -> MutexGuard<'_, Option<VecDeque<TranscriptCall>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, StatusCode};
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_kept_in_their_order_once_somebody_has_begun() {
        let transcript = Transcript::default();
        let headers: HeaderMap =
            [("x-amz-target".parse().unwrap(), HeaderValue::from_static("DynamoDB_20120810.GetItem"))]
                .into_iter()
                .collect();
        assert_eq!(transcript.asked(&headers, None, b"{}"), None);
        assert_eq!(transcript.read(), []);
        transcript.begin();
        let one = transcript.asked(&headers, Some("users-0"), br#"{"Key":1}"#);
        let two = transcript.asked(&HeaderMap::new(), None, b"no JSON");
        assert!(one < two);
        transcript.answered(one, &Reply::Answer(StatusCode::BAD_REQUEST, HeaderMap::new(), Bytes::new()));
        transcript.answered(two, &Reply::HangUp);
        let calls: Vec<_> =
            transcript.read().into_iter().map(|call| (call.caller, call.target, call.body, call.status)).collect();
        let target = "DynamoDB_20120810.GetItem".to_owned();
        let first = ("users-0".to_owned(), target, json!({"Key": 1}), Some(400));
        assert_eq!(calls, [first, (String::new(), String::new(), Value::Null, None)]);
        transcript.begin();
        assert_eq!(transcript.read(), []);
    }

    #[test]
    fn the_oldest_calls_go_where_there_are_too_many() {
        let transcript = Transcript::default();
        transcript.begin();
        let first = transcript.asked(&HeaderMap::new(), None, b"0").unwrap();
        for _ in 0..MAX_CALLS {
            transcript.asked(&HeaderMap::new(), None, b"1");
        }
        let calls = transcript.read();
        assert!(calls.len() == MAX_CALLS && calls.iter().all(|call| call.sequence > first));
    }
}

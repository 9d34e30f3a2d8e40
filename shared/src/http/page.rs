//! Pages of lists, in every dialect. A page ends when it has enough items, when its answer would be too large, or when the
//! request's deadline is near. The next page begins after the last place of this one.

use std::{future::Future, io, time::Duration};

use futures::{StreamExt, pin_mut};
use lambda_http::Request;
use serde::Serialize;

use super::event_source::EventSource;
use crate::{
    clock::{Clock, Moment},
    store::{Found, StoreError, Walk},
};

/// The most bytes of a function's answer that Lambda accepts. Lambda refuses a larger one with 413, and API Gateway then answers
/// 500. Sources: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html> (6 MB), and the text of Lambda's 413:
/// "Exceeded maximum allowed payload size (6291556 bytes)".
const LAMBDA_BYTES: usize = 6_291_556;
/// The most bytes of a function's answer that a load balancer accepts (1 MB)
/// (<https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>).
const LOAD_BALANCER_BYTES: usize = 1_000_000;
/// The bytes of an answer that are kept for its headers, and for the text around the items of a page.
const AROUND: usize = 64 * 1024;
/// The time of a request that is kept for writing the answer.
const TO_FINISH: Duration = Duration::from_secs(1);
/// The most places that are read for one page that may be empty. If few of many items are wanted, the page is short and has a
/// place from which to go on.
const MAX_LOOKED_AT: usize = 1000;

/// How large an answer may be, and how long it may take. It is among a request's extensions.
#[derive(Clone, Debug)]
pub struct Bounds {
    bytes: usize,
    time: Duration,
    clock: Clock,
    began: Moment,
}

impl Bounds {
    /// The bounds of an answer to that event source. The request has just begun and may take `time`.
    pub fn new(source: EventSource, time: Duration, clock: &Clock) -> Self {
        let bytes = match source {
            EventSource::HttpApi | EventSource::RestApi => LAMBDA_BYTES,
            EventSource::LoadBalancer { .. } => LOAD_BALANCER_BYTES,
        };
        Self { bytes: bytes - AROUND, time, clock: clock.clone(), began: clock.moment() }
    }

    /// The bounds of a request's answer. `None` if the request did not come through a [`Server`](super::Server).
    pub fn of(request: &Request) -> Option<&Self> {
        request.extensions().get()
    }

    /// The time until an answer must be ready to be written.
    pub fn left(&self) -> Duration {
        let whole = self.time.saturating_sub(TO_FINISH.min(self.time / 4));
        whole.saturating_sub(self.clock.age(self.began))
    }
}

/// How a page may end.
#[derive(Clone, Copy, Debug)]
pub struct PageRules {
    /// The most items.
    pub limit: usize,
    /// Whether the page may be empty although there may be more items. If not, it has at least one item.
    pub may_be_empty: bool,
    /// The most bytes of its items as JSON, if an answer could have more.
    pub max_bytes: Option<usize>,
}

/// A page of a list.
#[derive(Debug)]
pub struct Page<V> {
    /// The items in the form of the answer.
    pub items: Vec<V>,
    /// The place of the first item.
    pub first: Option<String>,
    /// The last place that was read. The next page begins after it.
    pub last: Option<String>,
    /// Whether there may be more items.
    pub has_more: bool,
}

/// Reads a page of a list. The answer has `head` bytes of other data beside the items. `show` brings an item into the form of the
/// answer. An item that alone is too large for an answer has a page of its own.
pub async fn page<T, V: Serialize>(
    bounds: Option<&Bounds>,
    rules: PageRules,
    head: usize,
    walk: Walk<'_, T>,
    mut show: impl FnMut(&str, T) -> V,
) -> Result<Page<V>, StoreError> {
    let PageRules { limit, may_be_empty, max_bytes } = rules;
    let room = bounds.map_or(LAMBDA_BYTES - AROUND, |bounds| bounds.bytes);
    let room = max_bytes.map_or(room, |max_bytes| room.min(head + max_bytes));
    let mut page = Page { items: Vec::new(), first: None, last: None, has_more: true };
    let (mut bytes, mut looked_at) = (head, 0);
    pin_mut!(walk);
    loop {
        let may_end = !page.items.is_empty() || may_be_empty && page.last.is_some();
        let next = in_time(bounds.filter(|_| may_end), walk.next()).await;
        let Some(next) = next else { return Ok(page) };
        let Some(Found { place, item, is_followed }) = next.transpose()? else {
            page.has_more = false;
            return Ok(page);
        };
        looked_at += 1;
        if let Some(item) = item {
            if page.items.len() == limit {
                return Ok(page);
            }
            let shown = show(&place, item);
            // One more for the comma.
            bytes += sent_bytes(&shown) + 1;
            if bytes > room && !page.items.is_empty() {
                return Ok(page);
            }
            page.items.push(shown);
            page.first.get_or_insert_with(|| place.clone());
        }
        page.last = Some(place);
        if is_followed && page.items.len() == limit {
            return Ok(page);
        }
        if looked_at >= MAX_LOOKED_AT.max(limit + 1) && may_be_empty {
            return Ok(page);
        }
    }
}

/// The result of a future. `None` if it is not there in time.
async fn in_time<T>(bounds: Option<&Bounds>, future: impl Future<Output = T>) -> Option<T> {
    let Some(bounds) = bounds else { return Some(future.await) };
    let left = bounds.left();
    if left.is_zero() { None } else { bounds.clock.timeout(left, future).await.ok() }
}

/// The bytes that a value takes in a function's answer. The body of that answer is a JSON string, so the value's JSON is
/// escaped once more.
pub fn sent_bytes(value: &impl Serialize) -> usize {
    let mut sent = Sent(0);
    // `Reply::json` reports an error.
    let _ = serde_json::to_writer(&mut sent, value);
    sent.0
}

/// Counts written bytes as they are in a JSON string (RFC 8259 §7, with the shortest escapes).
struct Sent(usize);

impl io::Write for Sent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let escaped = |byte: &u8| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
            0..0x20 => 6,
            _ => 1,
        };
        self.0 += bytes.iter().map(escaped).sum::<usize>();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;

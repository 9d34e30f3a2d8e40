//! Pages of contract 3's lists: `?limit=`, `?after=` and `?before=` in, `{"items", "page"}` out, the newest first in whichever
//! direction a page was read.
//!
//! The product's clients ask for the next page where `after` is set, and stop at an empty page. So the last page has `after: null`,
//! and no page is empty while its `after` is set. A filter may find nothing for long, so a search ends after `MAX_ROUNDS`
//! thousands of places or when the request's time is over. An empty page would say that there is nothing more, which nobody knows.
//! So such a request is refused, and the refusal has the cursor from which a further request can go on.

use lambda_http::Request;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Own, Problem};
use crate::{
    http::{
        cursor,
        page::{Bounds, Page, PageRules, page},
        query::{self, Limit},
        request::RequestBody,
    },
    store::{PageStart, Walk},
};

/// How many items a page has by default.
pub const DEFAULT_LIMIT: usize = 25;
/// How many items a page may have.
pub const LIMIT: Limit = Limit(1000);
/// The words for a time in a query.
pub const A_TIME: &str = "a time such as 2024-03-01T10:00:00Z (RFC 3339)";
/// How many times one request reads a thousand places, while none of them has what is asked for.
const MAX_ROUNDS: usize = 10;

/// A page of a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "{T}Page")]
pub struct PageOf<T> {
    items: Vec<T>,
    page: PageView,
}

/// The place of a page in its list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsPage")]
struct PageView {
    limit: usize,
    /// Where the next page begins, with older items; `null` on the last.
    after: Option<String>,
    /// Where the page before ends, with newer items. There may be none yet.
    before: Option<String>,
    has_more_after: bool,
    has_more_before: bool,
}

/// The page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The most items of the page.
    pub limit: usize,
    /// The place at which it begins. `None` begins at the newest item.
    pub start: Option<PageStart>,
}

/// Reads a list's query. The product's clients may send parameters that the list does not have. They are ignored.
pub fn read_query<Q: RequestBody<Context = ()>>(request: &Request) -> Result<Q, Problem> {
    query::read_known(request).map_err(|faults| Problem::invalid_params(&faults))
}

impl PageRequest {
    /// The page that a query asks for. Both cursors together are refused before.
    pub fn new(limit: usize, after: Option<String>, before: Option<String>) -> Self {
        Self { limit, start: after.map(PageStart::After).or(before.map(PageStart::Before)) }
    }

    /// Reads the page: `walk` begins the list at a place. A page may have fewer items than its limit although there are more, but never
    /// none.
    pub async fn read<'a, T, V: Serialize>(
        &self,
        request: &Request,
        walk: impl Fn(&Self) -> Walk<'a, T>,
        mut show: impl FnMut(&str, T) -> V,
    ) -> Result<Page<V>, Problem> {
        let bounds = Bounds::of(request);
        let rules = PageRules { limit: self.limit, may_be_empty: true, max_bytes: None };
        let mut at = self.clone();
        for _ in 0..MAX_ROUNDS {
            let found = page(bounds, rules, 0, walk(&at), &mut show).await?;
            if !found.items.is_empty() || !found.has_more {
                return Ok(found);
            }
            at = at.going_on_after(found.last);
            if bounds.is_some_and(|bounds| bounds.left().is_zero()) {
                break;
            }
        }
        let (name, place) = match &at.start {
            Some(PageStart::Before(place)) => ("before", Some(place)),
            Some(PageStart::After(place)) => ("after", Some(place)),
            None => ("after", None),
        };
        Err(Own::NothingFound { name, cursor: place.map(|place| cursor::encode(place)).unwrap_or_default() }.into())
    }

    /// The same list from a later place.
    fn going_on_after(self, place: Option<String>) -> Self {
        let Some(place) = place else { return self };
        let start = match self.start {
            Some(PageStart::Before(_)) => PageStart::Before(place),
            Some(PageStart::After(_)) | None => PageStart::After(place),
        };
        Self { start: Some(start), ..self }
    }

    /// The answer. `behind`: whether there are items on the other side of the place at which the page begins.
    pub fn answer<T>(&self, found: Page<T>, behind: bool) -> PageOf<T> {
        let Page { mut items, first, last, has_more } = found;
        let is_backward = matches!(self.start, Some(PageStart::Before(_)));
        let is_empty = items.is_empty();
        let cursor = |place: Option<String>| place.filter(|_| !is_empty).as_deref().map(cursor::encode);
        let (first, last) = (cursor(first), cursor(last));
        let (after, before, has_more_after, has_more_before) =
            if is_backward { (first, last, behind, has_more) } else { (last, first, has_more, behind) };
        if is_backward {
            items.reverse();
        }
        // A client asks again wherever there is a cursor, so the last page has none.
        let after = after.filter(|_| has_more_after);
        PageOf { items, page: PageView { limit: self.limit, after, before, has_more_after, has_more_before } }
    }
}

/// The last page, as an example in the OpenAPI document.
pub fn last_page() -> serde_json::Value {
    serde_json::json!({
        "limit": DEFAULT_LIMIT, "after": null, "before": "MjAyNC0wMy0wMVQxMDowMDowMC4wMDBaIzEyM2U0NTY3LWU4OWItMTJkMy1hNDU2LTQyNjYxNDE3NDAwMA",
        "has_more_after": false, "has_more_before": false,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::{StreamExt, stream};
    use lambda_http::Body;
    use serde_json::{Value, json};

    use super::*;
    use crate::{clock::ManualClock, domain::Timestamp, http::event_source::EventSource, store::Found};

    /// A list of places from 0, of which only one may be shown.
    fn list(asked: &PageRequest, length: usize, shown: usize) -> Walk<'static, usize> {
        let from = match &asked.start {
            Some(PageStart::After(place) | PageStart::Before(place)) => place.parse::<usize>().unwrap() + 1,
            None => 0,
        };
        let found = move |n: usize| Found { place: n.to_string(), item: (n == shown).then_some(n), is_followed: false };
        stream::iter((from..length).map(move |n| Ok(found(n)))).boxed()
    }

    async fn found(request: &Request, length: usize, shown: usize) -> Result<Value, Problem> {
        let asked = PageRequest::new(25, None, None);
        let found = asked.read(request, |at| list(at, length, shown), |_, item| item).await?;
        Ok(json!(asked.answer(found, false)))
    }

    fn page(after: Option<&str>) -> Value {
        json!({
            "limit": 25, "after": after.map(cursor::encode), "before": cursor::encode("8000"),
            "has_more_after": after.is_some(), "has_more_before": false,
        })
    }

    #[tokio::test]
    async fn what_is_rare_is_found_and_the_last_page_says_so() {
        let request = Request::new(Body::Empty);
        let last = found(&request, 8100, 8000).await;
        assert_eq!(last, Ok(json!({"items": [8000], "page": page(None)})));
        // The search for more ends too: whoever goes on begins after it.
        let first = found(&request, 20_000, 8000).await;
        assert_eq!(first, Ok(json!({"items": [8000], "page": page(Some("8999"))})));
        let none = found(&request, 9999, 20_000).await.unwrap();
        assert_eq!((&none["items"], &none["page"]["after"]), (&json!([]), &Value::Null));
    }

    #[tokio::test]
    async fn a_search_that_finds_nothing_is_no_empty_page_and_says_where_to_go_on() {
        let refused = found(&Request::new(Body::Empty), 20_000, 15_000).await;
        let cursor = cursor::encode("9999");
        assert_eq!(refused, Err(Own::NothingFound { name: "after", cursor }.into()));
        let asked = PageRequest::new(25, None, Some("0".into()));
        let backward = asked.read(&Request::new(Body::Empty), |at| list(at, 20_000, 15_000), |_, item| item).await;
        let cursor = cursor::encode("10000");
        assert_eq!(backward.map(drop), Err(Own::NothingFound { name: "before", cursor }.into()));
    }

    #[tokio::test]
    async fn a_search_ends_with_the_time_of_its_request() {
        let clock = ManualClock::new(Timestamp::EPOCH);
        let mut request = Request::new(Body::Empty);
        let bounds = Bounds::new(EventSource::HttpApi, Duration::from_secs(10), &clock.clock());
        request.extensions_mut().insert(bounds);
        clock.advance(Duration::from_secs(10));
        let refused = found(&request, 20_000, 15_000).await;
        assert_eq!(refused, Err(Own::NothingFound { name: "after", cursor: cursor::encode("0") }.into()));
    }

    #[test]
    fn a_page_is_the_newest_first_in_whichever_direction_it_was_read() {
        let found =
            |has_more| Page { items: vec!["1", "2"], first: Some("1".into()), last: Some("2".into()), has_more };
        let told = |asked: PageRequest, has_more, behind| json!(asked.answer(found(has_more), behind));
        let answer = |items: [&str; 2], after: Option<&str>, before: &str, more_after, more_before| {
            json!({"items": items, "page": {
                "limit": 25, "after": after.map(cursor::encode), "before": cursor::encode(before),
                "has_more_after": more_after, "has_more_before": more_before,
            }})
        };
        let after = || PageRequest::new(25, Some("x".into()), None);
        assert_eq!(told(after(), true, false), answer(["1", "2"], Some("2"), "1", true, false));
        assert_eq!(told(after(), false, true), answer(["1", "2"], None, "1", false, true));
        let before = || PageRequest::new(25, None, Some("x".into()));
        assert_eq!(told(before(), false, true), answer(["2", "1"], Some("1"), "2", true, false));
        assert_eq!(told(before(), true, false), answer(["2", "1"], None, "2", false, true));
    }

    #[test]
    fn an_empty_page_has_no_cursors() {
        let empty = Page { items: Vec::<u8>::new(), first: None, last: Some("9".into()), has_more: false };
        let expected = json!({"items": [], "page": {
            "limit": 25, "after": null, "before": null, "has_more_after": false, "has_more_before": false,
        }});
        assert_eq!(json!(PageRequest::new(25, None, None).answer(empty, false)), expected);
    }
}

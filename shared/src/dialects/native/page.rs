//! Pages of a list: `?limit=` and `?after=` in, `{"limit", "after", "has_more_after"}` out.

use std::borrow::Cow;

use futures::{StreamExt, stream};
use lambda_http::{Request, RequestExt};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::Problem;
use crate::{
    http::{
        cursor,
        page::{Bounds, Page, PageRules, page},
    },
    store::{Found, Walk},
};

/// How many items a page has by default.
pub const DEFAULT_LIMIT: usize = 25;
/// The most items of a page.
pub const MAX_LIMIT: usize = 100;

/// The page that is asked for.
#[derive(Debug)]
pub struct PageRequest {
    /// How many items it has at the most.
    pub limit: usize,
    /// The place after which it begins.
    pub after: Option<String>,
}

/// The place of a page in its list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Page")]
pub struct PageView {
    /// The largest number of items on a page.
    limit: usize,
    /// Where the next page begins; `null` on the last.
    after: Option<String>,
    /// Whether more items may follow.
    has_more_after: bool,
}

/// How many items a page has, in the OpenAPI document.
#[derive(Debug)]
pub struct Limit;

/// A place in a list, as an earlier page told it, in the OpenAPI document.
#[derive(Debug)]
pub struct Cursor;

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer", "format": "uint16", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT,
        })
    }
}

impl JsonSchema for Cursor {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_-]+$",
            "description": "A place in a list, as an earlier page told it; nobody is to take it apart.",
        })
    }
}

impl PageRequest {
    /// Reads the query. `is_place` tells which places a cursor of this list may hold.
    pub fn of(request: &Request, is_place: impl FnOnce(&str) -> bool) -> Result<Self, Problem> {
        Self::up_to(MAX_LIMIT, DEFAULT_LIMIT, request, is_place)
    }

    /// Like [`Self::of`], for a list whose pages have at most `max` items, and `default` items if the request has no limit.
    pub fn up_to(
        max: usize,
        default: usize,
        request: &Request,
        is_place: impl FnOnce(&str) -> bool,
    ) -> Result<Self, Problem> {
        let query = request.query_string_parameters();
        let limit = match query.first("limit") {
            None => default,
            Some(limit) => limit
                .parse()
                .ok()
                .filter(|limit| (1..=max).contains(limit))
                .ok_or_else(|| Problem::invalid(format!("limit must be a whole number from 1 to {max}")))?,
        };
        let unknown = || Problem::invalid("after must be the cursor of an earlier page");
        let after = query.first("after").map(|after| cursor::decode(after, is_place).ok_or_else(unknown));
        Ok(Self { limit, after: after.transpose()? })
    }

    /// Reads the page. `show` brings an item, with its place, into the form of the answer.
    pub async fn read<T, V: Serialize>(
        &self,
        request: &Request,
        walk: Walk<'_, T>,
        show: impl FnMut(&str, T) -> V,
    ) -> Result<(Vec<V>, PageView), Problem> {
        self.read_beside(request, 0, walk, show).await
    }

    /// Like [`Self::read`], for an answer that has `head` bytes of other data beside the items.
    pub async fn read_beside<T, V: Serialize>(
        &self,
        request: &Request,
        head: usize,
        walk: Walk<'_, T>,
        show: impl FnMut(&str, T) -> V,
    ) -> Result<(Vec<V>, PageView), Problem> {
        let rules = PageRules { limit: self.limit, may_be_empty: true };
        let Page { items, first: _, last, has_more } = page(Bounds::of(request), rules, head, walk, show).await?;
        let after = last.filter(|_| has_more).map(|place| cursor::encode(&place));
        Ok((items, PageView { limit: self.limit, has_more_after: after.is_some(), after }))
    }

    /// The part of a list, in the order of `place`, that comes after the place of the request.
    pub fn walk<'a, T: Send + 'a>(&self, items: Vec<T>, place: impl Fn(&T) -> String) -> Walk<'a, T> {
        let found = items.into_iter().map(|item| Found { place: place(&item), item: Some(item), is_followed: false });
        let found: Vec<_> =
            found.filter(|found| self.after.as_ref().is_none_or(|after| found.place > *after)).collect();
        stream::iter(found.into_iter().map(Ok)).boxed()
    }
}

/// The last page, as an example in the OpenAPI document.
pub fn last_page() -> Value {
    json!({"limit": DEFAULT_LIMIT, "after": null, "has_more_after": false})
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn read(query: &str) -> Result<PageRequest, Problem> {
        let request = Request::new(Body::Empty);
        PageRequest::of(&request.with_query_string_parameters(parameters(query)), |place| place.contains('#'))
    }

    fn parameters(query: &str) -> std::collections::HashMap<String, Vec<String>> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).collect()
    }

    #[test]
    fn a_limit_and_a_cursor_of_this_list_are_taken_and_others_refused() {
        assert_eq!(read("").unwrap().limit, DEFAULT_LIMIT);
        let request = read(&format!("limit=100&after={}", cursor::encode("a#b"))).unwrap();
        assert_eq!((request.limit, request.after.as_deref()), (100, Some("a#b")));
        for bad in ["limit=0", "limit=101", "limit=x", "limit="] {
            let expected = Problem::invalid("limit must be a whole number from 1 to 100");
            assert_eq!(read(bad).unwrap_err(), expected, "{bad}");
        }
        for bad in [&format!("after={}", cursor::encode("ab")), "after=x", "after="] {
            let expected = Problem::invalid("after must be the cursor of an earlier page");
            assert_eq!(read(bad).unwrap_err(), expected, "{bad}");
        }
    }

    #[tokio::test]
    async fn pages_of_a_whole_list_are_all_of_it_once() {
        let list = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
        loop {
            let asked = PageRequest { limit: 2, after };
            let walk = asked.walk(list.clone(), Clone::clone);
            let (items, view) = asked.read(&Request::new(Body::Empty), walk, |_, item| item).await.unwrap();
            sizes.push(items.len());
            seen.extend(items);
            assert_eq!((view.limit, view.has_more_after), (2, view.after.is_some()));
            after = view.after.and_then(|after| cursor::decode(&after, |_| true));
            if after.is_none() {
                break;
            }
        }
        assert_eq!((seen, sizes), (list, vec![2, 2, 1]));
    }
}

//! Pages of a list: `?limit=` and `?after=` in, `{"limit", "after", "has_more_after"}` out.

use std::borrow::Cow;

use lambda_http::{Request, RequestExt};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::Problem;
use crate::http::cursor;

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

/// What is said of a page beside its items.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Page")]
pub struct PageView {
    /// How many items a page has at the most.
    limit: usize,
    /// Where the next page begins; `null` on the last.
    after: Option<String>,
    /// Whether there may be more.
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
        let query = request.query_string_parameters();
        let limit = match query.first("limit") {
            None => DEFAULT_LIMIT,
            Some(limit) => limit
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| Problem::invalid(format!("limit must be a whole number from 1 to {MAX_LIMIT}")))?,
        };
        let unknown = || Problem::invalid("after must be the cursor of an earlier page");
        let after = query.first("after").map(|after| cursor::decode(after, is_place).ok_or_else(unknown));
        Ok(Self { limit, after: after.transpose()? })
    }

    /// A page of a list that is in memory as a whole, in the order of `place`. Returns the page's items, and their page
    /// view.
    pub fn cut<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> String) -> (Vec<T>, PageView) {
        if let Some(after) = &self.after {
            items.retain(|item| place(item) > *after);
        }
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let last = items.last().map(place);
        let view = self.view(last, more);
        (items, view)
    }

    /// The page view of a page that ended at the place `last`; `more` tells whether there are further items.
    pub fn view(&self, last: Option<String>, more: bool) -> PageView {
        let after = last.filter(|_| more).map(|place| cursor::encode(&place));
        PageView { limit: self.limit, has_more_after: after.is_some(), after }
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

    #[test]
    fn pages_of_a_whole_list_are_all_of_it_once() {
        let list = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let (mut seen, mut after, mut sizes) = (Vec::new(), None, Vec::new());
        loop {
            let (items, view) = PageRequest { limit: 2, after }.cut(list.clone(), Clone::clone);
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

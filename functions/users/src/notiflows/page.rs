//! Pages with cursors in both directions, the newest first.

use lambda_http::Request;
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::Problem,
    http::{cursor, page::Page, query, request::RequestBody},
    store::PageStart,
};

/// How many items a page has if the request does not say it.
pub const DEFAULT_LIMIT: usize = 25;
/// How many items a page may have.
pub const MAX: usize = 1000;
/// The words for a time in a query.
pub const A_TIME: &str = "a time such as 2024-03-01T10:00:00Z (RFC 3339)";

/// Where a page stands in its list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsPage")]
pub struct PageView {
    limit: usize,
    /// Where the next page begins; `null` on the last.
    after: Option<String>,
    before: Option<String>,
    has_more_after: bool,
    has_more_before: bool,
}

/// Reads a query. The product's clients may send parameters that the list does not have. They are ignored.
pub fn decode<Q: RequestBody<Context = ()>>(request: &Request) -> Result<Q, Problem> {
    query::read_known(request).map_err(|faults| Problem::invalid_params(&faults))
}

/// Where the page begins that these parameters ask for. A query has one of them.
pub fn start(after: Option<String>, before: Option<String>) -> Option<PageStart> {
    after.map(PageStart::After).or(before.map(PageStart::Before))
}

/// The items in the order of the list, in whichever direction the page was read, and where the page stands. `behind` says whether
/// there are items on the other side of the place where it begins.
pub fn in_order<V>(limit: usize, start: Option<&PageStart>, found: Page<V>, behind: bool) -> (Vec<V>, PageView) {
    let Page { mut items, first, last, has_more } = found;
    let cursor = |place: Option<String>| place.filter(|_| !items.is_empty()).map(|place| cursor::encode(&place));
    let (first, last) = (cursor(first), cursor(last));
    let is_backward = matches!(start, Some(PageStart::Before(_)));
    let (after, before, has_more_after, has_more_before) =
        if is_backward { (first, last, behind, has_more) } else { (last, first, has_more, behind) };
    if is_backward {
        items.reverse();
    }
    // The product's clients ask for pages for as long as there is a cursor.
    let after = after.filter(|_| has_more_after);
    (items, PageView { limit, after, before, has_more_after, has_more_before })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(items: &[u32], has_more: bool) -> Page<u32> {
        let place = |n: usize| (!items.is_empty()).then(|| n.to_string());
        Page { items: items.to_vec(), first: place(1), last: place(items.len()), has_more }
    }

    fn page(after: Option<&str>, before: &str, has_more_after: bool, has_more_before: bool) -> serde_json::Value {
        json!({
            "limit": 25, "after": after.map(cursor::encode), "before": cursor::encode(before),
            "has_more_after": has_more_after, "has_more_before": has_more_before,
        })
    }

    #[test]
    fn a_page_is_in_the_order_of_the_list_in_whichever_direction_it_was_read() {
        let told = |start: PageStart, behind| {
            let (items, page) = in_order(25, Some(&start), found(&[1, 2], true), behind);
            (items, json!(page))
        };
        let after = told(PageStart::After("x".into()), false);
        assert_eq!(after, (vec![1, 2], page(Some("2"), "1", true, false)));
        let before = told(PageStart::Before("x".into()), true);
        assert_eq!(before, (vec![2, 1], page(Some("1"), "2", true, true)));
    }

    #[test]
    fn the_last_page_has_no_cursor_after_it() {
        let (_, last) = in_order(25, None, found(&[1, 2], false), false);
        assert_eq!(json!(last), page(None, "1", false, false));
        let start = PageStart::Before("x".into());
        let (_, last) = in_order(25, Some(&start), found(&[1, 2], true), false);
        assert_eq!(json!(last), page(None, "2", false, true));
    }

    #[test]
    fn an_empty_page_has_no_cursors() {
        let (items, empty) = in_order(25, None, found(&[], false), false);
        let expected = json!({
            "limit": 25, "after": null, "before": null, "has_more_after": false, "has_more_before": false,
        });
        assert_eq!((items.len(), json!(empty)), (0, expected));
    }
}

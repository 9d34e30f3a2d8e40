//! Pages of a list: `?limit=` and `?after=` in, `{"limit", "after", "has_more_after"}` out. Each list has a query type of its
//! own, since each has other cursors.

use futures::{StreamExt, stream};
use lambda_http::Request;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::Problem;
use crate::{
    http::{
        cursor,
        page::{Bounds, Page, PageRules, page},
        query::Limit,
    },
    store::{Found, Walk},
};

/// How many items a page has by default.
pub const DEFAULT_LIMIT: usize = 25;
/// How many items a page may have.
pub const LIMIT: Limit = Limit(100);

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
    /// The `after` of the request for the next page. `null` on the last page: then there is nothing to ask for, and `after` must not be
    /// sent as `null` or as an empty text.
    after: Option<String>,
    /// Whether more items may follow.
    has_more_after: bool,
}

impl PageRequest {
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
        self.page(request, head, None, walk, show).await
    }

    /// Like [`Self::read`], but the items of a page have at most `max_bytes` of JSON together, or are one.
    pub async fn read_within<T, V: Serialize>(
        &self,
        request: &Request,
        max_bytes: usize,
        walk: Walk<'_, T>,
        show: impl FnMut(&str, T) -> V,
    ) -> Result<(Vec<V>, PageView), Problem> {
        self.page(request, 0, Some(max_bytes), walk, show).await
    }

    async fn page<T, V: Serialize>(
        &self,
        request: &Request,
        head: usize,
        max_bytes: Option<usize>,
        walk: Walk<'_, T>,
        show: impl FnMut(&str, T) -> V,
    ) -> Result<(Vec<V>, PageView), Problem> {
        let rules = PageRules { limit: self.limit, may_be_empty: true, max_bytes };
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

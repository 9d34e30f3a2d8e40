//! Lists that stand in several partitions, read as one.

use std::{collections::VecDeque, iter};

use futures::{Stream, StreamExt, TryStreamExt, future::try_join_all, stream, stream::BoxStream};

use super::{
    Item, Store, StoreError,
    reads::KeyRange,
    walk::{Found, Walk},
};

/// A key range of one partition, and the number of items that its first call asks for.
pub(super) type RangeOf = (KeyRange, usize);

/// What is known of one partition: the items that were read and are not given out yet, and the pages that follow.
struct Partition<'a, T> {
    read: VecDeque<Found<T>>,
    /// `None`: all was read.
    pages: Option<BoxStream<'a, Result<Vec<Found<T>>, StoreError>>>,
}

impl<T> Partition<'_, T> {
    /// Reads on, until there is an item to give out, or the end.
    async fn fill(&mut self) -> Result<(), StoreError> {
        while let Some(pages) = self.pages.as_mut().filter(|_| self.read.is_empty()) {
            match pages.try_next().await? {
                Some(page) => self.read.extend(page),
                None => self.pages = None,
            }
        }
        Ok(())
    }

    fn place(&self) -> Option<&str> {
        self.read.front().map(|found| found.place.as_str())
    }

    /// Whether its next item is not known.
    fn must_be_read(&self) -> bool {
        self.read.is_empty() && self.pages.is_some()
    }
}

impl Store {
    /// The items of several partitions in one order, that of their places. Each range must have the same direction. The calls for
    /// several partitions run at the same time. A place of one partition that another one has too is given out once.
    pub(super) fn merged<'a, T: Send + 'a>(
        &'a self,
        ranges: Vec<RangeOf>,
        read: impl Fn(Item) -> Result<T, StoreError> + Clone + Send + 'a,
    ) -> Walk<'a, T> {
        let pages = self.merged_pages(ranges, 1, read);
        pages.map_ok(|found| stream::iter(found.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// Like [`Self::merged`], in pages. The first page has at least `first` items, if there are so many.
    pub(super) fn merged_pages<'a, T: Send + 'a>(
        &'a self,
        ranges: Vec<RangeOf>,
        first: usize,
        read: impl Fn(Item) -> Result<T, StoreError> + Clone + Send + 'a,
    ) -> impl Stream<Item = Result<Vec<Found<T>>, StoreError>> + Send + 'a {
        let is_forward = ranges.iter().all(|(range, _)| range.is_forward());
        let partitions = ranges.into_iter().map(|(range, first)| Partition {
            read: VecDeque::new(),
            pages: Some(self.walk_pages(range, first, read.clone()).boxed()),
        });
        let state = (partitions.collect::<Vec<_>>(), first);
        stream::try_unfold(state, move |(mut partitions, least)| async move {
            let mut page = Vec::new();
            loop {
                try_join_all(partitions.iter_mut().map(Partition::fill)).await?;
                page.extend(iter::from_fn(|| next(&mut partitions, is_forward)));
                if page.len() >= least || !partitions.iter().any(Partition::must_be_read) {
                    return Ok((!page.is_empty()).then_some((page, (partitions, 1))));
                }
            }
        })
    }
}

/// Takes out the next item of all. `None` if the next item of a partition is not known.
fn next<T>(partitions: &mut [Partition<'_, T>], is_forward: bool) -> Option<Found<T>> {
    if partitions.iter().any(Partition::must_be_read) {
        return None;
    }
    let order = |one: &str, other: &str| if is_forward { one.cmp(other) } else { other.cmp(one) };
    let place = partitions.iter().filter_map(Partition::place).min_by(|one, other| order(one, other))?.to_owned();
    let same = partitions.iter_mut().filter(|partition| partition.place() == Some(&place));
    let found: Vec<_> = same.filter_map(|partition| partition.read.pop_front()).collect();
    // One of the two may have expired.
    found.into_iter().reduce(|one, other| if one.item.is_some() { one } else { other })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(place: &str, item: Option<u32>) -> Found<u32> {
        Found { place: place.to_owned(), item, is_followed: false }
    }

    fn partition(pages: &[&[&str]]) -> Partition<'static, u32> {
        let pages: Vec<_> =
            pages.iter().map(|page| Ok(page.iter().map(|place| found(place, Some(1))).collect::<Vec<_>>())).collect();
        Partition { read: VecDeque::new(), pages: Some(stream::iter(pages).boxed()) }
    }

    async fn merged(mut partitions: Vec<Partition<'static, u32>>, is_forward: bool) -> Vec<String> {
        let mut places = Vec::new();
        loop {
            try_join_all(partitions.iter_mut().map(Partition::fill)).await.unwrap();
            let before = places.len();
            places.extend(iter::from_fn(|| next(&mut partitions, is_forward)).map(|found| found.place));
            if places.len() == before {
                return places;
            }
        }
    }

    #[tokio::test]
    async fn all_items_come_in_their_order_whatever_partition_they_stand_in() {
        let partitions =
            || vec![partition(&[&["a", "d"], &[], &["e", "i"]]), partition(&[&["b"], &["c", "h"]]), partition(&[])];
        assert_eq!(merged(partitions(), true).await, ["a", "b", "c", "d", "e", "h", "i"]);
        let backward = vec![partition(&[&["i", "e"], &["a"]]), partition(&[&["h", "c", "b"]])];
        assert_eq!(merged(backward, false).await, ["i", "h", "e", "c", "b", "a"]);
    }

    #[tokio::test]
    async fn a_place_that_stands_in_two_partitions_comes_once_and_with_the_item_that_is_there() {
        let twice = vec![partition(&[&["a", "b"]]), partition(&[&["b", "c"]])];
        assert_eq!(merged(twice, true).await, ["a", "b", "c"]);
        let of = |item| Partition { read: [found("a", item)].into(), pages: None };
        for items in [[Some(1), None], [None, Some(1)]] {
            assert_eq!(next(&mut items.map(of), true), Some(found("a", Some(1))));
        }
    }
}

//! The reads of DynamoDB that this module's other parts use. No read returns an expired item. DynamoDB removes an expired item
//! up to some days later, and reads return it until then
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ttl-expired-items.html>). Only the keys of expired items
//! are returned, so that an erasure removes them too.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt, stream};

use super::{
    Condition, Item, Store, StoreError, number, retry, run_item, string,
    table::{self, Key},
    walk::{Found, Walk},
};
use crate::domain::Timestamp;

/// The most keys of one `BatchGetItem`.
pub(super) const BATCH_GET: usize = 100;
/// The most calls for one batch of keys, if `BatchGetItem` leaves keys unprocessed.
const BATCH_ROUNDS: u32 = 5;
/// The number of items that a read asks for after its first call.
const AT_ONCE: usize = 100;
/// The most calls of one read that run at the same time.
pub(super) const PARALLEL: usize = 4;

/// What has partitions: the table, and its indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Table,
    Timeline,
    Recent,
}

impl Of {
    /// The index's name. `None`: the table itself.
    fn index(self) -> Option<&'static str> {
        match self {
            Self::Table => None,
            Self::Timeline => Some(table::TIMELINE),
            Self::Recent => Some(table::RECENT),
        }
    }

    /// The names of the partition key and the sort key.
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Table => (table::PK, table::SK),
            Self::Timeline => (table::OWNER, table::AT),
            Self::Recent => (table::RECENT, table::AT),
        }
    }
}

/// A key range: a part of one partition, of the table or of an index. Both ends are included.
#[derive(Clone, Debug)]
pub(super) struct KeyRange {
    of: Of,
    partition: String,
    low: Option<String>,
    high: Option<String>,
    /// The sort key that was read before. It is left out.
    after: Option<String>,
    is_forward: bool,
}

impl KeyRange {
    /// A partition of the table.
    pub fn table(pk: impl Into<String>) -> Self {
        Self { of: Of::Table, partition: pk.into(), low: None, high: None, after: None, is_forward: true }
    }

    /// An owner's entries of the index. The index holds keys only, and a change of the table reaches it a moment later.
    pub fn timeline(owner: impl Into<String>) -> Self {
        Self { of: Of::Timeline, ..Self::table(owner) }
    }

    /// A part of the list of all notifications, of which the index has keys only, too.
    pub fn recent(part: impl Into<String>) -> Self {
        Self { of: Of::Recent, ..Self::table(part) }
    }

    /// Only sort keys from `low` to `high`.
    pub fn between(self, low: impl Into<String>, high: impl Into<String>) -> Self {
        Self { low: Some(low.into()), high: Some(high.into()), ..self }
    }

    /// The highest sort key first.
    pub fn backward(self) -> Self {
        Self { is_forward: false, ..self }
    }

    /// Only sort keys after this one, in the direction of the range. Call it last.
    pub fn after(mut self, place: Option<&str>) -> Self {
        let Some(place) = place.map(str::to_owned) else { return self };
        self.after = Some(place.clone());
        if self.is_forward {
            self.low = Some(self.low.map_or(place.clone(), |low| low.max(place)));
        } else {
            self.high = Some(self.high.map_or(place.clone(), |high| high.min(place)));
        }
        self
    }

    /// Only this sort key, and those after it in the direction of the range. Call it last.
    pub fn starting_at(self, place: &str) -> Self {
        Self { after: None, ..self.after(Some(place)) }
    }

    /// The key of its partition.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Whether the lowest sort key comes first.
    pub fn is_forward(&self) -> bool {
        self.is_forward
    }

    fn sort(&self) -> &'static str {
        self.of.keys().1
    }

    /// The key condition. `None` if no key can be in the range.
    fn condition(&self) -> Option<String> {
        let sort = match (&self.low, &self.high) {
            (Some(low), Some(high)) if low > high => return None,
            (Some(_), Some(_)) => " AND #sort BETWEEN :low AND :high",
            (Some(_), None) => " AND #sort >= :low",
            (None, Some(_)) => " AND #sort <= :high",
            (None, None) => "",
        };
        Some(format!("#hash = :hash{sort}"))
    }
}

/// What a batch reads.
#[derive(Clone, Copy, PartialEq)]
enum Batch {
    /// Items, strongly consistent.
    Items,
    /// Items that may be a moment old.
    LateItems,
    /// Only these attributes, strongly consistent.
    Parts(&'static [&'static str]),
    /// Only these attributes, which may be a moment old.
    LateParts(&'static [&'static str]),
}

/// The attributes of which the recipients of a run are read, and those that say whether an item is still there.
const OF_RECIPIENTS: [&str; 6] =
    [table::PK, table::SK, table::EXPIRES_AT, "count", "request_hash", run_item::RECIPIENTS];

impl Batch {
    /// The attributes that are wanted. `None`: all.
    fn attributes(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Items | Self::LateItems => None,
            Self::Parts(attributes) | Self::LateParts(attributes) => Some(attributes),
        }
    }

    fn may_be_old(self) -> bool {
        matches!(self, Self::LateItems | Self::LateParts(_))
    }
}

impl Store {
    /// One strongly consistent read.
    pub(super) async fn get(&self, key: &Key) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key.attributes())).consistent_read(true);
        let item = get.send().boxed().await.map_err(StoreError::from_sdk)?.item;
        Ok(item.filter(|item| !is_expired(item, self.clock.now())))
    }

    /// All items of a partition, by sort key, strongly consistent.
    pub(super) async fn partition(&self, pk: &str) -> Result<Vec<Item>, StoreError> {
        Ok(self.partition_pages(pk).await?.into_iter().flatten().collect())
    }

    /// Like [`Self::partition`], in the pages that DynamoDB returns. Between two pages others may have written.
    pub(super) async fn partition_pages(&self, pk: &str) -> Result<Vec<Vec<Item>>, StoreError> {
        let mut pages: Vec<_> = self.pages(KeyRange::table(pk), None, false).try_collect().await?;
        let now = self.clock.now();
        pages.iter_mut().for_each(|items| items.retain(|item| !is_expired(item, now)));
        Ok(pages)
    }

    /// The items of a key range, each with its sort key and decoded by `read`. The first call asks for `first` items. A call is
    /// made only when its items are needed.
    pub(super) fn walk<'a, T: Send + 'a>(
        &'a self,
        range: KeyRange,
        first: usize,
        read: impl Fn(Item) -> Result<T, StoreError> + Send + 'a,
    ) -> Walk<'a, T> {
        let pages = self.walk_pages(range, first, read);
        pages.map_ok(|found| stream::iter(found.into_iter().map(Ok))).try_flatten().boxed()
    }

    /// Like [`Self::walk`], in the pages that DynamoDB returns.
    pub(super) fn walk_pages<'a, T: Send + 'a>(
        &'a self,
        range: KeyRange,
        first: usize,
        read: impl Fn(Item) -> Result<T, StoreError> + Send + 'a,
    ) -> impl Stream<Item = Result<Vec<Found<T>>, StoreError>> + Send + 'a {
        let (sort, after) = (range.sort(), range.after.clone());
        let found = move |item: Item| {
            let place = text(&item, sort)?.to_owned();
            let is_live = !is_expired(&item, self.clock.now());
            (after.as_ref() != Some(&place)).then(|| {
                let item = is_live.then(|| read(item)).transpose()?;
                Ok(Found { place, item, is_followed: false })
            })
        };
        let pages = self.pages(range, Some(first), false);
        pages.map(move |items| items?.into_iter().filter_map(&found).collect())
    }

    /// The keys of a key range, also of expired items: an erasure removes them.
    pub(super) fn keys(&self, range: KeyRange) -> impl Stream<Item = Result<Vec<Key>, StoreError>> + Send {
        self.pages(range, None, true).map_ok(|items| items.iter().filter_map(key).collect())
    }

    /// The pages of a query, as DynamoDB returns them. Without `first`, each has as many items as 1 MB holds.
    fn pages(
        &self,
        range: KeyRange,
        first: Option<usize>,
        keys_only: bool,
    ) -> impl Stream<Item = Result<Vec<Item>, StoreError>> + Send {
        let condition = range.condition();
        let mut names = HashMap::from([("#hash".to_owned(), range.of.keys().0.to_owned())]);
        let mut values = HashMap::from([(":hash".to_owned(), string(range.partition.clone()))]);
        if range.low.is_some() || range.high.is_some() {
            names.insert("#sort".to_owned(), range.sort().to_owned());
        }
        values.extend(range.low.map(|low| (":low".to_owned(), string(low))));
        values.extend(range.high.map(|high| (":high".to_owned(), string(high))));
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(range.of.index().map(str::to_owned))
            .set_key_condition_expression(condition.clone())
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .set_projection_expression(
                (keys_only && range.of == Of::Table).then(|| format!("{}, {}", table::PK, table::SK)),
            )
            .set_consistent_read((range.of == Of::Table).then_some(true))
            .set_scan_index_forward((!range.is_forward).then_some(false));
        let start = condition.is_some().then_some((None, first));
        stream::try_unfold(start, move |at| {
            let query = query.clone();
            async move {
                let Some((start, limit)) = at else { return Ok(None) };
                let limit = limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX));
                let page = query.set_limit(limit).set_exclusive_start_key(start).send().boxed().await;
                let page = page.map_err(StoreError::from_sdk)?;
                // A page also ends at 1 MB.
                let next = page
                    .last_evaluated_key
                    .filter(|key| !key.is_empty())
                    .map(|key| (Some(key), first.map(|_| AT_ONCE)));
                Ok(Some((page.items.unwrap_or_default(), next)))
            }
        })
    }

    /// Items by their keys, strongly consistent, in any order. Costs one call per [`BATCH_GET`] keys; some calls run at the same
    /// time.
    pub(super) async fn batch_get(&self, keys: impl IntoIterator<Item = Key>) -> Result<Vec<Item>, StoreError> {
        self.unexpired(keys, Batch::Items).await
    }

    /// The same, but only these attributes, among which are the key's and the time at which an item expires.
    pub(super) async fn batch_get_of(
        &self,
        keys: impl IntoIterator<Item = Key>,
        attributes: &'static [&'static str],
    ) -> Result<Vec<Item>, StoreError> {
        self.unexpired(keys, Batch::Parts(attributes)).await
    }

    /// The same, for half the cost: the items may be a moment old.
    pub(super) async fn batch_get_lately(&self, keys: impl IntoIterator<Item = Key>) -> Result<Vec<Item>, StoreError> {
        self.unexpired(keys, Batch::LateItems).await
    }

    /// The same for runs and for pages of their recipients, without what a run says, which may be long.
    pub(super) async fn batch_get_recipients(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<Vec<Item>, StoreError> {
        self.unexpired(keys, Batch::LateParts(&OF_RECIPIENTS)).await
    }

    async fn unexpired(&self, keys: impl IntoIterator<Item = Key>, batch: Batch) -> Result<Vec<Item>, StoreError> {
        let mut items = self.batch(keys, batch).await?;
        let now = self.clock.now();
        items.retain(|item| !is_expired(item, now));
        Ok(items)
    }

    /// Those of these keys that have an item, also an expired one: an erasure removes it.
    pub(super) async fn existing(&self, keys: impl IntoIterator<Item = Key>) -> Result<Vec<Key>, StoreError> {
        Ok(self.batch(keys, Batch::Parts(&[table::PK, table::SK])).await?.iter().filter_map(key).collect())
    }

    async fn batch(&self, keys: impl IntoIterator<Item = Key>, batch: Batch) -> Result<Vec<Item>, StoreError> {
        let keys: Vec<_> = keys.into_iter().map(|key| key.attributes()).collect();
        let calls: Vec<_> = keys.chunks(BATCH_GET).map(|keys| self.batch_once(keys.to_vec(), batch)).collect();
        stream::iter(calls).buffered(PARALLEL).try_concat().await
    }

    async fn batch_once(&self, mut keys: Vec<Item>, batch: Batch) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        // Attributes by other names: `count` is a reserved word.
        let names = batch.attributes().map(|all| {
            let named = all.iter().enumerate().map(|(n, name)| (format!("#n{n}"), (*name).to_owned()));
            named.collect::<BTreeMap<_, _>>()
        });
        let projection = names.as_ref().map(|names| names.keys().cloned().collect::<Vec<_>>().join(", "));
        for round in 0..BATCH_ROUNDS {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
            }
            let asked = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .set_projection_expression(projection.clone())
                .set_expression_attribute_names(names.clone().map(|names| names.into_iter().collect()))
                .consistent_read(!batch.may_be_old())
                .build()
                .map_err(StoreError::build)?;
            let call = self.client.batch_get_item().request_items(&self.table, asked);
            let got = call.send().boxed().await.map_err(StoreError::from_sdk)?;
            items.extend(got.responses.unwrap_or_default().into_values().flatten());
            keys =
                got.unprocessed_keys.unwrap_or_default().remove(&self.table).map(|left| left.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
        }
        Err(StoreError::Unavailable("the table keeps leaving keys unprocessed".into()))
    }
}

/// The text of an attribute.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str)
}

/// The key of an item.
pub(super) fn key(item: &Item) -> Option<Key> {
    Some(Key { pk: text(item, table::PK)?.to_owned(), sk: text(item, table::SK)?.to_owned() })
}

/// Items with their keys.
pub(super) fn keyed(items: impl IntoIterator<Item = Item>) -> impl Iterator<Item = (Key, Item)> {
    items.into_iter().filter_map(|item| Some((key(&item)?, item)))
}

/// The condition that there is no item, or one that had expired by this time and is not removed yet: "typically within a few days", in
/// no order (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>). Reads pass such an item over, so an insert
/// that has to be the first must not stop at it.
pub(super) fn vacant(now: Timestamp) -> Condition {
    Condition::Any(vec![
        Condition::Missing(table::PK.into()),
        Condition::Below(table::EXPIRES_AT.into(), number(now.seconds())),
    ])
}

/// Whether an item has expired.
pub(super) fn is_expired(item: &Item, now: Timestamp) -> bool {
    let expires_at = item.get(table::EXPIRES_AT).and_then(|at| at.as_n().ok()).and_then(|at| at.parse::<i64>().ok());
    expires_at.is_some_and(|expires_at| expires_at < now.seconds())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn nobody_else_reads_the_table() {
        let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
        let (mut paths, mut seen) = (vec![store.clone()], 0);
        while let Some(path) = paths.pop() {
            if path.is_dir() {
                paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let reads = [".get_item()", ".batch_get_item()", ".query()", ".scan()", ".transact_get_items()"];
            let reads: Vec<_> = reads.into_iter().filter(|read| text.contains(read)).collect();
            // `open` connects: it sends nothing.
            let may = path.ends_with("store/reads.rs") || path.ends_with("store/mod.rs") && reads == [".get_item()"];
            assert!(may || reads.is_empty(), "{} has {reads:?}: an expired item could be read", path.display());
            seen += 1;
        }
        assert!(seen > 40, "{seen} files were read, which are too few to be all");
    }

    #[test]
    fn a_range_goes_on_after_the_place_that_was_read_last() {
        let bounds = |range: &KeyRange| (range.low.clone(), range.high.clone(), range.condition());
        let whole = KeyRange::table("p");
        assert_eq!(bounds(&whole), (None, None, Some("#hash = :hash".into())));
        let both = Some("#hash = :hash AND #sort BETWEEN :low AND :high".to_owned());
        let some = |text: &str| Some(text.to_owned());
        let range = KeyRange::table("p").between("b", "f");
        assert_eq!(bounds(&range.clone().after(Some("d"))), (some("d"), some("f"), both.clone()));
        assert_eq!(bounds(&range.clone().after(Some("a"))), (some("b"), some("f"), both.clone()));
        assert_eq!(bounds(&range.clone().backward().after(Some("d"))), (some("b"), some("d"), both));
        assert_eq!(bounds(&range.after(Some("g"))), (some("g"), some("f"), None));
        assert_eq!(bounds(&whole.after(Some("d"))), (some("d"), None, Some("#hash = :hash AND #sort >= :low".into())));
    }

    #[test]
    fn an_item_is_there_until_its_time_is_over() {
        let item = |at: i64| Item::from([(table::EXPIRES_AT.to_owned(), number(at))]);
        let now = Timestamp::from_millis(5_900);
        assert!(is_expired(&item(4), now) && !is_expired(&item(5), now) && !is_expired(&Item::new(), now));
    }
}

//! The list of all notifications. A notification that was sent alone has an entry of its own. Those of a run have one entry together, that
//! of the item in which their recipients stand: the run, or each page of a topic's subscribers. So they cost no write unit each, and all
//! of them have the same time: that of the run.

use std::{collections::HashMap, mem};

use futures::{Stream, TryStreamExt, stream};
use serde::Deserialize;

use super::{
    Item, Key, Store, StoreError,
    owned::once,
    reads::key,
    records,
    run_item::{RECIPIENTS, unpacked},
    run_pages::page_of_request,
    table,
    time_list::PageStart,
    user_list::is_place,
    walk::Found,
};
use crate::{
    domain::{NotificationId, RunId, UserId, run::PAGE},
    telemetry,
};

/// The most entries of runs whose recipients are read at once. Each may be for hundreds of recipients.
const AT_ONCE: usize = 25;

/// The place of an entry, and for one of a run the position among its recipients.
fn split(place: &str) -> (&str, Option<usize>) {
    let split = place.split_once('+').and_then(|(entry, n)| Some((entry, n.parse().ok()?)));
    split.map_or((place, None), |(entry, n)| (entry, Some(n)))
}

/// Whether this is a place in a list of notifications.
pub fn is_notification_place(text: &str) -> bool {
    let (entry, n) = split(text);
    is_place(entry) && n.is_none_or(|n| text == format!("{entry}+{n}"))
}

/// The part of the list in which the entry of this place stands.
pub(super) fn part_of(place: &str) -> Option<String> {
    place.split_once('#').and_then(|(_, id)| NotificationId::parse(id)).map(table::recent_part)
}

/// Where a list of all notifications begins, if that is among the recipients of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Within {
    /// The place of the entry.
    pub entry: String,
    /// The position at which the list begins.
    n: usize,
    /// Whether what stands there is in the list, too.
    is_inclusive: bool,
}

impl Within {
    pub fn of(start: Option<&PageStart>, is_inclusive: bool) -> Option<Self> {
        let (PageStart::After(place) | PageStart::Before(place)) = start?;
        let (entry, n) = split(place);
        Some(Self { entry: entry.to_owned(), n: n?, is_inclusive })
    }

    fn takes(&self, n: usize, is_forward: bool) -> bool {
        let is_behind = if is_forward { n < self.n } else { n > self.n };
        is_behind || self.is_inclusive && n == self.n
    }
}

/// The place of an entry, as the index has it.
pub(super) fn entry_of(place: &str) -> &str {
    split(place).0
}

/// The recipients of entries' runs, each with its position, by the entry's key.
type Recipients = HashMap<Key, Vec<(usize, UserId)>>;

/// What says which pages have the recipients of a run that names more than one page of them.
#[derive(Deserialize)]
struct Named {
    count: usize,
    request_hash: String,
}

impl Store {
    /// The entries of the list of all notifications, each of which is a notification: one of a run is for all of its recipients. One whose
    /// recipients nobody knows, since the run has expired or cannot be read, is a place that is not shown. So the list has places however
    /// many such entries stand in a row, and a page can end among them.
    ///
    /// Costs a call for some entries of runs. If some of them name more than [`PAGE`] recipients, it costs one more for each 100 pages of
    /// those.
    pub(super) fn each_notification<'a>(
        &'a self,
        entries: impl Stream<Item = Result<Vec<Found<Key>>, StoreError>> + Send + 'a,
        within: Option<Within>,
        is_forward: bool,
    ) -> impl Stream<Item = Result<Vec<Found<Key>>, StoreError>> + Send + 'a {
        let mut most = 1;
        let stretches = move |page| stream::iter(stretches(page, &mut most).into_iter().map(Ok));
        entries.map_ok(stretches).try_flatten().and_then(move |Stretch { entries, is_followed }| {
            let within = within.clone();
            async move {
                let recipients = self.recipients(&entries).await?;
                let each = entries.into_iter();
                let mut found: Vec<_> =
                    each.flat_map(|entry| expanded(entry, &recipients, within.as_ref(), is_forward)).collect();
                if let Some(last) = found.last_mut() {
                    last.is_followed |= is_followed;
                }
                Ok(found)
            }
        })
    }

    /// The recipients of these entries' runs. All may be a moment old, as the index is.
    async fn recipients(&self, entries: &[Found<Key>]) -> Result<Recipients, StoreError> {
        let keys = once(entries.iter().filter_map(|entry| run_of(entry).and(entry.item.clone())));
        let (mut recipients, mut pages) = (Recipients::new(), HashMap::new());
        for item in self.batch_get_recipients(keys).await? {
            let Some((run, own)) = key(&item).and_then(|key| Some((run_id(&key)?, key))) else { continue };
            if item.contains_key(RECIPIENTS) {
                let read = readable(&own, numbered(0, &item));
                recipients.extend(read.map(|read| (own, read)));
            } else if let Some(Named { count, request_hash }) = readable(&own, records::read(item)) {
                let page =
                    |number| (Key::run_page(run, &page_of_request(&request_hash, number)), (own.clone(), number));
                pages.extend((0..count.div_ceil(PAGE)).map(page));
            }
        }
        for item in self.batch_get_recipients(pages.keys().cloned().collect::<Vec<_>>()).await? {
            let Some(page) = key(&item) else { continue };
            let Some((run, number)) = pages.remove(&page) else { continue };
            recipients.entry(run).or_default().extend(readable(&page, numbered(number, &item)).unwrap_or_default());
        }
        recipients.values_mut().for_each(|recipients| recipients.sort_unstable_by_key(|(n, _)| *n));
        Ok(recipients)
    }
}

/// What was read of an item. `None` if it cannot be read: the others are listed anyway.
fn readable<T>(own: &Key, read: Result<T, StoreError>) -> Option<T> {
    match read {
        Ok(read) => Some(read),
        Err(error) => {
            let Key { pk, sk } = own;
            tracing::error!(pk, sk, error = telemetry::chain(&error), "the recipients of a run cannot be read");
            None
        }
    }
}

/// The recipients of this page of a run, each with its position.
fn numbered(page: usize, item: &Item) -> Result<Vec<(usize, UserId)>, StoreError> {
    Ok(unpacked(item)?.into_iter().enumerate().map(|(n, user)| (page * PAGE + n, user)).collect())
}

/// The run of an entry. `None` if it is a notification's own.
fn run_of(entry: &Found<Key>) -> Option<RunId> {
    run_id(entry.item.as_ref()?)
}

/// The run to which an item belongs.
fn run_id(key: &Key) -> Option<RunId> {
    key.pk.strip_prefix("RUN#").and_then(RunId::parse)
}

/// Entries whose recipients are read at once.
struct Stretch {
    entries: Vec<Found<Key>>,
    /// Whether it is known that another entry follows.
    is_followed: bool,
}

/// The stretches of a page of entries. The first has one entry of a run, since that may fill a page of the list, and the item of a run may
/// be large. Each further one has up to twice as many (`most`).
fn stretches(page: Vec<Found<Key>>, most: &mut usize) -> Vec<Stretch> {
    let (mut stretches, mut entries, mut of_runs) = (Vec::new(), Vec::new(), 0);
    let mut page = page.into_iter().peekable();
    while let Some(entry) = page.next() {
        of_runs += usize::from(run_of(&entry).is_some());
        entries.push(entry);
        let is_followed = page.peek().is_some();
        if of_runs == *most || !is_followed {
            stretches.push(Stretch { entries: mem::take(&mut entries), is_followed });
            if mem::take(&mut of_runs) > 0 {
                *most = (*most * 2).min(AT_ONCE);
            }
        }
    }
    stretches
}

/// The notifications of one entry, from `within` on if it is that one. One place that is not shown if nobody knows who they are for.
fn expanded(entry: Found<Key>, recipients: &Recipients, within: Option<&Within>, is_forward: bool) -> Vec<Found<Key>> {
    let Some(run) = run_of(&entry) else { return vec![entry] };
    let known = entry.item.as_ref().and_then(|key| recipients.get(key));
    let Some(recipients) = known.filter(|recipients| !recipients.is_empty()) else {
        return vec![Found { item: None, ..entry }];
    };
    let within = within.filter(|within| within.entry == entry.place);
    let taken = recipients.iter().filter(|(n, _)| within.is_none_or(|within| within.takes(*n, is_forward)));
    let mut found: Vec<_> = taken
        .map(|(n, user)| Found {
            place: format!("{}+{n}", entry.place),
            item: Some(Key::notification(run.notification_to(*user))),
            is_followed: false,
        })
        .collect();
    if is_forward {
        found.reverse();
    }
    found
}

#[cfg(test)]
mod read_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Run, run::Audience},
        store::{
            recent_keys::RecentKeys,
            run_item::{packed, tests::run},
        },
    };

    const USERS: [UserId; 3] = [UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]), UserId::from_bytes([3; 16])];

    fn entry(run: &Run) -> Found<Key> {
        Found { place: RecentKeys::of_run(run).unwrap().at, item: Some(Key::run(run.id)), is_followed: false }
    }

    fn positions(start: Option<PageStart>, is_inclusive: bool, is_forward: bool) -> Vec<usize> {
        let run = run(Audience::Named(3), None);
        let item = Item::from([(RECIPIENTS.to_owned(), packed(&USERS))]);
        let recipients = HashMap::from([(Key::run(run.id), numbered(0, &item).unwrap())]);
        let within = Within::of(start.as_ref(), is_inclusive);
        let found = expanded(entry(&run), &recipients, within.as_ref(), is_forward);
        let position = |found: &Found<Key>| {
            let n = split(&found.place).1.unwrap();
            assert_eq!(found.item, Some(Key::notification(run.id.notification_to(USERS[n]))));
            assert!(is_notification_place(&found.place) && entry_of(&found.place) == entry(&run).place);
            n
        };
        found.iter().map(position).collect()
    }

    #[test]
    fn an_entry_of_a_run_is_each_of_its_notifications_and_a_list_goes_on_within_it_in_both_directions() {
        let place = entry(&run(Audience::Named(3), None)).place;
        let at = |n: usize| format!("{place}+{n}");
        assert_eq!(positions(None, false, false), [0, 1, 2]);
        assert_eq!(positions(None, false, true), [2, 1, 0]);
        assert_eq!(positions(Some(PageStart::After(at(0))), false, false), [1, 2]);
        assert_eq!(positions(Some(PageStart::After(at(1))), true, false), [1, 2]);
        assert_eq!(positions(Some(PageStart::After(at(2))), false, false), [0; 0]);
        assert_eq!(positions(Some(PageStart::Before(at(2))), false, true), [1, 0]);
        assert_eq!(positions(Some(PageStart::Before(at(1))), true, true), [1, 0]);
        assert_eq!(positions(Some(PageStart::After("2024-03-01T10:00:00.120Z#x+1".into())), false, false), [0, 1, 2]);
    }

    #[test]
    fn a_notification_s_own_entry_stays_as_it_is_and_a_run_that_is_gone_has_one_place_that_is_not_shown() {
        let own =
            Found { item: Some(Key::notification(NotificationId::random())), ..entry(&run(Audience::Named(3), None)) };
        assert_eq!(expanded(own.clone(), &HashMap::new(), None, false), [own]);
        let run = run(Audience::Named(3), None);
        let hidden = Found { item: None, ..entry(&run) };
        let empty = HashMap::from([(Key::run(run.id), Vec::new())]);
        let within = |n: usize| {
            let start = PageStart::After(format!("{}+{n}", hidden.place));
            Within::of(Some(&start), true).unwrap()
        };
        for within in [None, Some(within(1))] {
            for recipients in [&HashMap::new(), &empty] {
                for is_forward in [false, true] {
                    let found = expanded(entry(&run), recipients, within.as_ref(), is_forward);
                    assert_eq!(found, std::slice::from_ref(&hidden));
                }
            }
        }
        assert!(is_notification_place(&hidden.place), "a page may go on from it");
    }

    #[test]
    fn a_place_is_a_time_and_an_id_and_may_have_one_position() {
        let place = entry(&run(Audience::Named(3), None)).place;
        for good in [place.clone(), format!("{place}+0"), format!("{place}+999")] {
            assert!(is_notification_place(&good), "{good}");
        }
        for bad in ["", "+1", "x#y+1"]
            .map(str::to_owned)
            .into_iter()
            .chain(["+", "+x", "+01", "++1", "+1+1", "+-1"].map(|end| format!("{place}{end}")))
        {
            assert!(!is_notification_place(&bad), "{bad}");
        }
    }
}

//! The pages of a run's recipients, and their expansion. Whom a page is for is written once and never changes, also under a topic whose
//! subscriptions come and go meanwhile: so a page that is expanded twice is expanded for the same users. What is expanded is the set of
//! the pages that are done, each an item: nobody counts up one number.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{
    Condition, Item, Key, MAX_INSERTS, Refused, Store, StoreError,
    insert::Executed,
    notifications::{Tracked, whole},
    number,
    owned::AtOnce,
    reads::{KeyRange, PARALLEL, key, text},
    records, retry,
    sent::NotificationItem,
    string,
    subscription_keys::{GENERATION, USER_SINCE, subscribers},
    table,
    user_item::{CREATED_AT, ORG},
    walk::{Found, Walk},
};
use crate::domain::{
    Run, RunId, UserId,
    run::{Audience, Expanded, LeftOut, PAGE, PageId},
    topic::Generation,
};

/// The attribute with recipients: the 16 bytes of each id, one after the other.
pub(super) const RECIPIENTS: &str = "recipients";
/// The attribute of a page of a topic with the place after which the next page begins.
const NEXT: &str = "next";
/// How many subscriptions of a topic a page has. Their messages to a channel are 20 calls to SQS.
const SUBSCRIBERS: usize = 200;
/// How far the clocks of two processes may differ: the one that subscribed a user, and the one that accepted the run.
const SKEW: Duration = Duration::from_secs(2);
/// The most calls for the notifications of one page, if the table has no room for some.
const ROUNDS: u32 = 6;
/// The name of the page that stands in the run itself.
const INLINE: &str = "0";
/// How much of the request's hash is in the names of pages.
const HASH: usize = 16;

/// A page that is expanded, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct DoneItem {
    pk: String,
    sk: String,
    notified: usize,
    left_out: BTreeMap<LeftOut, usize>,
    /// Whether no page follows in its part of the topic.
    is_last: bool,
    expires_at: i64,
}

/// A page of a run, as a worker finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunPage {
    /// The run was cancelled: the page is not expanded.
    Cancelled,
    /// The page was expanded before, and what follows it is known.
    Done,
    /// The page has to be expanded.
    Open(OpenPage),
}

/// A page that has to be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenPage {
    /// Whom it is for.
    pub users: Vec<UserId>,
    /// The place after which the next page of its part of the topic begins; `None` if there is none.
    pub next: Option<String>,
    /// Whether its topic was deleted.
    is_ended: bool,
}

/// What the expansion of a page has made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// Who has a notification.
    pub notified: Vec<UserId>,
    /// How many they are, and why others have none.
    pub expanded: Expanded,
    /// How many of the notifications are new.
    pub new: usize,
}

/// How far the expansion of a run is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The results for the recipients of the pages that are done.
    pub expanded: Expanded,
    /// How many pages are done.
    pub pages: usize,
    /// How many of them are the last of their part.
    pub last_pages: usize,
}

impl Store {
    /// A page of a run, strongly consistent but for who is subscribed to a topic, which may be a moment old. `after` is the place after
    /// which a page of a topic begins. Costs one call; of a topic two calls more and a write for a page that nobody has looked at.
    pub async fn run_page(&self, run: &Run, page: &PageId, after: Option<&str>) -> Result<RunPage, StoreError> {
        let (state, done, recipients) =
            (Key::run_state(run.id), Key::run_done(run.id, page), recipients_key(run, page));
        let items = self.batch_get([state.clone(), done.clone(), recipients.clone()]).await?;
        let mut items: HashMap<_, _> = items.into_iter().filter_map(|item| Some((key(&item)?, item))).collect();
        if items.contains_key(&state) {
            return Ok(RunPage::Cancelled);
        }
        if items.contains_key(&done) {
            return Ok(RunPage::Done);
        }
        let found = items.remove(&recipients);
        let open = match (&run.audience, page) {
            (Audience::Topic { id, generation }, PageId::Part { part, .. }) => {
                let is_ended = self.topic(id).await?.is_none_or(|topic| topic.generation != *generation);
                let item = match found {
                    Some(item) => item,
                    // Another worker may have found subscribers before the topic was deleted: then the page is as that one wrote it.
                    None if is_ended => self.write_page(run, recipients, &[], None).await?,
                    None => self.find_subscribers(run, recipients, subscribers(*generation, *part), after).await?,
                };
                OpenPage { users: unpacked(&item)?, next: text(&item, NEXT).map(str::to_owned), is_ended }
            }
            (Audience::Named(_), PageId::Named(_)) => {
                let item = found.ok_or_else(|| StoreError::Malformed("a page of a run is missing".into()))?;
                OpenPage { users: unpacked(&item)?, next: None, is_ended: false }
            }
            (Audience::Topic { .. }, PageId::Named(_)) | (Audience::Named(_), PageId::Part { .. }) => {
                return Err(StoreError::Malformed("a page that this run does not have".into()));
            }
        };
        Ok(RunPage::Open(open))
    }

    /// Writes a page of those who were subscribed before the run was accepted, or moments after it, the longest subscribed first. If
    /// another worker has written it, it is as the other worker has found it.
    async fn find_subscribers(
        &self,
        run: &Run,
        page: Key,
        partition: String,
        after: Option<&str>,
    ) -> Result<Item, StoreError> {
        let range = KeyRange::timeline(partition).between("0", last_place(run)).after(after);
        // One more tells whether there are more, and one is `after` itself.
        let walk = self.walk(range, SUBSCRIBERS.saturating_add(2), Ok);
        let found: Vec<_> = walk.take(SUBSCRIBERS.saturating_add(1)).try_collect().await?;
        let has_more = found.len() > SUBSCRIBERS;
        let places: Vec<_> = found.into_iter().take(SUBSCRIBERS).map(|found| found.place).collect();
        let user = |place: &String| place.split_once('#').and_then(|(_, id)| UserId::parse(id));
        let users: Vec<_> = places.iter().filter_map(user).collect();
        let next = places.into_iter().next_back().filter(|_| has_more);
        self.write_page(run, page, &users, next).await
    }

    /// Writes a page of a topic, and returns it as it is in the table: if it was there, as another worker has written it.
    async fn write_page(
        &self,
        run: &Run,
        page: Key,
        users: &[UserId],
        next: Option<String>,
    ) -> Result<Item, StoreError> {
        let mut item = page.attributes();
        item.insert(RECIPIENTS.to_owned(), packed(users));
        item.insert(table::EXPIRES_AT.to_owned(), number(run.kept_until.seconds()));
        if let Some(next) = next {
            item.insert(NEXT.to_owned(), string(next));
        }
        match self.put_on(item.clone(), &Condition::Missing(table::PK.into())).await {
            Ok(()) => Ok(item),
            Err(Refused::Condition(first)) => Ok(first),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Makes the notifications to these recipients, as far as they are there, of the run's organisation, and subscribed. It may be done
    /// again, and by two workers at the same time: a notification that is there stays as it is, and who has one is not left out any
    /// more.
    pub async fn expand_run(&self, run: &Run, page: &OpenPage) -> Result<Expansion, StoreError> {
        let subscription = |user: &UserId| run.audience.topic().map(|topic| Key::subscription(*user, topic));
        let keys = page.users.iter().flat_map(|user| [Some(Key::user(*user)), subscription(user)]).flatten();
        let items = self.batch_get(keys.collect::<Vec<_>>()).await?;
        let items: HashMap<_, _> = items.into_iter().filter_map(|item| Some((key(&item)?, item))).collect();
        let (mut notified, mut left_out) = (Vec::new(), Vec::new());
        for user in &page.users {
            let own = subscription(user).and_then(|key| items.get(&key));
            match left_out_for(run, items.get(&Key::user(*user)), own, page.is_ended) {
                None => notified.push(*user),
                Some(reason) => left_out.push((*user, reason)),
            }
        }
        // Somebody may have begun with this page when they were not left out yet.
        let begun = left_out.iter().filter(|(_, reason)| *reason != LeftOut::UserNotFound);
        let begun: Vec<_> = begun.map(|(user, _)| Key::notification(run.id.notification_to(*user))).collect();
        let begun = if begun.is_empty() { Vec::new() } else { self.batch_get(begun).await? };
        let begun: Vec<_> = begun.iter().filter_map(key).collect();
        let mut expanded = Expanded::default();
        for (user, reason) in left_out {
            if begun.contains(&Key::notification(run.id.notification_to(user))) {
                notified.push(user);
            } else {
                *expanded.left_out.entry(reason).or_default() += 1;
            }
        }
        expanded.notified = notified.len();
        let inserts: Vec<_> = notified.chunks(MAX_INSERTS).map(|users| self.notify_all(run, users)).collect();
        let new = stream::iter(inserts).buffer_unordered(PARALLEL).try_fold(0, async |all, new| Ok(all + new)).await?;
        Ok(Expansion { notified, expanded, new })
    }

    /// Inserts the notifications to at most [`MAX_INSERTS`] users, and tries again what the table has no room for. Returns how many of
    /// them were not there.
    async fn notify_all(&self, run: &Run, users: &[UserId]) -> Result<usize, StoreError> {
        let (mut left, mut new) = (users.to_vec(), 0);
        for round in 0..ROUNDS {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
            }
            let item = |user: &UserId| records::write(&NotificationItem::new(&run.notification(*user), "run")?);
            let items = left.iter().map(item).collect::<Result<Vec<_>, _>>()?;
            let done = self.insert_each(items).await?;
            new += done.iter().filter(|done| **done == Executed::Done).count();
            let undone = left.iter().zip(done).filter(|(_, done)| *done == Executed::NotNow);
            left = undone.map(|(user, _)| *user).collect();
            if left.is_empty() {
                return Ok(new);
            }
        }
        Err(StoreError::Unavailable("the table keeps having no room for notifications".into()))
    }

    /// Notes that a page is expanded. A page that was expanded before keeps what was noted first.
    pub async fn finish_run_page(
        &self,
        run: &Run,
        page: &PageId,
        expanded: &Expanded,
        is_last: bool,
    ) -> Result<(), StoreError> {
        let Key { pk, sk } = Key::run_done(run.id, page);
        let Expanded { notified, left_out } = expanded.clone();
        let done = DoneItem { pk, sk, notified, left_out, is_last, expires_at: run.kept_until.seconds() };
        self.put_if(records::write(&done)?, &Condition::Missing(table::PK.into())).await.map(drop)
    }

    /// The progress of a run, strongly consistent. Costs a call for some 5,000 pages.
    pub async fn run_progress(&self, id: RunId) -> Result<Progress, StoreError> {
        let range = KeyRange::table(table::run_pk(id)).between(table::DONE_PREFIX, "DONE$");
        let done = self.walk(range, 5000, records::read::<DoneItem>);
        let progress = done.try_fold(Progress::default(), async |all, found| {
            let Some(DoneItem { notified, left_out, is_last, .. }) = found.item else { return Ok(all) };
            Ok(Progress {
                expanded: all.expanded.and(Expanded { notified, left_out }),
                pages: all.pages + 1,
                last_pages: all.last_pages + usize::from(is_last),
            })
        });
        progress.await
    }

    /// The notifications of a run that are made, page by page. If `after` is given, only those after that place.
    pub fn run_notifications(&self, run: &Run, after: Option<&str>, limit: usize) -> Walk<'_, Tracked> {
        let after = after.and_then(split).map(|(page, n)| (page.to_owned(), n));
        let range = KeyRange::table(table::run_pk(run.id));
        let range = if is_inline(run) {
            let Key { sk, .. } = Key::run(run.id);
            range.between(sk.clone(), sk)
        } else {
            let prefix = format!("{}{}", table::PAGE_PREFIX, prefix(run));
            let range = range.between(prefix.clone(), format!("{prefix}\u{7f}"));
            match &after {
                Some((page, _)) => range.starting_at(&format!("{}{page}", table::PAGE_PREFIX)),
                None => range,
            }
        };
        let id = run.id;
        let entries = self.walk_pages(range, 1, |item| unpacked(&item)).map_ok(move |pages| {
            let page = |found: Found<Vec<UserId>>| {
                let page = found.place.strip_prefix(table::PAGE_PREFIX).unwrap_or(INLINE).to_owned();
                let skipped = match &after {
                    Some((of, last)) if *of == page => last.saturating_add(1),
                    _ => 0,
                };
                let entry = move |(n, user): (usize, UserId)| Found {
                    place: format!("{page}+{n}"),
                    item: Some(Key::notification(id.notification_to(user))),
                    is_followed: false,
                };
                found.item.into_iter().flatten().enumerate().skip(skipped).map(entry)
            };
            pages.into_iter().flat_map(page).collect::<Vec<_>>()
        });
        self.bundle_pages(entries, limit, AtOnce::NOTIFICATIONS, None).map(|found| found?.read(whole)).boxed()
    }
}

/// Why this recipient gets no notification of the run, if so.
fn left_out_for(run: &Run, user: Option<&Item>, subscription: Option<&Item>, is_ended: bool) -> Option<LeftOut> {
    let Some(user) = user else { return Some(LeftOut::UserNotFound) };
    if user.contains_key(table::ERASED_AT) {
        return Some(LeftOut::UserErased);
    }
    let is_elsewhere = run.org.as_deref().is_some_and(|org| text(user, ORG) != Some(org));
    if is_elsewhere {
        return Some(LeftOut::Elsewhere);
    }
    let Audience::Topic { id: _, generation: Generation(generation) } = &run.audience else { return None };
    // A subscription is good for one life of its topic, and one life of its user.
    let is_good = |own: &Item| {
        text(own, GENERATION) == Some(generation.to_string().as_str()) && own.get(USER_SINCE) == user.get(CREATED_AT)
    };
    (is_ended || !subscription.is_some_and(is_good)).then_some(LeftOut::NotSubscribed)
}

/// The place behind all who were subscribed before the run was accepted, by whatever clock: a place is a time, `#` and a user, and `$` is
/// the character after `#`.
fn last_place(run: &Run) -> String {
    format!("{}$", run.created_at.plus(SKEW))
}

/// Whether the recipients stand in the run itself.
fn is_inline(run: &Run) -> bool {
    matches!(run.audience, Audience::Named(count) if count <= PAGE)
}

/// The item in which the recipients of a page stand.
fn recipients_key(run: &Run, page: &PageId) -> Key {
    match page {
        PageId::Named(_) if is_inline(run) => Key::run(run.id),
        PageId::Named(number) => Key::run_page(run.id, &named_page(run, *number)),
        PageId::Part { .. } => Key::run_page(run.id, &page.to_string()),
    }
}

/// The name of a page of the recipients whom the request names.
pub(super) fn named_page(run: &Run, number: usize) -> String {
    format!("{}{}", prefix(run), PageId::Named(number))
}

/// What the names of all pages of a run begin with.
fn prefix(run: &Run) -> String {
    match run.audience {
        Audience::Named(_) => format!("{}#", run.request_hash.get(..HASH).unwrap_or(&run.request_hash)),
        Audience::Topic { .. } => String::new(),
    }
}

pub(super) fn packed(users: &[UserId]) -> AttributeValue {
    AttributeValue::B(Blob::new(users.iter().flat_map(|user| user.to_bytes()).collect::<Vec<_>>()))
}

fn unpacked(item: &Item) -> Result<Vec<UserId>, StoreError> {
    let bytes = item.get(RECIPIENTS).and_then(|bytes| bytes.as_b().ok());
    let bytes = bytes.ok_or_else(|| StoreError::Malformed("the recipients of a run".into()))?;
    let (ids, _) = bytes.as_ref().as_chunks::<16>();
    Ok(ids.iter().copied().map(UserId::from_bytes).collect())
}

/// Whether this is a place among the notifications of a run: a page, `+`, and the position on the page.
pub fn is_run_place(text: &str) -> bool {
    split(text).is_some()
}

/// Whether this place is among the notifications of this run.
pub fn is_place_of_run(run: &Run, text: &str) -> bool {
    let Some((page, _)) = split(text) else { return false };
    match run.audience {
        Audience::Named(_) if is_inline(run) => page == INLINE,
        Audience::Named(_) => page.starts_with(&prefix(run)),
        Audience::Topic { .. } => page.split_once('#').is_some_and(|(part, _)| part.len() == 2),
    }
}

fn split(text: &str) -> Option<(&str, usize)> {
    let (page, n) = text.rsplit_once('+')?;
    let is_page = !page.is_empty() && page.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'#');
    Some((page, n.parse().ok()?)).filter(|_| is_page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Timestamp,
        store::{
            run_item::tests::{of_topic, run},
            user_item::UserItem,
        },
    };

    #[test]
    fn recipients_are_sixteen_bytes_each() {
        let users: Vec<_> = (0..100).map(|n| UserId::from_bytes([n; 16])).collect();
        let item = Item::from([(RECIPIENTS.to_owned(), packed(&users))]);
        assert_eq!(unpacked(&item).unwrap(), users);
        assert_eq!(item[RECIPIENTS].as_b().unwrap().as_ref().len(), 1600);
        assert!(unpacked(&Item::new()).is_err());
    }

    #[test]
    fn who_is_not_there_or_elsewhere_or_not_subscribed_gets_nothing_and_each_has_a_reason() {
        let id = UserId::from_bytes([1; 16]);
        let of = |org: Option<&str>| {
            UserItem { org: org.map(str::to_owned), ..UserItem::new(id, Timestamp::EPOCH) }.write().unwrap()
        };
        let subscription = |generation: &str, since: i64| {
            Item::from([(GENERATION.to_owned(), string(generation)), (USER_SINCE.to_owned(), number(since))])
        };
        let (whole, acme) = (run(Audience::Named(1), None), run(Audience::Named(1), Some("acme")));
        let topic = run(of_topic(), None);
        let nil = uuid::Uuid::nil().to_string();
        let (good, older) = (subscription(&nil, 0), subscription("x", 0));
        let mut erased = of(Some("acme"));
        erased.insert(table::ERASED_AT.to_owned(), number(1));
        for (run, user, own, is_ended, reason) in [
            (&whole, None, None, false, Some(LeftOut::UserNotFound)),
            (&whole, Some(erased.clone()), None, false, Some(LeftOut::UserErased)),
            (&whole, Some(of(None)), None, false, None),
            (&whole, Some(of(Some("other"))), None, false, None),
            (&acme, Some(of(Some("acme"))), None, false, None),
            (&acme, Some(of(Some("other"))), None, false, Some(LeftOut::Elsewhere)),
            (&acme, Some(of(None)), None, false, Some(LeftOut::Elsewhere)),
            (&acme, Some(erased.clone()), None, false, Some(LeftOut::UserErased)),
            (&topic, Some(of(None)), Some(&good), false, None),
            (&topic, Some(of(None)), Some(&good), true, Some(LeftOut::NotSubscribed)),
            (&topic, Some(of(None)), Some(&older), false, Some(LeftOut::NotSubscribed)),
            (&topic, Some(of(None)), Some(&subscription(&nil, 1)), false, Some(LeftOut::NotSubscribed)),
            (&topic, Some(of(None)), None, false, Some(LeftOut::NotSubscribed)),
            (&topic, Some(erased), Some(&good), false, Some(LeftOut::UserErased)),
        ] {
            assert_eq!(left_out_for(run, user.as_ref(), own, is_ended), reason);
        }
    }

    #[test]
    fn who_subscribed_before_a_run_is_its_recipient_also_by_a_clock_that_is_two_seconds_ahead() {
        let run = run(of_topic(), None);
        let place = |millis| {
            format!("{}#{}", run.created_at.plus(Duration::from_millis(millis)), UserId::from_bytes([0xff; 16]))
        };
        assert!(place(0) < last_place(&run) && place(2000) < last_place(&run));
        assert!(place(2001) > last_place(&run));
    }

    #[test]
    fn another_request_with_the_same_id_has_pages_of_its_own() {
        let one = run(Audience::Named(1000), None);
        let other = Run { request_hash: "fedcba9876543210".into(), ..one.clone() };
        let key = |run: &Run| recipients_key(run, &PageId::Named(3));
        assert_ne!(key(&one), key(&other));
        assert_eq!(key(&run(Audience::Named(PAGE), None)), Key::run(one.id));
    }

    #[test]
    fn a_place_is_of_one_run_and_of_no_other_list() {
        let named = run(Audience::Named(1000), None);
        let (inline, topic) = (run(Audience::Named(PAGE), None), run(of_topic(), None));
        let page = PageId::Part { part: 3, number: 12 };
        let places = [format!("{}+7", named_page(&named, 9)), "0+7".to_owned(), format!("{page}+199")];
        for (index, place) in places.iter().enumerate() {
            assert!(is_run_place(place), "{place}");
            let of = [&named, &inline, &topic].map(|run| is_place_of_run(run, place));
            assert_eq!(of, [index == 0, index == 1, index == 2], "{place}");
        }
        for bad in ["", "+1", "0+", "0+x", "x+1", "2026-11-29T07:00:00.000Z#1", "0"] {
            assert!(!is_run_place(bad), "{bad}");
        }
    }
}

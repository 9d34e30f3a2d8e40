//! The pages of a run's recipients, and their expansion. Whom a page is for is written once and never changes: so a page that is expanded
//! twice is expanded for the same users. What is expanded is the set of the pages that are done, each an item: nobody counts up one number.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{
    Item, Key, MAX_INSERTS, Store, StoreError,
    notifications::{Tracked, whole},
    owned::AtOnce,
    reads::{KeyRange, PARALLEL, is_expired, key, keyed, text, vacant},
    records,
    run_item::unpacked,
    run_members::left_out_for,
    run_subscribers::NEXT,
    sent::NotificationItem,
    subscription_keys::subscribers,
    table,
    walk::{Found, Walk},
};
use crate::domain::{
    Run, RunId, UserId,
    run::{Audience, Expanded, LeftOut, PAGE, PageId},
};

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
    /// The run was cancelled: the page is not expanded. These recipients have a notification from an expansion that broke off, maybe before
    /// it has sent their messages. So they are sent now: only whoever gets one notes that the delivery is cancelled.
    Cancelled(Vec<UserId>),
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
        let own = items.into_iter().filter(|item| !is_expired(item, run.spec.created_at));
        let mut items: HashMap<_, _> = keyed(own).collect();
        if items.contains_key(&done) {
            return Ok(RunPage::Done);
        }
        let found = items.remove(&recipients);
        if items.contains_key(&state) {
            let users = found.as_ref().map(unpacked).transpose()?.unwrap_or_default();
            return Ok(RunPage::Cancelled(self.begun(run, users).await?));
        }
        let open = match (&run.audience, page) {
            (Audience::Topic { id, generation }, PageId::Part { part, .. }) => {
                let is_ended = self.is_ended(id, *generation).await?;
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

    /// Makes the notifications to these recipients, as far as they are there, of the run's organisation, and subscribed. It may be done
    /// again, and by two workers at the same time: a notification that is there stays as it is, and who has one is not left out any
    /// more.
    pub async fn expand_run(&self, run: &Run, page: &OpenPage) -> Result<Expansion, StoreError> {
        let subscription = |user: &UserId| run.audience.topic().map(|topic| Key::subscription(*user, topic));
        let mut items = self.members(page.users.iter().copied().map(Key::user)).await?;
        // Subscriptions may be a moment old, for half the cost: they are looked at again when the notification is sent.
        let subscriptions = page.users.iter().filter_map(subscription).collect::<Vec<_>>();
        let subscriptions = self.batch_get_lately(subscriptions).await?;
        items.extend(keyed(subscriptions));
        let reason = |user: &UserId, items: &HashMap<_, _>| {
            let own = subscription(user).and_then(|key| items.get(&key));
            left_out_for(run, items.get(&Key::user(*user)), own, page.is_ended)
        };
        // But nobody is left out by what may be old.
        let doubtful = |user: &&UserId| !page.is_ended && reason(user, &items) == Some(LeftOut::NotSubscribed);
        let doubtful = page.users.iter().filter(doubtful).filter_map(subscription).collect::<Vec<_>>();
        let again = self.by_key(doubtful).await?;
        items.extend(again);
        let (mut notified, mut left_out) = (Vec::new(), Vec::new());
        for user in &page.users {
            match reason(user, &items) {
                None => notified.push(*user),
                Some(reason) => left_out.push((*user, reason)),
            }
        }
        // Somebody may have begun with this page when they were not left out yet.
        let begun = left_out.iter().map(|(user, _)| *user).filter(|user| items.contains_key(&Key::user(*user)));
        let begun = self.begun(run, begun.collect()).await?;
        let mut expanded = Expanded::default();
        for (user, reason) in left_out {
            if begun.contains(&user) {
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

    /// Those of these users who have a notification of the run.
    async fn begun(&self, run: &Run, users: Vec<UserId>) -> Result<Vec<UserId>, StoreError> {
        if users.is_empty() {
            return Ok(users);
        }
        let of = |user: &UserId| Key::notification(run.id.notification_to(*user));
        let items = self.batch_get(users.iter().map(of)).await?;
        let there = items.iter().filter(|item| !is_expired(item, run.spec.created_at)).filter_map(key);
        let there: HashSet<_> = there.collect();
        Ok(users.into_iter().filter(|user| there.contains(&of(user))).collect())
    }

    /// Inserts the notifications to at most [`MAX_INSERTS`] users. Returns how many of them were not there.
    async fn notify_all(&self, run: &Run, users: &[UserId]) -> Result<usize, StoreError> {
        let items = users.iter().map(|user| notification(run, *user)).collect::<Result<Vec<_>, _>>()?;
        let is_new = self.insert_all(items).await?;
        let taken = users.iter().zip(&is_new).filter(|(_, is_new)| !**is_new).map(|(user, _)| *user).collect();
        let new = is_new.iter().filter(|is_new| **is_new).count();
        Ok(new + self.notify_anew(run, taken).await?)
    }

    /// Puts the notifications of these users, whose ids are taken, in the place of what an earlier run with the same id has left. Mostly this
    /// page was expanded before, and nothing is left of another run. Returns how many were written.
    async fn notify_anew(&self, run: &Run, users: Vec<UserId>) -> Result<usize, StoreError> {
        let begun = self.begun(run, users.clone()).await?;
        let mut new = 0;
        for user in users.into_iter().filter(|user| !begun.contains(user)) {
            let is_new = self.put_if(notification(run, user)?, &vacant(run.spec.created_at)).await?;
            new += usize::from(is_new);
        }
        Ok(new)
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
        let done = DoneItem { pk, sk, notified, left_out, is_last, expires_at: run.spec.kept_until.seconds() };
        self.put_if(records::write(&done)?, &vacant(run.spec.created_at)).await.map(drop)
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

/// The item of a recipient's notification.
fn notification(run: &Run, user: UserId) -> Result<Item, StoreError> {
    records::write(&NotificationItem::new(&run.notification(user), "run")?)
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

/// The same for the run of the request with this hash.
pub(super) fn page_of_request(request_hash: &str, number: usize) -> String {
    format!("{}{}", of_request(request_hash), PageId::Named(number))
}

fn of_request(request_hash: &str) -> String {
    format!("{}#", request_hash.get(..HASH).unwrap_or(request_hash))
}

/// What the names of all pages of a run begin with.
fn prefix(run: &Run) -> String {
    match run.audience {
        Audience::Named(_) => of_request(&run.request_hash),
        Audience::Topic { .. } => String::new(),
    }
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
        aws::tests::{Act, Server},
        clock::Clock,
        random::Randomness,
        store::run_item::tests::{of_topic, run},
    };

    #[test]
    fn another_request_with_the_same_id_has_pages_of_its_own() {
        let one = run(Audience::Named(1000), None);
        let other = Run { request_hash: "fedcba9876543210".into(), ..one.clone() };
        let key = |run: &Run| recipients_key(run, &PageId::Named(3));
        assert_ne!(key(&one), key(&other));
        assert_eq!(key(&run(Audience::Named(PAGE), None)), Key::run(one.id));
        assert_eq!(named_page(&one, 3), page_of_request(&one.request_hash, 3));
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

    /// A user may have 336 KB, and a worker has little memory.
    #[tokio::test]
    async fn of_users_only_what_tells_who_is_a_recipient_is_read() {
        let none = Act::Answer(200, r#"{"Responses":{}}"#);
        let server = Server::start(&[none, none]).await;
        let store = Store::new(&server.aws(), "t", Clock::system(), Randomness::seeded(1));
        let user = UserId::from_bytes([1; 16]);
        let run = run(Audience::Named(1), None);
        let page = OpenPage { users: vec![user], next: None, is_ended: false };
        let expansion = store.expand_run(&run, &page).await.unwrap();
        assert_eq!(expansion.expanded.left_out, [(LeftOut::UserNotFound, 1)].into());
        assert_eq!(store.left_out(&run, user).await.unwrap(), Some(LeftOut::UserNotFound));
        let asked = server.bodies();
        assert_eq!(asked.len(), 2);
        for body in asked {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let asked = &body["RequestItems"]["t"];
            let names = asked["ProjectionExpression"].as_str().unwrap().split(", ");
            let names: HashSet<_> =
                names.map(|name| asked["ExpressionAttributeNames"][name].as_str().unwrap()).collect();
            let expected =
                ["pk", "sk", "org", "erased_at", "created_at", "expires_at", "generation", "user_since"].into();
            assert_eq!(names, expected);
        }
    }
}

//! Runs. What a run says stands in one item, which never changes, so that a process may keep it. Its state is another item, which is
//! written only if the run is cancelled: a run that has none is not.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};

use super::{
    Item, Key, Refused, Store, StoreError,
    erasure::{BATCH_ROUNDS, BATCH_WRITE},
    number,
    reads::{text, vacant},
    records,
    run_item::{RECIPIENTS, RunItem, packed},
    run_pages::named_page,
    string,
    subscription_keys::{GENERATION, is_good},
    table, topics,
    user_list::present_user,
};
use crate::{
    cache::{A_MINUTE, CachedMap},
    clock::Clock,
    domain::{
        Content, Notification, NotificationId, Run, RunId, Timestamp, User, UserId,
        run::{Audience, PAGE, complete},
        user::UserRecord,
    },
    telemetry,
};

const CANCELLED_AT: &str = "cancelled_at";
/// The most runs that a process keeps. The item of one may have 400 KB, and a worker has little memory.
const KEPT: usize = 50;
/// The attribute with the run that a request has made.
const RUN: &str = "run";

/// The answer to a new run.
#[derive(Clone, Debug, PartialEq)]
pub enum AcceptedRun {
    /// The run is new, and was written.
    New,
    /// The same request was accepted before. It wrote this run.
    Again(Box<Run>),
    /// Another request with other content has taken the id.
    Conflict,
}

impl AcceptedRun {
    /// The answer to a request whose id has this run already.
    pub fn before(old: Run, request_hash: &str) -> Self {
        if old.request_hash == request_hash { Self::Again(Box::new(old)) } else { Self::Conflict }
    }
}

/// The runs that a process has read lately. A run never changes, so it is only forgotten because a process may live long, and has only so
/// much memory. Once it is kept no longer, another run may have its id.
#[derive(Debug)]
pub struct Runs(CachedMap<RunId, Run>);

impl Runs {
    /// An empty cache.
    pub fn new(clock: Clock) -> Self {
        Self(CachedMap::at_most(KEPT, A_MINUTE, clock))
    }

    /// The run. `None` if there is none any more. Costs one call if the cache does not have it.
    pub async fn get(&self, store: &Store, id: RunId) -> Result<Option<Arc<Run>>, StoreError> {
        match self.0.get(&id, || store.run(id)).await? {
            Some(run) if run.spec.kept_until < store.clock.now() => Ok(store.run(id).await?.map(Arc::new)),
            run => Ok(run),
        }
    }

    /// Puts what its run says into a notification. Costs a call if the cache does not have the run.
    pub async fn fill(&self, store: &Store, notification: &mut Notification) -> Result<(), StoreError> {
        let Content::OfRun(id) = notification.content else { return Ok(()) };
        if let Some(run) = self.get(store, id).await? {
            fill(notification, &run);
        }
        Ok(())
    }

    /// Puts into the notifications all that a worker needs: what their runs say, whether the runs were cancelled, who their actors
    /// are, and whether the recipients are still subscribed to the runs' topics. `users` are the recipients. Costs nothing if none is of a
    /// run; else one call for all states, actors, topics and subscriptions, and one for each run that the cache does not have. Returns the notifications whose runs cannot be read: they stay as they were, and must not stop the others.
    pub async fn fill_to_send(
        &self,
        store: &Store,
        users: &HashMap<UserId, UserRecord>,
        notifications: impl Iterator<Item = &mut Notification>,
    ) -> Result<HashSet<NotificationId>, StoreError> {
        let of_run = |one: &Notification| if let Content::OfRun(id) = one.content { Some(id) } else { None };
        let mut filled: Vec<_> = notifications.filter_map(|one| Some((of_run(one)?, one))).collect();
        if filled.is_empty() {
            return Ok(HashSet::new());
        }
        let (mut runs, mut unreadable) = (HashMap::new(), HashSet::new());
        for id in filled.iter().map(|(id, _)| *id).collect::<HashSet<_>>() {
            match self.get(store, id).await {
                Ok(run) => runs.extend(run.map(|run| (id, run))),
                Err(error @ StoreError::Malformed(_)) => {
                    tracing::error!(run_id = %id, error = telemetry::chain(&error), "a run cannot be read");
                    unreadable.insert(id);
                }
                Err(error) => return Err(error),
            }
        }
        let states = filled.iter().map(|(id, _)| Key::run_state(*id));
        let actors = runs.values().filter_map(|run| run.actor.map(Key::user));
        // All copies of a topic are written together: one of them tells for all of a batch.
        let copy = filled.first().map_or(0, |(_, one)| topics::copy_for(one.user_id));
        let of_topic = filled.iter().filter_map(|(id, one)| subscription_keys(runs.get(id)?, one.user_id, copy));
        let keys: HashSet<_> = states.chain(actors).chain(of_topic.flatten()).collect();
        let items = store.by_key(keys).await?;
        let cancelled: HashMap<_, _> = items.values().filter_map(cancellation).collect();
        let actor = |id: UserId| items.get(&Key::user(id)).cloned().and_then(present_user);
        let actors: HashMap<_, _> =
            runs.values().filter_map(|run| run.actor).filter_map(|id| Some((id, actor(id)?))).collect();
        for (id, notification) in &mut filled {
            notification.cancelled_at = notification.cancelled_at.or(cancelled.get(id).copied());
            let Some(run) = runs.get(id) else { continue };
            // Whoever is not there, or was erased, gets nothing for that reason.
            notification.unsubscribed = match users.get(&notification.user_id) {
                Some(UserRecord::Present(user)) => !is_subscribed(run, user, copy, &items),
                Some(UserRecord::Erased) | None => false,
            };
            fill(notification, run);
            complete(&mut notification.content, run.actor.map(|actor| actors.get(&actor)));
        }
        Ok(filled.into_iter().filter(|(id, _)| unreadable.contains(id)).map(|(_, one)| one.id).collect())
    }
}

/// A copy of the topic of a run, and a user's subscription to it.
fn subscription_keys(run: &Run, user: UserId, copy: usize) -> Option<[Key; 2]> {
    let topic = run.audience.topic()?;
    Some([Key::topic(topic, copy), Key::subscription(user, topic)])
}

/// Whether a user still is subscribed to the life of the topic that a run is to, if it is to one.
fn is_subscribed(run: &Run, user: &User, copy: usize, items: &HashMap<Key, Item>) -> bool {
    let Audience::Topic { id: _, generation } = &run.audience else { return true };
    let Some([topic, own]) = subscription_keys(run, user.id, copy) else { return false };
    let is_there = items.get(&topic).and_then(|item| text(item, GENERATION)) == Some(generation.to_string().as_str());
    is_there && items.get(&own).is_some_and(|own| is_good(own, *generation, user.created_at))
}

fn fill(notification: &mut Notification, run: &Run) {
    notification.content = run.spec.content.clone();
    notification.metadata = run.spec.metadata.clone();
    notification.actor = run.actor;
}

impl Store {
    /// Writes a run on the condition that it is new: a run that is kept no longer does not count. What is derived from the id, the pages, the
    /// state and the notifications, may be left of such a run, also longer than the run itself, since DynamoDB removes expired items in no
    /// order. So each of them is written on the same condition (`vacant`). Recipients that have no room in it are written before, in pages: a run that is
    /// there has all of them. Their pages have the request's hash in their names, so that another request with the same id writes none
    /// of them.
    pub async fn accept_run(&self, run: &Run, recipients: &[UserId]) -> Result<AcceptedRun, StoreError> {
        let mut item = records::write(&RunItem::new(run)?)?;
        if recipients.len() <= PAGE {
            item.insert(RECIPIENTS.to_owned(), packed(recipients));
        } else {
            let pages = recipients.chunks(PAGE).enumerate().map(|(number, users)| {
                let mut page = Key::run_page(run.id, &named_page(run, number)).attributes();
                page.insert(RECIPIENTS.to_owned(), packed(users));
                page.insert(table::EXPIRES_AT.to_owned(), super::number(run.spec.kept_until.seconds()));
                let put = PutRequest::builder().set_item(Some(page)).build().map_err(StoreError::build)?;
                Ok(WriteRequest::builder().put_request(put).build())
            });
            let pages = pages.collect::<Result<Vec<_>, StoreError>>()?;
            for pages in pages.chunks(BATCH_WRITE) {
                self.batch_write(pages.to_vec(), BATCH_ROUNDS).await?;
            }
        }
        match self.put_on(item, &vacant(run.spec.created_at)).await {
            Ok(()) => Ok(AcceptedRun::New),
            Err(Refused::Error(error)) => Err(error),
            Err(Refused::Condition(item)) => {
                let old = records::read::<RunItem>(item)?.into_run()?;
                Ok(AcceptedRun::before(old, &run.request_hash))
            }
        }
    }

    /// A run, strongly consistent. `None` if there is none any more.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.get(&Key::run(id)).await?.map(|item| records::read::<RunItem>(item)?.into_run()).transpose()
    }

    /// Remembers which run a request makes, for the case that the request comes again until `until`.
    pub async fn remember_run(&self, request_hash: &str, id: RunId, until: Timestamp) -> Result<(), StoreError> {
        let mut item = Key::run_request(request_hash).attributes();
        item.insert(RUN.to_owned(), string(id.to_string()));
        item.insert(table::EXPIRES_AT.to_owned(), number(until.seconds()));
        self.put(item).await.map(drop)
    }

    /// The run that this request made a while ago, if it is remembered.
    pub async fn remembered_run(&self, request_hash: &str) -> Result<Option<RunId>, StoreError> {
        let item = self.get(&Key::run_request(request_hash)).await?;
        Ok(item.as_ref().and_then(|item| RunId::parse(text(item, RUN)?)))
    }

    /// Cancels a run: what was not sent yet is not sent. A second time it stays cancelled since the first.
    pub async fn cancel_run(&self, run: &Run, now: Timestamp) -> Result<(), StoreError> {
        let mut item = Key::run_state(run.id).attributes();
        item.insert(CANCELLED_AT.to_owned(), number(now.millis()));
        item.insert(table::EXPIRES_AT.to_owned(), number(run.spec.kept_until.seconds()));
        self.put_if(item, &vacant(run.spec.created_at)).await.map(drop)
    }

    /// When a run was cancelled, if it was.
    pub async fn run_cancelled_at(&self, id: RunId) -> Result<Option<Timestamp>, StoreError> {
        let state = self.get(&Key::run_state(id)).await?;
        Ok(state.as_ref().and_then(cancellation).map(|(_, at)| at))
    }
}

/// The run whose state this is, and when it was cancelled.
fn cancellation(item: &Item) -> Option<(RunId, Timestamp)> {
    let id = RunId::parse(item.get(table::PK)?.as_s().ok()?.strip_prefix("RUN#")?)?;
    Some((id, Timestamp::from_millis(item.get(CANCELLED_AT)?.as_n().ok()?.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        run_item::tests::{of_topic, run},
        subscription_keys::USER_SINCE,
    };

    #[test]
    fn who_has_left_a_topic_is_not_subscribed_and_neither_is_anybody_to_a_topic_of_before() {
        let topic = run(of_topic(), None);
        let user = User::new(UserId::from_bytes([1; 16]), Timestamp::from_millis(5));
        let [of_topic, own] = subscription_keys(&topic, user.id, 5).unwrap();
        let (nil, other) = (uuid::Uuid::nil().to_string(), uuid::Uuid::from_u128(1).to_string());
        let item = |generation: &str| {
            Item::from([(GENERATION.to_owned(), string(generation)), (USER_SINCE.to_owned(), number(5))])
        };
        let found = |topic: Option<&str>, subscription: Option<&str>| -> HashMap<_, _> {
            let found = [topic.map(|it| (of_topic.clone(), item(it))), subscription.map(|it| (own.clone(), item(it)))];
            found.into_iter().flatten().collect()
        };
        let is_subscribed = |run: &Run, topic: Option<&str>, subscription: Option<&str>| {
            super::is_subscribed(run, &user, 5, &found(topic, subscription))
        };
        assert!(is_subscribed(&topic, Some(&nil), Some(&nil)));
        assert!(!is_subscribed(&topic, Some(&nil), None), "the user has left");
        assert!(!is_subscribed(&topic, None, Some(&nil)), "the topic was deleted");
        assert!(!is_subscribed(&topic, Some(&other), Some(&nil)), "and is there again");
        assert!(!is_subscribed(&topic, Some(&other), Some(&other)), "and the user, too");
        assert!(is_subscribed(&run(Audience::Named(1), None), None, None));
        // The same user, erased and there again.
        let since = |at: Timestamp| User { created_at: at, ..user.clone() };
        let both = found(Some(&nil), Some(&nil));
        assert!(!super::is_subscribed(&topic, &since(Timestamp::from_millis(6)), 5, &both), "another life of the user");
        assert_eq!(of_topic, Key::topic(topic.audience.topic().unwrap(), 5), "any copy tells");
    }

    #[test]
    fn a_request_again_is_its_run_and_another_request_is_not() {
        let old = run(Audience::Named(1), None);
        let before = |hash: &str| AcceptedRun::before(old.clone(), hash);
        assert_eq!(before(&old.request_hash), AcceptedRun::Again(Box::new(old.clone())));
        assert_eq!(before("another"), AcceptedRun::Conflict);
    }
}

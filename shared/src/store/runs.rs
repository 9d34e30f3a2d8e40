//! Runs. What a run says stands in one item, which never changes, so that a process may keep it. Its state is another item, which is
//! written only if the run is cancelled: a run that has none is not.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};

use super::{
    Action, Condition, Item, Key, Refused, Store, StoreError,
    erasure::{BATCH_ROUNDS, BATCH_WRITE},
    number,
    reads::text,
    records,
    run_item::RunItem,
    run_pages::{RECIPIENTS, named_page, packed},
    string,
    subscription_keys::GENERATION,
    table, topics,
    user_list::present_user,
};
use crate::{
    cache::{A_MINUTE, CachedMap},
    clock::Clock,
    domain::{
        Content, Notification, NotificationId, Run, RunId, Timestamp, UserId,
        run::{Audience, PAGE, complete},
        topic::Generation,
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
    /// An expired run has taken the id, and is not removed yet.
    Expired,
}

impl AcceptedRun {
    /// The answer to a request whose id has this run already. An expired run is not replaced: what was derived from its id,
    /// its pages and its notifications, may be there still, and would be taken for that of the new run, which would then reach nobody.
    pub fn before(old: Run, request_hash: &str, now: Timestamp) -> Self {
        if old.kept_until < now {
            Self::Expired
        } else if old.request_hash != request_hash {
            Self::Conflict
        } else {
            Self::Again(Box::new(old))
        }
    }
}

/// The runs that a process has read lately. A run never changes, so it is only forgotten because a process may live long, and has only so much memory.
#[derive(Debug)]
pub struct Runs(CachedMap<RunId, Run>);

impl Runs {
    /// An empty cache.
    pub fn new(clock: Clock) -> Self {
        Self(CachedMap::at_most(KEPT, A_MINUTE, clock))
    }

    /// The run. `None` if there is none any more. Costs one call if the cache does not have it.
    pub async fn get(&self, store: &Store, id: RunId) -> Result<Option<Arc<Run>>, StoreError> {
        self.0.get(&id, || store.run(id)).await
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
    /// are, and whether the recipients are still subscribed to the runs' topics. Costs nothing if none is of a run; else one call for all states, actors, topics and subscriptions, and one for each run that the cache does not
    /// have. Returns the notifications whose runs cannot be read: they stay as they were, and must not stop the others.
    pub async fn fill_to_send(
        &self,
        store: &Store,
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
        let of_topic = filled.iter().filter_map(|(id, one)| subscription_keys(runs.get(id)?, one.user_id));
        let keys: HashSet<_> = states.chain(actors).chain(of_topic.flatten()).collect();
        let items = store.by_key(keys).await?;
        let cancelled: HashMap<_, _> = items.values().filter_map(cancellation).collect();
        let actor = |id: UserId| items.get(&Key::user(id)).cloned().and_then(present_user);
        let actors: HashMap<_, _> =
            runs.values().filter_map(|run| run.actor).filter_map(|id| Some((id, actor(id)?))).collect();
        for (id, notification) in &mut filled {
            notification.cancelled_at = notification.cancelled_at.or(cancelled.get(id).copied());
            let Some(run) = runs.get(id) else { continue };
            notification.unsubscribed = !is_subscribed(run, notification.user_id, &items);
            fill(notification, run);
            complete(&mut notification.content, run.actor.map(|actor| actors.get(&actor)));
        }
        Ok(filled.into_iter().filter(|(id, _)| unreadable.contains(id)).map(|(_, one)| one.id).collect())
    }
}

/// The topic of a run, and a user's subscription to it.
fn subscription_keys(run: &Run, user: UserId) -> Option<[Key; 2]> {
    let topic = run.audience.topic()?;
    Some([Key::topic(topic, topics::copy_for(user)), Key::subscription(user, topic)])
}

/// Whether a user still is subscribed to the life of the topic that a run is to, if it is to one. Of a user who was erased since, and is
/// there again, no notification of before is left.
fn is_subscribed(run: &Run, user: UserId, items: &HashMap<Key, Item>) -> bool {
    let Audience::Topic { id: _, generation: Generation(generation) } = &run.audience else { return true };
    let generation = generation.to_string();
    let is_of_it = |key: &Key| items.get(key).and_then(|item| text(item, GENERATION)) == Some(generation.as_str());
    subscription_keys(run, user).is_some_and(|keys| keys.iter().all(is_of_it))
}

fn fill(notification: &mut Notification, run: &Run) {
    notification.content = run.content.clone();
    notification.metadata = run.metadata.clone();
    notification.actor = run.actor;
}

impl Store {
    /// Writes a run on the condition that it is new. Recipients that have no room in it are written before, in pages: a run that is
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
                page.insert(table::EXPIRES_AT.to_owned(), super::number(run.kept_until.seconds()));
                let put = PutRequest::builder().set_item(Some(page)).build().map_err(StoreError::build)?;
                Ok(WriteRequest::builder().put_request(put).build())
            });
            let pages = pages.collect::<Result<Vec<_>, StoreError>>()?;
            for pages in pages.chunks(BATCH_WRITE) {
                self.batch_write(pages.to_vec(), BATCH_ROUNDS).await?;
            }
        }
        match self.put_on(item, &Condition::Missing(table::PK.into())).await {
            Ok(()) => Ok(AcceptedRun::New),
            Err(Refused::Error(error)) => Err(error),
            Err(Refused::Condition(item)) => {
                let old = records::read::<RunItem>(item)?.into_run()?;
                Ok(AcceptedRun::before(old, &run.request_hash, run.created_at))
            }
        }
    }

    /// A run, strongly consistent. `None` if there is none any more.
    pub async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        self.get(&Key::run(id)).await?.map(|item| records::read::<RunItem>(item)?.into_run()).transpose()
    }

    /// Those of these users who do not exist and never did.
    pub async fn unknown_users(&self, ids: &[UserId]) -> Result<HashSet<UserId>, StoreError> {
        let known: HashSet<_> = self.existing(ids.iter().copied().map(Key::user)).await?.into_iter().collect();
        Ok(ids.iter().copied().filter(|id| !known.contains(&Key::user(*id))).collect())
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
        let actions = [
            Action::SetIfMissing(CANCELLED_AT.into(), number(now.millis())),
            Action::Set(table::EXPIRES_AT.into(), number(run.kept_until.seconds())),
        ];
        let always = Condition::Any(vec![Condition::Missing(table::PK.into()), Condition::Exists(table::PK.into())]);
        match self.update(&Key::run_state(run.id), &actions, &always).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error),
        }
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
    use crate::store::run_item::tests::{of_topic, run};

    #[test]
    fn who_has_left_a_topic_is_not_subscribed_and_neither_is_anybody_to_a_topic_of_before() {
        let user = UserId::from_bytes([1; 16]);
        let topic = run(of_topic(), None);
        let [of_topic, own] = subscription_keys(&topic, user).unwrap();
        let (nil, other) = (uuid::Uuid::nil().to_string(), uuid::Uuid::from_u128(1).to_string());
        let item = |generation: &str| Item::from([(GENERATION.to_owned(), string(generation))]);
        let is_subscribed = |run: &Run, topic: Option<&str>, subscription: Option<&str>| {
            let found = [topic.map(|it| (of_topic.clone(), item(it))), subscription.map(|it| (own.clone(), item(it)))];
            super::is_subscribed(run, user, &found.into_iter().flatten().collect())
        };
        assert!(is_subscribed(&topic, Some(&nil), Some(&nil)));
        assert!(!is_subscribed(&topic, Some(&nil), None), "the user has left");
        assert!(!is_subscribed(&topic, None, Some(&nil)), "the topic was deleted");
        assert!(!is_subscribed(&topic, Some(&other), Some(&nil)), "and is there again");
        assert!(!is_subscribed(&topic, Some(&other), Some(&other)), "and the user, too");
        assert!(is_subscribed(&run(Audience::Named(1), None), None, None));
    }

    #[test]
    fn a_request_again_is_its_run_until_that_is_kept_no_longer() {
        let old = run(Audience::Named(1), None);
        let (last, after) = (old.kept_until, old.kept_until.plus(std::time::Duration::from_secs(1)));
        let before = |hash: &str, now| AcceptedRun::before(old.clone(), hash, now);
        assert_eq!(before(&old.request_hash, last), AcceptedRun::Again(Box::new(old.clone())));
        assert_eq!(before("another", last), AcceptedRun::Conflict);
        for hash in [old.request_hash.as_str(), "another"] {
            assert_eq!(before(hash, after), AcceptedRun::Expired);
        }
    }
}

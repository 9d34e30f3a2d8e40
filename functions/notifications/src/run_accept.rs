//! Accepts runs, in both dialects: one record, and one message for each page of the recipients whom the request names.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use shared::{
    dialects::native,
    domain::{
        Channel, Notification, NotificationId, Run, RunId, TopicId, UserChange, UserId,
        run::{Audience, PAGE, complete},
    },
    queue::{Message, Outbound, PageOfRun, QueueError},
    store::{AcceptedRun, Precondition, StoreError, UpdateUserError},
};
use uuid::Uuid;

use crate::{App, accept, body::NotificationRequest};

/// The subscribers of a topic are read this long after the run was accepted, from an index that is "eventually consistent" and takes
/// "a fraction of a second, under normal conditions"
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>): so it has those who were subscribed just before.
const INDEX_DELAY: Duration = Duration::from_secs(3);
/// How many users are created at the same time.
const AT_ONCE: usize = 8;

/// Whom a run is for, as the request says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// These users, each once.
    Users(Vec<UserId>),
    /// Who is subscribed to this topic.
    Topic(TopicId),
}

/// A user whom a request describes.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPerson {
    pub id: UserId,
    pub external_id: Option<String>,
    pub change: UserChange,
}

/// A run that is asked for.
#[derive(Debug)]
pub struct NewRun {
    pub id: RunId,
    /// Whether an earlier request may have the same id.
    pub is_repeatable: bool,
    /// The hash of the request.
    pub hash: String,
    pub to: To,
    /// The recipients must be of this organisation; `None` if the caller may send to anybody.
    pub org: Option<String>,
    pub actor: Option<UserId>,
    /// The users who are created if they are not there, each once.
    pub people: Vec<NewPerson>,
    /// What all notifications have in common. Its recipient is nobody.
    pub wanted: NotificationRequest,
}

/// Why a run was not accepted.
#[derive(Debug)]
pub enum Refused {
    /// There is no such topic.
    NoTopic,
    /// The id was used for another run.
    Conflict,
    /// The id was used for a run that has expired, and is not removed yet.
    Expired,
    /// What it says cannot be sent.
    Unsayable(native::Problem),
    /// A user could not be created.
    User(UpdateUserError),
    Store(StoreError),
    Queue(QueueError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The recipient of what all notifications have in common.
pub const NOBODY: UserId = UserId::from_bytes([0; 16]);

/// Accepts a run, or finds it accepted before. Then its messages are sent again, since the first request may have ended between the
/// record and the queue: a page that is expanded twice sends nothing twice.
pub async fn accept(app: &App, new: NewRun) -> Result<Run, Refused> {
    let (id, is_repeatable, hash, people) = (new.id, new.is_repeatable, new.hash.clone(), new.people.clone());
    let (mut run, users) = match prepared(app, new).await {
        Ok(prepared) => prepared,
        // A run that was accepted before stays accepted, even if its template, its category or its topic has changed since.
        Err(refused @ (Refused::NoTopic | Refused::Unsayable(_))) if is_repeatable => {
            let first = app.store.run(id).await?.ok_or(refused)?;
            let first = match AcceptedRun::before(first, &hash, app.clock.now()) {
                AcceptedRun::Again(first) => *first,
                AcceptedRun::Expired => return Err(Refused::Expired),
                AcceptedRun::Conflict | AcceptedRun::New => return Err(Refused::Conflict),
            };
            send(app, &first).await?;
            return Ok(first);
        }
        Err(refused) => return Err(refused),
    };
    create(app, &people).await?;
    match app.store.accept_run(&run, &users).await? {
        AcceptedRun::New => {}
        AcceptedRun::Again(first) => run = *first,
        AcceptedRun::Conflict => return Err(Refused::Conflict),
        AcceptedRun::Expired => return Err(Refused::Expired),
    }
    send(app, &run).await?;
    Ok(run)
}

/// The run as it is to be written, and the users whom it names.
async fn prepared(app: &App, new: NewRun) -> Result<(Run, Vec<UserId>), Refused> {
    let NewRun { id, is_repeatable: _, hash, to, org, actor, people: _, wanted } = new;
    let (audience, users) = match to {
        To::Users(users) => (Audience::Named(users.len()), users),
        To::Topic(id) => {
            let topic = app.store.topic(&id).await?.ok_or(Refused::NoTopic)?;
            (Audience::Topic { id, generation: topic.generation }, Vec::new())
        }
    };
    let categories = accept::categories(app, &wanted).await?;
    let notification = accept::notification(app, NotificationId::from(Uuid::nil()), wanted, &categories).await;
    let notification = notification.map_err(Refused::Unsayable)?;
    accept::can_be_said(app, &sample(&notification, actor.is_some())).await.map_err(Refused::Unsayable)?;
    let Notification {
        id: _,
        user_id: _,
        run: _,
        topic: _,
        actor: _,
        channels,
        group,
        opt_in,
        critical,
        priority,
        content,
        send_at,
        expires_at,
        cancelled_at: _,
        unsubscribed: _,
        at_most_once,
        metadata,
        created_at,
        kept_until,
    } = notification;
    let run = Run {
        id,
        audience,
        org,
        actor,
        request_hash: hash,
        channels,
        group,
        opt_in,
        critical,
        priority,
        content,
        send_at,
        expires_at,
        at_most_once,
        metadata,
        created_at,
        kept_until,
    };
    Ok((run, users))
}

/// The notification with all variables that it has when it is sent.
fn sample(notification: &Notification, has_actor: bool) -> Notification {
    let mut sample = notification.clone();
    complete(&mut sample.content, has_actor.then_some(None));
    sample
}

/// Creates those of these users who are not there. Nobody who is there is changed, and nobody who was erased comes back.
async fn create(app: &App, people: &[NewPerson]) -> Result<(), Refused> {
    let ids: Vec<_> = people.iter().map(|person| person.id).collect();
    let unknown = app.store.unknown_users(&ids).await?;
    let now = app.clock.now();
    let created = people.iter().filter(|person| unknown.contains(&person.id)).map(async |person| {
        let NewPerson { id, external_id, change } = person;
        let absent = Some(&Precondition::Absent);
        match app.store.upsert_user(*id, external_id.as_deref(), change, absent, now).await {
            Ok(_) | Err(UpdateUserError::Stale) => Ok(()),
            Err(UpdateUserError::Store(error)) => Err(Refused::Store(error)),
            Err(error) => Err(Refused::User(error)),
        }
    });
    stream::iter(created.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
}

/// Sends a message for each page of the recipients; of a topic, one for all parts.
async fn send(app: &App, run: &Run) -> Result<(), Refused> {
    let (pages, delay): (Vec<_>, _) = match run.audience {
        Audience::Named(count) => ((0..count.div_ceil(PAGE)).map(PageOfRun::Named).collect(), Duration::ZERO),
        Audience::Topic { .. } => (vec![PageOfRun::Parts], INDEX_DELAY),
    };
    let channel = run.channels.first().copied().unwrap_or(Channel::Email);
    let message = |page| Outbound::delayed(&Message::Expand { run_id: run.id, page, channel }, delay);
    let messages: Vec<_> = pages.into_iter().map(message).collect();
    app.queue.send(&messages).await.map_err(Refused::Queue)
}

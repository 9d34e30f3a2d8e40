//! Accepts runs, in both dialects: one record, and one message for each page of the recipients whom the request names.

use std::time::Duration;

use shared::{
    dialects::native,
    domain::{
        Channel, Notification, NotificationId, NotificationSpec, Run, RunId, TopicId, UserId,
        run::{Audience, PAGE, complete},
    },
    queue::{Message, Outbound, PageOfRun, QueueError},
    store::{AcceptedRun, NewPerson, StoreError, UpdateUserError},
};
use uuid::Uuid;

use crate::{App, accept, body::NotificationRequest};

/// The subscribers of a topic are read this long after the run was accepted, from an index that is "eventually consistent" and takes
/// "a fraction of a second, under normal conditions"
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>): so it has those who were subscribed just before.
const INDEX_DELAY: Duration = Duration::from_secs(3);

/// Whom a run is for, as the request says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// These users, each once.
    Users(Vec<UserId>),
    /// Who is subscribed to this topic.
    Topic(TopicId),
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
    /// What it says cannot be sent.
    Unsayable(native::Problem),
    /// A user could not be created.
    User(UpdateUserError),
    Store(StoreError),
    Queue(QueueError),
}

impl From<UpdateUserError> for Refused {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::Store(error) => Self::Store(error),
            error => Self::User(error),
        }
    }
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
///
/// The users who are created are there before the run, so that no page is expanded without them. If the request ends between both, they
/// stay, and a repeated request finds them.
pub async fn accept(app: &App, new: NewRun) -> Result<Run, Refused> {
    let (id, is_repeatable, hash) = (new.id, new.is_repeatable, new.hash.clone());
    let run = match prepared(app, new).await {
        Ok(Prepared { mut run, users, people }) => {
            if !people.is_empty() {
                app.store.create_missing(&people, app.clock.now()).await?;
                // All of them are there by now, whoever has created them: so the run is not older than any of them.
                run.spec.created_at = app.clock.now();
            }
            first(app.store.accept_run(&run, &users).await?)?.unwrap_or(run)
        }
        // A run that was accepted before stays accepted, even if its template, its category or its topic has changed since.
        Err(refused @ (Refused::NoTopic | Refused::Unsayable(_))) if is_repeatable => {
            let before = app.store.run(id).await?.map(|run| first(AcceptedRun::before(run, &hash)));
            before.transpose()?.flatten().ok_or(refused)?
        }
        Err(refused) => return Err(refused),
    };
    send(app, &run).await?;
    Ok(run)
}

/// The run that the same request has made before, if it has.
fn first(answer: AcceptedRun) -> Result<Option<Run>, Refused> {
    match answer {
        AcceptedRun::New => Ok(None),
        AcceptedRun::Again(first) => Ok(Some(*first)),
        AcceptedRun::Conflict => Err(Refused::Conflict),
    }
}

/// A run that can be written.
struct Prepared {
    run: Run,
    /// The users whom it names.
    users: Vec<UserId>,
    people: Vec<NewPerson>,
}

async fn prepared(app: &App, new: NewRun) -> Result<Prepared, Refused> {
    let NewRun { id, is_repeatable: _, hash, to, org, actor, people, wanted } = new;
    let (audience, users) = match to {
        To::Users(users) => (Audience::Named(users.len()), users),
        To::Topic(id) => {
            let topic = app.store.topic(&id).await?.ok_or(Refused::NoTopic)?;
            (Audience::Topic { id, generation: topic.generation }, Vec::new())
        }
    };
    let categories = accept::categories(app, &wanted).await?;
    let spec = accept::spec(app, wanted, &categories).await.map_err(Refused::Unsayable)?;
    accept::can_be_said(app, &sample(&spec, actor.is_some())).await.map_err(Refused::Unsayable)?;
    let run = Run { id, audience, org, actor, request_hash: hash, spec };
    Ok(Prepared { run, users, people })
}

/// A notification with all variables that it has when it is sent.
fn sample(spec: &NotificationSpec, has_actor: bool) -> Notification {
    let mut sample = spec.clone();
    complete(&mut sample.content, has_actor.then_some(None));
    sample.to(NotificationId::from(Uuid::nil()), NOBODY)
}

/// Sends a message for each page of the recipients; of a topic, one for all parts. They are at most ten, which one call to SQS takes
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>): one message that a worker fans out
/// would cost as much, and be a hop more. If SQS refuses some, they are sent again, and then the request fails; so it does if the process
/// dies before the call. Nobody was told that the run is accepted then, and the same request again sends all: a page that is expanded twice
/// sends nothing twice.
async fn send(app: &App, run: &Run) -> Result<(), Refused> {
    let (pages, delay): (Vec<_>, _) = match run.audience {
        Audience::Named(count) => ((0..count.div_ceil(PAGE)).map(PageOfRun::Named).collect(), Duration::ZERO),
        Audience::Topic { .. } => (vec![PageOfRun::Parts], INDEX_DELAY),
    };
    let channel = run.spec.channels.first().copied().unwrap_or(Channel::Email);
    let message = |page| Outbound::delayed(&Message::Expand { run_id: run.id, page, channel }, delay);
    let messages: Vec<_> = pages.into_iter().map(message).collect();
    app.queue.send(&messages).await.map_err(Refused::Queue)
}

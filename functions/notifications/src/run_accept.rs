//! Accepts runs, in both dialects: one record, and one message for each page of the recipients whom the request names.

use std::time::Duration;

use shared::{
    domain::{
        Channel, Content, Notification, NotificationId, Run, RunId, TopicId, UserId,
        run::{Audience, PAGE},
    },
    queue::{Message, Outbound, PageOfRun, QueueError},
    store::{AcceptedRun, StoreError, actor_variables},
};
use uuid::Uuid;

use crate::{App, accept, body::NotificationRequest};
use shared::dialects::native;

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
    let (id, is_repeatable, hash) = (new.id, new.is_repeatable, new.hash.clone());
    let (mut run, users) = match prepared(app, new).await {
        Ok(prepared) => prepared,
        // A run that was accepted before stays accepted, even if its template, its category or its topic has changed since.
        Err(refused @ (Refused::NoTopic | Refused::Unsayable(_))) if is_repeatable => {
            let first = app.store.run(id).await?.ok_or(refused)?;
            if first.request_hash != hash {
                return Err(Refused::Conflict);
            }
            send(app, &first).await?;
            return Ok(first);
        }
        Err(refused) => return Err(refused),
    };
    match app.store.accept_run(&run, &users).await? {
        AcceptedRun::New => {}
        AcceptedRun::Again(first) => run = *first,
        AcceptedRun::Conflict => return Err(Refused::Conflict),
    }
    send(app, &run).await?;
    Ok(run)
}

/// The run as it is to be written, and the users whom it names.
async fn prepared(app: &App, new: NewRun) -> Result<(Run, Vec<UserId>), Refused> {
    let NewRun { id, is_repeatable: _, hash, to, org, actor, wanted } = new;
    let categories = accept::categories(app, &wanted).await?;
    let notification = accept::notification(app, NotificationId::from(Uuid::nil()), wanted, &categories).await;
    let notification = notification.map_err(Refused::Unsayable)?;
    accept::can_be_said(app, &sample(&notification, actor.is_some())).await.map_err(Refused::Unsayable)?;
    let (audience, users) = match to {
        To::Users(users) => (Audience::Named(users.len()), users),
        To::Topic(id) => {
            let topic = app.store.topic(&id).await?.ok_or(Refused::NoTopic)?;
            (Audience::Topic { id, generation: topic.generation }, Vec::new())
        }
    };
    let Notification {
        id: _,
        user_id: _,
        run: _,
        topic: _,
        actor: _,
        channels,
        group,
        critical,
        priority,
        content,
        send_at,
        expires_at,
        cancelled_at: _,
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
    if let (Content::Template { variables, .. }, true) = (&mut sample.content, has_actor) {
        variables.insert("actor".to_owned(), actor_variables(None).into());
    }
    sample
}

/// Sends a message for each page of the recipients; of a topic, one for all parts.
async fn send(app: &App, run: &Run) -> Result<(), Refused> {
    let pages: Vec<_> = match run.audience {
        Audience::Named(count) => (0..count.div_ceil(PAGE)).map(PageOfRun::Named).collect(),
        Audience::Topic { .. } => vec![PageOfRun::Parts],
    };
    let channel = run.channels.first().copied().unwrap_or(Channel::Email);
    let message = |page| Outbound::delayed(&Message::Expand { run_id: run.id, page, channel }, Duration::ZERO);
    let messages: Vec<_> = pages.into_iter().map(message).collect();
    app.queue.send(&messages).await.map_err(Refused::Queue)
}

//! `POST /api/v1/notifications`: validate, write the record, queue one message a channel. 202 only after SQS has all.

use lambda_http::{Request, http::StatusCode};
use serde_json::json;
use shared::{
    domain::{Channel, Notification, NotificationId, Timestamp},
    http::{
        Once, Reply,
        auth::Caller,
        body,
        contract1::{Access, Problem},
    },
    queue::{Message, Outbound},
    store::Accepted,
};

use crate::{
    App,
    decode::{self, Asked},
    success,
};

pub async fn post(app: &App, request: &Request) -> Result<Reply, Problem> {
    let caller = Access::ADMIN_OR_SERVICE.caller(&app.bearer, request.headers()).await?;
    let once = Once::of(request, &caller.subject)?;
    let body = body::object(request.body())?;
    let hash = decode::hash(&body);
    let mut asked = decode::notification(body)?;
    asked.request_id = asked.request_id.or_else(|| once.seed());
    once.about(asked.user_id).run(&app.store, accept(app, &caller, asked, &hash)).await
}

async fn accept(app: &App, caller: &Caller, asked: Asked, hash: &str) -> Result<Reply, Problem> {
    let mut notification = of_request(app, caller, asked).await?;
    match app.store.accept(&notification, hash).await? {
        Accepted::New => {}
        // The first request may have died between the record and the queue: its messages are sent again, and the
        // lease on each delivery keeps them from being delivered twice.
        Accepted::Again(first) => notification = *first,
        Accepted::Conflict => return Err(Problem::Conflict("This request_id was used for another notification")),
    }
    let Notification { id, user_id, channels, send_at, .. } = notification;
    // A later time than SQS can keep a message back, the worker sees to.
    let delay = send_at.map(|at| at.since(Timestamp::now())).filter(|delay| *delay <= Outbound::LONGEST_DELAY);
    let message = |channel| {
        Outbound::delayed(&Message::Deliver { notification_id: id, user_id, channel }, delay.unwrap_or_default())
    };
    let messages: Vec<_> = channels.into_iter().map(message).collect();
    app.queue.send(&messages).await?;
    let data = json!({"notification_id": id, "status": "queued"});
    Ok(success::reply(StatusCode::ACCEPTED, data, "Notification queued successfully"))
}

async fn of_request(app: &App, caller: &Caller, asked: Asked) -> Result<Notification, Problem> {
    let id = match &asked.request_id {
        Some(request_id) => NotificationId::of_request(app.namespace, &caller.subject, request_id),
        None => NotificationId::random(),
    };
    notification(app, id, asked).await
}

/// The notification that is asked for, as of now.
pub async fn notification(app: &App, id: NotificationId, asked: Asked) -> Result<Notification, Problem> {
    let Asked {
        channel,
        user_id,
        content,
        request_id: _,
        priority,
        metadata,
        group,
        critical,
        send_at,
        expires_at,
        at_most_once,
    } = asked;
    let channels = match channel {
        Some(channel) => vec![channel],
        None => configured(app).await?,
    };
    let created_at = Timestamp::now();
    Ok(Notification {
        id,
        user_id,
        channels,
        group,
        critical,
        priority,
        content,
        send_at,
        expires_at,
        cancelled_at: None,
        at_most_once,
        metadata,
        created_at,
        kept_until: send_at.unwrap_or(created_at).max(created_at).plus(app.retention),
    })
}

/// Every channel type that has a provider.
async fn configured(app: &App) -> Result<Vec<Channel>, Problem> {
    let configured = app.channels().await?;
    let has_provider = |channel: &Channel| configured.iter().any(|c| c.channel() == Some(*channel));
    let channels: Vec<_> = Channel::ALL.into_iter().filter(has_provider).collect();
    if channels.is_empty() {
        return Err(Problem::invalid("notification_type is required: no channel has a provider yet"));
    }
    Ok(channels)
}

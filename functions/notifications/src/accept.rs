//! `POST /api/v1/notifications`: validate, write the record, queue one message a channel, each in its channel's queue. 202
//! only after SQS has all.

use std::{sync::Arc, time::Duration};

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{Access, NoQuery, Own, Problem, refused},
    domain::{
        Categories, Channel, Content, DeliveryStatus, Notification, NotificationId, NotificationSpec, RenderedContent,
        UserId, user::UserRecord,
    },
    http::{
        IdempotentRequest, Reply,
        auth::{Caller, Reach},
        body,
        request::RequestBody,
    },
    metrics::MetricEvent,
    queue::{Message, Outbound},
    render::{link_name, record_fields},
    store::{Accepted, StoreError},
    telemetry,
};

use crate::{
    App,
    body::{NO_CONTENT, NotificationRequest, Span, Wording, hash},
    success,
};

/// How far in the future `send_at` may be.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The accepted notification.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AcceptedNotification")]
pub struct AcceptedView {
    /// The id for `GET` and `DELETE`.
    notification_id: NotificationId,
    #[schemars(with = "String", extend("const" = "queued"))]
    status: DeliveryStatus,
}

pub async fn post(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = Access::ADMIN_OR_SERVICE.reaching(&app.bearer, request).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let body = body::object(request.body())?;
    let hash = hash(&body);
    let mut wanted = NotificationRequest::of(body, None, &())?;
    let recipient = wanted.recipient.id(app.namespace);
    let user = reach.user(recipient);
    is_reached(app, &caller, &reach, recipient).await?;
    wanted.request_id = wanted.request_id.or_else(|| idempotent.seed());
    idempotent.about(&user).run(&app.store, accept(app, &caller, wanted, &hash)).await
}

/// Accepts a recipient whom the caller may send to. For a caller who may send to anybody nothing is read: a user who is
/// not there is skipped at sending.
pub async fn is_reached(app: &App, caller: &Caller, reach: &Reach, id: UserId) -> Result<(), Problem> {
    let allowed = app.store.check_allowed(&reach.user(id)).await;
    allowed.map_err(|error| refused(error, Some(caller), id))
}

async fn accept(app: &App, caller: &Caller, wanted: NotificationRequest, hash: &str) -> Result<Reply, Problem> {
    let id = match &wanted.request_id {
        Some(request_id) => NotificationId::of_request(app.namespace, &caller.name(), request_id),
        None => NotificationId::from(app.random.uuid()),
    };
    let categories = categories(app, &wanted).await?;
    let is_repeatable = wanted.request_id.is_some();
    let mut notification = match notification(app, id, wanted, &categories).await {
        Ok(notification) => notification,
        // What was accepted before stays accepted, even if its category has lost its template or its channels since.
        Err(problem) if is_repeatable => app.store.notification(id).await?.ok_or(problem)?.0,
        Err(problem) => return Err(problem),
    };
    if let Err(problem) = can_be_said(app, &notification).await {
        // A notification that was accepted before stays accepted, even if its template has changed since.
        app.store.notification(id).await?.ok_or(problem)?;
    }
    match app.store.accept(&notification, hash).await? {
        Accepted::New => app.metrics.note(MetricEvent::Accepted),
        // The first request may have ended between the record and the queues. So its messages are sent again, and the
        // lease on each delivery keeps it from being sent twice.
        Accepted::Again(first) => notification = *first,
        Accepted::Conflict => return Err(Own::Conflict("This request_id was used for another notification").into()),
    }
    let Notification { id, user_id, channels, send_at, .. } = notification;
    // SQS delays a message only up to a limit. If `send_at` is later, the worker holds the delivery.
    let delay = send_at
        .map(|at| at.saturating_duration_since(app.clock.now()))
        .filter(|delay| *delay <= Outbound::LONGEST_DELAY);
    let message = |channel| {
        let message = Message::Deliver { notification_id: id, user_id, channel };
        match send_at.zip(delay) {
            Some((due, delay)) => Outbound::delayed(&message, delay).due(due),
            None => Outbound::delayed(&message, Duration::ZERO),
        }
    };
    let messages: Vec<_> = channels.into_iter().map(message).collect();
    if let Err(error) = app.queue.send(&messages).await {
        empty_if_erased(app, id, user_id).await;
        return Err(error.into());
    }
    let data = AcceptedView { notification_id: id, status: DeliveryStatus::Queued };
    Ok(success::reply(StatusCode::ACCEPTED, data, "Notification queued successfully"))
}

/// Empties a notification whose messages SQS did not take, if its recipient is erased. The worker empties what is accepted after an
/// erasure, and it may never get a message of this one. If the recipient is erased after this, the erasure finds the notification.
async fn empty_if_erased(app: &App, id: NotificationId, user_id: UserId) {
    let emptied = async {
        let loaded = app.store.load([user_id], []).await?;
        match loaded.users.get(&user_id) {
            Some(UserRecord::Erased) => app.store.redact(id).await,
            _ => Ok(()),
        }
    };
    if let Err(error) = emptied.await {
        tracing::error!(notification_id = %id, error = telemetry::chain(&error), "its recipient may be erased, and it is not emptied");
    }
}

/// Refuses a notification that could never be rendered: its template does not exist, has no part for a channel, or uses
/// a variable that was not given, or its content is too long for a channel.
pub async fn can_be_said(app: &App, notification: &Notification) -> Result<(), Problem> {
    let variables = match &notification.content {
        Content::Template { variables, .. } => variables,
        // The run was looked at when it was accepted.
        Content::OfRun(_) => return Ok(()),
        Content::Inline { subject, title, body } => {
            let too_long = |channel: &Channel| {
                let words = RenderedContent::inline(subject.as_deref(), title.as_deref(), body, *channel);
                let counted = if title.is_some() { ", its title included" } else { "" };
                Some(format!("content.body is too long for {channel}: {}{counted}", words.too_long()?))
            };
            let faults: Vec<_> = notification.channels.iter().filter_map(too_long).collect();
            return if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) };
        }
    };
    let template = app.template(&notification.content).await?;
    let template =
        template.ok_or_else(|| Problem::invalid("template_code must be the code of an existing template"))?;
    let template = &template.template;
    let silent = notification.channels.iter().filter(|channel| !template.has(**channel));
    let mut faults: Vec<_> = silent.map(|channel| format!("template_code has no part for {channel}")).collect();
    let missing = template.missing(&notification.channels, variables, !notification.critical).into_iter();
    let is_of_record = |name: &str| name.starts_with("recipient.") && !variables.contains_key("recipient");
    faults.extend(missing.map(|name| match link_name(&name) {
        None if is_of_record(&name) => {
            let fields: Vec<_> = record_fields().collect();
            format!("template_code uses {name}, which does not exist: recipient has {}", fields.join(", "))
        }
        None => format!("variables.{name} is required: the template uses it"),
        Some(link) => format!(
            "template_code uses {link}, which only an email that is not critical has: the template must check {{% if \
             {link} is defined %}} first"
        ),
    }));
    let too_long = template.too_long(&notification.channels, variables).into_iter();
    faults.extend(too_long.map(|(channel, fault)| format!("variables are too long for {channel}: {fault}")));
    if faults.is_empty() { Ok(()) } else { Err(Problem::validation(faults)) }
}

/// The catalogue, for a notification that names a category. If its category has to say what is sent and does not, the category may be
/// new, or have a template since.
pub async fn categories(app: &App, wanted: &NotificationRequest) -> Result<Arc<Categories>, StoreError> {
    let Some(handle) = wanted.about.handle() else { return Ok(Arc::default()) };
    let says_nothing = |known: &Categories| {
        let template = known.get(handle).and_then(|category| category.template_code.as_ref());
        matches!(wanted.wording, Wording::OfCategory(_)) && template.is_none()
    };
    app.setup.categories_or_recent(&app.store, says_nothing).await
}

/// The notification that is asked for, see [`spec`].
pub async fn notification(
    app: &App,
    id: NotificationId,
    wanted: NotificationRequest,
    categories: &Categories,
) -> Result<Notification, Problem> {
    let user_id = wanted.recipient.id(app.namespace);
    Ok(spec(app, wanted, categories).await?.to(id, user_id))
}

/// What is asked for, to whomever, as it is at present. What it does not say itself its category says. That is taken now and
/// not when it is sent: each channel has its message in a queue of its own, the template is checked before the notification is
/// accepted, and whoever reads the notification sees what was meant. Whether the recipient takes the category is decided at
/// sending.
pub async fn spec(
    app: &App,
    wanted: NotificationRequest,
    categories: &Categories,
) -> Result<NotificationSpec, Problem> {
    let NotificationRequest {
        to,
        recipient: _,
        wording,
        request_id: _,
        priority,
        metadata,
        about,
        critical,
        span: Span { send_at, expires_at },
        at_most_once,
    } = wanted;
    if about.handle().is_some_and(|handle| categories.is_unreadable(handle)) {
        return Err(StoreError::Unavailable("the notification's category cannot be read".into()).into());
    }
    let category = about.handle().and_then(|handle| categories.get(handle));
    let content = wording.content(category).ok_or_else(|| {
        Problem::invalid(format!("{NO_CONTENT}: the notification names none, and its category has no template"))
    })?;
    let channels = match to.named() {
        Some(channels) => channels,
        None => {
            let template = app.template(&content).await?;
            let said = |channel: &Channel| template.as_ref().is_none_or(|found| found.template.has(*channel));
            let channels = match category.and_then(|category| category.channels.clone()) {
                Some(channels) => channels,
                None => configured(app).await?,
            };
            channels.into_iter().filter(said).collect()
        }
    };
    if channels.is_empty() {
        return Err(Problem::invalid(
            "notification_type or channels is required: the template has no part for any of the category's channels that \
             has a provider",
        ));
    }
    let created_at = app.clock.now();
    if send_at.is_some_and(|at| at > created_at.plus(FARTHEST)) {
        return Err(Problem::invalid("send_at must be at most 366 days ahead"));
    }
    Ok(NotificationSpec {
        channels,
        group: about.handle().map(str::to_owned),
        opt_in: category.is_some_and(|category| !category.default_in),
        critical: critical.unwrap_or_else(|| category.is_some_and(|category| category.critical)),
        priority,
        content,
        send_at,
        expires_at,
        at_most_once,
        metadata: metadata.unwrap_or_default(),
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
        return Err(Problem::invalid("notification_type or channels is required: no channel has a provider yet"));
    }
    Ok(channels)
}

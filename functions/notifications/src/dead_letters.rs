//! `/api/v1/dead-letters`: messages that are not tried any more. Operators list and redrive them.

mod redrive;

use std::time::Duration;

use futures::{TryStreamExt, future::try_join_all, pin_mut};
use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    domain::{Channel, DeadLetter, NotificationId, Timestamp, UserId},
    http::{
        IdempotentRequest, Reply,
        openapi::not_null,
        page::Bounds,
        query::Cursor,
        request::member::{optional, or},
    },
    queue::Outbound,
    request_query,
    store::DeliveryKey,
};

use crate::App;
pub use redrive::Redrive;

/// How many letters are redriven together: the most messages that one call to SQS takes.
const BATCH: usize = 10;
/// For how long a request with `all` goes on. A further request redrives the rest.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The most characters shown of a message that nobody can read.
const SHOWN: usize = 1000;

/// A page of them, newest first.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DeadLetters")]
pub struct ListView {
    items: Vec<LetterView>,
    page: PageView,
}

/// A message that is not tried any more.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "DeadLetter")]
struct LetterView {
    /// The id for `redriveDeadLetters`.
    id: String,
    /// The delivery's reason, or a sentence if the message cannot be decoded.
    reason: String,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_id: Option<NotificationId>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<Channel>,
    /// The beginning of a message that cannot be decoded.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// When it became a dead letter.
    at: Timestamp,
}

/// The result of a redrive.
#[derive(Debug, Default, JsonSchema, Serialize)]
#[schemars(rename = "RedriveResult")]
pub struct Redriven {
    /// Dead letters that were sent to the queue again.
    redriven: usize,
    /// Dead letters that were not sent again, because their delivery has ended.
    already_done: usize,
    /// The ids of no dead letter: it was already redriven, has expired, or never existed.
    not_found: Vec<String>,
    /// Whether more dead letters are left for a further request.
    has_more: bool,
}

/// Answers a request below `/api/v1/dead-letters`.
pub async fn handle(app: &App, request: &Request, below: &[&str]) -> Result<Reply, Problem> {
    match (below, request.method()) {
        ([], &Method::GET) => list(app, request).await,
        ([], _) => Err(Problem::MethodNotAllowed("GET, HEAD")),
        (["redrive"], &Method::POST) => redrive(app, request).await,
        (["redrive"], _) => Err(Problem::MethodNotAllowed("POST")),
        _ => Err(Problem::not_found("There is nothing at this path")),
    }
}

request_query! {
    /// Which dead letters are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(DeadLetter::is_id)),
    }
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, ListQuery { limit, after }) = Access::ADMIN.caller(&app.bearer, request).await?;
    let wanted = PageRequest { limit, after };
    let letters = app.store.dead_letters(wanted.after.as_deref(), wanted.limit);
    let (items, page) = wanted.read(request, letters, |_, letter| LetterView::from(letter)).await?;
    Ok(Reply::json(StatusCode::OK, &ListView { items, page }))
}

async fn redrive(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    let wanted = Redrive::decode(request.body())?;
    let work = async {
        let done = match &wanted {
            Redrive::These(ids) => these(app, ids).await?,
            Redrive::All => all(app, Bounds::of(request)).await?,
        };
        Ok(Reply::json(StatusCode::ACCEPTED, &done))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, work).await
}

async fn these(app: &App, ids: &[String]) -> Result<Redriven, Problem> {
    let mut done = Redriven::default();
    for ids in ids.chunks(BATCH) {
        let found = try_join_all(ids.iter().map(|id| app.store.dead_letter(id))).await?;
        let letters: Vec<_> = found.iter().flatten().cloned().collect();
        let missing = ids.iter().zip(&found).filter(|(_, letter)| letter.is_none());
        done.not_found.extend(missing.map(|(id, _)| id.clone()));
        batch(app, letters, &mut done).await?;
    }
    Ok(done)
}

async fn all(app: &App, bounds: Option<&Bounds>) -> Result<Redriven, Problem> {
    let (mut done, stopwatch) = (Redriven::default(), app.clock.stopwatch());
    // Goes backwards from now: a message that nobody can read comes back as a new letter, and must not be found again.
    let last = DeadLetter::id_of(app.clock.now(), "~");
    let letters = app.store.dead_letters(Some(&last), BATCH).try_filter_map(async |found| Ok(found.item));
    let batches = letters.try_chunks(BATCH).map_err(|error| error.1);
    pin_mut!(batches);
    while let Some(letters) = batches.try_next().await? {
        if stopwatch.elapsed() > TIME_LIMIT || bounds.is_some_and(|bounds| bounds.left().is_zero()) {
            done.has_more = true;
            break;
        }
        batch(app, letters, &mut done).await?;
    }
    Ok(done)
}

/// Opens the deliveries again, sends the messages, and deletes the letters, in this order: a redrive that stops between
/// these steps can be repeated, and the lease on each delivery keeps it from being sent twice.
async fn batch(app: &App, letters: Vec<DeadLetter>, done: &mut Redriven) -> Result<(), Problem> {
    let now = app.clock.now();
    let open = try_join_all(letters.iter().map(async |letter| match letter.about {
        None => Ok(true),
        Some(about) => {
            let (id, channel) = (about.notification_id, about.channel);
            app.store.reopen(DeliveryKey { id, channel, kept_until: letter.kept_until }, &letter.id, now).await
        }
    }))
    .await?;
    let messages: Vec<_> =
        letters.iter().zip(&open).filter(|(_, open)| **open).map(|(letter, _)| Outbound::again(&letter.body)).collect();
    app.queue.send(&messages).await?;
    try_join_all(letters.iter().map(|letter| app.store.delete_dead_letter(&letter.id))).await?;
    done.redriven += messages.len();
    done.already_done += letters.len() - messages.len();
    Ok(())
}

impl From<DeadLetter> for LetterView {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { id, reason, about, body, at, kept_until: _ } = letter;
        Self {
            id,
            reason,
            notification_id: about.map(|about| about.notification_id),
            user_id: about.map(|about| about.user_id),
            channel: about.map(|about| about.channel),
            message: about.is_none().then(|| body.chars().take(SHOWN).collect()),
            at,
        }
    }
}

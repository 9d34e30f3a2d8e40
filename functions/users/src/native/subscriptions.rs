//! `/api/v1/users/{id}/subscriptions`: the topics that a user is subscribed to.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        openapi::{DELETES, READS, Refusals, SELF_ADMIN_OR_SERVICE},
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView, last_page},
        refused, unversioned,
    },
    domain::{
        Subscription, Timestamp, TopicId, TopicName, User, UserId, topic::SubscriptionId, user_change::AllowedUser,
    },
    http::{
        IdempotentRequest, Reply,
        auth::{Caller, Reach},
        openapi::{Document, TopicName as TopicNameSchema},
        query::Cursor,
        request::{
            RequestBody,
            kinds::TOPIC_NAME,
            member::{optional, or, required},
        },
    },
    request_body, request_query,
    store::{PageStart, Subscribed, UpdateUserError, is_subscription_place},
};

use crate::App;

/// Who may read and change subscriptions.
const WHO: Access = Access::SELF_ADMIN_OR_SERVICE;

/// A subscription.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Subscription")]
struct SubscriptionView {
    id: SubscriptionId,
    #[schemars(with = "TopicNameSchema")]
    topic: TopicName,
    user_id: UserId,
    created_at: Timestamp,
}

/// A page of a user's subscriptions, by topic.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Subscriptions")]
struct ListView {
    items: Vec<SubscriptionView>,
    page: PageView,
}

impl From<Subscription> for SubscriptionView {
    fn from(subscription: Subscription) -> Self {
        let id = subscription.id();
        let Subscription { topic: TopicId { name: topic, org: _ }, user: user_id, created_at } = subscription;
        Self { id, topic, user_id, created_at }
    }
}

/// Answers a request for all of a user's.
pub async fn all(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request, raw_id).await,
        Method::POST => subscribe(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, POST")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for one of them.
pub async fn one(app: &App, request: &Request, raw_id: &str, topic: &str) -> Reply {
    let answer = match *request.method() {
        Method::DELETE => unsubscribe(app, request, raw_id, topic).await,
        _ => Err(Problem::MethodNotAllowed("DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

request_query! {
    /// Which subscriptions are listed.
    pub struct SubscriptionsQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_subscription_place)),
    }
}

request_body! {
    /// A topic to subscribe to.
    pub struct NewSubscription as "SubscriptionRequest" {
        /// The topic's name. The topic is created if there is none and the caller may create one.
        topic: TopicName = required(TOPIC_NAME),
    }
}

async fn list(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, SubscriptionsQuery { limit, after }) = WHO.caller_for(&app.bearer, request, raw_id).await?;
    let user = read(app, &caller, &user).await?;
    let asked = PageRequest { limit, after };
    let start = asked.after.clone().map(PageStart::After);
    let found = app.store.subscriptions_of(&user, start.as_ref(), asked.limit);
    let (items, page) = asked.read(request, found, |_, subscription| SubscriptionView::from(subscription)).await?;
    Ok(Reply::json(StatusCode::OK, &ListView { items, page }))
}

async fn subscribe(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = WHO.caller_for(&app.bearer, request, raw_id).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&user);
    let NewSubscription { topic } = NewSubscription::decode(request.body())?;
    let write = async {
        let id = user.id();
        let user = read(app, &caller, &user).await?;
        let topic = TopicId::of(topic, organization(&caller, &user))
            .ok_or_else(|| Problem::invalid("an organization whose name has more than 255 bytes has no topics"))?;
        let subscribed = app.store.subscribe(&topic, &user, may_create(&caller), app.clock.now()).await?;
        let (status, subscription) = match subscribed {
            Subscribed::New(subscription) => (StatusCode::CREATED, subscription),
            Subscribed::Already(subscription) => (StatusCode::OK, subscription),
            Subscribed::NoTopic => return Err(Problem::not_found("There is no such topic")),
            Subscribed::Erased => return Err(refused(UpdateUserError::Erased, Some(&caller), id)),
        };
        Ok(Reply::json(status, &SubscriptionView::from(subscription)))
    };
    idempotent.run(&app.store, write).await
}

async fn unsubscribe(app: &App, request: &Request, raw_id: &str, topic: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = WHO.caller_for(&app.bearer, request, raw_id).await?;
    unversioned(request)?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&user);
    let name = TopicName::parse(topic).ok_or_else(|| {
        Problem::invalid("topic must be a name of 1 to 128 characters, none of / ? # % and no control characters")
    })?;
    let write = async {
        let user = read(app, &caller, &user).await?;
        // A user can be subscribed to a topic of the deployment and to one of the organisation's that has the same name. Whoever
        // unsubscribes wants neither.
        let mut has_ended = false;
        for org in [None].into_iter().chain(user.org.clone().map(Some)) {
            if let Some(topic) = TopicId::of(name.clone(), org) {
                has_ended |= app.store.unsubscribe(&topic, &user).await?;
            }
        }
        if has_ended {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        Err(Problem::not_found("The user is not subscribed to this topic"))
    };
    idempotent.run(&app.store, write).await
}

async fn read(app: &App, caller: &Caller, user: &AllowedUser) -> Result<User, Problem> {
    app.store.allowed_user(user).await.map_err(|error| refused(error, Some(caller), user.id()))
}

/// The organisation of the topics that this caller makes and subscribes the user to: the user's own, but for a caller who is about the
/// whole deployment.
fn organization(caller: &Caller, user: &User) -> Option<String> {
    if !caller.is_self(user.id) && caller.reach(WHO.roles) == Some(Reach::Everyone) {
        return None;
    }
    user.org.clone()
}

/// Whether the caller may create topics. One who is only about oneself may not: nobody removes a topic again, so anybody could fill the
/// table.
fn may_create(caller: &Caller) -> bool {
    caller.reach(WHO.roles).is_some()
}

/// The paths in the OpenAPI document.
pub fn document(doc: &mut Document) {
    const ALL: &str = "/api/v1/users/{id}/subscriptions";
    const ID: &str = "123e4567-e89b-12d3-a456-426614174000";
    const BY: &str = SELF_ADMIN_OR_SERVICE;
    doc.get(ALL, "listUserSubscriptions", "The topics that a user is subscribed to, by name")
        .bearer(BY)
        .path::<UserId>("id", "The user's id", ID)
        .query::<SubscriptionsQuery>()
        .answers::<ListView>(200, "A page", json!({"items": [example()], "page": last_page()}))
        .refuses::<Refusals>(READS);
    doc.post(ALL, "subscribeUser", "Subscribe a user to a topic")
        .says(
            "The topic is created if there is none and the caller is an admin or a service; to others such a topic is not found. It \
             belongs to the user's organization; if the caller is about the whole deployment, to the deployment.",
        )
        .bearer(BY)
        .path::<UserId>("id", "The user's id", ID)
        .once()
        .body::<NewSubscription>(json!({"topic": "news"}))
        .answers::<SubscriptionView>(201, "The subscription", example())
        .answers::<SubscriptionView>(200, "The user was subscribed already, since that time", example())
        .refuses::<Refusals>(&[400, 401, 403, 404, 409, 413, 415, 500, 503]);
    doc.delete(&format!("{ALL}/{{topic}}"), "unsubscribeUser", "End a user's subscription to a topic")
        .bearer(BY)
        .path::<UserId>("id", "The user's id", ID)
        .path::<TopicNameSchema>("topic", "The topic's name", "news")
        .once()
        .answers_empty(204, "The user is no longer subscribed")
        .refuses::<Refusals>(DELETES);
}

fn example() -> Value {
    json!({
        "id": "6f1f4f4c-6f0e-5b0a-9f0c-0b6d7f3a2c11", "topic": "news", "user_id": "123e4567-e89b-12d3-a456-426614174000",
        "created_at": "2024-03-01T10:00:00.000Z",
    })
}

#[cfg(test)]
mod tests {
    use shared::http::auth::Role;

    use super::*;

    #[test]
    fn a_topic_belongs_to_the_user_s_organisation_unless_the_caller_is_about_the_whole_deployment() {
        let id = UserId::from_bytes([7; 16]);
        let user = User { org: Some("acme".into()), ..User::new(id, Timestamp::EPOCH) };
        let of = |role, org: Option<&str>, user_id| {
            let caller =
                Caller { roles: [role].into(), org: org.map(str::to_owned), user: Some(user_id), ..Caller::default() };
            organization(&caller, &user)
        };
        let (own, other) = (id, UserId::from_bytes([8; 16]));
        let acme = Some("acme".to_owned());
        assert_eq!(of(Role::User, Some("acme"), own), acme);
        assert_eq!(of(Role::Admin, None, own), acme);
        assert_eq!(of(Role::Admin, Some("acme"), other), acme);
        assert_eq!(of(Role::Service, Some("acme"), other), acme);
        assert_eq!(of(Role::Admin, None, other), None);
        assert_eq!(of(Role::Service, None, other), None);
        assert_eq!(of(Role::Operator, Some("elsewhere"), other), None);
    }

    #[test]
    fn a_user_creates_no_topic_and_an_admin_a_service_and_an_operator_do() {
        let of = |role| may_create(&Caller { roles: [role].into(), ..Caller::default() });
        assert_eq!([Role::User, Role::Admin, Role::Service, Role::Operator].map(of), [false, true, true, true]);
    }
}

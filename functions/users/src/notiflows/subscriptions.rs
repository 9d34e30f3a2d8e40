//! Contract 3's `/admin/v1/users/{external_id}/subscriptions`: the topics of the deployment that a user is subscribed to.

use futures::{StreamExt, TryStreamExt};
use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::{
        Problem, Resource, is_repeated,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, read_query},
        reply,
    },
    domain::{
        Scope, Subscription, Timestamp, TopicId, TopicName, User, UserId, topic::SubscriptionId, user::UserRecord,
        user_change::AllowedUser,
    },
    http::{
        IdempotentRequest, Reply,
        openapi::TopicName as TopicNameSchema,
        query::Cursor,
        request::{
            Reason, RequestBody,
            kinds::TOPIC_NAME,
            member::{optional, or, required},
        },
    },
    request_body, request_query,
    store::{Found, Subscribed, Walk, is_subscription_place},
};

use super::{
    caller::{caller, no_user},
    topics,
};
use crate::App;

/// A subscription.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsSubscription")]
pub struct SubscriptionView {
    id: SubscriptionId,
    #[schemars(with = "TopicNameSchema")]
    topic_name: TopicName,
    /// The user's internal id.
    user_id: UserId,
    created_at: Timestamp,
}

impl From<Subscription> for SubscriptionView {
    fn from(subscription: Subscription) -> Self {
        let id = subscription.id();
        let Subscription { topic: TopicId { name: topic_name, org: _ }, user: user_id, created_at } = subscription;
        Self { id, topic_name, user_id, created_at }
    }
}

/// Answers a request for `/admin/v1/users/{external_id}/subscriptions`.
pub async fn all(app: &App, request: &Request, external: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request, external).await,
        Method::POST => subscribe(app, request, external).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, POST")),
    };
    reply(answer, request)
}

/// Answers a request for `/admin/v1/users/{external_id}/subscriptions/{name}`.
pub async fn one(app: &App, request: &Request, external: &str, name: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, external, name).await,
        Method::DELETE => unsubscribe(app, request, external, name).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, DELETE")),
    };
    reply(answer, request)
}

request_query! {
    /// Which subscriptions are listed.
    pub struct SubscriptionsQuery {
        /// How many subscriptions a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_subscription_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_subscription_place)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

request_body! {
    /// A topic to subscribe to.
    pub struct NewSubscription as "NotiflowsUserSubscriptionRequest" {
        /// The topic's name. The topic is created if there is none.
        topic_name: TopicName = required(TOPIC_NAME),
    }
}

async fn list(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (_, id) = caller(app, request, Scope::TopicsRead, external).await?;
    let SubscriptionsQuery { limit, after, before } = read_query(request)?;
    let asked = PageRequest::new(limit, after, before);
    let user = present(app, id, external).await?;
    // Those to topics of an organisation are left out, however many there are.
    let walk =
        |asked: &PageRequest| found_of_deployment(app.store.subscriptions_of(&user, asked.start.as_ref(), limit));
    let found = asked.read(request, walk, |_, subscription| SubscriptionView::from(subscription)).await?;
    let behind = app.store.has_subscription_behind(&user, asked.start.as_ref(), is_of_deployment).await?;
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

async fn subscribe(app: &App, request: &Request, external: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::TopicsWrite, external).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id));
    let NewSubscription { topic_name } = NewSubscription::decode(request.body())?;
    let write = async {
        let user = present(app, id, external).await?;
        let topic = TopicId::of_deployment(topic_name);
        let (status, subscription) = match app.store.subscribe(&topic, &user, true, app.clock.now()).await? {
            Subscribed::New(subscription) => (StatusCode::CREATED, subscription),
            Subscribed::Already(subscription) => (StatusCode::OK, subscription),
            Subscribed::NoTopic => return Err(topics::no_topic(&topic)),
            Subscribed::Erased => return Err(no_user(external)),
        };
        Ok(Reply::json(status, &SubscriptionView::from(subscription)))
    };
    idempotent.run(&app.store, write).await
}

async fn read(app: &App, request: &Request, external: &str, name: &str) -> Result<Reply, Problem> {
    let (_, id) = caller(app, request, Scope::TopicsRead, external).await?;
    let topic = topics::named(name)?;
    let user = present(app, id, external).await?;
    match app.store.subscription(&topic, &user).await? {
        Some(subscription) => Ok(Reply::json(StatusCode::OK, &SubscriptionView::from(subscription))),
        None => Err(not_subscribed(name)),
    }
}

async fn unsubscribe(app: &App, request: &Request, external: &str, name: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::TopicsWrite, external).await?;
    topics::unversioned(request)?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id));
    let topic = topics::named(name)?;
    let write = async {
        let user = present(app, id, external).await?;
        if app.store.unsubscribe(&topic, &user).await? || is_repeated(request.headers()) {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        Err(not_subscribed(name))
    };
    idempotent.run(&app.store, write).await
}

async fn present(app: &App, id: UserId, external: &str) -> Result<User, Problem> {
    match app.store.user(id).await? {
        Some(UserRecord::Present(user)) => Ok(*user),
        Some(UserRecord::Erased) | None => Err(no_user(external)),
    }
}

fn not_subscribed(name: &str) -> Problem {
    Problem::not_found(Resource::Subscription, name)
}

fn is_of_deployment(subscription: &Subscription) -> bool {
    subscription.topic.org.is_none()
}

/// The subscriptions to topics of the deployment. Of others only the places are left.
fn found_of_deployment(found: Walk<'_, Subscription>) -> Walk<'_, Subscription> {
    let of_deployment = |found: Found<Subscription>| Found {
        item: found.item.filter(is_of_deployment),
        place: found.place,
        // What follows may not be wanted.
        is_followed: false,
    };
    found.map_ok(of_deployment).boxed()
}

#[cfg(test)]
mod tests {
    use futures::{executor::block_on, stream};

    use super::*;

    #[test]
    fn of_topics_of_organisations_only_the_places_are_left() {
        let of = |org: Option<&str>| {
            let topic = TopicId { name: TopicName::parse("news").unwrap(), org: org.map(str::to_owned) };
            let item = Subscription { topic, user: UserId::from_bytes([7; 16]), created_at: Timestamp::EPOCH };
            Ok(Found { place: item.topic.to_string(), item: Some(item), is_followed: true })
        };
        let found = found_of_deployment(stream::iter([of(Some("acme")), of(None)]).boxed());
        let found: Vec<_> = block_on(found.try_collect()).unwrap();
        let shown: Vec<_> =
            found.iter().map(|found| (found.place.as_str(), found.item.is_some(), found.is_followed)).collect();
        assert_eq!(shown, [("news#acme", false, false), ("news", true, false)]);
    }
}

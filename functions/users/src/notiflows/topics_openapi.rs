//! The topics and subscriptions of contract 3 in the OpenAPI document.

use serde_json::{Value, json};
use shared::{
    dialects::notiflows::{
        openapi::{DELETES, LISTS, READS, Refusals},
        page::{PageOf, last_page},
    },
    http::openapi::{Document, ExternalId, TopicName},
};

use super::{
    subscribers::{Results, SubscribersQuery, Users},
    subscriptions::{NewSubscription, SubscriptionView, SubscriptionsQuery},
    topics::{TopicView, TopicsQuery},
};

const USER: &str = "user_12345";
const NAME: &str = "news";
/// The refusals of an operation that subscribes: nothing that it writes has a version.
const SUBSCRIBES: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503];
/// The same where a topic is created and nothing else has to be there.
const CREATES: &[u16] = &[400, 401, 403, 413, 415, 422, 429, 500, 503];
/// The refusals of a removal that has a body.
const REMOVES: &[u16] = &[400, 401, 403, 404, 412, 413, 415, 422, 429, 500, 503];

/// The operations.
pub fn document(doc: &mut Document) {
    doc.compatibility_tag("Notiflows: topics", "Topics of the deployment, and the users who are subscribed to them.");
    topics(doc);
    subscribers(doc);
    subscriptions(doc);
}

fn topics(doc: &mut Document) {
    const ONE: &str = "/admin/v1/topics/{name}";
    let topic = || json!({"name": NAME, "created_at": "2024-03-01T10:00:00.000Z"});
    doc.get("/admin/v1/topics", "listTopics", "All topics, newest first")
        .key_pair("topics:read")
        .query::<TopicsQuery>()
        .answers::<PageOf<TopicView>>(200, "A page", json!({"items": [topic()], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.get(ONE, "readTopic", "Read a topic")
        .key_pair("topics:read")
        .path::<TopicName>("name", "The topic's name", NAME)
        .answers::<TopicView>(200, "The topic", topic())
        .refuses::<Refusals>(READS);
    doc.delete(ONE, "deleteTopic", "Delete a topic; nobody is subscribed to it any more")
        .key_pair("topics:write")
        .path::<TopicName>("name", "The topic's name", NAME)
        .once()
        .answers_empty(204, "It is deleted")
        .refuses::<Refusals>(DELETES);
}

fn subscribers(doc: &mut Document) {
    const ALL: &str = "/admin/v1/topics/{name}/subscriptions";
    let users = || json!({"user_external_ids": [USER, "user_67890"]});
    let whole = || json!({"successful": [subscription()], "failed": []});
    let partly = |reason: &str| json!({"successful": [subscription()], "failed": [{"external_id": "user_67890", "reason": reason}]});
    doc.get(ALL, "listTopicSubscriptions", "Who is subscribed to a topic, newest first")
        .key_pair("topics:read")
        .path::<TopicName>("name", "The topic's name", NAME)
        .query::<SubscribersQuery>()
        .answers::<PageOf<SubscriptionView>>(200, "A page", json!({"items": [subscription()], "page": last_page()}))
        .refuses::<Refusals>(READS);
    doc.post(ALL, "addTopicSubscriptions", "Subscribe users to a topic, which is created if there is none")
        .key_pair("topics:write")
        .path::<TopicName>("name", "The topic's name", NAME)
        .body::<Users>(users())
        .answers::<Results>(200, "All are subscribed", whole())
        .answers::<Results>(207, "Some are not: there is no such user", partly("user_not_found"))
        .refuses::<Refusals>(CREATES);
    doc.delete(ALL, "removeTopicSubscriptions", "End users' subscriptions to a topic")
        .key_pair("topics:write")
        .path::<TopicName>("name", "The topic's name", NAME)
        .body::<Users>(users())
        .answers::<Results>(200, "None of them is subscribed", whole())
        .answers::<Results>(207, "Some were not subscribed", partly("not_subscribed"))
        .refuses::<Refusals>(REMOVES);
}

fn subscriptions(doc: &mut Document) {
    const ALL: &str = "/admin/v1/users/{external_id}/subscriptions";
    const ONE: &str = "/admin/v1/users/{external_id}/subscriptions/{name}";
    doc.get(ALL, "listNotiflowsSubscriptions", "The topics that a user is subscribed to, by name")
        .says(
            "Topics of organizations are left out. If none of the deployment's is found for too long, the answer is 400 \
             `nothing_found`, with the cursor to continue from.",
        )
        .key_pair("topics:read")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .query::<SubscriptionsQuery>()
        .answers::<PageOf<SubscriptionView>>(200, "A page", json!({"items": [subscription()], "page": last_page()}))
        .refuses::<Refusals>(READS);
    doc.post(ALL, "createNotiflowsSubscription", "Subscribe a user to a topic, which is created if there is none")
        .key_pair("topics:write")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .once()
        .body::<NewSubscription>(json!({"topic_name": NAME}))
        .answers::<SubscriptionView>(201, "The subscription", subscription())
        .answers::<SubscriptionView>(200, "The user was subscribed already, since that time", subscription())
        .refuses::<Refusals>(SUBSCRIBES);
    doc.get(ONE, "readNotiflowsSubscription", "Read a user's subscription to a topic")
        .key_pair("topics:read")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .path::<TopicName>("name", "The topic's name", NAME)
        .answers::<SubscriptionView>(200, "The subscription", subscription())
        .refuses::<Refusals>(READS);
    doc.delete(ONE, "deleteNotiflowsSubscription", "End a user's subscription to a topic")
        .key_pair("topics:write")
        .path::<ExternalId>("external_id", "The user's external id", USER)
        .path::<TopicName>("name", "The topic's name", NAME)
        .once()
        .answers_empty(204, "The user is no longer subscribed")
        .refuses::<Refusals>(DELETES);
}

fn subscription() -> Value {
    json!({
        "id": "6f1f4f4c-6f0e-5b0a-9f0c-0b6d7f3a2c11", "topic_name": NAME,
        "user_id": "a169451c-8525-4352-b8ca-070dd449a1a5", "created_at": "2024-03-01T10:00:00.000Z",
    })
}

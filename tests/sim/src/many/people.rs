//! Who is subscribed to the topic of a story of runs: in every fourth story so many that a part of it has two pages, and a page more
//! notifications than one call inserts.

use serde_json::{Value, json};
use shared::{
    domain::{TopicId, TopicName},
    store::Store,
};

use super::TOPIC;
use crate::{
    dynamo,
    people::{self, USERS},
    world::World,
};

/// The users of a crowded story: all stand in one part of the topic.
const CROWD: usize = 44;
/// The subscriptions of users who are not there, in the same part.
const NOBODIES: usize = 170;

/// Who is there.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// The users.
    pub users: usize,
    /// The topic's first life has so many entries of users who are not there.
    pub nobodies: usize,
}

impl Crowd {
    /// Those of a crowded story, or of another one.
    pub fn of(is_crowded: bool) -> Self {
        if is_crowded { Self { users: CROWD, nobodies: NOBODIES } } else { Self { users: USERS, nobodies: 0 } }
    }
}

/// The topic.
pub fn topic() -> TopicId {
    TopicId::of_deployment(TopicName::parse(TOPIC).expect("a name"))
}

/// Subscribes everybody but the last of those who are always there. Users of a crowd are copies of the first one.
pub async fn subscribe(world: &World, store: &Store, crowd: Crowd) {
    let first: Vec<_> = (0..USERS - 1).map(people::id).collect();
    store.subscribe_all(&topic(), &first, world.wall()).await.expect("subscribed");
    let items = dynamo::items(&world.database, None);
    let own = format!("USER#{}", people::id(0));
    let mine = |item: &&Value| item["pk"]["S"] == own.as_str();
    let (subscriptions, others): (Vec<_>, Vec<_>) =
        items.iter().filter(mine).partition(|item| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("SUB")));
    let put = |item: String| {
        let item: Value = serde_json::from_str(&item).expect("an item");
        let (status, answer) =
            dynamo::answer(&world.database, "PutItem", &json!({"TableName": dynamo::TABLE, "Item": item}).to_string());
        assert_eq!(status, 200, "{answer}");
    };
    let copy = |item: &Value, user: usize| {
        let text = item.to_string().replace(&people::id(0).to_string(), &people::id(user).to_string());
        text.replace("user0@", &format!("user{user}@")).replace("device-0-", &format!("device-{user}-"))
    };
    for user in USERS..crowd.users {
        others.iter().chain(&subscriptions).for_each(|item| put(copy(item, user)));
    }
    // Their ids come between the users'.
    for nobody in 0..crowd.nobodies {
        let mut id = [u8::try_from(nobody).unwrap_or_default(); 16];
        id[0] = u8::try_from(nobody % CROWD).unwrap_or_default() + 1;
        id[1] = 0xff;
        let id = shared::domain::UserId::from_bytes(id);
        for item in &subscriptions {
            put(item.to_string().replace(&people::id(0).to_string(), &id.to_string()));
        }
    }
}

/// The generation of the topic as it is now, if it is there.
pub fn generation(world: &World) -> Option<String> {
    let request =
        json!({"TableName": dynamo::TABLE, "Key": {"pk": {"S": format!("TOPIC#0#{TOPIC}")}, "sk": {"S": "TOPIC"}}});
    let (_, answer) = dynamo::answer(&world.database, "GetItem", &request.to_string());
    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
    answer["Item"]["generation"]["S"].as_str().map(str::to_owned)
}

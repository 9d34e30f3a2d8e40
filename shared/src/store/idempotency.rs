//! Idempotent requests. One conditional put reserves the idempotency key before the work, and the answer is kept after
//! the work.
//!
//! An item whose `until` has passed does not count. It holds the lease of a worker that died, or an answer that is too
//! old.
//!
//! The items about a user are in the index, so that the user's erasure finds them. Erasure leaves only the key: a request
//! that is sent again under it is refused, and does not make the user anew.

use aws_sdk_dynamodb::types::AttributeValue;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Action, Condition, Item, Key, Refused, Store, StoreError, number, records, string, table};
use crate::domain::{Timestamp, UserId, user::UserRecord};

const LEASE: &str = "lease";
const UNTIL: &str = "until";
const ANSWER: &str = "answer";

/// How long an answer is kept.
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedAnswer {
    /// The status code.
    pub status: u16,
    /// Names and values of the headers.
    pub headers: Vec<(String, String)>,
    /// The body. It is empty if there is none.
    pub body: String,
}

/// The request to reserve an idempotency key.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// A hash of the caller, the route and the key.
    pub key: String,
    /// A hash of the request's content.
    pub request_hash: String,
    /// The user whose data the answer will hold. The erasure of that user removes the answer.
    pub owner: Option<UserId>,
    /// The end of the reservation. The request has ended or was stopped before it.
    pub until: Timestamp,
    lease: Uuid,
}

/// The answer to a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// The key is ours. The caller must do the work.
    Started,
    /// The work was done before.
    Done {
        /// Its answer.
        answer: SavedAnswer,
        /// The user whose data the answer holds.
        owner: Option<UserId>,
    },
    /// The key belongs to a request with other content, or to a user who was erased.
    Conflict,
    /// The same request is still running.
    Running,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReservationItem {
    pk: String,
    sk: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    request_hash: String,
    lease: String,
    until: i64,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<SavedAnswer>,
}

impl Reservation {
    /// Asks for `key` until `until`. `lease` is an id that no other request has.
    pub fn new(key: String, request_hash: String, owner: Option<UserId>, until: Timestamp, lease: Uuid) -> Self {
        Self { key, request_hash, owner, until, lease }
    }

    fn item(&self, now: Timestamp) -> ReservationItem {
        let Self { key, request_hash, owner, until, lease } = self;
        let Key { pk, sk } = Key::idempotency(key);
        ReservationItem {
            pk,
            sk,
            owner: owner.map(table::user_owner),
            at: owner.map(|_| place(now, key)),
            request_hash: request_hash.clone(),
            lease: lease.to_string(),
            until: until.millis(),
            expires_at: expiry(*until),
            answer: None,
        }
    }

    fn own(&self) -> Condition {
        Condition::Equals(LEASE.into(), string(self.lease.to_string()))
    }
}

impl Store {
    /// Reserves a key. One conditional write covers all cases: there is no item, it has expired, its request is at
    /// work, its request is done.
    pub async fn reserve(&self, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError> {
        let free = Condition::Any(vec![
            Condition::Missing(table::PK.into()),
            Condition::Below(UNTIL.into(), number(now.millis())),
        ]);
        match self.put_on(records::write(&reservation.item(now))?, &free).await {
            Ok(()) => Ok(Reserved::Started),
            Err(Refused::Condition(item)) => taken(item, reservation),
            Err(Refused::Error(error)) => Err(error),
        }
    }

    /// Keeps the answer for a day. It is not kept if the key is not ours any more, or its user was erased. `whose` is the
    /// user whose data the answer holds, if only the work has found that out.
    pub async fn keep_answer(
        &self,
        reservation: &Reservation,
        answer: &SavedAnswer,
        whose: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let until = now.plus(KEEP);
        let mut actions = vec![
            Action::Set(ANSWER.into(), AttributeValue::M(records::write(answer)?)),
            Action::Set(UNTIL.into(), number(until.millis())),
            Action::Set(table::EXPIRES_AT.into(), number(expiry(until))),
        ];
        let found_out = whose.filter(|_| reservation.owner.is_none());
        if let Some(user) = found_out {
            actions.push(Action::Set(table::OWNER.into(), string(table::user_owner(user))));
            actions.push(Action::Set(table::AT.into(), string(place(now, &reservation.key))));
        }
        let key = Key::idempotency(&reservation.key);
        match self.update(&key, &actions, &reservation.own()).await {
            Ok(_) | Err(Refused::Condition(_)) => {}
            Err(Refused::Error(error)) => return Err(error),
        }
        // An erasure that ended before this write has not found the answer.
        if let Some(user) = found_out
            && let Some(UserRecord::Erased) = self.user(user).await?
        {
            self.put(records::write(&key_alone(&key, now))?).await?;
        }
        Ok(())
    }

    /// Removes the reservation, if the key is still ours.
    pub async fn release(&self, reservation: &Reservation) -> Result<(), StoreError> {
        self.delete_if(&Key::idempotency(&reservation.key), &reservation.own()).await.map(drop)
    }
}

/// What an erasure leaves of an item about the erased user: the key, which is a hash, for as long as an answer would be
/// kept. No request has the empty hash, so each request under the key is another one.
fn key_alone(key: &Key, now: Timestamp) -> ReservationItem {
    let until = now.plus(KEEP);
    ReservationItem {
        pk: key.pk.clone(),
        sk: key.sk.clone(),
        owner: None,
        at: None,
        request_hash: String::new(),
        lease: String::new(),
        until: until.millis(),
        expires_at: expiry(until),
        answer: None,
    }
}

/// The item that erasure puts in place of the item with this key. `None` if that item is no kept answer.
pub(super) fn after_erasure(key: &Key, now: Timestamp) -> Result<Option<Item>, StoreError> {
    (key.sk == table::IDEMPOTENCY).then(|| records::write(&key_alone(key, now))).transpose()
}

/// The place of an item in the index. It begins with letters, so it is apart from the user's notifications, whose places
/// begin with their time.
fn place(now: Timestamp, key: &str) -> String {
    format!("ANSWER#{now}#{key}")
}

/// The answer to a reservation that `item` refuses.
fn taken(item: Item, reservation: &Reservation) -> Result<Reserved, StoreError> {
    let old: ReservationItem = records::read(item)?;
    Ok(match old.answer {
        // Our own reservation refuses this one: the answer to the first try was lost.
        None if old.lease == reservation.lease.to_string() => Reserved::Started,
        _ if old.request_hash != reservation.request_hash => Reserved::Conflict,
        Some(answer) => Reserved::Done { answer, owner: old.owner.as_deref().and_then(table::user_of_owner) },
        None => Reserved::Running,
    })
}

/// The first whole second at which the item may be removed.
fn expiry(until: Timestamp) -> i64 {
    until.seconds().saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    fn reservation(request: &str) -> Reservation {
        Reservation::new("key".into(), request.into(), None, Timestamp::from_millis(1500), Uuid::new_v4())
    }

    fn told(old: ReservationItem, ours: &Reservation) -> Reserved {
        taken(records::write(&old).unwrap(), ours).unwrap()
    }

    #[test]
    fn a_key_in_the_way_says_whose_it_is() {
        let now = Timestamp::from_millis(1000);
        let first = reservation("a");
        let answer = SavedAnswer { status: 200, headers: vec![("etag".into(), "\"2\"".into())], body: "{}".into() };
        let done = || ReservationItem { answer: Some(answer.clone()), ..first.item(now) };
        assert_eq!(told(first.item(now), &reservation("a")), Reserved::Running);
        assert_eq!(told(first.item(now), &reservation("b")), Reserved::Conflict);
        assert_eq!(told(done(), &reservation("b")), Reserved::Conflict);
        assert_eq!(told(done(), &reservation("a")), Reserved::Done { answer: answer.clone(), owner: None });
        // What an erasure leaves is in the way of every request.
        let left = || key_alone(&Key::idempotency("key"), now);
        assert_eq!(
            [told(left(), &reservation("a")), told(left(), &reservation("b"))],
            [Reserved::Conflict, Reserved::Conflict]
        );
        let text = serde_json::to_string(&left()).unwrap();
        assert!(
            !text.contains("owner") && !text.contains("answer") && left().until == now.plus(KEEP).millis(),
            "{text}"
        );
        // The second try of a call whose answer was lost.
        assert_eq!(told(first.item(now), &first), Reserved::Started);
    }

    #[test]
    fn only_an_answer_about_somebody_is_in_the_index() {
        let now = Timestamp::from_millis(0);
        let item = records::write(&reservation("a").item(now)).unwrap();
        assert!(!item.contains_key(table::OWNER) && !item.contains_key("at"));
        let about = Reservation { owner: Some(UserId::random()), ..reservation("a") };
        let item = records::write(&about.item(now)).unwrap();
        assert!(item[table::OWNER].as_s().unwrap().starts_with("USER#"));
        assert_eq!(item["at"].as_s().unwrap(), "ANSWER#1970-01-01T00:00:00.000Z#key");
        assert_eq!(item[table::EXPIRES_AT].as_n().unwrap(), "2");
    }

    #[test]
    fn a_reservation_as_it_was_once_written_is_in_the_way() {
        let hash = "ab4b9df8170dd38e8cd0c4f4a971eccb8f102dc01825152318501905e06b3267";
        let [running, done] = ["idempotency_running", "idempotency_done"].map(stored::item);
        assert_eq!(taken(running.clone(), &reservation(hash)).unwrap(), Reserved::Running);
        assert_eq!(taken(running, &reservation("another")).unwrap(), Reserved::Conflict);
        assert_eq!(taken(done.clone(), &reservation("another")).unwrap(), Reserved::Conflict);
        let body = concat!(
            r#"{"id":"1380bd43-7363-4adb-9d34-714ba754c8e0","name":"B","email":"minimal@example.com","push_token":null,"#,
            r#""preferences":{},"created_at":"2026-11-28T18:50:36.450Z","updated_at":"2026-11-28T18:50:43.167Z"}"#
        );
        let headers = [("content-type", "application/json"), ("etag", "\"2\"")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let answer = SavedAnswer { status: 200, headers, body: body.into() };
        assert_eq!(
            taken(done, &reservation(hash)).unwrap(),
            Reserved::Done { answer, owner: Some(UserId::parse("1380bd43-7363-4adb-9d34-714ba754c8e0").unwrap()) }
        );
        for name in ["idempotency_running", "idempotency_done"] {
            stored::is_written(name, &records::read::<ReservationItem>(stored::item(name)).unwrap());
            stored::is_read_but_for(name, records::read::<ReservationItem>, &[]);
        }
    }
}

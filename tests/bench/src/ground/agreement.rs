//! Compares the answers of all subjects before anything is timed, because a peer that does less work must not be
//! compared.

use bytes::Bytes;
use serde_json::{Value, json};
use shared::domain::{Channel, Notification, UserId};
use shared::{clock::Clock, domain::UserChange};
use uuid::Uuid;

use super::recipients::{create, notification};
use super::{Function, Ground, Recipients, Subject};
use crate::section::Fault;

/// Replaces values that differ from run to run: times, random tokens, and ids from the provider.
const ANY: &str = "(any)";
/// The headers that are compared.
const HEADERS: [&str; 3] = ["content-type", "etag", "www-authenticate"];

impl Ground {
    /// Lets all subjects do the same work from the same state. Returns how many answers and items of each peer were
    /// compared. A difference is an error that describes it.
    pub async fn agree(&self, subjects: &[Subject]) -> Result<usize, Fault> {
        let changes = Changes::new(self).await?;
        let deliveries = Deliveries::new(self).await?;
        let mut expected: Option<Vec<(String, Value)>> = None;
        for subject in subjects {
            let mut seen = changes.by(self, *subject).await?;
            seen.extend(deliveries.by(self, *subject).await?);
            match &expected {
                None => expected = Some(seen),
                Some(expected) => compare(subject.name(), expected, &seen)?,
            }
        }
        Ok(expected.map_or(0, |expected| expected.len()))
    }

    async fn item(&self, key: &Value) -> Result<Value, Fault> {
        let get = json!({"TableName": self.world.table_name(), "Key": key, "ConsistentRead": true});
        Ok(self.world.table("GetItem", &get).await?["Item"].take())
    }
}

fn compare(name: &str, expected: &[(String, Value)], seen: &[(String, Value)]) -> Result<(), Fault> {
    for ((what, expected), (_, seen)) in expected.iter().zip(seen) {
        if expected != seen {
            return Err(format!("{name} differs from Tidings in {what}:\n  Tidings {expected}\n  {name} {seen}").into());
        }
    }
    if expected.len() == seen.len() { Ok(()) } else { Err(format!("{name} did not do everything").into()) }
}

/// Valid and invalid preference changes, all from the same state of one user.
struct Changes {
    user: UserId,
    before: Value,
    cases: Vec<(&'static str, Bytes)>,
}

impl Changes {
    async fn new(ground: &Ground) -> Result<Self, Fault> {
        let user = create(&ground.store()?).await?;
        let before = ground.item(&user_key(user)).await?;
        let id = user.to_string();
        let nobody = UserId::from(Uuid::new_v4()).to_string();
        let file = "preferences/put-channel-preferences.json";
        let path = format!("/api/v1/users/{id}/preferences");
        let good = json!({"preferences": {"email": false, "slack": true}});
        let wrong = json!({"preferences": {"email": "no", "fax": true}, "what": 1});
        let other = format!("Bearer {}", ground.world.token(&nobody, "user"));
        let admin = format!("Bearer {}", ground.world.token("an admin", "admin"));
        let service = format!("Bearer {}", ground.world.token("a service", "service"));
        let forged = format!("{other}x");
        let with = |bearer: &str, path: &str| super::request(file, path, &[("authorization", bearer)], Some(&good));
        let cases = vec![
            ("a change by the user", ground.change(&id, &good)?),
            ("the same by an admin", with(&admin, &path)?),
            ("the same by a service", with(&service, &path)?),
            ("the same by somebody else", with(&other, &path)?),
            ("the same with a bad token", with(&forged, &path)?),
            ("the same without a token", super::request(file, &path, &[], Some(&good))?),
            ("a change of nobody", ground.change(&nobody, &good)?),
            ("an id that is none", with(&admin, "/api/v1/users/x/preferences")?),
            ("fields that are wrong", ground.change(&id, &wrong)?),
            ("no object of preferences", ground.change(&id, &json!({"preferences": []}))?),
            ("a body that is no object", ground.change(&id, &json!([]))?),
        ];
        Ok(Self { user, before, cases })
    }

    async fn by(&self, ground: &Ground, subject: Subject) -> Result<Vec<(String, Value)>, Fault> {
        let put = json!({"TableName": ground.world.table_name(), "Item": self.before});
        ground.world.table("PutItem", &put).await?;
        let launch = ground.launch(subject, Function::Preferences)?;
        let mut sandbox = ground.start_process(&launch, "agreement-preferences").await?;
        let mut seen = Vec::new();
        for (what, event) in &self.cases {
            let answer: Value = serde_json::from_slice(&sandbox.invoke(event).await?.body)?;
            seen.push(((*what).to_owned(), answered(&answer)));
        }
        sandbox.kill().await?;
        let mut item = ground.item(&user_key(self.user)).await?;
        blank(&mut item, &["updated_at", "mark"]);
        seen.push(("the user afterwards".to_owned(), item));
        Ok(seen)
    }
}

/// A batch of deliveries. Some are sent; each of the others is not sent for another reason.
struct Deliveries {
    notifications: Vec<(&'static str, Notification)>,
    event: Bytes,
}

impl Deliveries {
    async fn new(ground: &Ground) -> Result<Self, Fault> {
        let recipients = Recipients::create(ground, 3).await?;
        let store = ground.store()?;
        let [reached, off, out] = recipients.ids() else { return Err("there are not three recipients".into()) };
        let channels = UserChange { channels: [(Channel::Slack, false)].into(), ..UserChange::default() };
        store.update_user(*off, &channels, None, Clock::system().now()).await?;
        let groups = UserChange { groups: [("orders".to_owned(), false)].into(), ..UserChange::default() };
        store.update_user(*out, &groups, None, Clock::system().now()).await?;
        let homeless = create(&store).await?;
        let now = Clock::system().now();
        let notifications = vec![
            ("a delivery", notification(*reached)),
            ("one on a channel that is off", notification(*off)),
            ("one of a group that is out", notification(*out)),
            ("a critical one of a group that is out", Notification { critical: true, ..notification(*out) }),
            ("one without an address", notification(homeless)),
            ("one for nobody", notification(UserId::from(Uuid::new_v4()))),
            ("one that was cancelled", Notification { cancelled_at: Some(now), ..notification(*reached) }),
            ("one that has expired", Notification { expires_at: Some(now), ..notification(*reached) }),
        ];
        let all: Vec<_> = notifications.iter().map(|(_, one)| one.clone()).collect();
        recipients.accept(&all).await?;
        Ok(Self { event: recipients.event(&all)?, notifications })
    }

    async fn by(&self, ground: &Ground, subject: Subject) -> Result<Vec<(String, Value)>, Fault> {
        for (_, notification) in &self.notifications {
            let delete = json!({"TableName": ground.world.table_name(), "Key": delivery_key(notification)});
            ground.world.table("DeleteItem", &delete).await?;
        }
        let providers = ground.world.stack.providers();
        providers.clear_deliveries();
        let launch = ground.launch(subject, Function::Dispatch)?;
        let mut sandbox = ground.start_process(&launch, "agreement-dispatch").await?;
        let mut seen = Vec::new();
        // The second time, SQS gives out a batch that is already done.
        for what in ["the answer to a batch", "the answer to the same batch once more"] {
            let answer: Value = serde_json::from_slice(&sandbox.invoke(&self.event).await?.body)?;
            seen.push((what.to_owned(), answer));
        }
        sandbox.kill().await?;
        for (what, notification) in &self.notifications {
            let mut item = ground.item(&delivery_key(notification)).await?;
            tidy(&mut item);
            seen.push((format!("the record of {what}"), item));
        }
        let sent = providers.deliveries_where(|delivery| delivery["provider"] == json!("slack"));
        let mut sent: Vec<_> = sent.iter().map(|delivery| delivery["request"]["body"].clone()).collect();
        sent.sort_by_key(Value::to_string);
        seen.push(("what Slack got".to_owned(), json!(sent)));
        Ok(seen)
    }
}

fn user_key(id: UserId) -> Value {
    json!({"pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}})
}

fn delivery_key(notification: &Notification) -> Value {
    json!({"pk": {"S": format!("NOTIFICATION#{}", notification.id)}, "sk": {"S": "DELIVERY#slack"}})
}

/// The parts of an answer that must be equal.
fn answered(answer: &Value) -> Value {
    let headers = HEADERS.map(|name| answer["headers"][name].clone());
    let text = answer["body"].as_str().unwrap_or_default();
    let mut body: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    blank(&mut body, &["updated_at"]);
    json!({"status": answer["statusCode"], "headers": headers, "body": body})
}

/// Removes from a delivery's record what differs between attempts, and parses its trace, so that white space does not
/// count.
fn tidy(item: &mut Value) {
    blank(item, &["at_millis", "provider_message_id"]);
    let addresses = item.pointer_mut("/addresses/M").and_then(Value::as_object_mut);
    for outcome in addresses.into_iter().flat_map(|addresses| addresses.values_mut()) {
        if let Some(outcome) = outcome.get_mut("M") {
            blank(outcome, &["provider_message_id"]);
        }
    }
    let trace = item["trace"]["S"].as_str().and_then(|trace| serde_json::from_str::<Value>(trace).ok());
    if let Some(trace) = trace {
        item["trace"] = trace;
    }
}

/// Replaces the values of these members, if they exist.
fn blank(object: &mut Value, names: &[&str]) {
    for name in names {
        if let Some(value) = object.get_mut(*name) {
            *value = json!(ANY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compared_but_for_its_times() {
        let answer = |updated_at: &str, email: bool| {
            let body = json!({"updated_at": updated_at, "preferences": {"email": email}}).to_string();
            answered(
                &json!({"statusCode": 200, "headers": {"etag": "\"2\"", "x-request-id": updated_at}, "body": body}),
            )
        };
        assert_eq!(answer("1", true), answer("2", true));
        assert_ne!(answer("1", true), answer("1", false));
        assert_eq!(answered(&json!({"statusCode": 500, "body": "no JSON"}))["body"], json!("no JSON"));
    }

    #[test]
    fn a_record_is_compared_but_for_times_and_the_provider_s_ids() {
        let record = |at: &str, state: &str, trace: &str| {
            let outcome = json!({"M": {"state": {"S": state}, "provider_message_id": {"S": at}}});
            let mut item = json!({"at_millis": {"N": at}, "provider_message_id": {"S": at}, "addresses": {"M": {"k": outcome}}, "trace": {"S": trace}});
            tidy(&mut item);
            item
        };
        assert_eq!(record("1", "sent", r#"[{"rule":"due"}]"#), record("2", "sent", r#"[{"rule": "due"}]"#));
        assert_ne!(record("1", "sent", "[]"), record("1", "gone", "[]"));
        assert_ne!(record("1", "sent", "[]"), record("1", "sent", "[1]"));
        let mut nothing = json!(null);
        tidy(&mut nothing);
        assert_eq!(nothing, json!(null), "what is not there is not made up");
    }

    #[test]
    fn a_difference_stops_the_comparison_and_says_where() {
        let seen = |value: i32| vec![("the status".to_owned(), json!(value))];
        assert!(compare("Node.js", &seen(1), &seen(1)).is_ok());
        let error = compare("Node.js", &seen(1), &seen(2)).unwrap_err().to_string();
        assert!(error.contains("Node.js differs from Tidings in the status"), "{error}");
        assert!(compare("Node.js", &seen(1), &[]).is_err());
    }
}

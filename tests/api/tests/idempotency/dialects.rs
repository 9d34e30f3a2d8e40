//! Writes of contracts 2, 3 and 5 under an idempotency key. A key has the same effect in all of them, but each dialect
//! has its own shape of a refusal.

use std::time::Duration;

use api::{Answer, Client, options, own, shared, unique_email};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{faults, is_replay, key};
use crate::{
    contract2::{Acme, Visitor, is_text},
    contract3::{Operator, external_id, is_error, user_path},
};

const FORM: &str = "Idempotency-Key must be one key of 1 to 255 visible characters, bare or in double quotes";
const CONFLICT: &str = "This idempotency key was used for another request";
const RUNNING: &str = "The first request with this idempotency key is still running";
const ALERTS: &str = "com.soa.notification.type.app.alert";

type Headers = Vec<(String, String)>;

/// The dialect that gives a refusal its shape.
#[derive(Clone, Copy)]
enum Dialect {
    Two,
    Three,
    Five,
}

impl Dialect {
    #[track_caller]
    fn malformed(self, answer: &Answer) {
        match self {
            Self::Two => is_text(answer, 400, FORM),
            Self::Three => {
                is_error(answer, 400, "bad_request", json!({"reason": "invalid_param", "param": "Idempotency-Key"}));
            }
            Self::Five => {
                let message = "The idempotency key is not valid";
                answer.is(400, json!({"success": false, "message": message, "error": FORM}));
            }
        }
    }

    #[track_caller]
    fn conflict(self, answer: &Answer, key: &str) {
        match self {
            Self::Two => is_text(answer, 409, CONFLICT),
            Self::Three => is_error(answer, 409, "conflict", json!({"idempotency_key": key})),
            Self::Five => {
                let error = "send a new key with each new request, and the same key only with the same body";
                answer.is(409, json!({"success": false, "message": CONFLICT, "error": error}));
            }
        }
    }

    #[track_caller]
    fn running(self, answer: &Answer) {
        match self {
            Self::Two => is_text(answer, 409, RUNNING),
            Self::Three => is_error(answer, 409, "conflict", json!({"retry_after": 1})),
            Self::Five => {
                let error = "send the same request again after the seconds that Retry-After names";
                answer.is(409, json!({"success": false, "message": RUNNING, "error": error}));
            }
        }
        assert_eq!(answer.header("retry-after"), "1");
    }
}

/// A caller who writes, and the path at which the version of the written record can be read.
struct Writer {
    client: Client,
    dialect: Dialect,
    headers: Headers,
    path: String,
    read: String,
}

impl Writer {
    async fn send(&self, method: Method, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        headers.extend(more);
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        self.client.send(method, path, &headers, body).await
    }

    async fn write(&self, method: &Method, key: &str, body: &Value) -> Answer {
        self.send(method.clone(), &self.path, &[("idempotency-key", key)], body).await
    }

    async fn version(&self) -> u64 {
        self.send(Method::GET, &self.read, &[], &Value::Null).await.version()
    }

    /// Makes one write in all the ways that concern the key: a malformed key, a refusal, the first request, a repeated
    /// one, and another body.
    async fn is_done_once(&self, method: Method, one: Value, other: Value) {
        let (what, key, before) = (format!("{method} {}", self.path), key(), self.version().await);
        self.dialect.malformed(&self.write(&method, "a b", &one).await);
        let stale = [("idempotency-key", key.as_str()), ("if-match", "\"9999\"")];
        let refused = self.send(method.clone(), &self.path, &stale, &other).await;
        assert_eq!((refused.status.as_u16(), self.version().await), (412, before), "{what}: {}", refused.text);

        // The refused request had another body, but a refused request leaves its key free.
        let first = self.write(&method, &key, &one).await;
        assert!(first.status.is_success(), "{what}: {}", first.text);
        let done = self.version().await;
        assert_eq!(done, before + 1, "{what}");
        is_replay(&self.write(&method, &key, &one).await, &first);
        is_replay(&self.write(&method, &format!("\"{key}\""), &one).await, &first);
        self.dialect.conflict(&self.write(&method, &key, &other).await, &key);
        assert_eq!(self.version().await, done, "{what}");
    }
}

fn headers<const N: usize>(all: [(&str, &str); N]) -> Headers {
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Contract 5: a user without stored settings, who is the admin of a new organisation.
fn person(client: Client, path: &str) -> Writer {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(&Uuid::new_v4().to_string());
    claims["roles"] = json!(["admin"]);
    claims["org"] = json!(Uuid::new_v4().to_string());
    let headers = headers([("authorization", &format!("Bearer {}", demo.sign(&claims)))]);
    Writer { client, dialect: Dialect::Five, headers, path: path.to_owned(), read: path.to_owned() }
}

/// Contract 3: the application, at a path of its user.
fn application(operator: &Operator, path: &str) -> Writer {
    let headers = headers([
        ("x-notiflows-api-key", operator.api_key.as_str()),
        ("x-notiflows-secret-key", operator.secret_key.as_str()),
    ]);
    let (client, read) = (operator.client.clone(), user_path(&operator.user));
    Writer { client, dialect: Dialect::Three, headers, path: path.to_owned(), read }
}

/// Contract 2: a logged-in visitor.
fn visitor(client: &Client, visitor: &Visitor, path: String) -> Writer {
    let headers = headers([("cookie", &visitor.cookie()), (&visitor.csrf_header(), &visitor.csrf)]);
    Writer { client: client.clone(), dialect: Dialect::Two, headers, read: path.clone(), path }
}

#[tokio::test]
async fn contract_5_s_writes_are_done_once() {
    for path in ["/settings/user", "/settings/organization"] {
        let person = person(shared(), path);
        person.is_done_once(Method::PUT, json!({"a": 1}), json!({"a": 2})).await;
        person.is_done_once(Method::POST, json!({"settings": {"b": 1}}), json!({"settings": {"b": 2}})).await;
        person.is_done_once(Method::DELETE, json!({"keys": ["b"]}), json!({"keys": ["c"]})).await;
    }
}

#[tokio::test]
async fn contract_3_s_writes_to_a_user_are_done_once() {
    let operator = Operator::new().await;
    let path = user_path(&operator.user);
    let [one, other] = ["One", "Other"].map(|name| json!({"first_name": name}));
    application(&operator, &path).is_done_once(Method::PUT, one, other).await;
    let [one, other] = [false, true].map(|sms| json!({"channel_types": {"sms": sms}}));
    application(&operator, &format!("{path}/preferences")).is_done_once(Method::PUT, one, other).await;
}

#[tokio::test]
async fn contract_3_s_writes_to_channel_settings_are_done_once() {
    let operator = Operator::new().await;
    let own = format!("/user/channels/{}/settings", operator.channels["fcm"].as_str().unwrap());
    let user_key = Demo::new().unwrap();
    let user_key = user_key.sign(&user_key.user_key_claims(&operator.user));
    let by_pair = application(&operator, &operator.path("fcm"));
    let mut by_user = application(&operator, &own);
    // The key pair reads the version, so the user's request has the header of the user's key besides the pair's
    // headers.
    by_user.headers.push(("x-notiflows-user-key".into(), user_key));
    for writer in [by_pair, by_user] {
        let [one, other] = ["a", "b"].map(|token| json!({"settings": {"device_tokens": [token]}}));
        writer.is_done_once(Method::PUT, one, other).await;
        // The service does not use this body, but it makes the request another one.
        writer.is_done_once(Method::DELETE, Value::Null, json!({"x": 1})).await;
    }
}

#[tokio::test]
async fn contract_2_s_writes_are_done_once() {
    let acme = Acme::on(shared()).await;
    let [one, other] = [json!([ALERTS]), json!([])].map(|groups| json!({"OptedNotification": groups}));
    visitor(&acme.client, &acme.user, acme.path()).is_done_once(Method::PUT, one, other).await;
    let [one, other] = [3, 4].map(|count| json!({"ChallengeCount": count}));
    visitor(&acme.client, &acme.admin, acme.business()).is_done_once(Method::PUT, one, other).await;
}

#[tokio::test]
async fn contract_2_replays_in_the_type_that_is_asked_for() {
    let acme = Acme::on(shared()).await;
    let (key, body) = (key(), json!({"ChallengeCount": 5}));
    let admin = visitor(&acme.client, &acme.admin, acme.business());
    for (accepted, replayed) in [("application/json", ""), ("application/vnd.soa.v81+json", "true")] {
        let headers = [("idempotency-key", key.as_str()), ("accept", accepted)];
        let answer = admin.send(Method::PUT, &admin.path, &headers, &body).await;
        assert_eq!((answer.status.as_u16(), answer.version()), (200, 1), "{}", answer.text);
        assert_eq!((answer.header("content-type"), answer.header("x-idempotency-replayed")), (accepted, replayed));
    }
}

#[tokio::test]
async fn contract_3_s_creation_and_erasure_are_done_once_and_nothing_of_the_erased_is_replayed() {
    let mut operator = Operator::new().await;
    operator.user = external_id();
    let application = application(&operator, &user_path(&operator.user));
    let (create, erase, body) = (key(), key(), json!({"email": unique_email()}));
    let first = application.write(&Method::PUT, &create, &body).await;
    assert_eq!((first.status.as_u16(), first.version()), (201, 1), "{}", first.text);
    is_replay(&application.write(&Method::PUT, &create, &body).await, &first);

    let gone = application.write(&Method::DELETE, &erase, &Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    is_replay(&application.write(&Method::DELETE, &erase, &Value::Null).await, &gone);
    // The user was erased. The same request does not make the person again, and does not replay the first answer. Under
    // another key it creates a new user with that external id.
    let refused = application.write(&Method::PUT, &create, &body).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["error"]["code"]),
        (409, &json!("conflict")),
        "{}",
        refused.text
    );
    let again = application.write(&Method::PUT, &key(), &body).await;
    assert_eq!((again.status.as_u16(), again.header("x-idempotency-replayed")), (201, ""), "{}", again.text);
    assert_ne!(again.json()["created_at"], first.json()["created_at"]);
}

#[tokio::test]
async fn a_new_key_pair_is_never_an_earlier_answer() {
    let client = shared();
    let (admin, key) = (client.token("admin").await, key());
    let name = json!({"name": "Not kept"});
    let make =
        async || super::send(&client, Method::POST, "/api/v1/api-keys", &admin, ("idempotency-key", &key), &name).await;
    let (one, other) = (make().await, make().await);
    assert_eq!((one.status.as_u16(), other.status.as_u16()), (201, 201), "{}", other.text);
    assert_ne!(one.json()["secret_key"], other.json()["secret_key"]);
    assert_eq!(other.header("x-idempotency-replayed"), "");
}

#[tokio::test]
async fn while_the_first_is_running_each_dialect_says_so() {
    let (stack, client) = own(options(&[])).await;
    let acme = Acme::on(client.clone()).await;
    let operator = Operator::of(client.clone()).await;
    for (writer, body) in [
        (person(client.clone(), "/settings/user"), json!({"a": 1})),
        (application(&operator, &user_path(&operator.user)), json!({"first_name": "One"})),
        (visitor(&client, &acme.user, acme.path()), json!({"OptedNotification": []})),
    ] {
        let (key, before) = (key(), writer.version().await);
        let held = json!([{"operation": "UpdateItem", "kind": "delay", "delay_ms": 1500, "times": 1}]);
        faults(&client, json!({"dynamodb": held})).await;
        let second = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            writer.write(&Method::PUT, &key, &body).await
        };
        let (first, second) = tokio::join!(writer.write(&Method::PUT, &key, &body), second);
        assert!(first.status.is_success(), "{}", first.text);
        writer.dialect.running(&second);
        is_replay(&writer.write(&Method::PUT, &key, &body).await, &first);
        assert_eq!(writer.version().await, before + 1, "{}", writer.path);
    }
    stack.shutdown().await;
}

//! RFC 8058: the link in an email, and its effect when it is followed.

mod ended;
mod followed;
mod forms;
mod preferences;
mod secret;
mod texts;
mod tokens;
mod undone;

use std::time::Duration;

use api::{Answer, Client, shared};
use local::demo::{DEPLOYMENT_SECRET, Demo};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, LinkEpoch, Timestamp, UserId},
    unsubscribe::{OptOut, OptOutKey},
};

use crate::{contract2::Acme, preference_center::epoch};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

/// A user who gets email.
struct Reader {
    /// What the reader's links are bound to.
    epoch: LinkEpoch,
    client: Client,
    id: String,
    email: String,
    token: String,
}

impl Reader {
    async fn new() -> Self {
        Self::on(shared()).await
    }

    async fn on(client: Client) -> Self {
        let user = client.new_user(json!({})).await;
        let text = |name: &str| user[name].as_str().unwrap().to_owned();
        let demo = Demo::new().unwrap();
        let token = demo.sign(&demo.claims(&text("id")));
        Self { epoch: epoch(&user), token, id: text("id"), email: text("email"), client }
    }

    /// The user of contract 2, without a bearer token.
    async fn of(acme: &Acme) -> Self {
        let client = acme.client.clone();
        let user = client.get(&format!("/api/v1/users/{}", acme.id), &client.token("admin").await).await.json();
        Self { epoch: epoch(&user), client, id: acme.id.clone(), email: acme.email.clone(), token: String::new() }
    }

    async fn notify(&self, more: Value) -> String {
        let mut body = json!({"notification_type": "email", "user_id": self.id, "content": {"body": "x"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.client.notify(&body).await
    }

    /// Sends an email and waits until it is settled. Returns its status and reason.
    async fn told(&self, more: Value) -> (Value, Value) {
        let data = self.client.settled(&self.notify(more).await).await;
        let delivery = &data["deliveries"][0];
        (delivery["status"].clone(), delivery["reason"].clone())
    }

    /// The headers of the last email that SES received for this reader.
    async fn headers(&self) -> Value {
        let last = self.client.deliveries_to(&self.email).await.pop().expect("an email");
        last["request"]["body"]["Content"]["Simple"]["Headers"].clone()
    }

    /// Sends an email. Returns the path of its unsubscribe link.
    async fn link(&self, more: Value) -> String {
        assert_eq!(self.told(more).await, sent());
        let headers = self.headers().await;
        let named = |n: usize, name: &str| {
            assert_eq!(headers[n]["Name"], name, "{headers}");
            headers[n]["Value"].as_str().unwrap().to_owned()
        };
        assert_eq!(named(1, "List-Unsubscribe-Post"), ONE_CLICK);
        assert_eq!(named(2, "Auto-Submitted"), "auto-generated");
        let list = named(0, "List-Unsubscribe");
        let url = list.strip_prefix('<').and_then(|url| url.strip_suffix('>')).expect("one URL");
        url.strip_prefix(self.client.url()).expect("a URL of this stack").to_owned()
    }

    async fn post(&self, path: &str) -> Answer {
        self.client.send(Method::POST, path, &[FORM], Some(ONE_CLICK.into())).await
    }

    async fn look(&self, path: &str) -> Answer {
        self.client.send(Method::GET, path, &[], None).await
    }

    /// All stored data of the reader except notifications.
    async fn stored(&self) -> Value {
        let export = self.client.get(&format!("/api/v1/users/{}/export", self.id), &self.token).await;
        assert_eq!(export.status, 200, "{}", export.text);
        let user = self.client.get(&format!("/api/v1/users/{}", self.id), &self.token).await;
        json!([export.json()["user"], user.version()])
    }

    /// A link that was signed this long ago, with the product's key.
    fn signed(&self, group: Option<&str>, ago: Duration) -> String {
        self.signed_by(DEPLOYMENT_SECRET, group, ago)
    }

    /// A link that is signed with this deployment secret.
    fn signed_by(&self, secret: &str, group: Option<&str>, ago: Duration) -> String {
        let user = UserId::parse(&self.id).unwrap();
        let opt_out = OptOut { user, channel: Channel::Email, group: group.map(str::to_owned) };
        let then = Timestamp::from_millis(Clock::system().now().millis() - i64::try_from(ago.as_millis()).unwrap());
        format!("/unsubscribe?token={}", OptOutKey::derive(secret).unwrap().sign(&opt_out, self.epoch, then))
    }

    /// The reader's preferences as contract 3 shows them.
    async fn preferences(&self) -> Value {
        let demo = self.client.demo().await;
        let key = |name: &str| demo["notiflows"][name].as_str().unwrap().to_owned();
        let (api_key, secret_key) = (key("api_key"), key("secret_key"));
        let keys = [("x-notiflows-api-key", api_key.as_str()), ("x-notiflows-secret-key", secret_key.as_str())];
        let path = format!("/admin/v1/users/{}/preferences", self.id);
        self.client.send(Method::GET, &path, &keys, None).await.json()
    }
}

fn sent() -> (Value, Value) {
    (json!("sent"), Value::Null)
}

fn skipped(reason: &str) -> (Value, Value) {
    (json!("skipped"), json!(reason))
}

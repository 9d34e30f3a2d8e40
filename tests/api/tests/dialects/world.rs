//! An organisation whose users are reached through all five dialects.

use api::{Answer, Client, shared};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contract2::{Visitor, bearer, new_user};

/// The caller, and the credential that the caller uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// An admin's bearer token.
    Admin,
    /// The user's own bearer token.
    Own,
    /// The session of the organisation's site admin.
    Site,
    /// An application's key pair.
    Pair,
    /// An application's public key and the user's own key.
    Twin,
}

pub struct World {
    pub client: Client,
    org: String,
    admin: String,
    site: Visitor,
    demo: Value,
}

/// A user of that organisation.
pub struct Somebody<'a> {
    pub world: &'a World,
    pub id: String,
    pub email: String,
}

impl World {
    pub async fn new() -> Self {
        let client = shared();
        let org = format!("org-{}", Uuid::new_v4().simple());
        let site = Visitor::log_in(&client, "the-admin", "admin", &org).await;
        let (admin, demo) = (bearer("the-admin", "admin", &org), client.demo().await);
        Self { client, org, admin, site, demo }
    }

    pub async fn somebody(&self) -> Somebody<'_> {
        let (id, email) = new_user(&self.client, &self.org).await;
        Somebody { world: self, id, email }
    }
}

impl Somebody<'_> {
    /// Replaces the placeholders in `text` by this user's values.
    pub fn fill(&self, text: &str) -> String {
        let channel = |name: &str| self.world.demo["channels"][name].as_str().unwrap();
        let text = text.replace("{id}", &self.id).replace("{org}", &self.world.org);
        text.replace("{fcm}", channel("fcm")).replace("{apns}", channel("apns")).replace("{slack}", channel("slack"))
    }

    pub async fn ask(&self, by: By, method: &str, path: &str, body: &str) -> Answer {
        let (world, demo) = (self.world, Demo::new().unwrap());
        let key = |name: &str| world.demo["notiflows"][name].as_str().unwrap().to_owned();
        let api_key = ("x-notiflows-api-key".to_owned(), key("api_key"));
        let token = |token: &str| vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let mut headers = match by {
            By::Admin => token(&world.admin),
            By::Own => token(&bearer(&self.id, "user", &world.org)),
            By::Site => {
                vec![("cookie".to_owned(), world.site.cookie()), (world.site.csrf_header(), world.site.csrf.clone())]
            }
            By::Pair => vec![api_key, ("x-notiflows-secret-key".to_owned(), key("secret_key"))],
            By::Twin => {
                vec![api_key, ("x-notiflows-user-key".to_owned(), demo.sign(&demo.user_key_claims(&self.id)))]
            }
        };
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = (!body.is_empty()).then(|| self.fill(body).into_bytes());
        let answer = world.client.send(method.parse::<Method>().unwrap(), &self.fill(path), &headers, body).await;
        assert_eq!(answer.status.as_u16(), 200, "{method} {path}: {}", answer.text);
        answer
    }

    pub async fn read(&self, by: By, path: &str) -> Value {
        self.ask(by, "GET", path, "").await.json()
    }

    /// Sends an email, of that group if one is given. Returns its delivery once that is settled.
    pub async fn told(&self, group: Option<&str>) -> Value {
        let mut body = json!({"notification_type": "email", "user_id": self.id, "content": {"body": "x"}});
        if let Some(group) = group {
            body["group"] = json!(group);
        }
        let settled = self.world.client.settled(&self.world.client.notify(&body).await).await;
        settled["deliveries"][0].clone()
    }
}

//! The callers with their credentials, and the users whom their requests are about.

use api::{Answer, Client, unique_email};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use local::demo::Demo;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};
use uuid::Uuid;

use super::rules::{Caller, ROWS, Row, SCOPES, Target, callers};
use crate::contract2::Visitor;

const COMMONS: [&str; 6] = [
    "/api/v1/templates",
    "/settings/organization",
    "/api/businesses/{BusinessID}/securitysettings",
    "/api/v1/channels",
    "/api/v1/categories",
    "/api/v1/api-keys",
];
/// The id of an inbox item that does not exist.
const ITEM: &str = "MjAyNC0wMy0wMVQxMDowMDowMC4wMDBaIzEyM2U0NTY3LWU4OWItMTJkMy1hNDU2LTQyNjYxNDE3NDAwMA";
const TEAM: &str = "matrix-team";
/// The name of every user here. No refusal may contain it.
pub const NAME: &str = "Saoirse Unmistakable";

type Headers = Vec<(String, String)>;

/// A user: the id, the address and the id of a notification.
#[derive(Debug)]
pub struct Person {
    pub id: String,
    pub email: String,
    notification: String,
}

pub struct Cast {
    client: Client,
    org: String,
    foreign: String,
    demo: Value,
    other: Person,
    callers: Vec<(Caller, Person, Headers)>,
}

impl Cast {
    pub async fn of(client: Client) -> Self {
        let demo = client.demo().await;
        let [org, foreign] = [(); 2].map(|()| format!("org-{}", Uuid::new_v4().simple()));
        let admin = bearer("matrix-admin", "admin", &[], Some(&org));
        let foreign_admin = bearer("foreign-admin", "admin", &[], Some(&foreign));
        let other = person(&client, &admin, json!({"teams": [TEAM]})).await;
        let mut all = Vec::new();
        for caller in callers() {
            let outside = caller.is_foreign();
            let person = person(&client, if outside { &foreign_admin } else { &admin }, json!({})).await;
            let org = if outside { &foreign } else { &org };
            let headers = credential(&client, &demo["notiflows"], caller, &person.id, org).await;
            all.push((caller, person, headers));
        }
        Self { client, org, foreign, demo, other, callers: all }
    }

    /// The user whom a request is about. An unknown user gets random ids.
    pub fn target(&self, caller: Caller, target: Target) -> Person {
        let of = |person: &Person| Person {
            id: person.id.clone(),
            email: person.email.clone(),
            notification: person.notification.clone(),
        };
        let own = self.callers.iter().find(|(one, ..)| *one == caller);
        match target {
            Target::Own => own.map(|(_, person, _)| of(person)).unwrap(),
            Target::Other => of(&self.other),
            Target::Unknown => {
                let [id, notification] = [(); 2].map(|()| Uuid::new_v4().to_string());
                Person { id, email: unique_email(), notification }
            }
        }
    }

    /// The records that belong to no user: the organisation's settings, and the operator's channels and keys.
    pub async fn commons(&self) -> Vec<String> {
        // Some are lists of the index.
        self.client.index_catches_up().await;
        let mut all = Vec::new();
        for row in ROWS.iter().filter(|(_, method, route, ..)| *method == "GET" && COMMONS.contains(route)) {
            let caller = match row.2 {
                business if business.contains("{BusinessID}") => Caller::AkanaAdmin,
                "/settings/organization" => Caller::OrgAdmin,
                _ => Caller::Admin,
            };
            let answer = self.ask(row, caller, &self.other).await;
            assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
            all.push(answer.text);
        }
        assert_eq!(all.len(), COMMONS.len());
        all
    }

    fn channel(&self, name: &str) -> &str {
        self.demo["channels"][name].as_str().unwrap()
    }

    /// The name of a topic of the user's organisation to which nobody is subscribed. Users create none themselves.
    async fn topic(&self, user: &Person) -> String {
        let name = format!("matrix-{}", Uuid::new_v4().simple());
        let all = format!("/api/v1/users/{}/subscriptions", user.id);
        for org in [&self.org, &self.foreign] {
            let admin = bearer("matrix-admin", "admin", &[], Some(org));
            self.client.json(Method::POST, &all, &admin, &json!({"topic": name})).await;
            self.client.json(Method::DELETE, &format!("{all}/{name}"), &admin, &Value::Null).await;
        }
        name
    }

    pub async fn ask(&self, row: &Row, caller: Caller, target: &Person) -> Answer {
        let (_, method, route, _, _, answers, body) = *row;
        let id = if route.starts_with("/api/v1/notifications") { &target.notification } else { &target.id };
        // The admin and the operator each create their own channel and template.
        let own = if caller == Caller::Operator { "matrix-operator" } else { "matrix" };
        // A user's settings need a channel that exists. A request about channels uses a channel that is only for this
        // test.
        let channel =
            if route.starts_with("/api/v1/channels/") { &format!("{own}-channel") } else { self.channel("fcm") };
        let path = route
            .replace("/docs/errors/{code}", "/docs/errors/not_found")
            .replace("{reason}", "channel_off")
            .replace("{guide}", "comparison")
            .replace("$default", "/there/is/nothing")
            .replace("{UserID}", &format!("{}.{}", target.id, self.org))
            .replace("{BusinessID}", &format!("tenantbusiness.{}", self.org))
            .replace("{channel_id}", channel)
            .replace("{api_key}", "pk_nobodys")
            .replace("{item_id}", ITEM)
            .replace("{address}", "nobody@example.com")
            .replace("{handle}", own)
            .replace("{code}", own)
            .replace("{tag}", "fr")
            .replace("{version}", "1")
            .replace("{what}", &format!("group:{own}"))
            .replace("{file}", "start.js")
            .replace("{notification_id}", &target.notification)
            .replace("{delivery_id}", &format!("{}.sms", target.notification))
            .replace("{name}", "matrix-topic")
            .replace("{topic}", "matrix-topic-of-nobody")
            .replace("{id}", id)
            .replace("{user_id}", &target.id)
            .replace("{external_id}", &target.id);
        let body = body.replace("{code}", &format!("{own}-of-many"));
        let body = body.replace("{user}", &target.id).replace("{new}", &unique_email());
        let body = body.replace("{fresh}", &format!("matrix-{}", Uuid::new_v4().simple()));
        let body = if body.contains("{topic}") { body.replace("{topic}", &self.topic(target).await) } else { body };
        let body = ["email", "fcm", "slack"]
            .iter()
            .fold(body, |body, name| body.replace(&format!("{{{name}}}"), self.channel(name)));
        let (_, _, credential) = self.callers.iter().find(|(one, ..)| *one == caller).unwrap();
        let mut headers: Vec<_> = credential.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.push(("content-type", "application/json"));
        if answers[0] == 412 {
            headers.push(("if-match", "\"999999\""));
        }
        let body = (!body.is_empty()).then(|| body.into_bytes());
        self.client.send(method.parse::<Method>().unwrap(), &path, &headers, body).await
    }
}

fn bearer(sub: &str, role: &str, teams: &[&str], org: Option<&str>) -> String {
    let demo = Demo::new().unwrap();
    demo.sign(&claims(&demo, sub, role, teams, org))
}

fn claims(demo: &Demo, sub: &str, role: &str, teams: &[&str], org: Option<&str>) -> Value {
    let mut claims = demo.claims(sub);
    claims["roles"] = json!([role]);
    claims["teams"] = json!(teams);
    claims["org"] = json!(org);
    claims
}

/// Creates a user in the organisation of that admin, and a notification to the user.
async fn person(client: &Client, admin: &str, change: Value) -> Person {
    let email = format!("unmistakable-{}@example.com", Uuid::new_v4().simple());
    let body = json!({"name": NAME, "email": email});
    let created = client.json(Method::POST, "/api/v1/users", admin, &body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let changed = client.json(Method::PUT, &format!("/api/v1/users/{id}"), admin, &change).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let body = json!({"user_id": id, "notification_type": "sms", "content": {"body": "x"}});
    let accepted = client.json(Method::POST, "/api/v1/notifications", admin, &body).await;
    let notification = accepted.json()["data"]["notification_id"].as_str().unwrap().to_owned();
    Person { id, email, notification }
}

/// The headers of a caller's credential. They are made once and used for all requests.
async fn credential(client: &Client, keys: &Value, caller: Caller, id: &str, org: &str) -> Headers {
    let demo = Demo::new().unwrap();
    let named = Some(org);
    let good = bearer(id, "admin", &[], None);
    let parts: Vec<_> = good.split('.').collect();
    let admin = || claims(&demo, id, "admin", &[], None);
    let text = |name: &str| keys[name].as_str().unwrap();
    let (key, secret) = (("x-notiflows-api-key", text("api_key")), "x-notiflows-secret-key");
    let token = match caller {
        Caller::Anonymous => return Vec::new(),
        Caller::User | Caller::Stranger => bearer(id, "user", &[], named),
        Caller::Admin => good,
        Caller::OrgAdmin | Caller::ForeignAdmin => bearer(id, "admin", &[], named),
        Caller::Operator => bearer(id, "operator", &[], named),
        Caller::Broker => bearer(id, "broker", &["another", TEAM], named),
        Caller::OutsideBroker => bearer(id, "broker", &["another", "matrix"], named),
        Caller::Photographer => bearer(id, "photographer", &[TEAM], named),
        Caller::Service => bearer(id, "service", &[], None),
        Caller::OrgService | Caller::ForeignService => bearer(id, "service", &[], named),
        Caller::Expired => {
            let mut claims = admin();
            claims["exp"] = json!(1_700_000_000);
            demo.sign(&claims)
        }
        Caller::Forged => {
            let another = bearer("another", "admin", &[], None);
            format!("{}.{}.{}", parts[0], parts[1], another.split('.').nth(2).unwrap())
        }
        // The header is `{"alg":"none"}`.
        Caller::AlgNone => format!("eyJhbGciOiJub25lIn0.{}.", parts[1]),
        Caller::HmacConfused => signed_with_the_public_key(&demo, &admin()),
        Caller::Key(scopes) => return pair(client, scopes).await,
        Caller::WrongKeyPair => return headers(&[key, (secret, "sk_demo_00000000000000000000000000000000")]),
        Caller::UserKey => {
            return headers(&[key, ("x-notiflows-user-key", &demo.sign(&demo.user_key_claims(id)))]);
        }
        Caller::AkanaUser => return session(client, id, "user", org).await,
        Caller::AkanaAdmin | Caller::ForeignSiteAdmin => return session(client, id, "admin", org).await,
    };
    headers(&[("authorization", &format!("Bearer {token}"))])
}

/// A new key pair with these scopes.
async fn pair(client: &Client, scopes: u8) -> Headers {
    let scopes: Vec<_> = SCOPES.iter().filter(|(bit, _)| scopes & bit != 0).map(|(_, name)| *name).collect();
    let admin = bearer("key-maker", "operator", &[], None);
    let made = client.json(Method::POST, "/api/v1/api-keys", &admin, &json!({"scopes": scopes})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (made, text) = (made.json(), |made: &Value, name: &str| made[name].as_str().unwrap().to_owned());
    let (key, secret) = (text(&made, "api_key"), text(&made, "secret_key"));
    headers(&[("x-notiflows-api-key", &key), ("x-notiflows-secret-key", &secret)])
}

async fn session(client: &Client, id: &str, role: &str, org: &str) -> Headers {
    let visitor = Visitor::log_in(client, id, role, org).await;
    headers(&[("cookie", &visitor.cookie()), (&visitor.csrf_header(), &visitor.csrf)])
}

/// A token with good claims and an HMAC as its signature. The HMAC's key is the public key that the issuer publishes.
fn signed_with_the_public_key(demo: &Demo, claims: &Value) -> String {
    let jwks: Value = serde_json::from_str(&demo.parameters()["Jwks"]).unwrap();
    let public = BASE64_URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().unwrap()).unwrap();
    let header = json!({"typ": "JWT", "alg": "HS256", "kid": jwks["keys"][0]["kid"]});
    let [header, claims] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = format!("{header}.{claims}");
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(code))
}

fn headers(all: &[(&str, &str)]) -> Headers {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

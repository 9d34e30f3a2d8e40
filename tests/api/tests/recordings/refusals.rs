//! The list of all faults that a request can have. Each operation gets every fault that applies to it. In some dialects
//! a request of the list is no fault; its answer is recorded too.

use serde_json::{Value, json};
use shared::http::body::MAX_BYTES;

use super::{
    operations::Operation,
    requests::{Body, Good},
    stage::{Request, Stage, Who},
};

const NOBODY: &str = "0b7f8a52-0000-4000-8000-00000000dead";
/// The id of an inbox item that does not exist.
const ITEM: &str = "MjAyNC0wMy0wMVQxMDowMDowMC4wMDBaIzEyM2U0NTY3LWU4OWItMTJkMy1hNDU2LTQyNjYxNDE3NDAwMA";

type Named = (String, Request);

/// The faulty requests and their names. `good` is a request that would succeed.
pub async fn all(stage: &Stage, operation: &Operation, good: &Good) -> Vec<Named> {
    let mut all = callers(stage, operation, good).await;
    all.extend(places(stage, operation, good).await);
    let base = good.request(stage, operation).await;
    let mut add = |name: &str, request: Request| all.push((name.to_owned(), request));
    if operation.takes("IfMatch") || operation.takes("IfUnchanged") {
        add("a stale If-Match", base.clone().header("if-match", "\"999999\""));
        add("an If-Match that is no entity tag", base.clone().header("if-match", "x y"));
    }
    if operation.takes("IdempotencyKey") {
        add("an idempotency key that is too long", base.clone().header("idempotency-key", "k".repeat(300)));
    }
    if operation.takes("ValaraIdempotencyKey") {
        add("an idempotency key that is neither UUID nor ULID", base.clone().header("x-idempotency-key", "k"));
    }
    if operation.is_akana {
        add("an answer in another type", base.clone().header("accept", "image/png"));
    }
    if operation.has_body {
        bodies(&base, &good.body, &mut add);
        if base.body.is_some() {
            add("a body with a content coding", base.clone().header("content-encoding", "gzip"));
        }
    }
    add("a method that the path does not take", Request { method: "TRACE".to_owned(), body: None, ..base });
    all
}

/// Requests by callers without the right, and without a valid credential.
async fn callers(stage: &Stage, operation: &Operation, good: &Good) -> Vec<Named> {
    let base = good.request(stage, operation).await;
    let by = async |who: Who| Good { who, ..good.clone() }.request(stage, operation).await;
    let mut all: Vec<Named> = Vec::new();
    let mut add = |name: &str, request: Request| all.push((name.to_owned(), request));
    match &good.who {
        Who::Nobody => {
            let mut bare = good.clone();
            bare.query.clear();
            if let Some((name, _)) = good.query.first() {
                add("no token", bare.request(stage, operation).await);
                add("a broken token", bare.query(name, "broken").request(stage, operation).await);
            }
            return all;
        }
        Who::Bearer(..) => {
            add("a broken token", base.clone().header("authorization", "Bearer not.a.token"));
            add("another scheme", base.clone().header("authorization", "Basic eDp5"));
            add("a stranger", by(Who::user(NOBODY)).await);
            add(
                "a photographer of another team",
                by(Who::Bearer(NOBODY.into(), "photographer", vec!["another"])).await,
            );
            add("a broker of another team", by(Who::Bearer(NOBODY.into(), "broker", vec!["another"])).await);
            add("an application", by(Who::service()).await);
        }
        Who::Pair => {
            add("a wrong secret key", base.clone().header("x-notiflows-secret-key", "sk_wrong"));
            add("an unknown key", base.clone().header("x-notiflows-api-key", "pk_nobodys"));
            let scope = if operation.id.contains("ChannelSettings") { "users:read" } else { "channel_settings:read" };
            let body = json!({"scopes": [scope]});
            let key = stage.done(201, &Who::admin(), "POST", "/api/v1/api-keys", &body).await;
            let half = |name: &str| key[name].as_str().unwrap().to_owned();
            let limited = base.clone().header("x-notiflows-api-key", half("api_key"));
            add("a key without the scope", limited.header("x-notiflows-secret-key", half("secret_key")));
            add("a user's key", by(Who::UserKey(NOBODY.into())).await);
        }
        Who::UserKey(_) => {
            add("a broken user key", base.clone().header("x-notiflows-user-key", "not.a.token"));
            add("the application", by(Who::Pair).await);
        }
        Who::Session(..) => {
            let cookie = base.headers.iter().find(|(name, _)| name == "cookie").unwrap().1.clone();
            let cookie = cookie.replace("AtmoAuthToken_", "AtmoAuthToken_x");
            add("another organisation's cookie", base.clone().header("cookie", cookie));
            add("another user", by(Who::Session(NOBODY.into(), "user")).await);
            let mut unprotected = base.clone();
            unprotected.headers.retain(|(name, _)| !name.starts_with("x-csrf"));
            add("no CSRF header", unprotected);
        }
    }
    add("no credential", by(Who::Nobody).await);
    all
}

/// Requests with ids that are malformed, ids that do not exist, and parameters with invalid values.
async fn places(stage: &Stage, operation: &Operation, good: &Good) -> Vec<Named> {
    let mut all = Vec::new();
    for place in 0..good.path.len() {
        let name = good.path[place].0;
        let org = stage.org();
        let unknown = match name {
            "UserID" => format!("{NOBODY}.{org}"),
            "BusinessID" => "tenantbusiness.another".to_owned(),
            "address" => "nobody%40example.com".to_owned(),
            "delivery_id" => format!("{NOBODY}.email"),
            "item_id" => ITEM.to_owned(),
            "tag" => "it".to_owned(),
            "channel_id" | "code" | "reason" | "guide" | "api_key" | "file" | "name" | "topic" => "nobodys".to_owned(),
            _ => NOBODY.to_owned(),
        };
        for (what, value) in [("an unknown", unknown), ("a malformed", "no!such%20thing".to_owned())] {
            let mut other = good.clone();
            other.path[place].1 = value;
            all.push((format!("{what} {name}"), other.request(stage, operation).await));
        }
    }
    for name in ["limit", "after", "before", "state", "status", "created_after", "created_before"] {
        if operation.takes(name) {
            let mut other = good.clone();
            other.query.retain(|(known, _)| *known != name);
            all.push((format!("a malformed {name}"), other.query(name, "!").request(stage, operation).await));
        }
    }
    all
}

fn bodies(base: &Request, body: &Body, add: &mut impl FnMut(&str, Request)) {
    let json = |bytes: &str| base.clone().bytes("application/json", bytes);
    match body {
        Body::Form(text) => {
            let form = |bytes: Vec<u8>| base.clone().bytes("application/x-www-form-urlencoded", bytes);
            add("an empty body", form(Vec::new()));
            add("a body of another type", base.clone().bytes("text/plain", *text));
            add("a body that is not UTF-8", form(b"a=%FF%FE".to_vec()));
            add("a body that is too large", form(vec![b'x'; MAX_BYTES + 1]));
        }
        Body::Json(body) => {
            add("an empty body", json(""));
            add("a body that is broken JSON", json("{\"a\":"));
            add("a body that is no object", json("[1]"));
            add("an empty object", json("{}"));
            add("a body of another type", base.clone().bytes("text/plain", body.to_string()));
            add("a body that is too large", json(&json!({"pad": "x".repeat(MAX_BYTES)}).to_string()));
            let mut more = body.clone();
            more["unknown_field"] = json!(1);
            add("a field that is not known", base.clone().json(&more));
            for (name, value) in body.as_object().unwrap() {
                let mut changed = body.clone();
                changed[name] = if value.is_number() { json!("x") } else { json!(7) };
                add(&format!("{name} of another type"), base.clone().json(&changed));
                changed[name] = Value::Null;
                add(&format!("{name} null"), base.clone().json(&changed));
            }
        }
        Body::None => {}
    }
}

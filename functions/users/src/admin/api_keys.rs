//! `/admin/v1/api-keys`: keys of applications. The secret half is shown once, when it is made.

use std::collections::BTreeSet;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{
    dialects::notiflows::{Faults, Problem, Resource, admin, reply},
    domain::{ApiKey, Scope, Timestamp, text},
    hash::sha256_hex,
    http::{Reply, body},
    random,
};

use crate::App;

/// Answers a request for `/admin/v1/api-keys`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        Method::POST => create(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, POST")),
    };
    reply(answer, request)
}

/// Answers a request for `/admin/v1/api-keys/{api_key}`.
pub async fn one(app: &App, request: &Request, public: &str) -> Reply {
    let answer = match *request.method() {
        Method::DELETE => delete(app, request, public).await,
        _ => Err(Problem::MethodNotAllowed("DELETE")),
    };
    reply(answer, request)
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    admin(&app.bearer, request.headers()).await?;
    let items = app.store.api_keys().await?.into_iter().map(shown).collect();
    Ok(Reply::json(StatusCode::OK, &KeyList { items }))
}

async fn create(app: &App, request: &Request) -> Result<Reply, Problem> {
    admin(&app.bearer, request.headers()).await?;
    let (name, scopes) = decode(body::object(request.body())?)?;
    let (public, secret) = pair()?;
    let secret_hash = sha256_hex(secret.as_bytes());
    let key = ApiKey { public, secret_hash, name, scopes, created_at: Timestamp::now() };
    app.store.put_api_key(&key).await?;
    Ok(Reply::json(StatusCode::CREATED, &NewKeyView { key: shown(key), secret_key: secret }))
}

async fn delete(app: &App, request: &Request, public: &str) -> Result<Reply, Problem> {
    admin(&app.bearer, request.headers()).await?;
    // What is longer is no key, and DynamoDB would not take it as one.
    if public.len() <= 256 && app.store.delete_api_key(public).await? {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    Err(Problem::not_found(Resource::ApiKey, public))
}

/// The two halves of a new key: 128 bits that tell it from others, 256 that nobody guesses.
fn pair() -> Result<(String, String), Problem> {
    let random = |bytes| random::hex(bytes).ok_or(Problem::Internal);
    Ok((format!("pk_{}", random(16)?), format!("sk_{}", random(32)?)))
}

fn decode(mut body: Map<String, Value>) -> Result<(Option<String>, Option<BTreeSet<Scope>>), Problem> {
    let mut faults = Faults::default();
    let name = match body.remove("name") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) if text::is_line(&name, 200) => Some(name),
        Some(_) => {
            faults.add("name", "must be a line of 1 to 200 characters, or null", "invalid");
            None
        }
    };
    let scopes = match body.remove("scopes") {
        None | Some(Value::Null) => None,
        Some(Value::Array(scopes)) => {
            let mut read = BTreeSet::new();
            for (index, scope) in scopes.iter().enumerate() {
                match scope.as_str().and_then(Scope::parse) {
                    Some(scope) => drop(read.insert(scope)),
                    None => faults.add(
                        format!("scopes[{index}]"),
                        "must be one of users:read, users:write, channel_settings:read, channel_settings:write",
                        "invalid",
                    ),
                }
                if faults.is_full() {
                    break;
                }
            }
            if scopes.is_empty() {
                faults.add("scopes", "must have a scope, or be left out for all", "length");
            }
            Some(read)
        }
        Some(_) => {
            faults.add("scopes", "must be a list of scopes, or null for all", "invalid");
            None
        }
    };
    faults.unknown("", &body);
    faults.finish((name, scopes))
}

/// A key as it is shown, without its secret.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ApiKey")]
pub struct KeyView {
    api_key: String,
    name: Option<String>,
    scopes: BTreeSet<Scope>,
    created_at: Timestamp,
}

/// A key as it is shown once.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NewApiKey")]
pub struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    secret_key: String,
}

/// All keys.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ApiKeys")]
pub struct KeyList {
    items: Vec<KeyView>,
}

fn shown(key: ApiKey) -> KeyView {
    let ApiKey { public: api_key, secret_hash: _, name, scopes, created_at } = key;
    // Nothing said is everything there is.
    KeyView { api_key, name, scopes: scopes.unwrap_or_else(|| Scope::ALL.into()), created_at }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pair_is_new_every_time_and_long_enough() {
        let ((public, secret), (other, other_secret)) = (pair().unwrap(), pair().unwrap());
        assert!(public.starts_with("pk_") && secret.starts_with("sk_") && secret.len() == 3 + 64);
        assert!(public != other && secret != other_secret && public[3..] != secret[3..35]);
    }

    #[test]
    fn a_key_s_digest_is_never_shown() {
        let key = ApiKey {
            public: "pk_1".into(),
            secret_hash: "digest".into(),
            name: None,
            scopes: Some([Scope::UsersRead].into()),
            created_at: Timestamp::from_millis(0),
        };
        let expected = json!({
            "api_key": "pk_1", "name": null, "scopes": ["users:read"], "created_at": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(serde_json::to_value(shown(key)).unwrap(), expected);
    }
}

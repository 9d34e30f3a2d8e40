//! `/api/v1/api-keys`: keys of applications. The secret half is shown once, when it is made.

mod openapi;

use std::collections::BTreeSet;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        kinds::MAX_NAME,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
        unversioned,
    },
    domain::{ApiKey, Field, Scope, Timestamp},
    hash::sha256_hex,
    http::{
        Reply,
        query::Cursor,
        request::{
            RequestBody,
            fault::Text,
            kind::{Kind, Place, Refused},
            kinds::{Line, schema_of},
            member::{nullable, optional, or},
        },
    },
    random::Randomness,
    request_body, request_query,
};

use crate::App;
pub use openapi::document;

/// The most characters of a public key that is looked up: no key is longer, and DynamoDB would refuse it.
const MAX_PUBLIC: usize = 256;

/// Answers a request for `/api/v1/api-keys`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        Method::POST => create(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, POST")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for `/api/v1/api-keys/{api_key}`.
pub async fn one(app: &App, request: &Request, public: &str) -> Reply {
    let answer = match *request.method() {
        Method::DELETE => delete(app, request, public).await,
        _ => Err(Problem::MethodNotAllowed("DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

request_query! {
    /// Which keys are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(|place| place.contains('#'))),
    }
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, ListQuery { limit, after }) = Access::ADMIN.caller(&app.bearer, request).await?;
    let wanted = PageRequest { limit, after };
    let keys = app.store.api_keys(wanted.after.as_deref(), wanted.limit);
    let (items, page) = wanted.read(request, keys, |_, key| shown(key)).await?;
    Ok(Reply::json(StatusCode::OK, &KeyList { items, page }))
}

async fn create(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    let NewKey { name, scopes } = NewKey::decode(request.body())?;
    let (name, scopes) = (name.into_value(), scopes.into_value());
    let (public, secret) = pair(&app.random)?;
    let secret_hash = sha256_hex(secret.as_bytes());
    let key = ApiKey { public, secret_hash, name, scopes, created_at: app.clock.now() };
    app.store.put_api_key(&key).await?;
    Ok(Reply::json(StatusCode::CREATED, &NewKeyView { key: shown(key), secret_key: secret }))
}

async fn delete(app: &App, request: &Request, public: &str) -> Result<Reply, Problem> {
    let (_, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    unversioned(request)?;
    if public.len() <= MAX_PUBLIC && app.store.delete_api_key(public).await? {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    Err(Problem::not_found("API key not found"))
}

/// The two halves of a new key: 128 bits that make it unique, and 256 bits that nobody can guess.
fn pair(random: &Randomness) -> Result<(String, String), Problem> {
    let random = |bytes| random.hex(bytes).ok_or(Problem::Internal);
    Ok((format!("pk_{}", random(16)?), format!("sk_{}", random(32)?)))
}

request_body! {
    /// A key to create.
    pub struct NewKey as "ApiKeyRequest" {
        name: Field<String> = nullable(Line(MAX_NAME).saying("a line of 1 to 200 characters, or null")),
        /// The key's scopes; all scopes if none is named.
        scopes: Field<BTreeSet<Scope>> = nullable(Scopes),
    }
}

/// At least one scope.
struct Scopes;

impl Kind for Scopes {
    type Value = BTreeSet<Scope>;

    fn accepted(&self) -> Text {
        format!("a list of one or more of {}, or null for all", Scope::names()).into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<BTreeSet<Scope>, Refused> {
        let scopes = given.as_array().ok_or(Refused::Type)?.iter().map(|scope| Scope::parse(scope.as_str()?));
        let scopes = scopes.collect::<Option<BTreeSet<_>>>().filter(|scopes| !scopes.is_empty());
        scopes.ok_or(Refused::Value)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let mut schema = schema_of::<Vec<Scope>>(schemas);
        schema.insert("minItems".into(), 1.into());
        schema
    }
}

/// A key, without its secret.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ApiKey")]
pub struct KeyView {
    api_key: String,
    name: Option<String>,
    scopes: BTreeSet<Scope>,
    created_at: Timestamp,
}

/// A new key with its secret, which is shown only once.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NewApiKey")]
pub struct NewKeyView {
    #[serde(flatten)]
    key: KeyView,
    secret_key: String,
}

/// A page of keys, the oldest first.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ApiKeys")]
pub struct KeyList {
    items: Vec<KeyView>,
    page: PageView,
}

fn shown(key: ApiKey) -> KeyView {
    let ApiKey { public: api_key, secret_hash: _, name, scopes, created_at } = key;
    // A key that names no scopes has all of them.
    KeyView { api_key, name, scopes: scopes.unwrap_or_else(|| Scope::ALL.into()), created_at }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pair_is_new_every_time_and_long_enough() {
        let random = Randomness::seeded(1);
        let pair = || pair(&random).unwrap();
        let ((public, secret), (other, other_secret)) = (pair(), pair());
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

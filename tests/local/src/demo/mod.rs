//! The demo: an identity provider, users, channels and keys, the same at every start.

pub mod catalogue;
mod issuer;
mod links;
mod seed;
mod sessions;
mod shell;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::jwt::Header;

pub use issuer::IssuerError;
pub use seed::{CHANNELS, DemoChannel, SeedError, store};

use issuer::Issuer;

/// The name under which the stand-in for Secrets Manager keeps the demo's FCM service account.
pub const FCM_SECRET: &str = "tidings/demo/fcm";
/// The name of the secret with the demo's key at Apple.
pub const APNS_SECRET: &str = "tidings/demo/apns";
/// The name of the secret with the token of the demo's bot in Slack.
pub const SLACK_SECRET: &str = "tidings/demo/slack";

/// The secret that signs the demo's sessions and links. It replaces the value that CloudFormation generates. It
/// protects nothing outside of the demo.
pub const DEPLOYMENT_SECRET: &str = "tidings demo deployment secret 7c1f0a";

/// The user of contract 1's document.
const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
const OTHER_USER: &str = "5f0c2a9e-6d3b-4c57-9a3e-0d6f1b7c8e21";
/// The users that the local stack's page sends to.
pub const PEOPLE: [&str; 2] = [USER, OTHER_USER];
const TEAM_MEMBER: &str = "c1a7e7d2-94b0-4f0e-8b59-2f5d7f0a6b33";
/// The organisation that the demo's users belong to; contract 2 calls it a fedmember.
const ORG: &str = "acmepaymentscorp";
const TEAM: &str = "demo-team";

/// The demo and its identity provider.
#[derive(Debug)]
pub struct Demo {
    issuer: Issuer,
}

impl Demo {
    /// Makes the demo's keys. Nothing is written yet.
    pub fn new() -> Result<Self, IssuerError> {
        Ok(Self { issuer: Issuer::new()? })
    }

    /// The template parameters of the stack, unless the caller gives others.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        [
            ("AnonymousPreferences", "true".to_owned()),
            ("Jwks", self.issuer.jwks().to_string()),
            ("JwtAudience", issuer::AUDIENCE.to_owned()),
            ("JwtIssuer", issuer::ISSUER.to_owned()),
            ("UserKeyAudience", issuer::USER_KEY_AUDIENCE.to_owned()),
            ("SenderAddress", "notifications@tidings.example".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Writes users, channels and keys into `table`. The calls go directly to the emulator, so that the proxy does not
    /// count them.
    pub async fn seed(&self, dynamodb_endpoint: &str, table: &str) -> Result<(), SeedError> {
        seed::seed(dynamodb_endpoint, table).await
    }

    /// The claims of the demo's token for a user with this `sub`.
    pub fn claims(&self, sub: &str) -> Value {
        issuer::claims(sub, "user", &[], Some(ORG))
    }

    /// The claims of contract 3's user key for a user with this `sub`.
    pub fn user_key_claims(&self, sub: &str) -> Value {
        issuer::user_key_claims(sub)
    }

    /// A token with these claims. If it cannot be signed, the result is empty, which no service accepts.
    pub fn sign(&self, claims: &Value) -> String {
        self.issuer.sign(claims)
    }

    /// As [`Demo::sign`], with a header that `change` has changed.
    pub fn sign_with(&self, change: impl FnOnce(&mut Header), claims: &Value) -> String {
        self.issuer.sign_with(change, claims)
    }

    /// The answer of `GET /_local`: new bearer tokens and a new user key, and the ids and keys of the demo, which never
    /// change.
    pub fn describe(&self) -> Value {
        let mint = |sub, role, teams: &[&str]| self.sign(&issuer::claims(sub, role, teams, Some(ORG)));
        // These are about the whole deployment, so their tokens name no organisation.
        let mint_for_all = |sub, role| self.sign(&issuer::claims(sub, role, &[], None));
        json!({
            "bearer": {
                "user": mint(USER, "user", &[]),
                "other_user": mint(OTHER_USER, "user", &[]),
                "admin": mint_for_all("demo-admin", "admin"),
                "org_admin": mint("demo-org-admin", "admin", &[]),
                "operator": mint_for_all("demo-operator", "operator"),
                "broker": mint("demo-broker", "broker", &[TEAM]),
                "photographer": mint("demo-photographer", "photographer", &[TEAM]),
                "service": mint_for_all("demo-service", "service"),
            },
            "users": {"user": USER, "other_user": OTHER_USER, "team_member": TEAM_MEMBER},
            "akana": sessions::describe(),
            "links": links::describe(),
            "notiflows": {
                "api_key": seed::API_KEY,
                "secret_key": seed::SECRET_KEY,
                "user_external_id": USER,
                "user_key": self.sign(&issuer::user_key_claims(USER)),
            },
            "channels": seed::CHANNELS.map(|channel| (channel.key, channel.id)).into_iter().collect::<BTreeMap<_, _>>(),
        })
    }

    /// The demo as lines for a shell: `NAME='value'`.
    pub fn shell(&self) -> String {
        shell::lines(&self.describe())
    }
}

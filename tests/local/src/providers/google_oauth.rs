//! Google's OAuth token endpoint. It exchanges a signed assertion for an access token (RFC 7523).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Form, FromRequest};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use shared::jwt::{Algorithm, DecodingKey, Validation, decode, header};
use uuid::Uuid;

use super::answer::Shape;
use super::service_account::ServiceAccount;
use crate::net::loopback::{Reply, Request};

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The scopes that allow a token to send messages. One of them is enough.
const SCOPES: [&str; 2] =
    ["https://www.googleapis.com/auth/firebase.messaging", "https://www.googleapis.com/auth/cloud-platform"];
/// The longest lifetime of an assertion that Google accepts, in seconds.
const LONGEST_ASSERTION: u64 = 3600;
/// How long a token is valid, in seconds.
const TOKEN_LIFE: u64 = 3599;

/// The endpoint and the tokens it handed out.
pub(super) struct TokenEndpoint {
    key: DecodingKey,
    key_id: String,
    validation: Validation,
    tokens: Mutex<BTreeMap<String, Instant>>,
}

#[derive(Deserialize)]
struct Grant {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    assertion: String,
}

#[derive(Deserialize)]
struct Claims {
    iat: u64,
    exp: u64,
    #[serde(default)]
    scope: String,
}

/// OAuth's error code and its description.
type Refusal = (&'static str, &'static str);

impl TokenEndpoint {
    pub(super) fn new(account: &ServiceAccount) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[&account.token_uri]);
        validation.set_issuer(&[&account.client_email]);
        validation.set_required_spec_claims(&["aud", "exp", "iss"]);
        Self {
            key: DecodingKey::from_rsa_der(&account.public_key),
            key_id: account.key_id.clone(),
            validation,
            tokens: Mutex::default(),
        }
    }

    /// Answers a token request.
    pub(super) async fn answer(&self, request: Request) -> Reply {
        match self.grant(request).await {
            Ok(token) => {
                let body = json!({"access_token": token, "expires_in": TOKEN_LIFE, "token_type": "Bearer"});
                Shape::json(body).reply(StatusCode::OK)
            }
            Err((code, description)) => {
                let body = json!({"error": code, "error_description": description});
                Shape::json(body).reply(StatusCode::BAD_REQUEST)
            }
        }
    }

    /// Whether this endpoint issued the token, and the token is still valid.
    pub(super) fn handed_out(&self, token: &str) -> bool {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(token).is_some_and(|end| *end > Instant::now())
    }

    async fn grant(&self, request: Request) -> Result<String, Refusal> {
        let mut form = axum::http::Request::new(Body::from(request.body));
        (*form.method_mut(), *form.uri_mut(), *form.headers_mut()) = (request.method, request.uri, request.headers);
        let Ok(Form(grant)) = Form::<Grant>::from_request(form, &()).await else {
            return Err(("invalid_request", "The request is no form post."));
        };
        if grant.grant_type != GRANT_TYPE {
            return Err(("unsupported_grant_type", "Invalid grant_type: it must be the JWT bearer grant."));
        }
        self.verify(&grant.assertion)?;
        let token = format!("ya29.local.{}", Uuid::new_v4().simple());
        let end = Instant::now() + Duration::from_secs(TOKEN_LIFE);
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), end);
        Ok(token)
    }

    fn verify(&self, assertion: &str) -> Result<(), Refusal> {
        let invalid = |description| ("invalid_grant", description);
        let header = header(assertion).map_err(|_| invalid("Bad Request: the assertion is no JWT."))?;
        if header.kid.is_some_and(|id| id != self.key_id) {
            return Err(invalid("Invalid JWT Signature: unknown key id."));
        }
        let claims = decode::<Claims>(assertion, &self.key, &self.validation)
            .map_err(|_| invalid("Invalid JWT: wrong signature, algorithm, issuer, audience or expiry."))?;
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
        if claims.iat > now + self.validation.leeway || claims.exp.saturating_sub(claims.iat) > LONGEST_ASSERTION {
            return Err(invalid("Invalid JWT: Token must be a short-lived token (60 minutes)."));
        }
        if !claims.scope.split(' ').any(|scope| SCOPES.contains(&scope)) {
            return Err(("invalid_scope", "The assertion names no scope that sends messages."));
        }
        Ok(())
    }
}

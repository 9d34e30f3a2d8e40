//! Bearer tokens: JWTs (RFC 7519) by `RS256`, `ES256` or `EdDSA`, checked for issuer, audience and expiry.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use lambda_http::http::{HeaderMap, header};
use serde::Deserialize;
use uuid::Uuid;

use super::{Caller, Jwks, Role, Unauthenticated};
use crate::{
    config::{self, ConfigError},
    domain::UserId,
};

/// What is taken; `none` and the HMAC family never are.
const ALLOWED: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
/// How far an issuer's clock may be ahead or behind, in seconds.
const LEEWAY: u64 = 5;

/// What tokens are checked against.
#[derive(Debug)]
pub struct BearerConfig {
    /// The `iss` they must carry.
    pub issuer: String,
    /// The `aud` they must carry.
    pub audience: String,
    /// The issuer's keys.
    pub jwks: Jwks,
    /// The namespace that a `sub` which is no UUID maps into.
    pub namespace: Uuid,
}

impl BearerConfig {
    /// Out of the environment: `JWT_ISSUER`, `JWT_AUDIENCE`, `JWKS`, `USER_NAMESPACE`.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            issuer: config::text("JWT_ISSUER")?,
            audience: config::text("JWT_AUDIENCE")?,
            jwks: Jwks::parse(&config::text("JWKS")?).map_err(|error| ConfigError::new("JWKS", error))?,
            namespace: config::parsed("USER_NAMESPACE")?,
        })
    }
}

impl BearerConfig {
    /// The same for the keys of contract 3's users, whose audience (`USER_KEY_AUDIENCE`) is another: neither kind of token
    /// is ever taken for the other.
    pub fn user_keys_from_env() -> Result<Self, ConfigError> {
        let bearer = Self::from_env()?;
        let audience = config::text("USER_KEY_AUDIENCE")?;
        if audience == bearer.audience {
            return Err(ConfigError::new("USER_KEY_AUDIENCE", "must differ from JWT_AUDIENCE"));
        }
        Ok(Self { audience, ..bearer })
    }
}

/// Checks bearer tokens.
#[derive(Debug)]
pub struct Bearer(BearerConfig);

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    teams: Vec<String>,
    org: Option<String>,
}

impl Bearer {
    /// A checker.
    pub fn new(config: BearerConfig) -> Self {
        Self(config)
    }

    /// Who sent this request.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Unauthenticated> {
        let value = headers.get(header::AUTHORIZATION).ok_or(Unauthenticated::Missing)?;
        let (scheme, token) =
            value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Unauthenticated::Invalid)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Unauthenticated::Invalid);
        }
        self.verify(token.trim()).await
    }

    /// Who a token speaks for.
    pub async fn verify(&self, token: &str) -> Result<Caller, Unauthenticated> {
        let invalid = |_| Unauthenticated::Invalid;
        let header = decode_header(token).map_err(invalid)?;
        if !ALLOWED.contains(&header.alg) {
            return Err(Unauthenticated::Invalid);
        }
        let jwk = self.0.jwks.find(header.kid.as_deref()).await?.ok_or(Unauthenticated::Invalid)?;
        // A key is used by its own algorithm or not at all.
        if jwk.common.key_algorithm.is_some_and(|algorithm| algorithm.to_string() != format!("{:?}", header.alg)) {
            return Err(Unauthenticated::Invalid);
        }
        let key = DecodingKey::from_jwk(&jwk).map_err(invalid)?;
        let mut validation = Validation::new(header.alg);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.0.issuer]);
        validation.set_audience(&[&self.0.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation).map_err(invalid)?.claims;
        let id = UserId::from_external(&claims.sub, self.0.namespace).ok_or(Unauthenticated::Invalid)?;
        Ok(Caller {
            user: Some(id),
            subject: claims.sub,
            roles: claims.roles.iter().filter_map(|role| named(role)).collect(),
            teams: claims.teams,
            org: claims.org,
            ..Caller::default()
        })
    }
}

fn named(role: &str) -> Option<Role> {
    match role {
        "user" => Some(Role::User),
        "admin" => Some(Role::Admin),
        "broker" => Some(Role::Broker),
        "photographer" => Some(Role::Photographer),
        "service" => Some(Role::Service),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::{AsDer, Pkcs8V1Der},
        rsa::{KeyPair as RsaKeyPair, KeySize},
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
    };
    use jsonwebtoken::{EncodingKey, Header, encode, jwk::Jwk};
    use lambda_http::http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;

    /// A key of each kind, its public half published.
    fn keys() -> Vec<(Algorithm, EncodingKey)> {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa_der: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ec_der = ec.to_pkcs8v1().unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        let ed_der = ed.to_pkcs8v1().unwrap();
        vec![
            (Algorithm::RS256, EncodingKey::from_rsa_pem(&pem(rsa_der.as_ref())).unwrap()),
            (Algorithm::ES256, EncodingKey::from_ec_der(ec_der.as_ref())),
            (Algorithm::EdDSA, EncodingKey::from_ed_der(ed_der.as_ref())),
        ]
    }

    fn pem(der: &[u8]) -> Vec<u8> {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into_bytes()
    }

    fn published(keys: &[(Algorithm, EncodingKey)]) -> Bearer {
        let jwk = |(algorithm, key): &(Algorithm, EncodingKey)| {
            let mut jwk = Jwk::from_encoding_key(key, *algorithm).unwrap();
            jwk.common.key_id = Some(format!("{algorithm:?}"));
            jwk
        };
        let jwks = json!({"keys": keys.iter().map(jwk).collect::<Vec<_>>()}).to_string();
        Bearer::new(BearerConfig {
            issuer: "issuer".into(),
            audience: "audience".into(),
            jwks: Jwks::parse(&jwks).unwrap(),
            namespace: Uuid::nil(),
        })
    }

    fn claims() -> Value {
        let exp = crate::domain::Timestamp::now().seconds() + 60;
        json!({"sub": "somebody", "iss": "issuer", "aud": "audience", "exp": exp, "roles": ["admin", "unheard of"]})
    }

    async fn caller(bearer: &Bearer, token: &str) -> Result<Caller, Unauthenticated> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("bearer {token}")).unwrap());
        bearer.caller(&headers).await
    }

    #[tokio::test]
    async fn each_algorithm_is_taken_with_its_own_key_and_no_other() {
        let keys = keys();
        let bearer = published(&keys);
        for (algorithm, key) in &keys {
            for (other, _) in &keys {
                let header = Header { kid: Some(format!("{other:?}")), ..Header::new(*algorithm) };
                let token = encode(&header, &claims(), key).unwrap();
                let caller = caller(&bearer, &token).await;
                if algorithm == other {
                    let caller = caller.unwrap();
                    assert_eq!((caller.subject.as_str(), caller.roles), ("somebody", [Role::Admin].into()));
                } else {
                    assert_eq!(caller.unwrap_err(), Unauthenticated::Invalid, "{algorithm:?} by {other:?}'s key");
                }
            }
        }
    }

    #[tokio::test]
    async fn the_public_key_is_no_secret_to_sign_with() {
        let keys = keys();
        let bearer = published(&keys);
        for (algorithm, key) in &keys {
            let jwk = serde_json::to_vec(&Jwk::from_encoding_key(key, *algorithm).unwrap()).unwrap();
            let header = Header { kid: Some(format!("{algorithm:?}")), ..Header::new(Algorithm::HS256) };
            let token = encode(&header, &claims(), &EncodingKey::from_secret(&jwk)).unwrap();
            assert_eq!(caller(&bearer, &token).await.unwrap_err(), Unauthenticated::Invalid);
        }
    }
}

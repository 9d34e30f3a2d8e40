use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lambda_http::http::HeaderValue;
use serde_json::{Value, json};

use super::{
    super::{Role, verified::MAX},
    *,
};
use crate::{
    clock::ManualClock,
    jwt::{EncodingKey, Header, encode, tests::keys},
};

const NOW: Timestamp = Timestamp::from_millis(1_709_287_200_000);

type Key = (Algorithm, EncodingKey, Value);

/// The keys as an issuer publishes them, each by its algorithm's name.
fn jwks(keys: &[Key]) -> Jwks {
    let jwk = |(algorithm, _, jwk): &Key| {
        let mut jwk = jwk.clone();
        jwk["kid"] = json!(format!("{algorithm:?}"));
        jwk
    };
    Jwks::parse(&json!({"keys": keys.iter().map(jwk).collect::<Vec<_>>()}).to_string(), Clock::system()).unwrap()
}

fn published(keys: &[Key]) -> Bearer {
    let (issuer, audience) = ("issuer".into(), "audience".into());
    let config = BearerConfig {
        issuer,
        audience,
        claims: ClaimNames::default(),
        jwks: jwks(keys),
        namespace: Uuid::nil(),
        clock: ManualClock::new(NOW).clock(),
    };
    Bearer::new(config)
}

fn claims() -> Value {
    let exp = NOW.seconds() + 60;
    json!({"sub": "somebody", "iss": "issuer", "aud": "audience", "exp": exp, "roles": ["admin", "unheard of"]})
}

fn signed((algorithm, key, _): &Key, kid: Algorithm, claims: &Value) -> String {
    encode(&Header { kid: Some(format!("{kid:?}")), ..Header::new(*algorithm) }, claims, key).unwrap()
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
    for key in &keys {
        for (other, ..) in &keys {
            let token = signed(key, *other, &claims());
            // The second time, the process remembers the signature.
            for time in 1..=2 {
                let caller = caller(&bearer, &token).await;
                if key.0 == *other {
                    let caller = caller.unwrap();
                    assert_eq!((caller.subject.as_str(), caller.roles), ("somebody", [Role::Admin].into()));
                } else {
                    let expected = Unauthenticated::Invalid(TokenFault::OtherAlgorithm);
                    assert_eq!(caller.unwrap_err(), expected, "{:?} by {other:?}'s key, {time}", key.0);
                }
            }
        }
    }
    assert_eq!(bearer.verified.len(), 3, "what is bad is not kept");
}

#[tokio::test]
async fn a_claim_that_is_null_is_as_one_that_is_not_there() {
    let keys = keys();
    let bearer = published(&keys);
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        signed(&keys[2], Algorithm::EdDSA, &claims)
    };
    for name in ["roles", "teams", "org", "nbf"] {
        let caller = caller(&bearer, &with(name, Value::Null)).await.unwrap();
        let roles = std::collections::BTreeSet::from_iter((name != "roles").then_some(Role::Admin));
        assert_eq!((caller.roles, caller.teams, caller.org), (roles, Vec::new(), None), "{name}");
    }
    for (name, bad) in [
        ("roles", json!(7)),
        ("teams", json!([7])),
        ("org", json!(["a", "b"])),
        ("sub", Value::Null),
        ("exp", Value::Null),
    ] {
        let refused = caller(&bearer, &with(name, bad)).await.unwrap_err();
        assert_eq!(refused, Unauthenticated::Invalid(TokenFault::Claims), "{name}");
    }
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let keys = keys();
    let bearer = published(&keys);
    for (algorithm, _, jwk) in &keys {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(json!({"alg": "HS256", "kid": format!("{algorithm:?}")})), part(claims()));
        for secret in [jwk.to_string(), jwk["x"].as_str().or(jwk["n"].as_str()).unwrap().to_owned()] {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
            let signature = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, signed.as_bytes()));
            let token = format!("{signed}.{signature}");
            assert_eq!(caller(&bearer, &token).await.unwrap_err(), Unauthenticated::Invalid(TokenFault::Algorithm));
        }
    }
}

#[tokio::test]
async fn a_token_that_is_known_ends_as_if_it_were_not() {
    let keys = keys();
    let bearer = published(&keys);
    let now = NOW;
    let mut claims = claims();
    (claims["exp"], claims["nbf"]) = (json!(now.seconds() + 60), json!(now.seconds() - 60));
    let token = signed(&keys[2], Algorithm::EdDSA, &claims);
    caller(&bearer, &token).await.unwrap();
    let at = async |seconds: i64| {
        let then = Timestamp::from_millis((now.seconds() + seconds) * 1000);
        bearer.verify_at(&token, then).await.is_ok()
    };
    assert!(at(0).await && at(60).await && at(65).await, "the leeway is the same");
    assert!(!at(66).await, "over");
    assert!(at(-65).await && !at(-66).await, "not begun");
}

#[tokio::test]
async fn a_token_that_is_known_ends_with_its_key() {
    let all = keys();
    for (number, (algorithm, ..)) in all.iter().enumerate() {
        let mut bearer = published(&all);
        let token = signed(&all[number], *algorithm, &claims());
        caller(&bearer, &token).await.unwrap();
        // The key was withdrawn.
        let left: Vec<Key> = all.iter().filter(|(other, ..)| other != algorithm).cloned().collect();
        bearer.config.jwks = jwks(&left);
        let refused = async |bearer: &Bearer| caller(bearer, &token).await.unwrap_err();
        assert_eq!(refused(&bearer).await, Unauthenticated::Invalid(TokenFault::UnknownKey), "{algorithm:?}");
        // Another key has its name. The table has only one RSA key.
        if *algorithm != Algorithm::RS256 {
            bearer.config.jwks = jwks(&keys());
            assert_eq!(refused(&bearer).await, Unauthenticated::Invalid(TokenFault::Signature), "{algorithm:?}");
        }
        // The key is back.
        bearer.config.jwks = jwks(&all);
        caller(&bearer, &token).await.unwrap();
        assert_eq!(bearer.verified.len(), 1, "{algorithm:?}: what was known is replaced");
    }
}

#[tokio::test]
async fn one_character_makes_another_token() {
    let keys = keys();
    let bearer = published(&keys);
    let token = signed(&keys[2], Algorithm::EdDSA, &claims());
    caller(&bearer, &token).await.unwrap();
    for (at, old) in token.char_indices().filter(|(_, old)| *old != '.') {
        let other = if old == 'A' { "B" } else { "A" };
        let forged = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        assert!(caller(&bearer, &forged).await.is_err(), "the character {at}");
    }
    assert_eq!(bearer.verified.len(), 1);
    // Another user's, for good measure.
    let mut claims = claims();
    claims["sub"] = json!("somebodz");
    let other = signed(&keys[2], Algorithm::EdDSA, &claims);
    assert_eq!(caller(&bearer, &other).await.unwrap().subject, "somebodz");
    assert_eq!(caller(&bearer, &token).await.unwrap().subject, "somebody");
}

#[tokio::test]
async fn so_many_tokens_are_known_and_the_oldest_is_forgotten_first() {
    let keys = keys();
    let bearer = published(&keys);
    let mut tokens = Vec::new();
    for number in 0..MAX + 2 {
        let mut claims = claims();
        claims["sub"] = json!(format!("user {number}"));
        tokens.push(signed(&keys[2], Algorithm::EdDSA, &claims));
        assert_eq!(caller(&bearer, &tokens[number]).await.unwrap().subject, format!("user {number}"));
        assert_eq!(bearer.verified.len(), (number + 1).min(MAX));
    }
    let known = |number: usize| bearer.verified.get(&Fingerprint::of(&tokens[number])).is_some();
    assert!(!known(0) && !known(1) && (2..MAX + 2).all(known));
    caller(&bearer, &tokens[5]).await.unwrap();
    assert_eq!(bearer.verified.len(), MAX, "none is kept twice");
}

#[tokio::test]
async fn a_credential_of_another_kind_is_none_and_a_bearer_token_is_told_its_fault() {
    let bearer = published(&keys());
    for (value, expected) in [
        ("Basic dXNlcjpwYXNz", Unauthenticated::Missing),
        ("token", Unauthenticated::Missing),
        ("", Unauthenticated::Missing),
        ("Bearer", TokenFault::Malformed.into()),
        ("Bearer ", TokenFault::Malformed.into()),
        ("bearer x.y.z", TokenFault::Malformed.into()),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
        assert_eq!(bearer.caller(&headers).await.unwrap_err(), expected, "{value:?}");
    }
    assert_eq!(bearer.caller(&HeaderMap::new()).await.unwrap_err(), Unauthenticated::Missing);
}

#[tokio::test]
async fn nothing_is_said_of_claims_that_the_issuer_did_not_sign() {
    let bearer = published(&keys());
    let mut claims = claims();
    (claims["exp"], claims["iss"], claims["aud"]) = (json!(1), json!("x"), json!("x"));
    // Each call makes another key.
    let (_, foreign, _) = &keys()[2];
    let header = Header { kid: Some("EdDSA".into()), ..Header::new(Algorithm::EdDSA) };
    let token = encode(&header, &claims, foreign).unwrap();
    assert_eq!(caller(&bearer, &token).await.unwrap_err(), TokenFault::Signature.into());
}

/// Tokens as issuers make them: their header and claims, each file with its source and the parameters of a deployment.
const ISSUERS: [(&str, &str); 4] = [
    ("cognito", include_str!("../../../../testdata/tokens/cognito.json")),
    ("auth0", include_str!("../../../../testdata/tokens/auth0.json")),
    ("entra", include_str!("../../../../testdata/tokens/entra.json")),
    ("keycloak", include_str!("../../../../testdata/tokens/keycloak.json")),
];

/// A checker as the template's parameters make it, with the one key that signs for every issuer.
fn deployed(parameters: &Value, (_, _, jwk): &Key, kid: &str) -> Bearer {
    let parameter = |name: &str, default: &str| parameters[name].as_str().unwrap_or(default).to_owned();
    let claims = [
        ("RolesClaim", "roles"),
        ("TeamsClaim", "teams"),
        ("OrgClaim", "org"),
        ("AudienceClaim", "aud"),
        ("RoleNames", ""),
    ];
    let claims = claims.map(|(name, default)| parameter(name, default)).join(" ");
    // As Entra publishes its keys: without `alg`.
    let jwk = json!({"kty": "RSA", "use": "sig", "kid": kid, "n": jwk["n"], "e": jwk["e"]});
    Bearer::new(BearerConfig {
        issuer: parameter("JwtIssuer", ""),
        audience: parameter("JwtAudience", ""),
        claims: ClaimNames::parse(&claims).unwrap(),
        jwks: Jwks::parse(&json!({"keys": [jwk]}).to_string(), Clock::system()).unwrap(),
        namespace: Uuid::nil(),
        clock: ManualClock::new(NOW).clock(),
    })
}

#[tokio::test]
async fn tokens_as_issuers_make_them_say_who_calls() {
    let [rsa, ..] = keys();
    for (issuer, text) in ISSUERS {
        let fixture: Value = serde_json::from_str(text).unwrap();
        for (name, token) in fixture["tokens"].as_object().unwrap() {
            let header: Header = serde_json::from_value(token["header"].clone()).unwrap();
            let mut claims = token["claims"].clone();
            for (time, seconds) in [("exp", NOW.seconds() + 3600), ("iat", NOW.seconds()), ("nbf", NOW.seconds())] {
                if !claims[time].is_null() {
                    claims[time] = json!(seconds);
                }
            }
            let bearer = deployed(&fixture["parameters"], &rsa, header.kid.as_deref().unwrap());
            let read = caller(&bearer, &encode(&header, &claims, &rsa.1).unwrap()).await;
            let Some(expected) = token["caller"].as_object() else {
                assert!(matches!(read, Err(Unauthenticated::Invalid(_))), "{issuer}, {name}: {read:?}");
                continue;
            };
            let read = read.unwrap_or_else(|refused| panic!("{issuer}, {name}: {refused}"));
            let roles = expected["roles"].as_array().unwrap().iter();
            let roles = roles.map(|role| Role::named(role.as_str().unwrap()).unwrap()).collect();
            assert_eq!((read.roles, read.org.as_deref()), (roles, expected["org"].as_str()), "{issuer}, {name}");
            assert_eq!(read.subject, claims["sub"], "{issuer}, {name}");
            assert_eq!(read.user, UserId::from_external(&read.subject, Uuid::nil()), "{issuer}, {name}");
        }
    }
}

#[tokio::test]
async fn cognito_s_id_token_is_told_what_to_send_instead_and_is_taken_where_its_aud_is() {
    let [rsa, ..] = keys();
    let fixture: Value = serde_json::from_str(ISSUERS[0].1).unwrap();
    let token = &fixture["tokens"]["an ID token"];
    let header: Header = serde_json::from_value(token["header"].clone()).unwrap();
    let mut claims = token["claims"].clone();
    claims["exp"] = json!(NOW.seconds() + 3600);
    let signed = encode(&header, &claims, &rsa.1).unwrap();
    let mut parameters = fixture["parameters"].clone();
    let by_client = deployed(&parameters, &rsa, header.kid.as_deref().unwrap());
    assert_eq!(caller(&by_client, &signed).await.unwrap_err(), TokenFault::NotForAccess.into());
    // A deployment from before there was AudienceClaim.
    parameters["AudienceClaim"] = json!("aud");
    parameters["JwtAudience"] = claims["aud"].clone();
    let by_aud = deployed(&parameters, &rsa, header.kid.as_deref().unwrap());
    assert_eq!(caller(&by_aud, &signed).await.unwrap().roles, [Role::Admin].into());
}

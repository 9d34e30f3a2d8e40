//! Tokens as Cognito, Auth0, Entra ID and Keycloak make them, from the parameters of the page about each to a notification that
//! is accepted.

use std::fs;

use api::{Client, options, own, unique_email};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Method;
use ring::signature::{RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    jwt::{EncodingKey, Header, encode},
};

use crate::template;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const ISSUERS: [&str; 4] = ["auth0", "cognito", "entra", "keycloak"];

/// What is known of an issuer: the parameters of a deployment, and tokens.
fn fixture(issuer: &str) -> Value {
    let text = fs::read_to_string(format!("{ROOT}/shared/testdata/tokens/{issuer}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The parameters of the command in the page about an issuer.
fn parameters_of_the_page(issuer: &str) -> Vec<(String, String)> {
    let page = fs::read_to_string(format!("{ROOT}/functions/docs/issuers/{issuer}.md")).unwrap();
    let command = page.split("sam deploy --parameter-overrides").nth(1).unwrap().split("```").next().unwrap();
    let words = command.split_whitespace().filter(|word| *word != "\\");
    words.map(|word| word.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn signing_key() -> EncodingKey {
    EncodingKey::from_rsa_pem(&fs::read(format!("{ROOT}/shared/testdata/rsa-test-key.pem")).unwrap()).unwrap()
}

/// The issuer's keys, in which the test's key has each of these ids.
fn jwks<'a>(kids: impl Iterator<Item = &'a str>) -> String {
    let key = signing_key();
    let public = RsaKeyPair::from_der(key.as_bytes()).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(public.public());
    let [n, e] = [public.n, public.e].map(|number| URL_SAFE_NO_PAD.encode(number));
    let keys: Vec<_> = kids.map(|kid| json!({"kty": "RSA", "use": "sig", "kid": kid, "n": n, "e": e})).collect();
    json!({"keys": keys}).to_string()
}

/// The token, valid from now on.
fn signed(token: &Value) -> String {
    let header: Header = serde_json::from_value(token["header"].clone()).unwrap();
    let (mut claims, now) = (token["claims"].clone(), Clock::system().now().seconds());
    for (time, seconds) in [("exp", now + 3600), ("iat", now), ("nbf", now), ("auth_time", now)] {
        if !claims[time].is_null() {
            claims[time] = json!(seconds);
        }
    }
    encode(&header, &claims, &signing_key()).unwrap()
}

/// Creates a user and sends to that user. The status of the last answer.
async fn send(client: &Client, token: &str) -> u16 {
    let new = json!({"name": "Ada", "email": unique_email()});
    let user = client.json(Method::POST, "/api/v1/users", token, &new).await;
    if user.status != 201 {
        let challenge = user.header("www-authenticate");
        assert!(user.status != 401 || challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
        return user.status.as_u16();
    }
    let body = json!({"user_id": user.json()["id"], "channels": ["email"], "content": {"body": "It works"}});
    client.json(Method::POST, "/api/v1/notifications", token, &body).await.status.as_u16()
}

#[test]
fn each_page_names_parameters_that_there_are_and_those_of_the_tokens() {
    for issuer in ISSUERS {
        let of_page = parameters_of_the_page(issuer);
        let known = fixture(issuer)["parameters"].as_object().unwrap().clone();
        let known: Vec<_> = known.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
        let sorted = |mut parameters: Vec<(String, String)>| {
            parameters.sort();
            parameters
        };
        assert_eq!(sorted(of_page.clone()), sorted(known), "{issuer}");
        let given: Vec<_> = of_page.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        template::read(&given).unwrap_or_else(|error| panic!("{issuer}: {error}"));
        for name in ["JwtIssuer", "JwtAudience", "Jwks", "RoleNames"] {
            assert!(given.iter().any(|(given, _)| *given == name), "{issuer} does not say {name}");
        }
    }
}

#[tokio::test]
async fn from_each_issuer_s_token_to_a_notification_that_is_accepted() {
    for issuer in ISSUERS {
        let fixture = fixture(issuer);
        let tokens = fixture["tokens"].as_object().unwrap();
        let mut parameters = parameters_of_the_page(issuer);
        parameters.retain(|(name, _)| name != "Jwks");
        let mut kids: Vec<_> = tokens.values().map(|token| token["header"]["kid"].as_str().unwrap()).collect();
        kids.sort_unstable();
        kids.dedup();
        parameters.push(("Jwks".to_owned(), jwks(kids.into_iter())));
        let given: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (stack, client) = own(options(&given)).await;
        for (name, token) in tokens {
            let status = send(&client, &signed(token)).await;
            assert_eq!(json!(status), token["status"], "{issuer}, {name}");
        }
        // The issuer's word for it, signed by somebody else.
        let foreign = signed(&tokens["an application"]).rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
        assert_eq!(send(&client, &foreign).await, 401, "{issuer}");
        client.queues_empty().await;
        stack.shutdown().await;
    }
}

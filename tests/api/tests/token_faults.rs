//! A bearer token that is refused is told why, in `WWW-Authenticate` and in the log, in every dialect that takes one.

use std::fs;

use api::{Client, options, own};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use local::{
    demo::Demo,
    stack::{FunctionLogs, Options},
};
use reqwest::Method;
use serde_json::{Value, json};
use shared::http::auth::TokenFault;

/// An operation of a dialect.
struct Door {
    method: Method,
    route: &'static str,
    /// Whether the token is contract 3's user key.
    user_key: bool,
}

fn doors() -> Vec<Door> {
    let door = |method, route, user_key| Door { method, route, user_key };
    vec![
        door(Method::GET, "/api/v1/users/{id}", false),
        door(Method::GET, "/api/v1/users/{id}/preferences", false),
        door(Method::GET, "/api/v1/users/{id}/suppressions", false),
        door(Method::PUT, "/api/v1/users/{id}/preferences", false),
        door(Method::GET, "/settings/user", false),
        door(Method::POST, "/api/login", false),
        door(Method::GET, "/user/channels/{channel_id}/settings", true),
    ]
}

/// A token that is refused for this reason. `None` if the operation does not ask for it.
fn refused(demo: &Demo, fault: TokenFault, door: &Door, user: &str, erased: &str) -> Option<String> {
    let claims = |user| if door.user_key { demo.user_key_claims(user) } else { demo.claims(user) };
    let with = |claim: &str, value: Value| {
        let mut claims = claims(user);
        claims[claim] = value;
        demo.sign(&claims)
    };
    let good = demo.sign(&claims(user));
    let (signed, signature) = good.rsplit_once('.')?;
    let (_, payload) = signed.split_once('.')?;
    let under = |header: Value| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()));
    Some(match fault {
        TokenFault::Malformed => format!("{payload}.{signature}"),
        TokenFault::Algorithm => under(json!({"alg": "none"})),
        TokenFault::Critical => demo.sign_with(|header| header.crit = Some(vec!["exp".into()]), &claims(user)),
        TokenFault::UnknownKey => demo.sign_with(|header| header.kid = Some("another".into()), &claims(user)),
        TokenFault::OtherAlgorithm => under(json!({"alg": "ES256", "kid": "demo"})),
        TokenFault::Signature => {
            let other = if signature.starts_with('A') { "B" } else { "A" };
            format!("{signed}.{other}{}", &signature[1..])
        }
        TokenFault::Expired => with("exp", json!(1_700_000_000)),
        TokenFault::NotYetValid => with("nbf", json!(4_000_000_000_u64)),
        TokenFault::Issuer => with("iss", json!("https://somebody.example")),
        TokenFault::Audience => with("aud", json!("another")),
        TokenFault::Claims => with("roles", json!(7)),
        // Only a deployment that takes `client_id` for `aud` asks for it: `issuers` tests it there.
        TokenFault::NotForAccess => return None,
        TokenFault::Organisation if door.route == "/api/login" => with("org", Value::Null),
        TokenFault::Organisation => return None,
        TokenFault::Erased => demo.sign(&claims(erased)),
    })
}

async fn ask(client: &Client, door: &Door, known: &Value, user: &str, token: Option<&str>) -> api::Answer {
    let channel = known["channels"].as_object().unwrap().values().next().unwrap().as_str().unwrap();
    let path = door.route.replace("{id}", user).replace("{channel_id}", channel);
    let key = known["notiflows"]["api_key"].as_str().unwrap();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = Vec::new();
    if door.user_key {
        headers.push(("x-notiflows-api-key", key));
        headers.extend(token.map(|token| ("x-notiflows-user-key", token)));
    } else {
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    }
    let body = (door.method == Method::PUT).then(|| br#"{"preferences":{"email":true}}"#.to_vec());
    client.send(door.method.clone(), &path, &headers, body).await
}

#[tokio::test]
async fn every_reason_is_in_the_header_and_in_the_log_and_no_token_is() {
    let logs = std::env::temp_dir().join(format!("tidings-token-faults-{}", std::process::id()));
    let options = Options {
        logs: FunctionLogs::Directory(logs.clone()),
        ..options(&[("LogLevel", "info"), ("AnonymousPreferences", "redacted")])
    };
    let (stack, client) = own(options).await;
    let (demo, known) = (Demo::new().unwrap(), client.demo().await);
    let user = known["users"]["user"].as_str().unwrap();
    let erased = client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{erased}");
    let token = format!("Bearer {}", client.token("admin").await);
    let gone = client.send(Method::DELETE, &path, &[("authorization", &token)], None).await;
    assert_eq!(gone.status.as_u16(), 204);

    // What each request's line in the log must say, and what no line may say.
    let (mut expected, mut secrets) = (Vec::new(), Vec::new());
    for door in doors() {
        let route = format!("{} {}", door.method, door.route);
        for fault in TokenFault::ALL {
            let Some(token) = refused(&demo, *fault, &door, user, &erased) else { continue };
            let own = if *fault == TokenFault::Erased { &erased } else { user };
            let answer = ask(&client, &door, &known, own, Some(&token)).await;
            assert_eq!(answer.status.as_u16(), 401, "{route}, {fault:?}: {}", answer.text);
            let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{fault}\"");
            assert_eq!(answer.header("www-authenticate"), challenge, "{route}, {fault:?}");
            expected.push((answer.header("x-request-id").to_owned(), fault.to_string(), route.clone()));
            secrets.extend(token.split('.').filter(|part| part.len() > 20).map(str::to_owned));
        }
        // A request without a token learns the scheme and no error.
        if door.method != Method::PUT {
            let answer = ask(&client, &door, &known, user, None).await;
            assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, "Bearer"), "{route}");
        }
    }
    stack.shutdown().await;

    let files = fs::read_dir(&logs).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let text: String = files.collect();
    fs::remove_dir_all(&logs).unwrap();
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (request, reason, route) in expected {
        let of_it = |line: &&Value| line["span"]["request_id"] == *request && line["fields"]["reason"].is_string();
        let found: Vec<_> = lines.iter().filter(of_it).collect();
        let said: Vec<_> = found.iter().map(|line| (&line["fields"]["reason"], &line["span"]["route"])).collect();
        assert_eq!(said, [(&json!(reason), &json!(route))], "{request}");
    }
    for secret in secrets.iter().map(String::as_str).chain([user, &erased]) {
        assert!(!text.contains(secret), "{secret} is in the logs");
    }
}

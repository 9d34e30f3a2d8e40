//! Rights to read and to write settings.

use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{MERGED, ORGANIZATION, Person, USER, done, member, refused};

fn methods() -> [(Method, Value); 4] {
    [
        (Method::GET, Value::Null),
        (Method::PUT, json!({"a": 2})),
        (Method::POST, json!({"settings": {}})),
        (Method::DELETE, json!({"keys": ["a"]})),
    ]
}

#[tokio::test]
async fn without_a_good_token_it_is_401_and_nothing_happens() {
    let demo = Demo::new().unwrap();
    let person = Person::new();
    person.put(&json!({"a": 1})).await;
    let claims = demo.claims(&Uuid::new_v4().to_string());
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        demo.sign(&claims)
    };
    let parts: Vec<_> = person.token.split('.').collect();
    let none = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    let unsigned = format!("{}.{}.", parts[0], parts[1]);
    let other = demo.sign(&claims);
    let forged = format!("{}.{}.{}", parts[0], parts[1], other.split('.').nth(2).unwrap());
    // A token that is signed with the public key as if the key were an HMAC secret.
    let confused = format!("eyJhbGciOiJIUzI1NiIsImtpZCI6ImRlbW8ifQ.{}.{}", parts[1], parts[2]);
    let bad = [
        String::new(),
        "x".to_owned(),
        none,
        unsigned,
        forged,
        confused,
        with("exp", json!(1_000_000_000)),
        with("aud", json!("another")),
        with("iss", json!("https://another.example")),
        with("sub", json!("")),
    ];
    for token in bad {
        for path in [USER, ORGANIZATION] {
            for (method, body) in methods() {
                let answer = person.client.json(method, path, &token, &body).await;
                answer.is(401, json!({"success": false, "message": "Authentication required"}));
                assert!(
                    answer.header("www-authenticate").starts_with("Bearer"),
                    "{:?}",
                    answer.header("www-authenticate")
                );
            }
        }
    }
    // The caller is checked before the body is read.
    let answer = person.client.send(Method::PUT, USER, &[], Some(b"no JSON".to_vec())).await;
    assert_eq!(answer.status.as_u16(), 401);
    person.has(json!({"a": 1})).await;
}

#[tokio::test]
async fn everyone_has_settings_of_their_own() {
    let client = api::shared();
    for role in ["user", "admin", "broker", "photographer", "service"] {
        let own = Person { client: client.clone(), token: member("any", role), path: USER };
        own.put(&json!({"role": role})).await.is(200, done(MERGED));
        own.has(json!({"role": role})).await;
    }
    // A `sub` that is not a UUID is accepted, and the same `sub` always gets the same settings.
    let name = format!("sub-{}", Uuid::new_v4());
    Person::of(client.clone(), &name).put(&json!({"a": 1})).await.is(200, done(MERGED));
    Person::of(client, &name).has(json!({"a": 1})).await;
}

#[tokio::test]
async fn members_read_the_organization_s_settings_and_its_admin_writes() {
    let org = format!("org-{}", Uuid::new_v4());
    let client = api::shared();
    let admin = Person { client: client.clone(), token: member(&org, "admin"), path: ORGANIZATION };
    admin.put(&json!({"a": 1})).await;
    for role in ["user", "broker", "photographer", "service", "unknown"] {
        let token = member(&org, role);
        for (method, body) in methods() {
            let answer = client.json(method.clone(), ORGANIZATION, &token, &body).await;
            if method == Method::GET {
                assert_eq!(answer.status.as_u16(), 200);
            } else {
                let error = refused(&answer, 403, "You may not do this");
                assert_eq!(error, "Only an admin may change the organization's settings");
            }
        }
    }
    admin.has(json!({"a": 1})).await;
}

#[tokio::test]
async fn who_belongs_to_no_organization_has_none_to_read_or_write() {
    let demo = Demo::new().unwrap();
    for org in [Value::Null, json!(""), json!("x".repeat(1025))] {
        let mut claims = demo.claims(&Uuid::new_v4().to_string());
        claims["org"] = org;
        claims["roles"] = json!(["admin"]);
        let token = demo.sign(&claims);
        for (method, body) in methods() {
            let answer = api::shared().json(method, ORGANIZATION, &token, &body).await;
            assert_eq!(refused(&answer, 403, "You may not do this"), "The access token names no organization");
        }
    }
}

//! Rights: users have them for themselves, `admin` for everybody, `broker` and `photographer` for the members of their
//! teams.

use api::shared;
use local::demo::Demo;
use reqwest::Method;
use serde_json::json;

use super::{UNKNOWN, defaults, own, patch, path, refused, token, user, with};

#[tokio::test]
async fn users_have_their_own_and_an_admin_everybody_s() {
    let client = shared();
    let (id, path) = user(&client).await;
    let admin = client.token("admin").await;
    patch(&client, &path, &own(&id), &json!({"theme": "dark"})).await.is(200, with(json!({"theme": "dark"})));
    patch(&client, &path, &admin, &json!({"theme": "light"})).await.is(200, with(json!({"theme": "light"})));
    for stranger in [token("someone-else", &["user"], &[]), token("app", &["service"], &[]), token("x", &[], &[])] {
        refused(&patch(&client, &path, &stranger, &json!({"theme": "dark"})).await, "role_forbidden", &json!([]));
        refused(&client.get(&path, &stranger).await, "role_forbidden", &json!([]));
        // The right is checked before the body and before the user's existence.
        refused(&patch(&client, &path, &stranger, &json!([])).await, "role_forbidden", &json!([]));
        refused(&client.get(&super::path(UNKNOWN), &stranger).await, "role_forbidden", &json!([]));
    }
    client.get(&path, &own(&id)).await.is(200, with(json!({"theme": "light"})));
}

#[tokio::test]
async fn managers_have_the_members_of_their_teams() {
    let client = shared();
    let (id, path) = user(&client).await;
    let admin = client.token("admin").await;
    let teams = json!({"teams": ["north", "south"]});
    client.json(Method::PUT, &format!("/api/v1/users/{id}"), &admin, &teams).await;
    for role in ["broker", "photographer"] {
        let manager = token("a-manager", &[role], &["east", "south"]);
        let answer = patch(&client, &path, &manager, &json!({"measurement_unit": "metric"})).await;
        answer.is(200, with(json!({"measurement_unit": "metric"})));
        client.get(&path, &manager).await.is(200, with(json!({"measurement_unit": "metric"})));
        patch(&client, &path, &manager, &json!({})).await.is(200, with(json!({"measurement_unit": "metric"})));

        let version = client.get(&path, &admin).await.version();
        for outside in [token("m", &[role], &["east"]), token("m", &[role], &["nort"]), token("m", &[role], &[])] {
            for body in [json!({"theme": "dark"}), json!({})] {
                refused(&patch(&client, &path, &outside, &body).await, "role_forbidden", &json!([]));
            }
            refused(&client.get(&path, &outside).await, "role_forbidden", &json!([]));
        }
        let read = client.get(&path, &admin).await;
        assert_eq!((read.version(), read.json()), (version, with(json!({"measurement_unit": "metric"}))));
    }
}

#[tokio::test]
async fn a_manager_who_names_an_unknown_or_erased_user_gets_403() {
    let client = shared();
    let (id, gone) = user(&client).await;
    let admin = client.token("admin").await;
    client.json(Method::PUT, &format!("/api/v1/users/{id}"), &admin, &json!({"teams": ["north"]})).await;
    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &admin, &json!(null)).await;
    let manager = token("a-manager", &["broker"], &["north"]);
    for path in [path(UNKNOWN), gone] {
        for body in [json!({"theme": "dark"}), json!({})] {
            refused(&patch(&client, &path, &manager, &body).await, "role_forbidden", &json!([]));
        }
        refused(&client.get(&path, &manager).await, "role_forbidden", &json!([]));
    }
}

#[tokio::test]
async fn a_manager_s_stale_if_match_is_told_only_within_the_team() {
    let client = shared();
    let (id, path) = user(&client).await;
    let admin = client.token("admin").await;
    client.json(Method::PUT, &format!("/api/v1/users/{id}"), &admin, &json!({"teams": ["north"]})).await;
    for (team, code) in [("north", "precondition_failed"), ("south", "role_forbidden")] {
        let bearer = format!("Bearer {}", token("a-manager", &["broker"], &[team]));
        let headers = [("authorization", bearer.as_str()), ("if-match", "\"7\"")];
        let answer = client.send(Method::PATCH, &path, &headers, Some(br#"{"theme":"dark"}"#.to_vec())).await;
        refused(&answer, code, &json!([]));
    }
}

#[tokio::test]
async fn a_manager_of_very_many_teams_is_answered() {
    let client = shared();
    let (id, path) = user(&client).await;
    let admin = client.token("admin").await;
    client.json(Method::PUT, &format!("/api/v1/users/{id}"), &admin, &json!({"teams": ["a-000"]})).await;
    let teams: Vec<_> = (0..200).map(|n| format!("a-{n:03}-{}", "x".repeat(if n == 0 { 0 } else { 100 }))).collect();
    let mut teams: Vec<_> = teams.iter().map(String::as_str).collect();
    teams[0] = "a-000";
    let manager = token("a-manager", &["broker"], &teams);
    patch(&client, &path, &manager, &json!({"theme": "dark"})).await.is(200, with(json!({"theme": "dark"})));
}

#[tokio::test]
async fn without_a_good_token_it_is_401_even_where_channel_preferences_need_none() {
    let client = shared();
    let (id, path) = user(&client).await;
    let demo = Demo::new().unwrap();
    let good = own(&id);
    let parts: Vec<_> = good.split('.').collect();
    let (claims, signature) = (parts[1], parts[2]);
    let mut expired = demo.claims(&id);
    expired["exp"] = json!(1_700_000_000);
    let forged = format!("{}.{claims}.{}", parts[0], signature.chars().rev().collect::<String>());
    for bad in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer x.y.z".to_owned(),
        format!("Basic {good}"),
        format!("Bearer {}", demo.sign(&expired)),
        format!("Bearer {forged}"),
        // `{"alg":"none"}` and `{"alg":"HS256","kid":"demo"}`.
        format!("Bearer eyJhbGciOiJub25lIn0.{claims}."),
        format!("Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImRlbW8ifQ.{claims}.{signature}"),
    ] {
        let headers: &[(&str, &str)] = if bad.is_empty() { &[] } else { &[("authorization", &bad)] };
        for (method, body) in [(Method::PATCH, Some(br#"{"theme":"dark"}"#.to_vec())), (Method::GET, None)] {
            let answer = client.send(method, &path, headers, body).await;
            refused(&answer, "auth_required", &json!([]));
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{:?}", answer.header("www-authenticate"));
        }
    }
    client.get(&path, &good).await.is(200, defaults());
}

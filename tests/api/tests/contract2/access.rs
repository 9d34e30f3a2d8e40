//! Only the user and the site admin of the user's organisation have rights over the user's settings. Everybody else
//! gets 401.

use reqwest::Method;
use serde_json::json;

use super::{Acme, JSON, Visitor, all_groups, bearer, is_unauthorized, log_in, new_user};

#[tokio::test]
async fn rights_are_the_contract_s() {
    let acme = Acme::new().await;
    let stranger = Acme::new().await;
    let (colleague, _) = new_user(&acme.client, &acme.org).await;
    let client = &acme.client;
    let of = async |sub: &str, role: &str| Visitor::log_in(client, sub, role, &acme.org).await;
    // The user and the site admin; then a colleague, every other role, and both callers of another organisation.
    let callers = [
        (acme.user.clone(), true, false),
        (acme.admin.clone(), true, true),
        (of(&colleague, "user").await, false, false),
        (of("app", "service").await, false, false),
        (of("a-broker", "broker").await, false, false),
        (of("a-photographer", "photographer").await, false, false),
        (stranger.user.clone(), false, false),
        (stranger.admin.clone(), false, false),
    ];
    for (index, (caller, touches, rules)) in callers.iter().enumerate() {
        for (method, path, right) in [
            (Method::PUT, acme.path(), *touches),
            (Method::GET, acme.path(), *touches),
            (Method::PUT, acme.business(), *rules),
            (Method::GET, acme.business(), *rules),
        ] {
            let answer = caller.send(client, method.clone(), &path, &[JSON], "{}").await;
            let expected = if right { 200 } else { 401 };
            assert_eq!(answer.status.as_u16(), expected, "{index}: {method} {path}: {}", answer.text);
        }
        // The answer is the same when the caller sends the session under the cookie name of the organisation in the
        // path.
        let renamed = Visitor { org: acme.org.clone(), ..caller.clone() };
        let answer = renamed.send(client, Method::GET, &acme.path(), &[], "").await;
        assert_eq!(answer.status == 200, *touches, "{index}: {}", answer.text);
    }
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
}

#[tokio::test]
async fn a_site_admin_of_another_organisation_has_no_right_over_its_users() {
    let (acme, other) = (Acme::new().await, Acme::new().await);
    // The path names a user of the other organisation by an id that exists in the first one.
    let path = format!("/api/users/{}.{}/settings", acme.id, other.org);
    for body in [json!({"OptedNotification": []}), json!({"Email": acme.email}), json!({})] {
        is_unauthorized(&other.admin.put(&acme.client, &path, &body).await);
    }
    is_unauthorized(&other.admin.get(&acme.client, &path).await);
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
}

#[tokio::test]
async fn without_a_cookie_nothing_is_told() {
    let acme = Acme::new().await;
    let unknown = format!("/api/users/00000000-0000-4000-8000-000000000000.{}/settings", acme.org);
    for path in [acme.path(), unknown.clone(), acme.business(), "/api/notifications/types".into()] {
        for method in [Method::GET, Method::PUT] {
            if method == Method::PUT && path.ends_with("types") {
                continue;
            }
            is_unauthorized(&acme.client.send(method.clone(), &path, &[JSON], Some(b"no json".to_vec())).await);
            // A credential of contract 1 does not count here.
            let token = bearer(&acme.id, "admin", &acme.org);
            is_unauthorized(&acme.client.json(method, &path, &token, &json!({})).await);
        }
    }
    // A site admin is not told either that there is no such user.
    is_unauthorized(&acme.admin.put(&acme.client, &unknown, &json!({"OptedNotification": []})).await);
    is_unauthorized(&acme.admin.get(&acme.client, &unknown).await);
}

#[tokio::test]
async fn odd_ids_are_nobody_s() {
    let acme = Acme::new().await;
    let long = "a".repeat(5000);
    for odd in [&acme.id, &format!("{}.", acme.id), &format!("x.{}", acme.org), "%00.x", "%F0%9F%99%82", &long] {
        let path = format!("/api/users/{odd}/settings");
        is_unauthorized(&acme.user.send(&acme.client, Method::PUT, &path, &[JSON], "{}").await);
        is_unauthorized(&acme.user.get(&acme.client, &path).await);
    }
    // The path is decoded once: `%2e` is the user's id in another spelling, and `%252e` is nobody's id.
    let escaped = |mark: &str| format!("/api/users/{}{mark}2e{}/settings", acme.id, acme.org);
    assert_eq!(acme.user.get(&acme.client, &escaped("%")).await.status, 200);
    is_unauthorized(&acme.user.get(&acme.client, &escaped("%25")).await);
}

#[tokio::test]
async fn an_erased_user_s_session_proves_nothing_any_more() {
    let acme = Acme::new().await;
    let admin = bearer("the-admin", "admin", &acme.org);
    let erased = acme.client.json(Method::DELETE, &format!("/api/v1/users/{}", acme.id), &admin, &json!(null)).await;
    assert_eq!(erased.status, 204);
    for visitor in [&acme.user, &acme.admin] {
        is_unauthorized(&visitor.put(&acme.client, &acme.path(), &json!({"OptedNotification": []})).await);
        is_unauthorized(&visitor.put(&acme.client, &acme.path(), &json!({})).await);
        is_unauthorized(&visitor.get(&acme.client, &acme.path()).await);
    }
    is_unauthorized(&acme.user.send(&acme.client, Method::POST, "/api/login/renewToken", &[], "").await);
    is_unauthorized(&log_in(&acme.client, &bearer(&acme.id, "user", &acme.org)).await);
}

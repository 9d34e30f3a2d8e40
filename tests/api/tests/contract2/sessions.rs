//! Sessions that have expired, are forged, or belong to another user.

use std::time::Duration;

use local::demo::DEPLOYMENT_SECRET;
use reqwest::Method;
use serde_json::json;
use shared::{
    clock::Clock,
    domain::{Fedmember, Timestamp, UserId},
    http::auth::session::{LIFETIME, Session, SessionKeys},
};
use uuid::Uuid;

use super::{Acme, JSON, Visitor, all_groups, is_text, is_unauthorized};

/// A session of the user that was signed this long ago, with keys that are derived from `secret`.
pub fn signed(acme: &Acme, secret: &str, ago: Duration) -> Visitor {
    let keys = SessionKeys::derive(secret).unwrap();
    let then = Timestamp::from_millis(Clock::system().now().millis() - i64::try_from(ago.as_millis()).unwrap());
    let org = Fedmember::parse(&acme.org).unwrap();
    let issued = keys.issue(&Session::begin(UserId::parse(&acme.id).unwrap(), org, false, then, Uuid::nil()));
    Visitor { org: acme.org.clone(), token: issued.auth_cookie().1, csrf: issued.csrf_cookie().1.to_owned() }
}

#[tokio::test]
async fn a_session_ends_after_thirty_minutes() {
    let acme = Acme::new().await;
    let nearly = signed(&acme, DEPLOYMENT_SECRET, LIFETIME - Duration::from_secs(60));
    is_text(&nearly.put(&acme.client, &acme.path(), &json!({})).await, 200, &acme.user_id());
    let over = signed(&acme, DEPLOYMENT_SECRET, LIFETIME);
    is_unauthorized(&over.put(&acme.client, &acme.path(), &json!({"OptedNotification": []})).await);
    is_unauthorized(&over.get(&acme.client, &acme.path()).await);
    is_unauthorized(&over.send(&acme.client, Method::POST, "/api/login/renewToken", &[], "").await);
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
}

#[tokio::test]
async fn a_forged_session_is_none() {
    let acme = Acme::new().await;
    let forged = signed(&acme, "somebody else's secret of enough bytes", Duration::ZERO);
    is_unauthorized(&forged.put(&acme.client, &acme.path(), &json!({"OptedNotification": []})).await);
    let good = &acme.user.token;
    let (claims, signature) = good.trim_start_matches("TokenID%3D").split_once('.').unwrap();
    let (admin_claims, _) = acme.admin.token.trim_start_matches("TokenID%3D").split_once('.').unwrap();
    let bearer = super::bearer(&acme.id, "user", &acme.org);
    for token in [
        String::new(),
        "TokenID%3D".into(),
        format!("TokenID%3D{claims}"),
        format!("TokenID%3D{claims}."),
        format!("TokenID%3D{admin_claims}.{signature}"),
        format!("TokenID%3D{claims}.{}", acme.user.csrf),
        format!("TokenID%253D{claims}.{signature}"),
        format!("{claims}.{signature}"),
        format!("TokenID%3D{bearer}"),
        bearer,
    ] {
        let visitor = Visitor { token: token.clone(), ..acme.user.clone() };
        is_unauthorized(&visitor.get(&acme.client, &acme.path()).await);
        is_unauthorized(&visitor.send(&acme.client, Method::PUT, &acme.path(), &[JSON], "{}").await);
    }
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
}

#[tokio::test]
async fn two_different_sessions_in_one_request_are_none() {
    let acme = Acme::new().await;
    let (user, admin) = (&acme.user, &acme.admin);
    let name = format!("AtmoAuthToken_{}", acme.org);
    let with = async |method: Method, path: &str, tokens: &[&str]| {
        let cookie: Vec<_> = tokens.iter().map(|token| format!("{name}={token}")).collect();
        acme.client.send(method, path, &[("cookie", cookie.join("; ").as_str())], None).await
    };
    let (path, good) = (acme.path(), user.token.as_str());
    for (tokens, status) in [
        (vec![good], 200),
        (vec![good, good], 200),
        (vec!["TokenID%3Dold.cookie", good], 200),
        (vec![good, admin.token.as_str()], 401),
        (vec![admin.token.as_str(), "x", good], 401),
    ] {
        assert_eq!(with(Method::GET, &path, &tokens).await.status, status, "{tokens:?}");
        assert_eq!(with(Method::POST, "/api/login/renewToken", &tokens).await.status, status, "{tokens:?}");
    }
    // On a path that names no organisation, sessions of two are two.
    let other = Acme::new().await;
    let cookie = format!("{name}={good}; AtmoAuthToken_{}={}", other.org, other.user.token);
    let renewed = acme.client.send(Method::POST, "/api/login/renewToken", &[("cookie", &cookie)], None).await;
    is_unauthorized(&renewed);
    assert_eq!(acme.client.send(Method::GET, &path, &[("cookie", &cookie)], None).await.status, 200);
}

#[tokio::test]
async fn the_token_is_taken_as_it_stands_and_decoded() {
    let acme = Acme::new().await;
    for (from, to) in [("%3D", "="), ("%3D", "%3d")] {
        let visitor = Visitor { token: acme.user.token.replace(from, to), ..acme.user.clone() };
        is_text(&visitor.put(&acme.client, &acme.path(), &json!({})).await, 200, &acme.user_id());
    }
}

#[tokio::test]
async fn a_session_or_csrf_value_is_never_a_bearer_token() {
    let acme = Acme::new().await;
    let bare = acme.admin.token.trim_start_matches("TokenID%3D");
    for token in [acme.admin.token.as_str(), bare, &acme.admin.csrf, &format!("{bare}.{}", acme.admin.csrf)] {
        let answer = acme.client.get(&format!("/api/v1/users/{}", acme.id), token).await;
        assert_eq!(answer.status, 401, "{}", answer.text);
        is_unauthorized(&super::log_in(&acme.client, token).await);
    }
}

#[tokio::test]
async fn the_demo_s_sessions_are_good() {
    let client = api::Client::new(super::stack().url());
    let akana = client.demo().await["akana"].clone();
    let text = |name: &str| akana[name].as_str().unwrap().to_owned();
    let path = format!("/api/users/{}/settings", text("user_id"));
    for (cookie, csrf) in [("cookie", "csrf_token"), ("admin_cookie", "admin_csrf_token")] {
        let (cookie, csrf, header) = (text(cookie), text(csrf), text("csrf_header"));
        let headers = [("cookie", cookie.as_str()), (header.as_str(), csrf.as_str()), JSON];
        let answer = client.send(Method::PUT, &path, &headers, Some(b"{}".to_vec())).await;
        is_text(&answer, 200, &text("user_id"));
    }
}

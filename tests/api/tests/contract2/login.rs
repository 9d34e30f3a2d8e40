//! `POST /api/login`, `/api/login/renewToken` and `/api/login/logout`.

use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Acme, Visitor, bearer, is_text, is_unauthorized, log_in, value_of};

#[tokio::test]
async fn a_log_in_sets_both_cookies() {
    let acme = Acme::new().await;
    let answer = log_in(&acme.client, &bearer(&acme.id, "user", &acme.org)).await;
    let expires = answer.json()["Expires"].clone();
    answer.is(200, json!({"UserID": acme.user_id(), "Expires": expires}));
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = value_of(&answer, &format!("AtmoAuthToken_{}=TokenID%3D", acme.org));
    let csrf = value_of(&answer, &format!("Csrf-Token_{}=", acme.org));
    let attributes = |cookie: &str| cookie.split_once("; ").unwrap().1.to_owned();
    assert_eq!(attributes(&session), "Path=/; Max-Age=1800; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(attributes(&csrf), "Path=/; Max-Age=1800; Secure; SameSite=Lax");
}

#[tokio::test]
async fn a_bearer_token_that_proves_nothing_or_names_no_organisation_is_401() {
    let acme = Acme::new().await;
    let good = bearer(&acme.id, "user", &acme.org);
    is_unauthorized(&acme.client.send(Method::POST, "/api/login", &[], None).await);
    for token in
        ["", "x.y.z", &good[..good.len() - 4], &bearer(&acme.id, "user", ""), &bearer(&acme.id, "user", "a b;c")]
    {
        is_unauthorized(&log_in(&acme.client, token).await);
    }
    let demo = Demo::new().unwrap();
    for (claim, value) in [("exp", json!(1_700_000_000)), ("org", Value::Null), ("aud", json!("another"))] {
        let mut claims = demo.claims(&acme.id);
        claims[claim] = value;
        is_unauthorized(&log_in(&acme.client, &demo.sign(&claims)).await);
    }
    // The identity provider of another organisation has no say about this organisation's users.
    is_unauthorized(&log_in(&acme.client, &bearer(&acme.id, "user", "elsewhere")).await);
}

#[tokio::test]
async fn a_renewed_session_is_a_new_one_with_a_new_csrf_value() {
    let acme = Acme::new().await;
    let cookie = acme.user.cookie();
    let renew =
        async |cookie: &str| acme.client.send(Method::POST, "/api/login/renewToken", &[("cookie", cookie)], None).await;
    let answer = renew(&cookie).await;
    let expires = answer.json()["Expires"].clone();
    answer.is(200, json!({"UserID": acme.user_id(), "Expires": expires}));
    let value = |name: &str| value_of(&answer, &format!("{name}_{}=", acme.org)).split(';').next().unwrap().to_owned();
    let renewed = Visitor { org: acme.org.clone(), token: value("AtmoAuthToken"), csrf: value("Csrf-Token") };
    assert!(renewed.token != acme.user.token && renewed.csrf != acme.user.csrf);
    is_text(&renewed.put(&acme.client, &acme.path(), &json!({})).await, 200, &acme.user_id());
    // Renewing a session does not make a user the site admin.
    is_unauthorized(&renewed.get(&acme.client, &acme.business()).await);
    for bad in ["", "a=b", &format!("AtmoAuthToken_{}=TokenID%3Dx.y", acme.org), "AtmoAuthToken_elsewhere=x"] {
        is_unauthorized(&renew(bad).await);
    }
}

#[tokio::test]
async fn a_log_out_clears_both_cookies() {
    let acme = Acme::new().await;
    let answer = acme.client.send(Method::POST, "/api/login/logout", &[("cookie", &acme.user.cookie())], None).await;
    answer.is(200, json!({}));
    let cleared = |name: &str| value_of(&answer, &format!("{name}_{}=", acme.org));
    assert_eq!(cleared("AtmoAuthToken"), "; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(cleared("Csrf-Token"), "; Path=/; Max-Age=0; Secure; SameSite=Lax");
    is_unauthorized(&acme.client.send(Method::POST, "/api/login/logout", &[], None).await);
}

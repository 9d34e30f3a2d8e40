//! The address: a change moves it as in contract 1, unless the business's settings forbid changes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::contract3::{Operator, external_id, is_error, user_path};

use super::{Acme, CUSTOM, all_groups, bearer, is_text, is_unauthorized, new_user};

const OFF: &str = "com.soa.feature.disabled";

async fn profile(acme: &Acme) -> Value {
    acme.client.get(&format!("/api/v1/users/{}", acme.id), &bearer("the-admin", "admin", &acme.org)).await.json()
}

#[tokio::test]
async fn an_address_that_changes_is_the_user_s_everywhere_and_the_old_one_is_free() {
    let acme = Acme::new().await;
    let new = format!("new-{}", acme.email);
    let answer = acme.put(json!({"Email": new, "OptedNotification": [CUSTOM]})).await;
    is_text(&answer, 200, &acme.user_id());
    assert_eq!(answer.version(), 2);
    assert_eq!(profile(&acme).await["email"], new);
    assert_eq!(acme.settings().await.0["OptedNotification"], json!([CUSTOM]));
    let create = async |email: &str| {
        let body = json!({"name": "Next", "email": email});
        let token = bearer("the-admin", "admin", &acme.org);
        acme.client.json(Method::POST, "/api/v1/users", &token, &body).await.status.as_u16()
    };
    assert_eq!((create(&new).await, create(&acme.email).await), (409, 201));
}

#[tokio::test]
async fn an_address_that_another_has_is_409_and_nothing_is_written() {
    let acme = Acme::new().await;
    let (_, taken) = new_user(&acme.client, &acme.org).await;
    let answer = acme.put(json!({"Email": taken, "OptedNotification": []})).await;
    is_text(&answer, 409, "A user with this email already exists");
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
}

#[tokio::test]
async fn a_user_who_may_not_change_it_may_send_the_address_he_has() {
    let acme = Acme::new().await;
    acme.secure(json!({"UserModifyEmail": OFF})).await;
    let answer = acme.put(json!({"Email": acme.email, "OptedNotification": [CUSTOM]})).await;
    is_text(&answer, 200, &acme.user_id());
    is_text(&acme.put(json!({"OptedNotification": []})).await, 200, &acme.user_id());
    is_text(&acme.put(json!({})).await, 200, &acme.user_id());
    let before = acme.settings().await;
    for other in [format!("new-{}", acme.email), acme.email.to_uppercase()] {
        is_unauthorized(&acme.put(json!({"Email": other, "OptedNotification": [CUSTOM]})).await);
        is_unauthorized(&acme.put(json!({"Email": other})).await);
    }
    assert_eq!(acme.settings().await, before);
}

#[tokio::test]
async fn the_site_admin_may_change_it_where_the_user_may_not() {
    let acme = Acme::new().await;
    acme.secure(json!({"UserModifyEmail": OFF})).await;
    let new = format!("new-{}", acme.email);
    is_text(&acme.admin.put(&acme.client, &acme.path(), &json!({"Email": new})).await, 200, &acme.user_id());
    assert_eq!(profile(&acme).await["email"], new);
}

#[tokio::test]
async fn a_site_admin_who_may_not_change_it_is_refused_and_the_user_is_not() {
    let acme = Acme::new().await;
    acme.secure(json!({"SiteAdminModifyEmail": OFF})).await;
    let new = format!("new-{}", acme.email);
    is_unauthorized(&acme.admin.put(&acme.client, &acme.path(), &json!({"Email": new, "OptedNotification": []})).await);
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
    let same = json!({"Email": acme.email, "OptedNotification": []});
    is_text(&acme.admin.put(&acme.client, &acme.path(), &same).await, 200, &acme.user_id());
    is_text(&acme.put(json!({"Email": new})).await, 200, &acme.user_id());
}

#[tokio::test]
async fn the_business_s_rule_holds_wherever_an_address_is_changed() {
    let acme = Acme::new().await;
    let operator = Operator::of(acme.client.clone()).await;
    let user = format!("/api/v1/users/{}", acme.id);
    let (own, admin) = (bearer(&acme.id, "user", &acme.org), bearer("the-admin", "admin", &acme.org));
    let put = async |token: &str, email: &str| {
        acme.client.json(Method::PUT, &user, token, &json!({"name": "New", "email": email})).await
    };
    let by_key = async |email: &str| {
        operator.send(Method::PUT, &format!("/admin/v1/users/{}", acme.id), json!({"email": email})).await
    };
    let refused =
        json!({"statusCode": 403, "message": "The user's organisation does not allow this address to be changed"});
    let new = |number: usize| format!("new-{number}-{}", acme.email);

    acme.secure(json!({"UserModifyEmail": OFF})).await;
    put(&own, &new(1)).await.is(403, refused.clone());
    assert_eq!(
        (profile(&acme).await["email"].clone(), profile(&acme).await["name"] == "New"),
        (json!(acme.email), false)
    );
    assert_eq!(put(&own, &acme.email).await.status.as_u16(), 200, "the address that he has");
    assert_eq!(put(&admin, &new(2)).await.status.as_u16(), 200);
    let changed = by_key(&new(3)).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);

    acme.secure(json!({"UserModifyEmail": "com.soa.feature.enabled", "SiteAdminModifyEmail": OFF})).await;
    put(&admin, &new(4)).await.is(403, refused);
    is_error(&by_key(&new(4)).await, 403, "forbidden", json!({}));
    assert_eq!(profile(&acme).await["email"], new(3));
    assert_eq!(put(&own, &new(5)).await.status.as_u16(), 200);
}

#[tokio::test]
async fn an_address_that_contract_1_changes_is_nobody_else_s_whoever_made_the_user() {
    let acme = Acme::new().await;
    let operator = Operator::of(acme.client.clone()).await;
    // Contract 3 knows no uniqueness: its user may have an address that is another's.
    let path = user_path(&external_id());
    let made = operator.send(Method::PUT, &path, json!({"email": acme.email})).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let user = format!("/api/v1/users/{}", made.json()["id"].as_str().unwrap());
    let admin = acme.client.token("admin").await;
    let put = async |email: &str| acme.client.json(Method::PUT, &user, &admin, &json!({"email": email})).await;
    assert_eq!(put(&acme.email).await.status.as_u16(), 200, "the address stays");
    let (_, taken) = new_user(&acme.client, &acme.org).await;
    put(&taken).await.is(409, json!({"statusCode": 409, "message": "A user with this email already exists"}));
    let free = format!("free-{}", acme.email);
    assert_eq!(put(&free).await.json()["email"], free);
    let create = async || {
        let body = json!({"name": "Next", "email": free});
        acme.client.json(Method::POST, "/api/v1/users", &admin, &body).await.status.as_u16()
    };
    assert_eq!(create().await, 409);
    // It moves with the user from then on, whichever contract changes it.
    let moved = operator.send(Method::PUT, &path, json!({"email": format!("next-{}", acme.email)})).await;
    assert_eq!(moved.status.as_u16(), 200, "{}", moved.text);
    assert_eq!(create().await, 201);
}

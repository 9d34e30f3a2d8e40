//! The address: a change moves it as in contract 1, unless the business's settings forbid changes.

use reqwest::Method;
use serde_json::{Value, json};

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

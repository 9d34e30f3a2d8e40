//! The CSRF header: the business's security settings say which requests need it.

use reqwest::Method;
use serde_json::json;

use super::{Acme, JSON, Visitor, all_groups, is_text, is_unauthorized};

const ON: &str = "com.soa.feature.enabled";
const OFF: &str = "com.soa.feature.disabled";

/// Sends an opt-out of all groups with these headers besides the cookie.
async fn put(acme: &Acme, visitor: &Visitor, headers: &[(&str, &str)]) -> api::Answer {
    let cookie = visitor.cookie();
    let own = [("cookie", cookie.as_str()), JSON];
    let body = Some(br#"{"OptedNotification":[]}"#.to_vec());
    acme.client.send(Method::PUT, &acme.path(), &[&own, headers].concat(), body).await
}

#[tokio::test]
async fn a_write_without_the_header_or_with_a_wrong_one_is_401_by_default() {
    let acme = Acme::new().await;
    let header = acme.user.csrf_header();
    let again = Visitor::log_in(&acme.client, &acme.id, "user", &acme.org).await;
    is_unauthorized(&put(&acme, &acme.user, &[]).await);
    let wrong = format!("x{}", acme.user.csrf);
    for value in ["", "x", &wrong, &acme.user.token, &acme.admin.csrf, &again.csrf] {
        is_unauthorized(&put(&acme, &acme.user, &[(&header, value)]).await);
    }
    is_unauthorized(&put(&acme, &acme.user, &[("X-Csrf-Token", &acme.user.csrf)]).await);
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
    is_text(&put(&acme, &acme.user, &[(&header, &acme.user.csrf)]).await, 200, &acme.user_id());
}

#[tokio::test]
async fn a_business_can_do_without_it_on_writes() {
    let acme = Acme::new().await;
    acme.secure(json!({"WriteRequestCSRFSupport": OFF})).await;
    is_text(&put(&acme, &acme.user, &[]).await, 200, &acme.user_id());
    is_text(&put(&acme, &acme.user, &[(&acme.user.csrf_header(), "wrong")]).await, 200, &acme.user_id());
    acme.secure(json!({"WriteRequestCSRFSupport": ON})).await;
    is_unauthorized(&put(&acme, &acme.user, &[]).await);
}

#[tokio::test]
async fn a_business_can_ask_for_it_on_reads() {
    let acme = Acme::new().await;
    let paths = [acme.path(), "/api/notifications/types".to_owned()];
    for path in &paths {
        assert_eq!(acme.user.get(&acme.client, path).await.status, 200);
    }
    acme.secure(json!({"ReadRequestCSRFSupport": ON})).await;
    for path in &paths {
        is_unauthorized(&acme.user.get(&acme.client, path).await);
        assert_eq!(acme.user.send(&acme.client, Method::GET, path, &[], "").await.status, 200);
    }
    is_unauthorized(&acme.admin.get(&acme.client, &acme.business()).await);
    assert_eq!(acme.admin.send(&acme.client, Method::GET, &acme.business(), &[], "").await.status, 200);
}

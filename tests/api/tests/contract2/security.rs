//! `GET` and `PUT /api/businesses/{BusinessID}/securitysettings`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Acme, JSON, is_text, is_unauthorized};

const ON: &str = "com.soa.feature.enabled";
const OFF: &str = "com.soa.feature.disabled";

fn defaults() -> Value {
    json!({
        "ReadRequestCSRFSupport": OFF, "WriteRequestCSRFSupport": ON, "UserModifyEmail": ON, "SiteAdminModifyEmail": ON,
    })
}

#[tokio::test]
async fn a_business_that_never_said_has_the_defaults() {
    let acme = Acme::new().await;
    let answer = acme.admin.get(&acme.client, &acme.business()).await;
    answer.is(200, defaults());
    assert_eq!(answer.version(), 0);
}

#[tokio::test]
async fn only_what_is_given_changes() {
    let acme = Acme::new().await;
    let put = async |body: Value| acme.admin.put(&acme.client, &acme.business(), &body).await;
    let mut expected = defaults();
    expected["UserModifyEmail"] = json!(OFF);
    put(json!({"UserModifyEmail": OFF})).await.is(200, expected.clone());
    expected["ChallengeCount"] = json!(3);
    expected["XssKeywords"] = json!("onload,eval");
    let answer = put(json!({"ChallengeCount": 3, "XssKeywords": "onload,eval", "CaptchaSiteSecret": "hush"})).await;
    answer.is(200, expected.clone());
    assert_eq!(answer.version(), 2);
    acme.admin.get(&acme.client, &acme.business()).await.is(200, expected.clone());
    // The organisation's bare name is accepted as an id of the same business.
    let bare = format!("/api/businesses/{}/securitysettings", acme.org);
    acme.admin.get(&acme.client, &bare).await.is(200, expected);
}

#[tokio::test]
async fn a_bad_setting_is_400_and_nothing_is_written() {
    let acme = Acme::new().await;
    for (name, value, fault) in [
        ("UserModifyEmail", json!("off"), "must be com.soa.feature.enabled or com.soa.feature.disabled"),
        ("UserModifyEmail", json!(null), "must be a text or a small whole number"),
        ("UserModifyEmail", json!(true), "must be a text or a small whole number"),
        ("ChallengeCount", json!("3"), "must be a whole number from 0 to 1000"),
        ("XssKeywords", json!("a\u{0}"), "must be a text of at most 4096 characters without controls"),
        ("pk", json!("x"), "is not a known security setting"),
        ("version", json!(7), "is not a known security setting"),
    ] {
        let mut body = json!({"WriteRequestCSRFSupport": OFF});
        body[name] = value;
        let answer = acme.admin.put(&acme.client, &acme.business(), &body).await;
        is_text(&answer, 400, &format!("{name} {fault}"));
    }
    let plain =
        acme.admin.send(&acme.client, Method::PUT, &acme.business(), &[("content-type", "text/plain")], "{}").await;
    assert_eq!(plain.status, 415);
    let answer = acme.admin.get(&acme.client, &acme.business()).await;
    answer.is(200, defaults());
    assert_eq!(answer.version(), 0);
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing() {
    let acme = Acme::new().await;
    let put = async |tag: &str, body: &'static str| {
        acme.admin.send(&acme.client, Method::PUT, &acme.business(), &[JSON, ("if-match", tag)], body).await
    };
    is_text(&put("\"1\"", r#"{"ChallengeCount":1}"#).await, 412, "It has changed since it was read");
    assert_eq!(put("\"0\"", r#"{"ChallengeCount":1}"#).await.version(), 1);
    is_text(&put("\"0\"", r#"{"ChallengeCount":2}"#).await, 412, "It has changed since it was read");
    assert_eq!(put("\"1\"", r#"{"ChallengeCount":2}"#).await.version(), 2);
    assert_eq!(put("*", r#"{"ChallengeCount":4}"#).await.json()["ChallengeCount"], 4);
}

#[tokio::test]
async fn a_business_is_its_own_site_admin_s_only() {
    let (acme, other) = (Acme::new().await, Acme::new().await);
    for path in [
        acme.business(),
        "/api/businesses/%20/securitysettings".into(),
        "/api/businesses/tenantbusiness./securitysettings".into(),
    ] {
        is_unauthorized(&other.admin.put(&acme.client, &path, &json!({"UserModifyEmail": OFF})).await);
        is_unauthorized(&other.admin.get(&acme.client, &path).await);
    }
    is_unauthorized(&acme.user.put(&acme.client, &acme.business(), &json!({"WriteRequestCSRFSupport": OFF})).await);
    let cookie = acme.admin.cookie();
    let headers = [("cookie", cookie.as_str()), JSON];
    let without_csrf = acme.client.send(Method::PUT, &acme.business(), &headers, Some(b"{}".to_vec())).await;
    is_unauthorized(&without_csrf);
    acme.admin.get(&acme.client, &acme.business()).await.is(200, defaults());
}

#[tokio::test]
async fn every_setting_of_the_product_is_taken_and_shown_but_the_secret() {
    let acme = Acme::new().await;
    let mut settings = json!({
        "ReadRequestCSRFSupport": OFF, "WriteRequestCSRFSupport": OFF, "UserModifyEmail": ON, "SiteAdminModifyEmail": OFF,
        "AllowUserEnum": ON, "EncryptChallengeAnswers": OFF, "ChallengeCount": 3, "ExternalDocSupport": ON,
        "AuthTokenCookieDomain": "com.soa.auth.token.cookie.domain.hostname", "AuthTokenCookieSameSite": "Lax",
        "CaptchaSupport": ON, "CaptchaSiteKey": "key", "CaptchaSiteSecret": "hush", "XssKeywords": "onload,eval",
        "AllowedFileTypes": "text/plain,image/png", "AllowedFileTypesStrictPolicy": ON,
        "WhiteListKeywords": "/#[]()'\\\":;?!_<=>@`~&*$", "WhiteListKeywordsSupport": ON,
    });
    let answer = acme.admin.put(&acme.client, &acme.business(), &settings).await;
    settings.as_object_mut().unwrap().remove("CaptchaSiteSecret");
    answer.is(200, settings);
}

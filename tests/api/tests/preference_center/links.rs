//! The callers who may make a link, and the page that it opens.

use std::time::Duration;

use api::{options, own};
use local::{demo::DEPLOYMENT_SECRET, stack::Options};
use reqwest::Method;
use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, Fedmember, Timestamp, UserId},
    http::auth::session::{Session, SessionKeys},
    preference_link::LIFETIME,
    unsubscribe::{OptOut, OptOutKey},
};
use uuid::Uuid;

use super::{AS_JSON, FORM, Visitor, epoch, is_page, is_told, nobody, signed, token};

const BODY: &str = "was.channel.email=on";

impl Visitor {
    async fn mint(&self, token: &str, body: &Value) -> api::Answer {
        self.client.json(Method::POST, &self.path("/preference-link"), token, body).await
    }
}

#[tokio::test]
async fn a_link_is_minted_for_a_day_or_as_long_as_is_asked_for_and_opens_the_page() {
    let visitor = Visitor::new().await;
    let service = visitor.client.token("service").await;
    for (body, seconds) in [(Value::Null, 86_400), (json!({}), 86_400), (json!({"expires_in": 7_776_000}), 7_776_000)] {
        let before = Clock::system().now().seconds();
        let minted = visitor.mint(&service, &body).await;
        let whole = minted.json();
        let url = whole["data"]["url"].as_str().unwrap();
        let expires = Timestamp::parse(whole["data"]["expires_at"].as_str().unwrap()).unwrap();
        assert!((before + seconds..=before + seconds + 60).contains(&expires.seconds()), "{whole}");
        let data = json!({"url": url, "expires_at": expires.to_string()});
        minted.is(201, json!({"success": true, "data": data, "message": "Preference link created"}));
        assert_eq!(minted.header("cache-control"), "no-store");
        assert_eq!(url, format!("{}/preferences?token={}", visitor.client.url(), token(&visitor.user, expires)));
        let path = url.strip_prefix(visitor.client.url()).unwrap();
        is_page(&visitor.client.get(path, "").await, 200, "Notification preferences");
    }
    // Users may make a link for themselves.
    assert_eq!(visitor.mint(&visitor.token, &Value::Null).await.status, 201);
    assert_eq!(visitor.version().await, 1, "minting writes nothing");
}

#[tokio::test]
async fn a_link_is_refused_in_words() {
    let visitor = Visitor::new().await;
    let service = visitor.client.token("service").await;
    let number = "expires_in must be a whole number of seconds from 60 to 7776000";
    for (body, fault) in [
        (json!({"expires_in": 59}), number),
        (json!({"expires_in": 7_776_001}), number),
        (json!({"expires_in": "60"}), number),
        (json!({"for": 60}), "for is not a known field"),
        (json!([]), "the body must be a JSON object"),
    ] {
        let refused = visitor.mint(&service, &body).await;
        refused.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let path = format!("/api/v1/users/{}/preference-link", UserId::from(Uuid::new_v4()));
    let nobody = visitor.client.json(Method::POST, &path, &service, &Value::Null).await;
    nobody.is(404, json!({"statusCode": 404, "message": "User not found"}));
    let get = visitor.client.get(&visitor.path("/preference-link"), &service).await;
    assert_eq!((get.status.as_u16(), get.header("allow")), (405, "POST"));
}

#[tokio::test]
async fn links_begin_with_the_public_url_where_there_is_one() {
    let base = "https://prefs.example/notify";
    let (stack, client) = own(Options { concurrency: 1, ..options(&[("PublicUrl", base)]) }).await;
    let visitor = Visitor::on(client).await;
    let minted = visitor.mint(&visitor.token, &Value::Null).await;
    let url = minted.json()["data"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(&format!("{base}/preferences?token=")), "{url}");
    // The form's address is relative to the page, whatever the page's base path is.
    let page = visitor.look().await;
    assert!(page.text.contains("method=\"post\" action=\"preferences?token="), "{}", page.text);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_link_that_is_not_whole_not_ours_or_for_something_else_opens_and_changes_nothing() {
    let visitor = Visitor::new().await;
    let user = UserId::parse(&visitor.id).unwrap();
    let opt_out = OptOut { user, channel: Channel::Email, group: None };
    let opt_out =
        OptOutKey::derive(DEPLOYMENT_SECRET).unwrap().sign(&opt_out, epoch(&visitor.user), Clock::system().now());
    let session = Session::begin(user, Fedmember::parse("acme").unwrap(), true, Clock::system().now(), Uuid::nil());
    let session = SessionKeys::derive(DEPLOYMENT_SECRET).unwrap().issue(&session);
    let session = session.auth_cookie().1.replace("TokenID%3D", "");
    let good = &visitor.link;
    let (claims, signature) = good.split_once('.').unwrap();
    let other = signed(&nobody(), LIFETIME);
    for bad in [
        "/preferences".to_owned(),
        "/preferences?token=".to_owned(),
        "/preferences?token=%00%ff".to_owned(),
        format!("{good}&token=x"),
        claims.to_owned(),
        format!("{claims}."),
        format!("{good}A"),
        good[..good.len() - 1].to_owned(),
        format!("{}.{signature}", other.split_once('.').unwrap().0),
        format!("/preferences?token={opt_out}"),
        format!("/preferences?token={session}"),
        format!("/preferences?token={}", visitor.token),
        format!("/preferences?token={}", visitor.id),
    ] {
        let says = "This link does not work";
        is_page(&visitor.client.get(&bad, "").await, 400, says);
        is_page(&visitor.client.send(Method::POST, &bad, &[FORM], Some(BODY.into())).await, 400, says);
        let told = visitor.client.send(Method::POST, &bad, &[FORM, AS_JSON], Some(BODY.into())).await;
        let message = "This link does not work. It is incomplete, or was not made by us. Nothing has changed. Please use \
                       the link exactly as you received it.";
        is_told(&told, 400, json!({"saved": false, "message": message}));
    }
    // A preference link is accepted neither as an unsubscribe link nor as a bearer token.
    let token = good.strip_prefix("/preferences?token=").unwrap();
    let unsubscribe = format!("/unsubscribe?token={token}");
    is_page(&visitor.client.get(&unsubscribe, "").await, 400, "This link does not work");
    let one_click = Some("List-Unsubscribe=One-Click".into());
    is_page(&visitor.client.send(Method::POST, &unsubscribe, &[FORM], one_click).await, 400, "does not work");
    assert_eq!(visitor.client.get(&visitor.path(""), token).await.status, 401);
    assert_eq!(visitor.version().await, 1);
}

#[tokio::test]
async fn an_expired_link_and_one_of_a_user_who_is_not_there_are_answered_alike() {
    let visitor = Visitor::new().await;
    let expired = signed(&visitor.user, Duration::ZERO);
    let german = [("accept-language", "de-DE,de;q=0.9,en;q=0.5"), FORM];
    let says = "Dieser Link ist abgelaufen";
    let over = visitor.client.send(Method::GET, &expired, &german, None).await;
    is_page(&over, 410, says);
    is_page(&visitor.client.send(Method::POST, &expired, &german, Some(BODY.into())).await, 410, says);
    assert_eq!(visitor.version().await, 1);

    let erased = visitor.client.json(Method::DELETE, &visitor.path(""), &visitor.token, &Value::Null).await;
    assert_eq!(erased.status, 204);
    let nobody = nobody();
    let id = nobody["id"].as_str().unwrap();
    for link in [visitor.link.clone(), signed(&nobody, LIFETIME)] {
        let seen = visitor.client.send(Method::GET, &link, &german, None).await;
        is_page(&seen, 410, says);
        let posted = visitor.client.send(Method::POST, &link, &german, Some(BODY.into())).await;
        is_page(&posted, 410, says);
        assert_eq!((&seen.text, &posted.text), (&over.text, &over.text));
    }
    let admin = visitor.client.token("admin").await;
    assert_eq!(visitor.client.get(&format!("/api/v1/users/{id}"), &admin).await.status, 404, "nobody was created");
}

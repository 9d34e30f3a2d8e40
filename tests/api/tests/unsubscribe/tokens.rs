//! The rights that a token gives, and the data that its answers do not reveal.

use std::time::Duration;
use uuid::Uuid;

use api::shared;
use local::demo::DEPLOYMENT_SECRET;
use reqwest::Method;
use serde_json::Value;
use shared::{
    clock::Clock,
    domain::{Fedmember, UserId},
    http::auth::session::{Session, SessionKeys},
    unsubscribe::LIFETIME,
};

use super::Reader;
use crate::{
    contract2::{Acme, is_unauthorized},
    preference_center::is_page,
};

#[tokio::test]
async fn a_link_that_is_not_whole_not_ours_or_over_changes_nothing() {
    let reader = Reader::new().await;
    let before = reader.stored().await;
    let good = reader.signed(Some("news"), LIFETIME - Duration::from_secs(60));
    is_page(&reader.look(&good).await, 200, "“news”");
    let session = Session::begin(
        UserId::parse(&reader.id).unwrap(),
        Fedmember::parse("acme").unwrap(),
        true,
        Clock::system().now(),
        Uuid::nil(),
    );
    let session = SessionKeys::derive(DEPLOYMENT_SECRET).unwrap().issue(&session);
    let session = session.auth_cookie().1.replace("TokenID%3D", "");
    let (claims, signature) = good.split_once('.').unwrap();
    let other = Reader::new().await.signed(Some("news"), Duration::ZERO);
    for bad in [
        "/unsubscribe".to_owned(),
        "/unsubscribe?token=".to_owned(),
        "/unsubscribe?token=%00%ff".to_owned(),
        format!("{good}&token=x"),
        format!("{claims}."),
        claims.to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        format!("{}.{signature}", other.split_once('.').unwrap().0),
        format!("/unsubscribe?token={session}"),
        format!("/unsubscribe?token={}", reader.token),
    ] {
        is_page(&reader.look(&bad).await, 400, "This link does not work");
        is_page(&reader.post(&bad).await, 400, "This link does not work");
    }
    let over = reader.signed(Some("news"), LIFETIME);
    is_page(&reader.look(&over).await, 410, "This link has expired");
    is_page(&reader.post(&over).await, 410, "This link has expired");
    assert_eq!(reader.stored().await, before);
}

#[tokio::test]
async fn a_token_is_no_credential() {
    let acme = Acme::on(shared()).await;
    let reader = Reader::of(&acme).await;
    let link = reader.signed(None, Duration::ZERO);
    let token = link.strip_prefix("/unsubscribe?token=").unwrap();
    for path in [format!("/api/v1/users/{}", reader.id), "/settings/user".to_owned()] {
        assert_eq!(reader.client.get(&path, token).await.status, 401, "{path}");
    }
    let cookie = format!("AtmoAuthToken_{}=TokenID%3D{token}", acme.org);
    is_unauthorized(&reader.client.send(Method::GET, &acme.path(), &[("cookie", &cookie)], None).await);
}

#[tokio::test]
async fn opting_out_does_not_tell_whether_there_is_such_a_user() {
    let reader = Reader::new().await;
    let link = reader.signed(Some("news"), Duration::ZERO);
    let there = reader.post(&link).await;
    let path = format!("/api/v1/users/{}", reader.id);
    let erased = reader.client.json(Method::DELETE, &path, &reader.token, &Value::Null).await;
    assert_eq!(erased.status, 204);
    let nobody = Reader { id: UserId::from(Uuid::new_v4()).to_string(), ..Reader::new().await };
    let nobody_link = nobody.signed(Some("news"), Duration::ZERO);
    let escaped = |link: &str| link.trim_start_matches('/').to_owned();
    for answer in [reader.post(&link).await, nobody.post(&nobody_link).await] {
        is_page(&answer, 200, "You are unsubscribed");
        // The answers are the same, apart from the page's link to itself.
        assert_eq!(answer.text.replace(&escaped(&nobody_link), &escaped(&link)), there.text);
    }
    let [erased, never] = [reader.look(&link).await, reader.look(&nobody_link).await];
    is_page(&erased, 200, "Unsubscribe from “news”?");
    assert!(erased.text.contains("One-Click") && !erased.text.contains("was.channel"), "{}", erased.text);
    assert_eq!(never.text, erased.text);
    let gone = reader.client.get(&format!("/api/v1/users/{}", nobody.id), &reader.client.token("admin").await).await;
    assert_eq!(gone.status, 404, "nobody was created");
}

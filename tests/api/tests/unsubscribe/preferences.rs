//! Under its question the unsubscribe page has a form with all preferences.

use std::time::Duration;

use local::{demo::DEPLOYMENT_SECRET, fidelity::CLOCK_SKEW};
use reqwest::Method;
use serde_json::json;
use shared::{clock::Clock, domain::UserId, preference_link::PreferenceKey, signing::BadToken, unsubscribe::LIFETIME};

use super::{FORM, Reader, sent};
use crate::preference_center::{between, is_page};

#[tokio::test]
async fn below_the_question_are_all_preferences_to_change() {
    let reader = Reader::new().await;
    let link = reader.signed(Some("news"), Duration::ZERO);
    let page = reader.look(&link).await;
    is_page(&page, 200, "<h1>Notification preferences</h1>");
    assert!(page.header("content-security-policy").ends_with("; frame-ancestors 'none'"));
    let action = between(&page.text, "method=\"post\" action=\"", "\"").to_owned();
    assert!(action.starts_with("preferences?token=") && !link.contains(&action["preferences".len()..]), "{action}");
    let change = "was.channel.sms=on&was.timezone=&timezone=Asia/Tokyo";
    let path = format!("/{action}");
    let saved = reader.client.send(Method::POST, &path, &[FORM], Some(change.into())).await;
    is_page(&saved, 200, ">Saved<");
    let stored = reader.stored().await[0].clone();
    let (channels, display) = (&stored["channels"], &stored["display"]);
    assert_eq!((channels, display), (&json!({"sms": false}), &json!({"timezone": "Asia/Tokyo"})));
    // A user who has unsubscribed is told so, and is not asked again.
    is_page(&reader.post(&link).await, 200, "See all notification preferences</a>");
    let page = reader.look(&link).await;
    is_page(&page, 200, "<h2 id=\"ask\">You are unsubscribed</h2>");
    assert!(!page.text.contains("One-Click"), "{}", page.text);
    // A page that was opened before there was a catalogue lists the group, so that the user can opt in again.
    let back = "was.group.news=off&group.news=on";
    assert_eq!(reader.client.send(Method::POST, &path, &[FORM], Some(back.into())).await.status, 200);
    is_page(&reader.look(&link).await, 200, "Unsubscribe from “news”?");
    assert_eq!(reader.told(json!({"group": "news"})).await, sent());
}

#[tokio::test]
async fn the_preferences_below_the_question_are_open_for_a_day_and_no_longer_than_the_link() {
    let reader = Reader::new().await;
    let user = UserId::parse(&reader.id).unwrap();
    let key = PreferenceKey::derive(DEPLOYMENT_SECRET).unwrap();
    let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));
    for (left, open) in [(LIFETIME, day), (day + minute, day), (day - minute, day - minute), (minute, minute)] {
        let page = reader.look(&reader.signed(Some("news"), LIFETIME - left)).await;
        let token = between(&page.text, "method=\"post\" action=\"preferences?token=", "\"");
        let now = Clock::system().now();
        let said = key.read(token, now.plus(open - minute / 2)).map(|link| link.user);
        assert_eq!(said, Ok(user), "{left:?}");
        assert_eq!(key.read(token, now.plus(open + CLOCK_SKEW)), Err(BadToken::Expired), "{left:?}");
    }
}

//! The way back from an opt-out by a link.

use std::time::Duration;

use api::Answer;
use reqwest::Method;
use serde_json::{Value, json};

use super::{FORM, Reader, sent, skipped};
use crate::preference_center::is_page;

async fn undo(reader: &Reader, link: &str) -> Answer {
    reader.client.send(Method::POST, link, &[FORM], Some("Undo=1".into())).await
}

#[tokio::test]
async fn what_a_click_has_opted_out_of_the_next_one_takes_back() {
    let reader = Reader::new().await;
    for (group, reason) in [(json!({"group": "weekly <digest>"}), "group_opted_out"), (json!({}), "channel_off")] {
        let link = reader.link(group.clone()).await;
        is_page(&reader.post(&link).await, 200, "<input type=\"hidden\" name=\"Undo\" value=\"1\">");
        assert_eq!(reader.told(group.clone()).await, skipped(reason));
        // The page that the link opens says the same, and offers the same.
        is_page(&reader.look(&link).await, 200, "<input type=\"hidden\" name=\"Undo\" value=\"1\">");
        for _ in 0..2 {
            is_page(&undo(&reader, &link).await, 200, "You are subscribed again");
            assert_eq!(reader.told(group.clone()).await, sent());
        }
        let asked = reader.look(&link).await;
        assert!(asked.text.contains("One-Click") && !asked.text.contains("name=\"Undo\""), "{}", asked.text);
    }
}

#[tokio::test]
async fn a_link_that_does_not_open_the_preferences_takes_nothing_back() {
    let reader = Reader::new().await;
    let link = reader.signed(Some("news"), Duration::ZERO);
    is_page(&reader.post(&link).await, 200, "You are unsubscribed");
    let path = format!("/api/v1/users/{}/links", reader.id);
    let ended = reader.client.json(Method::DELETE, &path, &reader.token, &Value::Null).await;
    assert_eq!(ended.status, 204, "{}", ended.text);
    is_page(&undo(&reader, &link).await, 410, "This link has expired");
    assert_eq!(reader.told(json!({"group": "news"})).await, skipped("group_opted_out"));
}

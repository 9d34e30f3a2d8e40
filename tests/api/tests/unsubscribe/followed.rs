//! The opt-out that an unsubscribe link makes.

use api::shared;
use serde_json::json;

use super::{Reader, sent, skipped};
use crate::{
    contract2::{Acme, PREFIX},
    preference_center::is_page,
};

#[tokio::test]
async fn the_link_of_a_group_s_email_opts_out_of_that_group_alone() {
    let reader = Reader::new().await;
    let group = json!({"group": "weekly <digest>"});
    let link = reader.link(group.clone()).await;

    let before = reader.stored().await;
    let page = reader.look(&link).await;
    is_page(&page, 200, "<h2 id=\"ask\">Unsubscribe from “weekly &lt;digest&gt;”?</h2>");
    assert!(page.text.contains("<form method=\"post\">"), "{}", page.text);
    assert!(!page.text.contains(&reader.id) && !page.text.contains(&reader.email), "{}", page.text);
    assert_eq!(reader.stored().await, before, "looking changes nothing");
    assert_eq!(reader.told(group.clone()).await, sent());

    for _ in 0..2 {
        let done = reader.post(&link).await;
        is_page(&done, 200, "You are unsubscribed");
        assert!(!done.text.contains("One-Click") && done.text.contains("name=\"Undo\""), "{}", done.text);
        assert_eq!(reader.told(group.clone()).await, skipped("group_opted_out"));
    }
    // Emails of other groups still arrive, and so do emails without a group.
    assert_eq!(reader.told(json!({"group": "weekly"})).await, sent());
    assert_eq!(reader.told(json!({})).await, sent());
    let preferences = reader.preferences().await;
    let handle = json!({"weekly <digest>": {"enabled": false, "channel_types": {}}});
    assert_eq!((&preferences["notiflows"], &preferences["channel_types"]["email"]), (&handle, &json!(true)));
}

#[tokio::test]
async fn a_group_of_contract_2_is_out_there_and_can_be_chosen_again() {
    let acme = Acme::on(shared()).await;
    let reader = Reader::of(&acme).await;
    let group = format!("{PREFIX}app.alert");
    let (mut shown, _) = acme.settings().await;
    let link = reader.link(json!({"group": group})).await;
    is_page(&reader.post(&link).await, 200, "You are unsubscribed");
    let all = shown["OptedNotification"].clone();
    shown["OptedNotification"].as_array_mut().unwrap().retain(|one| *one != group);
    assert_eq!(acme.settings().await.0, shown);
    assert_eq!(reader.preferences().await["notiflows"], json!({}));
    assert_eq!(reader.told(json!({"group": group})).await, skipped("group_opted_out"));
    assert_eq!(acme.put(json!({"OptedNotification": all})).await.status, 200);
    assert_eq!(reader.told(json!({"group": group})).await, sent());
}

#[tokio::test]
async fn the_link_of_an_email_without_a_group_opts_out_of_email() {
    let reader = Reader::new().await;
    let link = reader.link(json!({})).await;
    is_page(&reader.look(&link).await, 200, "Unsubscribe from all email?");
    is_page(&reader.post(&link).await, 200, "no more email from us");
    assert_eq!(reader.told(json!({})).await, skipped("channel_off"));
    let user = reader.client.get(&format!("/api/v1/users/{}", reader.id), &reader.token).await.json();
    assert_eq!(user["preferences"], json!({"email": false}));
    assert_eq!(reader.preferences().await["channel_types"]["email"], false);

    // A critical email ignores all opt-outs, so it has no unsubscribe link: the link would have no effect on it.
    assert_eq!(reader.told(json!({"critical": true})).await, sent());
    let automatic = json!([{"Name": "Auto-Submitted", "Value": "auto-generated"}]);
    assert_eq!(reader.headers().await, automatic, "no link");
}

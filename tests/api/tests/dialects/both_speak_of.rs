//! Values that more than one dialect shows. A change through one dialect must be seen in the others.

use serde_json::{Value, json};

use super::{
    world::{By, Somebody, World},
    writes::{ACCOUNT, EXTERNAL, HANDLES, PREFERENCES, USER},
};

const GROUP: &str = "com.soa.notification.type.ticket.change";

/// Contract 1's channels, and contract 3's names for them.
const CHANNELS: [(&str, &str); 5] =
    [("email", "email"), ("push", "mobile_push"), ("slack", "chat"), ("sms", "sms"), ("in_app", "in_app")];

/// The user's address as contracts 1, 2 and 3 show it.
async fn addresses(user: &Somebody<'_>) -> [Value; 3] {
    [
        user.read(By::Admin, USER).await["email"].clone(),
        user.read(By::Site, ACCOUNT).await["Email"].clone(),
        user.read(By::Pair, EXTERNAL).await["email"].clone(),
    ]
}

#[tokio::test]
async fn an_address_that_one_dialect_changes_is_the_user_s_everywhere() {
    let world = World::new().await;
    for (dialect, by, path, body) in [
        ("one", By::Admin, USER, r#"{"email":"everywhere-one-{id}@example.com"}"#),
        ("two", By::Site, ACCOUNT, r#"{"Email":"everywhere-two-{id}@example.com"}"#),
        ("three", By::Pair, EXTERNAL, r#"{"email":"everywhere-three-{id}@example.com"}"#),
    ] {
        let user = world.somebody().await;
        user.ask(by, "PUT", path, body).await;
        let address = user.fill(&format!("everywhere-{dialect}-{{id}}@example.com"));
        assert_eq!(addresses(&user).await, [(); 3].map(|()| json!(address)), "{dialect}");
        assert_eq!(user.told(None).await["status"], "sent", "{dialect}");
        assert_eq!(world.client.deliveries_to(&address).await.len(), 1, "{dialect}");
        assert_eq!(world.client.deliveries_to(&user.email).await.len(), 0, "{dialect}: the address of before");
    }
}

#[tokio::test]
async fn a_channel_switched_in_contract_1_is_switched_in_contract_3() {
    let world = World::new().await;
    let user = world.somebody().await;
    for on in [false, true] {
        for (channel, channel_type) in CHANNELS {
            let mut before = user.read(By::Pair, HANDLES).await;
            let body = json!({"preferences": {channel: on}}).to_string();
            user.ask(By::Admin, "PUT", PREFERENCES, &body).await;
            before["channel_types"][channel_type] = json!(on);
            assert_eq!(user.read(By::Pair, HANDLES).await, before, "{channel}");
        }
    }
}

#[tokio::test]
async fn a_channel_type_switched_in_contract_3_is_switched_in_contract_1() {
    let world = World::new().await;
    let user = world.somebody().await;
    let preferences = async || user.read(By::Admin, USER).await["preferences"].clone();
    for on in [false, true] {
        for (channel, channel_type) in CHANNELS {
            let mut before = preferences().await;
            let body = json!({"channel_types": {channel_type: on}}).to_string();
            user.ask(By::Pair, "PUT", HANDLES, &body).await;
            before[channel] = json!(on);
            assert_eq!(preferences().await, before, "{channel_type}");
        }
    }
    // Only contract 3 knows `web_push`.
    let before = preferences().await;
    user.ask(By::Pair, "PUT", HANDLES, r#"{"channel_types":{"web_push":false}}"#).await;
    assert_eq!(preferences().await, before);
}

#[tokio::test]
async fn a_channel_type_that_is_off_stops_an_email_until_contract_1_switches_it_on() {
    let world = World::new().await;
    let user = world.somebody().await;
    user.ask(By::Pair, "PUT", HANDLES, r#"{"channel_types":{"email":false}}"#).await;
    let stopped = user.told(None).await;
    assert_eq!((&stopped["status"], &stopped["reason"]), (&json!("skipped"), &json!("channel_off")));
    user.ask(By::Admin, "PUT", PREFERENCES, r#"{"preferences":{"email":true}}"#).await;
    assert_eq!(user.told(None).await["status"], "sent");
}

#[tokio::test]
async fn language_and_time_zone_are_one_in_contracts_3_and_4() {
    let world = World::new().await;
    let user = world.somebody().await;
    let seen = async || {
        let (three, four) = (user.read(By::Pair, EXTERNAL).await, user.read(By::Own, PREFERENCES).await);
        [&three["locale"], &four["language"], &three["timezone"], &four["timezone"]].map(Clone::clone)
    };
    // For a value that was never set, contract 3 shows nothing and contract 4 shows a default.
    let unset = [Value::Null, json!("en-US"), Value::Null, json!("UTC")];
    assert_eq!(seen().await, unset);
    user.ask(By::Pair, "PUT", EXTERNAL, r#"{"locale":"pt-br","timezone":"America/Sao_Paulo"}"#).await;
    assert_eq!(seen().await, ["pt-BR", "pt-BR", "America/Sao_Paulo", "America/Sao_Paulo"].map(|text| json!(text)));
    user.ask(By::Own, "PATCH", PREFERENCES, r#"{"language":"ja-JP","timezone":"Asia/Tokyo"}"#).await;
    assert_eq!(seen().await, ["ja-JP", "ja-JP", "Asia/Tokyo", "Asia/Tokyo"].map(|text| json!(text)));
    // A value that is reset through one contract is reset in the other.
    user.ask(By::Own, "PATCH", PREFERENCES, r#"{"language":null}"#).await;
    user.ask(By::Pair, "PUT", EXTERNAL, r#"{"timezone":null}"#).await;
    assert_eq!(seen().await, unset);
}

#[tokio::test]
async fn an_opt_out_of_contract_2_stops_a_notification_of_that_group_and_no_other() {
    let world = World::new().await;
    let user = world.somebody().await;
    assert_eq!(user.told(Some(GROUP)).await["status"], "sent", "never set is in");
    user.ask(By::Site, "PUT", ACCOUNT, r#"{"OptedNotification":["com.soa.notification.type.app.post"]}"#).await;
    let stopped = user.told(Some(GROUP)).await;
    assert_eq!((&stopped["status"], &stopped["reason"]), (&json!("skipped"), &json!("group_opted_out")));
    for group in [Some("com.soa.notification.type.app.post"), Some("a.group.of.nobody"), None] {
        assert_eq!(user.told(group).await["status"], "sent", "{group:?}");
    }
    // Contract 3 does not opt a user in again who opted out of the group through contract 2.
    let body = json!({"notiflows": {GROUP: {"enabled": true}}}).to_string();
    user.ask(By::Pair, "PUT", HANDLES, &body).await;
    assert_eq!(user.told(Some(GROUP)).await["reason"], "group_opted_out");
    assert_eq!(world.client.deliveries_to(&user.email).await.len(), 4);
}

#[tokio::test]
async fn a_handle_of_contract_3_stops_a_notification_of_that_group_and_no_other() {
    let world = World::new().await;
    let user = world.somebody().await;
    let body = json!({"notiflows": {
        GROUP: {"enabled": false}, "weekly": {"channel_types": {"email": false}}, "daily": {"channel_types": {"sms": false}},
    }});
    user.ask(By::Pair, "PUT", HANDLES, &body.to_string()).await;
    for group in [GROUP, "weekly"] {
        let stopped = user.told(Some(group)).await;
        assert_eq!((&stopped["status"], &stopped["reason"]), (&json!("skipped"), &json!("group_opted_out")), "{group}");
    }
    for group in [Some("daily"), Some("hourly"), None] {
        assert_eq!(user.told(group).await["status"], "sent", "{group:?}");
    }
    // Contract 2 does not opt a user in again who opted out of the group through contract 3.
    user.ask(By::Site, "PUT", ACCOUNT, &json!({"OptedNotification": [GROUP]}).to_string()).await;
    assert_eq!(user.told(Some(GROUP)).await["reason"], "group_opted_out");
    assert_eq!(world.client.deliveries_to(&user.email).await.len(), 3);
}

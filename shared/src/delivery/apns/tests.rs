use super::*;
use crate::{
    delivery::tests::outgoing,
    domain::{Channel, NotificationId},
};

const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad90";
const LATER: Outcome = Outcome::Retry { after: None };
const TOO_MANY: Outcome = Outcome::NotTried { after: None };

#[test]
fn every_documented_reason_is_told_apart() {
    use Outcome::{AddressGone, Misconfigured, Rejected};
    let since = Some(Timestamp::from_millis(1_454_948_015_990));
    for (status, reason, outcome) in [
        (400, "BadCollapseId", Rejected),
        (400, "BadDeviceToken", Rejected),
        (400, "BadExpirationDate", Rejected),
        (400, "BadMessageId", Rejected),
        (400, "BadPriority", Rejected),
        (400, "BadTopic", Misconfigured),
        (400, "DeviceTokenNotForTopic", Rejected),
        (400, "DuplicateHeaders", Rejected),
        (400, "IdleTimeout", LATER),
        (400, "InvalidPushType", Rejected),
        (400, "MissingDeviceToken", Rejected),
        (400, "MissingTopic", Misconfigured),
        (400, "PayloadEmpty", Rejected),
        (400, "TopicDisallowed", Misconfigured),
        (403, "BadCertificate", Misconfigured),
        (403, "BadCertificateEnvironment", Misconfigured),
        (403, "BadEnvironmentKeyIdInToken", Misconfigured),
        (403, "BadEnvironmentKeyInToken", Misconfigured),
        (403, "ExpiredProviderToken", LATER),
        (403, "Forbidden", Misconfigured),
        (403, "InvalidProviderToken", Misconfigured),
        (403, "MissingProviderToken", Misconfigured),
        (403, "UnrelatedKeyIdInToken", Misconfigured),
        (404, "BadPath", Misconfigured),
        (405, "MethodNotAllowed", Misconfigured),
        (410, "ExpiredToken", AddressGone { since }),
        (410, "Unregistered", AddressGone { since }),
        (413, "PayloadTooLarge", Rejected),
        (429, "TooManyProviderTokenUpdates", TOO_MANY),
        (429, "TooManyRequests", TOO_MANY),
        (500, "InternalServerError", LATER),
        (503, "ServiceUnavailable", LATER),
        (503, "Shutdown", LATER),
    ] {
        assert_eq!(classify(status, Some(reason), since, None), outcome, "{status} {reason}");
    }
}

#[test]
fn an_answer_without_a_known_reason_goes_by_its_status() {
    for (status, reason, outcome) in [
        (400, Some("SomethingNew"), Outcome::Rejected),
        (403, None, Outcome::Misconfigured),
        (410, None, Outcome::AddressGone { since: None }),
        (413, None, Outcome::Rejected),
        (429, Some("SomethingNew"), TOO_MANY),
        (502, None, LATER),
    ] {
        assert_eq!(classify(status, reason, None, None), outcome, "{status} {reason:?}");
    }
    let after = Some(Duration::from_secs(7));
    assert_eq!(classify(503, Some("Shutdown"), None, after), Outcome::Retry { after });
}

fn pushed(content: &RenderedContent, priority: u8) -> Option<(&'static str, &'static str, Value)> {
    let notification_id = NotificationId::parse(ID).unwrap();
    let push = push(&Outgoing { notification_id, priority, ..outgoing(Channel::Push, "a1", content) })?;
    Some((push.kind, push.priority, serde_json::from_slice(&push.payload).unwrap()))
}

#[test]
fn an_alert_is_shown_and_its_data_cannot_displace_what_is_apple_s() {
    let data = json!({"order": 7, "aps": "mine", "notification_id": "mine"});
    let Value::Object(data) = data else { panic!() };
    let content = RenderedContent::Push(Alert { title: Some("T".into()), body: "b".into(), data });
    let aps = json!({"alert": {"title": "T", "body": "b"}, "sound": "default"});
    let (kind, priority, payload) = pushed(&content, 3).unwrap();
    assert_eq!((kind, priority), ("alert", "10"));
    assert_eq!(payload, json!({"aps": aps, "order": 7, "notification_id": ID}));
    let (_, priority, payload) = pushed(&content, 4).unwrap();
    assert_eq!((priority, &payload["aps"]), ("5", &json!({"alert": {"title": "T", "body": "b"}})));
}

#[test]
fn what_is_too_long_for_apple_or_of_another_channel_is_refused() {
    let alert = |length| RenderedContent::Push(Alert { title: None, body: "x".repeat(length), data: Map::new() });
    let (_, _, payload) = pushed(&alert(0), 1).unwrap();
    let most = PUSH_BYTES - payload.to_string().len();
    assert!(pushed(&alert(most), 1).is_some());
    assert!(pushed(&alert(most + 1), 1).is_none());
    // What is accepted is what Apple gets.
    assert_eq!(
        (alert(most).too_long(), alert(most + 1).too_long().map(|long| long.length)),
        (None, Some(PUSH_BYTES + 1))
    );
    assert!(pushed(&RenderedContent::Sms("x".into()), 1).is_none());
}

#[test]
fn a_token_is_one_segment_of_the_path() {
    let device = |token| device("https://api.push.apple.com/", token);
    assert_eq!(device("a1b2").as_deref(), Some("https://api.push.apple.com/3/device/a1b2"));
    assert_eq!(device("../x?y#z").as_deref(), Some("https://api.push.apple.com/3/device/..%2Fx%3Fy%23z"));
    assert_eq!(device("A-z._~0").as_deref(), Some("https://api.push.apple.com/3/device/A-z._~0"));
    assert_eq!(device("ä b%").as_deref(), Some("https://api.push.apple.com/3/device/%C3%A4%20b%25"));
    assert_eq!((device(""), device("."), device("..")), (None, None, None));
}

#[tokio::test]
async fn a_secret_that_is_not_apple_s_is_ours_to_mend() {
    let apns = Apns::new("http://127.0.0.1:1", Clock::system());
    let content = RenderedContent::Push(Alert { title: None, body: "b".into(), data: Map::new() });
    let outgoing = outgoing(Channel::Push, "a1", &content);
    for secret in [
        "",
        "{}",
        r#"{"team_id": "t", "key_id": "k", "private_key": "no key", "topic": "x"}"#,
        r#"{"team_id": "t", "key_id": "k", "private_key": "no key", "topic": "x\ny"}"#,
        r#"{"team_id": "t", "key_id": "k", "private_key": "no key", "topic": "x", "endpoint": "http://127.0.0.1:1"}"#,
    ] {
        assert_eq!(apns.send(&outgoing, secret).await, Outcome::Misconfigured, "{secret}");
    }
}

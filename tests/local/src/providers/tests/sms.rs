use shared::delivery::Outcome;

use super::clients::Clients;
use super::*;

#[tokio::test]
async fn a_text_message_says_where_from_and_what_it_belongs_to() {
    let clients = Clients::start().await;
    let origin = json!({"origination_identity": "+12065550100", "configuration_set": "tidings"}).to_string();
    let outcome = clients.sms("+12065550123", &origin).await;
    let Outcome::Sent { message_id: Some(id) } = outcome else { panic!("{outcome:?}") };
    assert!(uuid::Uuid::try_parse(&id).is_ok(), "{id}");
    let request = &clients.providers.deliveries()[0]["request"];
    assert_eq!(request["headers"]["x-amz-target"], "PinpointSMSVoiceV2.SendTextMessage");
    let body = &request["body"];
    assert_eq!(body["DestinationPhoneNumber"], "+12065550123");
    assert_eq!(
        (&body["OriginationIdentity"], &body["ConfigurationSetName"]),
        (&json!("+12065550100"), &json!("tidings"))
    );
    assert_eq!((&body["MessageType"], &body["MessageBody"]), (&json!("TRANSACTIONAL"), &json!("Your parcel is here")));
    assert!(body["Context"]["notification_id"].is_string() && body["Context"]["user_id"].is_string());
}

#[tokio::test]
async fn refusals_are_read_by_exception_and_reason() {
    let clients = Clients::start().await;
    let secret = clients.providers.sms_secret();
    assert_eq!(clients.sms("12065550123", &secret).await, Outcome::Rejected, "no number");
    let other = json!({"origination_identity": "+12065550199"}).to_string();
    assert_eq!(clients.sms("+12065550123", &other).await, Outcome::Misconfigured, "nobody's sender");
    assert_eq!(clients.sms("+12065550123", "").await, Outcome::Misconfigured, "no secret");
    let error = |kind: &str, reason: &str| json!({"status": 400, "body": {"__type": kind, "Reason": reason}});
    clients.answers(
        "sms",
        json!([
            error("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"),
            error("com.amazonaws.pinpointsmsvoicev2#ConflictException", "RESOURCE_NOT_ACTIVE"),
            error("ValidationException", "DESTINATION_COUNTRY_BLOCKED"),
            error("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
            error("ThrottlingException", ""),
            {"status": 403},
            {"status": 500},
        ]),
    );
    for outcome in [
        Outcome::Rejected,
        Outcome::Misconfigured,
        Outcome::Rejected,
        Outcome::Misconfigured,
        Outcome::NotTried { after: None },
        Outcome::Misconfigured,
        Outcome::Retry { after: None },
    ] {
        assert_eq!(clients.sms("+12065550123", &secret).await, outcome);
    }
}

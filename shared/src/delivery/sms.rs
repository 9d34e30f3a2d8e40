//! Text messages through AWS End User Messaging SMS (`SendTextMessage` of its API v2).

use std::time::Duration;

use aws_sdk_pinpointsmsvoicev2::{
    Client,
    error::ProvideErrorMetadata,
    operation::send_text_message::SendTextMessageError as Refusal,
    types::{ConflictExceptionReason as Conflict, MessageType, ValidationExceptionReason as Invalid},
};
use futures::FutureExt;
use serde::Deserialize;

use super::{
    Outcome, Outgoing,
    aws::{answered, by_status},
};
use crate::{
    aws::Aws,
    clock::Clock,
    domain::{RenderedContent, Timestamp},
};

/// How long AWS may try to deliver a message, in seconds.
const TIME_TO_LIVE: std::ops::RangeInclusive<u64> = 5..=259_200;

/// Sends text messages.
#[derive(Debug)]
pub struct Sms {
    client: Client,
    clock: Clock,
}

/// The content of a channel's secret. It holds no credentials, because the function's role has the permission.
#[derive(Deserialize)]
struct Origin {
    /// The sender: a number, a sender id, a pool, or the ARN of one of them.
    origination_identity: String,
    configuration_set: Option<String>,
}

impl Sms {
    /// Makes the client.
    pub fn new(aws: &Aws, clock: Clock) -> Self {
        // This client does not retry and has no time-out: each retry is a new attempt of the delivery, and the worker
        // knows how long it may take.
        Self { client: Client::new(&aws.single_attempt()), clock }
    }

    /// Sends to one number. `credentials` are JSON: `origination_identity`, and optionally `configuration_set`. AWS has
    /// no way to recognise a repeated message.
    pub async fn send(&self, outgoing: &Outgoing<'_>, credentials: &str) -> Outcome {
        let Ok(origin) = serde_json::from_str::<Origin>(credentials) else { return Outcome::Misconfigured };
        let RenderedContent::Sms(text) = outgoing.content else { return Outcome::Rejected };
        let send = self
            .client
            .send_text_message()
            .destination_phone_number(outgoing.address)
            .origination_identity(origin.origination_identity)
            .set_configuration_set_name(origin.configuration_set)
            .message_type(MessageType::Transactional)
            .message_body(text)
            // AWS returns it with the events of the delivery.
            .context("notification_id", outgoing.notification_id.to_string())
            .context("user_id", outgoing.user_id.to_string())
            .set_time_to_live(outgoing.expires_at.and_then(|end| time_to_live(end, self.clock.now())));
        match send.send().boxed().await {
            Ok(sent) => Outcome::Sent { message_id: sent.message_id },
            Err(error) => answered(&error, self.clock.now(), classify),
        }
    }
}

fn time_to_live(expires_at: Timestamp, now: Timestamp) -> Option<i32> {
    let left = expires_at.saturating_duration_since(now).as_secs();
    i32::try_from(left.clamp(*TIME_TO_LIVE.start(), *TIME_TO_LIVE.end())).ok()
}

/// Classifies AWS's answers. A refusal because of the number or the text is final. A refusal because of the sender, the
/// account or its limits is an operator's task
/// (<https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html>).
fn classify(refusal: &Refusal, status: u16, after: Option<Duration>) -> Outcome {
    tracing::warn!(provider = "sms", status, code = refusal.code(), reason = reason(refusal), "refused");
    match refusal {
        Refusal::ThrottlingException(_) => Outcome::NotTried { after },
        Refusal::InternalServerException(_) => Outcome::Retry { after },
        Refusal::AccessDeniedException(_)
        | Refusal::ResourceNotFoundException(_)
        | Refusal::ServiceQuotaExceededException(_) => Outcome::Misconfigured,
        Refusal::ConflictException(conflict) => match conflict.reason() {
            // A recipient who answered STOP still has the number, so it stays on the profile. AWS refuses further
            // messages to it.
            Some(
                Conflict::DestinationPhoneNumberOptedOut | Conflict::DestinationCountryBlockedByProtectConfiguration,
            ) => Outcome::Rejected,
            // Examples are a number that the sandbox does not know yet, and a sender that is not active.
            _ => Outcome::Misconfigured,
        },
        Refusal::ValidationException(invalid) => match invalid.reason() {
            Some(
                Invalid::ChannelNotEnabled
                | Invalid::InvalidArn
                | Invalid::ResourceNotAccessible
                | Invalid::SenderIdNotRegistered
                | Invalid::SenderIdRequiresRegistration
                | Invalid::UnknownOperation,
            ) => Outcome::Misconfigured,
            _ => Outcome::Rejected,
        },
        other => by_status(status, other.code(), after),
    }
}

fn reason(refusal: &Refusal) -> Option<&str> {
    match refusal {
        Refusal::AccessDeniedException(denied) => denied.reason().map(|reason| reason.as_str()),
        Refusal::ConflictException(conflict) => conflict.reason().map(Conflict::as_str),
        Refusal::ServiceQuotaExceededException(quota) => quota.reason().map(|reason| reason.as_str()),
        Refusal::ValidationException(invalid) => invalid.reason().map(Invalid::as_str),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_pinpointsmsvoicev2::{
        error::ErrorMetadata,
        types::{
            AccessDeniedExceptionReason, ServiceQuotaExceededExceptionReason,
            error::{
                AccessDeniedException, ConflictException, InternalServerException, ResourceNotFoundException,
                ServiceQuotaExceededException, ThrottlingException, ValidationException,
            },
        },
    };

    use super::*;

    const LATER: Outcome = Outcome::Retry { after: None };

    #[test]
    fn conflicts_are_about_the_recipient_or_about_our_sender() {
        use Outcome::{Misconfigured, Rejected};
        for (reason, outcome) in [
            ("DESTINATION_PHONE_NUMBER_OPTED_OUT", Rejected),
            ("DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION", Rejected),
            ("DESTINATION_PHONE_NUMBER_NOT_VERIFIED", Misconfigured),
            ("EVENT_DESTINATION_MISMATCH", Misconfigured),
            ("KEYWORD_MISMATCH", Misconfigured),
            ("MESSAGE_TYPE_MISMATCH", Misconfigured),
            ("NO_ORIGINATION_IDENTITIES_FOUND", Misconfigured),
            ("NUMBER_CAPABILITIES_MISMATCH", Misconfigured),
            ("OPT_OUT_LIST_MISMATCH", Misconfigured),
            ("REGISTRATION_NOT_COMPLETE", Misconfigured),
            ("RESOURCE_NOT_ACTIVE", Misconfigured),
            ("A_REASON_OF_TOMORROW", Misconfigured),
        ] {
            let conflict = ConflictException::builder().reason(Conflict::from(reason)).build();
            assert_eq!(classify(&Refusal::ConflictException(conflict), 400, None), outcome, "{reason}");
        }
        let without = ConflictException::builder().build();
        assert_eq!(classify(&Refusal::ConflictException(without), 400, None), Misconfigured);
    }

    #[test]
    fn what_is_not_valid_is_the_message_or_our_sender() {
        use Outcome::{Misconfigured, Rejected};
        for (reason, outcome) in [
            ("CANNOT_PARSE", Rejected),
            ("CHANNEL_NOT_ENABLED", Misconfigured),
            ("COUNTRY_CODE_MISMATCH", Rejected),
            ("COUNTRY_NOT_ENABLED", Rejected),
            ("DESTINATION_COUNTRY_BLOCKED", Rejected),
            ("FIELD_VALIDATION_FAILED", Rejected),
            ("INTERNATIONAL_SENDING_NOT_SUPPORTED", Rejected),
            ("INVALID_ARN", Misconfigured),
            ("INVALID_IDENTITY_FOR_DESTINATION_COUNTRY", Rejected),
            ("INVALID_PARAMETER", Rejected),
            ("INVALID_REQUEST", Rejected),
            ("MAXIMUM_SIZE_EXCEEDED", Rejected),
            ("MISSING_PARAMETER", Rejected),
            ("PARAMETERS_CANNOT_BE_USED_TOGETHER", Rejected),
            ("PRICE_OVER_THRESHOLD", Rejected),
            ("RESOURCE_NOT_ACCESSIBLE", Misconfigured),
            ("SENDER_ID_NOT_REGISTERED", Misconfigured),
            ("SENDER_ID_NOT_SUPPORTED", Rejected),
            ("SENDER_ID_REQUIRES_REGISTRATION", Misconfigured),
            ("UNKNOWN_OPERATION", Misconfigured),
            ("A_REASON_OF_TOMORROW", Rejected),
        ] {
            let invalid = ValidationException::builder().reason(Invalid::from(reason)).build();
            assert_eq!(classify(&Refusal::ValidationException(invalid), 400, None), outcome, "{reason}");
        }
    }

    #[test]
    fn every_other_exception_is_told_apart() {
        let denied = AccessDeniedException::builder().reason(AccessDeniedExceptionReason::AccountDisabled).build();
        let spent = ServiceQuotaExceededExceptionReason::MonthlySpendLimitReachedForText;
        let quota = ServiceQuotaExceededException::builder().reason(spent).build();
        let coded = |code: &str| Refusal::generic(ErrorMetadata::builder().code(code).build());
        let busy = Refusal::ThrottlingException(ThrottlingException::builder().build());
        for (refusal, status, outcome) in [
            (Refusal::AccessDeniedException(denied), 400, Outcome::Misconfigured),
            (Refusal::ServiceQuotaExceededException(quota), 400, Outcome::Misconfigured),
            (
                Refusal::ResourceNotFoundException(ResourceNotFoundException::builder().build()),
                400,
                Outcome::Misconfigured,
            ),
            (Refusal::InternalServerException(InternalServerException::builder().build()), 500, LATER),
            (coded("UnrecognizedClientException"), 400, Outcome::Misconfigured),
            (coded("RequestTimeout"), 408, LATER),
            (coded("ServiceUnavailable"), 503, LATER),
            (coded("SerializationException"), 400, Outcome::Rejected),
        ] {
            assert_eq!(classify(&refusal, status, None), outcome, "{refusal:?}");
        }
        let after = Some(Duration::from_secs(9));
        assert_eq!(classify(&busy, 400, after), Outcome::NotTried { after });
    }

    #[test]
    fn a_message_lives_as_long_as_aws_allows() {
        let after = |seconds| time_to_live(Timestamp::EPOCH.plus(Duration::from_secs(seconds)), Timestamp::EPOCH);
        assert_eq!((after(0), after(1_000_000)), (Some(5), Some(259_200)));
        assert_eq!(after(100), Some(100));
    }
}

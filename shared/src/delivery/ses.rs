//! Email through Amazon SES, API v2 (`SendEmail`).

use aws_sdk_sesv2::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content as Part, Destination, EmailContent, Message, MessageTag},
};

use super::{Outcome, Outgoing, retry_after};
use crate::domain::{Words, words::Email};

/// Sends email.
#[derive(Debug)]
pub struct Ses {
    client: Client,
    sender: String,
    configuration_set: Option<String>,
}

impl Ses {
    /// Sends from the address `sender`, under the configuration set that publishes bounces and complaints, if there is one.
    pub fn new(config: &aws_config::SdkConfig, sender: String, configuration_set: Option<String>) -> Self {
        // A retry is a new attempt of the delivery, with its own record: the client itself makes none.
        let once = aws_sdk_sesv2::config::retry::RetryConfig::disabled();
        // So is the time limit: the worker knows what is left of its invocation.
        let unlimited = aws_sdk_sesv2::config::timeout::TimeoutConfig::disabled();
        let config = aws_sdk_sesv2::config::Builder::from(config).retry_config(once).timeout_config(unlimited).build();
        Self { client: Client::from_conf(config), sender, configuration_set }
    }

    /// Sends to one address. The tags come back with bounces and complaints.
    pub async fn send(&self, message: &Outgoing<'_>) -> Outcome {
        let Some(content) = content(message.words) else { return Outcome::Rejected };
        let mut send = self.client.send_email().from_email_address(&self.sender).content(content);
        let tags = [("notification_id", message.notification_id.to_string()), ("user_id", message.user_id.to_string())];
        for (name, value) in tags {
            let Ok(tag) = MessageTag::builder().name(name).value(value).build() else { return Outcome::Rejected };
            send = send.email_tags(tag);
        }
        let sent = send
            .destination(Destination::builder().to_addresses(message.address).build())
            .set_configuration_set_name(self.configuration_set.clone())
            .send()
            .await;
        match sent {
            Ok(sent) => Outcome::Sent { message_id: sent.message_id },
            Err(error) => classify(&error),
        }
    }
}

/// The words.
fn content(words: &Words) -> Option<EmailContent> {
    let part = |text: &str| Part::builder().data(text).charset("UTF-8").build().ok();
    match words {
        Words::Email(Email { subject, text, html }) => {
            let body = Body::builder()
                .set_text(text.as_deref().and_then(part))
                .set_html(html.as_deref().and_then(part))
                .build();
            let message = Message::builder().subject(part(subject)?).body(body);
            Some(EmailContent::builder().simple(message.build()).build())
        }
        Words::Push(_) | Words::Sms(_) | Words::Slack(_) | Words::InApp(_) => None,
    }
}

/// SES's answers: what is throttled or broken is tried again, a sender or an account that is not set up is ours to mend,
/// a message that is refused stays refused.
fn classify(error: &SdkError<SendEmailError, HttpResponse>) -> Outcome {
    // A 200 whose body is lost, or cannot be read, was still a yes.
    if error.raw_response().is_some_and(|raw| raw.status().is_success()) {
        return Outcome::Sent { message_id: None };
    }
    let service = match error {
        SdkError::ServiceError(service) => service,
        SdkError::ConstructionFailure(_) => return Outcome::Rejected,
        // No answer, or one that broke off.
        _ => return Outcome::Unknown,
    };
    tracing::warn!(provider = "ses", status = service.raw().status().as_u16(), code = error.code(), "refused");
    match service.err() {
        SendEmailError::TooManyRequestsException(_) | SendEmailError::LimitExceededException(_) => {
            Outcome::Retry { after: retry_after(service.raw().headers().get("retry-after")) }
        }
        // SES says so where the sender, or in the sandbox the recipient, is not verified: that is ours to mend.
        SendEmailError::MessageRejected(rejected) if rejected.message().is_some_and(|m| m.contains("not verified")) => {
            Outcome::Misconfigured
        }
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => Outcome::Rejected,
        SendEmailError::AccountSuspendedException(_)
        | SendEmailError::MailFromDomainNotVerifiedException(_)
        | SendEmailError::NotFoundException(_)
        | SendEmailError::SendingPausedException(_) => Outcome::Misconfigured,
        other => by_status(service.raw().status().as_u16(), other.code(), service.raw().headers().get("retry-after")),
    }
}

/// An answer of AWS that names no exception of the operation's own.
pub(super) fn by_status(status: u16, code: Option<&str>, after: Option<&str>) -> Outcome {
    const CREDENTIALS: [&str; 5] = [
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    ];
    match status {
        _ if code.is_some_and(|code| CREDENTIALS.contains(&code)) => Outcome::Misconfigured,
        401 | 403 => Outcome::Misconfigured,
        408 | 429 | 500..=599 => Outcome::Retry { after: retry_after(after) },
        // Throttling comes as a 400 from some front ends.
        400 if code.is_some_and(|code| code.contains("Throttl")) => Outcome::Retry { after: None },
        400..=499 => Outcome::Rejected,
        _ => Outcome::Retry { after: None },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn answers_without_a_known_exception_go_by_their_status() {
        for (status, code, after, outcome) in [
            (403, None, None, Outcome::Misconfigured),
            (400, Some("UnrecognizedClientException"), None, Outcome::Misconfigured),
            (400, Some("ThrottlingException"), None, Outcome::Retry { after: None }),
            (400, Some("ValidationException"), None, Outcome::Rejected),
            (429, None, Some("7"), Outcome::Retry { after: Some(Duration::from_secs(7)) }),
            (500, None, None, Outcome::Retry { after: None }),
            (503, None, Some("soon"), Outcome::Retry { after: None }),
        ] {
            assert_eq!(by_status(status, code, after), outcome, "{status} {code:?}");
        }
    }
}

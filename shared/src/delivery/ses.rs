//! Email through Amazon SES, API v2 (`SendEmail`).

use aws_sdk_sesv2::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content as Part, Destination, EmailContent, Message, MessageTag, Template},
};

use super::{Outcome, retry_after};
use crate::domain::{Content, NotificationId};

/// A subject longer than this is cut where it is taken from the body.
const SUBJECT_CHARACTERS: usize = 78;

/// Sends email.
#[derive(Debug)]
pub struct Ses {
    client: Client,
    sender: String,
}

impl Ses {
    /// Sends from the address `sender`.
    pub fn new(config: &aws_config::SdkConfig, sender: impl Into<String>) -> Self {
        // A retry is a new attempt of the delivery, with its own record: the client itself makes none.
        let once = aws_sdk_sesv2::config::retry::RetryConfig::disabled();
        // So is the time limit: the worker knows what is left of its invocation.
        let unlimited = aws_sdk_sesv2::config::timeout::TimeoutConfig::disabled();
        let config = aws_sdk_sesv2::config::Builder::from(config).retry_config(once).timeout_config(unlimited).build();
        Self { client: Client::from_conf(config), sender: sender.into() }
    }

    /// Sends to one address.
    pub async fn send(&self, id: NotificationId, address: &str, content: &Content) -> Outcome {
        let Some(content) = email(content) else { return Outcome::Rejected };
        let Ok(tag) = MessageTag::builder().name("notification_id").value(id.to_string()).build() else {
            return Outcome::Rejected;
        };
        let sent = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(address).build())
            .content(content)
            .email_tags(tag)
            .send()
            .await;
        match sent {
            Ok(sent) => Outcome::Sent { message_id: sent.message_id },
            Err(error) => classify(&error),
        }
    }
}

/// The words, or the name of one of SES's own templates with its data.
fn email(content: &Content) -> Option<EmailContent> {
    let part = |text: &str| Part::builder().data(text).charset("UTF-8").build().ok();
    match content {
        Content::Inline { subject, title, body } => {
            let line = body.lines().find(|line| !line.trim().is_empty()).unwrap_or("Notification");
            let line: String = line.trim().chars().take(SUBJECT_CHARACTERS).collect();
            let subject = subject.as_ref().or(title.as_ref()).unwrap_or(&line);
            let message = Message::builder().subject(part(subject)?).body(Body::builder().text(part(body)?).build());
            Some(EmailContent::builder().simple(message.build()).build())
        }
        Content::Template { template_code, variables } => {
            let data = serde_json::to_string(variables).ok()?;
            let template = Template::builder().template_name(template_code).template_data(data).build();
            Some(EmailContent::builder().template(template).build())
        }
    }
}

/// SES's answers: what is throttled or broken is tried again, a sender or an account that is not set up is ours to mend,
/// a message that is refused stays refused.
fn classify(error: &SdkError<SendEmailError, HttpResponse>) -> Outcome {
    let SdkError::ServiceError(service) = error else {
        // No answer: a time-out, a reset, a broken one.
        return Outcome::Retry { after: None };
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

fn by_status(status: u16, code: Option<&str>, after: Option<&str>) -> Outcome {
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

    #[test]
    fn a_subject_is_made_of_what_there_is() {
        let subject = |subject: Option<&str>, title: Option<&str>, body: &str| {
            let content =
                Content::Inline { subject: subject.map(Into::into), title: title.map(Into::into), body: body.into() };
            email(&content).unwrap().simple().unwrap().subject().unwrap().data().to_owned()
        };
        assert_eq!(subject(Some("S"), Some("T"), "b"), "S");
        assert_eq!(subject(None, Some("T"), "b"), "T");
        assert_eq!(subject(None, None, "\n First line \nsecond"), "First line");
    }
}

//! Email through Amazon SES, API v2 (`SendEmail`).

use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    error::ProvideErrorMetadata,
    operation::send_email::SendEmailError,
    types::{Body, Content as Part, Destination, EmailContent, Message, MessageHeader, MessageTag},
};
use futures::FutureExt;

use super::{
    Outcome, Outgoing, Unsubscribe,
    aws::{answered, by_status},
};
use crate::{
    aws::Aws,
    clock::Clock,
    domain::{EmailAddress, RenderedContent, rendered_content::Email},
};

/// The most characters of a header's value that SES accepts.
pub const MAX_HEADER_CHARACTERS: usize = 870;

/// Sends email.
#[derive(Debug)]
pub struct Ses {
    client: Client,
    sender: EmailAddress,
    configuration_set: Option<String>,
    clock: Clock,
}

impl Ses {
    /// Sends from the address `sender`, under the configuration set that publishes bounces and complaints, if there is one.
    pub fn new(aws: &Aws, sender: EmailAddress, configuration_set: Option<String>, clock: Clock) -> Self {
        // This client does not retry, because each retry is a new attempt of the delivery with its own record. It also
        // has no time-out, because the worker knows how much time its invocation has left.
        Self { client: Client::new(&aws.single_attempt()), sender, configuration_set, clock }
    }

    /// Sends to one address. SES returns the message's tags with bounces and complaints.
    pub async fn send(&self, message: &Outgoing<'_>) -> Outcome {
        let Some(headers) = headers(message.unsubscribe) else {
            tracing::error!(provider = "ses", "the unsubscribe link cannot stand in a header");
            return Outcome::Misconfigured;
        };
        let Some(content) = content(message.content, headers) else { return Outcome::Rejected };
        let mut send = self.client.send_email().from_email_address(self.sender.as_str()).content(content);
        let tags = [("notification_id", message.notification_id.to_string()), ("user_id", message.user_id.to_string())];
        for (name, value) in tags {
            let Ok(tag) = MessageTag::builder().name(name).value(value).build() else { return Outcome::Rejected };
            send = send.email_tags(tag);
        }
        let send = send
            .destination(Destination::builder().to_addresses(message.address).build())
            .set_configuration_set_name(self.configuration_set.clone());
        match send.send().boxed().await {
            Ok(sent) => Outcome::Sent { message_id: sent.message_id },
            Err(error) => answered(&error, self.clock.now(), classify),
        }
    }
}

/// The headers that every email has, and those of the opt-out link, if there is one.
///
/// `Auto-Submitted: auto-generated` keeps out-of-office programs and mailing lists from answering (RFC 3834 §5). The two headers
/// of the link allow a mail program to opt out with one click (RFC 2369 §3.2, RFC 8058 §3.1); SES signs both with DKIM, as
/// RFC 8058 demands. A link that only leads to a page has no `List-Unsubscribe-Post`. SES takes 15 headers, and these are none of those that it sets itself
/// (<https://docs.aws.amazon.com/ses/latest/dg/header-fields.html>). `None` if the link has a character that would end its
/// header, or is too long for SES.
fn headers(unsubscribe: Option<&Unsubscribe>) -> Option<Vec<MessageHeader>> {
    let header = |name: &str, value: &str| MessageHeader::builder().name(name).value(value).build().ok();
    let automatic = header("Auto-Submitted", "auto-generated")?;
    let (link, post) = match unsubscribe {
        None => return Some(vec![automatic]),
        Some(Unsubscribe::OneClick(link)) => {
            (link, Some(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?))
        }
        Some(Unsubscribe::Preferences(link)) => (link, None),
    };
    let value = format!("<{link}>");
    if value.len() > MAX_HEADER_CHARACTERS || !link.bytes().all(|b| b.is_ascii_graphic() && !b"<>".contains(&b)) {
        return None;
    }
    Some([Some(header("List-Unsubscribe", &value)?), post, Some(automatic)].into_iter().flatten().collect())
}

/// The rendered content as SES's type; `None` if it is not an email.
fn content(content: &RenderedContent, headers: Vec<MessageHeader>) -> Option<EmailContent> {
    let part = |text: &str| Part::builder().data(text).charset("UTF-8").build().ok();
    match content {
        RenderedContent::Email(Email { subject, text, html }) => {
            let body = Body::builder()
                .set_text(text.as_deref().and_then(part))
                .set_html(html.as_deref().and_then(part))
                .build();
            let message = Message::builder().subject(part(subject.as_str())?).body(body).set_headers(Some(headers));
            Some(EmailContent::builder().simple(message.build()).build())
        }
        RenderedContent::Push(_) | RenderedContent::Sms(_) | RenderedContent::Slack(_) | RenderedContent::InApp(_) => {
            None
        }
    }
}

/// Classifies SES's answers. Beyond the account's rate a second or its quota a day SES drops the message
/// (<https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html>); a failed request is tried again; a sender or an account that is not set up is
/// an operator's task; a refused message stays refused
/// (<https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>).
fn classify(error: &SendEmailError, status: u16, after: Option<Duration>) -> Outcome {
    tracing::warn!(provider = "ses", status, code = error.code(), "refused");
    match error {
        SendEmailError::TooManyRequestsException(_) | SendEmailError::LimitExceededException(_) => {
            Outcome::NotTried { after }
        }
        // The sender is not verified, or, in the sandbox, the recipient. An operator must repair that.
        SendEmailError::MessageRejected(rejected) if rejected.message().is_some_and(|m| m.contains("not verified")) => {
            Outcome::Misconfigured
        }
        SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_) => Outcome::Rejected,
        SendEmailError::AccountSuspendedException(_)
        | SendEmailError::MailFromDomainNotVerifiedException(_)
        | SendEmailError::NotFoundException(_)
        | SendEmailError::SendingPausedException(_) => Outcome::Misconfigured,
        other => by_status(status, other.code(), after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_email_says_that_a_program_sent_it_and_has_both_headers_of_its_link() {
        let link = "https://a.example/unsubscribe?token=x.y";
        let of_any = |unsubscribe: Option<Unsubscribe>| {
            let email = RenderedContent::Email(Email { text: Some("b".into()), ..Email::default() });
            let headers = content(&email, headers(unsubscribe.as_ref())?).unwrap().simple.unwrap().headers.unwrap();
            Some(headers.into_iter().map(|header| (header.name, header.value)).collect::<Vec<_>>())
        };
        let of = |link: Option<&str>| of_any(link.map(|link| Unsubscribe::OneClick(link.to_owned())));
        let automatic = ("Auto-Submitted".to_owned(), "auto-generated".to_owned());
        let list = ("List-Unsubscribe".to_owned(), format!("<{link}>"));
        let post = ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned());
        assert_eq!(of(None), Some(vec![automatic.clone()]));
        assert_eq!(of(Some(link)), Some(vec![list.clone(), post, automatic.clone()]));
        assert_eq!(of_any(Some(Unsubscribe::Preferences(link.to_owned()))), Some(vec![list, automatic]));
        let long = "x".repeat(MAX_HEADER_CHARACTERS - 1);
        for bad in ["https://a\r\nBcc: b@example.com", "https://a>, <b", "https://é", "https://a b", long.as_str()] {
            assert_eq!(of(Some(bad)), None, "{bad:?}");
        }
        assert!(of(Some(&long[1..])).is_some());
    }

    #[test]
    fn every_exception_of_the_operation_is_told_apart() {
        use aws_sdk_sesv2::{
            operation::send_email::SendEmailError as Error,
            types::error::{
                AccountSuspendedException, BadRequestException, LimitExceededException,
                MailFromDomainNotVerifiedException, MessageRejected, NotFoundException, SendingPausedException,
                TooManyRequestsException,
            },
        };
        let rejected = |why: &str| Error::MessageRejected(MessageRejected::builder().message(why).build());
        let later = Outcome::NotTried { after: Some(Duration::from_secs(7)) };
        for (error, outcome) in [
            (Error::TooManyRequestsException(TooManyRequestsException::builder().build()), later.clone()),
            (Error::LimitExceededException(LimitExceededException::builder().build()), later),
            (rejected("Email address is not verified. The following identities failed"), Outcome::Misconfigured),
            (rejected("Message contains a virus"), Outcome::Rejected),
            (Error::BadRequestException(BadRequestException::builder().build()), Outcome::Rejected),
            (Error::AccountSuspendedException(AccountSuspendedException::builder().build()), Outcome::Misconfigured),
            (
                Error::MailFromDomainNotVerifiedException(MailFromDomainNotVerifiedException::builder().build()),
                Outcome::Misconfigured,
            ),
            (Error::NotFoundException(NotFoundException::builder().build()), Outcome::Misconfigured),
            (Error::SendingPausedException(SendingPausedException::builder().build()), Outcome::Misconfigured),
        ] {
            assert_eq!(classify(&error, 400, Some(Duration::from_secs(7))), outcome, "{error:?}");
        }
    }
}

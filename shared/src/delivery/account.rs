//! What the account of AWS is set up for: email and text messages. An operator asks before the first message.

use std::time::Duration;

use aws_sdk_pinpointsmsvoicev2::types::{AccountAttributeName, NumberCapability, NumberStatus};
use aws_sdk_sesv2::{
    error::{ProvideErrorMetadata, SdkError},
    types::DkimStatus,
};
use futures::FutureExt;

use crate::{aws::Aws, clock::Clock, domain::EmailAddress};

/// SES takes one call a second of an operation that sends nothing. (<https://docs.aws.amazon.com/ses/latest/dg/quotas.html>,
/// "Amazon SES API sending quotas"; the pages of single operations say the same, such as
/// <https://docs.aws.amazon.com/ses/latest/APIReference/API_GetSendQuota.html>.)
const SES_PAUSE: Duration = Duration::from_millis(1100);
/// The most calls of SES for one answer, when it asks for fewer.
const MAX_CALLS: u32 = 3;
/// The most domains above the sender's that are asked for.
const MAX_PARENTS: usize = 2;

/// AWS did not say. The text is the name of its error; empty if there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AWS does not answer: {0}")]
pub struct Unasked(pub String);

impl Unasked {
    fn because(error: &impl ProvideErrorMetadata) -> Self {
        Self(error.code().unwrap_or("no answer").to_owned())
    }
}

/// How the account sends email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmailAccount {
    /// Whether it may send to addresses that are not verified: it is out of the sandbox.
    pub is_in_production: bool,
    /// Whether it may send at all: AWS pauses an account with too many bounces.
    pub may_send: bool,
}

/// The identity under which the sender's address is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderIdentity {
    /// The domain, or the address itself.
    pub name: String,
    /// Whether SES sends for it.
    pub is_verified: bool,
    /// Whether its mail is signed by DKIM.
    pub is_signed: bool,
}

/// What the account has to send text messages from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsAccount {
    /// Whether it may send to numbers that are not verified.
    pub is_in_production: bool,
    /// The numbers and sender ids that can be used now, of the first hundred.
    pub ready: usize,
    /// The numbers that wait for a registration or something else.
    pub pending: usize,
}

/// Asks AWS what the account is set up for. It changes nothing.
#[derive(Clone, Debug)]
pub struct Account {
    ses: aws_sdk_sesv2::Client,
    sms: aws_sdk_pinpointsmsvoicev2::Client,
    clock: Clock,
}

impl Account {
    /// The account whose credentials `aws` has.
    pub fn new(aws: &Aws, clock: Clock) -> Self {
        let (ses, sms) = (&aws.single_attempt(), &aws.retrying());
        Self { ses: aws_sdk_sesv2::Client::new(ses), sms: aws_sdk_pinpointsmsvoicev2::Client::new(sms), clock }
    }

    /// How the account sends email.
    pub async fn email(&self) -> Result<EmailAccount, Unasked> {
        let told = self.slowly(|| self.ses.get_account().send()).await.map_err(|error| Unasked::because(&error))?;
        Ok(EmailAccount { is_in_production: told.production_access_enabled, may_send: told.sending_enabled })
    }

    /// The verified identity that the sender's address falls under, or one that is not verified yet; `None` if there is none. A
    /// domain's identity is also that of all names below it
    /// (<https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html>).
    pub async fn sender(&self, sender: &EmailAddress) -> Result<Option<SenderIdentity>, Unasked> {
        let mut unverified = None;
        for name in names(sender) {
            let asked = self.slowly(|| self.ses.get_email_identity().email_identity(&name).send()).await;
            let told = match asked {
                Ok(told) => told,
                Err(SdkError::ServiceError(error)) if error.err().is_not_found_exception() => continue,
                Err(error) => return Err(Unasked::because(&error)),
            };
            let is_signed = told.dkim_attributes.is_some_and(|dkim| dkim.status == Some(DkimStatus::Success));
            let found = SenderIdentity { name, is_verified: told.verified_for_sending_status, is_signed };
            if found.is_verified {
                return Ok(Some(found));
            }
            unverified.get_or_insert(found);
        }
        Ok(unverified)
    }

    /// What the account has to send text messages from
    /// (<https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_DescribePhoneNumbers.html>).
    pub async fn sms(&self) -> Result<SmsAccount, Unasked> {
        let attributes = self.sms.describe_account_attributes().send().boxed();
        let numbers = self.sms.describe_phone_numbers().max_results(100).send().boxed();
        let senders = self.sms.describe_sender_ids().max_results(100).send().boxed();
        let (attributes, numbers, senders) = futures::join!(attributes, numbers, senders);
        let attributes = attributes.map_err(|error| Unasked::because(&error))?.account_attributes.unwrap_or_default();
        let numbers = numbers.map_err(|error| Unasked::because(&error))?.phone_numbers.unwrap_or_default();
        let senders = senders.map_err(|error| Unasked::because(&error))?.sender_ids.unwrap_or_default();
        let tier = attributes.iter().find(|attribute| attribute.name == AccountAttributeName::AccountTier);
        let numbers = numbers.iter().filter(|number| number.number_capabilities.contains(&NumberCapability::Sms));
        let (active, pending): (Vec<_>, Vec<_>) = numbers.partition(|number| number.status == NumberStatus::Active);
        Ok(SmsAccount {
            is_in_production: tier.is_some_and(|tier| tier.value == "PRODUCTION"),
            ready: active.len() + senders.len(),
            pending: pending.len(),
        })
    }

    /// Makes a call of SES, and makes it again a second later if SES asks for fewer.
    async fn slowly<T, E, F>(&self, call: impl Fn() -> F) -> Result<T, SdkError<E>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut calls = 1;
        loop {
            match Box::pin(call()).await {
                Err(error) if calls < MAX_CALLS && is_too_fast(error.code()) => self.clock.sleep(SES_PAUSE).await,
                told => return told,
            }
            calls += 1;
        }
    }
}

fn is_too_fast(code: Option<&str>) -> bool {
    code.is_some_and(|code| code == "TooManyRequestsException" || code.contains("Throttl"))
}

/// The names under which an address may be verified, the most usual first: its domain, the domains above it, itself.
fn names(sender: &EmailAddress) -> Vec<String> {
    let mut names = Vec::new();
    let mut domain = sender.as_str().rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    while let Some(name) = domain.take().filter(|name| name.contains('.') && names.len() <= MAX_PARENTS) {
        domain = name.split_once('.').map(|(_, above)| above.to_owned());
        names.push(name);
    }
    names.push(sender.as_str().to_owned());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{Act, Server};

    #[test]
    fn an_address_may_be_verified_by_its_domain_by_one_above_it_or_by_itself() {
        let of = |sender| names(&EmailAddress::parse(sender).unwrap());
        assert_eq!(of("A@Example.com"), ["example.com", "A@Example.com"]);
        assert_eq!(
            of("a@b.c.d.example.com"),
            ["b.c.d.example.com", "c.d.example.com", "d.example.com", "a@b.c.d.example.com"]
        );
    }

    #[tokio::test]
    async fn ses_is_asked_again_only_after_a_second_and_the_first_verified_identity_is_the_one() {
        let busy = Act::Answer(429, r#"{"__type":"TooManyRequestsException"}"#);
        let none = Act::Answer(404, r#"{"__type":"NotFoundException"}"#);
        let pending = r#"{"VerifiedForSendingStatus":false,"DkimAttributes":{"Status":"PENDING"}}"#;
        let verified = r#"{"VerifiedForSendingStatus":true,"DkimAttributes":{"Status":"SUCCESS"}}"#;
        let server = Server::start(&[busy, none, Act::Answer(200, pending), Act::Answer(200, verified)]).await;
        let account = Account::new(&server.aws(), Clock::system());
        let sender = EmailAddress::parse("n@mail.example.com").unwrap();
        let began = std::time::Instant::now();
        let found = account.sender(&sender).await;
        assert!(began.elapsed() >= SES_PAUSE);
        let expected = SenderIdentity { name: "n@mail.example.com".into(), is_verified: true, is_signed: true };
        assert_eq!(found, Ok(Some(expected)));
        let paths: Vec<_> = server.heads().iter().map(|head| head.split(' ').nth(1).unwrap().to_owned()).collect();
        let of = |name: &str| format!("/v2/email/identities/{name}");
        let all = ["mail.example.com", "mail.example.com", "example.com", "n%40mail.example.com"];
        assert_eq!(paths, all.map(of));
    }
}

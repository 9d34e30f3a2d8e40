//! From what was found out to the checks and their sentences. Each command is one of `functions/DEPLOYING.md`.

use shared::{
    delivery::{SecretPresence, Unasked},
    domain::{ConfiguredChannel, Provider},
    http::auth::IssuerKeys,
};

use super::{
    facts::{Facts, PublicAnswer},
    view::{Check, Status},
};

/// All checks, in the order in which an operator sets these things up.
pub(super) fn all(facts: &Facts) -> Vec<Check> {
    let mut checks = email(facts);
    checks.extend(sms(facts));
    checks.push(channels(facts));
    checks.extend(facts.channels.iter().map(|channel| secret(channel, facts)));
    checks.extend([issuer(facts.keys), public_url(&facts.public_url), concurrency(facts)]);
    checks
}

impl Check {
    fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { name, status, provider: None, channel_id: None, detail: detail.into(), remedy: None }
    }

    fn of(self, provider: Provider) -> Self {
        Self { provider: Some(provider), ..self }
    }

    fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// What could not be asked.
    fn unasked(name: &'static str, Unasked(why): &Unasked) -> Self {
        let allowed =
            "If this does not pass, the role of the function users lacks a permission: deploy the template again";
        Self::new(name, Status::Unknown, format!("AWS did not say: {why}")).remedy(allowed)
    }
}

fn is_or_missing(is: bool) -> Status {
    if is { Status::Ok } else { Status::Missing }
}

fn email(facts: &Facts) -> Vec<Check> {
    const IDENTITY: &str = "email.identity";
    const DKIM: &str = "email.dkim";
    const SENDING: &str = "email.sending";
    const PRODUCTION: &str = "email.production_access";
    let domain = facts.sender.as_str().rsplit('@').next().unwrap_or_default();
    let create = format!("Verify the sender's domain: `aws sesv2 create-email-identity --email-identity {domain}`");
    let mut checks = match &facts.identity {
        Err(why) => vec![Check::unasked(IDENTITY, why), Check::unasked(DKIM, why)],
        Ok(None) => {
            let says = format!("SES knows neither the domain {domain} nor the sender's address");
            vec![
                Check::new(IDENTITY, Status::Missing, says).remedy(create),
                Check::new(DKIM, Status::Missing, "There is no identity whose mail could be signed")
                    .remedy("It comes with the identity of a domain"),
            ]
        }
        Ok(Some(identity)) => {
            let show = |name: &str| {
                format!(
                    "Publish its three CNAME records, and wait until SES has seen them: \
                     `aws sesv2 get-email-identity --email-identity {name}`"
                )
            };
            let name = identity.name.as_str();
            let found = if identity.is_verified { "is verified" } else { "is not verified yet" };
            let verified = Check::new(IDENTITY, is_or_missing(identity.is_verified), format!("{name} {found}"));
            let signs = if identity.is_signed { "is signed by DKIM" } else { "is not signed by DKIM" };
            let signed = Check::new(DKIM, is_or_missing(identity.is_signed), format!("Mail of {name} {signs}"));
            let remedied = |check: Check| if check.status == Status::Ok { check } else { check.remedy(show(name)) };
            vec![remedied(verified), remedied(signed)]
        }
    };
    match &facts.email {
        Err(why) => checks.extend([Check::unasked(SENDING, why), Check::unasked(PRODUCTION, why)]),
        Ok(account) => {
            checks.push(if account.may_send {
                Check::new(SENDING, Status::Ok, "The account may send email")
            } else {
                Check::new(SENDING, Status::Missing, "AWS has paused the account's email").remedy(
                    "Answer AWS's letter about it; the console of SES, Reputation metrics, says why: `aws sesv2 get-account`",
                )
            });
            checks.push(if account.is_in_production {
                Check::new(PRODUCTION, Status::Ok, "SES is out of the sandbox")
            } else {
                let says = "SES is in the sandbox: it sends only to verified addresses, 200 a day";
                Check::new(PRODUCTION, Status::Missing, says).remedy(
                    "Ask AWS for production access: `aws sesv2 put-account-details --production-access-enabled`",
                )
            });
        }
    }
    checks.into_iter().map(|check| check.of(Provider::Email)).collect()
}

fn sms(facts: &Facts) -> Vec<Check> {
    const ORIGINATION: &str = "sms.origination";
    const PRODUCTION: &str = "sms.production_access";
    let checks = match &facts.sms {
        None => vec![Check::new(ORIGINATION, Status::Optional, "No configured channel sends text messages")],
        Some(Err(why)) => vec![Check::unasked(ORIGINATION, why), Check::unasked(PRODUCTION, why)],
        Some(Ok(account)) => {
            let says = match (account.ready, account.pending) {
                (0, 0) => "The account has no number and no sender id to send from".to_owned(),
                (0, waiting) => format!("No number can be used yet: {waiting} wait for AWS"),
                // This function reads no secret's value, so it does not know which one the channel uses.
                (ready, _) => format!(
                    "{ready} numbers and sender ids can be used; whether the channel's secret names one of them is not checked"
                ),
            };
            let origination = Check::new(ORIGINATION, is_or_missing(account.ready > 0), says);
            let production = if account.is_in_production {
                Check::new(PRODUCTION, Status::Ok, "Text messages are out of the sandbox")
            } else {
                let says = "Text messages are in the sandbox: they go only to verified numbers";
                Check::new(PRODUCTION, Status::Missing, says).remedy(
                    "Ask AWS for production access, in the console of End User Messaging, Account settings: \
                     `aws pinpoint-sms-voice-v2 describe-account-attributes`",
                )
            };
            let origination = match (account.ready, account.pending) {
                (0, 0) => origination.remedy("Ask for a number: `aws pinpoint-sms-voice-v2 request-phone-number`"),
                (0, _) => origination
                    .remedy("A registration may take weeks: `aws pinpoint-sms-voice-v2 describe-phone-numbers`"),
                _ => origination,
            };
            vec![origination, production]
        }
    };
    checks.into_iter().map(|check| check.of(Provider::Sms)).collect()
}

fn channels(facts: &Facts) -> Check {
    const CHANNELS: &str = "channels";
    match facts.channels.len() {
        0 => Check::new(CHANNELS, Status::Missing, "No channel is configured, so nothing can be sent")
            .remedy("Configure the first one: PUT /api/v1/channels/{channel_id}"),
        count => Check::new(CHANNELS, Status::Ok, format!("{count} channels are configured")),
    }
}

/// Whether a provider needs a secret: email is sent by the worker's own role, and the inbox is the table.
fn needs_secret(provider: Provider) -> bool {
    match provider {
        Provider::Apns | Provider::Fcm | Provider::Slack | Provider::Sms | Provider::Webhook => true,
        Provider::Email | Provider::InApp => false,
    }
}

fn secret(channel: &ConfiguredChannel, facts: &Facts) -> Check {
    const SECRET: &str = "secret";
    let check = match &channel.secret {
        None if needs_secret(channel.provider) => {
            Check::new(SECRET, Status::Missing, "The channel names no secret, and its provider needs one")
                .remedy("Name one that begins with tidings/: PUT /api/v1/channels/{channel_id}")
        }
        None => Check::new(SECRET, Status::Ok, "The provider needs no secret"),
        Some(name) => {
            let create = format!("Create it: `aws secretsmanager create-secret --name {name} --secret-string …`");
            let missing = |says: String, remedy: String| Check::new(SECRET, Status::Missing, says).remedy(remedy);
            match facts.secrets.get(name) {
                None => {
                    Check::new(SECRET, Status::Unknown, format!("{name}: there are too many secrets to look up each"))
                }
                Some(Err(why)) => Check::unasked(SECRET, why),
                Some(Ok(SecretPresence::Readable)) => Check::new(SECRET, Status::Ok, format!("{name} is there")),
                Some(Ok(SecretPresence::Missing)) => missing(format!("{name} is not there"), create),
                Some(Ok(SecretPresence::Empty)) => missing(
                    format!("{name} has no value"),
                    format!("Give it one: `aws secretsmanager put-secret-value --secret-id {name} --secret-string …`"),
                ),
                Some(Ok(SecretPresence::Deleted)) => missing(
                    format!("{name} is about to be deleted"),
                    format!("Keep it: `aws secretsmanager restore-secret --secret-id {name}`"),
                ),
                Some(Ok(SecretPresence::OtherKey)) => {
                    let says =
                        format!("{name} is encrypted by a key of your own, which the worker may not be allowed to use");
                    Check::new(SECRET, Status::Unknown, says)
                        .remedy("Use the key of the parameter KeyArn, or AWS's own, for the providers' secrets")
                }
            }
        }
    };
    Check { channel_id: Some(channel.id.clone()), ..check.of(channel.provider) }
}

fn issuer(keys: IssuerKeys) -> Check {
    const ISSUER: &str = "issuer";
    match keys {
        IssuerKeys::Fixed => {
            Check::new(ISSUER, Status::Ok, "The deployment has the issuer's keys in its parameter Jwks")
        }
        IssuerKeys::Fetched => Check::new(ISSUER, Status::Ok, "The issuer answers with its keys"),
        IssuerKeys::Old => Check::new(
            ISSUER,
            Status::Missing,
            "The issuer does not answer; its last keys are used for a day after they were read",
        )
        .remedy("Check that the URL of the parameter Jwks answers, from outside of your network: `curl -s`"),
        IssuerKeys::None => Check::new(ISSUER, Status::Missing, "The issuer's keys cannot be read")
            .remedy("Check that the URL of the parameter Jwks answers, from outside of your network: `curl -s`"),
    }
}

fn public_url(answer: &PublicAnswer) -> Check {
    const PUBLIC_URL: &str = "public_url";
    let map = "Map the domain to this API: `aws apigatewayv2 create-api-mapping --domain-name`";
    match answer {
        PublicAnswer::NotSet => {
            let says = "No domain of your own: links in emails have the API's URL, and stop working if it changes";
            Check::new(PUBLIC_URL, Status::Optional, says)
                .remedy("Set it before the first email: `sam deploy --parameter-overrides PublicUrl=https://…`")
        }
        PublicAnswer::Ours => {
            Check::new(PUBLIC_URL, Status::Ok, "The URL of the parameter PublicUrl leads to this API")
        }
        PublicAnswer::Other(status) => {
            let says = format!("Something else answers at PublicUrl, with status {status}");
            Check::new(PUBLIC_URL, Status::Missing, says).remedy(map)
        }
        PublicAnswer::Nothing => {
            Check::new(PUBLIC_URL, Status::Missing, "Nothing answers at the URL of the parameter PublicUrl").remedy(map)
        }
    }
}

fn concurrency(facts: &Facts) -> Check {
    const CONCURRENCY: &str = "lambda.concurrency";
    let workers = facts.workers;
    match &facts.concurrency {
        Err(why) => Check::unasked(CONCURRENCY, why),
        Ok(quota) if *quota > workers => {
            let says = format!(
                "The account allows {quota} concurrent invocations, of which the workers use at most {workers}"
            );
            Check::new(CONCURRENCY, Status::Ok, says)
        }
        Ok(quota) => {
            let says = format!(
                "The account allows {quota} concurrent invocations, and the workers may use {workers}: that can leave \
                 none for the API"
            );
            Check::new(CONCURRENCY, Status::Missing, says).remedy(
                "Ask for more, and set all five …Concurrency to 2 until then: \
                 `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 \
                 --desired-value 1000`",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        delivery::{EmailAccount, SenderIdentity, SmsAccount},
        domain::EmailAddress,
    };

    use super::{
        super::view::{HealthView, Overall},
        *,
    };

    fn channel(provider: Provider, secret: Option<&str>) -> ConfiguredChannel {
        ConfiguredChannel {
            id: provider.as_str().to_owned(),
            name: String::new(),
            provider,
            secret: secret.map(str::to_owned),
            position: 0,
            carries: None,
            rate_per_second: None,
        }
    }

    /// A deployment that lacks nothing.
    fn ready() -> Facts {
        let identity = SenderIdentity { name: "example.com".into(), is_verified: true, is_signed: true };
        Facts {
            sender: EmailAddress::parse("a@example.com").unwrap(),
            email: Ok(EmailAccount { is_in_production: true, may_send: true }),
            identity: Ok(Some(identity)),
            sms: Some(Ok(SmsAccount { is_in_production: true, ready: 1, pending: 0 })),
            channels: vec![channel(Provider::Email, None), channel(Provider::Sms, Some("tidings/sms"))],
            secrets: [("tidings/sms".to_owned(), Ok(SecretPresence::Readable))].into(),
            keys: IssuerKeys::Fetched,
            public_url: PublicAnswer::Ours,
            workers: 54,
            concurrency: Ok(1000),
        }
    }

    fn found(change: impl FnOnce(&mut Facts)) -> (Overall, Vec<Check>) {
        let mut facts = ready();
        change(&mut facts);
        let HealthView { status, checks } = HealthView::of(all(&facts));
        let said = checks.into_iter().filter(|check| check.status != Status::Ok).collect();
        (status, said)
    }

    #[test]
    fn a_deployment_that_lacks_nothing_is_ready() {
        assert_eq!(found(|_| ()), (Overall::Ready, Vec::new()));
    }

    #[test]
    fn whatever_is_missing_is_told_by_name_with_its_remedy() {
        type Change = fn(&mut Facts);
        let table: [(Change, &[&str]); 18] = [
            (|facts| facts.identity = Ok(None), &["email.identity", "email.dkim"]),
            (|facts| facts.identity.as_mut().unwrap().as_mut().unwrap().is_verified = false, &["email.identity"]),
            (|facts| facts.identity.as_mut().unwrap().as_mut().unwrap().is_signed = false, &["email.dkim"]),
            (|facts| facts.email.as_mut().unwrap().may_send = false, &["email.sending"]),
            (|facts| facts.email.as_mut().unwrap().is_in_production = false, &["email.production_access"]),
            (
                |facts| facts.sms = Some(Ok(SmsAccount { is_in_production: false, ready: 0, pending: 0 })),
                &["sms.origination", "sms.production_access"],
            ),
            (
                |facts| facts.sms = Some(Ok(SmsAccount { is_in_production: true, ready: 0, pending: 2 })),
                &["sms.origination"],
            ),
            (|facts| facts.channels.clear(), &["channels"]),
            (|facts| facts.channels.push(channel(Provider::Fcm, None)), &["secret"]),
            (|facts| drop(facts.secrets.insert("tidings/sms".into(), Ok(SecretPresence::Missing))), &["secret"]),
            (|facts| drop(facts.secrets.insert("tidings/sms".into(), Ok(SecretPresence::Empty))), &["secret"]),
            (|facts| drop(facts.secrets.insert("tidings/sms".into(), Ok(SecretPresence::Deleted))), &["secret"]),
            (|facts| facts.keys = IssuerKeys::Old, &["issuer"]),
            (|facts| facts.keys = IssuerKeys::None, &["issuer"]),
            (|facts| facts.public_url = PublicAnswer::Other(404), &["public_url"]),
            (|facts| facts.public_url = PublicAnswer::Nothing, &["public_url"]),
            (|facts| facts.concurrency = Ok(54), &["lambda.concurrency"]),
            (|facts| facts.concurrency = Ok(10), &["lambda.concurrency"]),
        ];
        for (change, names) in table {
            let (status, checks) = found(change);
            assert_eq!(status, Overall::Incomplete, "{names:?}");
            assert_eq!(checks.iter().map(|check| check.name).collect::<Vec<_>>(), names);
            for check in checks {
                assert_eq!(check.status, Status::Missing, "{check:?}");
                assert!(check.remedy.is_some(), "{check:?}");
            }
        }
    }

    #[test]
    fn what_could_not_be_found_out_is_unknown_and_what_is_not_needed_is_optional() {
        let unasked = || Unasked("AccessDeniedException".to_owned());
        let (status, checks) = found(|facts| {
            (facts.email, facts.identity) = (Err(unasked()), Err(unasked()));
            (facts.sms, facts.concurrency) = (Some(Err(unasked())), Err(unasked()));
            facts.secrets.insert("tidings/sms".into(), Ok(SecretPresence::OtherKey));
        });
        assert_eq!((status, checks.len()), (Overall::Unknown, 8));
        assert!(checks.iter().all(|check| check.status == Status::Unknown && check.remedy.is_some()), "{checks:?}");
        assert!(checks[0].detail.contains("AccessDeniedException"));
        let (status, checks) = found(|facts| facts.secrets.clear());
        assert_eq!((status, checks[0].name, checks[0].status), (Overall::Unknown, "secret", Status::Unknown));

        let (status, checks) = found(|facts| {
            facts.channels.retain(|channel| channel.provider != Provider::Sms);
            (facts.sms, facts.public_url) = (None, PublicAnswer::NotSet);
        });
        assert_eq!(status, Overall::Ready);
        assert_eq!(checks.iter().map(|check| check.name).collect::<Vec<_>>(), ["sms.origination", "public_url"]);
        assert!(checks.iter().all(|check| check.status == Status::Optional));
    }

    /// The commands of the remedies, up to the first word that depends on the deployment.
    fn commands() -> Vec<String> {
        let source = include_str!("checks.rs").replace("\\\n", " ");
        let source = source.split("#[cfg(test)]").next().unwrap().to_owned();
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        let quoted = source.split('`').skip(1).step_by(2);
        let commands = quoted.filter(|text| ["aws ", "sam ", "curl "].iter().any(|tool| text.starts_with(tool)));
        commands.map(|text| text.split(['{', '…']).next().unwrap().trim().to_owned()).collect()
    }

    #[test]
    fn every_command_of_a_remedy_is_explained_where_the_deployment_is() {
        let page = include_str!("../../../DEPLOYING.md").replace("\\\n", " ");
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let commands = commands();
        assert!(commands.len() >= 10, "{commands:?}");
        for command in commands {
            assert!(page.contains(&command), "DEPLOYING.md does not have: {command}");
        }
    }
}

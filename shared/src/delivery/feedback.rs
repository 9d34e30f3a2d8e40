//! Events that SES publishes about mail that it accepted: bounces and complaints, which Amazon SNS puts into a queue
//! (<https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Cause, UserId};

/// SES publishes this text once, when the topic is set up.
const VALIDATED: &str = "Successfully validated SNS topic for Amazon SES event publishing";

/// A bounce of or a complaint about a user's addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The user whose addresses they are.
    pub user_id: UserId,
    /// The addresses, in lower case.
    pub addresses: BTreeSet<String>,
    /// Whether the mail bounced or the recipient complained.
    pub cause: Cause,
}

/// The error of a message that is not an event of SES.
#[derive(Debug, thiserror::Error)]
#[error("the message is no event of SES: {0}")]
pub struct UnreadableFeedback(&'static str);

#[derive(Deserialize)]
struct Event {
    /// The kind of event. Event publishing calls it `eventType`; notifications of an identity call it
    /// `notificationType`.
    #[serde(rename = "eventType", alias = "notificationType")]
    kind: String,
    #[serde(default)]
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Default, Deserialize)]
struct Mail {
    #[serde(default)]
    tags: Value,
    /// The addresses that the mail was sent to.
    #[serde(default)]
    destination: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complained_recipients: Vec<Recipient>,
    complaint_feedback_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
}

/// Reads a message, in SNS's envelope or raw. The error means that it is not an event of SES. `Ok(None)` means that no
/// address must be suppressed: the mail may still arrive, the complaint was withdrawn, the event has another kind, or
/// the mail was not ours.
pub fn read(body: &str) -> Result<Option<Feedback>, UnreadableFeedback> {
    if body.contains(VALIDATED) {
        return Ok(None);
    }
    let json: Value = serde_json::from_str(body).map_err(|_| UnreadableFeedback("it is not JSON"))?;
    let event = match json.get("Message").and_then(Value::as_str) {
        Some(inner) => serde_json::from_str(inner).map_err(|_| UnreadableFeedback("its message is not JSON"))?,
        None => json,
    };
    let Event { kind, mail, bounce, complaint } =
        serde_json::from_value(event).map_err(|_| UnreadableFeedback("it has another shape"))?;
    let (cause, recipients) = match (kind.as_str(), bounce, complaint) {
        ("Bounce", Some(bounce), _) if bounce.bounce_type == "Permanent" => (Cause::Bounced, bounce.bounced_recipients),
        ("Complaint", _, Some(complaint)) if complaint.complaint_feedback_type.as_deref() != Some("not-spam") => {
            (Cause::Complained, complaint.complained_recipients)
        }
        ("Bounce", None, _) | ("Complaint", _, None) => return Err(UnreadableFeedback("it says nothing of its kind")),
        _ => return Ok(None),
    };
    let Some(user_id) = mail.tags.pointer("/user_id/0").and_then(Value::as_str).and_then(UserId::parse) else {
        return Ok(None);
    };
    let mut addresses: BTreeSet<_> = recipients.iter().map(|recipient| bare(&recipient.email_address)).collect();
    // If the user's address forwards its mail, the event names the last address on the way, which the user does not have:
    // SES takes it from the Final-Recipient field of RFC 3464, and a complaint from the recipients that may have
    // complained. A mail of ours has one recipient, so the address that it was sent to is meant too.
    if let [only] = mail.destination.as_slice() {
        addresses.insert(bare(only));
    }
    Ok(Some(Feedback { user_id, addresses, cause }))
}

/// An address in the form for comparisons: without a display name, in lower case.
fn bare(address: &str) -> String {
    let address = address.rsplit_once('<').map_or(address, |(_, rest)| rest.trim_end_matches('>'));
    address.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const USER: &str = "123e4567-e89b-12d3-a456-426614174000";

    fn bounce(kind: &str) -> Value {
        json!({
            "eventType": "Bounce",
            "mail": {"messageId": "m", "tags": {"user_id": [USER], "ses:from-domain": ["example.com"]}},
            "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": "John <John@Example.com>"}]},
        })
    }

    fn complaint(kind: Option<&str>) -> Value {
        json!({
            "notificationType": "Complaint",
            "mail": {"tags": {"user_id": [USER]}},
            "complaint": {"complainedRecipients": [{"emailAddress": "a@x.org"}], "complaintFeedbackType": kind},
        })
    }

    #[test]
    fn what_comes_back_for_good_or_is_complained_about_counts() {
        let user_id = UserId::parse(USER).unwrap();
        let feedback =
            |cause, address: &str| Some(Feedback { user_id, addresses: BTreeSet::from([address.into()]), cause });
        let bounced = || feedback(Cause::Bounced, "john@example.com");
        for (event, expected) in [
            (bounce("Permanent"), bounced()),
            (json!({"Type": "Notification", "Message": bounce("Permanent").to_string()}), bounced()),
            (complaint(Some("abuse")), feedback(Cause::Complained, "a@x.org")),
            (complaint(None), feedback(Cause::Complained, "a@x.org")),
            (bounce("Transient"), None),
            (bounce("Undetermined"), None),
            (complaint(Some("not-spam")), None),
            (json!({"eventType": "Delivery", "mail": {}}), None),
            (json!({"Type": "Notification", "Message": format!("{VALIDATED}.")}), None),
        ] {
            assert_eq!(read(&event.to_string()).unwrap(), expected, "{event}");
        }
        let mut forwarded = bounce("Permanent");
        forwarded["mail"]["destination"] = json!(["\"Alias\" <Alias@example.com>"]);
        let addresses = read(&forwarded.to_string()).unwrap().unwrap().addresses;
        assert_eq!(addresses, ["alias@example.com", "john@example.com"].map(str::to_owned).into());
        let mut untagged = bounce("Permanent");
        untagged["mail"]["tags"] = json!({});
        assert_eq!(read(&untagged.to_string()).unwrap(), None);
    }

    #[test]
    fn what_ses_did_not_write_is_told_apart() {
        for (body, why) in [
            ("", "it is not JSON"),
            ("x", "it is not JSON"),
            (r#"{"Message": "x"}"#, "its message is not JSON"),
            ("{}", "it has another shape"),
            ("[]", "it has another shape"),
            (r#"{"eventType": "Bounce", "bounce": {}}"#, "it has another shape"),
            (r#"{"eventType": "Bounce", "mail": {}}"#, "it says nothing of its kind"),
            (r#"{"eventType": "Complaint", "mail": {}}"#, "it says nothing of its kind"),
        ] {
            assert_eq!(read(body).unwrap_err().0, why, "{body}");
        }
    }
}

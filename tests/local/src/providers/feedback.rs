//! Events that SES publishes about an email: bounces and complaints, in the form that event publishing gives to SNS.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";

/// An event about an email.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    /// The id that SES gave the email.
    pub message_id: String,
    /// What happened.
    pub event: Event,
    /// For a bounce: its type; `Permanent` if absent.
    pub bounce_type: Option<BounceType>,
    /// SES's `bounceSubType` or `complaintFeedbackType`. If absent, it is `General` for a bounce, and `abuse` for a
    /// complaint.
    pub subtype: Option<String>,
}

/// What happened to an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// The email was not delivered.
    Bounce,
    /// The recipient reported the email as spam.
    Complaint,
}

/// SES's `bounceType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum BounceType {
    /// The email will never be delivered.
    Permanent,
    /// The email may be delivered later.
    Transient,
    /// SES cannot tell.
    Undetermined,
}

impl Event {
    /// Its name among a configuration set's event types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bounce => "bounce",
            Self::Complaint => "complaint",
        }
    }
}

impl Feedback {
    /// The addresses that SES puts on its list for the account because of the event: those of a hard bounce or a complaint.
    pub fn suppresses(&self, delivery: &Value) -> Vec<String> {
        let may_pass = matches!(self.bounce_type, Some(BounceType::Transient | BounceType::Undetermined));
        if may_pass { Vec::new() } else { mail(&self.message_id, delivery).1 }
    }

    /// SES's record of the event, about the email in this delivery record.
    pub fn record(&self, delivery: &Value) -> Value {
        let (mail, recipients) = mail(&self.message_id, delivery);
        let now = now();
        let id = format!("0100{:012x}-{}-000000", Timestamp::now().as_millisecond(), Uuid::new_v4());
        match self.event {
            Event::Bounce => {
                let (kind, action, status, diagnostic) = match self.bounce_type.unwrap_or(BounceType::Permanent) {
                    BounceType::Permanent => ("Permanent", "failed", "5.1.1", "smtp; 550 5.1.1 user unknown"),
                    BounceType::Transient => ("Transient", "failed", "4.2.2", "smtp; 452 4.2.2 mailbox is full"),
                    BounceType::Undetermined => ("Undetermined", "failed", "5.0.0", "smtp; 550 5.0.0 unknown"),
                };
                let recipients = recipients.iter().map(|address| {
                    json!({"emailAddress": address, "action": action, "status": status, "diagnosticCode": diagnostic})
                });
                let bounce = json!({
                    "bounceType": kind,
                    "bounceSubType": self.subtype.as_deref().unwrap_or("General"),
                    "bouncedRecipients": recipients.collect::<Vec<_>>(),
                    "timestamp": now,
                    "feedbackId": id,
                    "reportingMTA": "dns; local.amazonses.example",
                });
                json!({"eventType": "Bounce", "bounce": bounce, "mail": mail})
            }
            Event::Complaint => {
                let recipients = recipients.iter().map(|address| json!({"emailAddress": address}));
                let complaint = json!({
                    "complainedRecipients": recipients.collect::<Vec<_>>(),
                    "timestamp": now,
                    "feedbackId": id,
                    "complaintSubType": null,
                    "userAgent": "the local stack",
                    "complaintFeedbackType": self.subtype.as_deref().unwrap_or("abuse"),
                    "arrivalDate": now,
                });
                json!({"eventType": "Complaint", "complaint": complaint, "mail": mail})
            }
        }
    }
}

/// The envelope in which SNS sends a message of a topic to a queue.
pub fn envelope(topic: &str, message: &Value) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": Uuid::new_v4().to_string(),
        "TopicArn": topic,
        "Subject": "Amazon SES Email Event Notification",
        // SES ends its text with a line feed.
        "Message": format!("{message}\n"),
        "Timestamp": now(),
        "SignatureVersion": "1",
        "Signature": "bm90IHNpZ25lZA==",
        "SigningCertURL": format!("https://sns.{REGION}.amazonaws.com/SimpleNotificationService-local.pem"),
        "UnsubscribeURL": format!(
            "https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}:{}",
            Uuid::nil()
        ),
    })
}

/// The `mail` member of a record, and the recipients of the email.
fn mail(message_id: &str, delivery: &Value) -> (Value, Vec<String>) {
    let body = &delivery["request"]["body"];
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let destination = &body["Destination"];
    let lists = ["ToAddresses", "CcAddresses", "BccAddresses"].map(|list| texts(&destination[list]));
    let recipients = lists.concat();
    let source = body["FromEmailAddress"].as_str().unwrap_or_default();
    let subject = body.pointer("/Content/Simple/Subject/Data").and_then(Value::as_str);
    let header = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut headers = vec![header("From", source), header("To", &lists[0].join(", "))];
    headers.extend(subject.map(|subject| header("Subject", subject)));
    let mut tags = Map::new();
    for tag in body["EmailTags"].as_array().into_iter().flatten() {
        if let Some(name) = tag["Name"].as_str() {
            tags.insert(name.to_owned(), json!([tag["Value"]]));
        }
    }
    let domain = source.rsplit_once('@').map_or(source, |(_, domain)| domain.trim_end_matches('>'));
    tags.insert("ses:configuration-set".to_owned(), json!([body["ConfigurationSetName"]]));
    tags.insert("ses:from-domain".to_owned(), json!([domain]));
    tags.insert("ses:source-ip".to_owned(), json!(["127.0.0.1"]));
    tags.insert("ses:caller-identity".to_owned(), json!(["dispatch"]));
    let mail = json!({
        "timestamp": delivery["at"],
        "source": source,
        "sourceArn": format!("arn:aws:ses:{REGION}:{ACCOUNT}:identity/{domain}"),
        "sendingAccountId": ACCOUNT,
        "messageId": message_id,
        "destination": recipients,
        "headersTruncated": false,
        "headers": headers,
        "commonHeaders": {"from": [source], "to": lists[0], "messageId": message_id, "subject": subject},
        "tags": tags,
    });
    (mail, recipients)
}

fn now() -> String {
    format!("{:.3}", Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery() -> Value {
        json!({"at": "2026-01-02T03:04:05.678Z", "request": {"body": {
            "FromEmailAddress": "Tidings <from@example.com>",
            "Destination": {"ToAddresses": ["to@example.com"]},
            "ConfigurationSetName": "set",
            "EmailTags": [{"Name": "notification_id", "Value": "n-1"}, {"Name": "user_id", "Value": "u-1"}],
            "Content": {"Simple": {"Subject": {"Data": "s"}}},
        }}})
    }

    fn feedback(change: Value) -> Feedback {
        let mut feedback = json!({"message_id": "m-1", "event": "bounce"});
        for (name, value) in change.as_object().unwrap() {
            feedback[name] = value.clone();
        }
        serde_json::from_value(feedback).unwrap()
    }

    #[test]
    fn a_bounce_names_the_email_and_who_did_not_get_it() {
        let record = feedback(json!({})).record(&delivery());
        assert_eq!(record["eventType"], "Bounce");
        let (mail, bounce) = (&record["mail"], &record["bounce"]);
        assert_eq!((&mail["messageId"], &mail["destination"]), (&json!("m-1"), &json!(["to@example.com"])));
        assert_eq!(mail["timestamp"], "2026-01-02T03:04:05.678Z");
        let tags = &mail["tags"];
        assert_eq!((&tags["notification_id"], &tags["user_id"]), (&json!(["n-1"]), &json!(["u-1"])));
        assert_eq!(
            (&tags["ses:configuration-set"], &tags["ses:from-domain"]),
            (&json!(["set"]), &json!(["example.com"]))
        );
        assert_eq!((&bounce["bounceType"], &bounce["bounceSubType"]), (&json!("Permanent"), &json!("General")));
        assert_eq!(bounce["bouncedRecipients"][0]["emailAddress"], "to@example.com");
        assert!(bounce["bouncedRecipients"][0]["status"].as_str().unwrap().starts_with("5."));
        assert!(bounce["feedbackId"].is_string() && bounce["timestamp"].is_string());
    }

    #[test]
    fn a_bounce_may_be_of_another_type() {
        let record = feedback(json!({"bounce_type": "Transient", "subtype": "MailboxFull"})).record(&delivery());
        let bounce = &record["bounce"];
        assert_eq!((&bounce["bounceType"], &bounce["bounceSubType"]), (&json!("Transient"), &json!("MailboxFull")));
        assert!(bounce["bouncedRecipients"][0]["status"].as_str().unwrap().starts_with("4."));
    }

    #[test]
    fn a_complaint_names_who_complained() {
        let record = feedback(json!({"event": "complaint"})).record(&delivery());
        assert_eq!((&record["eventType"], &record["bounce"]), (&json!("Complaint"), &Value::Null));
        let complaint = &record["complaint"];
        assert_eq!(complaint["complainedRecipients"], json!([{"emailAddress": "to@example.com"}]));
        assert_eq!(complaint["complaintFeedbackType"], "abuse");
    }

    #[test]
    fn sns_wraps_the_record_as_text() {
        let envelope = envelope("arn:topic", &json!({"a": 1}));
        assert_eq!((&envelope["Type"], &envelope["TopicArn"]), (&json!("Notification"), &json!("arn:topic")));
        let message = envelope["Message"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(message).unwrap(), json!({"a": 1}));
    }
}

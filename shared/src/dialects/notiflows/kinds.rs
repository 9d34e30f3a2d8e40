//! Kinds of addresses and of other fields of a user that this dialect has.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::{
    domain::{
        display::Preference,
        phone,
        webhook::{self, InsecureHosts},
    },
    http::{
        openapi::{Language, Phone, Zone},
        request::{
            fault::Text as Words,
            kind::{Kind, Place, Refused},
            kinds::{Line, Text, schema_of, text},
        },
    },
};

/// The most bytes of a picture's URL.
const AVATAR_BYTES: usize = 2048;

/// A telephone number.
pub const PHONE: Text<String> = text(
    "a telephone number such as +14155552671 (E.164)",
    |given| phone::is_e164(given).then(|| given.to_owned()),
    schema_of::<Phone>,
);
/// A name.
pub const NAME: Line = Line(200);
/// What a name may be, where `null` clears it.
pub const NAME_OR_NULL: &str = "a line of 1 to 200 characters, or null";
/// The URL of a picture.
pub const AVATAR: Text<String> = text(
    "an http or https URL of at most 2048 bytes, or null",
    picture,
    |_| json_schema!({"type": "string", "maxLength": AVATAR_BYTES, "pattern": "^https?://[!-~]+$"}),
);
/// A language.
pub const LOCALE: Text<String> = text(
    "a BCP 47 language tag such as en-US, or null",
    |given| Preference::Language.canonical(given),
    schema_of::<Language>,
);
/// A time zone.
pub const TIMEZONE: Text<String> = text(
    "an IANA time zone such as Europe/Berlin, or null",
    |given| Preference::Timezone.canonical(given),
    schema_of::<Zone>,
);
/// A Slack conversation.
pub const SLACK_CHANNEL: Text<String> = text(
    "a Slack id that starts with C, G or D",
    |given| slack_id(given, &['C', 'G', 'D']),
    |_| json_schema!({"type": "string", "pattern": "^[CGD][A-Z0-9]{1,31}$"}),
);
/// A Slack user.
pub const SLACK_USER: Text<String> = text(
    "a Slack id that starts with U or W",
    |given| slack_id(given, &['U', 'W']),
    |_| json_schema!({"type": "string", "pattern": "^[UW][A-Z0-9]{1,31}$"}),
);
/// The URL of a webhook. Hosts that an operator trusts are given; the document has none.
#[derive(Debug)]
pub struct WebhookUrl<'a>(pub Option<&'a InsecureHosts>);

impl Kind for WebhookUrl<'_> {
    type Value = String;

    fn accepted(&self) -> Words {
        "an https URL without credentials, and not of a private, loopback or link-local address, unless the deployment \
         trusts its host (WebhookInsecureHosts)"
            .into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<String, Refused> {
        let none = InsecureHosts::default();
        let parsed = webhook::parse(given.as_str().ok_or(Refused::Type)?, self.0.unwrap_or(&none));
        parsed.map(|parsed| parsed.url.into()).ok_or(Refused::Value)
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "uri", "pattern": "^https?://"})
    }
}

fn picture(given: &str) -> Option<String> {
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"))?;
    let good = !rest.is_empty() && given.len() <= AVATAR_BYTES && given.bytes().all(|b| b.is_ascii_graphic());
    good.then(|| given.to_owned())
}

fn slack_id(given: &str, first: &[char]) -> Option<String> {
    let good = given.starts_with(first)
        && (2..=32).contains(&given.len())
        && given.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    good.then(|| given.to_owned())
}

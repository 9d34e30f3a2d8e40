//! `{"settings": {…}}`, in the shape that the channel's provider takes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::{
    device_tokens::DeviceTokens,
    kinds::{PHONE, SLACK_CHANNEL, SLACK_USER, WebhookUrl},
};
use crate::{
    domain::{AddressKind, EmailAddress, Provider, Settings, webhook::InsecureHosts},
    http::request::{
        Reason, RequestBody,
        fault::Text,
        fields::Fields,
        kind::{Kind, Place, Refused},
        kinds::{EMAIL, schema_of},
        member::{optional, required},
    },
    request_body,
};

pub(super) const NO_SLACK_ID: (&str, Reason, &str) =
    ("", Reason::Needed, "must have a slack_channel_id or a slack_user_id");

/// What decides which settings a channel takes.
#[derive(Clone, Debug)]
pub struct ChannelRules {
    /// The channel's provider.
    pub provider: Provider,
    /// The hosts of webhooks that the deployment trusts.
    pub insecure_hosts: InsecureHosts,
}

request_body! {
    /// What a user sets for a channel.
    pub struct ChannelSettingsReplacement as "ChannelSettingsReplacement" (rules: ChannelRules) {
        settings: Settings = required(ProviderSettings(rules)),
    }
}

request_body! {
    /// `apns`, `fcm`.
    pub(super) struct Devices as "DeviceTokenSettings" {
        /// In the order in which they were given.
        device_tokens: Vec<String> = required(DeviceTokens),
    }
}

request_body! {
    /// `slack`: at least one of the two.
    struct Slack as "SlackSettings" {
        /// Starts with C, G or D.
        slack_channel_id: Option<String> = optional(SLACK_CHANNEL),
        /// Starts with U or W.
        slack_user_id: Option<String> = optional(SLACK_USER),
    }
    rule { (slack_channel_id == Some(None) && slack_user_id == Some(None)).then_some(NO_SLACK_ID) }
    extend { json!({"minProperties": 1}) }
}

request_body! {
    /// `email`. If there is no address, mail goes to the user's own.
    struct Address as "EmailSettings" {
        /// Where mail goes.
        address: Option<EmailAddress> = optional(EMAIL),
    }
}

request_body! {
    /// `sms`.
    struct Number as "SmsSettings" {
        /// E.164.
        phone: String = required(PHONE),
    }
}

request_body! {
    /// `webhook`: https, and no private address, unless the deployment trusts the host.
    struct Target as "WebhookSettings" (insecure_hosts: InsecureHosts) {
        /// https, without credentials.
        url: String = required(WebhookUrl(insecure_hosts)),
    }
}

/// What a channel's provider takes. The document shows what each one takes.
#[derive(Debug)]
pub struct ProviderSettings<'a>(pub Option<&'a ChannelRules>);

impl Kind for ProviderSettings<'_> {
    type Value = Settings;

    fn accepted(&self) -> Text {
        "an object".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Settings, Refused> {
        let Some(ChannelRules { provider, insecure_hosts }) = self.0 else { return Err(Refused::Type) };
        settings(given, Some(provider), place, |fields, kind| match kind {
            AddressKind::DeviceTokens => Devices::read(fields, &()).map(Settings::from),
            AddressKind::SlackId => Slack::read(fields, &()).map(Settings::from),
            AddressKind::Email => Address::read(fields, &()).map(Settings::from),
            AddressKind::Phone => Number::read(fields, &()).map(Settings::from),
            AddressKind::Url => Target::read(fields, insecure_hosts).map(Settings::from),
            AddressKind::UserId => {
                fields.fault("", Reason::Rule, "must not be given: the inbox needs none");
                None
            }
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schema_of::<Self>(schemas)
    }
}

impl JsonSchema for ProviderSettings<'_> {
    fn schema_name() -> Cow<'static, str> {
        "ProviderSettings".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let each = [
            schema_of::<Devices>(schemas),
            schema_of::<Slack>(schemas),
            schema_of::<Address>(schemas),
            schema_of::<Number>(schemas),
            schema_of::<Target>(schemas),
        ];
        json_schema!({"description": "The settings that a channel's provider takes.", "anyOf": each})
    }
}

/// Reads the fields of an object in the provider's shape.
pub(super) fn settings(
    given: Value,
    provider: Option<&Provider>,
    place: &mut Place<'_>,
    read: impl FnOnce(&mut Fields<'_>, AddressKind) -> Option<Settings>,
) -> Result<Settings, Refused> {
    let (Value::Object(object), Some(provider)) = (given, provider) else { return Err(Refused::Type) };
    let path = place.path();
    let mut fields = Fields::inside(object, &path, place.faults);
    let settings = read(&mut fields, provider.address_kind());
    fields.nothing_left("is not a setting of this channel's provider");
    settings.ok_or(Refused::Noted)
}

impl From<Devices> for Settings {
    fn from(Devices { device_tokens }: Devices) -> Self {
        Self { device_tokens, ..Self::default() }
    }
}

impl From<Slack> for Settings {
    fn from(Slack { slack_channel_id, slack_user_id }: Slack) -> Self {
        Self { slack_channel_id, slack_user_id, ..Self::default() }
    }
}

impl From<Address> for Settings {
    fn from(Address { address }: Address) -> Self {
        Self { address: address.map(|address| address.as_str().to_owned()), ..Self::default() }
    }
}

impl From<Number> for Settings {
    fn from(Number { phone }: Number) -> Self {
        Self { phone: Some(phone), ..Self::default() }
    }
}

impl From<Target> for Settings {
    fn from(Target { url }: Target) -> Self {
        Self { url: Some(url), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{FieldFault, Problem, decode, shown_settings::ShownSettings},
        *,
    };

    fn read(body: &Value, provider: Provider) -> Result<Settings, Problem> {
        let body = body.as_object().unwrap().clone();
        let rules = ChannelRules { provider, insecure_hosts: InsecureHosts::new(vec!["127.0.0.1:4711".into()]) };
        decode(body, None, &rules).map(|ChannelSettingsReplacement { settings }| settings)
    }

    fn faults(body: Value, provider: Provider) -> Vec<(String, &'static str)> {
        match read(&body, provider) {
            Err(Problem::Fields(faults)) => {
                faults.into_iter().map(FieldFault::from).map(|f| (f.field, f.reason)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn device_tokens_keep_their_order_and_come_once() {
        let body = json!({"settings": {"device_tokens": ["b", "a", "b"]}});
        let settings = read(&body, Provider::Fcm).unwrap();
        assert_eq!(settings.device_tokens, ["b", "a"]);
        assert_eq!(serde_json::to_value(ShownSettings::from(&settings)).unwrap(), json!({"device_tokens": ["b", "a"]}));
    }

    #[test]
    fn no_more_than_twenty_faults_are_listed_and_a_list_is_not_walked_beyond_its_bound() {
        let bad = json!({"settings": {"device_tokens": vec![""; 1000]}});
        assert_eq!(faults(bad, Provider::Fcm).len(), 20);
        let mut many: Vec<_> = (0..51).map(|n| json!(n.to_string())).collect();
        many.extend(vec![json!(""); 1000]);
        let length = [("settings.device_tokens".to_owned(), "length")];
        assert_eq!(faults(json!({"settings": {"device_tokens": many}}), Provider::Fcm), length);
        let same = json!({"settings": {"device_tokens": vec!["a"; 10_000]}});
        assert_eq!(read(&same, Provider::Fcm).unwrap().device_tokens, ["a"]);
    }

    #[test]
    fn a_fault_names_its_field_and_its_reason() {
        let of = |body, provider, field: &str, reason| assert_eq!(faults(body, provider), [(field.to_owned(), reason)]);
        of(json!({}), Provider::Apns, "settings", "required");
        of(json!({"settings": null}), Provider::Apns, "settings", "invalid");
        of(json!({"settings": {}}), Provider::Apns, "settings.device_tokens", "required");
        of(json!({"settings": {"device_tokens": []}}), Provider::Fcm, "settings.device_tokens", "length");
        of(json!({"settings": {"device_tokens": ["a", ""]}}), Provider::Fcm, "settings.device_tokens[1]", "invalid");
        for bad in ["a b", "a\n", "a\u{7f}", "tøken", &"x".repeat(4097)] {
            of(json!({"settings": {"device_tokens": [bad]}}), Provider::Apns, "settings.device_tokens[0]", "invalid");
        }
        let many: Vec<_> = (0..51).map(|n| n.to_string()).collect();
        of(json!({"settings": {"device_tokens": many}}), Provider::Fcm, "settings.device_tokens", "length");
        of(json!({"settings": {}}), Provider::Slack, "settings", "required");
        of(json!({"settings": {"slack_user_id": "C1"}}), Provider::Slack, "settings.slack_user_id", "invalid");
        of(json!({"settings": {"address": "x"}}), Provider::Email, "settings.address", "invalid");
        of(json!({"settings": {}, "more": 1}), Provider::Email, "more", "unknown");
        of(json!({"settings": {}}), Provider::Sms, "settings.phone", "required");
        of(json!({"settings": {"phone": "0301234567"}}), Provider::Sms, "settings.phone", "invalid");
        of(json!({"settings": {"url": "https://127.0.0.1/"}}), Provider::Webhook, "settings.url", "invalid");
        of(json!({"settings": {"url": "http://127.0.0.1:4712/"}}), Provider::Webhook, "settings.url", "invalid");
        let trusted = json!({"settings": {"url": "http://127.0.0.1:4711/a"}});
        assert_eq!(read(&trusted, Provider::Webhook).unwrap().url.as_deref(), Some("http://127.0.0.1:4711/a"));
        of(json!({"settings": {"url": 1}}), Provider::Webhook, "settings.url", "invalid");
        assert_eq!(
            faults(json!({"settings": {"slack_user_id": "U1", "device_tokens": ["a"]}}), Provider::Slack),
            [("settings.device_tokens".to_owned(), "unknown")]
        );
    }
}

//! `channel_settings` of a user: an entry a channel, whose provider says what its settings are.

use std::collections::{BTreeMap, BTreeSet};

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;
use shared::{
    dialects::notiflows::settings::{ChannelRules, ProviderSettings},
    domain::{ConfiguredChannel, Provider, Settings, webhook::InsecureHosts},
    http::{
        openapi::ChannelId,
        request::{
            Reason, RequestBody,
            fault::Text,
            fields::{Fields, NOT_KNOWN},
            kind::{Kind, Place, Refused},
            kinds::schema_of,
            member::later,
        },
    },
    request_body,
};

/// The most channels whose settings one request carries: one expression has to hold the whole change.
pub const MAX_CHANNELS: usize = 10;

request_body! {
    struct Entry as "NotiflowsChannelSettings" {
        channel_id: Option<Value> = later::<ChannelId>(),
        settings: Option<Value> = later::<ProviderSettings<'static>>(),
    }
}

/// The channels that settings can be for, and the hosts of webhooks that the deployment trusts.
#[derive(Debug)]
pub struct Channels {
    pub configured: Vec<ConfiguredChannel>,
    pub insecure_hosts: InsecureHosts,
}

/// Settings for single channels, among those that are configured.
pub struct Entries<'a>(pub Option<&'a Channels>);

impl Kind for Entries<'_> {
    type Value = BTreeMap<String, (Provider, Settings)>;

    fn accepted(&self) -> Text {
        "a list".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let (Value::Array(entries), Some(channels)) = (given, self.0) else { return Err(Refused::Type) };
        if entries.len() > MAX_CHANNELS {
            place.fault(Reason::Length, "must have at most 10 entries");
            return Err(Refused::Noted);
        }
        let (mut read, mut named, expected) = (BTreeMap::new(), BTreeSet::new(), entries.len());
        for (index, entry) in entries.into_iter().enumerate() {
            let Some((channel, settings)) = place.element(index, &OneEntry(channels), entry) else { continue };
            if !named.insert(&channel.id) {
                let field = format!("{}[{index}].channel_id", place.path());
                place.faults.add(field, Reason::Rule, "must appear only once in the list");
            }
            read.extend(settings.map(|settings| (channel.id.clone(), (channel.provider, settings))));
        }
        if read.len() == expected { Ok(read) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "maxItems": MAX_CHANNELS, "items": schema_of::<Entry>(schemas)})
    }
}

/// The channel that an entry names, and its settings. `None` if the settings had a fault.
struct OneEntry<'a>(&'a Channels);

impl<'a> Kind for OneEntry<'a> {
    type Value = (&'a ConfiguredChannel, Option<Settings>);

    fn accepted(&self) -> Text {
        "an object with channel_id and settings".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let Value::Object(entry) = given else { return Err(Refused::Type) };
        let path = place.path();
        let mut fields = Fields::inside(entry, &path, place.faults);
        let Some(Entry { channel_id, settings }) = Entry::read(&mut fields, &()) else { return Err(Refused::Noted) };
        fields.nothing_left(NOT_KNOWN);
        let Channels { configured, insecure_hosts } = self.0;
        let channel = channel_id.as_ref().and_then(Value::as_str).and_then(|id| configured.iter().find(|c| c.id == id));
        let Some(channel) = channel else {
            fields.fault("channel_id", Reason::Value, "the id of a channel that is set up");
            return Err(Refused::Noted);
        };
        let rules = ChannelRules { provider: channel.provider, insecure_hosts: insecure_hosts.clone() };
        let kind = ProviderSettings(Some(&rules));
        let settings = match settings {
            Some(settings) => fields.read("settings", &kind, settings),
            None => {
                fields.fault("settings", Reason::Missing, kind.accepted());
                None
            }
        };
        Ok((channel, settings))
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schema_of::<Entry>(schemas)
    }
}

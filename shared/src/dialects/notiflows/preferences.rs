//! Contract 3's preferences: `{"channel_types": {…}, "notiflows": {handle: {enabled, channel_types}}}`, partial.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Faults;
use crate::{
    domain::{ChannelType, User, UserChange, notification::is_group, user_change::HandleChange},
    http::openapi::not_null,
};

/// The most values of one request, so that they stay within one expression of DynamoDB.
const MOST_VALUES: usize = 60;

/// Reads preferences into `change`; `parent` stands before the names of fields (empty, or ending in a dot).
pub fn decode(given: Map<String, Value>, parent: &str, change: &mut UserChange, faults: &mut Faults) {
    let mut given = given;
    if let Some(types) = given.remove("channel_types") {
        for (channel_type, on) in channel_types(types, &format!("{parent}channel_types"), faults) {
            match channel_type {
                ChannelType::Of(channel) => drop(change.channels.insert(channel, on)),
                ChannelType::WebPush => change.web_push = Some(on),
            }
        }
    }
    if let Some(handles) = given.remove("notiflows") {
        read_handles(handles, &format!("{parent}notiflows"), &mut change.handles, faults);
    }
    faults.unknown(parent, &given);
}

fn read_handles(given: Value, field: &str, change: &mut HandleChange, faults: &mut Faults) {
    let Value::Object(handles) = given else {
        return faults.add(field, "must be an object of handles", "invalid");
    };
    for (handle, wanted) in handles {
        if faults.is_full() {
            return;
        }
        let field = format!("{field}.{handle}");
        if !is_group(&handle) {
            faults.add(field, "must be a handle of 1 to 128 characters", "invalid");
            continue;
        }
        let Value::Object(mut wanted) = wanted else {
            faults.add(field, "must be an object with enabled or channel_types", "invalid");
            continue;
        };
        match wanted.remove("enabled") {
            None => {}
            Some(Value::Bool(on)) => change.enable(&handle, on),
            Some(_) => faults.add(format!("{field}.enabled"), "must be true or false", "invalid"),
        }
        if let Some(types) = wanted.remove("channel_types") {
            for (channel_type, on) in channel_types(types, &format!("{field}.channel_types"), faults) {
                change.switch(&handle, channel_type, on);
            }
        }
        faults.unknown(&format!("{field}."), &wanted);
    }
    if change.len() > MOST_VALUES {
        faults.add(field, "must have at most 60 values in one request", "length");
    }
}

fn channel_types(given: Value, field: &str, faults: &mut Faults) -> BTreeMap<ChannelType, bool> {
    let Value::Object(types) = given else {
        faults.add(field, "must be an object of channel types", "invalid");
        return BTreeMap::new();
    };
    let mut read = BTreeMap::new();
    for (name, on) in types {
        match (ChannelType::parse(&name), on) {
            (Some(channel_type), Value::Bool(on)) => drop(read.insert(channel_type, on)),
            (Some(_), _) => faults.add(format!("{field}.{name}"), "must be true or false", "invalid"),
            (None, _) => faults.add(
                format!("{field}.{name}"),
                "is not a channel type: it must be one of chat, email, in_app, mobile_push, sms, web_push",
                "unknown",
            ),
        }
        if faults.is_full() {
            break;
        }
    }
    read
}

/// A user's preferences as they are shown.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsPreferences")]
pub struct Preferences {
    channel_types: AllTypes,
    notiflows: BTreeMap<String, HandleView>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(inline)]
struct HandleView {
    enabled: bool,
    channel_types: SomeTypes,
}

/// Channel types, all of them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct AllTypes(BTreeMap<&'static str, bool>);

/// Channel types, some of them.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct SomeTypes(BTreeMap<&'static str, bool>);

impl JsonSchema for AllTypes {
    fn schema_name() -> Cow<'static, str> {
        "AllChannelTypes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let required = ChannelType::ALL.map(ChannelType::as_str);
        json_schema!({"type": "object", "properties": types(), "required": required, "additionalProperties": false})
    }
}

impl JsonSchema for SomeTypes {
    fn schema_name() -> Cow<'static, str> {
        "ChannelTypes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "properties": types(), "additionalProperties": false})
    }
}

fn types() -> Map<String, Value> {
    ChannelType::ALL.map(|one| (one.as_str().to_owned(), json!({"type": "boolean"}))).into_iter().collect()
}

/// What may be sent; read by [`decode`].
#[derive(Debug, JsonSchema)]
#[schemars(rename = "NotiflowsPreferencesChange", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
pub struct PreferencesChange {
    #[schemars(transform = not_null)]
    channel_types: Option<SomeTypes>,
    /// Single groups by their handles, 60 values in one request at most.
    #[schemars(transform = not_null, extend("propertyNames" = {"minLength": 1, "maxLength": 128}))]
    notiflows: Option<BTreeMap<String, HandleChangeShape>>,
}

#[derive(Debug, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct HandleChangeShape {
    #[schemars(transform = not_null)]
    enabled: Option<bool>,
    #[schemars(transform = not_null)]
    channel_types: Option<SomeTypes>,
}

/// A user's preferences as they are shown: all channel types, of which those never set are on; of the handles what was set.
pub fn encode(user: &User) -> Preferences {
    let on = |channel_type| match channel_type {
        ChannelType::Of(channel) => user.channels.get(&channel).copied().unwrap_or(true),
        ChannelType::WebPush => user.web_push.unwrap_or(true),
    };
    let notiflows = user.handles.iter().map(|(name, handle)| {
        let types = handle.channel_types.iter().map(|(one, on)| (one.as_str(), *on)).collect();
        (name.clone(), HandleView { enabled: handle.enabled.unwrap_or(true), channel_types: SomeTypes(types) })
    });
    Preferences {
        channel_types: AllTypes(ChannelType::ALL.map(|one| (one.as_str(), on(one))).into()),
        notiflows: notiflows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialects::notiflows::{Own, Problem},
        domain::{Channel, Timestamp, UserId},
    };

    fn read(body: Value) -> Result<UserChange, Vec<(String, &'static str)>> {
        let (mut change, mut faults) = (UserChange::default(), Faults::default());
        decode(body.as_object().unwrap().clone(), "", &mut change, &mut faults);
        faults.finish(change).map_err(|problem| match problem {
            Problem::Own(Own::Validation(faults)) => faults.into_iter().map(|f| (f.field, f.reason)).collect(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn channel_types_are_contract_1_s_channels() {
        let change = read(json!({"channel_types": {"mobile_push": false, "chat": true, "web_push": false}})).unwrap();
        assert_eq!(change.channels, [(Channel::Push, false), (Channel::Slack, true)].into());
        assert_eq!((change.web_push, change.handles.is_empty()), (Some(false), true));
    }

    #[test]
    fn what_was_never_set_is_shown_as_on() {
        let user = User::new(UserId::random(), Timestamp::from_millis(0));
        let shown = serde_json::to_value(encode(&user)).unwrap();
        assert_eq!(shown["channel_types"].as_object().unwrap().len(), 6);
        assert!(shown["channel_types"].as_object().unwrap().values().all(|on| on == true));
        assert_eq!(shown["notiflows"], json!({}));
    }

    #[test]
    fn a_fault_names_its_place() {
        let one = |body, field: &str, reason| assert_eq!(read(body), Err(vec![(field.to_owned(), reason)]));
        one(json!({"channel_types": {"push": true}}), "channel_types.push", "unknown");
        one(json!({"channel_types": {"sms": null}}), "channel_types.sms", "invalid");
        one(json!({"channel_types": []}), "channel_types", "invalid");
        one(json!({"notiflows": {"": {}}}), "notiflows.", "invalid");
        one(json!({"notiflows": {"news": true}}), "notiflows.news", "invalid");
        one(json!({"notiflows": {"news": {"enabled": 1}}}), "notiflows.news.enabled", "invalid");
        one(json!({"notiflows": {"n": {"channel_types": {"fax": true}}}}), "notiflows.n.channel_types.fax", "unknown");
        one(json!({"other": 1}), "other", "unknown");
        let many: Map<_, _> = (0..61).map(|n| (n.to_string(), json!({"enabled": true}))).collect();
        one(json!({"notiflows": many}), "notiflows", "length");
    }
}

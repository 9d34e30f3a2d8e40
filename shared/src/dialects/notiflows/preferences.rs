//! Contract 3's preferences: `{"channel_types": {…}, "notiflows": {handle: {enabled, channel_types}}}`, partial.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        Categories, Category, ChannelType, User, UserChange,
        category::is_in,
        handle::Switch,
        notification::{MAX_GROUP, is_group},
        user_change::HandleChange,
    },
    http::openapi::not_null,
    http::request::{
        Faults, Reason,
        fault::Text,
        kind::{Kind, Place, Refused},
        kinds::{ANY_TEXT, Flag, Line, schema_of},
        member::optional,
        objects::{Nested, Switches, nested},
    },
    render::in_language,
    request_body,
};

/// The most values of one request, so that they stay within one expression of DynamoDB.
const MAX_VALUES: usize = 60;

/// Some channel types, each on or off.
const CHANNEL_TYPES: Switches<ChannelType> = Switches {
    accepted: "an object of channel types",
    parse: ChannelType::parse,
    unknown: || {
        let names = ChannelType::ALL.map(ChannelType::as_str).join(", ");
        format!("is not a channel type: it must be one of {names}")
    },
    schema: schema_of::<SomeTypes>,
};

request_body! {
    /// The fields to change; all others stay.
    pub struct PreferencesChange as "NotiflowsPreferencesChange" {
        channel_types: Option<BTreeMap<ChannelType, bool>> = optional(CHANNEL_TYPES),
        /// Groups by their handles; at most 60 values in one request.
        notiflows: Option<HandleChange> = optional(Handles),
    }
}

request_body! {
    struct Handle as "NotiflowsHandleChange" {
        enabled: Option<bool> = optional(Flag),
        channel_types: Option<BTreeMap<ChannelType, bool>> = optional(CHANNEL_TYPES),
        /// Ignored: a category's name is its operator's.
        name: Option<String> = optional(ANY_TEXT),
    }
}

/// Refuses a change that opts out of a category which is required. `prefix` is the path of the preferences in the body, with its dot.
pub fn opts_out_of_none_required(change: &HandleChange, prefix: &str, categories: &Categories) -> Result<(), Faults> {
    let mut faults = Faults::default();
    for (handle, switch, on) in change.iter() {
        if !on && categories.is_required(handle) {
            let name = match switch {
                Switch::Enabled => "enabled".to_owned(),
                Switch::ChannelType(channel_type) => format!("channel_types.{}", channel_type.as_str()),
            };
            let field = format!("{prefix}notiflows.{handle}.{name}");
            faults.add(field, Reason::Rule, "must be true: nobody can opt out of this category");
        }
    }
    faults.finish(Some(()))
}

/// The change with its opt-ins also where another dialect says the opposite: an opt-out of a category may stand among Akana's groups,
/// and would keep out whoever opts in here. What other dialects say of a handle without a category is theirs.
pub fn opting_in(mut change: UserChange, categories: &Categories) -> UserChange {
    let opts_in = |(handle, switch, on): (&str, Switch, bool)| {
        (on && switch == Switch::Enabled && categories.get(handle).is_some()).then(|| (handle.to_owned(), true))
    };
    let groups: Vec<_> = change.handles.iter().filter_map(opts_in).collect();
    change.groups.extend(groups);
    change
}

impl PreferencesChange {
    /// Adds these preferences to a change of a user.
    pub fn add_to(self, change: &mut UserChange) {
        let Self { channel_types, notiflows } = self;
        for (channel_type, on) in channel_types.unwrap_or_default() {
            match channel_type {
                ChannelType::Of(channel) => drop(change.channels.insert(channel, on)),
                ChannelType::WebPush => change.web_push = Some(on),
            }
        }
        change.handles = notiflows.unwrap_or_default();
    }
}

/// The preferences of single groups, by their handles.
struct Handles;

impl Kind for Handles {
    type Value = HandleChange;

    fn accepted(&self) -> Text {
        "an object of handles".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<HandleChange, Refused> {
        let Value::Object(handles) = given else { return Err(Refused::Type) };
        let (mut change, mut good) = (HandleChange::default(), true);
        for (handle, wanted) in handles {
            if !is_group(&handle) {
                place.fault_of(&handle, Reason::Value, "a handle of 1 to 128 characters");
                good = false;
            } else if let Some(Handle { enabled, channel_types, name: _ }) = place.member(&handle, &HANDLE, wanted) {
                enabled.into_iter().for_each(|on| change.enable(&handle, on));
                let types = channel_types.unwrap_or_default().into_iter();
                types.for_each(|(channel_type, on)| change.switch(&handle, channel_type, on));
            } else {
                good = false;
            }
        }
        if change.len() > MAX_VALUES {
            place.fault(Reason::Length, "must have at most 60 values in one request");
            good = false;
        }
        if good { Ok(change) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let names = Line(MAX_GROUP).schema(schemas);
        json_schema!({"type": "object", "propertyNames": names, "additionalProperties": HANDLE.schema(schemas)})
    }
}

/// The preferences of one group.
const HANDLE: Nested<Handle> = nested("an object with enabled or channel_types");

/// A user's preferences.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsPreferences")]
pub struct Preferences {
    channel_types: AllTypes,
    notiflows: BTreeMap<String, HandleView>,
}

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsHandle")]
struct HandleView {
    /// The category's name in the user's language; a handle without a category has none.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
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

/// A user's preferences as they are shown: all channel types, of which those never set are on; the categories that users see, and
/// of all other handles what was set.
pub fn encode(user: &User, categories: &Categories) -> Preferences {
    let on = |channel_type| match channel_type {
        ChannelType::Of(channel) => user.channels.get(&channel).copied().unwrap_or(true),
        ChannelType::WebPush => user.web_push.unwrap_or(true),
    };
    let shown = categories.shown();
    let handles: BTreeSet<_> = shown.iter().map(|category| &category.handle).chain(user.handles.keys()).collect();
    let notiflows = handles.into_iter().map(|handle| (handle.clone(), view(user, handle, categories.get(handle))));
    Preferences {
        channel_types: AllTypes(ChannelType::ALL.map(|one| (one.as_str(), on(one))).into()),
        notiflows: notiflows.collect(),
    }
}

/// A handle without a category is on unless it was switched off here: what other dialects say of it is theirs. A category is what
/// all dialects say together, as at sending.
fn view(user: &User, name: &str, category: Option<&Category>) -> HandleView {
    let handle = user.handles.get(name);
    let is_required = category.is_some_and(|category| category.required);
    let types = handle.into_iter().flat_map(|handle| &handle.channel_types);
    let types = types.map(|(one, on)| (one.as_str(), *on || is_required)).collect();
    let language = user.display.get("language").map(String::as_str).unwrap_or_default();
    HandleView {
        name: category.map(|category| in_language(&category.name, language).to_owned()),
        enabled: match category {
            Some(_) => is_in(user, name, category),
            None => handle.and_then(|handle| handle.enabled).unwrap_or(true),
        },
        channel_types: SomeTypes(types),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialects::notiflows::{FieldFault, Problem, decode},
        domain::{Channel, Timestamp, UserId},
    };

    fn read(body: Value) -> Result<UserChange, Vec<(String, &'static str)>> {
        let mut change = UserChange::default();
        let read: Result<PreferencesChange, _> = decode(body.as_object().unwrap().clone(), None, &());
        let read = read.map_err(|problem| match problem {
            Problem::Fields(faults) => {
                faults.into_iter().map(FieldFault::from).map(|f| (f.field, f.reason)).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        })?;
        read.add_to(&mut change);
        Ok(change)
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
        let shown = serde_json::to_value(encode(&user, &Categories::default())).unwrap();
        assert_eq!(shown["channel_types"].as_object().unwrap().len(), 6);
        assert!(shown["channel_types"].as_object().unwrap().values().all(|on| on == true));
        assert_eq!(shown["notiflows"], json!({}));
    }

    #[test]
    fn a_category_is_shown_with_its_name_in_the_user_s_language_and_as_it_is_at_sending() {
        let named = |handle: &str, german: &str| Category {
            name: [("default".to_owned(), handle.to_uppercase()), ("de".to_owned(), german.to_owned())].into(),
            ..Category::new(handle)
        };
        let categories: Categories = [
            Category { required: true, ..named("alerts", "Warnungen") },
            Category { default_in: false, ..named("offers", "Angebote") },
            Category { hidden: true, ..named("secret", "Geheim") },
            named("news", "Nachrichten"),
        ]
        .into_iter()
        .collect();
        let mut change = HandleChange::default();
        change.switch("alerts", ChannelType::Of(Channel::Email), false);
        change.enable("free", false);
        let mut user = User::new(UserId::random(), Timestamp::from_millis(0));
        user.display.insert("language".into(), "de-AT".into());
        user.groups.insert("news".into(), false);
        for (handle, switch, on) in change.iter() {
            user.handles.entry(handle.to_owned()).or_default().set(switch, on);
        }
        assert_eq!(
            serde_json::to_value(encode(&user, &categories)).unwrap()["notiflows"],
            json!({
                "alerts": {"name": "Warnungen", "enabled": true, "channel_types": {"email": true}},
                "free": {"enabled": false, "channel_types": {}},
                "news": {"name": "Nachrichten", "enabled": false, "channel_types": {}},
                "offers": {"name": "Angebote", "enabled": false, "channel_types": {}},
            })
        );
    }

    #[test]
    fn an_opt_out_of_a_required_category_is_refused_by_either_switch() {
        let categories: Categories = [Category { required: true, ..Category::new("alerts") }].into_iter().collect();
        let refused = |body: Value| {
            let change = read(json!({"notiflows": body})).unwrap().handles;
            let faults = opts_out_of_none_required(&change, "preferences.", &categories).err();
            faults.into_iter().flatten().map(|fault| fault.to_string()).collect::<Vec<_>>()
        };
        let body = json!({"alerts": {"enabled": false, "channel_types": {"sms": false}}, "news": {"enabled": false}});
        assert_eq!(
            refused(body),
            [
                "preferences.notiflows.alerts.enabled must be true: nobody can opt out of this category",
                "preferences.notiflows.alerts.channel_types.sms must be true: nobody can opt out of this category",
            ]
        );
        assert_eq!(refused(json!({"alerts": {"enabled": true, "name": "Mine"}})), Vec::<String>::new());
    }

    #[test]
    fn whoever_opts_in_to_a_category_is_in_by_all_dialects() {
        let categories: Categories = [Category::new("news"), Category::new("offers")].into_iter().collect();
        let body = json!({"notiflows": {
            "news": {"enabled": true}, "offers": {"enabled": false, "channel_types": {"email": true}}, "free": {"enabled": true},
        }});
        let change = read(body).unwrap();
        let opting_in = opting_in(change.clone(), &categories);
        assert_eq!(opting_in, UserChange { groups: [("news".to_owned(), true)].into(), ..change });
        let mut user = User::new(UserId::random(), Timestamp::EPOCH);
        user.groups.insert("news".into(), false);
        opting_in.apply(&mut user, Timestamp::EPOCH);
        assert!(is_in(&user, "news", categories.get("news")));
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

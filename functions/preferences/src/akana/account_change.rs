//! The body of `PUT /api/users/{UserID}/settings`.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;
use shared::{
    domain::{EmailAddress, KnownGroups, UserChange},
    http::request::{
        Reason,
        fault::Text,
        kind::{Kind, Place, Refused},
        kinds::{ANY_TEXT, EMAIL, schema_of},
        member::optional,
    },
    request_body,
};

/// How many unknown groups the answer names at most.
const MAX_NAMED: usize = 5;

request_body! {
    /// The fields to change; all others stay.
    pub struct AccountSettingsChange as "AccountSettingsChange" (groups: KnownGroups) {
        /// Ignored; the id in the path counts.
        user_id as "UserID": Option<String> = optional(ANY_TEXT),
        email as "Email": Option<EmailAddress> = optional(EMAIL),
        /// The groups that the user is opted into, all of them; left out, the groups stay as they are.
        opted_notification as "OptedNotification": Option<BTreeMap<String, bool>> = optional(Opted(groups)),
    }
}

impl From<AccountSettingsChange> for UserChange {
    fn from(body: AccountSettingsChange) -> Self {
        let AccountSettingsChange { user_id: _, email, opted_notification } = body;
        Self { email, groups: opted_notification.unwrap_or_default(), ..Self::default() }
    }
}

/// The user is opted into the named groups, and out of all other known ones.
struct Opted<'a>(Option<&'a KnownGroups>);

impl Kind for Opted<'_> {
    type Value = BTreeMap<String, bool>;

    fn accepted(&self) -> Text {
        "a list of known notification groups".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let (Value::Array(names), Some(known)) = (given, self.0) else { return Err(Refused::Type) };
        let string = |name| if let Value::String(name) = name { Some(name) } else { None };
        let names: Option<Vec<String>> = names.into_iter().map(string).collect();
        known.replacement(&names.ok_or(Refused::Type)?).map_err(|unknown| {
            place.fault(Reason::Rule, unknown_groups(&unknown, known));
            Refused::Noted
        })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schema_of::<Vec<String>>(schemas)
    }
}

fn unknown_groups(unknown: &[String], known: &KnownGroups) -> String {
    let named: Vec<String> = unknown.iter().take(MAX_NAMED).map(|name| name.chars().take(128).collect()).collect();
    format!("contains unknown groups ({}): the known groups are {}", named.join(", "), known.names().join(", "))
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::json;
    use shared::http::request::RequestBody;

    use super::{super::problem::Problem, *};

    fn of(body: Value) -> Result<UserChange, Problem> {
        let (body, groups) = (Body::from(body.to_string()), KnownGroups::with_custom("billing").unwrap());
        Ok(AccountSettingsChange::decode_with(&body, &groups)?.into())
    }

    #[test]
    fn each_known_group_is_written_in_or_out() {
        let change = of(json!({"OptedNotification": ["billing", "billing"]})).unwrap();
        assert_eq!(change.groups.len(), 11);
        assert_eq!(
            change.groups.iter().filter(|(_, is_in)| **is_in).map(|(name, _)| name).collect::<Vec<_>>(),
            ["billing"]
        );
        assert_eq!(of(json!({"OptedNotification": []})).unwrap().groups.values().filter(|is_in| **is_in).count(), 0);
    }

    #[test]
    fn without_the_list_the_groups_stay() {
        let change = of(json!({"UserID": "anybody", "Email": "a@example.com"})).unwrap();
        assert!(change.groups.is_empty());
        assert_eq!(change.email.unwrap().as_str(), "a@example.com");
        assert_eq!(of(json!({})).unwrap(), UserChange::default());
    }

    #[test]
    fn one_sentence_a_fault() {
        let body = json!({"UserID": 1, "Email": null, "OptedNotification": ["x"], "email": "a@example.com"});
        let Err(Problem::Fields(faults)) = of(body) else { panic!("taken") };
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(faults[..2], ["UserID must be a string", "Email must be an email address"]);
        assert!(
            faults[2].starts_with("OptedNotification contains unknown groups (x): the known groups are com.soa."),
            "{}",
            faults[2]
        );
        assert_eq!(faults[3], "email is not a known field");
    }
}

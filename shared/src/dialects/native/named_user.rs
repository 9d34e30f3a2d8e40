//! A user whom a body names: by the id, or by an application's own id.

use serde_json::json;
use uuid::Uuid;

use super::kinds::EXTERNAL_ID;
use crate::{
    domain::{ExternalId, UserId},
    http::request::{
        Reason, RequestBody, Shape,
        fields::Fields,
        kind::Kind,
        kinds::USER_ID,
        member::{Member, required},
    },
    request_body,
};

/// A user whom a body names.
#[derive(Clone, Debug, PartialEq)]
pub enum NamedUser {
    /// By `user_id`.
    Id(UserId),
    /// By `external_id`.
    External(ExternalId),
}

impl NamedUser {
    /// The user's id. Nothing is read for it.
    pub fn id(&self, namespace: Uuid) -> UserId {
        match self {
            Self::Id(id) => *id,
            Self::External(external) => external.user_id(namespace),
        }
    }
}

request_body! {
    /// A user, by the id.
    struct ById {
        user_id: UserId = required(USER_ID),
    }
}

request_body! {
    /// A user, by the application's own id.
    struct ByExternalId {
        /// The application's own id of the user. Give this or `user_id`.
        external_id: ExternalId = required(EXTERNAL_ID),
    }
}

/// The fields `user_id` and `external_id`, of which one has to be there.
#[derive(Clone, Copy, Debug)]
pub struct OneUser;

impl Member for OneUser {
    type Value = NamedUser;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Option<NamedUser> {
        let named = named(fields)?;
        if named.is_none() {
            fields.fault(
                "",
                Reason::Needed,
                "user_id or external_id is required: it must be a UUID, or your own id of the user",
            );
        }
        named
    }

    fn describe(&self, _: &'static str, _: &[&str], shape: &mut Shape<'_>) {
        shape.one_of(&[("By the id", ById::describe), ("By your own id", ByExternalId::describe)]);
    }
}

/// The fields `user_id` and `external_id`, of which one may be there.
#[derive(Clone, Copy, Debug)]
pub struct MaybeUser;

impl Member for MaybeUser {
    type Value = Option<NamedUser>;

    fn read(&self, _: &'static str, fields: &mut Fields<'_>) -> Option<Option<NamedUser>> {
        named(fields)
    }

    fn describe(&self, _: &'static str, docs: &[&str], shape: &mut Shape<'_>) {
        let schemas = [USER_ID.schema(shape.schemas), EXTERNAL_ID.schema(shape.schemas)];
        for (key, schema) in ["user_id", "external_id"].into_iter().zip(schemas) {
            shape.property(key, schema, docs);
        }
        shape.extend(json!({"not": {"required": ["user_id", "external_id"]}}));
    }
}

/// The user whom the fields name, if they name one. The outer `None`: a fault was noted.
fn named(fields: &mut Fields<'_>) -> Option<Option<NamedUser>> {
    match (fields.has("user_id"), fields.has("external_id")) {
        (false, false) => Some(None),
        (true, false) => ById::read(fields, &()).map(|ById { user_id }| Some(NamedUser::Id(user_id))),
        (false, true) => {
            let named = ByExternalId::read(fields, &())?;
            Some(Some(NamedUser::External(named.external_id)))
        }
        (true, true) => {
            fields.take("user_id");
            fields.take("external_id");
            fields.fault("", Reason::Rule, "user_id and external_id must not be given together: give one of them");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::dialects::native::Problem;

    request_body! {
        /// Somebody.
        struct Somebody {
            user: NamedUser = OneUser,
        }
    }

    request_body! {
        /// Somebody or nobody.
        struct Anybody {
            user: Option<NamedUser> = MaybeUser,
        }
    }

    fn object(body: &Value) -> serde_json::Map<String, Value> {
        body.as_object().unwrap().clone()
    }

    fn one(body: &Value) -> Result<NamedUser, Vec<String>> {
        Somebody::of(object(body), None, &()).map(|read| read.user).map_err(|faults| Problem::from(faults).errors())
    }

    fn maybe(body: &Value) -> Result<Option<NamedUser>, Vec<String>> {
        Anybody::of(object(body), None, &()).map(|read| read.user).map_err(|faults| Problem::from(faults).errors())
    }

    #[test]
    fn a_user_is_named_by_either_id_and_not_by_both() {
        const ID: &str = "123e4567-e89b-12d3-a456-426614174000";
        let namespace = Uuid::from_u128(7);
        let by_id = json!({"user_id": ID});
        assert_eq!(one(&by_id).unwrap().id(namespace).to_string(), ID);
        let external = json!({"external_id": "auth0|1"});
        assert_eq!(Some(one(&external).unwrap().id(namespace)), UserId::from_external("auth0|1", namespace));
        let uuid = json!({"external_id": ID.to_uppercase()});
        assert_eq!(one(&uuid).unwrap().id(namespace).to_string(), ID, "a UUID is the id itself");
        for body in [&by_id, &external, &uuid] {
            assert_eq!(maybe(body).unwrap(), Some(one(body).unwrap()));
        }
        assert_eq!(maybe(&json!({})), Ok(None));
        let needed = "user_id or external_id is required: it must be a UUID, or your own id of the user";
        assert_eq!(one(&json!({})).unwrap_err(), [needed]);
        let accepted = "external_id must be an id of 1 to 255 characters, none of / ? # % and no control characters";
        for (bad, fault) in [
            (json!({"user_id": "x"}), "user_id must be a UUID"),
            (json!({"user_id": null}), "user_id must be a UUID"),
            (json!({"external_id": ""}), accepted),
            (json!({"external_id": null}), accepted),
            (json!({"external_id": 7}), accepted),
            (json!({"external_id": "a/b"}), accepted),
            (json!({"external_id": "a\u{0}b"}), accepted),
            (json!({"external_id": "x".repeat(256)}), accepted),
            (
                json!({"user_id": ID, "external_id": "a"}),
                "user_id and external_id must not be given together: give one of them",
            ),
        ] {
            assert_eq!(one(&bad).unwrap_err(), [fault], "{bad}");
            assert_eq!(maybe(&bad).unwrap_err(), [fault], "{bad}");
        }
    }
}

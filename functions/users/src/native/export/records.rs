//! What an export's records are, for the OpenAPI document. The export itself shows all that is stored: so no field must be there, and
//! others may come.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};
use shared::{
    domain::{AddressOutcome, Channel, NotificationId, Timestamp, UserId, decide::Step},
    http::openapi::Open,
};

/// A record: its name in the document, and its fields with their types.
macro_rules! record {
    (
        $(#[doc = $about:literal])*
        $name:ident as $schema:literal { $($(#[doc = $doc:literal])* $field:literal: $type:ty),* $(,)? }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug)]
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $schema.into()
            }

            fn schema_id() -> Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }

            fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
                let mut fields = Map::new();
                $(fields.insert($field.to_owned(), field(schemas.subschema_for::<$type>(), &[$($doc),*]));)*
                json_schema!({
                    "type": "object", "description": text(&[$($about),*]), "properties": fields, "additionalProperties": true,
                })
            }
        }
    };
}

fn text(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

fn field(mut schema: Schema, docs: &[&str]) -> Value {
    if !docs.is_empty() {
        schema.insert("description".to_owned(), text(docs).into());
    }
    schema.into()
}

record! {
    /// The user's own record.
    ExportedUser as "ExportedUser" {
        "name": String,
        "email": String,
        "external_id": String,
        "first_name": String,
        "last_name": String,
        "phone": String,
        "avatar": String,
        "push_token": String,
        /// When the push token was last registered.
        "push_token_at": Timestamp,
        /// Channels that were switched, on or off.
        "channels": BTreeMap<String, bool>,
        /// Notification groups that the user opted into or out of.
        "groups": BTreeMap<String, bool>,
        /// Notiflows' preferences, by `enabled:<handle>` and `<channel type>:<handle>`.
        "handles": BTreeMap<String, bool>,
        /// Display preferences that were set.
        "display": BTreeMap<String, String>,
        /// Quiet hours; empty if there are none.
        "quiet": Open,
        /// Notiflows' custom fields.
        "custom": Open,
        /// The settings for each configured channel, such as device tokens, by the channel's id.
        "endpoints": BTreeMap<String, Open>,
        /// When each of them was first written, in milliseconds since 1970.
        "endpoints_created": BTreeMap<String, i64>,
        /// Addresses that mail is not sent to any more, each with the cause.
        "suppressed": BTreeMap<String, Open>,
        /// The teams that the user is a member of.
        "teams": Vec<String>,
        /// The organisation that the user belongs to.
        "org": String,
        /// How often the user's preference links were ended.
        "links_ended": u32,
        "version": u64,
        "created_at": Timestamp,
        "updated_at": Timestamp,
    }
}

record! {
    /// A notification that was sent to the user.
    ExportedNotification as "ExportedNotification" {
        "id": NotificationId,
        "user_id": UserId,
        "channels": Vec<Channel>,
        "group": String,
        "critical": bool,
        "priority": u8,
        /// What it says: a template with its variables, or the sender's own words.
        "content": Open,
        "metadata": Open,
        "send_at": Timestamp,
        "expires_at": Timestamp,
        "cancelled_at": Timestamp,
        "at_most_once": bool,
        "created_at": Timestamp,
        /// When the record is removed.
        "kept_until": Timestamp,
        "deliveries": Vec<ExportedDelivery>,
    }
}

record! {
    /// The result of a notification on one channel.
    ExportedDelivery as "ExportedDelivery" {
        "channel": Channel,
        /// As in `Delivery`, and `sending` while an attempt is being made.
        "status": String,
        "reason": String,
        "attempts": u32,
        "ambiguous": bool,
        "addresses": BTreeMap<String, AddressOutcome>,
        "provider_message_id": String,
        /// The rules of the last decision, in order.
        "trace": Vec<Step>,
        "held_until": Timestamp,
        "not_before": Timestamp,
        /// When the delivery came into its status.
        "at": Timestamp,
        /// When the record is removed.
        "kept_until": Timestamp,
    }
}

record! {
    /// An entry of the in-app inbox.
    ExportedInboxEntry as "ExportedInboxEntry" {
        "notification_id": NotificationId,
        "title": String,
        "body": String,
        "data": Open,
        "created_at": Timestamp,
        "read_at": Timestamp,
        "archived_at": Timestamp,
        /// When the record is removed.
        "kept_until": Timestamp,
    }
}

record! {
    /// A topic that the user is subscribed to.
    ExportedSubscription as "ExportedSubscription" {
        "topic": String,
        "created_at": Timestamp,
    }
}

record! {
    /// An answer that is stored to be replayed under an idempotency key.
    ExportedAnswer as "ExportedAnswer" {
        /// The answer: its `status`, `headers` and `body`.
        "answer": Open,
        /// Until when it is replayed.
        "until": Timestamp,
        /// When the record is removed.
        "kept_until": Timestamp,
    }
}

//! The demo's unsubscribe links, signed by the product's own code.

use serde_json::{Value, json};
use shared::{
    domain::{Channel, Timestamp, UserId},
    unsubscribe::{OptOut, OptOutKey},
};

use super::{DEPLOYMENT_SECRET, USER};

/// A group of which the demo sends nothing.
const GROUP: &str = "newsletter";

/// A token minted now, which opts the demo's user out of a group; `null` where the demo's own names are not well formed.
pub fn describe() -> Value {
    let Some((user, key)) = UserId::parse(USER).zip(OptOutKey::derive(DEPLOYMENT_SECRET).ok()) else {
        return Value::Null;
    };
    let opt_out = OptOut { user, channel: Channel::Email, group: Some(GROUP.to_owned()) };
    json!({"unsubscribe_token": key.sign(&opt_out, Timestamp::now())})
}

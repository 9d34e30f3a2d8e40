//! The demo's links, signed by the product's own code.

use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{Channel, UserId},
    preference_link::{LONGEST, PreferenceKey},
    unsubscribe::{OptOut, OptOutKey},
};

use super::{DEPLOYMENT_SECRET, USER, seed};

/// A group for which the demo sends nothing.
const GROUP: &str = "newsletter";

/// Two new tokens: one opts the demo's user out of a group, the other opens the user's preferences. `null` if the
/// demo's own names are not well formed.
pub fn describe() -> Value {
    let now = Clock::system().now();
    let keys = OptOutKey::derive(DEPLOYMENT_SECRET).ok().zip(PreferenceKey::derive(DEPLOYMENT_SECRET).ok());
    let user = UserId::parse(USER).zip(seed::user_s_links());
    let Some(((user, epoch), (opt_outs, preferences))) = user.zip(keys) else { return Value::Null };
    let opt_out = OptOut { user, channel: Channel::Email, group: Some(GROUP.to_owned()) };
    let token = preferences.sign(user, epoch, now.plus(LONGEST));
    json!({
        "unsubscribe_token": opt_outs.sign(&opt_out, epoch, now),
        "preferences": format!("/preferences?token={token}"),
        "preferences_token": token,
    })
}

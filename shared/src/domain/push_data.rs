//! The names in a push message's data that a template cannot use: ours, and those of the platforms.

/// The name under which every push message has its notification's id.
pub const NOTIFICATION_ID: &str = "notification_id";

/// The names that are taken.
///
/// - Apple: a payload's own part is `aps`, beside which the data stands
///   (<https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification>).
/// - FCM refuses `from`, `message_type` and what begins with `google.` or `gcm.notification.`
///   (<https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#Message.FIELDS.data>). Its library for
///   Android gives an app none of these, nothing else that begins with `gcm.`, and no `collapse_key`
///   (`Constants.MessagePayloadKeys.extractDeveloperDefinedPayload` of firebase-messaging).
const TAKEN: [&str; 5] = ["aps", "collapse_key", "from", "message_type", NOTIFICATION_ID];
const TAKEN_BEGINS: [&str; 2] = ["gcm.", "google."];

/// Whether `name` is no name for a template's data.
pub fn is_taken(name: &str) -> bool {
    TAKEN.contains(&name) || TAKEN_BEGINS.iter().any(|begin| name.starts_with(begin))
}

/// The names that are taken, for a person.
pub fn taken() -> String {
    format!("{} and all that begin with {}", TAKEN.join(", "), TAKEN_BEGINS.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_as_a_whole_or_by_its_begin() {
        for name in
            ["aps", "from", "message_type", "collapse_key", "notification_id", "google.", "gcm.n.e", "google.c.a"]
        {
            assert!(is_taken(name), "{name}");
        }
        for name in ["", "From", "from_name", "apsis", "google", "googly.eyes", "gcm", "notification", "a.google.b"] {
            assert!(!is_taken(name), "{name}");
        }
        let told = "aps, collapse_key, from, message_type, notification_id and all that begin with gcm. or google.";
        assert_eq!(taken(), told);
    }
}

//! Identifiers. They are parsed once, where a request arrives; all other code uses these types.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A user's internal id, a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[schemars(extend("format" = "uuid", "examples" = ["123e4567-e89b-12d3-a456-426614174000"]), with = "String")]
#[serde(transparent)]
pub struct UserId(Uuid);

impl From<Uuid> for UserId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl UserId {
    /// The id of these bytes, which must be the bytes of a UUID.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The UUID's bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    /// Reads a UUID in its usual hyphenated form, in upper or lower case (contract 1's `{id}`). Any other form is
    /// `None`.
    pub fn parse(raw: &str) -> Option<Self> {
        hyphenated(raw).map(Self)
    }

    /// The id of the user whom `caller`'s request under an idempotency key makes. A repeated request makes the same user.
    pub fn of_request(namespace: Uuid, caller: &str, request_id: &str) -> Self {
        let callers = Uuid::new_v5(&namespace, caller.as_bytes());
        Self(Uuid::new_v5(&callers, format!("user#{request_id}").as_bytes()))
    }

    /// The user's id for an external id (contract 3's `user_id`, a token's `sub`). `None` if it is none.
    pub fn from_external(raw: &str, namespace: Uuid) -> Option<Self> {
        ExternalId::parse(raw).map(|external| external.user_id(namespace))
    }
}

/// An application's own id of a user: 1 to 255 characters, none of `/ ? # %` or controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalId(String);

impl ExternalId {
    /// Reads an external id. `None` if it is none.
    pub fn parse(raw: &str) -> Option<Self> {
        let allowed = |c: char| !c.is_control() && !matches!(c, '/' | '?' | '#' | '%');
        ((1..=255).contains(&raw.chars().count()) && raw.chars().all(allowed)).then(|| Self(raw.to_owned()))
    }

    /// The user's id. A UUID stays as it is; other text becomes its UUIDv5, so that no look-up is needed.
    pub fn user_id(&self, namespace: Uuid) -> UserId {
        UserId::parse(&self.0).unwrap_or_else(|| UserId(Uuid::new_v5(&namespace, self.0.as_bytes())))
    }

    /// The text that is stored with the user. `None` for a UUID, which is the user's id already.
    pub fn stored(&self) -> Option<&str> {
        UserId::parse(&self.0).is_none().then_some(self.0.as_str())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A notification's id, a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[schemars(extend("format" = "uuid", "examples" = ["9b2f5c1e-7d84-4a0b-8f3e-2c6d1a5e0b97"]), with = "String")]
#[serde(transparent)]
pub struct NotificationId(Uuid);

impl From<Uuid> for NotificationId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl NotificationId {
    /// Reads a UUID in its usual hyphenated form, in upper or lower case.
    pub fn parse(raw: &str) -> Option<Self> {
        hyphenated(raw).map(Self)
    }

    /// The UUID itself.
    pub fn uuid(self) -> Uuid {
        self.0
    }

    /// The id that `caller`'s `request_id` always gives. A repeated request gives the same notification, and two
    /// callers never share a notification.
    pub fn of_request(namespace: Uuid, caller: &str, request_id: &str) -> Self {
        let callers = Uuid::new_v5(&namespace, caller.as_bytes());
        Self(Uuid::new_v5(&callers, request_id.as_bytes()))
    }
}

impl fmt::Display for NotificationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A run's id, a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[schemars(extend("format" = "uuid", "examples" = ["0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d"]), with = "String")]
#[serde(transparent)]
pub struct RunId(Uuid);

impl From<Uuid> for RunId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl RunId {
    /// Reads a UUID in its usual hyphenated form, in upper or lower case.
    pub fn parse(raw: &str) -> Option<Self> {
        hyphenated(raw).map(Self)
    }

    /// The id that `caller`'s request always gives. A repeated request gives the same run.
    pub fn of_request(namespace: Uuid, caller: &str, request_id: &str) -> Self {
        let callers = Uuid::new_v5(&namespace, caller.as_bytes());
        Self(Uuid::new_v5(&callers, format!("run#{request_id}").as_bytes()))
    }

    /// The UUID.
    pub fn uuid(self) -> Uuid {
        self.0
    }

    /// The notification of this run to a recipient.
    pub fn notification_to(self, user: UserId) -> NotificationId {
        NotificationId(Uuid::new_v5(&self.0, &user.to_bytes()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Reads only the hyphenated form. `uuid` also reads braces, `urn:uuid:` and 32 bare digits, but one spelling is enough
/// for an id in a path.
fn hyphenated(raw: &str) -> Option<Uuid> {
    (raw.len() == 36).then(|| Uuid::try_parse(raw).ok())?
}

#[cfg(test)]
impl UserId {
    /// A new random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

#[cfg(test)]
impl NotificationId {
    /// A new random id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = "123e4567-e89b-12d3-a456-426614174000";

    #[test]
    fn only_hyphenated_uuids_are_ids() {
        assert_eq!(UserId::parse(DEMO).map(|id| id.to_string()).as_deref(), Some(DEMO));
        assert_eq!(UserId::parse(&DEMO.to_uppercase()).map(|id| id.to_string()).as_deref(), Some(DEMO));
        for bad in ["", "42", "{123e4567-e89b-12d3-a456-426614174000}", "123e4567e89b12d3a456426614174000"] {
            assert_eq!(UserId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_external_id_maps_to_the_same_user_every_time() {
        let namespace = Uuid::from_u128(7);
        let id = UserId::from_external("user_12345", namespace);
        assert!(id.is_some());
        assert_eq!(id, UserId::from_external("user_12345", namespace));
        assert_ne!(id, UserId::from_external("user_12345", Uuid::from_u128(8)));
        assert_eq!(UserId::from_external(DEMO, namespace), UserId::parse(DEMO));
        let long = "x".repeat(256);
        for bad in ["", "a/b", "a?b", "a#b", "a%b", "a\nb", long.as_str()] {
            assert_eq!(UserId::from_external(bad, namespace), None, "{bad:?}");
        }
    }

    #[test]
    fn an_external_id_is_stored_unless_it_is_the_id_itself() {
        let stored = |raw: &str| ExternalId::parse(raw).and_then(|id| id.stored().map(str::to_owned));
        for name in
            ["user_12345", "auth0|6553da60", "ada@example.com", "Ada Lovelace", "\u{fc}", &"\u{1f600}".repeat(255)]
        {
            assert_eq!(stored(name).as_deref(), Some(name));
        }
        assert_eq!(stored(DEMO), None);
        assert_eq!(stored(&DEMO.to_uppercase()), None, "the same id");
        // What only looks like one of our ids is a text like any other.
        let derived = ExternalId::parse(DEMO).unwrap().user_id(Uuid::nil());
        for lookalike in [DEMO.replace('-', ""), format!("{{{DEMO}}}"), format!("urn:uuid:{DEMO}"), format!("{DEMO} ")]
        {
            let id = ExternalId::parse(&lookalike).unwrap();
            assert_eq!(id.stored(), Some(lookalike.as_str()));
            assert_ne!(id.user_id(Uuid::nil()), derived, "{lookalike}");
        }
    }

    #[test]
    fn a_recipient_s_notification_is_the_same_whoever_expands_the_run_and_another_one_in_each_run() {
        let (one, other) = (RunId(Uuid::from_u128(1)), RunId(Uuid::from_u128(2)));
        let (ada, ben) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        assert_eq!(one.notification_to(ada), one.notification_to(ada));
        assert_ne!(one.notification_to(ada), one.notification_to(ben));
        assert_ne!(one.notification_to(ada), other.notification_to(ada));
    }

    #[test]
    fn a_repeated_request_is_the_same_run_and_no_notification_has_its_id() {
        let namespace = Uuid::from_u128(7);
        let of = |caller, request| RunId::of_request(namespace, caller, request);
        assert_eq!(of("a", "1"), of("a", "1"));
        assert_ne!(of("a", "1"), of("b", "1"));
        assert_ne!(of("a", "1").to_string(), NotificationId::of_request(namespace, "a", "1").to_string());
        assert_eq!(RunId::parse(&of("a", "1").to_string()), Some(of("a", "1")));
    }

    #[test]
    fn two_callers_never_share_a_notification() {
        let of = |caller, request| NotificationId::of_request(Uuid::nil(), caller, request);
        assert_eq!(of("a", "1"), of("a", "1"));
        assert_ne!(of("a", "1"), of("b", "1"));
        assert_ne!(of("a", "b1"), of("ab", "1"));
    }
}

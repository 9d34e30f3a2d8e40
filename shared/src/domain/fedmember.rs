//! Contract 2's names of organisations and users.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::UserId;

/// An organisation (`fedmemberid`): 1 to 64 letters, digits, `-`, `_` and inner dots, so that it can be part of a
/// cookie's name and of a header's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fedmember(String);

impl Fedmember {
    /// Reads a name; `None` if it breaks the rules.
    pub fn parse(raw: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let good = (1..=64).contains(&raw.len()) && raw.bytes().all(allowed);
        (good && !raw.starts_with('.') && !raw.ends_with('.')).then(|| Self(raw.to_owned()))
    }

    /// Reads the organisation in a business id: `tenantbusiness.{fedmemberid}`, the root of its site, or the bare name.
    pub fn of_business(raw: &str) -> Option<Self> {
        Self::parse(raw.strip_prefix("tenantbusiness.").unwrap_or(raw))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fedmember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Fedmember {
    type Error = &'static str;

    fn try_from(raw: String) -> Result<Self, Self::Error> {
        Self::parse(&raw).ok_or("no name of an organisation")
    }
}

impl From<Fedmember> for String {
    fn from(fedmember: Fedmember) -> Self {
        fedmember.0
    }
}

/// A user's id in contract 2: `{uuid}.{fedmemberid}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AkanaUserId {
    /// The user.
    pub id: UserId,
    /// The organisation in the id.
    pub fedmember: Fedmember,
}

impl AkanaUserId {
    /// Reads an id with both parts; `None` if one part is not valid.
    pub fn parse(raw: &str) -> Option<Self> {
        let (id, fedmember) = raw.split_once('.')?;
        Some(Self { id: UserId::parse(id)?, fedmember: Fedmember::parse(fedmember)? })
    }
}

impl fmt::Display for AkanaUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.fedmember)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_has_two_parts() {
        let raw = "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a.acmepaymentscorp";
        assert_eq!(AkanaUserId::parse(raw).unwrap().to_string(), raw);
        let dotted = AkanaUserId::parse("522320b9-cb6b-495d-ae07-e4b3bfdb3f6a.acme.example").unwrap();
        assert_eq!(dotted.fedmember.as_str(), "acme.example");
        for bad in ["", "x.acme", "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a", "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a."] {
            assert_eq!(AkanaUserId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_organisation_can_stand_in_a_cookie_s_name() {
        let long = "x".repeat(65);
        for bad in ["", ".a", "a.", "a b", "a=b", "a;b", "a\r\nb", "ü", long.as_str()] {
            assert_eq!(Fedmember::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_business_names_its_organisation() {
        let of = |raw| Fedmember::of_business(raw).map(String::from);
        assert_eq!(of("tenantbusiness.acme").as_deref(), Some("acme"));
        assert_eq!(of("acme").as_deref(), Some("acme"));
        assert_eq!(of("tenantbusiness."), None);
    }
}

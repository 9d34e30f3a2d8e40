//! Devices. A device belongs to one person: to the user who was the last to register its token. Whoever registered it before
//! keeps the token in the profile or the settings, and gets nothing through it any more.

use std::collections::BTreeMap;

use super::UserId;
use crate::hash::sha256_hex;

/// A device, by the SHA-256 of its token.
///
/// The hash needs no key, unlike that of an email address. Addresses can be guessed and tokens cannot: one of APNs is random
/// bytes, one of FCM has a long random part. So a hash tells nothing to whoever does not have the token already.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceHash(pub String);

impl DeviceHash {
    /// The device with this token.
    pub fn of(token: &str) -> Self {
        Self(sha256_hex(token.as_bytes()))
    }
}

/// The user who was the last to register a device, by the SHA-256 of the user's id, a line feed and the token.
///
/// It tells whether a known user is the owner of a known token, and nothing else. So it names nobody after the user's erasure,
/// and may stay: without it the device would be its former owner's again, who may have handed it on long ago.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceOwner(pub String);

impl DeviceOwner {
    /// This user, as the owner of the device with this token.
    pub fn of(user: UserId, token: &str) -> Self {
        Self(sha256_hex(format!("{user}\n{token}").as_bytes()))
    }
}

/// The owners of devices, by token. A token that was registered before owners were stored is not among them.
pub type DeviceOwners = BTreeMap<String, DeviceOwner>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_and_its_owner_are_found_again_by_the_token() {
        let user = UserId::parse("ea7673ee-c631-4451-9cf2-1426eeca2189").unwrap();
        // They are in the table: they must never change.
        let (device, owner) = (DeviceHash::of("token"), DeviceOwner::of(user, "token"));
        assert_eq!(device.0, "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0");
        assert_eq!(owner.0, "462ef7a81b17ef6b1bd0e0eb721f721ce2a0f7007abaa1840ae2bd2fac00e09b");
        assert_ne!(owner, DeviceOwner::of(user, "other"), "nobody sees that two devices have the same owner");
        assert_ne!(owner, DeviceOwner::of(UserId::random(), "token"));
    }
}

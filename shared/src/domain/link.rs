//! What a link is bound to besides a user's id, so that a link ends with its user and not only with time.

use super::{Timestamp, User};

/// The state of a user's links. Every link carries it as it was when the link was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkEpoch {
    /// When the user was created. A user who was erased and created again has another time, so an erasure ends all links.
    pub created_at: Timestamp,
    /// How often the user's preference links have been ended.
    pub ended: u32,
}

/// What a link says about its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkBinding {
    /// The epoch that was signed.
    Epoch(LinkEpoch),
    /// Links of earlier versions carry no epoch. The user was there at this time at the latest, and no links had been ended.
    CreatedBy(Timestamp),
}

impl LinkBinding {
    /// Whether the link was made for this user, and not for an erased one who had the same id.
    pub fn is_for(&self, user: &User) -> bool {
        match self {
            Self::Epoch(epoch) => epoch.created_at == user.created_at,
            Self::CreatedBy(time) => user.created_at <= *time,
        }
    }

    /// How often the user's preference links had been ended when the link was made.
    pub fn ended(&self) -> u32 {
        match self {
            Self::Epoch(epoch) => epoch.ended,
            Self::CreatedBy(_) => 0,
        }
    }

    /// Whether the link may show and change the user's preferences.
    pub fn opens(&self, user: &User) -> bool {
        self.is_for(user) && self.ended() == user.links_ended
    }
}

impl User {
    /// What a link that is made now is bound to.
    pub fn link_epoch(&self) -> LinkEpoch {
        LinkEpoch { created_at: self.created_at, ended: self.links_ended }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserId;

    #[test]
    fn a_link_ends_with_its_user_and_a_preference_link_when_links_are_ended() {
        let time = |millis| Timestamp::from_millis(millis);
        let user = |created, links_ended| User { links_ended, ..User::new(UserId::random(), time(created)) };
        let epoch = LinkBinding::Epoch(user(5, 1).link_epoch());
        for (binding, created, ended, is_for, opens) in [
            (epoch, 5, 1, true, true),
            (epoch, 5, 2, true, false),
            (epoch, 5, 0, true, false),
            (epoch, 6, 1, false, false),
            (LinkBinding::CreatedBy(time(5)), 5, 0, true, true),
            (LinkBinding::CreatedBy(time(5)), 5, 1, true, false),
            (LinkBinding::CreatedBy(time(5)), 6, 0, false, false),
        ] {
            let user = user(created, ended);
            assert_eq!((binding.is_for(&user), binding.opens(&user)), (is_for, opens), "{binding:?} {user:?}");
        }
    }
}

//! The input and the results of a decision.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{
    Categories, ConfiguredChannel, DeviceOwners, Notification, PauseKey, Pauses, Provider, Reason, Suppressed,
    Timestamp, trace::Step, user::UserRecord,
};

/// A decision, and the steps that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Every rule that was asked, in order. The last rule ended the decision.
    pub trace: Vec<Step>,
}

/// What the worker does with a delivery.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Send the delivery by this plan.
    Send(Plan),
    /// Do not send now. Record the reason, and decide again at this time.
    Hold(Hold),
    /// Never send the delivery, and record the reason.
    Skip(Reason),
}

/// The end of a hold, and its reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// When to decide again.
    pub until: Timestamp,
    /// Why the delivery is held.
    pub reason: Reason,
    /// The pause that holds the delivery, if it is one: its end comes when an operator says so, which may be before `until`.
    pub under: Option<UnderPause>,
}

impl Hold {
    /// A hold until a time that is known.
    pub fn until(until: Timestamp, reason: Reason) -> Self {
        Self { until, reason, under: None }
    }
}

/// The pause that holds a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderPause {
    /// The key of what is paused.
    pub pause: PauseKey,
    /// When the delivery must be decided again even if the pause goes on: the notification expires, or its record soon ends.
    pub at_latest: Timestamp,
}

/// The ways to the recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// At least one platform. Every platform is sent to, whatever becomes of the others.
    pub platforms: Vec<Platform>,
}

impl Plan {
    /// Puts the routes of one platform together. All keep their order.
    pub(super) fn of(routes: Vec<Route>) -> Self {
        let mut platforms: Vec<Platform> = Vec::new();
        for route in routes {
            let same = |platform: &&mut Platform| {
                platform.routes.iter().any(|other| other.through.platform() == route.through.platform())
            };
            match platforms.iter_mut().find(same) {
                Some(platform) => platform.routes.push(route),
                None => platforms.push(Platform { routes: vec![route] }),
            }
        }
        Self { platforms }
    }

    /// Whether some way goes to Tidings' own inbox.
    pub fn has_inbox(&self) -> bool {
        let mut routes = self.platforms.iter().flat_map(|platform| &platform.routes);
        routes.any(|route| route.through.provider == Provider::InApp)
    }
}

/// The routes of which one is enough.
#[derive(Clone, Debug, PartialEq)]
pub struct Platform {
    /// At least one route, in the order in which they are tried. The next route is used only if the route before cannot
    /// succeed any more.
    pub routes: Vec<Route>,
}

/// A configured channel, and the addresses to send to through it.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The configured channel that carries the message.
    pub through: ConfiguredChannel,
    /// At least one address (an email address, a device token, …), without duplicates.
    pub addresses: Vec<String>,
}

/// The decision input.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInput<'a> {
    /// The record under the recipient's id; `None` if there is no record.
    pub user: Option<&'a UserRecord>,
    /// The configured channels, in the order in which they are tried.
    pub configured: &'a [ConfiguredChannel],
    /// The catalogue of categories.
    pub categories: &'a Categories,
    /// What operators have paused.
    pub pauses: &'a Pauses,
    /// The notification that is decided on.
    pub notification: &'a Notification,
    /// What is known about the addresses that [`super::addresses_to_look_up`] gives.
    pub looked_up: &'a LookedUp,
}

/// The addresses that a decision depends on, and about which the user's record does not say enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToLookUp {
    /// Email addresses, in the form for comparisons: which of them are suppressed?
    pub emails: BTreeSet<String>,
    /// Device tokens: who was the last to register them?
    pub tokens: BTreeSet<String>,
}

impl FromIterator<Self> for ToLookUp {
    fn from_iter<All: IntoIterator<Item = Self>>(all: All) -> Self {
        all.into_iter().fold(Self::default(), |mut sum, Self { emails, tokens }| {
            sum.emails.extend(emails);
            sum.tokens.extend(tokens);
            sum
        })
    }
}

/// What the table says about addresses, whichever users have them.
#[derive(Clone, Debug, PartialEq)]
pub struct LookedUp {
    /// The suppressed ones among the email addresses.
    pub suppressed: Suppressed,
    /// The owners of the devices.
    pub owners: DeviceOwners,
}

/// Nothing is known: no address is suppressed, and no device has an owner.
pub static NOTHING_LOOKED_UP: LookedUp = LookedUp { suppressed: BTreeMap::new(), owners: BTreeMap::new() };

//! The outcome at each address, and the delivery's outcome that follows from them.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use shared::{
    delivery::Outcome,
    domain::{AddressOutcome, AddressState, Provider, Reason, Route, Timestamp, delivery::address_key},
    store::Started,
};

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Each address that can be reached got the message, and at least one did.
    Sent,
    /// No address got the message, and none will.
    Failed(Reason),
    /// Some address may still get the message.
    Again {
        /// The cause of the failure.
        reason: Reason,
        /// The pause that a provider asked for.
        after: Option<Duration>,
        /// Whether it was an attempt: some provider failed. If providers have only turned messages away, it was none.
        is_attempt: bool,
    },
}

/// An address that its provider no longer knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneAddress {
    pub address: String,
    /// The time from which the provider knows it, if the provider says it.
    pub since: Option<Timestamp>,
}

/// The outcomes of one delivery: those of earlier attempts, and those of this one as they come.
#[derive(Debug)]
pub struct Tally {
    known: BTreeMap<String, AddressOutcome>,
    /// The outcomes that were noted in this attempt.
    tried: BTreeMap<String, AddressOutcome>,
    /// Those of them that were not really tried.
    not_tried: BTreeSet<String>,
    /// The routes that were begun, in order.
    routes: Vec<Begun>,
    /// Addresses that their provider no longer knows, by the id of the configured channel.
    gone: BTreeMap<String, Vec<GoneAddress>>,
    has_called: bool,
    after: Option<Duration>,
    ambiguous: bool,
    left_open: bool,
    at_most_once: bool,
    last: bool,
}

/// A route that was begun.
#[derive(Debug)]
struct Begun {
    provider: Provider,
    platform: Option<Provider>,
    /// The keys of its addresses.
    keys: Vec<String>,
}

impl Tally {
    /// Starts from the outcomes in the record. `last` is true if no attempt may follow.
    pub fn new(started: &Started, at_most_once: bool, last: bool) -> Self {
        Self {
            known: started.addresses.clone(),
            tried: BTreeMap::new(),
            not_tried: BTreeSet::new(),
            routes: Vec::new(),
            gone: BTreeMap::new(),
            has_called: false,
            after: None,
            ambiguous: started.ambiguous,
            left_open: started.left_open,
            at_most_once,
            last,
        }
    }

    /// Whether this is the last attempt.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// Whether the message was sent through this route, or may have been and must not be sent twice. Then no other route of its
    /// platform is tried.
    pub fn has_sent(&self, route: &Route) -> bool {
        // An address that the user has replaced since counts, too.
        let mut known = self.known.values();
        known.any(|noted| noted.channel_id == route.through.id && self.is_sent(noted.state))
    }

    fn is_sent(&self, state: AddressState) -> bool {
        state == AddressState::Sent || (self.at_most_once && state == AddressState::Unknown)
    }

    /// Begins a route. Returns the addresses that are to be sent to now.
    pub fn begin<'r>(&mut self, route: &'r Route) -> Vec<&'r str> {
        let keys = keys(route);
        let mut pending = Vec::new();
        for (address, key) in route.addresses.iter().zip(&keys) {
            match self.state(key) {
                Some(state) if state.is_final() => {}
                Some(AddressState::Unknown) if self.at_most_once => {}
                // A worker died during an attempt. It may have sent the message to this address, although nothing is
                // noted. An inbox has a message once, however often it is sent there.
                _ if self.left_open && self.at_most_once && route.through.provider != Provider::InApp => {
                    self.put(route, address, &Outcome::Unknown);
                }
                _ => {
                    self.ambiguous |= self.left_open;
                    pending.push(address.as_str());
                }
            }
        }
        let (provider, platform) = (route.through.provider, route.through.platform());
        self.routes.push(Begun { provider, platform, keys });
        pending
    }

    /// Notes that the table was asked to write an entry of an inbox, and did not answer: nobody knows whether the entry is there.
    pub fn doubt(&mut self) {
        self.ambiguous = true;
    }

    /// Notes the outcome of a call at an address.
    pub fn note(&mut self, route: &Route, address: &str, outcome: &Outcome) -> (String, AddressOutcome) {
        self.has_called |= !matches!(outcome, Outcome::NotTried { .. });
        if route.through.provider == Provider::InApp {
            // A repeated write, which changes nothing, finds that the entry is there. If there is none, because the user has opted out
            // since, the doubt stays.
            self.ambiguous &= !matches!(outcome, Outcome::Sent { .. });
        }
        self.put(route, address, outcome)
    }

    fn put(&mut self, route: &Route, address: &str, outcome: &Outcome) -> (String, AddressOutcome) {
        let (state, message_id) = match outcome {
            Outcome::Sent { message_id } => (AddressState::Sent, message_id.clone()),
            Outcome::Retry { after } | Outcome::NotTried { after } => {
                self.after = self.after.max(*after);
                (AddressState::Unavailable, None)
            }
            Outcome::Unknown => {
                self.ambiguous = true;
                (AddressState::Unknown, None)
            }
            Outcome::AddressGone { since } => {
                let gone = GoneAddress { address: address.to_owned(), since: *since };
                self.gone.entry(route.through.id.clone()).or_default().push(gone);
                (AddressState::Gone, None)
            }
            Outcome::Rejected => (AddressState::Rejected, None),
            Outcome::Misconfigured => (AddressState::Misconfigured, None),
        };
        let key = address_key(&route.through.id, address);
        let noted = AddressOutcome { channel_id: route.through.id.clone(), state, provider_message_id: message_id };
        self.known.insert(key.clone(), noted.clone());
        self.tried.insert(key.clone(), noted.clone());
        if matches!(outcome, Outcome::NotTried { .. }) {
            self.not_tried.insert(key.clone());
        }
        (key, noted)
    }

    /// Whether a route that was begun is exhausted, so that the next one of its platform is tried: its set-up is at fault,
    /// its addresses are gone, or there is no further attempt. One that has only turned messages away gets them again.
    pub fn is_exhausted(&self, route: &Route) -> bool {
        let keys = keys(route);
        if self.has_only_turned_away(&keys) {
            return false;
        }
        self.states(&keys).into_iter().all(|state| match state {
            AddressState::Misconfigured | AddressState::Gone | AddressState::Rejected => true,
            AddressState::Unavailable => self.last,
            AddressState::Unknown => self.last && !self.at_most_once,
            AddressState::Sent => false,
        })
    }

    /// Whether a provider was asked to send something. An attempt that only finds how an earlier one ended is none.
    pub fn has_called(&self) -> bool {
        self.has_called
    }

    /// How the attempt ends.
    pub fn end(&self) -> End {
        let is_attempt = || self.counting().any(|route| self.has_failed(&route.keys) && !self.is_stood_in_for(route));
        let again = |reason| End::Again { reason, after: self.after, is_attempt: is_attempt() };
        match self.decisive() {
            AddressState::Sent => End::Sent,
            AddressState::Unknown if self.at_most_once => End::Failed(Reason::OutcomeUnknown),
            AddressState::Unavailable | AddressState::Unknown => again(Reason::ProviderUnavailable),
            AddressState::Misconfigured => again(Reason::ProviderMisconfigured),
            AddressState::Rejected => End::Failed(Reason::ProviderRejected),
            AddressState::Gone => End::Failed(Reason::AddressGone),
        }
    }

    /// The provider that sent the message, or that failed. `None` if this attempt had no part in that.
    pub fn provider(&self) -> Option<Provider> {
        let decisive = self.decisive();
        let route = self.counting().rev().find(|route| self.states(&route.keys).contains(&decisive));
        route.map(|route| route.provider)
    }

    /// The state of an address that decides how the attempt ends.
    fn decisive(&self) -> AddressState {
        use AddressState::{Gone, Misconfigured, Rejected, Sent, Unavailable, Unknown};
        let mut states: Vec<_> = self.counting().flat_map(|route| self.states(&route.keys)).collect();
        // What an earlier attempt has sent stays sent, also to an address that the user has removed since.
        states.extend(self.known.values().map(|noted| noted.state).filter(|state| *state == Sent));
        let doubt = if self.at_most_once { [Misconfigured, Sent, Unknown] } else { [Unknown, Misconfigured, Sent] };
        let order = [Unavailable].into_iter().chain(doubt).chain([Rejected]);
        order.into_iter().find(|state| states.contains(state)).unwrap_or(Gone)
    }

    /// Whether the outcome of some attempt is unknown.
    pub fn is_ambiguous(&self) -> bool {
        self.ambiguous
    }

    /// The provider's id of the message, from the first address that it was sent to.
    pub fn message_id(&self) -> Option<String> {
        let keys = self.routes.iter().flat_map(|route| &route.keys);
        keys.filter_map(|key| self.known.get(key)).find_map(|noted| noted.provider_message_id.clone())
    }

    /// The addresses that this attempt found gone, by the id of the configured channel.
    pub fn gone(&mut self) -> BTreeMap<String, Vec<GoneAddress>> {
        std::mem::take(&mut self.gone)
    }

    /// The outcomes that were noted in this attempt.
    pub fn into_tried(self) -> BTreeMap<String, AddressOutcome> {
        self.tried
    }

    /// Whether the last route of the same platform has only turned messages away: it may still send what this one could not.
    fn is_stood_in_for(&self, route: &Begun) -> bool {
        let last = self.routes.iter().rfind(|other| other.platform == route.platform);
        last.is_some_and(|last| self.has_only_turned_away(&last.keys))
    }

    /// Whether some of these addresses were not tried, and none of them has failed.
    fn has_only_turned_away(&self, keys: &[String]) -> bool {
        keys.iter().any(|key| self.not_tried.contains(key)) && !self.has_failed(keys)
    }

    /// Whether an address of these has failed in this attempt, and may get the message later.
    fn has_failed(&self, keys: &[String]) -> bool {
        let mut tried = keys.iter().filter(|key| !self.not_tried.contains(*key)).filter_map(|key| self.tried.get(key));
        tried.any(|noted| !noted.state.is_final())
    }

    fn state(&self, key: &str) -> Option<AddressState> {
        self.known.get(key).map(|noted| noted.state)
    }

    /// The routes whose addresses count. Once a route has sent the message, the others of its platform do not count.
    fn counting(&self) -> impl DoubleEndedIterator<Item = &Begun> {
        self.routes.iter().filter(|route| {
            let mut of_platform = self.routes.iter().filter(|other| other.platform == route.platform);
            of_platform.all(|other| !self.has_sent_through(other)) || self.has_sent_through(route)
        })
    }

    fn has_sent_through(&self, route: &Begun) -> bool {
        self.states(&route.keys).into_iter().any(|state| self.is_sent(state))
    }

    fn states(&self, keys: &[String]) -> Vec<AddressState> {
        keys.iter().filter_map(|key| self.state(key)).collect()
    }
}

fn keys(route: &Route) -> Vec<String> {
    route.addresses.iter().map(|address| address_key(&route.through.id, address)).collect()
}

//! The leases of a group of deliveries: those of first attempts by one call, each other by its own.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{LocalBoxFuture, Shared},
};
use shared::{
    domain::Timestamp,
    store::{Claim, DeliveryKey, Lease, Refusal, Started, StoreError},
    telemetry,
};

use crate::App;

/// With less time than this left of the invocation, no delivery is started.
pub const TO_START: Duration = Duration::from_millis(1000);
/// How much longer than the invocation its leases last, since clocks differ.
pub const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// The answer to a request for a lease.
pub enum LeaseAnswer {
    /// The lease is ours.
    Ours(Lease, Started),
    /// The lease was refused.
    Refused(Refusal),
    /// There was no time to ask.
    TooLate,
}

/// The leases of a group.
pub struct GroupLeases<'a> {
    app: &'a App,
    deadline: Timestamp,
    /// The members whose leases one call asks for.
    together: Vec<Member>,
    /// The answers of that call, in the same order.
    answers: Shared<LocalBoxFuture<'a, Arc<Vec<Option<Started>>>>>,
}

#[derive(Clone, Copy)]
struct Member {
    place: usize,
    delivery: DeliveryKey,
    lease: Lease,
}

impl<'a> GroupLeases<'a> {
    /// The leases of a group until `deadline`. `first` has the members, by their places, whose deliveries have no
    /// record yet as far as is known. The call is made when the first member waits for it: a claimed delivery must be
    /// started at once.
    pub fn new(app: &'a App, deadline: Timestamp, first: impl Iterator<Item = (usize, DeliveryKey)>) -> Self {
        let mut seen = HashSet::new();
        // One call cannot name an item twice: of the copies of a message it names only one.
        let first = first.filter(|(_, delivery)| seen.insert(*delivery));
        let mut together: Vec<_> =
            first.map(|(place, delivery)| Member { place, delivery, lease: lease(app, deadline) }).collect();
        if together.len() < 2 || is_too_late(app, deadline) {
            // A single member asks for its lease by a call of its own, which costs the same and needs no guess about
            // its record.
            together.clear();
        }
        let leases: Vec<_> = together.iter().map(|member| (member.delivery, member.lease)).collect();
        let answers = async move {
            let started = app.store.claim_first(&leases, app.clock.now()).await;
            Arc::new(started.unwrap_or_else(|error| {
                tracing::warn!(error = telemetry::chain(&error), "each delivery is claimed by itself");
                Vec::new()
            }))
        };
        Self { app, deadline, together, answers: answers.boxed_local().shared() }
    }

    /// Asks for the lease on a delivery, for the member at this place.
    pub async fn ask(&self, place: usize, delivery: DeliveryKey) -> Result<LeaseAnswer, StoreError> {
        let lease = match self.together(place, delivery).await {
            Some((lease, Some(started))) => return Ok(LeaseAnswer::Ours(lease, started)),
            // The time that is left does not matter: the lease may be ours already, and an unused lease would look like a
            // started attempt.
            Some((lease, None)) => lease,
            None if is_too_late(self.app, self.deadline) => return Ok(LeaseAnswer::TooLate),
            None => lease(self.app, self.deadline),
        };
        Ok(match self.app.store.claim(delivery, lease, self.app.clock.now()).await? {
            Claim::Started(started) => LeaseAnswer::Ours(lease, started),
            Claim::Refused(refusal) => LeaseAnswer::Refused(refusal),
        })
    }

    /// The lease that is asked for together with others, and its answer. `None` if the member asks by itself.
    async fn together(&self, place: usize, delivery: DeliveryKey) -> Option<(Lease, Option<Started>)> {
        let mut places = self.together.iter().copied().enumerate();
        let (position, member) = places.find(|(_, member)| member.delivery == delivery)?;
        // A copy waits too: it must not race with the member that asks.
        let answers = self.answers.clone().await;
        (member.place == place).then(|| (member.lease, answers.get(position).cloned().flatten()))
    }
}

/// Whether too little time is left of the invocation to begin anything.
pub fn is_too_late(app: &App, deadline: Timestamp) -> bool {
    deadline.saturating_duration_since(app.clock.now()) < TO_START
}

/// A lease for one delivery. Its id tells copies of the delivery's message apart.
fn lease(app: &App, deadline: Timestamp) -> Lease {
    Lease::new(app.random.uuid(), deadline.plus(LEASE_MARGIN))
}

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

/// With less than this left of the invocation, nothing is started.
const TO_START: Duration = Duration::from_millis(1000);
/// How much longer than the invocation its leases last, for clocks that differ.
pub const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// What came of asking for a lease.
pub enum LeaseAnswer {
    /// It is ours.
    Ours(Lease, Started),
    /// It is not.
    Refused(Refusal),
    /// There was no time to ask.
    TooLate,
}

/// The leases of a group.
pub struct GroupLeases<'a> {
    app: &'a App,
    deadline: Timestamp,
    /// Those that the one call asks for.
    together: Vec<Member>,
    /// Its answers, in the same order.
    answers: Shared<LocalBoxFuture<'a, Arc<Vec<Option<Started>>>>>,
}

#[derive(Clone, Copy)]
struct Member {
    place: usize,
    delivery: DeliveryKey,
    lease: Lease,
}

impl<'a> GroupLeases<'a> {
    /// Those of a group until `deadline`; `first` are its members, by their places, whose deliveries have no record yet, as
    /// far as is known. Nothing is asked before somebody waits for it: what is claimed must be begun with at once.
    pub fn new(app: &'a App, deadline: Timestamp, first: impl Iterator<Item = (usize, DeliveryKey)>) -> Self {
        let mut seen = HashSet::new();
        // One call takes no item twice: of copies of a message only one is in it.
        let first = first.filter(|(_, delivery)| seen.insert(*delivery));
        let mut together: Vec<_> =
            first.map(|(place, delivery)| Member { place, delivery, lease: lease(app, deadline) }).collect();
        if together.len() < 2 || is_too_late(app, deadline) {
            // One by itself is asked for by one call as well, whatever its record says.
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
            // Whatever time is left: it may be ours already, and must not be left as if it had been begun with.
            Some((lease, None)) => lease,
            None if is_too_late(self.app, self.deadline) => return Ok(LeaseAnswer::TooLate),
            None => lease(self.app, self.deadline),
        };
        Ok(match self.app.store.claim(delivery, lease, self.app.clock.now()).await? {
            Claim::Started(started) => LeaseAnswer::Ours(lease, started),
            Claim::Refused(refusal) => LeaseAnswer::Refused(refusal),
        })
    }

    /// The lease that is asked for together with others, and what came of that; `None` for who asks alone.
    async fn together(&self, place: usize, delivery: DeliveryKey) -> Option<(Lease, Option<Started>)> {
        let position = self.together.iter().position(|member| member.delivery == delivery)?;
        let member = self.together[position];
        // A copy waits as well: it could only get in the way.
        let answers = self.answers.clone().await;
        (member.place == place).then(|| (member.lease, answers.get(position).cloned().flatten()))
    }
}

fn is_too_late(app: &App, deadline: Timestamp) -> bool {
    deadline.saturating_duration_since(app.clock.now()) < TO_START
}

/// A lease of one delivery's own: copies of its message are told apart by it.
fn lease(app: &App, deadline: Timestamp) -> Lease {
    Lease::new(app.random.uuid(), deadline.plus(LEASE_MARGIN))
}

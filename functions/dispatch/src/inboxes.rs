//! First deliveries to inboxes, many at once: one call writes the entries, one looks at their users, and one records what was sent.
//!
//! None of them has a lease. A lease keeps a message from being sent twice, and a message that is put into an inbox twice is there once: two
//! workers write the same entry, and one of them writes the record. So there is no write for a lease: a delivery is its
//! entry and its record.
//! What does not come to its end here goes the way of all deliveries, which finds the entry there.

use std::collections::{HashMap, HashSet};

use shared::{
    domain::{Provider, Route, Timestamp, decide::Step},
    metrics::MetricEvent,
    render::{Next, Prepared},
    store::{Addressed, Delivered, DeliveryKey, Finish, Started},
    telemetry,
};

use crate::{
    App, attempt::Attempt, entry_state::EntryState, inbox, leases::is_too_late, rates::Go, tally::Tally, work::Work,
};

/// A first delivery to the inbox.
pub struct First<'a> {
    attempt: Attempt<'a>,
    route: &'a Route,
    trace: &'a [Step],
    entry: Addressed,
}

impl<'a> First<'a> {
    /// The delivery of a message that is to be sent now, if it goes to the inbox alone and has no record yet as far as is known.
    pub fn of(work: &Work, attempt: Attempt<'a>, prepared: &'a Prepared, go: Option<&Go>) -> Option<Self> {
        let (Next::Send(plan, content), Some(Go::Now(_))) = (&prepared.next, go) else { return None };
        let [platform] = plan.platforms.as_slice() else { return None };
        let route = platform.routes.first()?;
        let is_paced = route.through.rate_per_second.is_some();
        if route.through.provider != Provider::InApp || is_paced || !work.is_first(attempt.notification) {
            return None;
        }
        let entry = inbox::entry(&attempt.outgoing(route.addresses.first()?, content, None))?;
        Some(Self { attempt, route, trace: &prepared.trace, entry: (attempt.notification.user_id, entry) })
    }

    /// The end of the attempt that has put the entry at this place.
    fn finish(&self, app: &App, place: &str) -> Finish {
        let started = Started::first();
        let mut tally = Tally::new(&started, self.attempt.notification.at_most_once, false);
        for address in tally.begin(self.route) {
            tally.note(self.route, address, &inbox::sent(place));
        }
        self.attempt.conclusion(app, &started, tally).0
    }
}

/// Sends and records these deliveries until `deadline`. Returns what is known of the entry of each that was begun.
pub async fn send(app: &App, mut firsts: Vec<First<'_>>, deadline: Timestamp) -> HashMap<DeliveryKey, EntryState> {
    let mut seen = HashSet::new();
    firsts.retain(|first| seen.insert(first.attempt.delivery()));
    if firsts.is_empty() || is_too_late(app, deadline) {
        return HashMap::new();
    }
    let in_doubt = |first: &First<'_>| (first.attempt.delivery(), EntryState::InDoubt);
    let states = app.in_time(deadline, all(app, &firsts)).await;
    states.unwrap_or_else(|_| firsts.iter().map(in_doubt).collect())
}

async fn all(app: &App, firsts: &[First<'_>]) -> HashMap<DeliveryKey, EntryState> {
    let stopwatch = app.clock.stopwatch();
    let entries: Vec<_> = firsts.iter().map(|first| &first.entry).collect();
    let delivered = app.store.put_inboxes(&entries).await.unwrap_or_else(|error| {
        tracing::warn!(error = telemetry::chain(&error), "each entry is written by itself");
        vec![None; firsts.len()]
    });
    let took = Some(stopwatch.elapsed());
    let mut states = HashMap::new();
    let (mut sent, mut ended) = (Vec::new(), Vec::new());
    for (first, delivered) in firsts.iter().zip(delivered) {
        let delivery = first.attempt.delivery();
        states.insert(delivery, if delivered.is_some() { EntryState::Written } else { EntryState::InDoubt });
        if let Some(Delivered::At(place)) = delivered {
            sent.push(first.attempt);
            ended.push((delivery, first.finish(app, &place), first.trace));
        }
    }
    let recorded = app.store.finish_first(&ended, app.clock.now()).await.unwrap_or_else(|error| {
        tracing::warn!(error = telemetry::chain(&error), "each outcome is recorded by itself");
        Vec::new()
    });
    for (attempt, _) in sent.into_iter().zip(recorded).filter(|(_, is_recorded)| *is_recorded) {
        states.insert(attempt.delivery(), EntryState::Recorded);
        // What is not recorded here is an attempt below, which counts itself.
        app.metrics.note(MetricEvent::Attempt { provider: Provider::InApp, took, sent: true });
        attempt.was_sent(app, Provider::InApp);
    }
    states
}

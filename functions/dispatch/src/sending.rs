//! Sends a plan: all platforms at once, the routes of a platform one after the other, and all addresses of a route at once.
//! Each outcome is noted as soon as it is known.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

use futures::future::join_all;
use shared::{
    delivery::{Outcome, in_time},
    domain::{AddressOutcome, AddressState, Plan, Platform, Provider, RenderedContent, Route},
    metrics::MetricEvent,
    store::{DeliveryKey, Lease},
    telemetry,
};

use crate::{
    App,
    attempt::Attempt,
    rates::{Pace, SlotsOf},
    tally::Tally,
};

/// The time that is kept at the end of an invocation to record an outcome.
pub const TO_RECORD: Duration = Duration::from_millis(500);
/// The longest that one call to a provider may take.
const PROVIDER: Duration = Duration::from_secs(10);
/// With less time than this left, no provider is called.
const TO_TRY: Duration = Duration::from_millis(200);

/// An attempt whose lease is ours.
pub struct Sending<'a> {
    pub app: &'a App,
    pub attempt: Attempt<'a>,
    pub delivery: DeliveryKey,
    pub lease: Lease,
    pub content: &'a RenderedContent,
    /// The slots that it has reserved, until they are used.
    pub slots: RefCell<SlotsOf>,
}

/// The outcomes that are not in the record yet.
#[derive(Default)]
struct Progress {
    waiting: RefCell<BTreeMap<String, AddressOutcome>>,
    is_writing: Cell<bool>,
    /// The number of addresses that are being sent to.
    left: Cell<usize>,
}

impl Sending<'_> {
    /// Sends to all platforms at once, so that one that hangs takes no time from another.
    pub async fn through(&self, plan: &Plan, tally: Tally) -> Tally {
        let (tally, progress) = (RefCell::new(tally), Progress::default());
        join_all(plan.platforms.iter().map(|platform| self.platform(platform, &tally, &progress))).await;
        tally.into_inner()
    }

    /// Sends through the first route of a platform, and through each further one if the route before is exhausted. Without
    /// time, a route's addresses are noted as not reached, so that the next attempt sends to them.
    async fn platform(&self, platform: &Platform, tally: &RefCell<Tally>, progress: &Progress) {
        let begun = platform.routes.iter().find(|route| tally.borrow().has_sent(route));
        let routes = begun.map_or(platform.routes.as_slice(), std::slice::from_ref);
        for route in routes {
            self.route(route, tally, progress).await;
            if !tally.borrow().is_exhausted(route) {
                break;
            }
        }
    }

    async fn route(&self, route: &Route, tally: &RefCell<Tally>, progress: &Progress) {
        let pending = tally.borrow_mut().begin(route);
        if pending.is_empty() {
            return;
        }
        progress.left.update(|left| left + pending.len());
        let limit = PROVIDER.min(self.time_left());
        let needed = async {
            let credentials = self.app.providers.credentials(&route.through).await?;
            Ok((credentials, self.app.unsubscribe(self.attempt, route.through.provider).await?))
        };
        let mut needed = self.app.clock.timeout(limit, needed).await.unwrap_or(Err(Outcome::NotTried { after: None }));
        let limit = PROVIDER.min(self.time_left());
        if limit < TO_TRY {
            // A send that is started now would be cut off, and nobody would know whether the message was sent.
            needed = Err(Outcome::NotTried { after: None });
        }
        let pace = match &needed {
            Ok(_) => self.pace(route, pending.len()).await,
            Err(_) => Pace::FREE,
        };
        let is_inbox = route.through.provider == Provider::InApp;
        let sends = pending.into_iter().enumerate().map(async |(number, address)| {
            let turn = match &needed {
                Ok(_) => self.turn(&pace, number).await,
                Err(_) => Ok(limit),
            };
            let (outcome, took) = match (&needed, turn) {
                (Err(outcome), _) => (outcome.clone(), None),
                (_, Err(outcome)) => (outcome, None),
                (Ok((credentials, unsubscribe)), Ok(limit)) => {
                    let outgoing = self.attempt.outgoing(address, self.content, unsubscribe.as_ref());
                    let send = self.app.providers.send(route.through.provider, &outgoing, credentials);
                    let stopwatch = self.app.clock.stopwatch();
                    // An address that hangs must not cancel the outcome of another one.
                    let outcome = match in_time(&self.app.clock, limit, send).await {
                        // The inbox is the table, and no provider that has failed: it did not answer in time.
                        Outcome::Unknown if is_inbox => Outcome::NotTried { after: None },
                        outcome => outcome,
                    };
                    (outcome, Some(stopwatch.elapsed()))
                }
            };
            let sent = matches!(outcome, Outcome::Sent { .. });
            if took.is_some() || needed.is_err() {
                self.app.metrics.note(MetricEvent::Attempt { provider: route.through.provider, took, sent });
            }
            if is_inbox && took.is_some() && matches!(outcome, Outcome::NotTried { .. }) {
                tally.borrow_mut().doubt();
            }
            let (key, noted) = tally.borrow_mut().note(route, address, &outcome);
            progress.left.update(|left| left - 1);
            if noted.state == AddressState::Sent {
                progress.waiting.borrow_mut().insert(key, noted);
                self.write(progress).await;
            }
        });
        join_all(sends).await;
    }

    /// The pace at which the addresses of a route are sent to: in the slots that its message has reserved, or now.
    async fn pace(&self, route: &Route, addresses: usize) -> Pace {
        let Some(rate) = route.through.rate_per_second else { return Pace::FREE };
        let slots = self.slots.borrow_mut().remove(&route.through.id);
        Pace::of(self.app, &route.through.id, rate, slots, addresses).await
    }

    /// Waits for an address's slot. Returns how long its provider may take, or the outcome of an address whose slot does not come
    /// in this invocation: it is not tried.
    async fn turn(&self, pace: &Pace, number: usize) -> Result<Duration, Outcome> {
        let wait = pace.wait(number, self.app.clock.now().into(), self.time_left().saturating_sub(TO_TRY));
        let wait = wait.map_err(|wait| Outcome::NotTried { after: Some(wait) })?;
        if !wait.is_zero() {
            self.app.clock.sleep(wait).await;
        }
        Ok(PROVIDER.min(self.time_left()))
    }

    /// Writes the waiting outcomes, unless another write is running: a record holds all addresses, so a write for each
    /// of them would cost the square of their number. The outcomes after the last write are written with the end of the
    /// attempt.
    async fn write(&self, progress: &Progress) {
        if progress.is_writing.replace(true) {
            return;
        }
        while progress.left.get() > 0 {
            let noted = progress.waiting.take();
            if noted.is_empty() {
                break;
            }
            self.progress(noted).await;
        }
        progress.is_writing.set(false);
    }

    /// The end of the attempt writes this outcome again. So a failed write loses nothing, unless the worker dies first.
    async fn progress(&self, noted: BTreeMap<String, AddressOutcome>) {
        let progress = self.app.store.progress(self.delivery, self.lease, &noted);
        match self.app.clock.timeout(self.time_left(), progress).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = telemetry::chain(&error), "an address's outcome is recorded with the others'");
            }
            Err(_) => tracing::warn!("no time: an address's outcome is recorded with the others'"),
        }
    }

    /// The time that is left of the invocation, less the time to record an outcome.
    fn time_left(&self) -> Duration {
        self.attempt.deadline.saturating_duration_since(self.app.clock.now()).saturating_sub(TO_RECORD)
    }
}

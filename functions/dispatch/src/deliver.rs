//! A delivery whose lease is ours: sends it, and records the outcome.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use shared::{
    domain::{
        DeliveryStatus, Endpoint, Plan, Provider, Reason, RenderedContent, Timestamp, decide::Step, user::UserRecord,
    },
    queue::Outbound,
    store::{Finish, GoneToken, Lease, Started, StoreError},
    telemetry,
};

use crate::{
    App,
    attempt::{Attempt, SENT},
    rates::SlotsOf,
    sending::{Sending, TO_RECORD},
    tally::{End, GoneAddress, Tally},
    verdict::Verdict,
};

/// The pause before an outcome is recorded again, after the table did not accept it.
const RECORD_AGAIN: Duration = Duration::from_millis(50);

impl Attempt<'_> {
    /// Sends the delivery, under a lease that is ours.
    pub async fn send(
        self,
        app: &App,
        lease: Lease,
        started: &Started,
        (plan, content): (&Plan, &RenderedContent),
        slots: SlotsOf,
        trace: &[Step],
    ) -> Result<Verdict, StoreError> {
        // What is sent at most once ends below without a call, and says that its outcome is unknown. An inbox has a message once,
        // however often it is put there.
        let is_over = self.notification.at_most_once && started.left_open && !plan.has_inbox();
        if app.retries.is_beyond(started.since_redrive) && !is_over {
            return self.give_up(app, lease, started, trace).await;
        }
        let last = app.retries.is_last(started.since_redrive);
        let begun = app.clock.now();
        let tally = Tally::new(started, self.notification.at_most_once, last);
        let (delivery, slots) = (self.delivery(), RefCell::new(slots));
        let mut tally = Sending { app, attempt: self, delivery, lease, content, slots }.through(plan, tally).await;
        let (gone, provider) = (tally.gone(), tally.provider());
        let (finish, verdict) = self.conclusion(app, started, tally);
        let reason = finish.reason;
        let is_recorded = self.record(app, lease, started, &finish, trace).await?;
        if is_recorded {
            self.count(app, finish.status, reason, provider);
        }
        self.forget(app, gone, begun).await;
        self.log(if finish.status == DeliveryStatus::Sent { SENT } else { "not sent" }, reason);
        // What is given up is taken back by the function that records dead letters.
        let has_failed = is_recorded && finish.status == DeliveryStatus::Failed;
        let may_be_there = finish.ambiguous || self.entry.may_be_there();
        self.take_back_if(app, has_failed && may_be_there).await?;
        Ok(if is_recorded { verdict } else { self.lost(app) })
    }

    /// The lease is another worker's by now, and so is the delivery. The message comes back to see how it ended.
    fn lost(self, app: &App) -> Verdict {
        let id = self.notification.id;
        tracing::warn!(notification_id = %id, channel = %self.channel, "the lease was lost before the record");
        Verdict::of_outage(app, self.due)
    }

    /// Gives up a delivery whose last attempt was begun and never ended: its worker died, or the table did not take the
    /// outcome. No provider is called one time more, and this claim is no attempt.
    async fn give_up(self, app: &App, lease: Lease, started: &Started, trace: &[Step]) -> Result<Verdict, StoreError> {
        let given_up = Finish::because(DeliveryStatus::DeadLettered, Reason::AttemptsExhausted);
        let finish = Finish { is_attempt: false, ambiguous: started.ambiguous || started.left_open, ..given_up };
        if !self.record(app, lease, started, &finish, trace).await? {
            return Ok(self.lost(app));
        }
        self.log("not sent", finish.reason);
        Ok(Verdict::GivenUp)
    }

    /// Writes the outcome, and repeats that while the table is unavailable and there is time: a delivery whose outcome
    /// is not recorded is sent a second time.
    async fn record(
        self,
        app: &App,
        lease: Lease,
        started: &Started,
        finish: &Finish,
        trace: &[Step],
    ) -> Result<bool, StoreError> {
        loop {
            let now = app.clock.now();
            match app.store.finish(self.delivery(), lease, started, finish, trace, now).await {
                Err(error @ StoreError::Unavailable(_))
                    if self.deadline.saturating_duration_since(now) > TO_RECORD / 2 =>
                {
                    tracing::warn!(error = telemetry::chain(&error), "the outcome is recorded once more");
                    app.clock.sleep(RECORD_AGAIN).await;
                }
                recorded => return recorded,
            }
        }
    }

    /// Removes device tokens that are gone from the user, and switches off webhooks that are, unless they were set anew
    /// since. `begun` is the begin of the attempt: what was registered later wins, whatever the provider says of the time.
    async fn forget(self, app: &App, gone: BTreeMap<String, Vec<GoneAddress>>, begun: Timestamp) {
        let user = self.notification.user_id;
        for (channel_id, gone) in gone {
            let token = |GoneAddress { address, since }| GoneToken {
                token: address,
                since: since.map_or(begun, |since| since.min(begun)),
            };
            let tokens: Vec<_> = gone.into_iter().map(token).collect();
            let forgotten = match self.webhook(&channel_id) {
                Some(endpoint) => app.store.switch_off(user, &channel_id, endpoint.updated_at, app.clock.now()).await,
                None => app.store.prune(user, &channel_id, &tokens, app.clock.now()).await,
            };
            if let Err(error) = forgotten {
                let error = telemetry::chain(&error);
                tracing::warn!(user_id = %user, error, "addresses that are gone stay until the next message");
            }
        }
    }

    /// The user's endpoint of a configured channel, as it was when the attempt began, if the channel is a webhook.
    fn webhook(&self, channel_id: &str) -> Option<&Endpoint> {
        let Some(UserRecord::Present(user)) = self.user else { return None };
        user.endpoints.get(channel_id).filter(|endpoint| endpoint.provider == Provider::Webhook)
    }

    /// The outcome of the attempt, and what to do with the message.
    pub fn conclusion(self, app: &App, started: &Started, tally: Tally) -> (Finish, Verdict) {
        let now = app.clock.now();
        let mut is_attempt = tally.has_called();
        let (status, reason, pause, verdict) = match tally.end() {
            End::Sent => (DeliveryStatus::Sent, None, None, Verdict::Done),
            End::Failed(reason) => (DeliveryStatus::Failed, Some(reason), None, Verdict::Done),
            End::Again { reason, is_attempt: true, .. } if tally.is_last() => {
                (DeliveryStatus::DeadLettered, Some(reason), None, Verdict::GivenUp)
            }
            End::Again { reason, after, is_attempt: is_one } => {
                is_attempt = is_one;
                let random = app.random.fraction();
                let pause = if is_one {
                    app.retries.pause(started.since_redrive, after, random)
                } else {
                    app.retries.pause_turned_away(started.not_tried.saturating_add(1), after, random)
                };
                if now.plus(pause) >= self.notification.kept_until {
                    // The record, and what there is to send, would be gone by then.
                    (DeliveryStatus::DeadLettered, Some(reason), None, Verdict::GivenUp)
                } else {
                    (DeliveryStatus::Retrying, Some(reason), Some(pause), Verdict::after(pause, now))
                }
            }
        };
        // SQS delays a message only up to a limit. A delivery that waits longer is found by its record.
        let is_listed = pause.is_some_and(|pause| pause > Outbound::LONGEST_DELAY);
        let verdict = if is_listed { Verdict::Done } else { verdict };
        if reason == Some(Reason::ProviderMisconfigured) {
            let id = self.notification.id;
            tracing::error!(notification_id = %id, channel = %self.channel, "the channel's set-up must be mended");
        }
        let finish = Finish {
            status,
            reason,
            ambiguous: tally.is_ambiguous(),
            provider_message_id: tally.message_id(),
            not_before: pause.map(|pause| now.plus(pause)),
            is_attempt,
            listed_for: is_listed.then_some(self.notification.user_id),
            addresses: tally.into_tried(),
        };
        (finish, verdict)
    }
}

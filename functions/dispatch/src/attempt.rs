//! One message: decide, claim, deliver, record.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    domain::{
        Channel, ConfiguredChannel, DeliveryStatus, Facts, Hold, Notification, Plan, Provider, Reason, Timestamp,
        Words, decide::Step, user::UserRecord,
    },
    metrics::Fact,
    queue::{Message, Outbound},
    render::{Next, Prepared, prepare},
    store::{Claim, DeliveryKey, Finish, Lease, Refusal, Started, StoreError},
    telemetry,
};

use crate::{
    App,
    sending::Sending,
    tally::{End, Tally},
};

/// What is kept of an invocation's time to record an outcome.
pub const TO_RECORD: Duration = Duration::from_millis(500);
/// With less than this left, nothing is started.
const TO_START: Duration = Duration::from_millis(1000);
/// How much longer than the invocation its leases last, for clocks that differ.
const LEASE_MARGIN: Duration = Duration::from_secs(1);
/// The pause between two tries to record an outcome that the table does not take.
const RECORD_AGAIN: Duration = Duration::from_millis(50);

/// What becomes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has been dealt with.
    Done,
    /// It must come back after this time.
    Again(Duration),
    /// It must come back; the queue's own time-out will do.
    Back,
    /// It goes to the dead-letter queue.
    GivenUp,
}

/// What an attempt goes by.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub user: Option<&'a UserRecord>,
    pub notification: &'a Notification,
    pub channel: Channel,
    pub configured: &'a [ConfiguredChannel],
    /// How often the message has been received, this time included.
    pub receive: u32,
    /// When the invocation ends.
    pub deadline: Timestamp,
}

impl Attempt<'_> {
    /// Runs it.
    pub async fn run(self, app: &App) -> Result<Verdict, StoreError> {
        let Self { user, configured, notification, channel, .. } = self;
        let facts = Facts { user, configured, notification };
        if matches!(user, Some(UserRecord::Erased)) {
            // Accepted after the erasure, or found by it too late: its words go before anything is said about it.
            app.store.redact(notification.id).await?;
        }
        let template = app.templates.of(&app.store, &notification.content).await?;
        let Prepared { next, trace } = prepare(facts, template.as_deref(), channel, Timestamp::now());
        match next {
            Next::Hold(hold) => self.hold(app, hold, &trace).await,
            Next::Stop(reason) => self.stop(app, reason, &trace).await,
            Next::Send(plan, words) => self.send(app, &plan, &words, &trace).await,
        }
    }

    /// Records that it is held, and sends its message anew for later: waiting must not use up receives.
    async fn hold(self, app: &App, hold: Hold, trace: &[Step]) -> Result<Verdict, StoreError> {
        let (now, user_id) = (Timestamp::now(), self.notification.user_id);
        let left = hold.until.since(now);
        // SQS keeps a message back for so long only; what waits longer is found by its record.
        let listed = left > Outbound::LONGEST_DELAY;
        if let Some(refusal) = app.store.hold(self.delivery(), user_id, hold, listed, trace, now).await? {
            return Ok(not_ours(refusal));
        }
        if !listed {
            let (notification_id, channel) = (self.notification.id, self.channel);
            let message = Message::Deliver { notification_id, user_id, channel };
            if let Err(error) = app.queue.send(&[Outbound::delayed(&message, left)]).await {
                tracing::error!(notification_id = %notification_id, error = telemetry::chain(&error), "not sent for later");
                return Ok(Verdict::Again(app.retries.pause(self.receive, None, rand::random())));
            }
        }
        self.count(app, DeliveryStatus::Held, Some(hold.reason), None);
        self.log("held", Some(hold.reason));
        Ok(Verdict::Done)
    }

    async fn stop(self, app: &App, reason: Reason, trace: &[Step]) -> Result<Verdict, StoreError> {
        let finish = Finish::because(reason.status(), reason);
        let recorded = match app.store.conclude(self.delivery(), &finish, trace, Timestamp::now()).await? {
            Ok(recorded) => recorded,
            Err(refusal) => return Ok(not_ours(refusal)),
        };
        // What an address has got already is `sent`, whatever stops it now.
        let reason = (recorded == finish.status).then_some(reason);
        self.count(app, recorded, reason, None);
        self.log("stopped", reason);
        Ok(Verdict::Done)
    }

    async fn send(self, app: &App, plan: &Plan, words: &Words, trace: &[Step]) -> Result<Verdict, StoreError> {
        let now = Timestamp::now();
        if self.deadline.since(now) < TO_START {
            return Ok(Verdict::Again(Duration::ZERO));
        }
        let lease = Lease::until(self.deadline.plus(LEASE_MARGIN));
        let started = match app.store.claim(self.delivery(), lease, now).await? {
            Claim::Started(started) => started,
            Claim::Refused(refusal) => return Ok(not_ours(refusal)),
        };
        let last = app.retries.is_last(self.receive, started.since_redrive);
        let tally = Tally::new(&started, self.notification.at_most_once, last);
        let mut tally =
            Sending { app, attempt: self, delivery: self.delivery(), lease, words }.through(plan, tally).await;
        let (gone, provider) = (tally.gone(), tally.provider());
        let (finish, verdict) = self.conclusion(app, &started, tally);
        let reason = finish.reason;
        if self.record(app, lease, &started, &finish, trace).await? {
            self.count(app, finish.status, reason, provider);
        } else {
            let id = self.notification.id;
            tracing::warn!(notification_id = %id, channel = %self.channel, "the lease was lost before the record");
        }
        self.prune(app, gone).await;
        self.log(if finish.status == DeliveryStatus::Sent { "sent" } else { "not sent" }, reason);
        Ok(verdict)
    }

    /// Writes the outcome, again and again while the table does not take it and there is time: what is not recorded is
    /// sent a second time.
    async fn record(
        self,
        app: &App,
        lease: Lease,
        started: &Started,
        finish: &Finish,
        trace: &[Step],
    ) -> Result<bool, StoreError> {
        loop {
            let now = Timestamp::now();
            match app.store.finish(self.delivery(), lease, started, finish, trace, now).await {
                Err(error @ StoreError::Unavailable(_)) if self.deadline.since(now) > TO_RECORD / 2 => {
                    tracing::warn!(error = telemetry::chain(&error), "the outcome is recorded once more");
                    tokio::time::sleep(RECORD_AGAIN).await;
                }
                recorded => return recorded,
            }
        }
    }

    /// Takes device tokens that are gone from the user, unless they were replaced meanwhile.
    async fn prune(self, app: &App, gone: BTreeMap<String, Vec<String>>) {
        let user = self.notification.user_id;
        for (channel_id, tokens) in gone {
            if let Err(error) = app.store.prune(user, &channel_id, &tokens, Timestamp::now()).await {
                let error = telemetry::chain(&error);
                tracing::warn!(user_id = %user, error, "tokens that are gone stay until the next message");
            }
        }
    }

    /// How the attempt ended, and what becomes of the message.
    fn conclusion(self, app: &App, started: &Started, tally: Tally) -> (Finish, Verdict) {
        let (status, reason, pause, verdict) = match tally.end() {
            End::Sent => (DeliveryStatus::Sent, None, None, Verdict::Done),
            End::Failed(reason) => (DeliveryStatus::Failed, Some(reason), None, Verdict::Done),
            End::Again { reason, .. } if tally.is_last() => {
                (DeliveryStatus::DeadLettered, Some(reason), None, Verdict::GivenUp)
            }
            End::Again { reason, after } => {
                let pause = app.retries.pause(started.since_redrive, after, rand::random());
                (DeliveryStatus::Retrying, Some(reason), Some(pause), Verdict::Again(pause))
            }
        };
        if reason == Some(Reason::ProviderMisconfigured) {
            let id = self.notification.id;
            tracing::error!(notification_id = %id, channel = %self.channel, "the channel's set-up must be mended");
        }
        let finish = Finish {
            status,
            reason,
            ambiguous: tally.is_ambiguous(),
            provider_message_id: tally.message_id(),
            not_before: pause.map(|pause| Timestamp::now().plus(pause)),
            addresses: tally.into_tried(),
        };
        (finish, verdict)
    }

    fn delivery(self) -> DeliveryKey {
        DeliveryKey { id: self.notification.id, channel: self.channel, kept_until: self.notification.kept_until }
    }

    /// Counts what is recorded, so that the counts agree with the table.
    fn count(self, app: &App, status: DeliveryStatus, reason: Option<Reason>, provider: Option<Provider>) {
        app.metrics.note(Fact::Delivery { status, reason, provider, channel: self.channel });
    }

    fn log(self, what: &str, reason: Option<Reason>) {
        let id = self.notification.id;
        tracing::info!(notification_id = %id, channel = %self.channel, receive = self.receive, ?reason, "{what}");
    }
}

/// What to do where the delivery is not ours to work on.
pub fn not_ours(refusal: Refusal) -> Verdict {
    match refusal {
        Refusal::Done => Verdict::Done,
        // Also by a copy of its message: whichever comes there first writes the letter, and there is one.
        Refusal::GivenUp => Verdict::GivenUp,
        // Should the other worker die, this message is what the delivery is taken up again from.
        Refusal::Later { left } => Verdict::Again(left + LEASE_MARGIN),
    }
}

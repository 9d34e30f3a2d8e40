//! One message: decide, claim, deliver, record.

use std::time::Duration;

use shared::{
    delivery::Outcome,
    domain::{
        Channel, ConfiguredChannel, Decision, DeliveryStatus, Notification, Plan, Reason, Timestamp, decide,
        user::UserRecord,
    },
    store::{Claim, Finish, Lease, StoreError},
};

use crate::{App, Providers};

/// The longest that a provider may take.
const PROVIDER: Duration = Duration::from_secs(10);
/// What is kept of an invocation's time to record an outcome.
const TO_RECORD: Duration = Duration::from_millis(500);
/// With less than this left, nothing is started.
const TO_START: Duration = Duration::from_millis(1000);
/// How much longer than the invocation its leases last, for clocks that differ.
const LEASE_MARGIN: Duration = Duration::from_secs(1);

/// What becomes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has been dealt with.
    Done,
    /// It must come back after this time.
    Again(Duration),
    /// It must come back; the queue's own time-out will do.
    Back,
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
        match decide(self.user, self.configured, self.notification, self.channel) {
            Decision::Skip(reason) => self.skip(app, reason).await,
            Decision::Send(plan) if !Providers::can_call(plan.through.provider) => {
                self.skip(app, Reason::NoProvider).await
            }
            Decision::Send(plan) => self.send(app, &plan).await,
        }
    }

    async fn skip(self, app: &App, reason: Reason) -> Result<Verdict, StoreError> {
        let finish = Finish::because(DeliveryStatus::Skipped, reason);
        let kept_until = self.notification.kept_until;
        let claim = app.store.conclude(self.notification.id, self.channel, &finish, kept_until, Timestamp::now());
        let claim = claim.await?;
        if let Some(verdict) = self.elsewhere(claim) {
            return Ok(verdict);
        }
        self.log("skipped", Some(reason));
        if reason == Reason::UserErased {
            app.store.redact(self.notification.id).await?;
        }
        Ok(Verdict::Done)
    }

    async fn send(self, app: &App, plan: &Plan) -> Result<Verdict, StoreError> {
        let now = Timestamp::now();
        if self.deadline.since(now) < TO_START {
            return Ok(Verdict::Again(Duration::ZERO));
        }
        let Notification { id, kept_until, .. } = *self.notification;
        let lease = Lease::until(self.deadline.plus(LEASE_MARGIN));
        let claim = app.store.claim(id, self.channel, lease, kept_until, now).await?;
        if let Some(verdict) = self.elsewhere(claim) {
            return Ok(verdict);
        }
        let limit = PROVIDER.min(self.deadline.since(Timestamp::now()).saturating_sub(TO_RECORD));
        let outcome = app.providers.send(self.notification, self.channel, plan, limit).await;
        let (finish, verdict) = self.conclusion(app, outcome);
        if !app.store.finish(id, self.channel, lease, &finish, Timestamp::now()).await? {
            tracing::warn!(notification_id = %id, channel = %self.channel, "the lease was lost before the record");
        }
        self.log(if finish.reason.is_none() { "sent" } else { "not sent" }, finish.reason);
        Ok(verdict)
    }

    /// What to do where the delivery is not ours to work on.
    fn elsewhere(self, claim: Claim) -> Option<Verdict> {
        match claim {
            Claim::Started => None,
            Claim::AlreadyDone => Some(Verdict::Done),
            // Should the other worker die, this message is what the delivery is taken up again from.
            Claim::InProgress { left } => Some(Verdict::Again(left + LEASE_MARGIN)),
        }
    }

    fn conclusion(self, app: &App, outcome: Outcome) -> (Finish, Verdict) {
        let failed = |reason| (Finish::because(DeliveryStatus::Failed, reason), Verdict::Done);
        match outcome {
            Outcome::Sent { message_id } => {
                let finish = Finish { status: DeliveryStatus::Sent, reason: None, provider_message_id: message_id };
                (finish, Verdict::Done)
            }
            Outcome::Rejected => failed(Reason::ProviderRejected),
            Outcome::AddressGone => failed(Reason::AddressGone),
            Outcome::Retry { after } => self.again(app, Reason::ProviderUnavailable, after),
            Outcome::Unknown => self.again(app, Reason::ProviderUnavailable, None),
            Outcome::Misconfigured => {
                let id = self.notification.id;
                tracing::error!(notification_id = %id, channel = %self.channel, "the channel's set-up must be mended");
                self.again(app, Reason::ProviderMisconfigured, None)
            }
        }
    }

    /// Another attempt, or the end of them: then the message goes back once more, and SQS moves it to the dead-letter
    /// queue. A message that is redriven from there finds the delivery open again.
    fn again(self, app: &App, reason: Reason, asked: Option<Duration>) -> (Finish, Verdict) {
        if app.retries.is_last(self.receive) {
            return (Finish::because(DeliveryStatus::DeadLettered, reason), Verdict::Again(Duration::ZERO));
        }
        let pause = app.retries.pause(self.receive, asked, rand::random());
        (Finish::because(DeliveryStatus::Retrying, reason), Verdict::Again(pause))
    }

    fn log(self, what: &str, reason: Option<Reason>) {
        let id = self.notification.id;
        tracing::info!(notification_id = %id, channel = %self.channel, receive = self.receive, ?reason, "{what}");
    }
}

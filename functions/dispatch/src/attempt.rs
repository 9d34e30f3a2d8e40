//! One message: decides what to do with its delivery, and does it.

use std::time::Duration;

use shared::{
    domain::{
        Channel, ConfiguredChannel, DecisionInput, DeliveryStatus, Hold, LookedUp, Notification, Provider, Reason,
        Timestamp, decide::Step, user::UserRecord,
    },
    metrics::MetricEvent,
    queue::{Message, Outbound},
    render::{Next, Prepared, prepare},
    store::{DeliveryKey, Finish, StoreError},
    telemetry,
};

use crate::{
    App,
    leases::{GroupLeases, LeaseAnswer},
    verdict::{Verdict, not_ours},
};

/// The input of an attempt.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub user: Option<&'a UserRecord>,
    pub notification: &'a Notification,
    pub channel: Channel,
    pub configured: &'a [ConfiguredChannel],
    /// What is known about the addresses of the batch's users.
    pub looked_up: &'a LookedUp,
    /// How often the message has been received, this time included.
    pub receive: u32,
    /// When the invocation ends.
    pub deadline: Timestamp,
}

impl Attempt<'_> {
    /// Decides with the loaded input, at the present time.
    pub async fn decide(self, app: &App) -> Result<Prepared, StoreError> {
        let Self { user, configured, looked_up, notification, channel, .. } = self;
        let input = DecisionInput { user, configured, notification, looked_up };
        if matches!(user, Some(UserRecord::Erased)) {
            // The notification was accepted after the erasure, or the erasure did not see it yet: its content is
            // removed first.
            app.store.redact(notification.id).await?;
        }
        let template = app.templates.of(&app.store, &notification.content).await?;
        let links = app.links(self, template.as_deref()).await?;
        let prepared = prepare(input, template.as_deref(), links, channel, app.clock.now());
        if user.is_none() && matches!(prepared.next, Next::Stop(_)) {
            // The user never existed, so no erasure will remove the notification's content.
            app.store.redact(notification.id).await?;
        }
        Ok(prepared)
    }

    /// Carries out the decision. `place` is the member's position in its group.
    pub async fn go_on(
        self,
        app: &App,
        Prepared { next, trace }: Prepared,
        leases: &GroupLeases<'_>,
        place: usize,
    ) -> Result<Verdict, StoreError> {
        match next {
            Next::Hold(hold) => self.hold(app, hold, &trace).await,
            Next::Stop(reason) => self.stop(app, reason, &trace).await,
            Next::Send(plan, content) => match leases.ask(place, self.delivery()).await? {
                LeaseAnswer::Ours(lease, started) => self.send(app, lease, &started, (&plan, &content), &trace).await,
                LeaseAnswer::Refused(refusal) => Ok(not_ours(refusal)),
                LeaseAnswer::TooLate => Ok(Verdict::Again(Duration::ZERO)),
            },
        }
    }

    /// Records that the delivery is held, and sends its message anew with a delay: a wait must not use up receives.
    async fn hold(self, app: &App, hold: Hold, trace: &[Step]) -> Result<Verdict, StoreError> {
        let (now, user_id) = (app.clock.now(), self.notification.user_id);
        let left = hold.until.saturating_duration_since(now);
        // SQS delays a message only up to a limit. A delivery that waits longer is found by its record.
        let listed = left > Outbound::LONGEST_DELAY;
        if let Some(refusal) = app.store.hold(self.delivery(), user_id, hold, listed, trace, now).await? {
            return Ok(not_ours(refusal));
        }
        if !listed {
            let (notification_id, channel) = (self.notification.id, self.channel);
            let message = Message::Deliver { notification_id, user_id, channel };
            if let Err(error) = app.queue.send(&[Outbound::delayed(&message, left)]).await {
                tracing::error!(notification_id = %notification_id, error = telemetry::chain(&error), "not sent for later");
                return Ok(Verdict::Again(app.retries.pause(self.receive, None, app.random.fraction())));
            }
        }
        self.count(app, DeliveryStatus::Held, Some(hold.reason), None);
        self.log("held", Some(hold.reason));
        Ok(Verdict::Done)
    }

    async fn stop(self, app: &App, reason: Reason, trace: &[Step]) -> Result<Verdict, StoreError> {
        let finish = Finish::because(reason.status(), reason);
        let recorded = match app.store.conclude(self.delivery(), &finish, trace, app.clock.now()).await? {
            Ok(recorded) => recorded,
            Err(refusal) => return Ok(not_ours(refusal)),
        };
        // What an address has got already is `sent`, whatever stops it now.
        let reason = (recorded == finish.status).then_some(reason);
        self.count(app, recorded, reason, None);
        self.log("stopped", reason);
        Ok(Verdict::Done)
    }

    /// Which delivery it is of.
    pub fn delivery(self) -> DeliveryKey {
        DeliveryKey { id: self.notification.id, channel: self.channel, kept_until: self.notification.kept_until }
    }

    /// Counts what is recorded, so that the counts agree with the table.
    pub fn count(self, app: &App, status: DeliveryStatus, reason: Option<Reason>, provider: Option<Provider>) {
        app.metrics.note(MetricEvent::Delivery { status, reason, provider, channel: self.channel });
    }

    /// The one line that a message leaves.
    pub fn log(self, what: &str, reason: Option<Reason>) {
        let id = self.notification.id;
        tracing::info!(notification_id = %id, channel = %self.channel, receive = self.receive, ?reason, "{what}");
    }
}

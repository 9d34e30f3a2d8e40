//! One message: decides what to do with its delivery, and does it.

use shared::{
    delivery::{Outgoing, Unsubscribe},
    domain::{
        Categories, Channel, ConfiguredChannel, DecisionInput, DeliveryStatus, Hold, LookedUp, Notification, Pauses,
        Provider, Reason, RenderedContent, Timestamp, decide::Step, user::UserRecord,
    },
    metrics::MetricEvent,
    queue::Outbound,
    render::{Next, Prepared, prepare},
    store::{DeliveryKey, Finish, Refusal, StoreError},
};

use crate::{
    App,
    entry_state::EntryState,
    leases::{GroupLeases, LeaseAnswer},
    rates::{Go, InLine},
    verdict::{Verdict, not_ours},
};

/// What the log says of a delivery that was sent.
pub const SENT: &str = "sent";

/// The input of an attempt.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    pub user: Option<&'a UserRecord>,
    pub notification: &'a Notification,
    pub channel: Channel,
    pub configured: &'a [ConfiguredChannel],
    pub categories: &'a Categories,
    pub pauses: &'a Pauses,
    /// What is known about the addresses of the batch's users.
    pub looked_up: &'a LookedUp,
    /// How often the message has been received, this time included.
    pub receive: u32,
    /// What is known of its entry, if it goes to an inbox.
    pub entry: EntryState,
    /// When the work was due.
    pub due: Timestamp,
    /// When the invocation ends.
    pub deadline: Timestamp,
}

impl Attempt<'_> {
    /// Decides with the loaded input, at the present time.
    pub async fn decide(self, app: &App) -> Result<Prepared, StoreError> {
        let Self { user, configured, categories, pauses, looked_up, notification, channel, .. } = self;
        let input = DecisionInput { user, configured, categories, pauses, notification, looked_up };
        if matches!(user, Some(UserRecord::Erased)) {
            // The notification was accepted after the erasure, or the erasure did not see it yet: its content is
            // removed first.
            app.store.redact(notification.id).await?;
        }
        let template = app.templates.of(&app.store, &notification.content).await?;
        let links = app.links(self, template.as_deref().map(|found| &found.template)).await?;
        let prepared = prepare(input, template.as_deref(), links, channel, app.clock.now());
        let is_of_nobody = match user {
            Some(UserRecord::Present(user)) => !notification.is_to(user),
            Some(UserRecord::Erased) => false,
            None => true,
        };
        if is_of_nobody && matches!(prepared.next, Next::Stop(_)) {
            // The user never existed, or the erasure of the one who had the id before has ended: none will remove the notification's content.
            app.store.redact(notification.id).await?;
        }
        Ok(prepared)
    }

    /// Carries out the decision. `go` says when what is to be sent goes; `place` is the member's position in its group.
    pub async fn go_on(
        self,
        app: &App,
        Prepared { next, trace }: Prepared,
        go: Go,
        leases: &GroupLeases<'_>,
        place: usize,
    ) -> Result<Verdict, StoreError> {
        match next {
            Next::Hold(hold) => self.hold(app, hold, &trace).await,
            Next::Stop(reason) => self.stop(app, reason, &trace).await,
            Next::Send(plan, content) => {
                let slots = match go {
                    Go::Now(slots) => slots,
                    Go::Held(in_line) => return self.hold_in_line(app, in_line, trace).await,
                    Go::Later(verdict) => {
                        self.log("waits for its provider's rate", None);
                        return Ok(verdict);
                    }
                };
                match leases.ask(place, self.delivery()).await? {
                    LeaseAnswer::Ours(lease, mut started) => {
                        started.ambiguous |= self.is_in_doubt() && plan.has_inbox();
                        self.send(app, lease, &started, (&plan, &content), slots, &trace).await
                    }
                    LeaseAnswer::Refused(refusal) => self.refused(app, refusal).await,
                    LeaseAnswer::TooLate => Ok(Verdict::AtOnce),
                }
            }
        }
    }

    /// Records that the delivery is held. Its message is sent anew with a delay, or in time if the index lists the delivery. What a
    /// pause holds has no message until the pause ends: the list of what is paused has it.
    async fn hold(self, app: &App, hold: Hold, trace: &[Step]) -> Result<Verdict, StoreError> {
        self.note_doubt(app).await?;
        let (now, user_id) = (app.clock.now(), self.notification.user_id);
        let left = hold.until.saturating_duration_since(now);
        // SQS delays a message only up to a limit. A delivery that waits longer is found by its record.
        let listed = left > Outbound::LONGEST_DELAY;
        let (refusal, is_listed) = match hold.under {
            Some(under) => (app.store.hold_under_pause(self.delivery(), user_id, hold, under, trace, now).await?, true),
            None => (app.store.hold(self.delivery(), user_id, hold, listed, trace, now).await?, listed),
        };
        let next = if is_listed { Verdict::Done } else { Verdict::Again { pause: left, due: hold.until } };
        self.held(app, hold, refusal, next).await
    }

    /// Records that the delivery is held for its provider's rate: SQS does not delay a message for so long.
    async fn hold_in_line(self, app: &App, in_line: InLine, mut trace: Vec<Step>) -> Result<Verdict, StoreError> {
        self.note_doubt(app).await?;
        let InLine { until, place, step } = in_line;
        trace.push(step);
        let (now, user_id) = (app.clock.now(), self.notification.user_id);
        // What expires before its turn is decided again then, and ends as expired.
        let expires_at = self.notification.expires_at;
        let until = expires_at.map_or(until.timestamp(), |expires_at| until.timestamp().min(expires_at));
        if until >= self.notification.kept_until {
            return self.give_up_in_line(app, &trace, now).await;
        }
        let hold = Hold::until(until, Reason::RateLimited);
        let refusal = app.store.hold_in_line(self.delivery(), user_id, hold, place, &trace, now).await?;
        self.held(app, hold, refusal, Verdict::Done).await
    }

    /// Counts a delivery that is held. Returns what its message does next, or why the delivery is not ours to hold.
    async fn held(self, app: &App, hold: Hold, refusal: Option<Refusal>, next: Verdict) -> Result<Verdict, StoreError> {
        if let Some(refusal) = refusal {
            return self.refused(app, refusal).await;
        }
        self.count(app, DeliveryStatus::Held, Some(hold.reason), None);
        self.log("held", Some(hold.reason));
        Ok(next)
    }

    /// Gives up a delivery whose turn would come when its record, and what there is to send, are gone.
    async fn give_up_in_line(self, app: &App, trace: &[Step], now: Timestamp) -> Result<Verdict, StoreError> {
        let reason = Reason::ProviderUnavailable;
        let given_up = Finish::because(DeliveryStatus::DeadLettered, reason);
        let recorded = match app.store.conclude(self.delivery(), &given_up, trace, now).await? {
            Ok(recorded) => recorded,
            Err(refusal) => return self.refused(app, refusal).await,
        };
        let is_given_up = recorded.status == DeliveryStatus::DeadLettered;
        self.count(app, recorded.status, is_given_up.then_some(reason), None);
        self.log("its turn would come too late", Some(reason));
        Ok(if is_given_up { Verdict::GivenUp } else { Verdict::Done })
    }

    async fn stop(self, app: &App, reason: Reason, trace: &[Step]) -> Result<Verdict, StoreError> {
        self.note_doubt(app).await?;
        let finish = Finish::because(reason.status(), reason);
        let recorded = match app.store.conclude(self.delivery(), &finish, trace, app.clock.now()).await? {
            Ok(recorded) => recorded,
            Err(refusal) => return self.refused(app, refusal).await,
        };
        // What an address has got already is `sent`, whatever stops it now.
        let reason = (recorded.status == finish.status).then_some(reason);
        self.count(app, recorded.status, reason, None);
        self.log("stopped", reason);
        self.take_back_if(app, recorded.ambiguous).await?;
        Ok(Verdict::Done)
    }

    /// What becomes of the message of a delivery that is not ours.
    async fn refused(self, app: &App, refusal: Refusal) -> Result<Verdict, StoreError> {
        let is_begun = self.entry.may_be_there();
        match refusal {
            // It has ended, perhaps while its entry was being written.
            Refusal::Unsent { ambiguous } => self.take_back_if(app, ambiguous || is_begun).await?,
            // A copy of the message has held it meanwhile, and knows nothing of the entry.
            Refusal::Listed if is_begun => {
                app.store.note_doubt(self.delivery(), app.clock.now()).await?;
                // It may have gone on since, and ended.
                self.take_back_if(app, true).await?;
            }
            // The function that records dead letters takes the entry back, and what comes back later keeps its doubt.
            Refusal::Done | Refusal::Listed | Refusal::GivenUp | Refusal::Later { .. } => {}
        }
        Ok(not_ours(refusal, app.clock.now()))
    }

    /// Whether somebody may have written the entry, or may still write it, so that nothing tells how far the delivery has come.
    fn is_in_doubt(self) -> bool {
        self.entry == EntryState::InDoubt
    }

    /// Records that the delivery may have been begun, before it ends or waits: what a worker asked for that died may still be done.
    async fn note_doubt(self, app: &App) -> Result<(), StoreError> {
        if self.is_in_doubt() { app.store.note_doubt(self.delivery(), app.clock.now()).await } else { Ok(()) }
    }

    /// Takes the entry out of the inbox again, if it may be there and the delivery has ended unsent.
    pub async fn take_back_if(self, app: &App, may_be_there: bool) -> Result<(), StoreError> {
        if !may_be_there {
            return Ok(());
        }
        let Notification { user_id, .. } = *self.notification;
        app.store.take_back(user_id, self.notification.due(), self.delivery(), self.is_in_doubt()).await
    }

    /// The message to one address.
    pub fn outgoing<'o>(
        &'o self,
        address: &'o str,
        content: &'o RenderedContent,
        unsubscribe: Option<&'o Unsubscribe>,
    ) -> Outgoing<'o> {
        let Notification { id, user_id, priority, kept_until, expires_at, .. } = *self.notification;
        let (notification_id, channel, due) = (id, self.channel, self.notification.due());
        Outgoing {
            notification_id,
            user_id,
            channel,
            address,
            content,
            priority,
            due,
            kept_until,
            expires_at,
            unsubscribe,
        }
    }

    /// Notes a delivery that was sent at once and is recorded.
    pub fn was_sent(self, app: &App, provider: Provider) {
        self.count(app, DeliveryStatus::Sent, None, Some(provider));
        self.log(SENT, None);
    }

    /// Which delivery it is of.
    pub fn delivery(self) -> DeliveryKey {
        DeliveryKey { id: self.notification.id, channel: self.channel, kept_until: self.notification.kept_until }
    }

    /// Counts what is recorded, so that the counts agree with the table.
    pub fn count(self, app: &App, status: DeliveryStatus, reason: Option<Reason>, provider: Option<Provider>) {
        app.metrics.note(MetricEvent::Delivery { status, reason, provider, channel: self.channel });
    }

    /// The one line that a message leaves. What was sent at its first receive leaves one only at `debug`: its record says the same
    /// and more, metrics count it, and a line for each delivery would cost as much as its requests to SQS in batches of ten.
    pub fn log(self, what: &str, reason: Option<Reason>) {
        let (id, channel, receive) = (self.notification.id, self.channel, self.receive);
        let reason = reason.map(tracing::field::debug);
        if what == SENT && receive <= 1 {
            tracing::debug!(notification_id = %id, %channel, receive, "{what}");
        } else {
            tracing::info!(notification_id = %id, %channel, receive, reason, "{what}");
        }
    }
}

//! The rule of an operator's pauses. It comes after the user's own refusals, so that what would be skipped in any case is skipped
//! and does not wait; and before the provider is looked for, because a paused channel may be without one while an operator changes it.

use std::time::Duration;

use super::outcome::{Hold, UnderPause};
use crate::domain::{
    Channel, Notification, Pause, PauseMode, Pauses, Reason, Timestamp,
    trace::{Rule, Said, Step},
};

/// A delivery does not wait into this last part of the time for which its record is kept. So it ends with a reason that can be
/// read, and the function that runs every minute has many tries to find it.
const TO_END: Duration = Duration::from_secs(60 * 60);

/// The step of a pause that stops the notification, and the hold; no hold if the notification is dropped. Without such a pause
/// there is no step: the trace is stored with every delivery, and would be longer for nothing.
pub(super) fn stops(
    pauses: &Pauses,
    notification: &Notification,
    channel: Channel,
    now: Timestamp,
) -> Option<(Step, Option<Hold>)> {
    let pause = pauses.stopping(notification, channel, now)?;
    let Pause { target, mode, until, note: _, paused_by: _, paused_at: _ } = pause;
    let kept = notification.kept_until.minus(TO_END);
    let at_latest = notification.expires_at.map_or(kept, |expires_at| expires_at.min(kept));
    // Whoever may read a notification may read its trace. So it has neither the operator's note nor the name.
    let end = until.map_or_else(String::new, |until| format!(" until {until}"));
    let saw = match mode {
        PauseMode::Drop => format!("{target} dropped{end}"),
        PauseMode::Hold if at_latest <= now => format!("{target} held{end}, which is longer than the record is kept"),
        PauseMode::Hold => format!("{target} held{end}"),
    };
    let step = Step::new(Rule::NotPaused, saw, Said::Stop);
    if *mode == PauseMode::Drop || at_latest <= now {
        return Some((step, None));
    }
    let until = until.map_or(at_latest, |until| until.min(at_latest));
    let under = Some(UnderPause { pause: target.key(), at_latest });
    Some((step, Some(Hold { until, reason: Reason::Paused, under })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ConfiguredChannel, Content, DecisionInput, NO_CATEGORIES, NOTHING_LOOKED_UP, NotificationId, PauseTarget,
        QuietHours, TimeOfDay, User, UserId,
        decide::{Decided, Decision, decide},
        user::UserRecord,
    };

    const HOUR: i64 = 60 * 60 * 1000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn paused(target: &str, mode: PauseMode, until: Option<i64>) -> Pauses {
        let target = PauseTarget::parse(target).unwrap();
        let (note, paused_by) = (Some("secret".into()), "op".into());
        [Pause { target, mode, until: until.map(at), note, paused_by, paused_at: at(0) }].into_iter().collect()
    }

    /// The notification is kept for ten hours, and belongs to the group `news`.
    fn decided(pauses: &Pauses, now: i64, change: impl FnOnce(&mut User, &mut Notification)) -> Decided {
        let mut user = User { email: Some("a@example.com".into()), ..User::new(UserId::random(), at(0)) };
        let channels = vec![Channel::Email];
        let plain = Notification::new(NotificationId::random(), user.id, channels, Content::emptied(), at(0));
        let mut notification = Notification { group: Some("news".into()), kept_until: at(10 * HOUR), ..plain };
        change(&mut user, &mut notification);
        let user = UserRecord::Present(Box::new(user));
        let configured: &[ConfiguredChannel] = &[];
        let (user, notification, looked_up) = (Some(&user), &notification, &NOTHING_LOOKED_UP);
        decide(
            DecisionInput { user, configured, categories: &NO_CATEGORIES, pauses, notification, looked_up },
            Channel::Email,
            at(now),
        )
    }

    fn held(target: &str, until: i64, at_latest: i64) -> Decision {
        let pause = PauseTarget::parse(target).unwrap().key();
        let under = Some(UnderPause { pause, at_latest: at(at_latest) });
        Decision::Hold(Hold { until: at(until), reason: Reason::Paused, under })
    }

    #[test]
    fn a_pause_holds_or_drops_also_what_is_critical_and_what_has_no_provider() {
        for is_critical in [false, true] {
            let change = |_: &mut User, notification: &mut Notification| notification.critical = is_critical;
            let hold = decided(&paused("channel:email", PauseMode::Hold, None), 0, change);
            assert_eq!(hold.decision, held("channel:email", 9 * HOUR, 9 * HOUR));
            let last = hold.trace.last().unwrap();
            assert_eq!((last.rule, last.saw.as_str(), last.said), (Rule::NotPaused, "channel:email held", Said::Stop));
            let drop = decided(&paused("group:news", PauseMode::Drop, Some(5)), 0, change);
            assert_eq!(drop.decision, Decision::Skip(Reason::Paused));
            assert_eq!(drop.trace.last().unwrap().saw, "group:news dropped until 1970-01-01T00:00:00.005Z");
        }
    }

    #[test]
    fn a_pause_of_something_else_leaves_no_step() {
        let Decided { decision, trace } = decided(&paused("channel:sms", PauseMode::Hold, None), 0, |_, _| {});
        assert_eq!(decision, Decision::Skip(Reason::NoProvider));
        assert!(trace.iter().all(|step| step.rule != Rule::NotPaused), "{trace:?}");
    }

    #[test]
    fn what_is_paused_is_decided_again_when_the_pause_ends_or_the_notification_expires() {
        let all = |until| paused("all", PauseMode::Hold, until);
        assert_eq!(decided(&all(Some(HOUR)), 0, |_, _| {}).decision, held("all", HOUR, 9 * HOUR));
        assert_eq!(decided(&all(Some(20 * HOUR)), 0, |_, _| {}).decision, held("all", 9 * HOUR, 9 * HOUR));
        let expires = |_: &mut User, notification: &mut Notification| notification.expires_at = Some(at(2 * HOUR));
        assert_eq!(decided(&all(None), 0, expires).decision, held("all", 2 * HOUR, 2 * HOUR));
        assert_eq!(decided(&all(None), 2 * HOUR, expires).decision, Decision::Skip(Reason::Expired));
    }

    #[test]
    fn a_pause_that_is_longer_than_the_record_is_kept_ends_the_delivery_before_that() {
        let all = paused("all", PauseMode::Hold, None);
        assert_eq!(decided(&all, 9 * HOUR - 1, |_, _| {}).decision, held("all", 9 * HOUR, 9 * HOUR));
        let Decided { decision, trace } = decided(&all, 9 * HOUR, |_, _| {});
        assert_eq!(decision, Decision::Skip(Reason::Paused));
        assert_eq!(trace.last().unwrap().saw, "all held, which is longer than the record is kept");
    }

    #[test]
    fn what_is_skipped_or_not_due_in_any_case_does_not_wait_for_a_pause() {
        let all = paused("all", PauseMode::Hold, None);
        let of = |change: fn(&mut User, &mut Notification)| decided(&all, 0, change).decision;
        let off = of(|user, _| user.channels = [(Channel::Email, false)].into());
        assert_eq!(off, Decision::Skip(Reason::ChannelOff));
        let out = of(|user, _| user.groups = [("news".into(), false)].into());
        assert_eq!(out, Decision::Skip(Reason::GroupOptedOut));
        let cancelled = of(|_, notification| notification.cancelled_at = Some(at(0)));
        assert_eq!(cancelled, Decision::Skip(Reason::Cancelled));
        let later = of(|_, notification| notification.send_at = Some(at(7)));
        assert_eq!(later, Decision::Hold(Hold::until(at(7), Reason::NotYetDue)));
        let quiet = of(|user, _| {
            let [start, end] = ["22:00", "07:00"].map(|time| TimeOfDay::parse(time).unwrap());
            user.quiet = QuietHours::new(start, end, None);
        });
        assert_eq!(quiet, held("all", 9 * HOUR, 9 * HOUR), "a pause comes before quiet hours");
    }

    #[test]
    fn a_trace_has_neither_the_note_nor_the_name_of_the_operator() {
        let Decided { trace, .. } = decided(&paused("all", PauseMode::Hold, None), 0, |_, _| {});
        assert!(trace.iter().all(|step| !step.saw.contains("secret") && !step.saw.contains("op ")), "{trace:?}");
    }
}

//! The outcome of a delivery, for the outcomes at its addresses.

use shared::domain::{ConfiguredChannel, Provider};

use super::*;

fn started() -> Started {
    Started { attempts: 1, since_redrive: 1, ..Started::default() }
}

fn route(id: &str, addresses: &[&str]) -> Route {
    route_of(Provider::Fcm, id, addresses)
}

fn route_of(provider: Provider, id: &str, addresses: &[&str]) -> Route {
    let through = ConfiguredChannel::new(id, provider);
    Route { through, addresses: addresses.iter().map(|address| (*address).to_owned()).collect() }
}

fn sent() -> Outcome {
    Outcome::Sent { message_id: Some("id".into()) }
}

const GONE: Outcome = Outcome::AddressGone { since: None };
const LATER: Outcome = Outcome::Retry { after: Some(Duration::from_secs(7)) };

fn again(reason: Reason, after: Option<u64>) -> End {
    End::Again { reason, after: after.map(Duration::from_secs), is_attempt: true }
}

/// A route of two addresses.
fn one_route() -> Route {
    route("x", &["a", "b"])
}

/// One attempt through [`one_route`].
fn after(outcomes: [Outcome; 2], at_most_once: bool, last: bool) -> Tally {
    let mut tally = Tally::new(&started(), at_most_once, last);
    let route = one_route();
    assert_eq!(tally.begin(&route), ["a", "b"]);
    for (address, outcome) in ["a", "b"].into_iter().zip(&outcomes) {
        tally.note(&route, address, outcome);
    }
    tally
}

#[test]
fn what_the_addresses_make_of_the_delivery() {
    use Outcome::{Misconfigured, Rejected, Unknown};
    let unavailable = again(Reason::ProviderUnavailable, None);
    for (outcomes, end, exhausted) in [
        ([sent(), sent()], End::Sent, false),
        ([sent(), GONE], End::Sent, false),
        ([sent(), LATER], again(Reason::ProviderUnavailable, Some(7)), false),
        ([sent(), Misconfigured], again(Reason::ProviderMisconfigured, None), false),
        ([Unknown, Rejected], unavailable, false),
        ([LATER, GONE], again(Reason::ProviderUnavailable, Some(7)), false),
        ([Misconfigured, GONE], again(Reason::ProviderMisconfigured, None), true),
        ([Rejected, GONE], End::Failed(Reason::ProviderRejected), true),
        ([GONE, GONE], End::Failed(Reason::AddressGone), true),
    ] {
        let tally = after(outcomes.clone(), false, false);
        assert_eq!((tally.end(), tally.is_exhausted(&one_route())), (end, exhausted), "{outcomes:?}");
    }
    assert!(after([LATER, Unknown], false, true).is_exhausted(&one_route()), "nothing follows the last attempt");
}

/// The provider turned the message away.
/// What is sent at most once goes through no other provider after one that may have sent it, however that one comes to be
/// asked.
#[test]
fn a_stand_in_that_may_have_sent_it_ends_what_is_sent_at_most_once() {
    for (at_most_once, end) in
        [(true, End::Failed(Reason::OutcomeUnknown)), (false, again(Reason::ProviderUnavailable, None))]
    {
        let (first, stand_in) = (route("x", &["a"]), route("y", &["a"]));
        let mut tally = Tally::new(&started(), at_most_once, false);
        tally.begin(&first);
        tally.note(&first, "a", &Outcome::Misconfigured);
        tally.begin(&stand_in);
        tally.note(&stand_in, "a", &Outcome::Unknown);
        assert_eq!(tally.end(), end, "{at_most_once}");
        assert_eq!((tally.has_sent(&first), tally.has_sent(&stand_in)), (false, at_most_once));
        assert!(!tally.is_exhausted(&stand_in));
    }
}

/// What is sent at most once, and whose worker died, ends without a call: that is no attempt.
#[test]
fn an_end_without_a_call_is_no_attempt() {
    let route = one_route();
    for (left_open, pending) in [(true, 0), (false, 2)] {
        let mut tally = Tally::new(&Started { left_open, ..started() }, true, false);
        assert_eq!(tally.begin(&route).len(), pending);
        assert!(!tally.has_called());
    }
    // An inbox has a message once, however often it is put there.
    let inbox = route_of(Provider::InApp, "inbox", &["u"]);
    let mut tally = Tally::new(&Started { left_open: true, ..started() }, true, false);
    assert_eq!(tally.begin(&inbox), ["u"]);
    assert!(after([sent(), GONE], true, false).has_called());
    assert!(!after([TURNED_AWAY, TURNED_AWAY], true, false).has_called());
}

/// A route that failed and whose stand-in turned the message away is no attempt; it is one if the stand-in has failed, too.
#[test]
fn a_stand_in_that_turns_messages_away_uses_up_no_attempt() {
    for (second, is_attempt) in [(TURNED_AWAY, false), (LATER, true)] {
        let (first, stand_in) = (route("x", &["a"]), route("y", &["a"]));
        let mut tally = Tally::new(&started(), false, false);
        tally.begin(&first);
        tally.note(&first, "a", &Outcome::Misconfigured);
        assert!(tally.is_exhausted(&first));
        tally.begin(&stand_in);
        tally.note(&stand_in, "a", &second);
        assert!(
            matches!(tally.end(), End::Again { is_attempt: one, .. } if one == is_attempt),
            "{second:?}: {:?}",
            tally.end()
        );
    }
}

const TURNED_AWAY: Outcome = Outcome::NotTried { after: Some(Duration::from_secs(9)) };

#[test]
fn what_providers_only_turned_away_is_no_attempt_and_stays_on_its_route() {
    use Outcome::{Misconfigured, Rejected, Unknown};
    let again = |reason, after, is_attempt| End::Again { reason, after: Some(Duration::from_secs(after)), is_attempt };
    let unavailable = |is_attempt| again(Reason::ProviderUnavailable, 9, is_attempt);
    for (outcomes, end, is_exhausted) in [
        ([TURNED_AWAY, TURNED_AWAY], unavailable(false), false),
        ([TURNED_AWAY, sent()], unavailable(false), false),
        ([TURNED_AWAY, GONE], unavailable(false), false),
        ([TURNED_AWAY, Rejected], unavailable(false), false),
        // Somebody has failed, so it was an attempt, and the last one.
        ([TURNED_AWAY, LATER], unavailable(true), true),
        ([TURNED_AWAY, Unknown], unavailable(true), true),
        ([TURNED_AWAY, Misconfigured], unavailable(true), true),
    ] {
        let tally = after(outcomes.clone(), false, true);
        assert_eq!((tally.end(), tally.is_exhausted(&one_route())), (end, is_exhausted), "{outcomes:?}");
    }
    // What failed in an earlier attempt is tried anew: it counts only if it fails again.
    let noted = after([LATER, Unknown], false, false).into_tried();
    let mut tally = Tally::new(&Started { addresses: noted, ..started() }, false, true);
    let route = one_route();
    assert_eq!(tally.begin(&route), ["a", "b"]);
    tally.note(&route, "a", &TURNED_AWAY);
    tally.note(&route, "b", &TURNED_AWAY);
    assert_eq!(tally.end(), unavailable(false));
}

#[test]
fn an_answer_that_never_came_is_final_where_once_is_the_most() {
    let tally = after([Outcome::Unknown, GONE], true, false);
    assert_eq!(tally.end(), End::Failed(Reason::OutcomeUnknown));
    assert!(tally.is_ambiguous() && !tally.is_exhausted(&one_route()));
    assert!(!after([LATER, LATER], true, false).is_ambiguous(), "a refusal is no doubt");
    assert!(!after([Outcome::Unknown, LATER], true, true).is_exhausted(&one_route()), "no other route after a doubt");
}

#[test]
fn only_what_was_not_sent_is_sent_again() {
    let first = after([sent(), LATER], false, false);
    let mut tally = Tally::new(&Started { addresses: first.into_tried(), ..started() }, false, false);
    let route = route("x", &["a", "b"]);
    assert!(tally.has_sent(&route));
    assert_eq!(tally.begin(&route), ["b"]);
    tally.note(&route, "b", &sent());
    assert_eq!(tally.end(), End::Sent);
    assert_eq!(tally.into_tried().len(), 1);
}

#[test]
fn an_entry_of_the_inbox_is_in_doubt_until_the_table_answers() {
    let route = route_of(Provider::InApp, "inbox", &["a"]);
    let mut silent = Tally::new(&started(), false, false);
    silent.begin(&route);
    silent.note(&route, "a", &Outcome::NotTried { after: None });
    assert!(!silent.is_ambiguous(), "there was no time for a call");
    silent.doubt();
    silent.note(&route, "a", &Outcome::NotTried { after: None });
    assert!(silent.is_ambiguous());
    let doubtful = Started { ambiguous: true, ..started() };
    for outcome in [LATER, Outcome::Rejected, Outcome::Misconfigured] {
        for (started, is_ambiguous) in [(&doubtful, true), (&started(), false)] {
            let mut refused = Tally::new(started, false, false);
            refused.begin(&route);
            refused.note(&route, "a", &outcome);
            assert_eq!(refused.is_ambiguous(), is_ambiguous, "{outcome:?} says nothing of what was before");
        }
    }
    let mut answered = Tally::new(&doubtful, false, false);
    answered.begin(&route);
    answered.note(&route, "a", &sent());
    assert_eq!((answered.end(), answered.is_ambiguous()), (End::Sent, false), "there is one entry");
}

#[test]
fn after_a_death_what_was_noted_counts_and_the_rest_is_in_doubt() {
    let noted = after([sent(), LATER], false, false).into_tried();
    let dead = Started { left_open: true, addresses: noted, ..started() };
    let route = route("x", &["a", "b"]);
    let mut tally = Tally::new(&dead, false, false);
    assert_eq!(tally.begin(&route), ["b"]);
    assert!(tally.is_ambiguous());
    let mut once = Tally::new(&dead, true, false);
    assert!(once.begin(&route).is_empty());
    assert_eq!((once.end(), once.is_ambiguous()), (End::Sent, true), "one has it, the other may");
    let mut once = Tally::new(&Started { left_open: true, ..started() }, true, false);
    assert!(once.begin(&route).is_empty());
    assert_eq!(once.end(), End::Failed(Reason::OutcomeUnknown));
    let all = after([sent(), sent()], false, false).into_tried();
    let mut tally = Tally::new(&Started { left_open: true, addresses: all, ..started() }, false, false);
    assert!(tally.begin(&route).is_empty());
    assert_eq!((tally.end(), tally.is_ambiguous()), (End::Sent, false), "nothing was in doubt");
}

#[test]
fn the_next_route_s_outcome_counts_and_a_broken_one_is_tried_again_with_it() {
    let (first, second) = (route_of(Provider::Sms, "x", &["a"]), route_of(Provider::Webhook, "y", &["b"]));
    let run = |outcome: Outcome| {
        let mut tally = Tally::new(&started(), false, false);
        tally.begin(&first);
        tally.note(&first, "a", &Outcome::Misconfigured);
        assert!(tally.is_exhausted(&first));
        tally.begin(&second);
        tally.note(&second, "b", &outcome);
        (tally.end(), tally.provider().unwrap())
    };
    assert_eq!(run(sent()), (End::Sent, Provider::Webhook));
    let misconfigured = again(Reason::ProviderMisconfigured, None);
    assert_eq!(run(GONE), (misconfigured, Provider::Sms), "it is the first that stands in the way");
    assert_eq!(run(LATER), (again(Reason::ProviderUnavailable, Some(7)), Provider::Webhook));
}

#[test]
fn every_platform_of_push_counts_whatever_became_of_the_others() {
    use Outcome::{Misconfigured, Rejected, Unknown};
    let (apple, google) = (route_of(Provider::Apns, "x", &["a"]), route("y", &["b"]));
    let run = |of_apple: &Outcome, of_google: &Outcome, at_most_once| {
        let mut tally = Tally::new(&started(), at_most_once, false);
        // Both are begun before one of them has an outcome.
        assert_eq!((tally.begin(&apple), tally.begin(&google)), (vec!["a"], vec!["b"]));
        tally.note(&apple, "a", of_apple);
        tally.note(&google, "b", of_google);
        assert_eq!(
            tally.is_exhausted(&apple),
            matches!(of_apple, Misconfigured | Outcome::AddressGone { .. } | Rejected)
        );
        tally
    };
    for (of_apple, of_google, end, provider) in [
        (sent(), sent(), End::Sent, Provider::Fcm),
        (sent(), GONE, End::Sent, Provider::Apns),
        (Rejected, sent(), End::Sent, Provider::Fcm),
        (sent(), LATER, again(Reason::ProviderUnavailable, Some(7)), Provider::Fcm),
        (Misconfigured, sent(), again(Reason::ProviderMisconfigured, None), Provider::Apns),
        (Unknown, sent(), again(Reason::ProviderUnavailable, None), Provider::Apns),
        (GONE, Rejected, End::Failed(Reason::ProviderRejected), Provider::Fcm),
    ] {
        let tally = run(&of_apple, &of_google, false);
        assert_eq!((tally.end(), tally.provider()), (end, Some(provider)), "{of_apple:?}, {of_google:?}");
    }
    assert_eq!(run(&Unknown, &sent(), true).end(), End::Sent, "once is the most, and one has it for sure");

    // The next attempt is for the one that has not got it, and for that one alone.
    let noted = run(&sent(), &LATER, false).into_tried();
    let mut tally = Tally::new(&Started { addresses: noted, ..started() }, false, false);
    assert_eq!((tally.begin(&apple), tally.begin(&google)), (vec![], vec!["b"]));
    tally.note(&google, "b", &sent());
    assert_eq!(tally.end(), End::Sent);

    // The user has removed the device that got it, and the other one is gone.
    let noted = run(&sent(), &LATER, false).into_tried();
    let mut tally = Tally::new(&Started { addresses: noted, ..started() }, false, false);
    assert_eq!(tally.begin(&google), ["b"]);
    tally.note(&google, "b", &GONE);
    assert_eq!((tally.end(), tally.provider()), (End::Sent, None));
}

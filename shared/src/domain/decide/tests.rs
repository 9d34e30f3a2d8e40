//! Each rule alone, and the order of the rules.

use super::*;
use crate::domain::{
    Category, Cause, ChannelType, ConfiguredChannel, Content, DeviceOwner, Endpoint, Handle, NO_CATEGORIES, NO_PAUSES,
    Notification, NotificationId, Provider, QuietHours, RunId, Settings, Suppressed, Suppression, TimeOfDay, User,
    UserId,
};

const NOW: Timestamp = Timestamp::EPOCH;

fn user() -> User {
    User {
        name: Some("John Doe".into()),
        email: Some("john@example.com".into()),
        push_token: Some("token".into()),
        version: 1,
        ..User::new(UserId::random(), Timestamp::from_millis(0))
    }
}

fn notification(user: &User) -> Notification {
    let content = Content::Inline { subject: None, title: None, body: "Hello".into() };
    let plain = Notification::new(NotificationId::random(), user.id, vec![Channel::Email], content, NOW);
    Notification { group: Some("news".into()), ..plain }
}

fn configured(id: &str, provider: Provider) -> ConfiguredChannel {
    ConfiguredChannel::new(id, provider)
}

fn all() -> Vec<ConfiguredChannel> {
    vec![configured("mail", Provider::Email), configured("android", Provider::Fcm)]
}

fn decide_for(user: User, change: impl FnOnce(&mut Notification), channel: Channel) -> Decision {
    let mut notification = notification(&user);
    change(&mut notification);
    decided(Some(&UserRecord::Present(Box::new(user))), &notification, channel).decision
}

fn decided(user: Option<&UserRecord>, notification: &Notification, channel: Channel) -> Decided {
    decide(
        DecisionInput {
            user,
            configured: &all(),
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification,
            looked_up: &NOTHING_LOOKED_UP,
        },
        channel,
        NOW,
    )
}

fn sent_to(decision: Decision) -> Vec<String> {
    match decision {
        Decision::Send(mut plan) => plan.platforms.remove(0).routes.remove(0).addresses,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_never_set_is_in() {
    assert_eq!(sent_to(decide_for(user(), |_| {}, Channel::Email)), ["john@example.com"]);
}

#[test]
fn a_channel_that_is_off_stops_it_and_only_there() {
    let mut off = user();
    off.channels.insert(Channel::Email, false);
    off.channels.insert(Channel::Push, true);
    assert_eq!(decide_for(off.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::ChannelOff));
    assert_eq!(sent_to(decide_for(off, |_| {}, Channel::Push)), ["token"]);
}

#[test]
fn a_group_that_is_out_stops_it() {
    let mut out = user();
    out.groups.insert("news".into(), false);
    assert_eq!(decide_for(out.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::GroupOptedOut));
    assert_eq!(sent_to(decide_for(out, |n| n.group = None, Channel::Email)).len(), 1);
}

#[test]
fn a_handle_that_is_not_enabled_stops_its_group() {
    let mut out = user();
    out.handles.insert("news".into(), Handle { enabled: Some(false), ..Handle::default() });
    assert_eq!(decide_for(out.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::GroupOptedOut));
    assert_eq!(decide_for(out.clone(), |_| {}, Channel::Push), Decision::Skip(Reason::GroupOptedOut));
    assert_eq!(sent_to(decide_for(out.clone(), |n| n.group = Some("other".into()), Channel::Email)).len(), 1);
    assert_eq!(sent_to(decide_for(out.clone(), |n| n.critical = true, Channel::Email)).len(), 1);
    out.handles.insert("news".into(), Handle { enabled: Some(true), ..Handle::default() });
    assert_eq!(sent_to(decide_for(out, |_| {}, Channel::Email)).len(), 1);
}

#[test]
fn a_handle_s_channel_type_stops_that_channel_only() {
    let mut out = user();
    let types = [(ChannelType::Of(Channel::Push), false), (ChannelType::Of(Channel::Email), true)];
    out.handles.insert("news".into(), Handle { enabled: None, channel_types: types.into() });
    assert_eq!(decide_for(out.clone(), |_| {}, Channel::Push), Decision::Skip(Reason::GroupOptedOut));
    assert_eq!(sent_to(decide_for(out, |_| {}, Channel::Email)).len(), 1);
}

#[test]
fn a_handle_does_not_overrule_an_opt_out_of_the_group() {
    let mut out = user();
    out.groups.insert("news".into(), false);
    out.handles.insert("news".into(), Handle { enabled: Some(true), ..Handle::default() });
    assert_eq!(decide_for(out, |_| {}, Channel::Email), Decision::Skip(Reason::GroupOptedOut));
}

#[test]
fn a_critical_one_passes_both() {
    let mut no = user();
    no.channels.insert(Channel::Email, false);
    no.groups.insert("news".into(), false);
    assert_eq!(sent_to(decide_for(no, |n| n.critical = true, Channel::Email)).len(), 1);
}

#[test]
fn nobody_to_send_comes_before_nowhere_to_send_to() {
    let mut bare = user();
    bare.email = None;
    assert_eq!(decide_for(bare.clone(), |_| {}, Channel::Sms), Decision::Skip(Reason::NoProvider));
    assert_eq!(decide_for(bare, |_| {}, Channel::Email), Decision::Skip(Reason::NoAddress));
}

#[test]
fn no_user_and_an_erased_one_are_told_apart() {
    let notification = notification(&user());
    let skip = |record| decided(record, &notification, Channel::Email).decision;
    assert_eq!(skip(None), Decision::Skip(Reason::UserNotFound));
    assert_eq!(skip(Some(&UserRecord::Erased)), Decision::Skip(Reason::UserErased));
}

#[test]
fn a_run_is_not_for_whoever_was_created_after_it() {
    let of_run = |millis, run: Option<RunId>| {
        let user = User { created_at: Timestamp::from_millis(millis), ..user() };
        decide_for(user, |n| n.run = run, Channel::Email)
    };
    let run = Some(RunId::of_request(uuid::Uuid::nil(), "a", "b"));
    assert_eq!(of_run(2001, run), Decision::Skip(Reason::UserNotFound), "of somebody who had the same id before");
    assert_eq!(sent_to(of_run(2000, run)).len(), 1, "clocks differ");
    assert_eq!(sent_to(of_run(2001, None)).len(), 1, "what names one recipient waits for the recipient");
}

#[test]
fn device_tokens_come_first_and_none_is_used_twice() {
    let mut many = user();
    let tokens = vec!["a".to_owned(), "token".to_owned()];
    let endpoint = Endpoint {
        provider: Provider::Fcm,
        settings: Settings { device_tokens: tokens.clone(), ..Settings::default() },
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        gone_at: None,
    };
    many.endpoints.insert("android".into(), endpoint);
    assert_eq!(sent_to(decide_for(many, |_| {}, Channel::Push)), tokens);
}

#[test]
fn what_expired_or_was_taken_back_is_not_looked_at_further() {
    let later = Timestamp::from_millis(1);
    let skip = |change: fn(&mut Notification)| decide_for(user(), change, Channel::Email);
    assert_eq!(skip(|n| n.expires_at = Some(NOW)), Decision::Skip(Reason::Expired));
    assert_eq!(sent_to(skip(|n| n.expires_at = Some(Timestamp::from_millis(1)))).len(), 1);
    assert_eq!(skip(|n| n.cancelled_at = Some(NOW)), Decision::Skip(Reason::Cancelled));
    assert_eq!(skip(|n| n.unsubscribed = true), Decision::Skip(Reason::NotSubscribed));
    let critical = skip(|n| (n.unsubscribed, n.critical) = (true, true));
    assert_eq!(critical, Decision::Skip(Reason::NotSubscribed), "also a critical one");
    let mut notification = notification(&user());
    notification.critical = true;
    notification.cancelled_at = Some(later);
    notification.expires_at = Some(NOW);
    let Decided { decision, trace } = decided(None, &notification, Channel::Email);
    assert_eq!(decision, Decision::Skip(Reason::Expired), "also a critical one, and of a user who is not there");
    assert_eq!(trace.len(), 1);
}

#[test]
fn a_suppressed_address_is_not_used_and_another_channel_s_is() {
    let mut bounced = user();
    let why = Suppression { cause: Cause::Bounced, at: NOW };
    bounced.email = Some("John@Example.com".into());
    bounced.suppressed.insert("john@example.com".into(), why);
    assert_eq!(decide_for(bounced.clone(), |_| {}, Channel::Email), Decision::Skip(Reason::AddressSuppressed));
    assert_eq!(sent_to(decide_for(bounced.clone(), |_| {}, Channel::Push)).len(), 1);
    let settings = Settings { address: Some("other@example.com".into()), ..Settings::default() };
    let endpoint = Endpoint { provider: Provider::Email, settings, created_at: NOW, updated_at: NOW, gone_at: None };
    bounced.endpoints.insert("mail".into(), endpoint);
    assert_eq!(sent_to(decide_for(bounced, |_| {}, Channel::Email)), ["other@example.com"]);
}

#[test]
fn a_suppressed_address_is_not_used_whoever_has_it() {
    let why = Suppression { cause: Cause::Complained, at: NOW };
    let suppressed = Suppressed::from([("john@example.com".to_owned(), why)]);
    let known = LookedUp { suppressed, ..NOTHING_LOOKED_UP.clone() };
    let decided = |user: User, channel| {
        let (notification, configured) = (notification(&user), all());
        let record = UserRecord::Present(Box::new(user));
        let (user, none) = (Some(&record), &NOTHING_LOOKED_UP);
        let input = DecisionInput {
            user,
            configured: &configured,
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up: none,
        };
        let looked_up: Vec<_> = addresses_to_look_up(input, channel, NOW).emails.into_iter().collect();
        (decide(DecisionInput { looked_up: &known, ..input }, channel, NOW).decision, looked_up)
    };
    let (decision, looked_up) = decided(user(), Channel::Email);
    assert_eq!(decision, Decision::Skip(Reason::AddressSuppressed));
    assert_eq!(looked_up, ["john@example.com"]);

    // The settings of a channel have an address of their own, in whatever case.
    let settings = Settings { address: Some("JOHN@Example.com".into()), ..Settings::default() };
    let endpoint = Endpoint { provider: Provider::Email, settings, created_at: NOW, updated_at: NOW, gone_at: None };
    let mut other = User { email: Some("other@example.com".into()), ..user() };
    assert!(matches!(decided(other.clone(), Channel::Email).0, Decision::Send(_)));
    other.endpoints.insert("mail".into(), endpoint);
    let (decision, looked_up) = decided(other.clone(), Channel::Email);
    assert_eq!(decision, Decision::Skip(Reason::AddressSuppressed));
    assert_eq!(looked_up, ["john@example.com"]);

    // What an earlier rule ends, or what goes to no email address, is looked up nowhere.
    assert_eq!(decided(other.clone(), Channel::Push).1, [""; 0]);
    other.channels.insert(Channel::Email, false);
    assert_eq!(decided(other, Channel::Email), (Decision::Skip(Reason::ChannelOff), vec![]));
}

#[test]
fn an_endpoint_that_is_switched_off_is_no_address_and_the_trace_says_so() {
    let mut hook = ConfiguredChannel { carries: Some(Channel::Email), ..configured("hook", Provider::Webhook) };
    let settings = Settings { url: Some("https://hooks.example.com/".into()), ..Settings::default() };
    let mut endpoint =
        Endpoint { provider: Provider::Webhook, settings, created_at: NOW, updated_at: NOW, gone_at: None };
    let decided = |endpoint: &Endpoint, hook: &ConfiguredChannel| {
        let user = User { endpoints: [("hook".to_owned(), endpoint.clone())].into(), email: None, ..user() };
        let (notification, configured) = (notification(&user), [hook.clone(), configured("mail", Provider::Email)]);
        let record = UserRecord::Present(Box::new(user));
        let (user, looked_up) = (Some(&record), &NOTHING_LOOKED_UP);
        let input = DecisionInput {
            user,
            configured: &configured,
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up,
        };
        let Decided { decision, trace } = decide(input, Channel::Email, NOW);
        (decision, trace.into_iter().find(|step| step.rule == Rule::Address).unwrap().saw)
    };
    assert_eq!(sent_to(decided(&endpoint, &hook).0), ["https://hooks.example.com/"]);
    endpoint.gone_at = Some(NOW);
    let off = (Decision::Skip(Reason::NoAddress), "1 switched off: it answered that it is gone".to_owned());
    assert_eq!(decided(&endpoint, &hook), off);
    hook.provider = Provider::Slack;
    assert_eq!(decided(&endpoint, &hook).1, "none", "the settings are of another provider");
}

#[test]
fn every_channel_that_reaches_the_user_is_a_route_in_its_order() {
    let record = UserRecord::Present(Box::new(user()));
    let notification = notification(&user());
    let configured = [configured("second", Provider::Email), configured("first", Provider::Email)];
    let input = DecisionInput {
        user: Some(&record),
        configured: &configured,
        categories: &NO_CATEGORIES,
        pauses: &NO_PAUSES,
        notification: &notification,
        looked_up: &NOTHING_LOOKED_UP,
    };
    let Decision::Send(plan) = decide(input, Channel::Email, NOW).decision else { panic!("skipped") };
    let ids: Vec<_> = plan.platforms[0].routes.iter().map(|route| route.through.id.as_str()).collect();
    assert_eq!((plan.platforms.len(), ids), (1, vec!["second", "first"]));
}

#[test]
fn every_platform_of_push_is_sent_to_and_the_position_chooses_among_one_s_channels() {
    use Provider::{Apns, Fcm, Webhook};
    let settings = |tokens: &[&str], url: Option<&str>| Settings {
        device_tokens: tokens.iter().map(|token| (*token).to_owned()).collect(),
        url: url.map(str::to_owned),
        ..Settings::default()
    };
    let endpoint =
        |provider, settings| Endpoint { provider, settings, created_at: NOW, updated_at: NOW, gone_at: None };
    let mut many = user();
    many.endpoints = [
        ("apns-1".to_owned(), endpoint(Apns, settings(&["iphone"], None))),
        ("apns-2".to_owned(), endpoint(Apns, settings(&["ipad"], None))),
        ("fcm-1".to_owned(), endpoint(Fcm, settings(&["pixel"], None))),
        ("hook".to_owned(), endpoint(Webhook, settings(&[], Some("https://example.com/push")))),
    ]
    .into();
    let record = UserRecord::Present(Box::new(many));
    let notification = notification(&user());
    let hook = ConfiguredChannel { carries: Some(Channel::Push), ..configured("hook", Webhook) };
    let (fcm, first, second) = (configured("fcm-1", Fcm), configured("apns-1", Apns), configured("apns-2", Apns));
    // The routes of each platform, and the number of addresses.
    let planned = |configured: &[ConfiguredChannel]| {
        let (user, looked_up) = (Some(&record), &NOTHING_LOOKED_UP);
        let input = DecisionInput {
            user,
            configured,
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up,
        };
        let Decision::Send(plan) = decide(input, Channel::Push, NOW).decision else { panic!("skipped") };
        let routes = |platform: Platform| {
            let names = platform
                .routes
                .into_iter()
                .map(|route| format!("{}: {}", route.through.id, route.addresses.join(", ")));
            names.collect::<Vec<_>>()
        };
        plan.platforms.into_iter().map(routes).collect::<Vec<_>>()
    };
    assert_eq!(
        planned(&[second.clone(), fcm, hook.clone(), first.clone()]),
        [vec!["apns-2: ipad", "apns-1: iphone"], vec!["fcm-1: pixel, token"], vec!["hook: https://example.com/push"],],
        "the push token of the profile is FCM's"
    );
    assert_eq!(
        planned(&[first, hook, second]),
        [vec!["apns-1: iphone, token", "apns-2: ipad, token"], vec!["hook: https://example.com/push"]],
        "it is APNs' where there is no FCM"
    );
}

#[test]
fn the_trace_says_what_each_rule_saw_and_never_an_address() {
    let mut off = user();
    off.channels.insert(Channel::Email, false);
    off.groups.insert("news".into(), true);
    let mut notification = notification(&off);
    notification.critical = true;
    let record = UserRecord::Present(Box::new(off));
    let trace = serde_json::to_value(decided(Some(&record), &notification, Channel::Email).trace).unwrap();
    assert_eq!(
        trace,
        serde_json::json!([
            {"rule": "not_expired", "saw": "never expires", "said": "pass"},
            {"rule": "not_cancelled", "saw": "not cancelled", "said": "pass"},
            {"rule": "due", "saw": "at once", "said": "pass"},
            {"rule": "user_exists", "saw": "present", "said": "pass"},
            {"rule": "channel_on", "saw": "email off", "said": "waived"},
            {"rule": "group_in", "saw": "news in", "said": "pass"},
            {"rule": "provider", "saw": "email", "said": "pass"},
            {"rule": "address", "saw": "1 by email", "said": "pass"},
            {"rule": "not_quiet", "saw": "not quiet", "said": "pass"},
        ])
    );
    notification.critical = false;
    let trace = decided(Some(&record), &notification, Channel::Email).trace;
    assert_eq!((trace.len(), trace[4].said), (5, Said::Stop), "it ends where it was stopped");
}

#[test]
fn what_is_not_due_waits_and_is_not_looked_at_further() {
    let at = Timestamp::from_millis(5);
    let hold = Decision::Hold(Hold::until(at, Reason::NotYetDue));
    let mut off = user();
    off.channels.insert(Channel::Email, false);
    assert_eq!(decide_for(off.clone(), |n| n.send_at = Some(at), Channel::Email), hold, "they may opt in until then");
    let critical = |n: &mut Notification| (n.critical, n.send_at) = (true, Some(at));
    assert_eq!(decide_for(off.clone(), critical, Channel::Email), hold);
    assert_eq!(decide_for(off, |n| n.send_at = Some(NOW), Channel::Email), Decision::Skip(Reason::ChannelOff));
}

#[test]
fn quiet_hours_hold_what_would_be_sent_and_nothing_else() {
    let mut quiet = user();
    let [start, end] = ["22:00", "07:00"].map(|time| TimeOfDay::parse(time).unwrap());
    quiet.quiet = QuietHours::new(start, end, None);
    // The epoch is midnight in UTC, so this is 07:00.
    let until = Timestamp::from_millis(7 * 60 * 60 * 1000);
    let hold = Decision::Hold(Hold::until(until, Reason::QuietHours));
    assert_eq!(decide_for(quiet.clone(), |_| {}, Channel::Email), hold);
    assert_eq!(sent_to(decide_for(quiet.clone(), |n| n.critical = true, Channel::Email)).len(), 1);
    quiet.channels.insert(Channel::Email, false);
    assert_eq!(decide_for(quiet, |_| {}, Channel::Email), Decision::Skip(Reason::ChannelOff));
}

#[test]
fn a_device_is_sent_to_for_the_last_who_registered_it_and_for_nobody_else() {
    let settings = Settings { device_tokens: vec!["tablet".into()], ..Settings::default() };
    let endpoint = Endpoint { provider: Provider::Fcm, settings, created_at: NOW, updated_at: NOW, gone_at: None };
    let user = User { endpoints: [("android".to_owned(), endpoint)].into(), ..user() };
    let (id, other) = (user.id, UserId::random());
    let (notification, configured) = (notification(&user), all());
    let record = UserRecord::Present(Box::new(user));
    let with = |owners: &[(&str, UserId)], channel| {
        let owners = owners.iter().map(|(token, user)| ((*token).to_owned(), DeviceOwner::of(*user, token))).collect();
        let looked_up = &LookedUp { owners, ..NOTHING_LOOKED_UP.clone() };
        let input = DecisionInput {
            user: Some(&record),
            configured: &configured,
            categories: &NO_CATEGORIES,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up,
        };
        let Decided { decision, trace } = decide(input, channel, NOW);
        let saw = trace.into_iter().find(|step| step.rule == Rule::Address).unwrap().saw;
        (decision, saw, addresses_to_look_up(input, channel, NOW).tokens.into_iter().collect::<Vec<_>>())
    };
    for (owners, tokens, saw) in [
        // Nobody has registered them since owners are stored.
        (vec![], vec!["tablet", "token"], "2 by fcm"),
        (vec![("tablet", id), ("token", id)], vec!["tablet", "token"], "2 by fcm"),
        (vec![("tablet", other)], vec!["token"], "1 by fcm, 1 registered by another user since"),
        (vec![("token", other)], vec!["tablet"], "1 by fcm, 1 registered by another user since"),
    ] {
        let (decision, seen, looked_up) = with(&owners, Channel::Push);
        assert_eq!((sent_to(decision), seen.as_str()), (tokens.iter().map(|&t| t.to_owned()).collect(), saw));
        assert_eq!(looked_up, ["tablet", "token"]);
    }
    let (decision, saw, _) = with(&[("tablet", other), ("token", other)], Channel::Push);
    assert_eq!(decision, Decision::Skip(Reason::DeviceHandedOn));
    assert_eq!(saw, "2 registered by another user since");
    assert_eq!(with(&[("token", other)], Channel::Email).2, [""; 0], "mail needs no token");
}

#[test]
fn a_channel_may_lack_where_nobody_carries_it_or_the_user_knows_one_more() {
    let lacks =
        |user: &User, channel| may_lack_a_channel(Some(&UserRecord::Present(Box::new(user.clone()))), &all(), channel);
    let mut somebody = user();
    assert!(!lacks(&somebody, Channel::Push) && lacks(&somebody, Channel::Sms));
    let settings = Settings { device_tokens: vec!["token".into()], ..Settings::default() };
    let endpoint = Endpoint { provider: Provider::Fcm, settings, created_at: NOW, updated_at: NOW, gone_at: None };
    somebody.endpoints.insert("android".into(), endpoint.clone());
    assert!(!lacks(&somebody, Channel::Push));
    somebody.endpoints.insert("another app".into(), endpoint);
    assert!(lacks(&somebody, Channel::Push));
    assert!(!may_lack_a_channel(None, &[], Channel::Push), "nothing goes to nobody");
}

#[test]
fn nobody_is_out_of_a_required_category_and_only_who_opted_in_is_in_an_opt_in_one() {
    let required = Category { required: true, ..Category::new("news") };
    let opt_in = Category { default_in: false, ..Category::new("news") };
    let stopped = || Decision::Skip(Reason::GroupOptedOut);
    let said = |category: &Category, user: &User| {
        let (user, notification) = (user.clone(), notification(user));
        let categories = [category.clone()].into_iter().collect();
        let user = UserRecord::Present(Box::new(user));
        let (user, configured) = (Some(&user), all());
        let (pauses, looked_up, notification) = (&NO_PAUSES, &NOTHING_LOOKED_UP, &notification);
        let input =
            DecisionInput { user, configured: &configured, categories: &categories, pauses, notification, looked_up };
        let Decided { decision, trace } = decide(input, Channel::Email, NOW);
        (decision, trace.into_iter().find(|step| step.rule == Rule::GroupIn).map_or_else(String::new, |step| step.saw))
    };
    let with = |in_groups: Option<bool>, handle: Option<Handle>| {
        let mut user = user();
        user.groups.extend(in_groups.map(|is_in| ("news".to_owned(), is_in)));
        user.handles.extend(handle.map(|handle| ("news".to_owned(), handle)));
        user
    };
    let enabled = |on| Some(Handle { enabled: Some(on), ..Handle::default() });
    let by_email = |on| {
        let channel_types = [(ChannelType::Of(Channel::Email), on)].into();
        Some(Handle { channel_types, ..Handle::default() })
    };
    for out in [with(Some(false), None), with(None, enabled(false)), with(None, by_email(false)), with(None, None)] {
        let (decision, saw) = said(&required, &out);
        assert_eq!((sent_to(decision).len(), saw.as_str()), (1, "news required"));
    }
    // The channel itself is not the category's: who switched it off gets nothing there.
    let mut off = user();
    off.channels.insert(Channel::Email, false);
    assert_eq!(said(&required, &off).0, Decision::Skip(Reason::ChannelOff));
    for (user, is_in, saw) in [
        (with(None, None), false, "news never set, opt-in"),
        (with(None, by_email(true)), false, "news never set, opt-in"),
        (with(None, enabled(true)), true, "news never set, enabled"),
        (with(Some(true), None), true, "news in"),
        (with(Some(false), enabled(true)), false, "news out"),
        (with(Some(true), by_email(false)), false, "news in, not by email"),
        (with(Some(true), enabled(false)), false, "news in, not enabled"),
    ] {
        let (decision, seen) = said(&opt_in, &user);
        assert_eq!((decision == stopped(), seen.as_str()), (!is_in, saw));
        // A plain category changes nothing for who has chosen.
        let free = said(&Category::new("news"), &user).0;
        assert_eq!(free == stopped(), !is_in && !saw.ends_with("opt-in"), "{saw}");
    }
}

#[test]
fn what_was_accepted_as_opt_in_stays_so_when_its_category_is_gone() {
    let decided = |user: &User, opt_in, category: Option<Category>| {
        let notification = Notification { opt_in, ..notification(user) };
        let (user, categories) = (UserRecord::Present(Box::new(user.clone())), category.into_iter().collect());
        let input = DecisionInput {
            user: Some(&user),
            configured: &all(),
            categories: &categories,
            pauses: &NO_PAUSES,
            notification: &notification,
            looked_up: &NOTHING_LOOKED_UP,
        };
        let Decided { decision, trace } = decide(input, Channel::Email, NOW);
        let step = trace.into_iter().find(|step| step.rule == Rule::GroupIn).unwrap();
        (matches!(decision, Decision::Send(_)), step.saw)
    };
    let handle = Handle { enabled: Some(true), ..Handle::default() };
    let opted_in = User { handles: [("news".to_owned(), handle)].into(), ..user() };
    let opt_in = Some(Category { default_in: false, ..Category::new("news") });
    for (user, was_opt_in, category, is_sent, saw) in [
        (user(), true, None, false, "news never set, opt-in"),
        (user(), false, None, true, "news never set"),
        (opted_in, true, None, true, "news never set, enabled"),
        // While there is a category, what it says now counts.
        (user(), true, Some(Category::new("news")), true, "news never set"),
        (user(), false, opt_in, false, "news never set, opt-in"),
    ] {
        assert_eq!(decided(&user, was_opt_in, category), (is_sent, saw.to_owned()), "{was_opt_in}");
    }
}

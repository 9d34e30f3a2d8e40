use std::sync::LazyLock;

use shared::domain::{
    Categories, Category, ConfiguredChannel, Handle, KnownGroups, Provider, Timestamp, UserId, handle::Switch,
};

use shared::store::MAX_CATEGORIES;

use super::*;

fn groups() -> Groups<'static> {
    static KNOWN: LazyLock<KnownGroups> = LazyLock::new(|| KnownGroups::with_custom("news").unwrap());
    static CATEGORIES: LazyLock<Categories> = LazyLock::new(|| {
        [Category { required: true, ..Category::new("alerts") }, Category::new("news")].into_iter().collect()
    });
    static CONFIGURED: LazyLock<[ConfiguredChannel; 2]> = LazyLock::new(|| {
        [Provider::Email, Provider::Fcm].map(|provider| ConfiguredChannel::new(provider.as_str(), provider))
    });
    Groups { known: &KNOWN, categories: &CATEGORIES, configured: &*CONFIGURED }
}

fn user() -> User {
    User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH)
}

fn of(user: &User, body: &str) -> Result<Wanted, BadForm> {
    Form::read(&Body::from(body))?.wanted(user, groups())
}

fn night(days: Option<BTreeSet<Weekday>>) -> QuietHours {
    QuietHours::new(TimeOfDay::parse("22:00").unwrap(), TimeOfDay::parse("07:00").unwrap(), days).unwrap()
}

#[test]
fn only_what_differs_from_what_was_shown_is_wanted() {
    let body = "was.channel.email=on&channel.email=on&was.channel.push=on&was.channel.sms=off&channel.sms=on\
                &was.channel.slack=off&was.group.news=on&was.language=de&language=de&was.timezone=&timezone=Asia/Tokyo\
                &was.quiet=off&quiet.start=22:00&quiet.end=07:00&quiet.day=mon";
    let wanted = of(&user(), body).unwrap();
    let display = DisplayChange { timezone: Field::Value("Asia/Tokyo".into()), ..DisplayChange::default() };
    let channels = [(Channel::Push, false), (Channel::Sms, true)].into();
    assert_eq!(wanted.change, UserChange { channels, display, ..UserChange::default() });
    assert_eq!(wanted.groups, [Choice { group: "news".into(), is_in: false }]);
    assert!(wanted.faults.is_empty() && wanted.turns_off());
}

#[test]
fn quiet_hours_are_one_control_and_every_day_is_said_in_one_way() {
    let quiet = |was: &str, rest: &str| of(&user(), &format!("was.quiet={was}&{rest}")).unwrap().change.quiet;
    let times = "quiet=on&quiet.start=22:00&quiet.end=07:00";
    let all = "&quiet.day=mon&quiet.day=tue&quiet.day=wed&quiet.day=thu&quiet.day=fri&quiet.day=sat&quiet.day=sun";
    assert_eq!(quiet("off", &format!("{times}{all}")), Field::Value(night(None)));
    assert_eq!(
        quiet("off", &format!("{times}&quiet.day=sun&quiet.day=mon")),
        Field::Value(night(Some([Weekday::Mon, Weekday::Sun].into())))
    );
    assert_eq!(quiet("22:00 07:00 mon", "quiet.start=22:00&quiet.end=07:00&quiet.day=mon"), Field::Null);
    assert_eq!(quiet("22:00 07:00 mon", &format!("{times}&quiet.day=mon")), Field::Absent);
    // The stored form of "every day" does not matter.
    for days in [None, Some(Weekday::ALL.into())] {
        let user = User { quiet: Some(night(days)), ..user() };
        let was = State::of(&user, groups()).quiet.text();
        assert_eq!(was, "22:00 07:00 mon,tue,wed,thu,fri,sat,sun");
        assert_eq!(quiet(&was, &format!("{times}{all}")), Field::Absent);
    }
    // While quiet hours are off, their fields are ignored.
    assert_eq!(quiet("off", "quiet.start=99&quiet.end="), Field::Absent);
}

#[test]
fn each_fault_is_told_by_its_control() {
    let faults = |body: &str| of(&user(), body).unwrap().faults;
    for (body, expected) in [
        (
            "was.quiet=off&quiet=on&quiet.start=7&quiet.end=&quiet.day=mon",
            vec![("quiet.start", Fault::Time), ("quiet.end", Fault::Time)],
        ),
        (
            "was.quiet=off&quiet=on&quiet.start=24:00&quiet.end=07:00",
            vec![("quiet.start", Fault::Time), ("quiet.day", Fault::Days)],
        ),
        ("was.quiet=off&quiet=on&quiet.start=07:00&quiet.end=07:00&quiet.day=mon", vec![("quiet.end", Fault::Same)]),
        (
            "was.timezone=&timezone=Mars/Olympus&was.language=&language=xx-nowhere",
            vec![("timezone", Fault::Zone), ("language", Fault::Language)],
        ),
    ] {
        assert_eq!(faults(body), expected.into_iter().collect(), "{body}");
    }
}

#[test]
fn an_empty_choice_is_the_default_again_and_tags_are_made_canonical() {
    let wanted = of(&user(), "was.language=it-IT&language=&was.timezone=UTC&timezone=").unwrap().change.display;
    assert_eq!((wanted.language, wanted.timezone), (Field::Null, Field::Null));
    let wanted = of(&user(), "was.language=&language=PT-br").unwrap().change.display;
    assert_eq!(wanted.language, Field::Value("pt-BR".into()));
    let kept = of(&user(), "was.language=it-IT&language=it-IT&was.channel.email=on").unwrap().change.display;
    assert_eq!(kept, DisplayChange::default());
}

#[test]
fn what_the_page_does_not_post_is_no_form_of_ours() {
    for body in [
        "",
        "confirm=last-channel",
        "channel.email=on",
        "was.channel.email=on&channel.push=on",
        "was.channel.fax=on",
        "was.channel.email=1",
        "was.channel.email=on&channel.email=yes",
        "was.channel.email=on&was.channel.email=on",
        "was.channel.email=on&channel.email=on&channel.email=on",
        "was.group.unheard-of=on",
        "was.name=x&name=y",
        "was.email=x&email=y",
        "was.language=de",
        "was.quiet=off&quiet.day=someday",
        "was.quiet=off&quiet=1",
        "was.=x",
        "{\"channel\":{\"email\":false}}",
    ] {
        assert_eq!(of(&user(), body), Err(BadForm::NotOurs), "{body}");
    }
    let large = "x".repeat(256 * 1024 + 1);
    assert_eq!(Form::read(&Body::from(large)).map(drop), Err(BadForm::TooLarge));
}

#[test]
fn a_group_that_only_the_user_knows_is_theirs_to_take_back() {
    let handle = Handle { enabled: Some(false), ..Handle::default() };
    let user = User { handles: [("<old>".to_owned(), handle)].into(), ..user() };
    let wanted = of(&user, "was.group.%3Cold%3E=off&group.%3Cold%3E=on").unwrap();
    assert_eq!(wanted.groups, [Choice { group: "<old>".into(), is_in: true }]);
    assert!(
        State::of(&user, groups()).categories.iter().all(|category| category.handle != "<old>"),
        "it is not offered"
    );
}

#[test]
fn a_category_is_switched_on_and_off_by_channel() {
    let wanted = of(&user(), "was.by.email.news=on&was.by.push.news=off&by.push.news=on&was.by.sms.a.b=on").map(drop);
    assert_eq!(wanted, Err(BadForm::NotOurs), "nobody knows a.b");
    let wanted = of(&user(), "was.by.email.news=on&was.by.push.news=off&by.push.news=on").unwrap();
    let handles: Vec<_> = wanted.change.handles.iter().collect();
    let by = |channel| Switch::ChannelType(ChannelType::Of(channel));
    assert_eq!(handles, [("news", by(Channel::Email), false), ("news", by(Channel::Push), true)]);
    for bad in ["was.by.fax.news=on", "was.by.email=on", "was.by.email.=on", "was.by.email.alerts=on"] {
        assert_eq!(of(&user(), bad).map(drop), Err(BadForm::NotOurs), "{bad}");
    }
}

#[test]
fn nobody_leaves_a_required_category() {
    let handle = Handle { enabled: Some(true), ..Handle::default() };
    let user = User { handles: [("alerts".to_owned(), handle)].into(), ..user() };
    assert_eq!(of(&user, "was.group.alerts=on"), Err(BadForm::NotOurs));
    assert_eq!(of(&user, "was.group.alerts=on&group.alerts=on").unwrap(), Wanted::default());
    // A form of a page from before the category was required is refused only if it switches something off.
    for unchanged in ["was.by.email.alerts=on&by.email.alerts=on", "was.by.email.alerts=off"] {
        assert_eq!(of(&user, unchanged).unwrap(), Wanted::default(), "{unchanged}");
    }
    assert_eq!(of(&user, "was.by.email.alerts=on"), Err(BadForm::NotOurs));
}

#[test]
fn a_form_that_changes_each_of_the_most_categories_is_taken_whole() {
    let handle = Handle { enabled: Some(false), ..Handle::default() };
    let user = User { handles: (0..MAX_CATEGORIES).map(|n| (n.to_string(), handle.clone())).collect(), ..user() };
    let names = (0..MAX_CATEGORIES).flat_map(|n| {
        let by = Channel::ALL.map(|channel| format!("by.{channel}.{n}"));
        [format!("group.{n}")].into_iter().chain(by)
    });
    let body: String = names.map(|name| format!("was.{name}=on&")).collect();
    let wanted = of(&user, &body).unwrap();
    assert_eq!((wanted.groups.len(), wanted.change.handles.len()), (MAX_CATEGORIES, 5 * MAX_CATEGORIES));
}

#[test]
fn the_last_channel_is_the_one_that_leaves_none() {
    let with = |off: &[Channel]| User { channels: off.iter().map(|channel| (*channel, false)).collect(), ..user() };
    let body = "was.channel.email=on";
    assert!(!of(&user(), body).unwrap().silences(&user()));
    let one = with(&Channel::ALL[1..]);
    assert!(of(&one, body).unwrap().silences(&one));
    assert!(!of(&one, "was.channel.email=on&was.channel.push=off&channel.push=on").unwrap().silences(&one));
    // A user without any channel is not asked to confirm.
    let none = with(&Channel::ALL);
    assert!(!of(&none, "was.language=&language=de").unwrap().silences(&none));
    let every: String = Channel::ALL.iter().map(|channel| format!("was.channel.{channel}=on&")).collect();
    assert!(of(&user(), every.trim_end_matches('&')).unwrap().silences(&user()));
}

#[test]
fn what_was_filled_in_stays_there() {
    let shown = State::of(&user(), groups());
    let body = "was.channel.email=on&was.group.news=on&was.by.push.news=on&was.quiet=off&quiet=on&quiet.start=7&quiet.end=08:00\
                &quiet.day=tue&was.timezone=&timezone=Mars";
    let form = Form::read(&Body::from(body)).unwrap();
    let over = form.over(shown.clone());
    assert_eq!(over.channels[0], (Channel::Email, false));
    assert_eq!(over.channels[1..], shown.channels[1..]);
    let news = over.categories.iter().find(|category| category.handle == "news").unwrap();
    assert_eq!(
        (news.is_in, news.channels.as_slice()),
        (false, [(Channel::Email, true), (Channel::Push, false)].as_slice())
    );
    assert_eq!(over.quiet, Quiet { on: true, start: "7".into(), end: "08:00".into(), days: [Weekday::Tue].into() });
    assert_eq!((over.timezone.as_str(), over.language.as_str()), ("Mars", ""));
}

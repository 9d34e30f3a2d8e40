use super::*;
use crate::domain::{Json, TimeOfDay, UserId};

fn user() -> User {
    User::new(UserId::random(), Timestamp::EPOCH)
}

#[test]
fn a_change_sets_clears_and_leaves_alone() {
    let at = Timestamp::from_millis(5);
    let mut user = user();
    user.phone = Some("+14155552671".into());
    user.avatar = Some("https://example.com/a.png".into());
    user.display = [("theme", "dark"), ("language", "fr")].map(|(name, value)| (name.into(), value.into())).into();
    user.groups.insert("kept".into(), true);
    let time = |text| TimeOfDay::parse(text).unwrap();
    let quiet = QuietHours::new(time("22:00"), time("07:00"), None).unwrap();
    let change = UserChange {
        email: EmailAddress::parse("a@example.com"),
        channels: [(Channel::Email, false)].into(),
        teams: Some(vec!["red".into()]),
        groups: [("news".to_owned(), false)].into(),
        display: DisplayChange { theme: Field::Null, timezone: Field::Value("UTC".into()), ..DisplayChange::default() },
        quiet: Field::Value(quiet.clone()),
        profile: ProfileChange {
            phone: Field::Null,
            first_name: Field::Value("Ada".into()),
            ..ProfileChange::default()
        },
        web_push: Some(true),
        ..UserChange::default()
    };
    change.apply(&mut user, at);
    assert_eq!(user.email.as_deref(), Some("a@example.com"));
    assert_eq!((user.phone.as_deref(), user.first_name.as_deref()), (None, Some("Ada")));
    assert_eq!(user.avatar.as_deref(), Some("https://example.com/a.png"));
    assert_eq!((&user.channels, user.web_push), (&[(Channel::Email, false)].into(), Some(true)));
    assert_eq!(user.teams, ["red"]);
    assert_eq!(user.groups, [("kept".to_owned(), true), ("news".to_owned(), false)].into());
    assert_eq!(user.display, [("language".to_owned(), "fr".to_owned()), ("timezone".into(), "UTC".into())].into());
    assert_eq!(user.quiet, Some(quiet));
    UserChange { quiet: Field::Null, ..UserChange::default() }.apply(&mut user, at);
    assert_eq!(user.quiet, None);
}

#[test]
fn an_endpoint_keeps_the_time_of_its_creation_until_it_is_removed() {
    let mut user = user();
    let put = UserChange {
        endpoints: [("c".to_owned(), (Provider::Slack, Settings::default()))].into(),
        ..UserChange::default()
    };
    put.apply(&mut user, Timestamp::from_millis(1));
    put.apply(&mut user, Timestamp::from_millis(2));
    assert_eq!(user.endpoints["c"].created_at, Timestamp::from_millis(1));
    assert_eq!(user.endpoints["c"].updated_at, Timestamp::from_millis(2));
    UserChange { no_endpoints: ["c".to_owned()].into(), ..UserChange::default() }.apply(&mut user, Timestamp::EPOCH);
    assert!(user.endpoints.is_empty());
}

#[test]
fn custom_fields_are_merged_and_handles_switched() {
    let mut user = user();
    user.custom = Json::object(r#"{"a":1,"b":{"c":2}}"#, "it").unwrap();
    let mut change =
        UserChange { custom: Json::object(r#"{"a":null,"b":{"d":3}}"#, "it").unwrap(), ..UserChange::default() };
    change.handles.enable("a:b.c", false);
    change.handles.switch("a:b.c", crate::domain::ChannelType::WebPush, true);
    change.apply(&mut user, Timestamp::EPOCH);
    assert_eq!(user.custom, Json::object(r#"{"b":{"c":2,"d":3}}"#, "it").unwrap());
    assert_eq!(user.handles["a:b.c"].enabled, Some(false));
    assert_eq!(user.handles["a:b.c"].channel_types, [(crate::domain::ChannelType::WebPush, true)].into());
}

#[test]
fn what_only_demands_something_changes_nothing() {
    let demand =
        UserChange { rule: Some(Rule::Org("acme".into())), email_rule: EmailRule::MustStay, ..UserChange::default() };
    assert!(demand.is_empty());
    assert_eq!(demand.requirements().collect::<Vec<_>>(), [Requirement::Org("acme")]);
    let email = EmailAddress::parse("a@example.com").unwrap();
    let demand = UserChange { email: Some(email.clone()), ..demand };
    assert!(!demand.is_empty());
    assert_eq!(demand.requirements().collect::<Vec<_>>(), [Requirement::Org("acme"), Requirement::Email(&email)]);
    let free = UserChange { email_rule: EmailRule::Allowed, ..demand };
    assert_eq!(free.requirements().count(), 1);
}

#[test]
fn a_change_needs_the_scope_of_each_edit() {
    let scopes = |change: &UserChange| change.scopes().collect::<std::collections::BTreeSet<_>>();
    let everything = UserChange::of_everything();
    assert_eq!(scopes(&everything), [Scope::UsersWrite, Scope::ChannelSettingsWrite].into());
    let profile = UserChange { endpoints: BTreeMap::new(), no_endpoints: BTreeSet::new(), ..everything.clone() };
    assert_eq!(scopes(&profile), [Scope::UsersWrite].into());
    for settings in [
        UserChange { endpoints: everything.endpoints, ..UserChange::default() },
        UserChange { no_endpoints: everything.no_endpoints, ..UserChange::default() },
    ] {
        assert_eq!(scopes(&settings), [Scope::ChannelSettingsWrite].into());
    }
    assert_eq!(scopes(&UserChange::default()), [].into());
}

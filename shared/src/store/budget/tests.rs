use super::*;
use crate::{
    domain::{
        Channel, ChannelType, Field, Json, Provider, Settings, Timestamp, UserChange, UserId,
        handle::Switch,
        user_change::{MAX_HANDLES, MAX_USER_BYTES},
    },
    store::{custom::CustomWrite, string, user_actions, user_item::UserItem},
};

/// The largest item that DynamoDB stores ("Quotas in Amazon DynamoDB").
const MAX_ITEM: usize = 400 * 1024;
/// What a user leaves free of it.
const RESERVE: usize = 64 * 1024;

fn tokens(count: usize) -> Settings {
    let device_tokens = (0..count).map(|n| format!("{n:0>4096}")).collect();
    Settings { device_tokens, ..Settings::default() }
}

fn endpoint(id: &str, count: usize) -> UserChange {
    UserChange { endpoints: [(id.to_owned(), (Provider::Fcm, tokens(count)))].into(), ..UserChange::default() }
}

fn handles(from: usize, count: usize) -> UserChange {
    let mut change = UserChange::default();
    // The longest handle: 128 characters of four bytes.
    (from..from + count).for_each(|n| change.handles.enable(&format!("{n:😀>128}"), true));
    change
}

fn actions(change: &UserChange) -> Vec<Action> {
    user_actions::actions(change, &CustomWrite::Unseen, Timestamp::EPOCH).unwrap()
}

/// Writes the change as a user write does. Returns how many tries it took.
fn write(item: &mut Item, change: &UserChange) -> Result<usize, Bounded> {
    let actions = actions(change);
    let changed = |item: &Item| {
        let mut changed = item.clone();
        actions.iter().try_for_each(|action| action.apply(&mut changed)).map(|()| changed)
    };
    let mut budgets = Budgets::of(&actions, change.handles.more_bytes());
    let mut tries = 0;
    loop {
        tries += 1;
        if !budgets.must_look() && budgets.conditions().iter().all(|condition| condition.holds(item)) {
            let numbers = budgets.actions();
            *item = changed(item).unwrap();
            numbers.iter().for_each(|action| action.apply(item).unwrap());
            return Ok(tries);
        }
        assert!(tries < 3, "it never fits");
        budgets.fit(item, &actions).map_err(|refused| match refused {
            UpdateUserError::TooLarge(part) => part,
            error => panic!("{error}"),
        })?;
    }
}

fn new() -> Item {
    UserItem::new(UserId::random(), Timestamp::EPOCH).write().unwrap()
}

#[test]
fn a_part_grows_up_to_its_budget_and_no_further() {
    let mut item = new();
    assert_eq!(write(&mut item, &endpoint("one", 50)), Ok(1), "as many tokens as contract 3 takes");
    assert_eq!(write(&mut item, &endpoint("two", 50)), Err(Bounded::Endpoints));
    assert_eq!(write(&mut item, &endpoint("one", 50)), Ok(2), "the same again: the number was too high");
    assert_eq!(write(&mut item, &endpoint("two", 1)), Ok(1), "a small one fits beside it");
    let fewer = UserChange { no_endpoints: ["one".to_owned()].into(), ..UserChange::default() };
    assert_eq!(write(&mut item, &fewer), Ok(1));
    assert_eq!(write(&mut item, &endpoint("two", 50)), Ok(2));

    let mut written = 0;
    let refused = loop {
        match write(&mut item, &handles(written, 10)) {
            Ok(tries) => written += 10 * usize::from(tries == 1),
            Err(part) => break part,
        }
    };
    assert_eq!((refused, written), (Bounded::Handles, 70));
    assert!(PARTS[0].bytes(&item) <= Bounded::Handles.max_bytes());
    assert_eq!(write(&mut item, &handles(0, 10)), Ok(2), "what is there already can be switched");

    // A person's own choices have room of their own, and what they have filled stays as it is for applications.
    let mut persons = handles(80, 10);
    persons.handles.as_persons();
    assert_eq!(write(&mut item, &persons), Ok(1));
    assert_eq!(write(&mut item, &handles(90, 1)), Err(Bounded::Handles));
    assert_eq!(write(&mut item, &handles(0, 10)), Ok(2), "what is there already can be switched");
    persons = handles(100, 60);
    persons.handles.as_persons();
    assert_eq!(write(&mut item, &persons), Err(Bounded::Handles), "and not without end");
}

#[test]
fn an_item_without_the_numbers_is_looked_at_once_and_may_shrink_if_it_is_too_large() {
    let mut item = new();
    for action in [endpoint("one", 49), endpoint("two", 30)].iter().flat_map(actions) {
        action.apply(&mut item).unwrap();
    }
    assert_eq!(write(&mut item, &endpoint("three", 1)), Err(Bounded::Endpoints));
    assert_eq!(write(&mut item, &endpoint("two", 40)), Err(Bounded::Endpoints));
    assert_eq!(write(&mut item, &endpoint("two", 20)), Ok(2), "it shrinks");
    assert_eq!(write(&mut item, &endpoint("two", 1)), Ok(2));
    assert_eq!(write(&mut item, &endpoint("two", 1)), Ok(1), "and now the number is there");
    let out = UserChange { channels: [(Channel::Email, false)].into(), ..UserChange::default() };
    assert!(Budgets::of(&actions(&out), 0).conditions().is_empty(), "an opt-out has no budget");
}

/// A user who has as much of everything as each edge takes.
fn largest() -> Item {
    let text = |length| Field::Value("😀".repeat(length));
    let mut change = UserChange {
        name: Some("😀".repeat(200)),
        email: crate::domain::EmailAddress::parse(&format!("{}@{}.example", "a".repeat(64), "b".repeat(63))),
        push_token: Field::Value("t".repeat(4096)),
        channels: Channel::ALL.map(|channel| (channel, false)).into(),
        teams: Some((0..50).map(|n| format!("{n:😀>128}")).collect()),
        groups: (0..100).map(|n| (format!("{n:g>60}"), false)).collect(),
        web_push: Some(false),
        // Empty lists are what DynamoDB counts highest against their JSON text.
        custom: [("a".to_owned(), Json::Array(vec![Json::Array(vec![]); 2700]))].into(),
        ..UserChange::of_everything()
    };
    change.profile.first_name = text(200);
    change.profile.last_name = text(200);
    change.profile.avatar = Field::Value("a".repeat(2048));
    change.endpoints.clear();
    let mut item =
        UserItem { external_id: Some("😀".repeat(255)), ..UserItem::new(UserId::random(), Timestamp::EPOCH) }
            .write()
            .unwrap();
    let custom = CustomWrite::Unseen.fit(&change.custom, None).unwrap();
    for action in user_actions::actions(&change, &custom, Timestamp::EPOCH).unwrap() {
        action.apply(&mut item).unwrap();
    }
    write(&mut item, &endpoint(&"c".repeat(128), 50)).unwrap();
    let mut more = 0;
    while write(&mut item, &endpoint(&format!("{more:c>128}"), 1)).is_ok() {
        more += 1;
    }
    let mut more = 0;
    while write(&mut item, &handles(more, 1)).is_ok() {
        more += 1;
    }
    let mut more = 0;
    while more < MAX_HANDLES && {
        let mut small = UserChange::default();
        small.handles.switch(&more.to_string(), ChannelType::WebPush, true);
        write(&mut item, &small).is_ok()
    } {
        more += 1;
    }
    item
}

#[test]
fn a_user_who_has_as_much_of_everything_as_can_be_written_leaves_64_kb_free() {
    let mut item = largest();
    let size = size::of_item(&item);
    assert!(size <= MAX_USER_BYTES && MAX_USER_BYTES + RESERVE == MAX_ITEM, "{size}");
    assert!(size > MAX_USER_BYTES * 8 / 10, "it is not the largest: {size}");
    // One-click opt-outs of a hundred groups with the longest names.
    for n in 0..100 {
        let mut out = UserChange::default();
        out.groups.insert(format!("{n:😀>128}"), false);
        write(&mut item, &out).unwrap();
    }
    assert!(size::of_item(&item) < MAX_ITEM);
}

#[test]
fn a_new_item_has_the_number_of_each_part_that_is_there() {
    let mut item = new();
    settle(&mut item).unwrap();
    assert!(PARTS.iter().all(|part| !item.contains_key(part.counter)));
    actions(&endpoint("one", 2)).iter().for_each(|action| action.apply(&mut item).unwrap());
    settle(&mut item).unwrap();
    assert_eq!(item["endpoints_bytes"], number(PARTS[1].bytes(&item)));
    assert_eq!(write(&mut item, &endpoint("two", 1)), Ok(1));
    actions(&endpoint("three", 50)).iter().for_each(|action| action.apply(&mut item).unwrap());
    assert_eq!(settle(&mut item), Err(Bounded::Endpoints));
}

#[test]
fn the_number_is_never_below_the_size() {
    let mut item = new();
    let change = |round: usize| {
        let mut change = endpoint(["a", "b"][round % 2], round % 4);
        change.handles.enable(&round.to_string(), round.is_multiple_of(3));
        if round.is_multiple_of(5) {
            change.no_endpoints = ["b".to_owned()].into();
            change.endpoints.remove("b");
        }
        change
    };
    for round in 0..400 {
        write(&mut item, &change(round)).unwrap();
        for part in &PARTS {
            let counted = item[part.counter].as_n().unwrap().parse::<usize>().unwrap();
            assert!(part.bytes(&item) <= counted && counted <= part.bounded.max_bytes(), "{round}: {part:?}");
        }
    }
    let key = crate::store::handles::key("0", Switch::Enabled);
    assert_ne!(item[HANDLES].as_m().unwrap().get(&key), Some(&string("")));
}

#[test]
fn what_is_too_large_is_brought_into_its_budget_and_no_opt_out_is_lost() {
    let mut item = new();
    let mut many = handles(0, 100);
    many.handles.enable("out", false);
    for action in [endpoint("one", 49), endpoint("two", 50), endpoint("small", 1), many].iter().flat_map(actions) {
        action.apply(&mut item).unwrap();
    }
    trim(&item).iter().for_each(|action| action.apply(&mut item).unwrap());
    let endpoints = |map: &str| item[map].as_m().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(endpoints(ENDPOINTS), ["one".to_owned(), "small".to_owned()].into());
    assert_eq!(endpoints(ENDPOINTS_CREATED), endpoints(ENDPOINTS));
    assert_eq!(item[HANDLES].as_m().unwrap()["enabled:out"], AttributeValue::Bool(false));
    for part in &PARTS {
        assert!(part.bytes(&item) <= part.bounded.max_bytes(), "{part:?}");
        assert!(part.bytes(&item) <= item[part.counter].as_n().unwrap().parse().unwrap(), "{part:?}");
    }
    assert!(trim(&item).is_empty());
}

use futures::{StreamExt, stream};
use lambda_http::{Body, Response};

use tokio::time::timeout;

use super::*;
use crate::{
    clock::{Clock, ManualClock},
    domain::Timestamp,
    http::{Reply, event_source::Answer},
};

mod expired;

const RULES: PageRules = PageRules { limit: 100, may_be_empty: true, max_bytes: None };
const LONG: Duration = Duration::from_secs(60);

/// A list of texts; an empty one is nothing to be shown.
fn walk(texts: Vec<String>) -> Walk<'static, String> {
    let found = texts.into_iter().enumerate();
    let found = found.map(|(n, text)| {
        Ok(Found { place: n.to_string(), item: (!text.is_empty()).then_some(text), is_followed: false })
    });
    stream::iter(found).boxed()
}

async fn of(bounds: &Bounds, rules: PageRules, texts: Vec<String>) -> Page<String> {
    page(Some(bounds), rules, 0, walk(texts), |_, text| text).await.unwrap()
}

fn bounds(source: EventSource) -> Bounds {
    Bounds::new(source, LONG, &Clock::system())
}

/// What Lambda counts of an answer with these items.
fn payload(source: EventSource, items: &[String]) -> usize {
    let response: Response<Body> = Reply::json(lambda_http::http::StatusCode::OK, &items).into_response();
    serde_json::to_vec(&Answer::new(source, response)).unwrap().len()
}

#[tokio::test]
async fn a_page_is_as_full_as_the_event_source_takes_and_no_fuller() {
    let alb = EventSource::LoadBalancer { multi_value: false };
    for (source, most) in [(EventSource::HttpApi, 6_291_556), (EventSource::RestApi, 6_291_556), (alb, 1_000_000)] {
        for text in ["\"".repeat(125_000), "\u{1}".repeat(40_000), "x".repeat(250_000), "ä".repeat(100)] {
            let all =
                (0..).map(|n: usize| Ok(Found { place: n.to_string(), item: Some(text.clone()), is_followed: false }));
            let (rules, all) = (PageRules { limit: 100_000, ..RULES }, stream::iter(all).boxed());
            let page = page(Some(&bounds(source)), rules, 0, all, |_, text| text).await.unwrap();
            let (one, sent) = (sent_bytes(&text), payload(source, &page.items));
            assert!(sent <= most && sent + one + AROUND > most - 1, "{sent} of {most}, each {one}");
            assert_eq!((page.has_more, page.last), (true, Some((page.items.len() - 1).to_string())));
        }
    }
}

#[tokio::test]
async fn what_alone_is_too_much_makes_a_page_of_its_own() {
    let bounds = bounds(EventSource::LoadBalancer { multi_value: true });
    let page = of(&bounds, RULES, vec!["\"".repeat(400_000), "x".into()]).await;
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (1, Some("0"), true));
}

#[tokio::test]
async fn pages_are_all_of_a_list_once_and_the_last_says_so() {
    let bounds = bounds(EventSource::HttpApi);
    let texts = |range: std::ops::Range<usize>| range.map(|n| n.to_string()).collect::<Vec<_>>();
    let ends = async |limit, texts: Vec<String>| {
        let page = of(&bounds, PageRules { limit, ..RULES }, texts).await;
        (page.items.len(), page.first, page.last, page.has_more)
    };
    let place = |place: &str| Some(place.to_owned());
    assert_eq!(ends(2, texts(0..5)).await, (2, place("0"), place("1"), true));
    assert_eq!(ends(5, texts(0..5)).await, (5, place("0"), place("4"), false));
    assert_eq!(ends(2, Vec::new()).await, (0, None, None, false));
    // What is not shown is passed by: it is not what there is more of, and need not be looked at again.
    let hidden = [texts(0..2), vec![String::new(); 3]].concat();
    assert_eq!(ends(2, hidden.clone()).await, (2, place("0"), place("4"), false));
    assert_eq!(ends(2, [hidden, texts(5..6)].concat()).await, (2, place("0"), place("4"), true));
}

#[tokio::test]
async fn what_is_known_to_follow_is_not_read() {
    let bounds = bounds(EventSource::HttpApi);
    let unread = stream::once(async { unreachable!("nobody needs it") });
    let found = Found { place: "0".into(), item: Some("x".to_owned()), is_followed: true };
    let walk = stream::once(async { Ok(found) }).chain(unread).boxed();
    let rules = PageRules { limit: 1, ..RULES };
    let page = page(Some(&bounds), rules, 0, walk, |_, text: String| text).await.unwrap();
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (1, Some("0"), true));
}

#[tokio::test]
async fn a_search_for_few_among_many_ends_unless_its_page_must_have_an_item() {
    let bounds = bounds(EventSource::HttpApi);
    let many = [vec![String::new(); 3000], vec!["x".to_owned()]].concat();
    let page = of(&bounds, RULES, many.clone()).await;
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (0, Some("999"), true));
    // A full page does not look for one more without an end, either.
    let full = [vec!["x".to_owned()], many.clone()].concat();
    let page = of(&bounds, PageRules { limit: 1, ..RULES }, full).await;
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (1, Some("999"), true));
    let page = of(&bounds, PageRules { may_be_empty: false, ..RULES }, many).await;
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (1, Some("3000"), false));
}

#[tokio::test]
async fn a_page_ends_by_the_deadline_with_what_it_has() {
    let slow = |items: usize| {
        let texts = vec!["x".to_owned(); items];
        walk(texts).chain(stream::pending()).boxed()
    };
    let read = async |items, rules| {
        let bounds = Bounds::new(EventSource::HttpApi, Duration::from_millis(200), &Clock::system());
        timeout(Duration::from_secs(5), page(Some(&bounds), rules, 0, slow(items), |_, text: String| text)).await
    };
    let page = read(3, RULES).await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (3, Some("2"), true));
    // Without any progress there is nothing to be told: the request itself runs out of time.
    assert!(read(0, RULES).await.is_err());
}

#[tokio::test]
async fn time_that_is_over_already_leaves_one_item() {
    let clock = ManualClock::new(Timestamp::EPOCH);
    let bounds = Bounds::new(EventSource::HttpApi, LONG, &clock.clock());
    clock.advance(LONG);
    let page = of(&bounds, RULES, vec!["x".to_owned(); 3]).await;
    assert_eq!((page.items.len(), page.last.as_deref(), page.has_more), (1, Some("0"), true));
}

#[test]
fn sent_bytes_are_what_a_string_of_json_takes() {
    let all: Vec<_> = ('\0'..=char::MAX).collect();
    for text in all.chunks(1000).map(String::from_iter).chain(all[..300].iter().map(char::to_string)) {
        let json = serde_json::to_string(&text).unwrap();
        let quotes = 2;
        assert_eq!(sent_bytes(&text), serde_json::to_string(&json).unwrap().len() - quotes, "{json}");
    }
}

#[tokio::test]
async fn a_page_may_be_kept_smaller_than_an_answer() {
    let bounds = bounds(EventSource::HttpApi);
    let rules = PageRules { max_bytes: Some(1000), ..RULES };
    let page = of(&bounds, rules, vec!["x".repeat(400); 5]).await;
    assert_eq!((page.items.len(), page.has_more), (2, true));
    let large = of(&bounds, rules, vec!["x".repeat(5000), "y".into()]).await;
    assert_eq!((large.items.len(), large.has_more), (1, true), "it has a page of its own");
}

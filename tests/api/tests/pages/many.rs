//! More than one request was ever meant to read.

use std::time::Instant;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use super::{World, entry, later, notification};
use api::{dynamodb, unique_email};

#[tokio::test]
async fn ten_thousand_entries_are_exported_and_erased_within_the_time_of_a_request() {
    let world = World::new(&[("HttpTimeout", "29")]).await;
    let user = world.user().await;
    world.put((0..5000).map(|n| entry(&user, n, "words", later())).collect()).await;
    world.put((0..5000).flat_map(|n| notification(&user, n, "words", later())).collect()).await;
    let path = format!("/api/v1/users/{user}");
    let read = |body: &Value| {
        let ids = |list: &str, id: &str| {
            body[list].as_array().unwrap().iter().map(|one| format!("{id} {}", one[id])).collect::<Vec<_>>()
        };
        ([ids("notifications", "id"), ids("inbox", "notification_id")].concat(), body["page"].clone())
    };
    let (all, sizes) = world.walk(&format!("{path}/export?limit=1000"), read).await;
    assert_eq!((all.len(), sizes.len()), (10_000, 10), "{sizes:?}");
    let began = Instant::now();
    let erased = world.client.json(Method::DELETE, &path, &world.admin, &Value::Null).await;
    assert_eq!(erased.status, 204, "after {:?}: {}", began.elapsed(), erased.text);
    println!("10,000 entries were erased in {:?}", began.elapsed());
    let left = dynamodb(&world.stack, "Scan", json!({})).await.to_string();
    for word in ["INBOX#", "NOTIFICATION#", "DELIVERY#", "words"] {
        assert!(!left.contains(word), "{word} is still in the table");
    }
    world.stack.shutdown().await;
}

#[tokio::test]
async fn a_rare_one_among_many_is_found_and_no_page_is_empty_before_the_end() {
    let world = World::new(&[("HttpTimeout", "20")]).await;
    let user = world.user().await;
    let mut items: Vec<_> = (0..10_500).flat_map(|n| notification(&user, n, "words", later())).collect();
    // They stand in the list of all, too, in its parts.
    for (n, head) in items.iter_mut().step_by(2).enumerate() {
        head["recent"] = json!({"S": format!("RECENT#{}", n % 64)});
    }
    // The oldest one has failed.
    items[1]["status"]["S"] = json!("failed");
    let oldest = items[0]["id"]["S"].clone();
    world.put(items).await;
    world.client.index_catches_up().await;
    let of_user = format!("/admin/v1/users/{user}");
    let delivery = json!(format!("{}.mobile_push", oldest.as_str().unwrap()));
    for (list, status, expected) in [
        (format!("{of_user}/notifications"), "failed", vec![oldest.clone()]),
        (format!("{of_user}/notifications"), "pending", Vec::new()),
        ("/admin/v1/notifications".to_owned(), "failed", vec![oldest]),
        ("/admin/v1/deliveries".to_owned(), "failed", vec![delivery]),
    ] {
        let path = format!("{list}?status={status}");
        let (mut found, mut after, mut refused) = (Vec::new(), String::new(), 0);
        loop {
            let answer = world.operator.send(Method::GET, &format!("{path}{after}"), Value::Null).await;
            let body = answer.json();
            if answer.status == 400 {
                // Nobody is told that there is nothing more.
                let details = &body["error"]["details"];
                let cursor = details["after"].as_str().unwrap().to_owned();
                assert_eq!(details, &json!({"reason": "nothing_found", "param": "after", "after": cursor}));
                assert_ne!(after, format!("&after={cursor}"), "it goes on");
                after = format!("&after={cursor}");
                refused += 1;
                continue;
            }
            assert_eq!(answer.status, 200, "{}", answer.text);
            let items = body["items"].as_array().unwrap().clone();
            let next = body["page"]["after"].as_str().map(str::to_owned);
            assert!(next.is_none() || !items.is_empty(), "{body}");
            found.extend(items.into_iter().map(|item| item["id"].clone()));
            match next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(found, expected, "{path}");
        assert!(refused > 0, "{path}: one request does not look at all of them");
    }
    world.stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_not_starved_by_writers() {
    let world = World::new(&[]).await;
    // The organisation's own admin erases too: the rule must not make the erasure depend on what others write.
    for who in ["admin", "org_admin"].into_iter().cycle().take(6) {
        let eraser = world.client.token(who).await;
        let body = json!({"name": "Much changed", "email": unique_email()});
        let user = world.client.json(Method::POST, "/api/v1/users", &eraser, &body).await.json();
        let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
        let write = async |n: usize| {
            for on in [true, false].into_iter().cycle().skip(n % 2) {
                let body = json!({"preferences": {"email": on, "push": !on}});
                let put = world.client.json(Method::PUT, &format!("{path}/preferences"), &world.admin, &body).await;
                if put.status != 200 {
                    return put.status.as_u16();
                }
            }
            unreachable!("it goes on until it is refused")
        };
        let erase = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            world.client.json(Method::DELETE, &path, &eraser, &Value::Null).await
        };
        let (writers, erased) = tokio::join!(join_all((0..24).map(write)), erase);
        assert_eq!(erased.status, 204, "{}", erased.text);
        assert!(writers.iter().all(|status| *status == 404), "{writers:?}");
        let left = world.client.get(&path, &world.admin).await;
        assert_eq!(left.status, 404, "{}", left.text);
    }
    world.stack.shutdown().await;
}

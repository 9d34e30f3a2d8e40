//! The effects of posting the form.

use api::{dynamodb, options, own};
use futures::future::join_all;
use local::stack::Options;
use reqwest::{Method, redirect};
use serde_json::{Map, Value, json};

use super::{CHANNELS, FORM, Visitor, between, is_page, is_told};
use crate::counts::calls;

const QUIET: &str = "quiet=on&quiet.start=22:00&quiet.end=07:00";

fn off(channel: &str) -> String {
    CHANNELS.replace(&format!("&channel.{channel}=on"), "")
}

#[tokio::test]
async fn a_form_is_saved_and_leads_back_to_the_page_that_says_so() {
    let visitor = Visitor::new().await;
    let http = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let url = format!("{}{}", visitor.client.url(), visitor.link);
    let body = format!("{}&was.timezone=&timezone=Europe/Berlin", off("sms"));
    let answer = http.post(&url).header(FORM.0, FORM.1).body(body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 303);
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, format!("{}&saved=1", visitor.link.trim_start_matches('/')));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(visitor.channels().await, json!({"sms": false}));
    assert_eq!(visitor.stored().await["display"], json!({"timezone": "Europe/Berlin"}));

    let page = visitor.client.get(&format!("/{location}"), "").await;
    is_page(&page, 200, "role=\"status\">Saved<");
    assert!(page.text.contains("name=\"was.channel.sms\" value=\"off\""), "{}", page.text);
    assert!(!visitor.look().await.text.contains(">Saved<"));
    assert_eq!(visitor.version().await, 2, "looking changes nothing");
}

#[tokio::test]
async fn only_differences_are_written_by_one_write() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let visitor = Visitor::on(client.clone()).await;
    visitor.look().await;
    // Another client turns push off while the page is open.
    let push = json!({"preferences": {"push": false}});
    client.json(Method::PUT, &visitor.path("/preferences"), &visitor.token, &push).await;
    let body = off("email");
    let done = calls(&client, async || assert_eq!(visitor.save(&body).await.status, 200)).await;
    assert_eq!(json!(done), json!({"GetItem": [1, 1.0], "UpdateItem": [1, 1.0]}));
    assert_eq!(visitor.channels().await, json!({"push": false, "email": false}));
    // A form without differences writes nothing.
    let version = visitor.version().await;
    assert_eq!(visitor.post(CHANNELS).await.status, 200);
    assert_eq!(visitor.version().await, version);
    let seen = calls(&client, async || drop(visitor.look().await)).await;
    assert_eq!(json!(seen), json!({"GetItem": [1, 1.0]}));
    stack.shutdown().await;
}

#[tokio::test]
async fn changes_made_at_once_are_all_kept_and_one_channel_is_left() {
    let visitor = Visitor::new().await;
    let channels = ["email", "push", "sms", "slack", "in_app"];
    let bodies: Vec<_> = channels.iter().map(|channel| format!("was.channel.{channel}=on")).collect();
    let answers = join_all(bodies.iter().map(|body| visitor.save(body))).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    // The request that would turn off the last channel is answered with the question, so no user loses all channels
    // without confirming it.
    assert!(statuses.iter().all(|status| [200, 409, 503].contains(status)), "{statuses:?}");
    let saved = statuses.iter().filter(|status| **status == 200).count();
    let stored = visitor.channels().await;
    assert_eq!(stored.as_object().unwrap().values().filter(|on| **on == false).count(), saved, "{stored}");
    assert!((1..5).contains(&saved), "{statuses:?}");
}

#[tokio::test]
async fn two_who_each_turn_off_one_of_the_last_two_do_not_both_get_through_unasked() {
    let (stack, client) = own(options(&[])).await;
    let visitor = Visitor::on(client.clone()).await;
    let three = "was.channel.sms=on&was.channel.slack=on&was.channel.in_app=on";
    assert_eq!(visitor.save(three).await.status, 200);
    // The delay makes both requests read before one of them writes.
    let slow = json!({"dynamodb": [{"operation": "UpdateItem", "kind": "delay", "delay_ms": 1000}]});
    client.json(Method::PUT, "/_local/faults", "", &slow).await;
    let bodies = ["was.channel.email=on", "was.channel.push=on"];
    let answers = join_all(bodies.iter().map(|body| visitor.save(body))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    stack.shutdown().await;
}

#[tokio::test]
async fn each_control_is_saved_alone_and_the_answer_says_what_it_shows_now() {
    let visitor = Visitor::new().await;
    let group = "com.soa.notification.type.news.update";
    let every = "mon,tue,wed,thu,fri,sat,sun";
    let days: String = every.split(',').map(|day| format!("&quiet.day={day}")).collect();
    for (body, was) in [
        ("was.channel.email=on".to_owned(), json!({"channel.email": "off"})),
        ("was.channel.email=off&channel.email=on".to_owned(), json!({"channel.email": "on"})),
        (format!("was.group.{group}=on"), json!({format!("group.{group}"): "off"})),
        ("was.language=&language=fr".to_owned(), json!({"language": "fr"})),
        ("was.timezone=&timezone=Asia%2FTokyo".to_owned(), json!({"timezone": "Asia/Tokyo"})),
        (format!("was.quiet=off&{QUIET}&quiet.day=sun&quiet.day=mon"), json!({"quiet": "22:00 07:00 mon,sun"})),
        (format!("was.quiet=22:00+07:00+mon,sun&{QUIET}{days}"), json!({"quiet": format!("22:00 07:00 {every}")})),
    ] {
        is_told(&visitor.save(&body).await, 200, json!({"saved": true, "was": was}));
    }
    let stored = visitor.stored().await;
    assert_eq!(stored["channels"], json!({"email": true}));
    assert_eq!(stored["groups"], json!({group: false}));
    assert_eq!(stored["display"], json!({"language": "fr", "timezone": "Asia/Tokyo"}));
    assert_eq!(stored["quiet"], json!({"start": "22:00", "end": "07:00"}), "all days are every day");
    is_told(&visitor.save("was.quiet=x").await, 200, json!({"saved": true, "was": {"quiet": "off"}}));
    is_told(&visitor.save("was.language=fr&language=").await, 200, json!({"saved": true, "was": {"language": ""}}));
    let stored = visitor.stored().await;
    assert_eq!((&stored["quiet"], &stored["display"]), (&json!({}), &json!({"timezone": "Asia/Tokyo"})));
}

#[tokio::test]
async fn the_last_channel_goes_off_only_for_who_says_so_twice() {
    let visitor = Visitor::new().await;
    let four = "was.channel.push=on&was.channel.sms=on&was.channel.slack=on&was.channel.in_app=on";
    assert_eq!(visitor.save(four).await.status, 200);
    let before = visitor.version().await;
    let last = "was.channel.email=on";
    let told = visitor.save(last).await;
    is_told(&told, 409, json!({"saved": false, "message": "Turn off the last channel?", "confirm": "last-channel"}));

    // Without script the question is a page that carries the whole form.
    let form = format!("{last}&was.group.com.soa.notification.type.appteam=on&was.timezone=&timezone=Asia/Tokyo");
    let page = visitor.post(&form).await;
    is_page(&page, 409, "<h1>Turn off the last channel?</h1>");
    for field in
        ["was.channel.email\" value=\"on\"", "timezone\" value=\"Asia&#x2f;Tokyo\"", "confirm\" value=\"last-channel\""]
    {
        assert!(page.text.contains(field), "{field}: {}", page.text);
    }
    assert_eq!(between(&page.text, "<a class=\"button\" href=\"", "\""), &visitor.link[1..].replace('/', "&#x2f;"));
    assert_eq!(visitor.version().await, before, "nothing has changed yet");

    let confirmed = visitor.post(&format!("{form}&confirm=last-channel")).await;
    is_page(&confirmed, 200, ">Saved<");
    let off = json!({"email": false, "push": false, "sms": false, "slack": false, "in_app": false});
    assert_eq!(visitor.channels().await, off);
    assert_eq!(visitor.stored().await["display"], json!({"timezone": "Asia/Tokyo"}));
    // A user whose channels are all off may change everything else without a question.
    assert_eq!(visitor.save("was.language=&language=de").await.status, 200);
    assert_eq!(visitor.save("was.channel.sms=off&channel.sms=on").await.status, 200);
    assert_eq!(visitor.save("was.channel.sms=on").await.status, 409);
}

#[tokio::test]
async fn faults_stand_beside_their_fields_and_nothing_is_written_in_part() {
    let visitor = Visitor::new().await;
    let before = visitor.stored().await;
    let body = format!(
        "{}&was.quiet=off&quiet=on&quiet.start=25:00&quiet.end=&was.timezone=&timezone=Mars/Olympus\
         &was.language=&language=xx-nowhere",
        off("sms")
    );
    let page = visitor.post(&body).await;
    is_page(&page, 400, "role=\"alert\"");
    let time = "Please give a time from 00:00 to 23:59.";
    for (name, says) in [
        ("quiet.start", time),
        ("quiet.end", time),
        ("quiet.day", "Please choose at least one day."),
        ("timezone", "Please choose one of these time zones."),
        ("language", "Please choose one of these languages."),
    ] {
        let place = format!("id=\"fault.{name}\">");
        assert_eq!(between(&page.text, &place, "<"), says, "{name}");
        assert!(page.text.contains(&format!("aria-describedby=\"fault.{name}\"")), "{name}");
    }
    for marked in ["id=\"quiet.start\"", "id=\"timezone\"", "id=\"language\"", "id=\"day.mon\""] {
        assert!(between(&page.text, marked, ">").contains("aria-invalid=\"true\""), "{marked}");
    }
    // The page shows the values that were filled in, and the hidden fields still have the stored values.
    assert!(between(&page.text, "id=\"quiet.start\"", ">").contains("value=\"25:00\""), "{}", page.text);
    assert!(!between(&page.text, "id=\"channel.sms\"", ">").contains("checked"), "{}", page.text);
    assert!(page.text.contains("name=\"was.channel.sms\" value=\"on\""), "{}", page.text);

    let told = visitor.save(&format!("was.quiet=off&{QUIET}&quiet.day=mon").replace("07:00", "22:00")).await;
    let errors = json!({"quiet.end": "Please choose an end that differs from the start."});
    let message = "Nothing was saved yet. Please check what is marked.";
    is_told(&told, 400, json!({"saved": false, "message": message, "errors": errors}));
    assert_eq!(visitor.stored().await, before);
}

#[tokio::test]
async fn what_is_no_form_of_the_page_changes_nothing() {
    let visitor = Visitor::new().await;
    for body in [
        "",
        "List-Unsubscribe=One-Click",
        "channel.email=off",
        "was.channel.fax=on",
        "was.group.unheard-of=on",
        "was.name=x&name=y",
        "was.channel.email=on&was.channel.email=on",
        "{\"preferences\":{\"email\":false}}",
        "\u{0}\u{fffd}%ff=%",
    ] {
        is_page(&visitor.post(body).await, 400, "The form was incomplete, or did not come from this page.");
        assert_eq!(visitor.save(body).await.json()["saved"], false, "{body}");
    }
    let large = format!("{CHANNELS}&a={}", "x".repeat(256 * 1024));
    is_page(&visitor.post(&large).await, 413, "256 KiB");
    assert_eq!(visitor.version().await, 1);
}

#[tokio::test]
async fn what_was_turned_off_is_not_sent_and_what_was_taken_back_is() {
    let visitor = Visitor::new().await;
    let told = async |more: Value| {
        let mut body = json!({"notification_type": "email", "user_id": visitor.id, "content": {"body": "x"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let data = visitor.client.settled(&visitor.client.notify(&body).await).await;
        json!([data["deliveries"][0]["status"], data["deliveries"][0]["reason"]])
    };
    let sent = json!(["sent", null]);
    visitor.save("was.channel.email=on").await;
    assert_eq!(told(json!({})).await, json!(["skipped", "channel_off"]));
    visitor.save("was.channel.email=off&channel.email=on").await;
    assert_eq!(told(json!({})).await, sent);

    let group = "com.soa.notification.type.app.alert";
    visitor.save(&format!("was.group.{group}=on")).await;
    assert_eq!(told(json!({"group": group})).await, json!(["skipped", "group_opted_out"]));
    // An opt-out of contract 3 can be taken back here too: after that the group is sent again.
    let client = &visitor.client;
    let demo = client.demo().await;
    let keys = ["api_key", "secret_key"].map(|name| demo["notiflows"][name].as_str().unwrap().to_owned());
    let headers = [("x-notiflows-api-key", keys[0].as_str()), ("x-notiflows-secret-key", keys[1].as_str())];
    let path = format!("/admin/v1/users/{}/preferences", visitor.id);
    let refusal = json!({"notiflows": {group: {"enabled": false}, "<weekly>": {"enabled": false}}});
    let put = client.send(Method::PUT, &path, &headers, Some(refusal.to_string().into())).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let page = visitor.look().await;
    assert!(!page.text.contains("weekly"), "it is no category: {}", page.text);
    let both = format!("was.group.{group}=off&group.{group}=on&was.group.%3Cweekly%3E=off&group.%3Cweekly%3E=on");
    let was = json!({format!("group.{group}"): "on", "group.<weekly>": "on"});
    is_told(&visitor.save(&both).await, 200, json!({"saved": true, "was": was}));
    assert_eq!(told(json!({"group": group})).await, sent);
    assert_eq!(told(json!({"group": "<weekly>"})).await, sent);
    // The open page still has the group's switch.
    assert_eq!(visitor.save("was.group.%3Cweekly%3E=on").await.status, 200);
    assert_eq!(told(json!({"group": "<weekly>"})).await, json!(["skipped", "group_opted_out"]));
}

#[tokio::test]
async fn a_user_with_as_many_handles_as_there_may_be_gets_out_all_the_same() {
    let (stack, client) = own(options(&[])).await;
    let visitor = Visitor::on(client).await;
    let mut full: serde_json::Map<_, _> = (0..999).map(|n| (format!("enabled:{n}"), json!({"BOOL": true}))).collect();
    full.insert("chat:one more".into(), json!({"BOOL": true}));
    let fill = json!({
        "Key": {"pk": {"S": format!("USER#{}", visitor.id)}, "sk": {"S": "USER"}},
        "UpdateExpression": "SET handles = :full", "ExpressionAttributeValues": {":full": {"M": full}},
    });
    dynamodb(&stack, "UpdateItem", fill).await;
    let saved = visitor.save("was.group.one+more=on&was.channel.sms=on").await;
    is_told(&saved, 200, json!({"saved": true, "was": {"group.one more": "off", "channel.sms": "off"}}));
    let stored = visitor.stored().await;
    assert_eq!((&stored["groups"], &stored["channels"]), (&json!({"one more": false}), &json!({"sms": false})));
    let back = visitor.save("was.group.one+more=off&group.one+more=on").await;
    is_told(&back, 200, json!({"saved": true, "was": {"group.one more": "on"}}));
    stack.shutdown().await;
}

#[tokio::test]
async fn who_has_as_many_handles_as_there_may_be_gets_out_of_one_more_and_into_those_there_are() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let visitor = Visitor::on(client.clone()).await;
    let mut full: Map<_, _> = (1..999).map(|n| (format!("enabled:{n}"), json!({"BOOL": true}))).collect();
    full.insert("enabled:out".to_owned(), json!({"BOOL": false}));
    full.insert("email:more".to_owned(), json!({"BOOL": true}));
    let fill = json!({
        "Key": {"pk": {"S": format!("USER#{}", visitor.id)}, "sk": {"S": "USER"}},
        "UpdateExpression": "SET handles = :full", "ExpressionAttributeValues": {":full": {"M": full}},
    });
    dynamodb(&stack, "UpdateItem", fill).await;
    let told = visitor.save("was.group.more=on&was.group.out=off&group.out=on").await;
    is_told(&told, 200, json!({"saved": true, "was": {"group.more": "off", "group.out": "on"}}));
    assert_eq!(visitor.stored().await["groups"], json!({"more": false}));
    let told = visitor.save("was.group.more=off&group.more=on&was.group.1=on").await;
    is_told(&told, 200, json!({"saved": true, "was": {"group.more": "on", "group.1": "off"}}));
    assert_eq!(visitor.stored().await["groups"], json!({"more": true}));
    stack.shutdown().await;
}

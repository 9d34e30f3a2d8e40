//! `/_local/ui`: the events about notifications that the local stack's page gets.

use std::time::Duration;

use api::{Client, eventually, options};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// The page's event stream.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(client: &Client) -> Self {
        let response = reqwest::get(format!("{}/_local/ui/events", client.url())).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The data of the next event with this name for which `wanted` is true.
    async fn until(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let Some((named, data)) = event.split_once("\ndata: ") else { continue };
                let data: Value = serde_json::from_str(data).unwrap();
                if named == format!("event: {name}") && wanted(&data) {
                    return data;
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(60), self.response.chunk()).await;
            let chunk = chunk.expect("it is told in time").unwrap().expect("the stream does not end");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn end_of(&mut self, id: &str) -> Value {
        let ended = |data: &Value| {
            let deliveries = data["deliveries"].as_array().unwrap();
            deliveries.iter().all(|one| ["sent", "skipped", "dead_lettered"].iter().any(|end| one["status"] == *end))
        };
        self.until("notification", |data| data["notification_id"] == id && ended(data)).await
    }
}

#[tokio::test]
async fn the_page_is_told_of_each_delivery_with_its_decision_and_what_the_provider_got() {
    let stack = local::console::start(options(&[])).await.expect("a stack with the page");
    let client = Client::new(stack.url());
    let [user, other] = ["user", "other_user"].map(|who| stack.demo().describe()["users"][who].clone());
    let name = user.as_str().unwrap();
    let mut stream = Stream::open(&client).await;
    let state = stream.until("state", |_| true).await;
    assert_eq!(state["channels"], json!(["email", "push", "slack"]));
    assert_eq!((&state["people"][0]["id"], &state["people"][0]["name"]), (&user, &json!("John Doe")));
    assert_eq!(state["people"][0]["channels"]["sms"], true, "never switched is on");
    assert_eq!(state["dead_letters"], json!({"more": false, "letters": []}));

    let answers = json!({"answers": [{"status": 503, "times": 2}]});
    client.json(Method::PUT, "/_local/providers/ses", "", &answers).await;
    let body = json!({"user_id": user, "notification_type": "email", "critical": true, "template_code": "welcome"});
    let id = client.notify(&body).await;
    let seen = stream.end_of(&id).await;
    assert_eq!(
        (&seen["user_name"], &seen["critical"], &seen["content"]["template"]["template_code"]),
        (&json!("John Doe"), &json!(true), &json!("welcome"))
    );
    let delivery = &seen["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["attempts"]), (&json!("sent"), &json!(3)), "{delivery}");
    assert_eq!(delivery["trace"].as_array().unwrap().last().unwrap()["rule"], "rendered");
    let status = |number: usize| &delivery["requests"][number]["response"]["status"];
    assert_eq!([0, 1, 2, 3].map(status), [&json!(503), &json!(503), &json!(200), &Value::Null]);
    assert_eq!(delivery["requests"][2]["body"]["Content"]["Simple"]["Subject"]["Data"], "Welcome, John Doe");
    let message_id = delivery["requests"][2]["message_id"].as_str().unwrap();
    let html = client.get(&format!("/_local/ui/emails/{message_id}"), "").await;
    assert!(html.text.contains("Hello <strong>John Doe</strong>"), "{}", html.text);

    let off = json!({"preferences": {"email": false}});
    client.json(Method::PUT, &format!("/api/v1/users/{name}/preferences"), "", &off).await;
    stream.until("state", |state| state["people"][0]["channels"]["email"] == false).await;
    let content = json!({"subject": "s", "title": "t", "body": "b"});
    let skipped = client.notify(&json!({"user_id": user, "notification_type": "email", "content": content})).await;
    let delivery = stream.end_of(&skipped).await["deliveries"][0].clone();
    assert_eq!((&delivery["reason"], &delivery["requests"]), (&json!("channel_off"), &json!([])), "{delivery}");

    let set_up = client.json(Method::POST, "/_local/ui/channels", "", &Value::Null).await;
    assert_eq!(set_up.json(), json!({"channels": ["email", "push", "sms", "slack", "in_app"]}));
    stream.until("state", |state| state["channels"] == set_up.json()["channels"]).await;
    let everywhere = client.notify(&json!({"user_id": user, "content": content})).await;
    let seen = stream.end_of(&everywhere).await;
    let sent: Vec<_> = seen["deliveries"].as_array().unwrap().iter().filter(|one| one["status"] == "sent").collect();
    let channels: Vec<_> = sent.iter().map(|one| one["channel"].as_str().unwrap()).collect();
    assert_eq!(channels, ["push", "sms", "slack", "in_app"], "{seen}");
    for delivery in &sent[..3] {
        assert_eq!(delivery["requests"].as_array().unwrap().len(), 1, "{delivery}");
    }
    assert_eq!(sent[3]["entry"], json!({"title": "t", "body": "b", "data": {}, "read": false}));
    let hooked = client.notify(&json!({"user_id": other, "notification_type": "push", "content": content})).await;
    let request = stream.end_of(&hooked).await["deliveries"][0]["requests"][0].clone();
    assert_eq!(
        (&request["provider"], &request["body"]["data"]["notification_id"]),
        (&json!("webhook"), &json!(hooked))
    );

    runs_are_shown(&client, &mut stream, name).await;

    // A page that is opened later gets the same events. A page of another origin gets none.
    let mut late = Stream::open(&client).await;
    assert_eq!(late.end_of(&id).await["deliveries"][0]["attempts"], 3);
    let foreign = [("origin", "https://elsewhere.example")];
    let refused = client.send(Method::GET, "/_local/ui/events", &foreign, None).await;
    assert_eq!(refused.status, 403);
    let users = client.send(Method::GET, "/api/v1/templates", &foreign, None).await;
    assert_eq!(users.status, 401, "the API itself is for everybody who has a token");
    drop((stream, late));
    stack.shutdown().await;
}

/// Sends a run to this user, who has the channel push, and to somebody who is not there.
async fn runs_are_shown(client: &Client, stream: &mut Stream, user: &str) {
    let missing = "00000000-0000-4000-8000-00000000000f";
    let run = json!({
        "recipients": [{"user_id": missing}, {"user_id": user}], "channels": ["push"], "content": {"title": "r", "body": "b"},
    });
    let accepted = client.json(Method::POST, "/api/v1/runs", &client.token("service").await, &run).await.json();
    let id = accepted["data"]["run_id"].as_str().unwrap();
    stream.until("runs", |_| true).await;
    let shown = async || client.get(&format!("/_local/ui/data/runs/{id}"), "").await.json();
    let is_sent = |run: &Value| run["status"] == "done" && run["deliveries"]["statuses"] == json!({"sent": 1});
    let seen = eventually(async || Some(shown().await).filter(is_sent)).await;
    assert_eq!((&seen["expanded"], &seen["left_out"]), (&json!(1), &json!({"user_not_found": 1})), "{seen}");
    let left_out = json!([{"user_id": missing, "name": null, "reason": "user_not_found"}]);
    assert_eq!((&seen["left_out_recipients"], &seen["request"]), (&left_out, &run), "{seen}");
    client.index_catches_up().await;
    let listed = async |id: &str| client.get(&format!("/_local/ui/data/notifications?run={id}"), "").await.json();
    let found = listed(id).await;
    assert_eq!((found["items"].as_array().unwrap().len(), &found["items"][0]["run_id"]), (1, &json!(id)), "{found}");
    assert_eq!(listed(missing).await["items"], json!([]));
}

//! Tests of the `/_local` routes with real parts of the stack, but without the product's functions.

use reqwest::{Client, Method, Response};

use super::*;
use crate::aws::emulators::Emulators;
use crate::aws::proxy::Service;
use crate::demo;
use crate::lambda::pool::tests::played;
use crate::net::listen::{self, Listening};
use crate::template::{EventDestination, Schedule, Subscription};

pub(super) const QUEUE_URL: &str = "http://127.0.0.1:1/000000000000/q";

pub(crate) struct Running {
    _emulators: Emulators,
    _listening: Listening,
    pub(super) sqs: Sqs,
    pub(crate) providers: Arc<Providers>,
    pub(crate) url: String,
}

pub(crate) async fn start() -> Running {
    start_with(|_| Router::new()).await
}

/// Starts a control plane with one queue, which gets the bounces of the configuration set `set`, and with added routes.
pub(crate) async fn start_with(added: impl FnOnce(Arc<Control>) -> Router) -> Running {
    let emulators = Emulators::start(None).await.unwrap();
    let sqs = Sqs::new(emulators.sqs_endpoint());
    sqs.client().create_queue().queue_name("q").send().await.unwrap();
    let queue = Queue {
        logical_id: "Queue".to_owned(),
        name: "q".to_owned(),
        url: QUEUE_URL.to_owned(),
        arn: "arn:aws:sqs:us-east-1:000000000000:q".to_owned(),
        attributes: BTreeMap::new(),
    };
    let destination = EventDestination {
        configuration_set: "set".to_owned(),
        topic: "arn:topic".to_owned(),
        events: vec!["bounce".to_owned()],
    };
    let subscription = Subscription { topic: "arn:topic".to_owned(), queue: "Queue".to_owned() };
    let providers = Arc::new(Providers::start().await.unwrap());
    let failing = Arc::new(played(1, |_| Err(json!({"errorType": "Oops", "errorMessage": "no"}))).await);
    let plain = Arc::new(played(1, Ok).await);
    let hourly = |input: &str| Schedule { every: std::time::Duration::from_secs(3600), input: input.to_owned() };
    let control = Control {
        demo: Arc::new(Demo::new().unwrap()),
        providers: providers.clone(),
        dynamodb: Arc::new(Proxy::start(Service::DynamoDb, emulators.dynamodb_endpoint()).await.unwrap()),
        sqs: Arc::new(Proxy::start(Service::Sqs, emulators.sqs_endpoint()).await.unwrap()),
        queue_client: sqs.clone(),
        queues: vec![queue],
        publishing: Publishing { destinations: vec![destination], subscriptions: vec![subscription] },
        batches: Batches::default(),
        containers: None,
        functions: [
            ("test".to_owned(), Arc::new(played(2, Ok).await)),
            ("failing".to_owned(), failing),
            ("plain".to_owned(), plain),
        ]
        .into(),
        schedules: [
            ("test".to_owned(), vec![hourly(r#"{"tick": 1}"#), hourly("2")]),
            ("failing".to_owned(), vec![hourly("3")]),
        ]
        .into(),
        table: "none".to_owned(),
        store: demo::store(emulators.dynamodb_endpoint(), "none").expect("store"),
        runs: shared::store::Runs::new(shared::clock::Clock::system()),
    };
    let control = Arc::new(control);
    let router = control.clone().router(added(control));
    let listening = Listening::start(listen::bind(0).await.unwrap(), router).unwrap();
    let url = format!("http://{}/_local", listening.address());
    Running { _emulators: emulators, _listening: listening, sqs, providers, url }
}

impl Running {
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Response {
        let request = Client::new().request(method, format!("{}{path}", self.url));
        request.json(&body).send().await.unwrap()
    }

    pub(crate) async fn message(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let response = self.call(method, path, body).await;
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        (status, body["message"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn a_function_is_killed_by_name() {
    let stack = start().await;
    let killed: Value = stack.call(Method::POST, "/functions/test/kill", Value::Null).await.json().await.unwrap();
    assert_eq!(killed["killed"].as_array().unwrap().len(), 2);
    let refused = stack.message(Method::POST, "/functions/other/kill", Value::Null).await;
    assert_eq!(refused, (404, "there is no function \"other\"; there are: failing, plain, test".to_owned()));
}

#[tokio::test]
async fn a_function_s_schedules_fire_when_told_to() {
    let stack = start().await;
    let fired = async |name: &str| {
        let response = stack.call(Method::POST, &format!("/functions/{name}/tick"), Value::Null).await;
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let echoed = json!([{"input": {"tick": 1}, "answer": {"tick": 1}}, {"input": 2, "answer": 2}]);
    assert_eq!(fired("test").await, (200, json!({"answers": echoed})));
    let (status, body) = fired("failing").await;
    assert_eq!((status, &body["answers"][0]["input"]), (200, &json!(3)));
    assert!(body["answers"][0]["error"].as_str().unwrap().starts_with("the function reported"), "{body}");
    let refused = json!({"message": "template.yaml gives the function \"plain\" no schedule"});
    assert_eq!(fired("plain").await, (404, refused));
    let refused = json!({"message": "there is no function \"other\"; there are: failing, plain, test"});
    assert_eq!(fired("other").await, (404, refused));
}

#[tokio::test]
async fn queues_are_counted() {
    let stack = start().await;
    let send = stack.sqs.client().send_message().queue_url(QUEUE_URL);
    send.message_body("x").send().await.unwrap();
    let counts: Value = stack.call(Method::GET, "/queues", Value::Null).await.json().await.unwrap();
    let queue = json!({"visible": 1, "in_flight": 0, "delayed": 0});
    let expected = json!({"visible": 1, "in_flight": 0, "delayed": 0, "dead_lettered": 0, "queues": {"Queue": queue}});
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn answers_and_faults_are_taken_or_refused_in_words() {
    let stack = start().await;
    let answers = json!({"answers": [{"status": 503}, {"then": "reset"}]});
    assert_eq!(stack.call(Method::PUT, "/providers/ses", answers.clone()).await.status(), 204);
    let (status, message) = stack.message(Method::PUT, "/providers/pager", answers).await;
    assert_eq!(status, 404);
    assert!(message.contains("ses, fcm, apns, slack"), "{message}");
    let faults = json!({"dynamodb": [{"kind": "throttle", "times": 1}]});
    assert_eq!(stack.call(Method::PUT, "/faults", faults).await.status(), 204);
    assert_eq!(stack.call(Method::DELETE, "/faults", Value::Null).await.status(), 204);
    let (status, message) = stack.message(Method::PUT, "/faults", json!({"dynamodb": [{"kind": "x"}]})).await;
    assert_eq!(status, 400);
    assert!(message.contains("unknown variant"), "{message}");
}

#[tokio::test]
async fn calls_and_deliveries_begin_empty_and_can_be_emptied() {
    let stack = start().await;
    let calls: Value = stack.call(Method::GET, "/calls", Value::Null).await.json().await.unwrap();
    assert_eq!((&calls["dynamodb"]["total"], &calls["sqs"]["total"]), (&json!(0), &json!(0)));
    let deliveries: Value = stack.call(Method::GET, "/deliveries", Value::Null).await.json().await.unwrap();
    assert_eq!(deliveries, json!([]));
    let batches: Value = stack.call(Method::GET, "/batches", Value::Null).await.json().await.unwrap();
    assert_eq!(batches, json!({}), "no function has a queue");
    let requests: Value = stack.call(Method::GET, "/providers", Value::Null).await.json().await.unwrap();
    assert_eq!(requests, json!({"ses": 0, "fcm": 0, "apns": 0, "slack": 0, "sms": 0, "webhook": 0, "logs": 0}));
    for path in ["/calls", "/deliveries", "/batches"] {
        assert_eq!(stack.call(Method::DELETE, path, Value::Null).await.status(), 204);
    }
}

#[tokio::test]
async fn what_it_does_not_have_is_said_in_json() {
    let stack = start().await;
    assert_eq!(stack.message(Method::GET, "/nothing", Value::Null).await.0, 404);
    assert_eq!(stack.message(Method::POST, "/queues", Value::Null).await.0, 405);
}

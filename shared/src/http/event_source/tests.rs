//! Events as AWS sends them, and such as only a hostile client can make AWS send.

use lambda_http::RequestExt;
use serde_json::{Value, json};

use super::*;
use crate::http::path;

fn read(event: &Value) -> Event {
    serde_json::from_str(&event.to_string()).unwrap_or_else(|error| panic!("{event}: {error}"))
}

fn http_api_event(change: Value) -> Value {
    let context = json!({"domainName": "a.execute-api.eu-west-1.amazonaws.com", "stage": "$default",
        "http": {"method": "POST", "path": "/a", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"}});
    let event = json!({"version": "2.0", "routeKey": "$default", "rawPath": "/a", "rawQueryString": "", "headers": {},
        "requestContext": context, "isBase64Encoded": false});
    changed(event, change)
}

fn rest_event(change: Value) -> Value {
    let event = json!({"resource": "/{proxy+}", "path": "/a", "httpMethod": "POST", "headers": null, "multiValueHeaders": null,
        "queryStringParameters": null, "multiValueQueryStringParameters": null, "pathParameters": null,
        "stageVariables": null, "requestContext": {"stage": "prod", "path": "/prod/a", "httpMethod": "POST",
        "requestId": "1", "apiId": "a", "identity": {"sourceIp": "203.0.113.7"}}, "body": null, "isBase64Encoded": false});
    changed(event, change)
}

fn balancer_event(change: Value) -> Value {
    let event = json!({"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "POST", "path": "/a", "queryStringParameters": {}, "body": "", "isBase64Encoded": false});
    changed(event, change)
}

fn changed(mut event: Value, change: Value) -> Value {
    let Value::Object(change) = change else { panic!("an object") };
    event.as_object_mut().unwrap().extend(change);
    event
}

fn values(event: &Event, name: &str) -> Vec<String> {
    event.request.headers().get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[test]
fn an_event_comes_in_at_its_own_door() {
    assert_eq!(read(&http_api_event(json!({}))).source, EventSource::HttpApi);
    assert_eq!(read(&rest_event(json!({}))).source, EventSource::RestApi);
    let headers = json!({"host": "a"});
    let one = balancer_event(json!({"headers": headers}));
    assert_eq!(read(&one).source, EventSource::LoadBalancer { multi_value: false });
    let several = balancer_event(json!({"multiValueHeaders": {"host": ["a"]}, "multiValueQueryStringParameters": {}}));
    assert_eq!(read(&several).source, EventSource::LoadBalancer { multi_value: true });
    assert!(serde_json::from_str::<Event>(r#"{"Records": []}"#).is_err());
}

#[test]
fn a_route_is_the_gateway_s_without_a_method() {
    let route = |event: &Event| event.request.extensions().get::<Route>().map(|Route(route)| route.clone());
    let http_api = |key: &str| {
        let context = json!({"stage": "$default", "routeKey": key, "http": {"method": "POST"}});
        route(&read(&http_api_event(json!({"requestContext": context}))))
    };
    assert_eq!(http_api("ANY /users/{id}").as_deref(), Some("/users/{id}"));
    assert_eq!(http_api("$default"), None);
    let context = json!({"stage": "prod", "resourcePath": "/users/{id}"});
    assert_eq!(route(&read(&rest_event(json!({"requestContext": context})))).as_deref(), Some("/users/{id}"));
    assert_eq!(route(&read(&balancer_event(json!({"headers": {"host": "a"}})))), None);
}

#[test]
fn every_value_of_a_repeated_header_is_there() {
    let (one, several) = (json!({"Cookie": "b=2", "X-One": "1"}), json!({"Cookie": ["a=1", "b=2"]}));
    let rest = read(&rest_event(json!({"headers": one, "multiValueHeaders": several})));
    assert_eq!((values(&rest, "cookie"), values(&rest, "x-one")), (vec!["a=1".into(), "b=2".into()], vec!["1".into()]));
    let balancer = read(&balancer_event(json!({"multiValueHeaders": several})));
    assert_eq!(values(&balancer, "cookie"), ["a=1", "b=2"]);
    let http_api = read(&http_api_event(json!({"cookies": ["a=1", "b=2"], "headers": {"cookie": "old=1"}})));
    assert_eq!(values(&http_api, "cookie"), ["a=1; b=2"]);
    assert_eq!(values(&read(&http_api_event(json!({}))), "cookie"), Vec::<String>::new());
}

#[test]
fn a_query_means_the_same_at_every_door() {
    let decoded = json!({"a": ["1 2", "x&y=z", "é+"], "b": [""]});
    let encoded = json!({"a": ["1%202", "x%26y%3Dz", "%C3%A9%2B"], "b": [""]});
    let events = [
        http_api_event(json!({"rawQueryString": "a=1+2&a=x%26y%3Dz&b&a=%C3%A9%2B",
            "queryStringParameters": {"a": "1 2,x&y=z,é+", "b": ""}})),
        rest_event(json!({"multiValueQueryStringParameters": decoded, "queryStringParameters": {"a": "é+", "b": ""}})),
        balancer_event(json!({"multiValueHeaders": {"a": ["b"]}, "multiValueQueryStringParameters": encoded})),
    ];
    for event in &events {
        let query = read(event).request.query_string_parameters();
        assert_eq!(query.all("a").unwrap(), ["1 2", "x&y=z", "é+"], "{event}");
        assert_eq!(query.first("b"), Some(""), "{event}");
    }
    let one = balancer_event(json!({"headers": {"a": "b"}, "queryStringParameters": {"q": "a+b%2Bc"}}));
    assert_eq!(read(&one).request.query_string_parameters().first("q"), Some("a b+c"));
}

#[test]
fn a_body_comes_as_text_or_in_base64_and_may_be_missing() {
    let events = [http_api_event as fn(Value) -> Value, rest_event, balancer_event];
    for event in events {
        let body = |change: Value| read(&event(change)).request.body().to_vec();
        assert_eq!(body(json!({"body": "é"})), "é".as_bytes());
        assert_eq!(body(json!({"body": "w6k=", "isBase64Encoded": true})), "é".as_bytes());
        assert_eq!(body(json!({"body": null})), b"");
        assert_eq!(body(json!({"body": ""})), b"");
    }
}

#[test]
fn a_path_is_decoded_once_and_has_no_stage() {
    let segments = |event: Value| path::segments(&read(&event).request).unwrap();
    let staged = |stage: &str, path: &str| {
        let mut event = http_api_event(json!({"rawPath": path}));
        event["requestContext"]["stage"] = json!(stage);
        segments(event)
    };
    assert_eq!(staged("$default", "/a b/%2F"), ["a b", "%2F"]);
    assert_eq!(staged("prod", "/prod/a"), ["a"]);
    assert_eq!(staged("prod", "/prod"), [""]);
    assert_eq!(staged("prod", "/products/a"), ["products", "a"]);
    assert_eq!(segments(rest_event(json!({"path": "/a%20b/%252F"}))), ["a b", "%2F"]);
    assert_eq!(segments(rest_event(json!({"path": "/prod/a"}))), ["prod", "a"]);
    assert_eq!(segments(balancer_event(json!({"path": "/a%20b/%252F"}))), ["a b", "%2F"]);
}

#[test]
fn what_a_client_makes_up_ends_no_process() {
    let wild =
        ["", "/", "*", "//", "/a?b#c", "/\u{0}\n", "/é\u{1F980}", "/[", "/%", "/%zz", "/\"<>`{}|\\^", ":99999999"];
    for text in wild {
        // HTTP itself has no control characters in a header.
        let headers = json!({"host": text.replace(char::is_control, ""), "x-forwarded-proto": "%"});
        let common =
            json!({"headers": headers, "queryStringParameters": {text: text}, "body": text, "isBase64Encoded": true});
        let http_api = changed(common.clone(), json!({"rawPath": text, "rawQueryString": text}));
        let others = changed(common, json!({"path": text}));
        for event in [http_api_event(http_api), rest_event(others.clone()), balancer_event(others)] {
            let event = read(&event);
            path::segments(&event.request);
            assert_eq!(event.request.method(), "POST", "{text:?}");
        }
    }
}

#[test]
fn a_health_check_is_what_a_load_balancer_asks_for_itself() {
    let checks = |headers: Value| read(&balancer_event(json!({"headers": headers}))).is_health_check();
    assert!(checks(json!({"user-agent": "ELB-HealthChecker/2.0"})));
    assert!(!checks(json!({"user-agent": "ELB-HealthChecker/2.0", "x-forwarded-for": "203.0.113.7"})));
    assert!(!checks(json!({"user-agent": "curl/8.5.0"})));
    assert!(!read(&rest_event(json!({"headers": {"User-Agent": "ELB-HealthChecker/2.0"}}))).is_health_check());
}

//! Makes the events of the other event sources from the event of an HTTP API.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// An event source other than the HTTP API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    RestApi,
    FunctionUrl,
    Alb,
    AlbMultiValue,
}

/// Domain names that AWS would give, for the `Host` header.
const FUNCTION_URL: &str = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-west-1.on.aws";
const BALANCER: &str = "tidings-1234567890.eu-west-1.elb.amazonaws.com";
const REST_API: &str = "abcdef1234.execute-api.eu-west-1.amazonaws.com";

impl EventSource {
    pub const OTHERS: [Self; 4] = [Self::RestApi, Self::FunctionUrl, Self::Alb, Self::AlbMultiValue];

    /// The source's name in the names of event files.
    pub fn name(self) -> &'static str {
        match self {
            Self::RestApi => "rest-api",
            Self::FunctionUrl => "function-url",
            Self::Alb => "alb",
            Self::AlbMultiValue => "alb-multi-value",
        }
    }

    /// The request of `http_api` as an event of this source.
    pub fn event(self, http_api: &Value) -> Value {
        match self {
            Self::RestApi => rest_api(http_api),
            Self::FunctionUrl => function_url(http_api),
            Self::Alb => alb(http_api, false),
            Self::AlbMultiValue => alb(http_api, true),
        }
    }
}

/// The path as the client wrote it. Only an HTTP API passes it on decoded.
fn encoded_path(http_api: &Value) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@!$&'()*+,;=".contains(&byte);
    let path = http_api["rawPath"].as_str().unwrap().bytes();
    path.map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The names and values of the query, still encoded as in the URL.
fn query(http_api: &Value) -> Vec<(&str, &str)> {
    let pairs = http_api["rawQueryString"].as_str().unwrap().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect()
}

/// The headers for another host, with the cookies as a header among them.
fn headers(http_api: &Value, host: &str) -> Vec<(String, String)> {
    let mut headers: Vec<_> = http_api["headers"].as_object().unwrap().iter().map(pair).collect();
    headers.retain(|(name, _)| name != "host");
    headers.push(("host".to_owned(), host.to_owned()));
    if let Some(cookies) = http_api["cookies"].as_array() {
        let cookies: Vec<_> = cookies.iter().map(|cookie| cookie.as_str().unwrap()).collect();
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    headers
}

fn pair((name, value): (&String, &Value)) -> (String, String) {
    (name.clone(), value.as_str().unwrap().to_owned())
}

/// An object with the last value of each name.
fn one(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into()
}

/// An object with the list of all values of each name.
fn several(pairs: &[(String, String)]) -> Value {
    let mut several = Map::new();
    for (name, value) in pairs {
        let values = several.entry(name.clone()).or_insert_with(|| json!([]));
        values.as_array_mut().unwrap().push(json!(value));
    }
    several.into()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The name as HTTP/1.1 clients write it, as in `X-Forwarded-For`. A REST API passes header names on unchanged.
fn titled(name: &str) -> String {
    let words = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<Vec<_>>().join("-")
}

fn rest_api(http_api: &Value) -> Value {
    let (context, path) = (&http_api["requestContext"], encoded_path(http_api));
    let resource = http_api["routeKey"].as_str().unwrap().strip_prefix("ANY ").unwrap_or("/{proxy+}");
    let headers: Vec<_> = headers(http_api, REST_API).into_iter().map(|(name, value)| (titled(&name), value)).collect();
    // A REST API decodes the query.
    let query: Vec<_> = query(http_api).iter().map(|(name, value)| (decoded(name), decoded(value))).collect();
    let or_null = |value: Value| if query.is_empty() { Value::Null } else { value };
    let identity = json!({
        "cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null, "caller": null, "accessKey": null,
        "sourceIp": context["http"]["sourceIp"], "cognitoAuthenticationType": null,
        "cognitoAuthenticationProvider": null, "userArn": null, "userAgent": context["http"]["userAgent"], "user": null
    });
    json!({
        "resource": resource,
        "path": path,
        "httpMethod": context["http"]["method"],
        "headers": one(&headers),
        "multiValueHeaders": several(&headers),
        "queryStringParameters": or_null(one(&query)),
        "multiValueQueryStringParameters": or_null(several(&query)),
        "pathParameters": http_api["pathParameters"],
        "stageVariables": null,
        "requestContext": {
            "accountId": context["accountId"], "apiId": context["apiId"], "domainName": REST_API,
            "domainPrefix": "abcdef1234", "httpMethod": context["http"]["method"], "identity": identity,
            "path": format!("/prod{path}"), "protocol": "HTTP/1.1", "requestId": "5c8f0b2e-6f6c-4c60-9d43-2f4f1f9f0a11",
            "requestTime": context["time"], "requestTimeEpoch": context["timeEpoch"], "resourceId": "a1b2c3",
            "resourcePath": resource, "stage": "prod"
        },
        // The body is text, whatever its type, because no binary media types are set.
        "body": plain_body(http_api),
        "isBase64Encoded": false
    })
}

fn function_url(http_api: &Value) -> Value {
    let mut event = http_api.clone();
    let path = encoded_path(http_api);
    event["routeKey"] = json!("$default");
    event["rawPath"] = json!(path);
    event["headers"]["host"] = json!(FUNCTION_URL);
    let prefix = FUNCTION_URL.split('.').next().unwrap();
    let context = &mut event["requestContext"];
    context["accountId"] = json!("anonymous");
    context["apiId"] = json!(prefix);
    context["domainName"] = json!(FUNCTION_URL);
    context["domainPrefix"] = json!(prefix);
    context["http"]["path"] = json!(path);
    context["requestId"] = json!("5c8f0b2e-6f6c-4c60-9d43-2f4f1f9f0a11");
    context["routeKey"] = json!("$default");
    event.as_object_mut().unwrap().remove("pathParameters");
    event
}

fn alb(http_api: &Value, multi_value: bool) -> Value {
    let (headers, query) = (headers(http_api, BALANCER), owned(&query(http_api)));
    let group = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/tidings/0123456789abcdef";
    let mut event = json!({
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": http_api["requestContext"]["http"]["method"],
        "path": encoded_path(http_api),
        "body": http_api.get("body").cloned().unwrap_or(json!("")),
        "isBase64Encoded": http_api["isBase64Encoded"]
    });
    if multi_value {
        event["multiValueQueryStringParameters"] = several(&query);
        event["multiValueHeaders"] = several(&headers);
    } else {
        event["queryStringParameters"] = one(&query);
        event["headers"] = one(&headers);
    }
    event
}

fn plain_body(http_api: &Value) -> Value {
    match http_api["body"].as_str() {
        Some(body) if http_api["isBase64Encoded"] == true => {
            json!(String::from_utf8(STANDARD.decode(body).unwrap()).unwrap())
        }
        Some(body) => json!(body),
        None => Value::Null,
    }
}

/// The decoded text. The queries in the event files have no escapes, so this asserts that there is nothing to decode.
fn decoded(text: &str) -> String {
    assert!(!text.contains(['%', '+']), "{text}: teach this to decode");
    text.to_owned()
}

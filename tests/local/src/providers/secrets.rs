//! AWS Secrets Manager: `GetSecretValue`, and `DescribeSecret`, which shows no value.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::Shape;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// Answers a request.
pub(super) fn answer(state: &State, request: &Request) -> Reply {
    state.count("secretsmanager");
    let target = request.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let describes = target == Some("secretsmanager.DescribeSecret");
    if !describes && target != Some("secretsmanager.GetSecretValue") {
        return error("UnknownOperationException", "The local stack answers GetSecretValue and DescribeSecret only.");
    }
    if !request.headers.contains_key("authorization") {
        return error("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    let Some(id) = body["SecretId"].as_str().filter(|id| !id.is_empty()) else {
        return error("InvalidParameterException", "You must provide a value for the SecretId parameter.");
    };
    let name = name(id);
    let Some(versions) = state.secret(name) else {
        return error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    };
    if describes {
        let version = versions.staged("AWSCURRENT").map(|secret| secret.version.to_string()).unwrap_or_default();
        let body = json!({"ARN": arn(id, name), "Name": name, "VersionIdsToStages": {version: ["AWSCURRENT"]}});
        return content_type(Shape::json(body)).reply(StatusCode::OK);
    }
    let stage = body["VersionStage"].as_str().unwrap_or("AWSCURRENT");
    let Some(secret) = versions.staged(stage) else {
        let message = format!("Secrets Manager can't find the specified secret value for staging label: {stage}");
        return error("ResourceNotFoundException", &message);
    };
    let body = json!({
        "ARN": arn(id, name),
        "Name": name,
        "SecretString": secret.value,
        "VersionId": secret.version.to_string(),
        "VersionStages": [stage],
        "CreatedDate": secret.created.as_millisecond() as f64 / 1000.0,
    });
    content_type(Shape::json(body)).reply(StatusCode::OK)
}

/// The name in an ARN (`arn:aws:secretsmanager:region:account:secret:name-6chars`), or the id itself.
fn name(id: &str) -> &str {
    if !id.starts_with("arn:") {
        return id;
    }
    let name = id.splitn(7, ':').nth(6).unwrap_or(id);
    match name.rsplit_once('-') {
        Some((name, random)) if random.len() == 6 => name,
        _ => name,
    }
}

fn arn(id: &str, name: &str) -> String {
    if id.starts_with("arn:") {
        return id.to_owned();
    }
    format!("arn:aws:secretsmanager:us-east-1:000000000000:secret:{name}-local0")
}

fn error(kind: &str, message: &str) -> Reply {
    content_type(Shape::json(json!({"__type": kind, "message": message}))).reply(StatusCode::BAD_REQUEST)
}

fn content_type(shape: Shape) -> Shape {
    shape.header("content-type", "application/x-amz-json-1.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_its_secret() {
        assert_eq!(name("tidings/demo/fcm"), "tidings/demo/fcm");
        assert_eq!(name("arn:aws:secretsmanager:eu-west-1:1:secret:tidings/fcm-a1B2c3"), "tidings/fcm");
        assert_eq!(name("arn:aws:secretsmanager:eu-west-1:1:secret:tidings/fcm-demo"), "tidings/fcm-demo");
    }
}

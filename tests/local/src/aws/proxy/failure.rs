//! The services' errors, in their JSON protocols.

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::Service;
use crate::net::loopback::Reply;

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810#";
/// What DynamoDB says about an item that a transaction is at work on.
pub(super) const CONFLICT: &str = "Transaction is ongoing for the item";

/// An answer with this body.
pub(super) fn answer(status: u16, body: &Value) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/x-amz-json-1.0"));
    let request_id = uuid::Uuid::new_v4().to_string();
    if let Ok(request_id) = HeaderValue::from_str(&request_id) {
        headers.insert("x-amzn-requestid", request_id);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::Answer(status, headers, body.to_string().into())
}

/// The error for too many calls.
pub(super) fn throttle(service: Service) -> Reply {
    match service {
        Service::DynamoDb => {
            let message = "The level of configured provisioned throughput for the table was exceeded. \
                Consider increasing your provisioning level with the UpdateTable API.";
            let kind = format!("{DYNAMODB}ProvisionedThroughputExceededException");
            answer(400, &json!({"__type": kind, "message": message}))
        }
        Service::Sqs => {
            let body = json!({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "Request is throttled."});
            with_query_error(answer(400, &body), "RequestThrottled;Sender")
        }
    }
}

/// The error for a call that the caller's role does not allow.
pub(super) fn denied(service: Service, why: &str) -> Reply {
    match service {
        Service::DynamoDb => {
            let kind = "com.amazon.coral.service#AccessDeniedException";
            answer(400, &json!({"__type": kind, "Message": why}))
        }
        Service::Sqs => {
            let body = json!({"__type": "com.amazonaws.sqs#AccessDeniedException", "message": why});
            with_query_error(answer(403, &body), "AccessDenied;Sender")
        }
    }
}

/// The service's internal error.
pub(super) fn error(service: Service) -> Reply {
    match service {
        Service::DynamoDb => {
            let kind = format!("{DYNAMODB}InternalServerError");
            answer(500, &json!({"__type": kind, "message": "Internal server error"}))
        }
        Service::Sqs => {
            let message = "We encountered an internal error. Please try again.";
            let body = json!({"__type": "com.amazonaws.sqs#InternalError", "message": message});
            with_query_error(answer(500, &body), "InternalError;Receiver")
        }
    }
}

/// DynamoDB's error if another transaction uses the item. In a transaction, the first item has this error.
pub(super) fn conflict(operation: &str, request: &[u8]) -> Reply {
    let items = match operation {
        "TransactWriteItems" | "TransactGetItems" => super::capacity::transaction_items(operation, request).max(1),
        _ => {
            let kind = format!("{DYNAMODB}TransactionConflictException");
            return answer(400, &json!({"__type": kind, "message": CONFLICT}));
        }
    };
    let mut codes = vec!["TransactionConflict"];
    codes.resize(items, "None");
    cancelled(&codes)
}

/// DynamoDB's error of a cancelled transaction, with the reason of each item.
pub(super) fn cancelled(codes: &[&str]) -> Reply {
    let reasons = codes.iter().map(|code| match *code {
        "None" => json!({"Code": code}),
        "TransactionConflict" => json!({"Code": code, "Message": CONFLICT}),
        _ => json!({"Code": code, "Message": "Request is throttled."}),
    });
    let body = json!({
        "__type": format!("{DYNAMODB}TransactionCanceledException"),
        "Message": format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
        "CancellationReasons": reasons.collect::<Vec<_>>(),
    });
    answer(400, &body)
}

/// Adds the error's name in the query protocol. SQS sends it too, and the SDKs read it.
fn with_query_error(mut reply: Reply, name: &'static str) -> Reply {
    if let Reply::Answer(_, headers, _) = &mut reply {
        headers.insert("x-amzn-query-error", HeaderValue::from_static(name));
    }
    reply
}

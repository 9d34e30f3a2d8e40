//! Amazon SES, API v2: `SendEmail`, and `DeleteSuppressedDestination` of the account's list of suppressed addresses.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::account;
use super::answer::{Answer, Shape};
use super::delivery;
use super::state::State;
use crate::net::loopback::{Reply, Request};

/// The error of a request: status, error type and message.
type Refusal = (u16, &'static str, String);

/// Answers a request.
pub(super) async fn answer(state: &State, request: Request) -> Reply {
    let listed = request.uri.path().strip_prefix(SUPPRESSED).filter(|_| request.method == Method::DELETE);
    if let Some(address) = listed {
        return lifted(state, address);
    }
    if let Some(reply) = account::answer_ses(state, &request) {
        return reply;
    }
    if request.method != Method::POST || request.uri.path() != "/v2/email/outbound-emails" {
        return error("UnknownOperationException", "The action or operation requested is invalid.")
            .reply(StatusCode::NOT_FOUND);
    }
    let (to, refusal) = match check(&request) {
        Ok(to) => (to, None),
        Err(refusal) => (Vec::new(), Some(refusal)),
    };
    if refusal.is_none() && !state.takes_email(to.len()) {
        // SES drops the email, so it is no delivery.
        state.count(RATE_EXCEEDED);
        return error("TooManyRequestsException", "Maximum sending rate exceeded.")
            .reply(StatusCode::TOO_MANY_REQUESTS);
    }
    // SES accepts the email, and does not send it.
    if refusal.is_none() && !to.is_empty() && to.iter().all(|address| state.is_suppressed(address)) {
        return Shape::json(json!({"MessageId": message_id()})).reply(StatusCode::OK);
    }
    let refused = refusal.as_ref().map(|(status, ..)| Answer { status: *status, ..Answer::default() });
    let to = to.iter().map(String::as_str).collect::<Vec<_>>();
    let id = message_id();
    let answer = state.deliver("ses", &to, refused, |answer| {
        let all = (!to.is_empty()).then(|| to.join(", "));
        let mut delivery = delivery::record("ses", "email", all.as_deref(), &request, answer);
        if answer.status().is_success() {
            let told = answer.body.as_ref().and_then(|body| body["MessageId"].as_str());
            delivery["message_id"] = json!(told.unwrap_or(&id));
        }
        delivery
    });
    let usual = match &refusal {
        Some((_, kind, message)) => error(kind, message),
        None if answer.status().is_success() => {
            Shape::json(json!({"MessageId": id})).header("x-amzn-requestid", &Uuid::new_v4().to_string())
        }
        None => documented_error(answer.status().as_u16()),
    };
    answer.give(usual).await
}

/// What email above the account's rate is counted as. Its error:
/// <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>,
/// <https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html>.
const RATE_EXCEEDED: &str = "ses: maximum sending rate exceeded";

/// The path of an address of the account's list.
const SUPPRESSED: &str = "/v2/email/suppression/addresses/";

fn lifted(state: &State, address: &str) -> Reply {
    state.count("ses: DeleteSuppressedDestination");
    let address = percent_encoding::percent_decode_str(address).decode_utf8_lossy();
    if state.lift(&address) {
        Shape::json(json!({})).reply(StatusCode::OK)
    } else {
        error("NotFoundException", "Email address does not exist on your suppression list.")
            .reply(StatusCode::NOT_FOUND)
    }
}

/// An id in the form of SES's ids: time-ordered hexadecimal digits, a UUID and a counter.
fn message_id() -> String {
    format!("0100{:012x}-{}-000000", jiff::Timestamp::now().as_millisecond(), Uuid::new_v4())
}

/// Checks a request by SES's rules. Returns the recipients' addresses.
fn check(request: &Request) -> Result<Vec<String>, Refusal> {
    let bad = |message: &str| (400, "BadRequestException", message.to_owned());
    if !request.headers.contains_key("authorization") {
        return Err((403, "MissingAuthenticationTokenException", "Missing Authentication Token".to_owned()));
    }
    let body = serde_json::from_slice::<Value>(&request.body)
        .map_err(|error| (400, "SerializationException", format!("The body is not JSON: {error}")))?;
    let filled = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty());

    let mut addresses = Vec::new();
    for field in ["ToAddresses", "CcAddresses", "BccAddresses"] {
        for address in body["Destination"][field].as_array().into_iter().flatten() {
            let address = address.as_str().filter(|address| address.contains('@'));
            addresses.push(address.ok_or_else(|| bad("Missing final '@domain'"))?.to_owned());
        }
    }
    let raw = filled("/Content/Raw/Data");
    if addresses.is_empty() && !raw {
        return Err(bad("Destination must have at least one address."));
    }
    if !filled("/FromEmailAddress") && !raw {
        return Err(bad("FromEmailAddress must be set."));
    }
    let simple = filled("/Content/Simple/Subject/Data")
        && (filled("/Content/Simple/Body/Text/Data") || filled("/Content/Simple/Body/Html/Data"));
    let template = ["TemplateName", "TemplateArn", "TemplateContent"]
        .iter()
        .any(|field| body["Content"]["Template"].get(field).is_some());
    if !(simple || template || raw) {
        return Err(bad("Content must have a Simple message with a subject and a body, a Raw message or a Template."));
    }
    for kind in ["Simple", "Template"] {
        check_headers(&body["Content"][kind]["Headers"]).map_err(bad)?;
    }
    Ok(addresses)
}

/// Checks a message's own headers by SES's reference.
fn check_headers(headers: &Value) -> Result<(), &'static str> {
    let headers = match headers {
        Value::Null => return Ok(()),
        Value::Array(headers) if headers.len() <= 15 => headers,
        _ => return Err("Headers must be a list of at most 15 headers."),
    };
    let mut names = BTreeSet::new();
    for header in headers {
        let (Some(name), Some(value)) = (header["Name"].as_str(), header["Value"].as_str()) else {
            return Err("A header must have a Name and a Value.");
        };
        let good = |c: char| c.is_ascii_graphic() && c != ':';
        if !(1..=126).contains(&name.len()) || !name.chars().all(good) {
            return Err("A header's Name must be 1 to 126 printable ASCII characters without a colon.");
        }
        if !(1..=870).contains(&value.len()) || !value.chars().all(|c| (' '..='~').contains(&c)) {
            return Err("A header's Value must be 1 to 870 printable ASCII characters.");
        }
        if !names.insert(name.to_ascii_lowercase()) {
            return Err("A header must not stand twice.");
        }
    }
    Ok(())
}

/// The error that SES documents for a status.
fn documented_error(status: u16) -> Shape {
    match status {
        400 => error("MessageRejected", "Email address is not verified."),
        403 => error("AccessDeniedException", "User is not authorized to perform: ses:SendEmail"),
        404 => error("NotFoundException", "The resource you attempted to access doesn't exist."),
        429 => error("TooManyRequestsException", "Maximum sending rate exceeded."),
        503 => error("ServiceUnavailableException", "Service is unavailable."),
        500.. => error("InternalFailure", "The request processing has failed because of an unknown error."),
        _ => error("BadRequestException", "The input you provided is invalid."),
    }
}

fn error(kind: &str, message: &str) -> Shape {
    Shape::json(json!({"message": message}))
        .header("x-amzn-errortype", kind)
        .header("x-amzn-requestid", &Uuid::new_v4().to_string())
}

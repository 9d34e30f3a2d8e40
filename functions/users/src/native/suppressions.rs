//! `/api/v1/users/{id}/suppressions`: addresses that mail is not sent to any more, because it came back or its owner
//! complained.

use std::collections::BTreeSet;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        openapi::{DELETES, OPERATORS, READS, Refusals, SELF_OR_ADMIN},
        refused, unversioned,
    },
    domain::{Cause, EmailAddress, Suppression, Timestamp, UserId, user::UserRecord, user_change::AllowedUser},
    http::{
        IdempotentRequest, Reply,
        openapi::{Document, Email},
    },
    store::StoreError,
};

use crate::App;

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Suppressions")]
struct ListView {
    items: Vec<SuppressionView>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Suppression")]
struct SuppressionView {
    address: String,
    cause: Cause,
    at: Timestamp,
}

/// Answers a request for all of a user's.
pub async fn all(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

/// Answers a request for one of them.
pub async fn one(app: &App, request: &Request, raw_id: &str, address: &str) -> Reply {
    let answer = match *request.method() {
        Method::DELETE => lift(app, request, raw_id, address).await,
        _ => Err(Problem::MethodNotAllowed("DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn list(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    let found = app.store.allowed_user(&user).await;
    let found = found.map_err(|error| refused(error, Some(&caller), user.id()))?;
    // An address of the user's is suppressed because of whatever user had it when mail bounced. Suppressions in the user
    // were written before they were stored by address.
    let mut suppressed = app.suppressions.among_now(found.email_addresses().map(str::to_owned).collect()).await?;
    suppressed.extend(found.suppressed);
    let view = |(address, why): (String, Suppression)| SuppressionView { address, cause: why.cause, at: why.at };
    let items = suppressed.into_iter().map(view).collect();
    Ok(Reply::json(StatusCode::OK, &ListView { items }))
}

async fn lift(app: &App, request: &Request, raw_id: &str, address: &str) -> Result<Reply, Problem> {
    let (caller, id, NoQuery) = Access::ADMIN.caller_about(&app.bearer, request, raw_id).await?;
    unversioned(request)?;
    let address = EmailAddress::parse(address).ok_or_else(|| Problem::invalid("address must be an email address"))?;
    let write = async {
        // SES's list comes first: if it cannot be changed, nothing was, and the same request does all of it. The other way round,
        // a request that is repeated would find nothing to lift, and SES would go on to swallow the mail.
        let mut of_account = false;
        for spelling in spellings(app, id, &address).await? {
            of_account |= app.suppression_list.lift(&spelling).await?;
        }
        let of_address = app.suppressions.lift(address.as_str()).await?;
        let of_user = app.store.lift_user_suppression(id, &address.unique_form()).await?;
        if of_account || of_address || of_user {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        Err(Problem::not_found("This address is not suppressed"))
    };
    IdempotentRequest::of(request, &caller)?.about(&AllowedUser::without_rule(id)).run(&app.store, write).await
}

/// The spellings under which SES's list may have the address: as the request names it, in lower case, and as the user has it. SES
/// swallows mail whatever the case, and keeps and removes an entry by its exact spelling, which is that of the mail that came back
/// (<https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html>).
async fn spellings(app: &App, id: UserId, address: &EmailAddress) -> Result<BTreeSet<String>, StoreError> {
    let wanted = address.unique_form();
    let mut found = BTreeSet::from([address.as_str().to_owned()]);
    if let Some(UserRecord::Present(user)) = app.store.user(id).await? {
        let own = user.email_addresses().filter_map(EmailAddress::parse).filter(|own| own.unique_form() == wanted);
        found.extend(own.map(|own| own.as_str().to_owned()));
    }
    found.insert(wanted);
    Ok(found)
}

/// The paths in the OpenAPI document.
pub fn document(doc: &mut Document) {
    const ALL: &str = "/api/v1/users/{id}/suppressions";
    const ID: &str = "123e4567-e89b-12d3-a456-426614174000";
    let one = json!({"address": "john@example.com", "cause": "bounced", "at": "2024-03-01T10:00:00.000Z"});
    doc.get(ALL, "listSuppressions", "The user's email addresses that mail is no longer sent to")
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", ID)
        .answers::<ListView>(200, "The addresses", json!({"items": [one]}))
        .refuses::<Refusals>(READS);
    doc.delete(
        &format!("{ALL}/{{address}}"),
        "liftSuppression",
        "Allow mail to an address again, for all users who have it",
    )
    .bearer(OPERATORS)
    .path::<UserId>("id", "The user's id", ID)
    .path::<Email>("address", "The address; a slash in it is written as %2F", "john@example.com")
    .once()
    .answers_empty(204, "It is lifted")
    .refuses::<Refusals>(DELETES);
}

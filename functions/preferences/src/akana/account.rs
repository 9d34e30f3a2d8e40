//! `PUT` and `GET /api/users/{UserID}/settings`: the address, and the groups that the user is opted into.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    domain::{
        AkanaUserId, UserChange,
        user::UserRecord,
        user_change::{AllowedUser, EmailRule, Rule},
    },
    http::{IdempotentRequest, Reply, etag, request::RequestBody},
};

use super::{
    access::{Kind, Visitor},
    account_change::AccountSettingsChange,
    media,
    problem::Problem,
};
use crate::App;

/// The account settings as `GET` shows them; a user without an address has no `Email`.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountSettings<'a> {
    #[serde(rename = "UserID")]
    user_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    opted_notification: Vec<&'a str>,
}

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    match *request.method() {
        Method::PUT => put(app, request, raw_id).await,
        Method::GET => get(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT")),
    }
}

async fn put(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (user, visitor) = visitor(app, request, raw_id, Kind::Write).await?;
    // The caller's right depends on stored data: the write's condition checks it, and so does a replay.
    let rule = Rule::Org(user.fedmember.into());
    let idempotent = IdempotentRequest::of(request, &visitor.caller)?.about(&AllowedUser::under(user.id, rule.clone()));
    let content_type = media::takes_text(request.headers())?;
    media::brings_json(request.headers())?;
    let groups = app.akana_groups().await?;
    let change = UserChange {
        rule: Some(rule),
        email_rule: if visitor.may_change_email() { EmailRule::Allowed } else { EmailRule::MustStay },
        ..AccountSettingsChange::decode_with(request.body(), groups.as_ref())?.into()
    };
    let precondition = etag::precondition(request.headers());
    let write = async {
        let changed = app.store.update_user(user.id, &change, precondition.as_ref(), app.clock.now()).await?;
        Ok(Reply::text(StatusCode::OK, content_type, raw_id).etag(changed.version))
    };
    idempotent.run(&app.store, write).await
}

async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (AkanaUserId { id, fedmember }, _) = visitor(app, request, raw_id, Kind::Read).await?;
    let content_type = media::takes_json(request.headers())?;
    let Some(UserRecord::Present(user)) = app.store.user(id).await? else { return Err(Problem::Unauthenticated) };
    if user.org.as_deref() != Some(fedmember.as_str()) {
        return Err(Problem::Unauthenticated);
    }
    let groups = app.akana_groups().await?;
    let view = AccountSettings {
        user_id: raw_id,
        email: user.email.as_deref(),
        opted_notification: groups.not_out(&user.groups),
    };
    Ok(Reply::json(StatusCode::OK, &view).content_type(content_type).etag(user.version))
}

/// The user that the path names, and the visitor. An id that no user can have is refused in the same way as a foreign
/// user's.
async fn visitor(app: &App, request: &Request, raw_id: &str, kind: Kind) -> Result<(AkanaUserId, Visitor), Problem> {
    let user = AkanaUserId::parse(raw_id).ok_or(Problem::Unauthenticated)?;
    let visitor = Visitor::of(app, request, &user.fedmember, kind).await?;
    visitor.may_touch(user.id)?;
    Ok((user, visitor))
}

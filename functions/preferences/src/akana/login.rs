//! `POST /api/login`, `/api/login/renewToken` and `/api/login/logout`: a bearer token of the organisation's identity
//! provider is exchanged for a session of half an hour. No body is read.

use lambda_http::{
    Request,
    http::{HeaderMap, Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared::{
    domain::{AkanaUserId, Fedmember, Timestamp, UserId, user::UserRecord},
    http::{
        Reply,
        auth::{
            Role, TokenFault,
            session::{Session, SessionKeys},
        },
    },
};

use super::{access, cookies, media, problem::Problem};
use crate::App;

/// The body of the answer to a log-in.
#[derive(JsonSchema, Serialize)]
pub struct LoggedIn {
    #[serde(rename = "UserID")]
    user_id: String,
    #[serde(rename = "Expires")]
    expires: Timestamp,
}

/// Begins a session in the organisation that the token names. The token's role `admin` makes the user the site admin.
pub async fn login(app: &App, request: &Request) -> Result<Reply, Problem> {
    only_post(request)?;
    let caller = app.bearer.caller(request.headers()).await?;
    let fedmember = caller.org.as_deref().and_then(Fedmember::parse).ok_or(TokenFault::Organisation)?;
    let user = caller.user.ok_or(Problem::Unauthenticated)?;
    if let Some(fault) = unwelcome(app, user, &fedmember).await? {
        return Err(fault.into());
    }
    let keys = app.akana.sessions.key().await?;
    let (now, nonce) = (app.clock.now(), app.random.uuid());
    let session = Session::begin(user, fedmember, caller.is_any(&[Role::Admin]), now, nonce);
    issued(&session, &keys, request.headers())
}

/// Starts the half hour again.
pub async fn renew(app: &App, request: &Request) -> Result<Reply, Problem> {
    only_post(request)?;
    let session = access::logged_in(app, request).await?;
    if unwelcome(app, session.user, &session.fedmember).await?.is_some() {
        return Err(Problem::Unauthenticated);
    }
    let session = session.renewed(app.clock.now(), app.random.uuid()).ok_or(Problem::Unauthenticated)?;
    let keys = app.akana.sessions.key().await?;
    issued(&session, &keys, request.headers())
}

/// Tells the client to forget its sessions, valid or not. A copy of a session elsewhere lasts until it ends.
pub fn logout(request: &Request) -> Result<Reply, Problem> {
    only_post(request)?;
    let fedmembers = cookies::fedmembers(request.headers());
    if fedmembers.is_empty() {
        return Err(Problem::Unauthenticated);
    }
    let content_type = media::takes_json(request.headers())?;
    let reply = Reply::json(StatusCode::OK, &json!({})).content_type(content_type);
    Ok(fedmembers.iter().fold(reply, cookies::clear))
}

fn only_post(request: &Request) -> Result<(), Problem> {
    if *request.method() == Method::POST { Ok(()) } else { Err(Problem::MethodNotAllowed("POST")) }
}

/// Why an erased user, or a user of another organisation, gets no session. An operator need not be a user here.
async fn unwelcome(app: &App, id: UserId, fedmember: &Fedmember) -> Result<Option<TokenFault>, Problem> {
    Ok(match app.store.user(id).await? {
        Some(UserRecord::Erased) => Some(TokenFault::Erased),
        Some(UserRecord::Present(user)) if user.org.as_deref().is_some_and(|org| org != fedmember.as_str()) => {
            Some(TokenFault::Organisation)
        }
        Some(UserRecord::Present(_)) | None => None,
    })
}

fn issued(session: &Session, keys: &SessionKeys, headers: &HeaderMap) -> Result<Reply, Problem> {
    let content_type = media::takes_json(headers)?;
    let user_id = AkanaUserId { id: session.user, fedmember: session.fedmember.clone() }.to_string();
    let reply = Reply::json(StatusCode::OK, &LoggedIn { user_id, expires: session.ends() }).content_type(content_type);
    Ok(cookies::set(reply, &keys.issue(session)))
}

//! The demo's sessions of contract 2, signed by the product's own code.

use serde_json::{Value, json};
use shared::{
    clock::Clock,
    domain::{AkanaUserId, Fedmember},
    http::auth::session::{Session, SessionKeys, csrf_header_name},
};
use uuid::Uuid;

use super::{DEPLOYMENT_SECRET, ORG, USER};

/// The organisation's site admin, who gets no notifications.
const SITE_ADMIN: &str = "e2b7c1d4-5a90-4f38-8c6b-1f0d3a7e9c55";

/// New sessions of a user and of the site admin; `null` if the demo's own names are not well formed.
pub fn describe() -> Value {
    let both = session(USER, false).zip(session(SITE_ADMIN, true));
    let Some(((cookie, csrf_token), (admin_cookie, admin_csrf_token))) = both else { return Value::Null };
    json!({
        "fedmember": ORG,
        "user_id": format!("{USER}.{ORG}"),
        "cookie": cookie,
        "csrf_header": Fedmember::parse(ORG).map(|org| csrf_header_name(&org)),
        "csrf_token": csrf_token,
        "admin_cookie": admin_cookie,
        "admin_csrf_token": admin_csrf_token,
    })
}

/// A `Cookie` header's value, and the CSRF value that goes with it.
fn session(user: &str, site_admin: bool) -> Option<(String, String)> {
    let AkanaUserId { id, fedmember } = AkanaUserId::parse(&format!("{user}.{ORG}"))?;
    let keys = SessionKeys::derive(DEPLOYMENT_SECRET).ok()?;
    let issued = keys.issue(&Session::begin(id, fedmember, site_admin, Clock::system().now(), Uuid::new_v4()));
    let ((auth, token), (csrf, value)) = (issued.auth_cookie(), issued.csrf_cookie());
    Some((format!("{auth}={token}; {csrf}={value}"), value.to_owned()))
}

//! The visitor who calls, and whether the visitor meant the request: the session in the cookie, and the CSRF value in
//! the header.

use std::sync::Arc;

use lambda_http::{Request, http::HeaderMap};
use shared::{
    domain::{Fedmember, SecuritySettings, UserId, security::Feature},
    http::auth::{
        Caller, Role,
        session::{self, Session, SessionKeys},
    },
};

use super::{cookies, problem::Problem};
use crate::App;

/// The kind of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request reads.
    Read,
    /// The request changes something.
    Write,
}

/// A user who is logged in to an organisation.
#[derive(Debug)]
pub struct Visitor {
    /// The user.
    pub caller: Caller,
    /// The organisation's settings.
    security: Arc<SecuritySettings>,
}

impl Visitor {
    /// The visitor who is logged in to that organisation. Any other caller is refused.
    pub async fn of(app: &App, request: &Request, fedmember: &Fedmember, kind: Kind) -> Result<Self, Problem> {
        let live = live(app, request.headers(), fedmember).await?.ok_or(Problem::Unauthenticated)?;
        let security = app.akana.security.of(&app.store, fedmember).await?;
        let feature = match kind {
            Kind::Read => Feature::ReadRequestCsrf,
            Kind::Write => Feature::WriteRequestCsrf,
        };
        if security.is_enabled(feature) && !repeats_csrf(&live, request.headers(), fedmember) {
            return Err(Problem::Unauthenticated);
        }
        Ok(Self { caller: Caller::from(&live.session), security })
    }

    /// The visitor who is logged in to any organisation, on a path that names none.
    pub async fn of_any(app: &App, request: &Request, kind: Kind) -> Result<Self, Problem> {
        let session = logged_in(app, request).await?;
        Self::of(app, request, &session.fedmember, kind).await
    }

    /// Accepts the user and the site admin.
    pub fn may_touch(&self, id: UserId) -> Result<(), Problem> {
        if self.caller.is_self(id) { Ok(()) } else { self.is_site_admin() }
    }

    /// Accepts the site admin.
    pub fn is_site_admin(&self) -> Result<(), Problem> {
        if self.caller.is_any(&[Role::Admin]) { Ok(()) } else { Err(Problem::Unauthenticated) }
    }

    /// Whether the business lets this visitor change an address.
    pub fn may_change_email(&self) -> bool {
        let site_admin = self.is_site_admin().is_ok();
        let feature = if site_admin { Feature::SiteAdminModifyEmail } else { Feature::UserModifyEmail };
        self.security.is_enabled(feature)
    }
}

/// The only session among the request's cookies, of any organisation. Several are refused: on a path without an
/// organisation, nothing says which one is meant. The CSRF value is not checked: to renew a log-in changes only the
/// caller's own cookies.
pub async fn logged_in(app: &App, request: &Request) -> Result<Session, Problem> {
    let mut found = None;
    for fedmember in cookies::fedmembers(request.headers()) {
        if let Some(live) = live(app, request.headers(), &fedmember).await?
            && found.replace(live.session).is_some()
        {
            return Err(Problem::Unauthenticated);
        }
    }
    found.ok_or(Problem::Unauthenticated)
}

/// A session from a cookie that has not ended.
struct Live<'a> {
    session: Session,
    /// The cookie's value.
    value: &'a str,
    /// The keys that the session was signed with.
    keys: SessionKeys,
}

/// The session of that organisation among the request's cookies. Two different ones are refused: a neighbouring domain
/// can add its own cookie to a browser's cookies (RFC 6265 §8.6), and nothing says which one the browser's user means.
async fn live<'a>(app: &App, headers: &'a HeaderMap, fedmember: &Fedmember) -> Result<Option<Live<'a>>, Problem> {
    let now = app.clock.now();
    let mut found: Option<Live<'a>> = None;
    for value in cookies::named(headers, &session::auth_cookie_name(fedmember)) {
        let read = |keys: &SessionKeys| keys.read(value, fedmember, now).map(|session| (session, keys.clone()));
        let Some((session, keys)) = app.akana.sessions.find(read).await? else { continue };
        if found.as_ref().is_some_and(|other| other.session != session) {
            return Err(Problem::Unauthenticated);
        }
        found = Some(Live { session, value, keys });
    }
    Ok(found)
}

fn repeats_csrf(live: &Live<'_>, headers: &HeaderMap, fedmember: &Fedmember) -> bool {
    let given = headers.get(session::csrf_header_name(fedmember)).and_then(|given| given.to_str().ok());
    given.is_some_and(|given| live.keys.csrf_holds(live.value, given.trim()))
}

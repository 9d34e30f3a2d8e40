//! Who calls, and whether the request is the caller's own: the session in the cookie, and the CSRF value in the header.

use std::sync::Arc;

use lambda_http::{Request, http::HeaderMap};
use shared::{
    domain::{Fedmember, SecuritySettings, Timestamp, UserId, security::Feature},
    http::auth::{
        Caller, Role,
        session::{self, Session, SessionKeys},
    },
};

use super::{cookies, problem::Problem};
use crate::App;

/// What a request is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It looks.
    Read,
    /// It changes something.
    Write,
}

/// Somebody who is logged in to an organisation.
#[derive(Debug)]
pub struct Visitor {
    /// Who that is.
    pub caller: Caller,
    /// The organisation's settings.
    security: Arc<SecuritySettings>,
}

impl Visitor {
    /// Who is logged in to that organisation; nobody else gets past here.
    pub async fn of(app: &App, request: &Request, fedmember: &Fedmember, kind: Kind) -> Result<Self, Problem> {
        let values = cookies::named(request.headers(), &session::auth_cookie_name(fedmember));
        if values.is_empty() {
            return Err(Problem::Unauthenticated);
        }
        let keys = app.akana.sessions.key().await?;
        let (session, value) = read(&keys, &values, fedmember, app.clock.now()).ok_or(Problem::Unauthenticated)?;
        let security = app.akana.security.of(&app.store, fedmember).await?;
        let feature = match kind {
            Kind::Read => Feature::ReadRequestCsrf,
            Kind::Write => Feature::WriteRequestCsrf,
        };
        if security.is_enabled(feature) && !repeats_csrf(&keys, request.headers(), value, fedmember) {
            return Err(Problem::Unauthenticated);
        }
        Ok(Self { caller: Caller::from(&session), security })
    }

    /// Who is logged in to any organisation, on a path that names none.
    pub async fn of_any(app: &App, request: &Request, kind: Kind) -> Result<Self, Problem> {
        let (session, _) = logged_in(app, request).await?;
        Self::of(app, request, &session.fedmember, kind).await
    }

    /// Passes for the user and for the site admin.
    pub fn may_touch(&self, id: UserId) -> Result<(), Problem> {
        if self.caller.is_self(id) { Ok(()) } else { self.is_site_admin() }
    }

    /// Passes for the site admin.
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

/// The first good session among the request's cookies, and the keys it was read with. No CSRF value is asked for:
/// renewing a log-in changes nothing but the caller's own cookies.
pub async fn logged_in(app: &App, request: &Request) -> Result<(Session, SessionKeys), Problem> {
    let fedmembers = cookies::fedmembers(request.headers());
    if fedmembers.is_empty() {
        return Err(Problem::Unauthenticated);
    }
    let keys = app.akana.sessions.key().await?;
    let now = app.clock.now();
    let session = fedmembers.iter().find_map(|fedmember| {
        let values = cookies::named(request.headers(), &session::auth_cookie_name(fedmember));
        read(&keys, &values, fedmember, now).map(|(session, _)| session)
    });
    session.map(|session| (session, keys)).ok_or(Problem::Unauthenticated)
}

fn read<'a>(
    keys: &SessionKeys,
    values: &[&'a str],
    fedmember: &Fedmember,
    now: Timestamp,
) -> Option<(Session, &'a str)> {
    values.iter().find_map(|value| Some((keys.read(value, fedmember, now)?, *value)))
}

fn repeats_csrf(keys: &SessionKeys, headers: &HeaderMap, value: &str, fedmember: &Fedmember) -> bool {
    let given = headers.get(session::csrf_header_name(fedmember)).and_then(|given| given.to_str().ok());
    given.is_some_and(|given| keys.csrf_holds(value, given.trim()))
}

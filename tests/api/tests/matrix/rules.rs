//! The contract's rights, one row for each endpoint. The table is written for the test and uses nothing of the
//! product's own rules.

use Caller::{
    Admin, AkanaAdmin, AkanaUser, AlgNone, Anonymous, Broker, Expired, ForeignAdmin, Forged, HmacConfused, KeyPair,
    OutsideBroker, Photographer, Service, Stranger, User, UserKey, WrongKeyPair,
};
use Scheme::{Bearer, Open, Pair, Session, Twin};
use Who::{All, Only, Self_};

/// A caller, which stands for one kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    User,
    /// A user of another organisation.
    Stranger,
    Admin,
    /// Manages the other user's team.
    Broker,
    /// Manages another team.
    OutsideBroker,
    /// Manages the other user's team.
    Photographer,
    Service,
    /// An expired admin's token.
    Expired,
    /// An admin's claims under another token's signature.
    Forged,
    /// An admin's claims under `"alg":"none"`.
    AlgNone,
    /// An admin's claims under an HMAC whose key is the issuer's public key.
    HmacConfused,
    KeyPair,
    WrongKeyPair,
    UserKey,
    AkanaUser,
    AkanaAdmin,
    /// The site admin of another organisation.
    ForeignAdmin,
}

pub const CALLERS: [Caller; 18] = [
    Anonymous,
    User,
    Stranger,
    Admin,
    Broker,
    OutsideBroker,
    Photographer,
    Service,
    Expired,
    Forged,
    AlgNone,
    HmacConfused,
    KeyPair,
    WrongKeyPair,
    UserKey,
    AkanaUser,
    AkanaAdmin,
    ForeignAdmin,
];

/// The user whom a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The caller's own user.
    Own,
    Other,
    /// A user who does not exist.
    Unknown,
}

/// The kind of credential that an endpoint accepts.
#[derive(Clone, Copy, Debug)]
pub enum Scheme {
    Open,
    Bearer,
    /// A session's cookie, and its CSRF token.
    Session,
    /// An application's key pair.
    Pair,
    /// An application's public key, together with a user's own key.
    Twin,
}

/// The callers with a good credential who have the right.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    All,
    Only(&'static [Caller]),
    /// Users have the right for themselves, and these callers have it for anybody.
    Self_(&'static [Caller]),
}

/// An endpoint: contract, method, route, kind of credential, callers with the right, status for an existing and for an
/// unknown user, body. In a body, `{user}` stands for the target's id and `{new}` for an address that no user has. The
/// status 412 is wanted where the request has a stale `If-Match`: the answer shows that the caller had the right, and
/// the user is not changed.
pub type Row = (u8, &'static str, &'static str, Scheme, Who, [u16; 2], &'static str);

const ACCOUNT: &str = "/api/users/{UserID}/settings";
const BUSINESS: &str = "/api/businesses/{BusinessID}/securitysettings";
const PREFERENCES: &str = "/api/v1/users/{id}/preferences";
const QUIET: &str = "/api/v1/users/{id}/quiet-hours";
const LINK: &str = "/api/v1/users/{id}/preference-link";
const LINKS: &str = "/api/v1/users/{id}/links";
const SETTINGS: &str = "/admin/users/{user_id}/channel-settings/{channel_id}";
const SETTINGS_V1: &str = "/admin/v1/users/{user_id}/channel-settings/{channel_id}";
const TWIN: &str = "/user/channels/{channel_id}/settings";
const ONE: &str = "/api/v1/users/{id}";
const EXTERNAL: &str = "/admin/v1/users/{external_id}";
const HANDLES: &str = "/admin/v1/users/{external_id}/preferences";
const CHANNEL: &str = "/api/v1/channels/{channel_id}";
const TEMPLATE: &str = "/api/v1/templates/{code}";
const LOCALE: &str = "/api/v1/templates/{code}/locales/{tag}";
const ORGANIZATION: &str = "/settings/organization";
const DEVICE: &str = r#"{"settings":{"device_tokens":["a"]}}"#;
const ADMIN: Who = Only(&[Admin]);

pub const ROWS: &[Row] = &[
    (2, "POST", "/api/login", Bearer, All, [200; 2], ""),
    (2, "POST", "/api/login/renewToken", Session, All, [200; 2], ""),
    (2, "POST", "/api/login/logout", Session, All, [200; 2], ""),
    (2, "PUT", ACCOUNT, Session, Self_(&[AkanaAdmin]), [200, 401], r#"{"OptedNotification":[]}"#),
    (2, "GET", ACCOUNT, Session, Self_(&[AkanaAdmin]), [200, 401], ""),
    (2, "GET", "/api/notifications/types", Session, All, [200; 2], ""),
    (2, "PUT", BUSINESS, Session, Only(&[AkanaAdmin]), [200; 2], r#"{"ChallengeCount":2}"#),
    (2, "GET", BUSINESS, Session, Only(&[AkanaAdmin]), [200; 2], ""),
    (1, "PUT", PREFERENCES, Bearer, Self_(&[Admin, Service]), [200, 404], r#"{"preferences":{"sms":false}}"#),
    (4, "PATCH", PREFERENCES, Bearer, Self_(&[Admin, Broker, Photographer]), [200, 404], r#"{"theme":"dark"}"#),
    (4, "GET", PREFERENCES, Bearer, Self_(&[Admin, Broker, Photographer]), [200, 404], ""),
    (1, "PUT", QUIET, Bearer, Self_(&[Admin]), [200, 404], r#"{"start":"22:00","end":"07:00"}"#),
    (1, "GET", QUIET, Bearer, Self_(&[Admin]), [200, 404], ""),
    (1, "DELETE", QUIET, Bearer, Self_(&[Admin]), [204, 404], ""),
    (5, "PUT", "/settings/user", Bearer, All, [200; 2], r#"{"a":1}"#),
    (5, "GET", "/settings/user", Bearer, All, [200; 2], ""),
    (5, "POST", "/settings/user", Bearer, All, [200; 2], r#"{"settings":{"a":2}}"#),
    (5, "DELETE", "/settings/user", Bearer, All, [200; 2], r#"{"keys":["a"]}"#),
    (5, "PUT", ORGANIZATION, Bearer, ADMIN, [200; 2], r#"{"a":1}"#),
    (5, "GET", ORGANIZATION, Bearer, All, [200; 2], ""),
    (5, "POST", ORGANIZATION, Bearer, ADMIN, [200; 2], r#"{"settings":{"a":2}}"#),
    (5, "DELETE", ORGANIZATION, Bearer, ADMIN, [200; 2], r#"{"keys":["a"]}"#),
    (3, "PUT", SETTINGS, Pair, All, [200, 404], DEVICE),
    (3, "GET", SETTINGS, Pair, All, [200, 404], ""),
    (3, "DELETE", SETTINGS, Pair, All, [412, 404], ""),
    (3, "PUT", SETTINGS_V1, Pair, All, [200, 404], r#"{"settings":{"device_tokens":["b"]}}"#),
    (3, "GET", SETTINGS_V1, Pair, All, [200, 404], ""),
    (3, "DELETE", SETTINGS_V1, Pair, All, [412, 404], ""),
    (3, "PUT", TWIN, Twin, All, [200; 2], DEVICE),
    (3, "GET", TWIN, Twin, All, [200; 2], ""),
    (3, "DELETE", TWIN, Twin, All, [412; 2], ""),
    (1, "POST", "/api/v1/users", Bearer, Only(&[Admin, Service]), [201; 2], r#"{"name":"New","email":"{new}"}"#),
    (1, "GET", ONE, Bearer, Self_(&[Admin, Service]), [200, 404], ""),
    (1, "PUT", ONE, Bearer, Self_(&[Admin]), [200, 404], r#"{"push_token":"taken-over"}"#),
    (1, "DELETE", ONE, Bearer, Self_(&[Admin]), [412, 404], ""),
    (1, "GET", "/api/v1/users/{id}/export", Bearer, Self_(&[Admin]), [200, 404], ""),
    (3, "GET", "/admin/v1/users", Pair, All, [200; 2], ""),
    (3, "PUT", EXTERNAL, Pair, All, [200, 201], r#"{"custom_fields":{"a":1}}"#),
    (3, "GET", EXTERNAL, Pair, All, [200, 404], ""),
    (3, "DELETE", EXTERNAL, Pair, All, [412, 404], ""),
    (3, "PUT", HANDLES, Pair, All, [200, 404], r#"{"channel_types":{"web_push":false}}"#),
    (3, "GET", HANDLES, Pair, All, [200, 404], ""),
    (1, "POST", "/api/v1/api-keys", Bearer, ADMIN, [201; 2], "{}"),
    (1, "GET", "/api/v1/api-keys", Bearer, ADMIN, [200; 2], ""),
    (1, "DELETE", "/api/v1/api-keys/{api_key}", Bearer, ADMIN, [404; 2], ""),
    (1, "GET", "/api/v1/channels", Bearer, ADMIN, [200; 2], ""),
    (1, "PUT", CHANNEL, Bearer, ADMIN, [201; 2], r#"{"provider":"sms"}"#),
    (1, "GET", CHANNEL, Bearer, ADMIN, [200; 2], ""),
    (1, "DELETE", CHANNEL, Bearer, ADMIN, [204; 2], ""),
    (1, "POST", LINK, Bearer, Self_(&[Admin, Service]), [201, 404], r#"{"expires_in":60}"#),
    (1, "DELETE", LINKS, Bearer, Self_(&[Admin, Service]), [204, 404], ""),
    (1, "GET", "/preferences", Open, All, [400; 2], ""),
    (1, "POST", "/preferences", Open, All, [400; 2], "was.channel.email=on"),
    (1, "GET", "/unsubscribe", Open, All, [400; 2], ""),
    (1, "POST", "/unsubscribe", Open, All, [400; 2], "List-Unsubscribe=One-Click"),
    (1, "GET", "/openapi.json", Open, All, [200; 2], ""),
    (1, "GET", "/docs", Open, All, [200; 2], ""),
    (1, "GET", "/docs/{file}", Open, All, [200; 2], ""),
    (1, "GET", "$default", Open, All, [404; 2], ""),
    (1, "POST", "/api/v1/notifications", Bearer, Only(&[Admin, Service]), [202; 2], NOTIFICATION),
    (1, "GET", "/api/v1/notifications/{id}", Bearer, Self_(&[Admin, Service]), [200, 404], ""),
    (1, "DELETE", "/api/v1/notifications/{id}", Bearer, Only(&[Admin, Service]), [200, 404], ""),
    (1, "POST", "/api/v1/notifications/explain", Bearer, Only(&[Admin, Service]), [200; 2], NOTIFICATION),
    (1, "GET", "/api/v1/users/{id}/notifications", Bearer, Self_(&[Admin, Service]), [200; 2], ""),
    (1, "GET", "/api/v1/users/{id}/inbox", Bearer, Self_(&[Admin, Service]), [200; 2], ""),
    (1, "PATCH", "/api/v1/users/{id}/inbox/{item_id}", Bearer, Self_(&[Admin]), [404; 2], r#"{"read":true}"#),
    (1, "GET", "/api/v1/users/{id}/suppressions", Bearer, Self_(&[Admin]), [200, 404], ""),
    (1, "DELETE", "/api/v1/users/{id}/suppressions/{address}", Bearer, ADMIN, [404; 2], ""),
    (1, "GET", "/api/v1/dead-letters", Bearer, ADMIN, [200; 2], ""),
    (1, "POST", "/api/v1/dead-letters/redrive", Bearer, ADMIN, [202; 2], r#"{"all":true}"#),
    (1, "GET", "/api/v1/templates", Bearer, Only(&[Admin, Service]), [200; 2], ""),
    (1, "PUT", TEMPLATE, Bearer, ADMIN, [201; 2], r#"{"locales":{"default":{"sms":{"text":"x"}}}}"#),
    (1, "GET", TEMPLATE, Bearer, Only(&[Admin, Service]), [200; 2], ""),
    (1, "PUT", LOCALE, Bearer, ADMIN, [201; 2], r#"{"sms":{"text":"y"}}"#),
    (1, "GET", LOCALE, Bearer, Only(&[Admin, Service]), [200; 2], ""),
    (1, "DELETE", LOCALE, Bearer, ADMIN, [204; 2], ""),
    (1, "POST", "/api/v1/templates/{code}/render", Bearer, Only(&[Admin, Service]), [200; 2], r#"{"channel":"sms"}"#),
    (1, "DELETE", TEMPLATE, Bearer, ADMIN, [204; 2], ""),
];

const NOTIFICATION: &str = r#"{"user_id":"{user}","notification_type":"sms","content":{"body":"x"}}"#;

/// A caller, the target of the request, and the expected status.
pub type Cell = (Caller, Target, u16);

/// The requests to one endpoint: first those that must be refused, then the others.
pub fn cells(row: &Row) -> (Vec<Cell>, Vec<Cell>) {
    let targets: &[_] =
        if is_about_a_user(row) { &[Target::Own, Target::Other, Target::Unknown] } else { &[Target::Other] };
    let of = |caller| targets.iter().map(move |target| (caller, *target, expected(row, caller, *target)));
    let all = CALLERS.into_iter().flat_map(of);
    let all = all.filter(|(caller, target, _)| *target != Target::Own || caller.is_a_user());
    all.partition(|(.., status)| is_refusal(*status))
}

fn is_refusal(status: u16) -> bool {
    [401, 403].contains(&status)
}

fn is_about_a_user((_, _, route, .., body): &Row) -> bool {
    ["{UserID}", "{id}", "{user_id}", "{external_id}"].iter().any(|name| route.contains(name))
        || body.contains("{user}")
}

fn expected(row: &Row, caller: Caller, target: Target) -> u16 {
    let (contract, _, _, scheme, who, [present, absent], _) = *row;
    let manager = [Broker, Photographer].contains(&caller);
    let may = match who {
        All => true,
        Only(callers) => callers.contains(&caller),
        // A manager has the right for the members of a team. An unknown user is in no team.
        Self_(callers) => {
            target == Target::Own || (callers.contains(&caller) && !(manager && target == Target::Unknown))
        }
    };
    match (scheme.knows(caller), may) {
        (false, _) => 401,
        // Contract 2's document has no 403.
        (true, false) => {
            if contract == 2 {
                401
            } else {
                403
            }
        }
        (true, true) => {
            if target == Target::Unknown {
                absent
            } else {
                present
            }
        }
    }
}

impl Scheme {
    /// Whether the caller has a good credential of this kind.
    fn knows(self, caller: Caller) -> bool {
        match self {
            Open => true,
            Bearer => [User, Stranger, Admin, Broker, OutsideBroker, Photographer, Service].contains(&caller),
            Session => [AkanaUser, AkanaAdmin, ForeignAdmin].contains(&caller),
            Pair => caller == KeyPair,
            Twin => caller == UserKey,
        }
    }
}

impl Caller {
    /// Whether the caller's credential names a user of the organisation that the requests are about.
    fn is_a_user(self) -> bool {
        ![Anonymous, KeyPair, WrongKeyPair, ForeignAdmin].contains(&self)
    }
}

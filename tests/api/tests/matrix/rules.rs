//! The contract's rights, one row for each endpoint. The table is written for the test and uses nothing of the
//! product's own rules.

use Caller::{
    Admin, AkanaAdmin, AkanaUser, AlgNone, Anonymous, Broker, Expired, ForeignAdmin, ForeignService, ForeignSiteAdmin,
    Forged, HmacConfused, Key, Operator, OrgAdmin, OrgService, OutsideBroker, Photographer, Service, Stranger, User,
    UserKey, WrongKeyPair,
};
use Scheme::{Bearer, Open, Pair, Session, Twin};
use Who::{All, Needs, Only, Over, Site};

/// A caller, which stands for one kind of credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    Anonymous,
    User,
    /// A user of another organisation.
    Stranger,
    /// An admin whose token names no organisation.
    Admin,
    /// The admin of the organisation that the other user belongs to.
    OrgAdmin,
    /// The admin of another organisation.
    ForeignAdmin,
    /// An operator, whose token names another organisation.
    Operator,
    /// Manages the other user's team.
    Broker,
    /// Manages another team.
    OutsideBroker,
    /// Manages the other user's team.
    Photographer,
    /// An application whose token names no organisation.
    Service,
    /// An application of the organisation that the other user belongs to.
    OrgService,
    /// An application of another organisation.
    ForeignService,
    /// An expired admin's token.
    Expired,
    /// An admin's claims under another token's signature.
    Forged,
    /// An admin's claims under `"alg":"none"`.
    AlgNone,
    /// An admin's claims under an HMAC whose key is the issuer's public key.
    HmacConfused,
    /// A key pair with these scopes, which are bits.
    Key(u8),
    WrongKeyPair,
    UserKey,
    AkanaUser,
    AkanaAdmin,
    /// The site admin of another organisation.
    ForeignSiteAdmin,
}

/// The scopes of keys, each with its bit.
pub const SCOPES: [(u8, &str); 8] = [
    (READ, "users:read"),
    (WRITE, "users:write"),
    (READ_SETTINGS, "channel_settings:read"),
    (WRITE_SETTINGS, "channel_settings:write"),
    (READ_NOTIFICATIONS, "notifications:read"),
    (RUN_NOTIFLOWS, "notiflows:run"),
    (READ_TOPICS, "topics:read"),
    (WRITE_TOPICS, "topics:write"),
];
pub const READ: u8 = 1;
const WRITE: u8 = 2;
pub const READ_SETTINGS: u8 = 4;
const WRITE_SETTINGS: u8 = 8;
const READ_TOPICS: u8 = 16;
const WRITE_TOPICS: u8 = 32;
const READ_NOTIFICATIONS: u8 = 64;
const RUN_NOTIFLOWS: u8 = 128;
/// All scopes of users and settings.
const OLD: u8 = 15;
const EVERY: u8 = 255;
/// Users are written, and settings.
const WRITE_BOTH: u8 = WRITE | WRITE_SETTINGS;

const OTHERS: [Caller; 22] = [
    Anonymous,
    User,
    Stranger,
    Admin,
    OrgAdmin,
    ForeignAdmin,
    Operator,
    Broker,
    OutsideBroker,
    Photographer,
    Service,
    OrgService,
    ForeignService,
    Expired,
    Forged,
    AlgNone,
    HmacConfused,
    WrongKeyPair,
    UserKey,
    AkanaUser,
    AkanaAdmin,
    ForeignSiteAdmin,
];

/// Every caller: also a key for each set of the scopes of users and settings, for each further scope alone, for all scopes, and for all but
/// each one.
pub fn callers() -> impl Iterator<Item = Caller> {
    let alone = [READ_TOPICS, WRITE_TOPICS, READ_NOTIFICATIONS, RUN_NOTIFLOWS];
    let but_one = SCOPES.map(|(bit, _)| EVERY ^ bit);
    OTHERS.into_iter().chain((1..=OLD).chain(alone).chain([EVERY]).chain(but_one).map(Key))
}

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

/// A role that is about users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Admins,
    Services,
    /// Brokers and photographers.
    Managers,
}

/// The callers with a good credential who have the right.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    All,
    Only(&'static [Caller]),
    /// Users have the right for themselves if the first is true. These roles have it for the users whom they are about.
    Over(bool, &'static [Role]),
    /// The user of a session, and the site admin.
    Site,
    /// A key that has all of these scopes.
    Needs(u8),
}

/// What a caller may do to a target.
enum Right {
    Yes,
    No,
    /// The role is about other users: the answer is that of a user who is not there.
    Elsewhere,
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
const TWIN_V1: &str = "/user/v1/channels/{channel_id}/settings";
const OWN_HANDLES: &str = "/user/preferences";
const OWN_HANDLES_V1: &str = "/user/v1/preferences";
const SENT: Who = Needs(READ_NOTIFICATIONS);
const ONE: &str = "/api/v1/users/{id}";
const EXTERNAL: &str = "/admin/v1/users/{external_id}";
const HANDLES: &str = "/admin/v1/users/{external_id}/preferences";
const SUBSCRIPTIONS: &str = "/api/v1/users/{id}/subscriptions";
const OF_USER: &str = "/admin/v1/users/{external_id}/subscriptions";
const ONE_OF_USER: &str = "/admin/v1/users/{external_id}/subscriptions/{name}";
const TOPIC: &str = "/admin/v1/topics/{name}";
const SUBSCRIBERS: &str = "/admin/v1/topics/{name}/subscriptions";
const RUN: &str = "/api/v1/runs/{id}";
const CHANNEL: &str = "/api/v1/channels/{channel_id}";
const CATEGORY: &str = "/api/v1/categories/{handle}";
const PAUSE: &str = "/api/v1/pauses/{what}";
const TEMPLATE: &str = "/api/v1/templates/{code}";
const LOCALE: &str = "/api/v1/templates/{code}/locales/{tag}";
const ORGANIZATION: &str = "/settings/organization";
const DEVICE: &str = r#"{"settings":{"device_tokens":["a"]}}"#;
/// What belongs to the whole deployment.
const OPERATORS: Who = Only(&[Admin, Operator]);
const OPERATORS_AND_SERVICE: Who = Only(&[Admin, Operator, Service]);
const SENDERS: Who = Only(&[Admin, OrgAdmin, ForeignAdmin, Operator, Service, OrgService, ForeignService]);
/// Callers whose token names an organisation.
const MEMBERS: Who = Only(&[
    User,
    Stranger,
    OrgAdmin,
    ForeignAdmin,
    Operator,
    Broker,
    OutsideBroker,
    Photographer,
    OrgService,
    ForeignService,
]);
const ORG_ADMINS: Who = Only(&[OrgAdmin, ForeignAdmin]);
const SELF_OR_ADMIN: Who = Over(true, &[Role::Admins]);
const SELF_ADMIN_OR_SERVICE: Who = Over(true, &[Role::Admins, Role::Services]);
const SELF_OR_MANAGER: Who = Over(true, &[Role::Admins, Role::Managers]);
const ADMIN_OR_SERVICE: Who = Over(false, &[Role::Admins, Role::Services]);

pub const ROWS: &[Row] = &[
    (2, "POST", "/api/login", Bearer, MEMBERS, [200; 2], ""),
    (2, "POST", "/api/login/renewToken", Session, All, [200; 2], ""),
    (2, "POST", "/api/login/logout", Session, All, [200; 2], ""),
    (2, "PUT", ACCOUNT, Session, Site, [200, 401], r#"{"OptedNotification":[]}"#),
    (2, "GET", ACCOUNT, Session, Site, [200, 401], ""),
    (2, "GET", "/api/notifications/types", Session, All, [200; 2], ""),
    (2, "PUT", BUSINESS, Session, Only(&[AkanaAdmin]), [200; 2], r#"{"ChallengeCount":2}"#),
    (2, "GET", BUSINESS, Session, Only(&[AkanaAdmin]), [200; 2], ""),
    (1, "PUT", PREFERENCES, Bearer, SELF_ADMIN_OR_SERVICE, [200, 404], r#"{"preferences":{"sms":false}}"#),
    (4, "PATCH", PREFERENCES, Bearer, SELF_OR_MANAGER, [200, 404], r#"{"theme":"dark"}"#),
    (4, "GET", PREFERENCES, Bearer, SELF_OR_MANAGER, [200, 404], ""),
    (1, "PUT", QUIET, Bearer, SELF_OR_ADMIN, [200, 404], r#"{"start":"22:00","end":"07:00"}"#),
    (1, "GET", QUIET, Bearer, SELF_OR_ADMIN, [200, 404], ""),
    (1, "DELETE", QUIET, Bearer, SELF_OR_ADMIN, [204, 404], ""),
    (5, "PUT", "/settings/user", Bearer, All, [200; 2], r#"{"a":1}"#),
    (5, "GET", "/settings/user", Bearer, All, [200; 2], ""),
    (5, "POST", "/settings/user", Bearer, All, [200; 2], r#"{"settings":{"a":2}}"#),
    (5, "DELETE", "/settings/user", Bearer, All, [200; 2], r#"{"keys":["a"]}"#),
    (5, "PUT", ORGANIZATION, Bearer, ORG_ADMINS, [200; 2], r#"{"a":1}"#),
    (5, "GET", ORGANIZATION, Bearer, MEMBERS, [200; 2], ""),
    (5, "POST", ORGANIZATION, Bearer, ORG_ADMINS, [200; 2], r#"{"settings":{"a":2}}"#),
    (5, "DELETE", ORGANIZATION, Bearer, ORG_ADMINS, [200; 2], r#"{"keys":["a"]}"#),
    (3, "PUT", SETTINGS, Pair, Needs(WRITE_SETTINGS), [200, 404], DEVICE),
    (3, "GET", SETTINGS, Pair, Needs(READ_SETTINGS), [200, 404], ""),
    (3, "DELETE", SETTINGS, Pair, Needs(WRITE_SETTINGS), [412, 404], ""),
    (3, "PUT", SETTINGS_V1, Pair, Needs(WRITE_SETTINGS), [200, 404], r#"{"settings":{"device_tokens":["b"]}}"#),
    (3, "GET", SETTINGS_V1, Pair, Needs(READ_SETTINGS), [200, 404], ""),
    (3, "DELETE", SETTINGS_V1, Pair, Needs(WRITE_SETTINGS), [412, 404], ""),
    (3, "PUT", TWIN, Twin, All, [200; 2], DEVICE),
    (3, "GET", TWIN, Twin, All, [200; 2], ""),
    (3, "DELETE", TWIN, Twin, All, [412; 2], ""),
    (3, "PUT", TWIN_V1, Twin, All, [200; 2], DEVICE),
    (3, "GET", TWIN_V1, Twin, All, [200; 2], ""),
    (3, "DELETE", TWIN_V1, Twin, All, [412; 2], ""),
    (3, "PUT", OWN_HANDLES, Twin, All, [200; 2], r#"{"channel_types":{"web_push":false}}"#),
    (3, "GET", OWN_HANDLES, Twin, All, [200; 2], ""),
    (3, "PUT", OWN_HANDLES_V1, Twin, All, [200; 2], r#"{"notiflows":{"news":{"enabled":false}}}"#),
    (3, "GET", OWN_HANDLES_V1, Twin, All, [200; 2], ""),
    (1, "POST", "/api/v1/users", Bearer, SENDERS, [201; 2], r#"{"name":"New","email":"{new}"}"#),
    (1, "GET", "/api/v1/users", Bearer, OPERATORS_AND_SERVICE, [200; 2], ""),
    (1, "GET", ONE, Bearer, SELF_ADMIN_OR_SERVICE, [200, 404], ""),
    (1, "PUT", ONE, Bearer, SELF_OR_ADMIN, [200, 404], r#"{"push_token":"taken-over"}"#),
    (1, "DELETE", ONE, Bearer, SELF_OR_ADMIN, [412, 404], ""),
    (1, "GET", "/api/v1/users/{id}/export", Bearer, SELF_OR_ADMIN, [200, 404], ""),
    (3, "GET", "/admin/v1/users", Pair, Needs(READ), [200; 2], ""),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"custom_fields":{"a":1}}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"first_name":"Ada"}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"last_name":null}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"phone":"+14155552671"}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"avatar":"https://example.com/a.png"}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"locale":"en-US"}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"timezone":"Europe/Berlin"}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"email":"{new}"}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"preferences":{"channel_types":{"sms":false}}}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"preferences":{"notiflows":{"news":{"enabled":false}}}}"#),
    (3, "PUT", EXTERNAL, Pair, Needs(WRITE), [200, 201], r#"{"channel_settings":[]}"#),
    (
        3,
        "PUT",
        EXTERNAL,
        Pair,
        Needs(WRITE_BOTH),
        [200, 201],
        r#"{"channel_settings":[{"channel_id":"{email}","settings":{"address":"{new}"}}]}"#,
    ),
    (
        3,
        "PUT",
        EXTERNAL,
        Pair,
        Needs(WRITE_BOTH),
        [200, 201],
        r#"{"channel_settings":[{"channel_id":"{fcm}","settings":{"device_tokens":["c"]}}]}"#,
    ),
    (
        3,
        "PUT",
        EXTERNAL,
        Pair,
        Needs(WRITE_BOTH),
        [200, 201],
        r#"{"channel_settings":[{"channel_id":"{slack}","settings":{"slack_user_id":"U0123456789"}}]}"#,
    ),
    (
        3,
        "PUT",
        EXTERNAL,
        Pair,
        Needs(WRITE_BOTH),
        [200, 201],
        r#"{"first_name":"Ada","channel_settings":[{"channel_id":"{fcm}","settings":{"device_tokens":["d"]}}]}"#,
    ),
    (3, "GET", EXTERNAL, Pair, Needs(READ), [200, 404], ""),
    (3, "DELETE", EXTERNAL, Pair, Needs(WRITE), [412, 404], ""),
    (3, "PUT", HANDLES, Pair, Needs(WRITE), [200, 404], r#"{"channel_types":{"web_push":false}}"#),
    (3, "PUT", HANDLES, Pair, Needs(WRITE), [200, 404], r#"{}"#),
    (3, "PUT", HANDLES, Pair, Needs(WRITE), [200, 404], r#"{"notiflows":{"news":{"enabled":false}}}"#),
    (3, "PUT", HANDLES, Pair, Needs(WRITE), [200, 404], r#"{"notiflows":{"news":{"channel_types":{"email":false}}}}"#),
    (3, "GET", HANDLES, Pair, Needs(READ), [200, 404], ""),
    (3, "POST", "/admin/v1/notiflows/{handle}/run", Pair, Needs(RUN_NOTIFLOWS), [404; 2], r#"{"topic":"matrix"}"#),
    (3, "GET", "/admin/v1/notifications", Pair, SENT, [200; 2], ""),
    (3, "GET", "/admin/v1/notifications/{notification_id}", Pair, SENT, [200, 404], ""),
    (3, "GET", "/admin/v1/notifications/{notification_id}/deliveries", Pair, SENT, [200, 404], ""),
    (3, "GET", "/admin/v1/deliveries", Pair, SENT, [200; 2], ""),
    (3, "GET", "/admin/v1/deliveries/{delivery_id}", Pair, SENT, [200, 404], ""),
    (3, "GET", "/admin/v1/users/{external_id}/notifications", Pair, SENT, [200, 404], ""),
    (3, "GET", "/admin/v1/users/{external_id}/notifications/{notification_id}", Pair, SENT, [200, 404], ""),
    (3, "GET", "/admin/v1/users/{external_id}/deliveries", Pair, SENT, [200, 404], ""),
    (3, "GET", "/admin/v1/users/{external_id}/deliveries/{delivery_id}", Pair, SENT, [200, 404], ""),
    (1, "POST", SUBSCRIPTIONS, Bearer, SELF_ADMIN_OR_SERVICE, [201, 404], r#"{"topic":"{topic}"}"#),
    (1, "GET", SUBSCRIPTIONS, Bearer, SELF_ADMIN_OR_SERVICE, [200, 404], ""),
    (1, "DELETE", "/api/v1/users/{id}/subscriptions/{topic}", Bearer, SELF_ADMIN_OR_SERVICE, [404; 2], ""),
    (3, "POST", OF_USER, Pair, Needs(WRITE_TOPICS), [201, 404], r#"{"topic_name":"{fresh}"}"#),
    (3, "GET", OF_USER, Pair, Needs(READ_TOPICS), [200, 404], ""),
    (3, "GET", ONE_OF_USER, Pair, Needs(READ_TOPICS), [404; 2], ""),
    (3, "DELETE", ONE_OF_USER, Pair, Needs(WRITE_TOPICS), [404; 2], ""),
    (3, "GET", "/admin/v1/topics", Pair, Needs(READ_TOPICS), [200; 2], ""),
    (3, "POST", SUBSCRIBERS, Pair, Needs(WRITE_TOPICS), [200, 207], r#"{"user_external_ids":["{user}"]}"#),
    (3, "GET", SUBSCRIBERS, Pair, Needs(READ_TOPICS), [200; 2], ""),
    (3, "DELETE", SUBSCRIBERS, Pair, Needs(WRITE_TOPICS), [207; 2], r#"{"user_external_ids":["nobody-of-it"]}"#),
    (3, "GET", TOPIC, Pair, Needs(READ_TOPICS), [200; 2], ""),
    (3, "DELETE", TOPIC, Pair, Needs(WRITE_TOPICS), [412; 2], ""),
    (1, "POST", "/api/v1/api-keys", Bearer, OPERATORS, [201; 2], "{}"),
    (1, "GET", "/api/v1/api-keys", Bearer, OPERATORS, [200; 2], ""),
    (1, "DELETE", "/api/v1/api-keys/{api_key}", Bearer, OPERATORS, [404; 2], ""),
    (1, "GET", "/api/v1/channels", Bearer, OPERATORS, [200; 2], ""),
    (1, "GET", "/api/v1/health", Bearer, OPERATORS, [200; 2], ""),
    (1, "PUT", CHANNEL, Bearer, OPERATORS, [201; 2], r#"{"provider":"sms"}"#),
    (1, "GET", CHANNEL, Bearer, OPERATORS, [200; 2], ""),
    (1, "DELETE", CHANNEL, Bearer, OPERATORS, [204; 2], ""),
    (1, "GET", "/api/v1/categories", Bearer, OPERATORS, [200; 2], ""),
    (1, "PUT", CATEGORY, Bearer, OPERATORS, [201; 2], r#"{"name":{"default":"x"}}"#),
    (1, "GET", CATEGORY, Bearer, OPERATORS, [200; 2], ""),
    (1, "DELETE", CATEGORY, Bearer, OPERATORS, [204; 2], ""),
    (1, "POST", LINK, Bearer, SELF_ADMIN_OR_SERVICE, [201, 404], r#"{"expires_in":60}"#),
    (1, "DELETE", LINKS, Bearer, SELF_ADMIN_OR_SERVICE, [204, 404], ""),
    (1, "GET", "/preferences", Open, All, [400; 2], ""),
    (1, "POST", "/preferences", Open, All, [400; 2], "was.channel.email=on"),
    (1, "GET", "/unsubscribe", Open, All, [400; 2], ""),
    (1, "POST", "/unsubscribe", Open, All, [400; 2], "List-Unsubscribe=One-Click"),
    (1, "GET", "/openapi.json", Open, All, [200; 2], ""),
    (1, "GET", "/docs", Open, All, [200; 2], ""),
    (1, "GET", "/docs/{file}", Open, All, [200; 2], ""),
    (1, "GET", "/docs/errors", Open, All, [200; 2], ""),
    (1, "GET", "/docs/errors/{code}", Open, All, [200; 2], ""),
    (1, "GET", "/docs/reasons", Open, All, [200; 2], ""),
    (1, "GET", "/docs/reasons/{reason}", Open, All, [200; 2], ""),
    (1, "GET", "/docs/guides", Open, All, [200; 2], ""),
    (1, "GET", "/docs/guides/{guide}", Open, All, [200; 2], ""),
    (1, "GET", "$default", Open, All, [404; 2], ""),
    (1, "POST", "/api/v1/notifications", Bearer, ADMIN_OR_SERVICE, [202; 2], NOTIFICATION),
    (1, "GET", "/api/v1/notifications/{id}", Bearer, SELF_ADMIN_OR_SERVICE, [200, 404], ""),
    (1, "DELETE", "/api/v1/notifications/{id}", Bearer, ADMIN_OR_SERVICE, [200, 404], ""),
    (1, "POST", "/api/v1/notifications/explain", Bearer, ADMIN_OR_SERVICE, [200; 2], NOTIFICATION),
    (1, "POST", "/api/v1/runs", Bearer, SENDERS, [202; 2], RUN_OF_ONE),
    (1, "GET", RUN, Bearer, SENDERS, [404; 2], ""),
    (1, "DELETE", RUN, Bearer, SENDERS, [404; 2], ""),
    (1, "GET", "/api/v1/runs/{id}/notifications", Bearer, SENDERS, [404; 2], ""),
    (1, "GET", "/api/v1/users/{id}/notifications", Bearer, SELF_ADMIN_OR_SERVICE, [200; 2], ""),
    (1, "GET", "/api/v1/users/{id}/inbox", Bearer, SELF_ADMIN_OR_SERVICE, [200; 2], ""),
    (1, "PATCH", "/api/v1/users/{id}/inbox/{item_id}", Bearer, SELF_OR_ADMIN, [404; 2], r#"{"read":true}"#),
    (1, "GET", "/api/v1/users/{id}/suppressions", Bearer, SELF_OR_ADMIN, [200, 404], ""),
    (1, "DELETE", "/api/v1/users/{id}/suppressions/{address}", Bearer, OPERATORS, [404; 2], ""),
    (1, "GET", "/api/v1/dead-letters", Bearer, OPERATORS, [200; 2], ""),
    (1, "POST", "/api/v1/dead-letters/redrive", Bearer, OPERATORS, [202; 2], r#"{"all":true}"#),
    (1, "GET", "/api/v1/pauses", Bearer, OPERATORS, [200; 2], ""),
    (1, "PUT", PAUSE, Bearer, OPERATORS, [201; 2], r#"{"mode":"hold"}"#),
    (1, "GET", PAUSE, Bearer, OPERATORS, [200; 2], ""),
    (1, "DELETE", PAUSE, Bearer, OPERATORS, [204; 2], ""),
    (1, "GET", "/api/v1/templates", Bearer, OPERATORS_AND_SERVICE, [200; 2], ""),
    (
        1,
        "PUT",
        "/api/v1/templates",
        Bearer,
        OPERATORS,
        [200; 2],
        r#"{"items":[{"code":"{code}","locales":{"default":{"sms":{"text":"x"}}}}]}"#,
    ),
    (1, "PUT", TEMPLATE, Bearer, OPERATORS, [201; 2], r#"{"locales":{"default":{"sms":{"text":"x"}}}}"#),
    (1, "GET", TEMPLATE, Bearer, OPERATORS_AND_SERVICE, [200; 2], ""),
    (1, "PUT", LOCALE, Bearer, OPERATORS, [201; 2], r#"{"sms":{"text":"y"}}"#),
    (1, "GET", LOCALE, Bearer, OPERATORS_AND_SERVICE, [200; 2], ""),
    (1, "DELETE", LOCALE, Bearer, OPERATORS, [204; 2], ""),
    (1, "POST", "/api/v1/templates/{code}/render", Bearer, OPERATORS_AND_SERVICE, [200; 2], r#"{"channel":"sms"}"#),
    (1, "GET", "/api/v1/templates/{code}/versions", Bearer, OPERATORS_AND_SERVICE, [200; 2], ""),
    (1, "GET", "/api/v1/templates/{code}/versions/{version}", Bearer, OPERATORS_AND_SERVICE, [404; 2], ""),
    (1, "POST", "/api/v1/templates/{code}/publish", Bearer, OPERATORS, [404; 2], ""),
    (1, "POST", "/api/v1/templates/{code}/rollback", Bearer, OPERATORS, [404; 2], r#"{"version":1}"#),
    (1, "DELETE", TEMPLATE, Bearer, OPERATORS, [204; 2], ""),
];

const NOTIFICATION: &str = r#"{"user_id":"{user}","notification_type":"sms","content":{"body":"x"}}"#;
const RUN_OF_ONE: &str =
    r#"{"recipients":[{"external_id":"nobody"}],"notification_type":"sms","content":{"body":"x"}}"#;

/// One request to an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    pub caller: Caller,
    pub target: Target,
    /// The expected status.
    pub status: u16,
    /// Whether the answer must tell nothing and the target must stay as it is.
    pub is_refused: bool,
}

/// The requests to one endpoint: first those that must be refused, then the others.
pub fn cells(row: &Row) -> (Vec<Cell>, Vec<Cell>) {
    let targets: &[_] =
        if is_about_a_user(row) { &[Target::Own, Target::Other, Target::Unknown] } else { &[Target::Other] };
    let of = |caller| targets.iter().map(move |target| cell(row, caller, *target));
    let all = callers().flat_map(of);
    let all = all.filter(|cell| cell.target != Target::Own || cell.caller.is_a_user());
    all.partition(|cell| cell.is_refused)
}

fn is_about_a_user((_, _, route, .., body): &Row) -> bool {
    ["{UserID}", "{id}", "{user_id}", "{external_id}", "{notification_id}", "{delivery_id}"]
        .iter()
        .any(|name| route.contains(name))
        || body.contains("{user}")
}

fn cell(row: &Row, caller: Caller, target: Target) -> Cell {
    let (contract, _, _, scheme, who, [present, absent], _) = *row;
    let right = if scheme.knows(caller) { Some(who.right(caller, target)) } else { None };
    let (status, is_refused) = match (right, contract) {
        // Contract 2's document has no 403, and contract 4's administrators get no 404.
        (None, _) | (Some(Right::No), 2) => (401, true),
        (Some(Right::No), _) | (Some(Right::Elsewhere), 4) => (403, true),
        (Some(Right::Elsewhere), _) => (404, true),
        (Some(Right::Yes), _) => (if target == Target::Unknown { absent } else { present }, false),
    };
    Cell { caller, target, status, is_refused: is_refused || [401, 403].contains(&status) }
}

impl Who {
    fn right(self, caller: Caller, target: Target) -> Right {
        let if_true = |may| if may { Right::Yes } else { Right::No };
        match self {
            All => Right::Yes,
            Only(callers) => if_true(callers.contains(&caller)),
            Site => if_true(target == Target::Own || caller == AkanaAdmin),
            Needs(scopes) => if_true(matches!(caller, Key(has) if has & scopes == scopes)),
            Over(true, _) if target == Target::Own => Right::Yes,
            Over(_, roles) => match (caller.role().filter(|role| roles.contains(role)), target) {
                (None, _) => Right::No,
                // A manager has the right for the members of a team. An unknown user is in no team.
                (Some(Role::Managers), target) => if_true(target == Target::Other && caller != OutsideBroker),
                _ if [Admin, Operator, Service].contains(&caller) => Right::Yes,
                (_, Target::Own) => Right::Yes,
                (_, Target::Other) if [OrgAdmin, OrgService].contains(&caller) => Right::Yes,
                _ => Right::Elsewhere,
            },
        }
    }
}

impl Scheme {
    /// Whether the caller has a good credential of this kind.
    fn knows(self, caller: Caller) -> bool {
        match self {
            Open => true,
            Bearer => caller.role().is_some() || [User, Stranger].contains(&caller),
            Session => [AkanaUser, AkanaAdmin, ForeignSiteAdmin].contains(&caller),
            Pair => matches!(caller, Key(_)),
            Twin => caller == UserKey,
        }
    }
}

impl Caller {
    fn role(self) -> Option<Role> {
        match self {
            Admin | OrgAdmin | ForeignAdmin | Operator => Some(Role::Admins),
            Service | OrgService | ForeignService => Some(Role::Services),
            Broker | OutsideBroker | Photographer => Some(Role::Managers),
            _ => None,
        }
    }

    /// Whether the caller's credential names a user, and the user is of the organisation that the path names.
    fn is_a_user(self) -> bool {
        ![Anonymous, WrongKeyPair, ForeignSiteAdmin].contains(&self) && !matches!(self, Key(_))
    }

    /// Whether the caller belongs to another organisation.
    pub fn is_foreign(self) -> bool {
        [Stranger, ForeignAdmin, ForeignService, ForeignSiteAdmin, Operator].contains(&self)
    }
}

//! The parts that all operations share: credentials, headers, the publisher.

use serde_json::{Value, json};

use crate::http::{ErrorCode, auth::TokenFault};

const ABOUT: &str = "Notification preferences and dispatch: who may be reached where, and what was sent. \
Applications use the operations of the group Tidings. Those of the group Compatibility are for clients that were written for \
another product: the same users and settings, each in that product's own wire format. `/docs/guides` has pages for people: how to begin, \
how to find why something was not sent, how to run a deployment.\
\n\n\
Errors: the header `Link` of an error of the native API names the page of this deployment that explains it, such as \
`<../../docs/errors/user_not_found>; rel=\"help\"`. The last segment is the error's code, by which a program can tell errors apart; \
`message` and `errors` are sentences for people. `/docs/errors` lists all codes. The `reason` of a delivery has a page, too: `/docs/reasons` lists all of them, and what to do.\
\n\n\
Devices: `push_token` of a user (`createUser`, `changeUser`) is one FCM registration token, or one APNs token if no FCM \
channel is configured. Several devices, APNs beside FCM, phone numbers, Slack ids and webhooks are set by channel, with \
`putChannelSettingsV1`; it is in the group Compatibility and takes a key pair, which `createApiKey` makes. A device belongs to the \
user who registered its token last: a delivery that is skipped for this has the reason `device_handed_on`.\
\n\n\
Changes: processes keep what they have read of channels, keys, secrets, templates and pauses for a minute at most. So a change is \
known everywhere within a minute.\
\n\n\
Lists: the `page.after` of a page is the parameter `after` of the request for the next one, until it is `null`.\
\n\n\
Every answer has an `x-request-id`: the caller's own, if it sent a safe token. A known path with \
another method is answered 405 with `Allow`. Bodies are at most 256 KiB, UTF-8, one JSON object, no key twice, at most 30 \
levels deep; one with a `Content-Encoding` is answered 415. `HEAD` is answered wherever `GET` is, with the same headers and without a body. Reads carry an `ETag`; a write \
with a stale `If-Match` is refused and changes nothing. The same write under the same `Idempotency-Key` \
is done once, and gets the first answer again for 24 hours.";

pub(super) fn info() -> Value {
    json!({
        "title": "Tidings",
        "version": env!("CARGO_PKG_VERSION"),
        "description": ABOUT,
        "contact": {"name": "The maintainers of Tidings"},
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    })
}

pub(super) fn servers() -> Value {
    json!([
        {"url": "/", "description": "Where this document was read"},
        {"url": "http://localhost:8001", "description": "The local stack"},
    ])
}

pub(super) fn parameters() -> Value {
    let tags = "^(\\*|(W/)?\"[!#-~]*\"(, ?(W/)?\"[!#-~]*\")*)$";
    json!({
        "IfMatch": {
            "name": "If-Match", "in": "header",
            "description": "The `ETag` of what was read: if the version has changed since, nothing is written (412).",
            "schema": {"type": "string", "pattern": tags}, "example": "\"3\"",
        },
        "IfUnchanged": {
            "name": "If-Match", "in": "header",
            "description": "The `ETag` that the client has: if it is no longer current, the answer is 412.",
            "schema": {"type": "string", "pattern": tags}, "example": "\"3\"",
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header",
            "description": "The `ETag` that the client has: if it is still current, the answer is 304 without a body.",
            "schema": {"type": "string"}, "example": "\"3\"",
        },
        "IfAbsent": {
            "name": "If-None-Match", "in": "header",
            "description": "`*`: only create; if it exists already, nothing is changed (412). An `ETag`: write only if \
             the version is another one.",
            "schema": {"type": "string", "pattern": tags}, "example": "*",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same request with the same key is done once; for 24 hours it gets the first answer again. \
                            1 to 255 visible characters, bare or in double quotes.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-+\\--\\[\\]-~]+$"},
            "example": "order-4711",
        },
        "ValaraIdempotencyKey": {
            "name": "X-Idempotency-Key", "in": "header",
            "description": "Valara's own name for the idempotency key: a UUID or a ULID. If both headers are given, this \
             one counts.",
            "schema": {
                "type": "string",
                "pattern": "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-7][0-9A-HJKMNP-TV-Z]{25})$",
            },
            "example": "01HQXW5P8E3N6R9TBVCD2F4GHJ",
        },
    })
}

pub(super) fn headers() -> Value {
    let challenge = "^Bearer( error=\"invalid_token\", error_description=\"[ !#-\\[\\]-~]+\")?$";
    json!({
        "RequestId": {
            "description": "The id under which the request is in the log.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
        },
        "ETag": {
            "description": "The version of what was read or written, for `If-Match`; a digest if it has no version.",
            "schema": {"type": "string", "pattern": "^\".+\"$"},
        },
        "Replayed": {
            "description": "The answer is that of the first request, and nothing was done again.",
            "schema": {"type": "string", "const": "true"},
        },
        "RetryAfter": {
            "description": "Seconds after which the same request may succeed.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "ShouldRetry": {
            "description": "Whether the same request may succeed later. Clients of Notiflows obey it.",
            "schema": {"type": "string", "const": "false"},
        },
        "Help": {
            "description": "The page of this deployment that explains the error (RFC 8288), relative to the request's path. Its last segment is the error's code.",
            "schema": {"type": "string", "pattern": "^<(\\.\\./)*docs/errors/[a-z_]+>; rel=\"help\"$"},
            "example": format!("<../..{}>; rel=\"help\"", ErrorCode::ValidationFailed.page()),
        },
        "AcceptEncoding": {
            "description": "The content coding that a body may have: none.",
            "schema": {"type": "string", "const": "identity"},
        },
        "WwwAuthenticate": {
            "description": "What to show. If a token was shown, why it was refused (RFC 6750).",
            "schema": {"type": "string", "pattern": challenge},
            "example": TokenFault::Expired.challenge(),
        },
        "SetCookie": {"description": "Cookies of the session, one in each header.", "schema": {"type": "string"}},
        "CacheControl": {"description": "How long it may be kept.", "schema": {"type": "string"}},
    })
}

pub(super) fn security_schemes() -> Value {
    json!({
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "RS256, ES256 or EdDSA. `sub` is the user's id; `roles` among user, admin, broker, photographer, \
                            service, operator; `teams` that the caller manages; `org`, the caller's organisation. An \
                            admin or service with an `org` reaches only that organisation's users; an operator reaches \
                            everyone.",
        },
        "akanaSession": {
            "type": "apiKey", "in": "cookie", "name": "AtmoAuthToken_{fedmemberid}",
            "description": "The session of Akana's dialect, which `POST /api/login` sets. The cookie's name ends in the organisation's id.",
        },
        "akanaCsrf": {
            "type": "apiKey", "in": "header", "name": "X-Csrf-Token_{fedmemberid}",
            "description": "The value of the cookie `Csrf-Token_{fedmemberid}`; required for writes by default, and for \
             reads if the business says so.",
        },
        "notiflowsApiKey": {
            "type": "apiKey", "in": "header", "name": "x-notiflows-api-key",
            "description": "An application's public key, `pk_…`. It is sent in the same request as the secret key or the user key, never alone: a \
                            client that takes one header as its credential has to set the other one itself.",
        },
        "notiflowsSecretKey": {
            "type": "apiKey", "in": "header", "name": "x-notiflows-secret-key",
            "description": "The secret key of the same pair, `sk_…`. It is sent in the same request as `x-notiflows-api-key`.",
        },
        "notiflowsUserKey": {
            "type": "apiKey", "in": "header", "name": "x-notiflows-user-key",
            "description": "A JWT of the user's own, whose `sub` is the external id. It is sent in the same request as `x-notiflows-api-key`.",
        },
        "preferencesToken": {
            "type": "apiKey", "in": "query", "name": "token", "description": "What a link to the preference centre carries.",
        },
        "unsubscribeToken": {
            "type": "apiKey", "in": "query", "name": "token", "description": "What the link in an email carries.",
        },
    })
}

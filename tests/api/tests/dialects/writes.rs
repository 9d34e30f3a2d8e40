//! Pairs of writes, one after the other. Each has a read that shows what it wrote.

use serde_json::Value;

use super::world::{By, Somebody};

/// Contract 1's user.
pub const USER: &str = "/api/v1/users/{id}";
/// The path of contract 1's `PUT`, and of contract 4's `PATCH` and `GET`.
pub const PREFERENCES: &str = "/api/v1/users/{id}/preferences";
pub const ACCOUNT: &str = "/api/users/{id}.{org}/settings";
pub const EXTERNAL: &str = "/admin/v1/users/{id}";
pub const HANDLES: &str = "/admin/v1/users/{id}/preferences";
const ANDROID: &str = "/admin/users/{id}/channel-settings/{fcm}";
const TWIN: &str = "/user/channels/{slack}/settings";
const SETTINGS: &str = "/settings/user";

/// A place in the read's answer, the value that the write puts there, and the name under which dialects share this
/// value (empty if they do not share it).
type Shown = (&'static str, &'static str, &'static str);

/// A write, and the read of its dialect that shows it.
#[derive(Debug)]
pub struct Write {
    pub name: &'static str,
    pub by: By,
    pub method: &'static str,
    pub path: &'static str,
    pub body: &'static str,
    pub view: &'static str,
    pub shows: &'static [Shown],
}

/// All writes. Any two that share a value set it differently, so a test can tell which one was the later.
pub const WRITES: &[Write] = &[
    Write {
        name: "1: preferences",
        by: By::Admin,
        method: "PUT",
        path: PREFERENCES,
        body: r#"{"preferences":{"email":false,"push":false,"slack":true,"sms":true,"in_app":false}}"#,
        view: USER,
        shows: &[
            ("/preferences/email", "false", "channel email"),
            ("/preferences/push", "false", "channel push"),
            ("/preferences/slack", "true", "channel slack"),
            ("/preferences/sms", "true", "channel sms"),
            ("/preferences/in_app", "false", "channel in_app"),
        ],
    },
    Write {
        name: "1: profile",
        by: By::Admin,
        method: "PUT",
        path: USER,
        body: r#"{"name":"Ada One","email":"one-{id}@example.com","push_token":"token-of-one"}"#,
        view: USER,
        shows: &[
            ("/name", r#""Ada One""#, ""),
            ("/email", r#""one-{id}@example.com""#, "email"),
            ("/push_token", r#""token-of-one""#, ""),
        ],
    },
    Write {
        name: "2: groups",
        by: By::Site,
        method: "PUT",
        path: ACCOUNT,
        body: r#"{"OptedNotification":["com.soa.notification.type.app.post"]}"#,
        view: ACCOUNT,
        shows: &[("/OptedNotification", r#"["com.soa.notification.type.app.post"]"#, "")],
    },
    Write {
        name: "2: email",
        by: By::Site,
        method: "PUT",
        path: ACCOUNT,
        body: r#"{"Email":"two-{id}@example.com"}"#,
        view: ACCOUNT,
        shows: &[("/Email", r#""two-{id}@example.com""#, "email")],
    },
    Write {
        name: "3: profile",
        by: By::Pair,
        method: "PUT",
        path: EXTERNAL,
        body: r#"{"email":"three-{id}@example.com","first_name":"Ada","last_name":"Three","phone":"+14155552671",
            "avatar":"https://example.com/3.png","locale":"de-DE","timezone":"Europe/Berlin",
            "custom_fields":{"theme":"theirs","preferences":{"email":"always"}}}"#,
        view: EXTERNAL,
        shows: &[
            ("/email", r#""three-{id}@example.com""#, "email"),
            ("/first_name", r#""Ada""#, ""),
            ("/last_name", r#""Three""#, ""),
            ("/phone", r#""+14155552671""#, ""),
            ("/avatar", r#""https://example.com/3.png""#, ""),
            ("/locale", r#""de-DE""#, "language"),
            ("/timezone", r#""Europe/Berlin""#, "timezone"),
            ("/custom_fields", r#"{"theme":"theirs","preferences":{"email":"always"}}"#, ""),
        ],
    },
    // This handle has the same name as a group of contract 2. They must not be confused.
    Write {
        name: "3: preferences",
        by: By::Pair,
        method: "PUT",
        path: HANDLES,
        body: r#"{"channel_types":{"email":true,"mobile_push":true,"chat":false,"sms":false,"in_app":true,"web_push":false},
            "notiflows":{"com.soa.notification.type.app.post":{"enabled":false,"channel_types":{"email":false}}}}"#,
        view: HANDLES,
        shows: &[
            ("/channel_types/email", "true", "channel email"),
            ("/channel_types/mobile_push", "true", "channel push"),
            ("/channel_types/chat", "false", "channel slack"),
            ("/channel_types/sms", "false", "channel sms"),
            ("/channel_types/in_app", "true", "channel in_app"),
            ("/channel_types/web_push", "false", ""),
            (
                "/notiflows",
                r#"{"com.soa.notification.type.app.post":{"enabled":false,"channel_types":{"email":false}}}"#,
                "",
            ),
        ],
    },
    Write {
        name: "3: channel settings",
        by: By::Pair,
        method: "PUT",
        path: ANDROID,
        body: r#"{"settings":{"device_tokens":["phone","tablet"]}}"#,
        view: ANDROID,
        shows: &[("/settings", r#"{"device_tokens":["phone","tablet"]}"#, "")],
    },
    Write {
        name: "3: the user's own channel settings",
        by: By::Twin,
        method: "PUT",
        path: TWIN,
        body: r#"{"settings":{"slack_user_id":"U0123"}}"#,
        view: TWIN,
        shows: &[("/settings", r#"{"slack_user_id":"U0123"}"#, "")],
    },
    Write {
        name: "4: display",
        by: By::Own,
        method: "PATCH",
        path: PREFERENCES,
        body: r#"{"date_time_format":"uk","timezone":"Asia/Tokyo","language":"fr-FR","measurement_unit":"metric",
            "theme":"dark"}"#,
        view: PREFERENCES,
        shows: &[
            ("/date_time_format", r#""uk""#, ""),
            ("/timezone", r#""Asia/Tokyo""#, "timezone"),
            ("/language", r#""fr-FR""#, "language"),
            ("/measurement_unit", r#""metric""#, ""),
            ("/theme", r#""dark""#, ""),
        ],
    },
    // These settings have the names of other dialects' fields.
    Write {
        name: "5: settings",
        by: By::Own,
        method: "PUT",
        path: SETTINGS,
        body: r#"{"theme":"solarized","email":"five","preferences":{"email":"never"},"OptedNotification":[],"version":7}"#,
        view: SETTINGS,
        shows: &[(
            "/settings",
            r#"{"theme":"solarized","email":"five","preferences":{"email":"never"},"OptedNotification":[],"version":7}"#,
            "",
        )],
    },
];

impl Write {
    pub async fn make(&self, user: &Somebody<'_>) {
        user.ask(self.by, self.method, self.path, self.body).await;
    }

    /// The values that the read shows in the write's places.
    pub async fn view(&self, user: &Somebody<'_>) -> Vec<(&'static str, Value)> {
        let view = user.read(self.by, self.view).await;
        self.shows.iter().map(|(place, ..)| (*place, view.pointer(place).cloned().unwrap_or_default())).collect()
    }

    /// The values that the read must show if `later` was written after this write.
    pub fn expected(&self, later: Option<&Self>, user: &Somebody<'_>) -> Vec<(&'static str, Value)> {
        let newer = |what: &str| {
            let shows = later.filter(|_| !what.is_empty())?.shows;
            shows.iter().find(|(_, _, of)| *of == what).map(|(_, value, _)| *value)
        };
        let of = |(place, value, what): &Shown| {
            (*place, serde_json::from_str(&user.fill(newer(what).unwrap_or(value))).unwrap())
        };
        self.shows.iter().map(of).collect()
    }
}

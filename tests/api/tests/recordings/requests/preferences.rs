//! Requests for preferences in contracts 1, 2 and 4, quiet hours, the pages behind links, and free-form settings.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Good;
use crate::recordings::stage::{Stage, Who};

const GROUP: &str = "com.soa.notification.type.app.alert";

pub async fn good(stage: &Stage, operation: &str) -> Option<Good> {
    Some(match operation {
        "setChannelPreferences" => {
            own(stage).await.json(json!({"preferences": {"email": false, "push": true, "in_app": true}}))
        }
        "readDisplayPreferences" => own(stage).await,
        "changeDisplayPreferences" => own(stage)
            .await
            .json(json!({"language": "de-DE", "timezone": "Europe/Berlin", "measurement_unit": "metric"})),
        "readQuietHours" | "removeQuietHours" => quiet(stage).await,
        "setQuietHours" => quiet(stage).await.json(json!({"start": "22:00", "end": "07:00"})),
        "createPreferenceLink" => own(stage).await.json(json!({"expires_in": 3600})),
        "endPreferenceLinks" => own(stage).await,
        "listCategories" | "readCategory" | "deleteCategory" => {
            let handle = stage.fresh();
            let path = format!("/api/v1/categories/{handle}");
            stage.done(201, &Who::admin(), "PUT", &path, &json!({"name": {"default": "News"}})).await;
            let good = Good::by(Who::admin());
            if operation == "listCategories" { good } else { good.at("handle", handle) }
        }
        "putCategory" => Good::by(Who::admin()).at("handle", stage.fresh()).json(json!({
            "name": {"default": "News", "de": "Neues"}, "description": {"default": "Once a week"},
            "channels": ["email", "push"], "default_in": false, "position": 2,
        })),
        "showPreferences" => Good::by(Who::Nobody).query("token", link(stage).await),
        "savePreferences" => Good::by(Who::Nobody)
            .query("token", link(stage).await)
            .form("was.channel.sms=on&was.timezone=&timezone=Europe%2FBerlin"),
        "showUnsubscribe" => Good::by(Who::Nobody).query("token", stage.told("/links/unsubscribe_token")),
        "unsubscribe" => Good::by(Who::Nobody)
            .query("token", stage.told("/links/unsubscribe_token"))
            .form("List-Unsubscribe=One-Click"),
        _ => match sessions(stage, operation).await {
            Some(good) => good,
            None => return settings(stage, operation).await,
        },
    })
}

/// A request by a user for the user's own record.
async fn own(stage: &Stage) -> Good {
    let user = stage.user().await;
    Good::by(Who::user(&user)).at("id", user)
}

async fn quiet(stage: &Stage) -> Good {
    let good = own(stage).await;
    let path = format!("/api/v1/users/{}/quiet-hours", good.path[0].1);
    stage.done(200, &Who::admin(), "PUT", &path, &json!({"start": "21:00", "end": "06:00"})).await;
    good
}

/// The token of a link to the preferences of a new user.
async fn link(stage: &Stage) -> String {
    let user = stage.user().await;
    let path = format!("/api/v1/users/{user}/preference-link");
    let made = stage.done(201, &Who::admin(), "POST", &path, &json!({"expires_in": 3600})).await.to_string();
    let token = made.split("token=").nth(1).and_then(|rest| rest.split('"').next());
    token.unwrap_or_else(|| panic!("no token in {made}")).to_owned()
}

/// Contract 2: requests with a session's cookie.
async fn sessions(stage: &Stage, operation: &str) -> Option<Good> {
    const ALL: [&str; 8] = [
        "logIn",
        "renewSession",
        "logOut",
        "listNotificationTypes",
        "readAccountSettings",
        "changeAccountSettings",
        "readSecuritySettings",
        "changeSecuritySettings",
    ];
    if !ALL.contains(&operation) {
        return None;
    }
    let user = stage.user().await;
    let own = || Good::by(Who::Session(user.clone(), "user"));
    let admin = || Good::by(Who::Session("recorder-admin".to_owned(), "admin"));
    let id = format!("{user}.{}", stage.org());
    let business = format!("tenantbusiness.{}", stage.org());
    Some(match operation {
        "logIn" => Good::by(Who::user(&user)),
        "renewSession" | "logOut" | "listNotificationTypes" => own(),
        "readAccountSettings" => own().at("UserID", id),
        "changeAccountSettings" => own().at("UserID", id).json(json!({"OptedNotification": [GROUP]})),
        "readSecuritySettings" => admin().at("BusinessID", business),
        "changeSecuritySettings" => admin().at("BusinessID", business).json(json!({"ChallengeCount": 3})),
        _ => return None,
    })
}

/// Contract 5: requests for settings that exist already.
async fn settings(stage: &Stage, operation: &str) -> Option<Good> {
    let (who, path) = if operation.ends_with("UserSettings") {
        let name = stage.fresh();
        (Who::user(&Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()).to_string()), "/settings/user")
    } else if operation.ends_with("OrganizationSettings") {
        (Who::org_admin(), "/settings/organization")
    } else {
        return None;
    };
    let body = match operation.trim_end_matches("UserSettings").trim_end_matches("OrganizationSettings") {
        "read" => Value::Null,
        "merge" => {
            json!({"theme": "dark", "dashboard": {"columns": {"left": 2}, "rows": {"top": null}}, "new": {"a": {"b": 1}}})
        }
        "replace" => json!({"settings": {"theme": "dark"}}),
        "remove" => json!({"keys": ["theme"]}),
        _ => return None,
    };
    let before =
        json!({"settings": {"theme": "light", "dashboard": {"columns": {"left": 1, "right": 1}, "rows": {"top": 3}}}});
    stage.done(200, &who, "POST", path, &before).await;
    Some(if body.is_null() { Good::by(who) } else { Good::by(who).json(body) })
}

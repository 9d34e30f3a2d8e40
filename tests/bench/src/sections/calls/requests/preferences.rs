//! Preferences of contracts 1, 2 and 4, quiet hours, and the pages that links open.

use reqwest::Method;
use serde_json::json;

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;

const GROUP: &str = "com.soa.notification.type.app.alert";

/// The request for an operation of this function.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    let request = match operation {
        "setChannelPreferences" => of_user(cast, Method::PUT, "preferences")
            .await?
            .json(&json!({"preferences": {"email": false, "push": true}})),
        "readDisplayPreferences" => of_user(cast, Method::GET, "preferences").await?,
        "changeDisplayPreferences" => of_user(cast, Method::PATCH, "preferences")
            .await?
            .json(&json!({"language": "de-DE", "timezone": "Europe/Berlin", "measurement_unit": "metric"})),
        "readQuietHours" => of_user(cast, Method::GET, "quiet-hours").await?,
        "setQuietHours" => {
            of_user(cast, Method::PUT, "quiet-hours").await?.json(&json!({"start": "22:00", "end": "07:00"}))
        }
        "removeQuietHours" => of_user(cast, Method::DELETE, "quiet-hours").await?,
        "createPreferenceLink" => {
            of_user(cast, Method::POST, "preference-link").await?.json(&json!({"expires_in": 3600}))
        }
        "endPreferenceLinks" => of_user(cast, Method::DELETE, "links").await?,
        "showPreferences" => page(cast, Method::GET, "preferences", "preferences_token")?,
        "savePreferences" => form(
            page(cast, Method::POST, "preferences", "preferences_token")?,
            "was.channel.sms=on&was.timezone=&timezone=Europe%2FBerlin",
        ),
        "showUnsubscribe" => page(cast, Method::GET, "unsubscribe", "unsubscribe_token")?,
        "unsubscribe" => {
            form(page(cast, Method::POST, "unsubscribe", "unsubscribe_token")?, "List-Unsubscribe=One-Click")
        }
        "listCategories" => cast.by_admin(Method::GET, "/api/v1/categories"),
        "putCategory" | "readCategory" | "deleteCategory" => {
            let path = format!("/api/v1/categories/{}", uuid::Uuid::new_v4().simple());
            let put = cast.by_admin(Method::PUT, path.clone()).json(&json!({"name": {"default": "News"}}));
            if operation != "putCategory" {
                cast.world.expect(201, put.clone()).await?;
            }
            match operation {
                "putCategory" => put,
                "readCategory" => cast.by_admin(Method::GET, path),
                _ => cast.by_admin(Method::DELETE, path),
            }
        }
        _ => return sessions(cast, operation).await,
    };
    Ok(Some(request))
}

/// A user's request about one of the user's own resources. The user has quiet hours.
async fn of_user(cast: &Cast, method: Method, thing: &str) -> Result<Request, Fault> {
    let user = cast.user().await?;
    let path = format!("/api/v1/users/{user}/{thing}");
    if thing == "quiet-hours" {
        let before = cast.by_admin(Method::PUT, path.clone()).json(&json!({"start": "21:00", "end": "06:00"}));
        cast.world.expect(200, before).await?;
    }
    Ok(Request::new(method, path).bearer(&cast.own(&user)))
}

fn page(cast: &Cast, method: Method, page: &str, token: &str) -> Result<Request, Fault> {
    let token = cast.told(&format!("/links/{token}"))?;
    Ok(Request::new(method, format!("/{page}?token={token}")))
}

fn form(request: Request, fields: &str) -> Request {
    request.header("content-type", "application/x-www-form-urlencoded").body(fields.into())
}

/// Requests of contract 2, with a session's cookie.
async fn sessions(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    let org = &cast.org;
    let business = format!("/api/businesses/tenantbusiness.{org}/securitysettings");
    let request = match operation {
        "logIn" => {
            let user = cast.user().await?;
            Request::new(Method::POST, "/api/login").bearer(&cast.own(&user))
        }
        "renewSession" | "logOut" | "listNotificationTypes" | "readAccountSettings" | "changeAccountSettings" => {
            let user = cast.user().await?;
            let session = cast.session(&cast.own(&user)).await?;
            let account = format!("/api/users/{user}.{org}/settings");
            session.with(match operation {
                "renewSession" => Request::new(Method::POST, "/api/login/renewToken"),
                "logOut" => Request::new(Method::POST, "/api/login/logout"),
                "listNotificationTypes" => Request::new(Method::GET, "/api/notifications/types"),
                "readAccountSettings" => Request::new(Method::GET, account),
                _ => Request::new(Method::PUT, account).json(&json!({"OptedNotification": [GROUP]})),
            })
        }
        "readSecuritySettings" => cast.session(&cast.org_admin()).await?.with(Request::new(Method::GET, business)),
        "changeSecuritySettings" => {
            let change = Request::new(Method::PUT, business).json(&json!({"ChallengeCount": 3}));
            cast.session(&cast.org_admin()).await?.with(change)
        }
        _ => return Ok(None),
    };
    Ok(Some(request))
}

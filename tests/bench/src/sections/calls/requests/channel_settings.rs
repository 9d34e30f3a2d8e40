//! Contract 3's channel settings: requests of an application and of the user, each under both paths; and the user's own preferences.

use reqwest::Method;
use serde_json::json;

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;

/// The request for an operation of this function.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    if let Some((method, path)) = match operation {
        "readOwnPreferences" => Some((Method::GET, "/user/preferences")),
        "readOwnPreferencesV1" => Some((Method::GET, "/user/v1/preferences")),
        "changeOwnPreferences" => Some((Method::PUT, "/user/preferences")),
        "changeOwnPreferencesV1" => Some((Method::PUT, "/user/v1/preferences")),
        _ => None,
    } {
        let request = cast.by_user_key(method.clone(), path.to_owned(), &cast.user().await?)?;
        let change = json!({"channel_types": {"sms": false}});
        return Ok(Some(if method == Method::PUT { request.json(&change) } else { request }));
    }
    let method = match operation.get(..3) {
        Some("put") => Method::PUT,
        Some("rea") => Method::GET,
        Some("del") => Method::DELETE,
        _ => return Ok(None),
    };
    let channel = cast.told("/channels/fcm")?;
    let under = |root: &str, user: &str| format!("{root}/{user}/channel-settings/{channel}");
    let tokens = json!({"settings": {"device_tokens": ["ExampleTokenABCDEF123456789"]}});
    let user = match operation {
        "putChannelSettings"
        | "readChannelSettings"
        | "deleteChannelSettings"
        | "putChannelSettingsV1"
        | "readChannelSettingsV1"
        | "deleteChannelSettingsV1"
        | "putOwnChannelSettings"
        | "readOwnChannelSettings"
        | "deleteOwnChannelSettings"
        | "putOwnChannelSettingsV1"
        | "readOwnChannelSettingsV1"
        | "deleteOwnChannelSettingsV1" => cast.user().await?,
        _ => return Ok(None),
    };
    // The settings exist before the request, so that it really is a change, a read of data, or a deletion.
    let before = cast.by_pair(Method::PUT, under("/admin/users", &user))?.json(&tokens);
    cast.world.expect(200, before).await?;
    let request = if operation.contains("Own") {
        let root = if operation.ends_with("V1") { "/user/v1" } else { "/user" };
        cast.by_user_key(method.clone(), format!("{root}/channels/{channel}/settings"), &user)?
    } else {
        let root = if operation.ends_with("V1") { "/admin/v1/users" } else { "/admin/users" };
        cast.by_pair(method.clone(), under(root, &user))?
    };
    Ok(Some(if method == Method::PUT { request.json(&tokens) } else { request }))
}

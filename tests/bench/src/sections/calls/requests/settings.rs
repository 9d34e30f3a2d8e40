//! Contract 5's free-form settings.

use reqwest::Method;
use serde_json::json;

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;

/// The request for an operation on a user's or an organisation's settings. Settings exist already.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    let (token, path) = if operation.ends_with("UserSettings") {
        (cast.own(&uuid::Uuid::new_v4().to_string()), "/settings/user")
    } else {
        (cast.org_admin(), "/settings/organization")
    };
    let ask = |method: Method| Request::new(method, path).bearer(&token);
    let settings = json!({"theme": "light", "dashboard": {"columns": {"left": 1, "right": 1}}});
    let request = match operation.trim_end_matches("UserSettings").trim_end_matches("OrganizationSettings") {
        "read" => ask(Method::GET),
        "merge" => ask(Method::PUT).json(&json!({"theme": "dark", "dashboard": {"columns": {"left": 2}}})),
        "replace" => ask(Method::POST).json(&json!({"settings": {"theme": "dark"}})),
        "remove" => ask(Method::DELETE).json(&json!({"keys": ["theme"]})),
        _ => return Ok(None),
    };
    let before = ask(Method::POST).json(&json!({"settings": settings}));
    cast.world.expect(200, before).await?;
    Ok(Some(request))
}

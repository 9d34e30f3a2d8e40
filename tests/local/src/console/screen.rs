//! The text that is printed when everything is up.

use std::path::Path;

use serde_json::Value;

/// One screen of text: the URLs, the demo's tokens, commands to try, and the place of the logs.
pub fn screen(url: &str, demo: &Value, logs: &Path) -> String {
    let user = demo.pointer("/users/user").and_then(Value::as_str).unwrap_or("{id}");
    let link = demo.pointer("/links/preferences").and_then(Value::as_str).unwrap_or_default();
    let logs = logs.display();
    format!(
        r#"
Tidings is up: {url}    (Ctrl-C ends it)

See what happens to each    {url}/_local/ui
Preferences, as users see   {url}{link}
Every request and answer    {url}/docs

Who you can be: tokens, ids and keys of the demo, for this shell
  eval "$(curl -s {url}/_local/env)"

Try:
1 Switch the demo user's email off and push on
  curl -X PUT {url}/api/v1/users/{user}/preferences \
    -H "Content-Type: application/json" \
    -d '{{"preferences": {{"email": false, "push": true}}}}'

2 Notify that user on every channel
  curl -X POST {url}/api/v1/notifications \
    -H "Authorization: Bearer $BEARER_SERVICE" -H "Content-Type: application/json" \
    -d '{{"user_id": "{user}", "content": {{"title": "Hello", "body": "It works"}}}}'

3 See what the providers got
  curl -s {url}/_local/deliveries

Queues      {url}/_local/queues
AWS calls   {url}/_local/calls
Logs        {logs}
"#
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_fits_a_screen_and_names_the_demo_user() {
        let demo = json!({"users": {"user": "u-1"}, "links": {"preferences": "/preferences?token=t"}});
        let screen = screen("http://127.0.0.1:8001", &demo, Path::new("logs"));
        assert!(screen.lines().count() <= 30, "{}", screen.lines().count());
        assert!(screen.contains("PUT http://127.0.0.1:8001/api/v1/users/u-1/preferences"));
        assert!(screen.contains("http://127.0.0.1:8001/preferences?token=t\n"));
        assert!(screen.contains("http://127.0.0.1:8001/_local/ui\n"));
        assert!(screen.contains(r#"{"user_id": "u-1", "content""#));
    }
}

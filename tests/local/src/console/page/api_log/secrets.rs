//! Takes secrets out of what is kept of a request.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "[hidden]";

/// Parts of the name of a query parameter whose value is not shown.
const NAMES: [&str; 7] = ["token", "key", "secret", "password", "signature", "code", "auth"];

/// Secrets that can be told by their form: a bearer token, a JWT, the secret half of a key pair, a webhook's secret, a token of
/// Slack, and the token of a link in a page. The forms are those that Tidings makes or takes.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant, and a test uses it")]
static FORMS: LazyLock<Regex> = LazyLock::new(|| {
    const LINKS: &str = r#"|\btoken=[^&\s"'<]+"#;
    const KEYS: &str = r"(?i)\bbearer\s+\S+|\beyJ[\w-]*\.[\w-]*\.[\w-]*|\bsk_\w+|\bwhsec_[\w+/=]+|\bxox[a-z]-[\w-]+";
    Regex::new(&[KEYS, LINKS].concat()).unwrap()
});

/// The text without secrets that can be told by their form.
pub(super) fn without(text: &str) -> String {
    FORMS.replace_all(text, HIDDEN).into_owned()
}

/// The query without the values of parameters that may be secrets.
pub(super) fn query(query: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => without(pair),
    };
    query.split('&').map(pair).collect::<Vec<_>>().join("&")
}

/// A name that is percent-encoded is read as it is, so its value is not shown either.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains('%') || NAMES.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_a_secret_is_hidden() {
        for secret in [
            "Bearer abc.def",
            "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "sk_demo_9d1c6e3f",
            "whsec_MfKQ9r8GKYqrTwjU",
            "xoxb-1234-abcd",
            "token=MTIz.c2lnbmF0dXJl",
        ] {
            assert_eq!(without(&format!("before {secret} after")), format!("before {HIDDEN} after"));
        }
        let plain = "user 123e4567-e89b-12d3-a456-426614174000: name must be a string; pk_demo_1 and task_1 stay";
        assert_eq!(without(plain), plain);
    }

    #[test]
    fn a_query_keeps_its_names_and_the_values_that_are_no_secrets() {
        let asked = "limit=5&token=abc&Api_Key=x&to%6ben=abc&after=MjAy&q=sk_live_1&flag";
        let kept = "limit=5&token=[hidden]&Api_Key=[hidden]&to%6ben=[hidden]&after=MjAy&q=[hidden]&flag";
        assert_eq!(query(asked), kept);
    }
}

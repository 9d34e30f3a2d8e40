//! Finds the process that a call came from, and kills it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Kills the process with this app id. The future ends when the process is gone. The call of this function chooses the
/// process; a new process that has replaced it before the future runs is not killed.
pub type Kill = Arc<dyn Fn(&str) -> BoxFuture<'static, ()> + Send + Sync>;

/// The caller's app id (`AWS_SDK_UA_APP_ID`), which the SDK puts into its user agent, such as `app/dispatch-0`.
pub(super) fn app_id(headers: &HeaderMap) -> Option<String> {
    let agents = ["user-agent", "x-amz-user-agent"].into_iter().flat_map(|name| headers.get_all(name));
    let mut words = agents.filter_map(|agent| agent.to_str().ok()).flat_map(str::split_whitespace);
    words.find_map(|word| word.strip_prefix("app/")).map(str::to_owned)
}

/// The function that kills. Without it, no process is killed.
#[derive(Default)]
pub(super) struct Killer(OnceLock<Kill>);

impl Killer {
    /// Sets the function. Later calls have no effect.
    pub(super) fn set(&self, kill: Kill) {
        let _ = self.0.set(kill);
    }

    /// Chooses the caller as the process to kill.
    pub(super) fn aim(&self, caller: Option<&str>) -> BoxFuture<'static, ()> {
        match (self.0.get(), caller) {
            (Some(kill), Some(caller)) => kill(caller),
            _ => std::future::ready(()).boxed(),
        }
    }
}

impl fmt::Debug for Killer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Killer").field(&self.0.get().is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_app_id_is_a_word_of_the_user_agent() {
        let of = |name: &'static str, value: &'static str| {
            app_id(&[(name.parse().unwrap(), HeaderValue::from_static(value))].into_iter().collect())
        };
        let agent = "aws-sdk-rust/1.3 ua/2.1 api/dynamodb#1.1 os/linux lang/rust#1.9 m/E,b app/channel-settings-3";
        assert_eq!(of("user-agent", agent).as_deref(), Some("channel-settings-3"));
        assert_eq!(of("x-amz-user-agent", agent).as_deref(), Some("channel-settings-3"));
        assert_eq!(of("user-agent", "aws-sdk-rust/1.3 ua/2.1 my-app/2"), None);
        assert_eq!(of("accept", agent), None);
    }
}

//! The log of erasures, in a log group of its own: one line for each, with the user's id, the version and the time.
//!
//! A table that is restored to an earlier time has the users again who were erased since. This log is outside of the table, so it
//! still knows them, and `apply-erasures` erases them again (functions/RESTORE.md).
//!
//! Standard output would not do: Lambda gives it to CloudWatch later, and says nothing if it cannot. `PutLogEvents` answers when
//! the line is accepted (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>). Any number of
//! callers may write to one stream at once, in any order.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    aws::{Aws, CallError, LOGS, Signed},
    clock::Clock,
    config::{self, ConfigError},
    domain::{Timestamp, UserId},
};

/// The most calls for one line.
const MAX_CALLS: u32 = 3;
/// The pause before the second call. It doubles before the third.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// That a user was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedErasure {
    /// The user.
    pub user: UserId,
    /// When the erasure began.
    pub at: Timestamp,
    /// The user's version that was erased; `None` if only settings were there. Versions go on if the id is used again, so they tell who
    /// was created since, whatever the clocks say.
    pub version: Option<u64>,
}

impl LoggedErasure {
    /// The line of the log: `{"at":"<RFC 3339>","erased":"<uuid>","version":<number or null>}`, without a space.
    fn line(&self) -> String {
        json!({"erased": self.user, "at": self.at, "version": self.version}).to_string()
    }

    /// Reads a line of the log; `None` if it is none.
    pub fn parse(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let (user, at) = (line.get("erased")?.as_str()?, line.get("at")?.as_str()?);
        Some(Self {
            user: UserId::parse(user)?,
            at: Timestamp::parse(at)?,
            version: line.get("version").and_then(Value::as_u64),
        })
    }
}

/// The log group and its stream.
#[derive(Clone, Debug)]
pub struct ErasureLog {
    logs: Signed,
    group: String,
    stream: String,
    clock: Clock,
}

/// An erasure is not in the log.
#[derive(Debug, thiserror::Error)]
pub enum ErasureLogError {
    /// CloudWatch Logs did not take the line.
    #[error("the erasure cannot be logged")]
    Call(#[from] CallError),
    /// CloudWatch Logs answered that the line is too old or too new.
    #[error("the erasure's time is refused: this function's clock is wrong")]
    Rejected,
}

impl ErasureLogError {
    /// Whether the same line may be taken a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Call(error) if error.is_passing())
    }
}

impl ErasureLog {
    /// The log that the environment names.
    pub fn from_env(aws: &Aws, clock: Clock) -> Result<Self, ConfigError> {
        let logs = aws.signed(LOGS, &config::text("URL_SUFFIX")?, clock.clone());
        Ok(Self::new(logs, config::text("ERASURE_LOG_GROUP")?, config::text("ERASURE_LOG_STREAM")?, clock))
    }

    fn new(logs: Signed, group: String, stream: String, clock: Clock) -> Self {
        Self { logs, group, stream, clock }
    }

    /// Adds a line. It is in the log when this returns without an error. A line that is there twice means the same.
    pub async fn add(&self, erasure: &LoggedErasure) -> Result<(), ErasureLogError> {
        let body = json!({
            "logGroupName": self.group,
            "logStreamName": self.stream,
            "logEvents": [{"timestamp": erasure.at.millis(), "message": erasure.line()}],
        });
        for call in 1.. {
            match self.logs.post("Logs_20140328.PutLogEvents", &body).await {
                Ok(answer) if answer.get("rejectedLogEventsInfo").is_some_and(Value::is_object) => {
                    return Err(ErasureLogError::Rejected);
                }
                Ok(_) => return Ok(()),
                Err(error) if call < MAX_CALLS && error.is_passing() => {
                    self.clock.sleep(FIRST_PAUSE * 2_u32.pow(call - 1)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tests::{Act, Server};

    const ERASURE: LoggedErasure = LoggedErasure {
        user: UserId::from_bytes([7; 16]),
        at: Timestamp::from_millis(1_709_287_200_000),
        version: Some(3),
    };
    const LINE: &str =
        r#"{"at":"2024-03-01T10:00:00.000Z","erased":"07070707-0707-0707-0707-070707070707","version":3}"#;

    async fn add(acts: &[Act]) -> (Result<(), ErasureLogError>, Vec<String>) {
        let server = Server::start(acts).await;
        let logs = server.aws().signed(LOGS, "amazonaws.com", Clock::system());
        let log = ErasureLog::new(logs, "group".into(), "stream".into(), Clock::system());
        (log.add(&ERASURE).await, server.bodies())
    }

    #[test]
    fn a_line_has_an_id_a_time_and_a_version_and_nothing_else() {
        assert_eq!(ERASURE.line(), LINE);
        assert_eq!(LoggedErasure::parse(LINE), Some(ERASURE));
        for other in ["", "None", "{}", r#"{"erased":"x","at":"2024-03-01T10:00:00.000Z"}"#, r#"{"erased":7}"#] {
            assert_eq!(LoggedErasure::parse(other), None, "{other}");
        }
    }

    #[tokio::test]
    async fn a_line_that_was_not_taken_is_sent_again_and_one_that_is_refused_is_not() {
        let busy = Act::Answer(400, r#"{"__type":"ThrottlingException"}"#);
        let (added, bodies) = add(&[busy, Act::HangUp, Act::Answer(200, "{}")]).await;
        assert!(added.is_ok());
        let event = json!({"timestamp": 1_709_287_200_000_i64, "message": LINE});
        let expected = json!({"logGroupName": "group", "logStreamName": "stream", "logEvents": [event]}).to_string();
        assert_eq!(bodies, vec![expected; 3]);
        let (added, bodies) = add(&[busy, busy, busy]).await;
        assert!(added.is_err_and(|error| error.is_passing()) && bodies.len() == 3);
        let (added, bodies) = add(&[Act::Answer(400, r#"{"__type":"ResourceNotFoundException"}"#)]).await;
        assert!(added.is_err_and(|error| !error.is_passing()) && bodies.len() == 1);
    }

    /// An answer of 200 may say that nothing was kept.
    #[tokio::test]
    async fn a_line_that_was_dropped_for_its_time_is_not_in_the_log() {
        let dropped = r#"{"rejectedLogEventsInfo":{"tooNewLogEventStartIndex":0}}"#;
        let (added, _) = add(&[Act::Answer(200, dropped)]).await;
        assert!(matches!(added, Err(ErasureLogError::Rejected)));
    }
}

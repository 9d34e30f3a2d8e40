//! AWS, by the SDKs' own clients. What they have in common is built once, in `main`: region, credentials and end points out
//! of the environment, one HTTP client, time limits, and who repeats a call.
//!
//! A caller boxes the future of a call (`.send().boxed()`): the SDK's own future is large and deeply nested. Without
//! the box, every future that awaits it would be as large, and too deep for the compiler.
//!
//! `aws-config` is left out: it reads files, profiles and metadata services, and none of these exist on Lambda.

mod connector;
mod environment;
mod signed;
mod tls;

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use aws_types::{
    SdkConfig,
    sdk_config::{self, RetryConfig, TimeoutConfig},
};

use self::connector::{Announced, Pooled};
pub use self::{
    connector::Opener,
    signed::{CallError, LAMBDA, LOGS, Service, Signed},
};
use crate::{
    clock::Clock,
    net::{CONNECT, Pool},
};

/// What the clients of all services have in common. A clone shares the connections.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    pool: Pool,
}

/// The SDKs' clients sign and measure by the clock that `main` hands in.
impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Self::now(self).into()
    }
}

/// The most attempts of a call that the SDK repeats.
pub const MAX_ATTEMPTS: u32 = 3;
/// The longest pause before the second attempt. It doubles before each further attempt.
pub const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest that one attempt may take. A connection that loses two SYNs is open after 3 s, and still has time for an
/// answer.
pub const MAX_ATTEMPT: Duration = Duration::from_secs(4);
const _: () = assert!(MAX_ATTEMPT.as_millis() > CONNECT.as_millis(), "an attempt takes longer than a connection may");
/// The longest that all attempts of a call may take together. It ends well before the request that the call is for.
pub const MAX_CALL: Duration = Duration::from_secs(8);

impl Aws {
    /// For clients whose calls the SDK may repeat, by its standard mode: it tries again after throttling, a server's
    /// error or no answer. It pauses with full jitter, and stops when its retry quota is used up.
    pub fn retrying(&self) -> SdkConfig {
        let retries = RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS).with_initial_backoff(FIRST_PAUSE);
        let limits = TimeoutConfig::builder().operation_attempt_timeout(MAX_ATTEMPT).operation_timeout(MAX_CALL);
        self.config.to_builder().retry_config(retries).timeout_config(limits.build()).build()
    }

    /// For clients that make one attempt a call and have no time limit. Their caller repeats the call, has to know how it
    /// failed, and has a time limit of its own: two timers for each call would be one too many.
    pub fn single_attempt(&self) -> SdkConfig {
        let limits = TimeoutConfig::disabled();
        self.config.to_builder().retry_config(RetryConfig::disabled()).timeout_config(limits).build()
    }

    /// The same, with other common settings of the SDKs' clients: for a simulation of AWS.
    pub fn with(self, change: impl FnOnce(sdk_config::Builder) -> sdk_config::Builder) -> Self {
        let config = change(self.config.to_builder()).build();
        let Some(client) = config.http_client() else { return Self { config, ..self } };
        let announced = Announced(client);
        Self { config: config.to_builder().http_client(announced).build(), ..self }
    }

    /// For the calls of a service that has no SDK here.
    pub fn signed(&self, service: Service, url_suffix: &str, clock: Clock) -> Signed {
        Signed::new(&self.config, self.pool.clone(), service, url_suffix, MAX_ATTEMPT, clock)
    }

    /// An HTTP client to make a call with that is not to be made: it opens a connection to where the request would go, for
    /// the first real one, and sends nothing. What an SDK does only once for all its calls is done then as well.
    pub fn opener(&self) -> Opener {
        Opener::new(self.pool.clone())
    }
}

#[cfg(test)]
pub(crate) mod tests;

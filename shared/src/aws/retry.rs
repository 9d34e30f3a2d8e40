//! Which calls are made again, and how long that may go on.

use std::{future::Future, time::Duration};

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::errors::Failure;

/// How often a call is made, and how long it may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub(super) attempts: u32,
    /// The longest that an attempt may take, and all of them together.
    pub(super) limits: Option<(Duration, Duration)>,
}

/// The longest pause before the second attempt; it doubles from one to the next.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

impl Patience {
    /// Three attempts, and an end well before that of the request which it is for.
    pub const STANDARD: Self = Self { attempts: 3, limits: Some((Duration::from_secs(3), Duration::from_secs(8))) };
    /// One attempt and no limit: the caller has its own, and a way to tell one attempt from two.
    pub const ONCE: Self = Self { attempts: 1, limits: None };
}

/// Makes a call as often as there is patience for.
pub(super) async fn with_patience<F>(patience: Patience, attempt: impl Fn() -> F) -> Result<HttpResponse, Failure>
where
    F: Future<Output = Result<HttpResponse, Failure>>,
{
    let late = |error| Failure::TimedOut(Box::new(error));
    let all = async {
        let mut begun = 1;
        loop {
            let result = match patience.limits {
                Some((one, _)) => timeout(one, attempt()).await.unwrap_or_else(|error| Err(late(error))),
                None => attempt().await,
            };
            if begun == patience.attempts || !is_passing(&result) {
                return result;
            }
            // Full jitter: who was refused together does not come back together.
            sleep(FIRST_PAUSE.mul_f64(f64::from(1 << (begun - 1)) * rand::random::<f64>())).await;
            begun += 1;
        }
    };
    match patience.limits {
        Some((_, whole)) => timeout(whole, all).await.unwrap_or_else(|error| Err(late(error))),
        None => all.await,
    }
}

/// Whether the same call may go through in a moment: what the SDKs' standard mode takes for transient or throttled.
fn is_passing(result: &Result<HttpResponse, Failure>) -> bool {
    match result {
        Ok(response) => match response.status().as_u16() {
            200..=299 => false,
            429 | 500 | 502 | 503 | 504 => true,
            _ => code(response).is_some_and(|code| PASSING.contains(&code.as_str())),
        },
        Err(failure) => failure.is_passing(),
    }
}

const PASSING: [&str; 14] = [
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TransactionInProgressException",
];

/// The name of a refusal: in a header or in the body, after a namespace, before a colon.
fn code(response: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(alias = "__type")]
        code: String,
    }
    let of_body = || {
        let refusal: Option<Refusal> = serde_json::from_slice(response.body().bytes()?).ok();
        refusal.map(|refusal| refusal.code)
    };
    let code = response.headers().get("x-amzn-errortype").map(str::to_owned).or_else(of_body)?;
    let code = code.split(':').next().unwrap_or_default();
    Some(code.rsplit('#').next().unwrap_or_default().to_owned())
}

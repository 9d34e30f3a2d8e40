//! The waits between attempts of `cargo run -p local`. The product's own waits add up to minutes, which suits a provider that is
//! down and not a developer who looks on. So here a provider that always fails leads to a dead letter within 15 seconds.

use std::collections::BTreeMap;

/// Template parameters in place of the product's.
const QUICK: [(&str, &str); 3] = [("MaxAttempts", "4"), ("RetryBaseSeconds", "1"), ("RetryMostSeconds", "1")];

/// The parameters of quick retries.
pub fn quick() -> BTreeMap<String, String> {
    QUICK.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dispatch::Retries;

    use super::*;
    use crate::fidelity::CLOCK_SKEW;

    /// By how much later than the lease or the wait of another worker a worker tries again, as `dispatch::leases` has it.
    const MARGIN: Duration = Duration::from_secs(1);

    fn number(parameters: &BTreeMap<String, String>, name: &str) -> u32 {
        parameters[name].parse().unwrap()
    }

    /// The longest time from the first attempt to the last one. SQS delays by whole seconds. A worker whose clock is behind the one
    /// that wrote the wait takes the message for early, once, and waits for the difference.
    fn longest(retries: Retries) -> Duration {
        let waits = (1..retries.max_attempts).map(|attempt| {
            let wait = retries.pause(attempt, None, 1.0) + CLOCK_SKEW + MARGIN;
            Duration::from_secs(wait.as_millis().div_ceil(1000) as u64)
        });
        waits.sum()
    }

    #[test]
    fn a_provider_that_always_fails_reaches_its_dead_letter_within_15_seconds() {
        let parameters = quick();
        let retries = Retries {
            max_attempts: number(&parameters, "MaxAttempts"),
            base_seconds: number(&parameters, "RetryBaseSeconds"),
            max_seconds: number(&parameters, "RetryMostSeconds"),
        };
        let longest = longest(retries);
        // The attempts themselves take less than a second each, if the provider answers.
        let attempts = Duration::from_millis(500) * retries.max_attempts;
        assert!(longest + attempts <= Duration::from_secs(15), "{longest:?}");
        assert!(retries.max_attempts > 2, "a retry after a retry is worth seeing");
    }
}

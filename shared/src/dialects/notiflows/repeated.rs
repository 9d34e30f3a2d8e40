//! Requests that the product's clients repeat by themselves, without an idempotency key: they say how many times they have tried
//! before.

use lambda_http::http::{HeaderMap, HeaderName};

const RETRIES: HeaderName = HeaderName::from_static("x-stainless-retry-count");

/// Whether this is not the first try. If the answer to an earlier try was lost, what was to be removed may be gone already: then the
/// removal has succeeded.
pub fn is_repeated(headers: &HeaderMap) -> bool {
    tries_before(headers).is_some_and(|count| count > 0)
}

/// Whether the client counts its tries, so that this request may come again.
pub fn counts_tries(headers: &HeaderMap) -> bool {
    tries_before(headers).is_some()
}

fn tries_before(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRIES)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_repeated_if_its_client_says_so() {
        let of = |count: &str| is_repeated(&HeaderMap::from_iter([(RETRIES, count.parse().unwrap())]));
        assert!(of("1") && of("2"));
        let counts = |count: &str| counts_tries(&HeaderMap::from_iter([(RETRIES, count.parse().unwrap())]));
        assert!(counts("0") && counts("1") && !counts("x") && !counts_tries(&HeaderMap::new()));
        for first in ["0", "", "x", "-1", "1.5"] {
            assert!(!of(first), "{first}");
        }
        assert!(!is_repeated(&HeaderMap::new()));
    }
}

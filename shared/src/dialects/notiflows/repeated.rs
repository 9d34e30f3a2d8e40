//! Requests that the product's clients repeat by themselves, without an idempotency key: they say how many times they have tried
//! before.

use lambda_http::http::{HeaderMap, HeaderName};

const RETRIES: HeaderName = HeaderName::from_static("x-stainless-retry-count");

/// Whether this is not the first try. If the answer to an earlier try was lost, what was to be removed may be gone already: then the
/// removal has succeeded.
pub fn is_repeated(headers: &HeaderMap) -> bool {
    let count = headers.get(RETRIES).and_then(|count| count.to_str().ok()).and_then(|count| count.parse::<u32>().ok());
    count.is_some_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_repeated_if_its_client_says_so() {
        let of = |count: &str| is_repeated(&HeaderMap::from_iter([(RETRIES, count.parse().unwrap())]));
        assert!(of("1") && of("2"));
        for first in ["0", "", "x", "-1", "1.5"] {
            assert!(!of(first), "{first}");
        }
        assert!(!is_repeated(&HeaderMap::new()));
    }
}

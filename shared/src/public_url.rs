//! The URL at which people reach this deployment. Links begin with it.

use lambda_http::Request;

/// The most bytes. With the longest group, an unsubscribe link still fits into a header that SES accepts.
pub(crate) const LONGEST: usize = 75;

/// An `http` or `https` URL without a query, and without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A URL that no link can begin with.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an http or https URL of at most {LONGEST} characters, without a query")]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Reads a URL. Slashes at its end are left out.
    pub fn parse(url: &str) -> Result<Self, InvalidPublicUrl> {
        let url = url.trim_end_matches('/');
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        // Characters that would end the URL inside angle brackets in a list (RFC 2369 §2), and those that begin a query
        // or a fragment.
        let plain = |c: char| c.is_ascii_graphic() && !"<>\"\\,?#".contains(c);
        let good = host.is_some_and(|host| !host.is_empty() && host.chars().all(plain)) && url.len() <= LONGEST;
        if good { Ok(Self(url.to_owned())) } else { Err(InvalidPublicUrl) }
    }

    /// The URL that a request was sent to, without its path; `None` if its header `host` is not a name that links can begin with.
    pub fn of_request(request: &Request) -> Option<Self> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let scheme = if header("x-forwarded-proto") == Some("http") { "http" } else { "https" };
        Self::parse(&format!("{scheme}://{}", header("host")?)).ok()
    }

    /// The URL of `path`, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_begins_with_an_http_url_without_a_query() {
        let base = format!("https://{}", "x".repeat(LONGEST - 8));
        assert_eq!(PublicUrl::parse(&format!("{base}//")).unwrap().at("/a?b"), format!("{base}/a?b"));
        let long = format!("{base}x");
        for bad in [
            "",
            "https://",
            "ftp://a",
            "a.example",
            "https://a/?b",
            "https://a b",
            "https://a\r\nb",
            "https://a>b",
            &long,
        ] {
            assert_eq!(PublicUrl::parse(bad), Err(InvalidPublicUrl), "{bad:?}");
        }
    }
}

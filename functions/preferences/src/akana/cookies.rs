//! Cookies (RFC 6265): those a request brings, and those that a log-in sets.

use lambda_http::http::{HeaderMap, header};
use shared::{
    domain::Fedmember,
    http::{
        Reply,
        auth::session::{AUTH_COOKIE, Issued, LIFETIME, auth_cookie_name, csrf_cookie_name},
    },
};

/// The raw values of all cookies of that name.
pub fn named<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    all(headers).filter(|(given, _)| *given == name).map(|(_, value)| value).collect()
}

/// The organisations of the request's session cookies, each once. The sessions may be invalid.
pub fn fedmembers(headers: &HeaderMap) -> Vec<Fedmember> {
    let mut found = Vec::new();
    for fedmember in all(headers).filter_map(|(name, _)| Fedmember::parse(name.strip_prefix(AUTH_COOKIE)?)) {
        if !found.contains(&fedmember) {
            found.push(fedmember);
        }
    }
    found
}

fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
}

/// Sets both cookies. The page's scripts can read the second one, since they have to repeat it in a header.
pub fn set(reply: Reply, issued: &Issued) -> Reply {
    let ((auth, token), (csrf, value)) = (issued.auth_cookie(), issued.csrf_cookie());
    both(reply, [(&auth, &token), (&csrf, value)], LIFETIME.as_secs())
}

/// Tells the client to forget both cookies.
pub fn clear(reply: Reply, fedmember: &Fedmember) -> Reply {
    both(reply, [(&auth_cookie_name(fedmember), ""), (&csrf_cookie_name(fedmember), "")], 0)
}

fn both(reply: Reply, [auth, csrf]: [(&str, &str); 2], seconds: u64) -> Reply {
    let cookie = |(name, value): (&str, &str), http_only: &str| {
        format!("{name}={value}; Path=/; Max-Age={seconds}; Secure;{http_only} SameSite=Lax")
    };
    reply
        .header(header::SET_COOKIE, cookie(auth, " HttpOnly;"))
        .header(header::SET_COOKIE, cookie(csrf, ""))
        .header(header::CACHE_CONTROL, "no-store")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_s_cookies_are_found_by_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "a=1; AtmoAuthToken_acme=TokenID%3Dx.y; broken".parse().unwrap());
        headers.append(
            header::COOKIE,
            "AtmoAuthToken_acme=TokenID=z; AtmoAuthToken_b.c=; AtmoAuthToken_=".parse().unwrap(),
        );
        assert_eq!(named(&headers, "AtmoAuthToken_acme"), ["TokenID%3Dx.y", "TokenID=z"]);
        assert!(named(&headers, "atmoauthtoken_acme").is_empty());
        let found: Vec<_> = fedmembers(&headers).into_iter().map(String::from).collect();
        assert_eq!(found, ["acme", "b.c"]);
    }
}

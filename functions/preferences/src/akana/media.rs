//! Content types: that of a request's body (`Content-Type`), and those that the client accepts (`Accept`, RFC 9110
//! §12.5.1).

use lambda_http::http::{HeaderMap, HeaderName, header};

use super::problem::{Own, Problem};

/// The content types of bodies, of requests and answers. The product's versions of a type mean the same.
pub const JSON: [&str; 5] = [
    "application/json",
    "application/vnd.soa.v71+json",
    "application/vnd.soa.v72+json",
    "application/vnd.soa.v80+json",
    "application/vnd.soa.v81+json",
];
const TEXT: [&str; 1] = ["text/plain"];

/// Refuses a body whose content type is not JSON.
pub fn brings_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence);
    if given.is_some_and(|given| JSON.contains(&given.as_str())) { Ok(()) } else { Err(Own::UnsupportedType.into()) }
}

/// Refuses a request that does not accept plain text.
pub fn takes_text(headers: &HeaderMap) -> Result<&'static str, Problem> {
    preferred(headers, &TEXT).ok_or(Own::NotAcceptable("text/plain").into())
}

/// The JSON type that the request accepts.
pub fn takes_json(headers: &HeaderMap) -> Result<&'static str, Problem> {
    preferred(headers, &JSON).ok_or(Own::NotAcceptable("application/json").into())
}

/// The type of `offered` with the highest weight, the first one if weights are equal. Without `Accept`, the first one.
fn preferred(headers: &HeaderMap, offered: &[&'static str]) -> Option<&'static str> {
    let ranges = ranges(headers, header::ACCEPT);
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let weighed = offered.iter().map(|offer| (*offer, weight(&ranges, offer))).filter(|(_, weight)| *weight > 0.0);
    weighed.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(offer, _)| offer)
}

fn ranges(headers: &HeaderMap, name: HeaderName) -> Vec<(String, f32)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).map(str::trim).filter(|range| !range.is_empty());
    ranges.map(|range| (essence(range), quality(range))).collect()
}

/// The weight of the most specific range that matches.
fn weight(ranges: &[(String, f32)], offer: &str) -> f32 {
    let family = format!("{}/*", offer.split('/').next().unwrap_or_default());
    let of = |wanted: &str| ranges.iter().find(|(range, _)| range == wanted).map(|(_, quality)| *quality);
    of(offer).or_else(|| of(&family)).or_else(|| of("*/*")).unwrap_or(0.0)
}

fn quality(range: &str) -> f32 {
    let parameters = range.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let mut weights = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weights.next().map_or(1.0, |(_, weight)| weight.trim().parse().unwrap_or(0.0))
}

/// A type without its parameters, in lower case.
fn essence(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        [(name, value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_body_says_that_it_is_json() {
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.soa.v81+json;a=b"] {
            assert_eq!(brings_json(&headers(header::CONTENT_TYPE, good)), Ok(()), "{good}");
        }
        for bad in ["", "text/plain", "application/xml", "application/vnd.soa.v90+json", "application/jsonp", "json"] {
            assert_eq!(
                brings_json(&headers(header::CONTENT_TYPE, bad)),
                Err(Problem::Own(Own::UnsupportedType)),
                "{bad}"
            );
        }
        assert_eq!(brings_json(&HeaderMap::new()), Err(Problem::Own(Own::UnsupportedType)));
    }

    #[test]
    fn accept_takes_text_or_not() {
        assert_eq!(takes_text(&HeaderMap::new()), Ok("text/plain"));
        for good in ["text/plain, */*; q=0.01", "*/*", "text/*", "", "application/json, text/plain;q=0.1", "TEXT/PLAIN"]
        {
            assert_eq!(takes_text(&headers(header::ACCEPT, good)), Ok("text/plain"), "{good}");
        }
        for bad in ["application/json", "text/html", "text/plain;q=0", "*/*;q=0", "text/plain; q=0, */*", "x"] {
            assert!(takes_text(&headers(header::ACCEPT, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn json_comes_under_the_type_that_is_liked_best() {
        for (accept, expected) in [
            ("*/*", "application/json"),
            ("application/json, text/javascript, */*; q=0.01", "application/json"),
            ("application/vnd.soa.v80+json", "application/vnd.soa.v80+json"),
            ("application/*;q=0.5, application/vnd.soa.v71+json", "application/vnd.soa.v71+json"),
        ] {
            assert_eq!(takes_json(&headers(header::ACCEPT, accept)), Ok(expected), "{accept}");
        }
        assert!(takes_json(&headers(header::ACCEPT, "text/plain")).is_err());
    }
}

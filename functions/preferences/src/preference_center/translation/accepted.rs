//! `Accept-Language` (RFC 9110 §12.5.4): the best of the languages that the pages speak.

use lambda_http::http::{HeaderMap, header};

use super::language::Language;

/// The language with the highest weight. English if the header names none of the pages' languages.
pub fn accepted(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best = (0.0, Language::default());
    for range in header.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some(language) = parts.next().and_then(Language::of) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        // Among equal weights, the first one.
        if let Some(weight) = weight.ok().filter(|weight| *weight <= 1.0 && *weight > best.0) {
            best = (weight, language);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_ours_is_taken_and_english_where_there_is_none() {
        for (header, language) in [
            ("", "en"),
            ("de", "de"),
            ("de-CH,en;q=0.9", "de"),
            ("it,es-AR;q=0.8,fr;q=0.9", "fr"),
            ("en;q=0.1, de ; q=0.2", "de"),
            ("fr,es", "fr"),
            ("fr;q=0,es;q=0.001", "es"),
            ("fr;q=2,es;q=x,de;q=-1", "en"),
            ("*,it", "en"),
            (",;,;q=1,,", "en"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, header.parse().unwrap());
            assert_eq!(accepted(&headers).translation().tag, language, "{header}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Language::default());
    }
}

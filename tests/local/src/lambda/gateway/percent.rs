//! Percent-decoding of paths and queries, as in AWS's gateway.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

/// Decodes `%XX` once. A `%` without two hexadecimal digits stays. Bytes that are not UTF-8 become U+FFFD.
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The decoded pairs of a query, in order. `+` means a space.
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_happens_once_and_leaves_what_is_no_triplet() {
        for (text, decoded) in [
            ("/a/b", "/a/b"),
            ("a%2Fb", "a/b"),
            ("%252F", "%2F"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%+1", "%+1"),
            ("%C3%A9", "é"),
            ("%FF", "\u{fffd}"),
            ("%C3a%E2%82", "\u{fffd}a\u{fffd}"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }

    #[test]
    fn query_pairs_keep_their_order_and_repeats() {
        let pairs = query_pairs("a=1+2&a=%26&flag&=x&&b=%2B%252B=&c=100%&d=%FF&");
        let expected =
            [("a", "1 2"), ("a", "&"), ("flag", ""), ("", "x"), ("b", "+%2B="), ("c", "100%"), ("d", "\u{fffd}")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

//! Percent-decoding of paths and queries.

/// Decodes `%XX` once; what is no such triplet stays, what is no UTF-8 becomes U+FFFD.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let triplet = bytes.get(at + 1).zip(bytes.get(at + 2));
        let value = triplet.filter(|_| byte == b'%').and_then(|(high, low)| Some(hex(*high)? << 4 | hex(*low)?));
        decoded.push(value.unwrap_or(byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The pairs of a query, decoded, in order; `+` is a space.
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
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
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }

    #[test]
    fn query_pairs_keep_their_order_and_repeats() {
        let pairs = query_pairs("a=1+2&a=%26&flag&=x");
        let expected = [("a", "1 2"), ("a", "&"), ("flag", ""), ("", "x")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

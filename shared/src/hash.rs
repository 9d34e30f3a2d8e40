//! Digests, and comparison by them.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::digest;
use subtle::ConstantTimeEq;

/// SHA-256, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// SHA-256, in base64, as a Content-Security-Policy names a script or style that may run.
pub fn sha256_base64(bytes: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, bytes))
}

/// Whether both are equal. The time of the comparison shows their lengths, but not where they begin to differ.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_digest_of_abc() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256_hex(b"abc"), expected);
        assert_eq!(super::sha256_base64(b"abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn the_same_is_the_same_bytes_and_no_fewer() {
        assert!(super::is_same(b"abc", b"abc") && super::is_same(b"", b""));
        for (one, other) in [("abc", "abd"), ("abc", "ab"), ("", "a"), ("bbc", "abc")] {
            assert!(!super::is_same(one.as_bytes(), other.as_bytes()), "{one} {other}");
        }
    }
}

//! Digests, and comparison by them.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{digest, hmac};

/// SHA-256, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// SHA-256, in base64, as a Content-Security-Policy names what may run.
pub fn sha256_base64(bytes: &[u8]) -> String {
    STANDARD.encode(digest::digest(&digest::SHA256, bytes))
}

/// Whether both are the same, in a time that does not tell where they begin to differ: what is compared, in constant time,
/// are their codes under one key, and nobody can steer those byte by byte.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"comparison");
    hmac::verify(&key, one, hmac::sign(&key, other).as_ref()).is_ok()
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

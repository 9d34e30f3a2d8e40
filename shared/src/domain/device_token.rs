//! Device tokens.

/// The most bytes of a device token.
pub const MAX_BYTES: usize = 4096;

/// Whether this can be a device token: visible ASCII characters. White space and control characters come from a mistake
/// in copying, and no provider's tokens have them. More is not checked, because the alphabet is the provider's business:
/// Apple and Google say that a token's form and length may change.
pub fn is_device_token(token: &str) -> bool {
    (1..=MAX_BYTES).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_token_is_visible_ascii() {
        for good in ["ExampleTokenABCDEF123456789...", "!", "~", "dQw4:APA91b_-x", &"x".repeat(4096)] {
            assert!(is_device_token(good), "{good}");
        }
        for bad in ["", " ", "a b", "a\n", "\ta", "a\0", "a\u{7f}", "a\u{a0}", "tøken", "a\u{200b}b", &"x".repeat(4097)]
        {
            assert!(!is_device_token(bad), "{bad:?}");
        }
    }
}

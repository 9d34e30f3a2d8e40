//! Secrets out of the operating system's source of randomness.

use ring::rand::{SecureRandom, SystemRandom};

/// So many random bytes in lower-case hexadecimal; `None` where the system gives none.
pub fn hex(bytes: usize) -> Option<String> {
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).ok()?;
    Some(hex::encode(random))
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_are_never_the_same() {
        let (one, two) = (super::hex(32).unwrap(), super::hex(32).unwrap());
        assert!(one != two && one.len() == 64 && one.bytes().all(|b| b.is_ascii_hexdigit()));
    }
}

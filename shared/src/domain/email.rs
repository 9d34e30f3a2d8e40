//! Email addresses.

use std::fmt;

/// An address that a mail provider accepts: `local@domain`, at most 254 bytes, without white space or control
/// characters, so that it can be a header's value (RFC 5321 §4.5.3.1, RFC 5322 §3.4.1). It is ASCII only: SES accepts
/// only an ASCII local part, and a domain in Punycode. The address is stored as it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads a bare address: without a display name, a comment, a quoted local part or an encoded word. `None` if it is not valid.
    ///
    /// An encoded word (`=?utf-8?q?…?=`) must not be in an address (RFC 2047 §5), but some mail programs decode it there, and then
    /// send to another address than the one that was checked. The domain's characters leave no room for one.
    pub fn parse(raw: &str) -> Option<Self> {
        let (local, domain) = raw.rsplit_once('@')?;
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        let local_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        let good = raw.len() <= 254
            && (1..=64).contains(&local.len())
            && local.chars().all(local_char)
            && local.split('.').all(|atom| !atom.is_empty())
            && !local.contains("=?")
            && domain.contains('.')
            && domain.split('.').all(label);
        good.then(|| Self(raw.to_owned()))
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address in lower case. Two spellings with the same unique form are the same address.
    pub fn unique_form(&self) -> String {
        super::suppression::comparable(&self.0)
    }
}

/// Shows no address, so that no address reaches a log.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_a_provider_takes() {
        for good in [
            "john@example.com",
            "a.b+tag@sub.example.co",
            "j@xn--bcher-kva.example",
            "o'neil@example.com",
            "a=b?c@example.com",
        ] {
            assert!(EmailAddress::parse(good).is_some(), "{good}");
        }
        let long = format!("{}@example.com", "x".repeat(65));
        for bad in [
            "",
            "jürgen@example.com",
            "john",
            "@example.com",
            "john@",
            "john@localhost",
            "a b@example.com",
            "john@exa mple.com",
            "john@example.com\r\nBcc: x@example.com",
            "john..d@example.com",
            ".john@example.com",
            "john@-x.com",
            "John <john@example.com>",
            "a@b@example.com",
            "john@example..com",
            "=?utf-8?q?=61=62?=@example.com",
            "x=?utf-8?b?YWI=?=y@example.com",
            "=?iso-8859-1?q?a@example.com",
            "john@=?utf-8?q?example?=.com",
            long.as_str(),
        ] {
            assert!(EmailAddress::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn case_does_not_make_another_address() {
        let one = EmailAddress::parse("John@Example.com").unwrap();
        let two = EmailAddress::parse("john@example.COM").unwrap();
        assert_eq!(one.unique_form(), two.unique_form());
        assert_eq!(one.as_str(), "John@Example.com");
    }
}

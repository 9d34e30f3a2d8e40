//! Why a bearer token is refused: one reason, one sentence. The client reads the sentence in `WWW-Authenticate`, and the
//! operator reads it in the log. It never holds anything of the token.

/// Declares the reasons, each with its sentence, and the list of all of them.
macro_rules! token_faults {
    ($($(#[$docs:meta])* $name:ident = $sentence:literal,)+) => {
        /// Why a bearer token is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum TokenFault {
            $($(#[$docs])* #[error($sentence)] $name,)+
        }

        impl TokenFault {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

token_faults! {
    /// The text is not a JWT.
    Malformed = "The token is malformed: it must be a signed JWT in compact form",
    /// The algorithm is none of those that are accepted.
    Algorithm = "The token's algorithm (alg) must be RS256, ES256 or EdDSA",
    /// The header demands that an extension is understood.
    Critical = "The token's header has crit, but no extension is understood here",
    /// The issuer publishes no such key.
    UnknownKey = "The token's key (kid) is none of the issuer's keys",
    /// The key is for another algorithm.
    OtherAlgorithm = "The token's algorithm (alg) is not that of its key",
    /// The signature is not by the issuer's key.
    Signature = "The token's signature is not valid",
    /// `exp` is over.
    Expired = "The token has expired (exp)",
    /// `nbf` is to come.
    NotYetValid = "The token is not valid yet (nbf)",
    /// `iss` is another one.
    Issuer = "The token's issuer (iss) is not the one that is accepted here",
    /// `aud` is another one.
    Audience = "The token's audience (aud) is not the one that is accepted here",
    /// The deployment takes `client_id` for `aud`, and the token is for the client itself.
    NotForAccess = "The token must be an access token: its token_use must be access",
    /// A claim is missing or has another type.
    Claims = "The token's claims are not valid: sub, iss, aud and exp must be there, and each claim must have its type",
    /// The claims name no organisation, or one that the user is not in.
    Organisation = "The token's organisation (org) is missing, or the user belongs to another one",
    /// The user of the token was erased since the token was issued.
    Erased = "The token's user was erased",
}

impl TokenFault {
    /// The value of `WWW-Authenticate` (RFC 6750 §3). Every reason here is an `invalid_token` (§3.1).
    pub fn challenge(self) -> String {
        format!("Bearer error=\"invalid_token\", error_description=\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_only_characters_that_may_stand_between_its_quotes() {
        let mut sentences = std::collections::BTreeSet::new();
        for fault in TokenFault::ALL {
            let challenge = fault.challenge();
            let description = challenge
                .strip_prefix("Bearer error=\"invalid_token\", error_description=\"")
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap();
            // RFC 6750 §3: %x20-21 / %x23-5B / %x5D-7E, so neither a quote nor a backslash.
            let may_stand = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E);
            assert!(!description.is_empty() && description.bytes().all(may_stand), "{challenge}");
            assert!(sentences.insert(description.to_owned()), "two reasons have one sentence: {description}");
        }
        let expected = r#"Bearer error="invalid_token", error_description="The token has expired (exp)""#;
        assert_eq!(TokenFault::Expired.challenge(), expected);
    }
}

//! The header of a token, checked before anything else of the token is used.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header, decode_header};
use serde_json::{Map, Value};

/// The algorithms that are accepted. `none` and the HMAC family never are.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Why a header is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The text is not a JWT, or its header is not a JSON object with an `alg`.
    #[error("the token is not a JWT")]
    Malformed,
    /// `alg` is none of [`ALGORITHMS`].
    #[error("the algorithm is not accepted")]
    Algorithm,
    /// The header has `crit`.
    #[error("the header has crit")]
    Critical,
}

/// The header of a token whose signature nobody has checked yet.
///
/// A token with `crit` is refused, whatever the value is. RFC 7515 §4.1.11 demands that a receiver refuses extensions
/// that it does not understand, and none is understood here. All other values break that section's rules: an empty list,
/// a name that the header does not have, a name that the RFC itself defines, and what is no list.
pub fn header(token: &str) -> Result<Header, HeaderFault> {
    let (first, _) = token.split_once('.').ok_or(HeaderFault::Malformed)?;
    let bytes = URL_SAFE_NO_PAD.decode(first).map_err(|_| HeaderFault::Malformed)?;
    let object: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| HeaderFault::Malformed)?;
    if object.contains_key("crit") {
        return Err(HeaderFault::Critical);
    }
    let name = object.get("alg").and_then(Value::as_str).ok_or(HeaderFault::Malformed)?;
    if !ALGORITHMS.iter().any(|algorithm| format!("{algorithm:?}") == name) {
        return Err(HeaderFault::Algorithm);
    }
    decode_header(token).map_err(|_| HeaderFault::Malformed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(header: &Value) -> Option<HeaderFault> {
        super::header(&format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header.to_string()))).err()
    }

    #[test]
    fn no_crit_passes_whatever_it_says() {
        assert_eq!(fault(&json!({"alg": "EdDSA", "typ": "JWT", "kid": "one"})), None);
        for crit in [
            // The extension is in the header.
            json!(["b64"]),
            json!(["exp"]),
            // The RFC forbids the rest.
            json!([]),
            json!(["absent"]),
            json!(["alg"]),
            json!(["exp", "exp"]),
            json!([1]),
            json!("exp"),
            json!(null),
            json!({}),
            json!(false),
        ] {
            let header = json!({"alg": "EdDSA", "b64": true, "exp": 1, "crit": crit});
            assert_eq!(fault(&header), Some(HeaderFault::Critical), "{header}");
        }
    }

    #[test]
    fn an_algorithm_that_is_not_accepted_is_told_from_a_text_that_is_no_token() {
        for algorithm in ["none", "None", "HS256", "RS384", "PS256", "ES384", "unheard of", ""] {
            assert_eq!(fault(&json!({"alg": algorithm})), Some(HeaderFault::Algorithm), "{algorithm}");
        }
        for header in [json!({}), json!({"alg": null}), json!({"alg": 1}), json!({"alg": "EdDSA", "kid": 1}), json!([])]
        {
            assert_eq!(fault(&header), Some(HeaderFault::Malformed), "{header}");
        }
        for text in ["", ".", "..", "x.y.z", "e30", "eyJhbGciOiJFZERTQSJ9", "eyJhbGciOiJFZERTQSJ9.e30"] {
            assert_eq!(super::header(text).err(), Some(HeaderFault::Malformed), "{text}");
        }
    }
}

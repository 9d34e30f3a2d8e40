use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    crypto::{sign, verify},
    errors::ErrorKind,
};
use ring::{rand::SystemRandom, signature as by};
use serde_json::{Value, json};

use super::*;

const RSA: &str = include_str!("../../testdata/rsa-test-key.pem");

/// A key of each kind, and its public half as an issuer publishes it.
pub fn keys() -> [(Algorithm, EncodingKey, Value); 3] {
    use by::KeyPair;
    let (random, text) = (SystemRandom::new(), |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes));
    let rsa = EncodingKey::from_rsa_pem(RSA.as_bytes()).unwrap();
    let public = by::RsaKeyPair::from_der(rsa.as_bytes()).unwrap();
    let public = by::RsaPublicKeyComponents::<Vec<u8>>::from(public.public());
    let rsa_jwk = json!({"kty": "RSA", "alg": "RS256", "n": text(&public.n), "e": text(&public.e)});
    let ec = by::EcdsaKeyPair::generate_pkcs8(&by::ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair = by::EcdsaKeyPair::from_pkcs8(&by::ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let ec_jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "x": text(x), "y": text(y)});
    let ed = by::Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = by::Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap();
    let ed_jwk = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": text(pair.public_key().as_ref())});
    [
        (Algorithm::RS256, rsa, rsa_jwk),
        (Algorithm::ES256, EncodingKey::from_ec_der(ec.as_ref()), ec_jwk),
        (Algorithm::EdDSA, EncodingKey::from_ed_der(ed.as_ref()), ed_jwk),
    ]
}

fn public(jwk: &Value) -> DecodingKey {
    DecodingKey::from_jwk(&serde_json::from_value(jwk.clone()).unwrap()).unwrap()
}

#[test]
fn what_one_key_signs_it_alone_takes_and_nothing_else() {
    let keys = keys();
    for (algorithm, key, jwk) in &keys {
        let token = encode(&Header::new(*algorithm), &json!({"n": 1}), key).unwrap();
        let mut validation = Validation::new(*algorithm);
        (validation.validate_exp, validation.required_spec_claims) = (false, [].into());
        let read = |token: &str, jwk| decode::<Value>(token, &public(jwk), &validation);
        assert_eq!(read(&token, jwk).unwrap(), json!({"n": 1}), "{algorithm:?}");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        assert!(read(&format!("{signed}.{other}{}", &signature[1..]), jwk).is_err(), "{algorithm:?}");
        assert!(read(&format!("{signed}."), jwk).is_err(), "{algorithm:?}");
        for (other, _, jwk) in keys.iter().filter(|(other, ..)| other != algorithm) {
            assert!(read(&token, jwk).is_err(), "{algorithm:?} by {other:?}'s key");
        }
    }
}

#[test]
fn known_signatures_are_good() {
    install();
    // RFC 7515, A.3: ES256.
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert_eq!(verify(signature, message.as_bytes(), &public(&key), Algorithm::ES256), Ok(true));
    assert_eq!(verify(signature, b"something else", &public(&key), Algorithm::ES256), Ok(false));
    // RFC 8037, A.4: EdDSA.
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(verify(signature, message, &public(&key), Algorithm::EdDSA), Ok(true));
    assert_eq!(verify(signature, b"something else", &public(&key), Algorithm::EdDSA), Ok(false));
    // RSASSA-PKCS1-v1_5 is deterministic. OpenSSL made this signature.
    let [(_, rsa, jwk), ..] = keys();
    let signature = sign(b"sample", &rsa, Algorithm::RS256).unwrap();
    let openssl = "AY4ZKDnEDwt6MRU44MuNrar1YUwJj1ETnh-KJiDonxLwPew5UI3jaDDjj1oPTHwRpXmH4edUIai8n2qCHiztwfrpcSC6Qj8h83EujBL-\
        8JMxmP3xhmRlbwyYFUm5467wprJAxgyOCAtqOGPGHhlG-HfE7nta71qvPsVTAb5vq06WK13lTtDddPPe9YhygTWQRuHEQ7HNXGLbyCv595WtvfEq2\
        IklW24YoF40M7fMdBm5OHspTzl9_7Bz41DdcUFABem8ny9TtoxQaHkRiCapWqp8uIAOoVmdfix9LjSRRMMf2IqSDCz_fxUtIOwgeBIbsBI09c9K62\
        OXNnTpHXo5GQ";
    assert_eq!(signature, openssl);
    assert_eq!(verify(openssl, b"sample", &public(&jwk), Algorithm::RS256), Ok(true));
}

#[test]
fn a_modulus_with_a_zero_before_it_is_the_same_modulus() {
    install();
    let [(_, rsa, mut jwk), ..] = keys();
    let signature = sign(b"sample", &rsa, Algorithm::RS256).unwrap();
    for name in ["n", "e"] {
        let bytes = URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        jwk[name] = json!(URL_SAFE_NO_PAD.encode([&[0], &bytes[..]].concat()));
    }
    assert_eq!(verify(&signature, b"sample", &public(&jwk), Algorithm::RS256), Ok(true));
    for name in ["n", "e"] {
        let broken = json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"], name: "AAAA"});
        assert_eq!(verify(&signature, b"sample", &public(&broken), Algorithm::RS256), Ok(false), "no {name}");
    }
}

#[test]
fn another_algorithm_is_an_error_and_so_is_what_is_no_key() {
    install();
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
    let of = |secret: &[u8]| {
        [
            EncodingKey::from_secret(secret),
            EncodingKey::from_rsa_der(secret),
            EncodingKey::from_ec_der(secret),
            EncodingKey::from_ed_der(secret),
        ]
    };
    for algorithm in [HS256, HS384, HS512, ES384, RS384, RS512, PS256, PS384, PS512] {
        for (_, key, jwk) in keys() {
            assert_eq!(sign(b"", &key, algorithm).unwrap_err().kind(), &ErrorKind::UnsupportedAlgorithm);
            let read = verify("AA", b"", &public(&jwk), algorithm);
            assert_eq!(read.unwrap_err().kind(), &ErrorKind::UnsupportedAlgorithm);
        }
        assert!(of(b"secret").iter().all(|key| sign(b"", key, algorithm).is_err()), "{algorithm:?}");
    }
    for algorithm in [RS256, ES256, EdDSA] {
        assert!(of(b"secret").iter().chain(&of(b"")).all(|key| sign(b"", key, algorithm).is_err()), "{algorithm:?}");
        for key in [DecodingKey::from_rsa_der(b""), DecodingKey::from_ec_der(b"x"), DecodingKey::from_ed_der(&[0; 31])]
        {
            assert!(!verify("AA", b"", &key, algorithm).unwrap_or_default(), "{algorithm:?}");
        }
    }
    let [(algorithm, key, _), ..] = keys();
    assert!(jwk::Jwk::from_encoding_key(&key, algorithm).is_err(), "and no panic");
}
